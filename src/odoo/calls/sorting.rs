//! Which of the arguments are records, which are the context, and which are domains.

use serde_json::Value;

use super::{IDS_MAX, refuse};
use crate::{
    facts::JsonObject,
    odoo::{Domain, OdooError, record_ids},
};

/// Methods of the model itself, whose first argument is no list of ids.
const MODEL_METHODS: &[&str] = &[
    "check_access_rights",
    "check_field_access_rights",
    "create",
    "default_get",
    "execute_import",
    "fields_get",
    "fields_view_get",
    "formatted_read_group",
    "formatted_read_grouping_sets",
    "get_empty_list_help",
    "get_import_templates",
    "get_property_definition",
    "get_view",
    "get_views",
    "load",
    "load_views",
    "message_new",
    "message_process",
    "name_create",
    "name_search",
    "read_group",
    "read_progress_bar",
    "search",
    "search_count",
    "search_fetch",
    "search_panel_select_multi_range",
    "search_panel_select_range",
    "search_read",
    "web_name_search",
    "web_read_group",
    "web_search_read",
];

/// Methods of records whose first argument is ids and nothing else.
const RECORD_METHODS: &[&str] = &[
    "action_archive",
    "action_unarchive",
    "copy",
    "export_data",
    "get_field_translations",
    "message_mail_with_source",
    "message_notify",
    "message_post",
    "message_post_with_source",
    "message_post_with_template",
    "message_post_with_view",
    "name_get",
    "read",
    "toggle_active",
    "unlink",
    "update",
    "update_field_translations",
    "web_read",
    "web_save",
    "web_save_multi",
    "write",
];

/// Where a domain stands: method, place, names.
const DOMAINS: &[(&str, usize, &[&str])] = &[
    ("search", 0, &["domain", "args"]),
    ("search_count", 0, &["domain", "args"]),
    ("search_fetch", 0, &["domain"]),
    ("search_read", 0, &["domain"]),
    ("web_search_read", 0, &["domain"]),
    ("read_group", 0, &["domain"]),
    ("formatted_read_group", 0, &["domain"]),
    ("formatted_read_grouping_sets", 0, &["domain"]),
    ("web_read_group", 0, &["domain"]),
    ("read_progress_bar", 0, &["domain"]),
    ("name_search", 1, &["domain", "args"]),
    ("web_name_search", 2, &["domain"]),
];

pub(super) fn taken_context(named: &mut JsonObject) -> Result<JsonObject, OdooError> {
    match named.remove("context") {
        None | Some(Value::Null) => Ok(JsonObject::new()),
        Some(Value::Object(context)) => Ok(context),
        Some(_) => Err(refuse("`context` in `kwargs` is an object")),
    }
}

/// The records: given apart, by the name `ids`, or as the first positional argument.
pub(super) fn taken_ids(
    method: &str,
    given: Option<Vec<i64>>,
    positional: &mut Vec<Value>,
    named: &mut JsonObject,
) -> Result<Option<Vec<i64>>, OdooError> {
    let of_model = MODEL_METHODS.contains(&method);
    if given.is_some() {
        if of_model {
            return Err(refuse(format!("`{method}` is a method of the model: it takes no `ids`")));
        }
        if named.contains_key("ids") {
            return Err(refuse("`ids` is given twice"));
        }
        return Ok(given);
    }
    if of_model {
        return Ok(None);
    }
    if let Some(ids) = named.remove("ids") {
        return match parsed(&ids)? {
            ids if ids.is_empty() => Err(refuse("`ids` is empty: name at least one record")),
            ids => Ok(Some(ids)),
        };
    }
    let Some(first) = positional.first() else { return Ok(None) };
    let ids = if RECORD_METHODS.contains(&method) {
        match first {
            // What Odoo takes for no records at all.
            Value::Null | Value::Bool(false) => Vec::new(),
            other => parsed(other)?,
        }
    } else {
        match first {
            Value::Array(items) if items.is_empty() => Vec::new(),
            Value::Number(_) => parsed(first)?,
            Value::Array(items) if items.iter().all(Value::is_number) => parsed(first)?,
            other if may_be_records(other) => {
                return Err(OdooError::BadCall {
                    why: format!("the first argument of `{method}` would be taken for record ids"),
                    hint: Some("name records as numbers in `ids`, other arguments in `kwargs`".to_owned()),
                });
            }
            _ => return Ok(None),
        }
    };
    positional.remove(0);
    Ok(Some(ids))
}

fn parsed(value: &Value) -> Result<Vec<i64>, OdooError> {
    record_ids(value, IDS_MAX).map_err(refuse)
}

/// Would Odoo, or its database, find record ids in this? It iterates over texts, lists and the keys of
/// objects, and compares what it finds with numbers.
fn may_be_records(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        Value::Array(items) => items.iter().any(|item| match item {
            Value::Number(_) => true,
            Value::String(text) => reads_as_number(text),
            _ => false,
        }),
        Value::Object(members) => members.keys().any(|key| reads_as_number(key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `57`, ` +57 `, `0x1F`, `1_000`.
fn reads_as_number(text: &str) -> bool {
    let bare = text.trim().trim_start_matches(['+', '-']);
    bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Domains are checked like those of the search tools, and sent in the spelling that was judged.
pub(super) fn check_domains(
    method: &str,
    positional: &mut [Value],
    named: &mut JsonObject,
) -> Result<(), OdooError> {
    let Some((_, place, names)) = DOMAINS.iter().find(|(known, ..)| *known == method) else {
        return Ok(());
    };
    if let Some(domain) = positional.get_mut(*place) {
        *domain = Domain::parse(domain.take())?.into();
    }
    for name in *names {
        if let Some(domain) = named.get_mut(*name) {
            *domain = Domain::parse(domain.take())?.into();
        }
    }
    Ok(())
}
