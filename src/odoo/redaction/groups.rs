//! Groups and aggregates: their members are called after what was asked.

use serde_json::Value;

use super::{asked::Asked, rows::Walk};
use crate::{
    facts::{JsonObject, ModelName},
    odoo::calls,
    policy::Shown,
};

/// Groups within groups.
const GROUPS_DEEP_MAX: usize = 16;
/// How names of members begin that are no fields.
const OWN: &str = "__";

impl Walk<'_> {
    pub(super) fn groups(&mut self, asked: &Asked, answer: &mut Value) {
        self.groups_within(asked, answer, 0);
    }

    fn groups_within(&mut self, asked: &Asked, answer: &mut Value, deep: usize) {
        if deep > GROUPS_DEEP_MAX {
            *answer = Value::Null;
            return;
        }
        match answer {
            // `{"groups": […], "length": 3}`, and lists of lists for sets of groupings.
            Value::Object(object) if object.contains_key("groups") => {
                if let Some(groups) = object.get_mut("groups") {
                    self.groups_within(asked, groups, deep + 1);
                }
            }
            Value::Object(group) => self.group(asked, group, deep),
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.groups_within(asked, item, deep + 1));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn group(&mut self, asked: &Asked, group: &mut JsonObject, deep: usize) {
        let mut hides = false;
        group.retain(|name, value| match name.as_str() {
            "__records" => {
                self.rows(&asked.model, value);
                true
            }
            "__data" => {
                if let Some(records) = value.get_mut("records") {
                    self.rows(&asked.model, records);
                }
                true
            }
            "__groups" => {
                self.groups_within(asked, value, deep + 1);
                true
            }
            own if own.starts_with(OWN) => true,
            member => {
                let Some((model, field)) = self.behind(asked, member) else {
                    hides = true;
                    return false;
                };
                hides |= self.right(&model, &field) != Shown::Plain;
                self.value(&model, &field, value, deep)
            }
        });
        if hides {
            // The conditions that lead into a group hold the values it was made of.
            group
                .retain(|name, _| !name.starts_with(OWN) || matches!(name.as_str(), "__count" | "__records"));
        }
    }

    /// The field whose values a member holds: `date:month`, `amount:sum`, `partner_id.country_id`, an
    /// alias, or the number of records of a group.
    fn behind(&mut self, asked: &Asked, member: &str) -> Option<(ModelName, String)> {
        let alias = asked.names.iter().find(|term| {
            term.split_once(':').is_some_and(|(alias, rest)| alias == member && rest.contains('('))
        });
        let term = alias.map_or(member, String::as_str);
        let path = calls::term_path(term).ok().flatten()?;
        let path = match self.schema(&asked.model) {
            // `partner_id_count`: how many records a group has.
            Some(schema) if schema.field(&path).is_none() && !path.contains('.') => {
                path.strip_suffix("_count").unwrap_or(&path).to_owned()
            }
            _ => path,
        };
        self.end_of(&asked.model, &path)
    }

    /// The model and the field at the end of a path whose every step may be seen.
    pub(super) fn end_of(&mut self, model: &ModelName, path: &str) -> Option<(ModelName, String)> {
        let mut model = model.clone();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let Some(next) = steps.peek() else { return Some((model, step.to_owned())) };
            if self.right(&model, step) != Shown::Plain {
                return None;
            }
            let field = self.schema(&model)?.field(step)?;
            match &field.relation {
                Some(comodel) => {
                    if self.seen.is_scoped(comodel) {
                        return None;
                    }
                    model = comodel.clone();
                }
                // Parts of a date, keys of a property.
                None => {
                    let _ = next;
                    return Some((model, step.to_owned()));
                }
            }
        }
        None
    }
}
