//! What was asked, as far as the answer cannot be understood without it.

use serde_json::Value;

use crate::{
    facts::{MethodName, ModelName},
    odoo::{Call, calls},
};

/// The call behind an answer.
#[derive(Debug)]
pub(in crate::odoo) struct Asked {
    pub(super) model: ModelName,
    pub(super) method: MethodName,
    /// Columns of an export, aggregates of groups, the field of translations: texts in their order.
    pub(super) names: Vec<String>,
}

impl Asked {
    pub(in crate::odoo) fn of(call: &Call) -> Self {
        let named = |names: &[&str]| names.iter().find_map(|name| call.named.get(*name));
        let placed = |place: usize| call.positional.get(place).map(|argument| &argument.value);
        let given: Vec<&Value> = match call.method.as_str() {
            "export_data" => {
                named(&["fields_to_export", "fields"]).or_else(|| placed(0)).into_iter().collect()
            }
            "get_field_translations" => named(&["field_name"]).or_else(|| placed(0)).into_iter().collect(),
            method if is_grouping(method) => {
                // Versions differ in which list stands where; a name that is none does no harm.
                let lists =
                    ["groupby", "fields", "aggregates"].iter().filter_map(|name| call.named.get(*name));
                lists.chain([1, 2].into_iter().filter_map(placed)).collect()
            }
            _ => Vec::new(),
        };
        let names = given.into_iter().flat_map(texts).collect();
        Self { model: call.model.clone(), method: call.method.clone(), names }
    }

    /// Rows that a client method of ours fetched.
    pub(in crate::odoo) fn rows_of(model: &ModelName) -> Self {
        Self { model: model.clone(), method: MethodName::known("read"), names: Vec::new() }
    }

    /// Answers of these methods are ids, numbers and yes or no.
    pub(super) fn may_show_values(&self) -> bool {
        !matches!(
            self.method.as_str(),
            "search"
                | "search_count"
                | "create"
                | "write"
                | "unlink"
                | "copy"
                | "check_access"
                | "check_access_rights"
                | "has_access"
        )
    }

    /// The steps of each column of an export; none where a column cannot be read.
    pub(super) fn columns(&self) -> Vec<Vec<String>> {
        self.names.iter().map(|name| calls::column(name).unwrap_or_default()).collect()
    }
}

pub(super) fn is_grouping(method: &str) -> bool {
    matches!(
        method,
        "read_group" | "formatted_read_group" | "formatted_read_grouping_sets" | "web_read_group"
    )
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}
