//! What conditions can look at, as schemas: the arguments of a tool, the normal form, the caller.
//!
//! A path is walked through a schema to find out whether it leads anywhere and what stands there.
//! Where a schema does not say, nothing is concluded.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::document::Step;

/// Keywords that hold alternatives.
const ALTERNATIVES: [&str; 3] = ["anyOf", "oneOf", "allOf"];

/// The normal form of an Odoo call.
pub(super) static ODOO: LazyLock<Arc<Value>> = LazyLock::new(|| {
    Arc::new(json!({"type": "object", "additionalProperties": false, "properties": {
        "connection": {"type": "string"},
        "model": {"type": "string"},
        "method": {"type": "string"},
        "op": {"type": "string", "enum": ["read", "create", "write", "unlink", "execute", "mail", "report"]},
        "ids": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "values": {},
        "fields": {"type": "array", "items": {"type": "string"}},
        "domain_fields": {"type": "array", "items": {"type": "string"}},
        "count": {"type": "integer", "minimum": 0}
    }}))
});

/// The caller and the moment.
pub(super) static CTX: LazyLock<Arc<Value>> = LazyLock::new(|| {
    Arc::new(json!({"type": "object", "additionalProperties": false, "properties": {
        "user": {"type": "string"},
        "groups": {"type": "array", "items": {"type": "string"}},
        "client": {"type": "string"},
        "grant": {"type": "string"},
        "connection": {"type": "string"},
        "environment": {"type": "string"},
        "class": {"type": "string",
            "enum": ["read", "write", "execute", "destructive", "financial", "other"]},
        "dry_run": {"type": "boolean"},
        "time": {"type": "object", "additionalProperties": {"type": "boolean"}}
    }}))
});

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Leads<'a> {
    /// To values of these schemas; `always` if the caller cannot leave them out.
    To { schemas: Vec<&'a Value>, always: bool },
    /// Nowhere: there is no such member, but there are these.
    Nowhere { wanted: String, known: Vec<&'a str> },
    /// The schema does not say.
    Anywhere,
}

/// Walks a path through a schema.
pub(super) fn follow<'a>(schema: &'a Value, steps: &[Step]) -> Leads<'a> {
    let mut schemas = alternatives(schema);
    let mut always = true;
    for step in steps {
        let mut next = Vec::new();
        let mut known = Vec::new();
        for schema in &schemas {
            match enter(schema, step) {
                Entered::Into(found, sure) => {
                    always &= sure;
                    next.extend(found);
                }
                Entered::Unknown => return Leads::Anywhere,
                Entered::Nothing(names) => known.extend(names),
            }
        }
        if next.is_empty() {
            let wanted = match step {
                Step::Key(key) => key.to_string(),
                Step::Every | Step::Some => "[]".to_owned(),
            };
            return Leads::Nowhere { wanted, known };
        }
        schemas = next;
    }
    Leads::To { schemas, always }
}

enum Entered<'a> {
    Into(Vec<&'a Value>, bool),
    Unknown,
    /// Nothing there; these names would be.
    Nothing(Vec<&'a str>),
}

fn enter<'a>(schema: &'a Value, step: &Step) -> Entered<'a> {
    let types = types_of(schema);
    if types.is_empty() {
        return Entered::Unknown;
    }
    match step {
        Step::Every | Step::Some => {
            if types.contains(&"array") {
                items(schema).map_or(Entered::Unknown, |items| Entered::Into(items, true))
            } else {
                Entered::Nothing(Vec::new())
            }
        }
        Step::Key(key) if types.contains(&"object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            if let Some(found) = properties.and_then(|properties| properties.get(&**key)) {
                let required = schema.get("required").and_then(Value::as_array);
                let required = required.is_some_and(|names| names.iter().any(|name| name == &**key));
                return Entered::Into(alternatives(found), required || found.get("default").is_some());
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => Entered::Nothing(
                    properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect(),
                ),
                Some(schema @ Value::Object(_)) => Entered::Into(alternatives(schema), false),
                _ => Entered::Unknown,
            }
        }
        // A plain path that meets a list goes on in its elements.
        Step::Key(_) if types.contains(&"array") => match items(schema) {
            Some(items) => {
                let mut found = Vec::new();
                let mut known = Vec::new();
                for item in items {
                    match enter(item, step) {
                        Entered::Into(inner, _) => found.extend(inner),
                        Entered::Unknown => return Entered::Unknown,
                        Entered::Nothing(names) => known.extend(names),
                    }
                }
                if found.is_empty() { Entered::Nothing(known) } else { Entered::Into(found, false) }
            }
            None => Entered::Unknown,
        },
        Step::Key(_) => Entered::Nothing(Vec::new()),
    }
}

/// The schemas of a list's elements; nothing where anything may stand there.
pub(super) fn items(schema: &Value) -> Option<Vec<&Value>> {
    let items =
        schema.get("items").filter(|items| items.as_object().is_some_and(|items| !items.is_empty()))?;
    Some(alternatives(items))
}

fn alternatives(schema: &Value) -> Vec<&Value> {
    let joined = ALTERNATIVES.iter().find_map(|keyword| schema.get(*keyword)).and_then(Value::as_array);
    match joined {
        Some(joined) => joined.iter().flat_map(alternatives).collect(),
        None => vec![schema],
    }
}

/// The types that a schema names; none where it names none.
pub(super) fn types_of(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::file::path;

    #[track_caller]
    fn check(schema: &Value, path: &str, expected: &str) {
        let path = path::read(path).unwrap();
        let found = match follow(schema, &path.steps) {
            Leads::To { schemas, always } => {
                let types: Vec<&str> = schemas.iter().flat_map(|schema| types_of(schema)).collect();
                format!("{}{}", types.join(" "), if always { "" } else { "?" })
            }
            Leads::Nowhere { wanted, .. } => format!("no {wanted}"),
            Leads::Anywhere => "anywhere".to_owned(),
        };
        assert_eq!(found, expected, "{path:?}");
    }

    #[test]
    fn paths_are_followed_as_far_as_schemas_go() {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["ids"], "properties": {
            "ids": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
            "limit": {"type": "integer", "default": 80},
            "values": {"type": "object"},
            "note": {"type": ["string", "null"]},
            "lines": {"type": "array", "items": {"type": "object", "additionalProperties": false,
                "properties": {"price": {"type": "number"}}}},
            "free": {"type": "array", "items": {}}
        }});
        check(&schema, "args.ids", "integer array");
        check(&schema, "args.ids[*]", "integer");
        check(&schema, "args.limit", "integer");
        check(&schema, "args.note", "string null?");
        check(&schema, "args.values.amount", "anywhere");
        check(&schema, "args.free[*]", "anywhere");
        check(&schema, "args.lines.price", "number?");
        check(&schema, "args.lines[?].price", "number?");
        check(&schema, "args.lines.cost", "no cost");
        check(&schema, "args.idds", "no idds");
        check(&schema, "args.limit.x", "no x");
        check(&schema, "args.limit[*]", "no []");
        check(&json!({}), "args.x", "anywhere");
    }
}
