//! Definitions of fields and views: a field that does not exist for the caller is not named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rows::Walk;
use crate::{facts::ModelName, odoo::OdooError, policy::Shown};

/// How deep definitions stand in the answers of the view methods.
const DEEP_MAX: usize = 16;

impl Walk<'_> {
    /// `{"name": {"type": "char", …}, …}`.
    pub(super) fn definitions(&mut self, model: &ModelName, answer: &mut Value) {
        let Value::Object(fields) = answer else { return };
        fields.retain(|name, about| {
            if self.right(model, name) == Shown::Never {
                return false;
            }
            if let Some(depends) = about.get_mut("depends").and_then(Value::as_array_mut) {
                depends.retain(|path| self.begins_visibly(model, path));
            }
            true
        });
    }

    fn begins_visibly(&mut self, model: &ModelName, path: &Value) -> bool {
        let first = path.as_str().and_then(|path| path.split('.').next());
        first.is_some_and(|first| self.right(model, first) != Shown::Never)
    }

    /// Views name fields in many places: as columns, in conditions, in scripts of buttons. One that
    /// names a field that does not exist for the caller is not shown at all.
    pub(super) fn views(&mut self, model: &ModelName, answer: &mut Value) -> Result<(), OdooError> {
        let mut models = BTreeSet::from([model.clone()]);
        self.view_models(answer, &mut models);
        let mut hidden: BTreeSet<String> = BTreeSet::new();
        for model in &models {
            if !self.seen.redacts(model) {
                continue;
            }
            let Some(schema) = self.schema(model) else { continue };
            let names = schema.fields.keys().filter(|name| self.right(model, name) == Shown::Never);
            hidden.extend(names.cloned());
        }
        if hidden.is_empty() {
            return Ok(());
        }
        if names_one_of(answer, &hidden, 0) {
            return Err(OdooError::Closed {
                why: format!("the views of `{model}` cannot be shown under this policy"),
            });
        }
        Ok(())
    }

    /// `"models": {"res.partner": …}`, with the fields of each model below it.
    fn view_models(&mut self, answer: &mut Value, models: &mut BTreeSet<ModelName>) {
        let Some(listed) = answer.get_mut("models").and_then(Value::as_object_mut) else { return };
        for (name, about) in listed.iter_mut() {
            let Ok(model) = ModelName::parse(name) else { continue };
            match about {
                // Names alone.
                Value::Array(names) => names.retain(|name| self.begins_visibly(&model, name)),
                Value::Object(members) if members.get("fields").is_some_and(Value::is_object) => {
                    if let Some(fields) = members.get_mut("fields") {
                        self.definitions(&model, fields);
                    }
                }
                _ => self.definitions(&model, about),
            }
            models.insert(model);
        }
    }
}

fn names_one_of(value: &Value, hidden: &BTreeSet<String>, deep: usize) -> bool {
    if deep > DEEP_MAX {
        return true;
    }
    match value {
        Value::String(text) => hidden.iter().any(|name| has_word(text, name)),
        Value::Array(items) => items.iter().any(|item| names_one_of(item, hidden, deep + 1)),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| hidden.contains(name) || names_one_of(member, hidden, deep + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Is the name in the text, with nothing of a name beside it?
fn has_word(text: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(start, found)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + found.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}
