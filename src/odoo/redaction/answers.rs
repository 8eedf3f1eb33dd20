//! What the answer of each method is made of.

use serde_json::{Value, json};

use super::{
    asked::{Asked, is_grouping},
    masks::{MASK, masked},
    rights::DISPLAY_NAME,
    rows::Walk,
};
use crate::{
    facts::ModelName,
    odoo::{OdooError, fault::CLOSED_MESSAGE},
    policy::Shown,
};

/// What of an action says where it leads, and nothing of the records.
const ACTION_MEMBERS: [&str; 6] = ["type", "id", "xml_id", "res_model", "res_id", "view_mode"];
const ACTION_TYPES: &str = "ir.actions.";
const WITHHELD: &str =
    "the method ran; the policy hides fields, and nobody can say whether they stand in its answer";

/// Leaves of an answer that could hold anything what cannot hold a hidden value: nothing, yes or no,
/// and where an action leads.
fn withhold(answer: &mut Value) {
    match answer {
        Value::Null | Value::Bool(_) => {}
        Value::Object(action)
            if action.get("type").and_then(Value::as_str).is_some_and(|of| of.starts_with(ACTION_TYPES)) =>
        {
            action.retain(|name, value| {
                ACTION_MEMBERS.contains(&name.as_str()) && !value.is_object() && !value.is_array()
            });
        }
        other => {
            *other = json!({
                "withheld": WITHHELD
            });
        }
    }
}

impl Walk<'_> {
    /// The answer as the caller may see it; an error where that cannot be made sure.
    pub(super) fn answer(&mut self, asked: &Asked, answer: &mut Value) -> Result<(), OdooError> {
        let model = &asked.model;
        match asked.method.as_str() {
            "read" | "search_read" | "search_fetch" | "web_read" | "web_save" | "web_save_multi" => {
                self.rows(model, answer);
            }
            "web_search_read" | "web_name_search" => match answer.get_mut("records") {
                Some(records) => self.rows(model, records),
                None => self.rows(model, answer),
            },
            "name_search" | "name_get" => {
                if let Value::Array(pairs) = answer {
                    pairs.iter_mut().for_each(|pair| self.named(model, pair));
                }
            }
            "name_create" => self.named(model, answer),
            "default_get" => match answer {
                Value::Object(values) => self.row(model, values, 0),
                other => self.anything(model, other, 0),
            },
            "fields_get" => self.definitions(model, answer),
            "get_view" | "get_views" | "fields_view_get" | "load_views" => self.views(model, answer)?,
            "export_data" => self.exported(asked, answer),
            "get_field_translations" => self.translations(asked, answer),
            "load" => self.import_messages(model, answer),
            method if is_grouping(method) => self.groups(asked, answer),
            // Nobody knows what these answer; what bears the name of a field is treated as one.
            "onchange" => self.anything(model, answer, 0),
            _ if self.seen.shows_what_nobody_knows(model) => self.anything(model, answer, 0),
            _ => withhold(answer),
        }
        Ok(())
    }

    /// `[7, "Azure Interior"]`.
    fn named(&mut self, model: &ModelName, pair: &mut Value) {
        let shown = self.right(model, DISPLAY_NAME);
        if shown == Shown::Plain {
            return;
        }
        if let Some(name) = pair.get_mut(1) {
            *name = masked(name, shown, self.digests).unwrap_or(json!(false));
        }
    }

    /// `[[{"lang", "source", "value"}], {…}]`.
    fn translations(&mut self, asked: &Asked, answer: &mut Value) {
        let plain = asked.names.iter().all(|name| self.right(&asked.model, name) == Shown::Plain);
        if plain && !asked.names.is_empty() {
            return;
        }
        let lists = answer.get_mut(0).and_then(Value::as_array_mut);
        for text in lists.into_iter().flatten().filter_map(Value::as_object_mut) {
            for name in ["source", "value"] {
                if let Some(value) = text.get_mut(name) {
                    *value = json!(MASK);
                }
            }
        }
    }

    /// Messages of an import repeat what they stumbled over.
    fn import_messages(&mut self, model: &ModelName, answer: &mut Value) {
        if !self.seen.redacts(model) {
            return;
        }
        let messages = answer.get_mut("messages").and_then(Value::as_array_mut);
        for message in messages.into_iter().flatten().filter_map(Value::as_object_mut) {
            message.retain(|name, _| matches!(name.as_str(), "type" | "rows" | "message"));
            message.insert("message".to_owned(), json!(CLOSED_MESSAGE));
        }
    }
}
