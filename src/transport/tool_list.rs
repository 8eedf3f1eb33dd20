//! Tools as MCP shows them: each built once, when it is first asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::{
    facts::{Class, JsonObject, Risk},
    tools::{Catalog, Found},
};

/// Keys of an error's structured form, see `reply`.
const ERROR_KEYS: [&str; 12] = [
    "code",
    "message",
    "hint",
    "rule",
    "rule_name",
    "reason",
    "retry_after_ms",
    "remaining",
    "policy",
    "next",
    "odoo",
    "reference",
];

/// The finished tools of a catalogue. Making a schema costs far more than handing out an `Arc`.
#[derive(Debug)]
pub(super) struct ToolList {
    tools: BTreeMap<&'static str, OnceLock<Tool>>,
}

impl ToolList {
    pub(super) fn of(catalog: &Catalog) -> Self {
        Self { tools: catalog.iter().map(|found| (found.entry.name(), OnceLock::new())).collect() }
    }

    pub(super) fn tool(&self, found: &Found) -> Tool {
        match self.tools.get(found.entry.name()) {
            Some(slot) => slot.get_or_init(|| build(found)).clone(),
            None => build(found),
        }
    }
}

fn build(found: &Found) -> Tool {
    let entry = found.entry;
    Tool::new(entry.name(), entry.description(), Arc::new(entry.input_schema()))
        .with_title(entry.title())
        .with_raw_output_schema(Arc::new(with_errors(entry.output_schema())))
        .with_annotations(annotations(entry.title(), entry.class(), entry.risk(), entry.idempotent()))
}

/// The hints that clients show people before they agree to a call.
fn annotations(title: &str, class: Class, risk: Risk, idempotent: bool) -> ToolAnnotations {
    let read_only = class == Class::Read;
    let destructive = match class {
        Class::Read | Class::Write => false,
        Class::Execute | Class::Destructive | Class::Financial => true,
        Class::Other => risk >= Risk::High,
    };
    // Reading and writing records stays inside one Odoo database; a method may do anything.
    let open_world = match class {
        Class::Read | Class::Write | Class::Destructive => false,
        Class::Execute | Class::Financial | Class::Other => true,
    };
    ToolAnnotations::with_title(title)
        .read_only(read_only)
        .destructive(destructive)
        .idempotent(read_only || idempotent)
        .open_world(open_world)
}

/// Lets the output schema also describe our errors: some clients hold the structured content of an
/// error result against the schema, too, and would hide the error behind one of their own.
fn with_errors(mut schema: JsonObject) -> JsonObject {
    let properties = schema.get("properties").and_then(Value::as_object);
    let collides = properties.is_some_and(|known| ERROR_KEYS.iter().any(|key| known.contains_key(*key)));
    let combined = ["anyOf", "oneOf", "allOf", "not", "if"].iter().any(|key| schema.contains_key(*key));
    if collides || combined {
        return match json!({ "type": "object", "anyOf": [schema, error_schema()] }) {
            Value::Object(both) => both,
            _ => JsonObject::new(),
        };
    }
    schema.remove("additionalProperties");
    if let Some(required) = schema.remove("required") {
        schema.insert(
            "anyOf".to_owned(),
            json!([{ "required": required }, { "required": ["code", "message"] }]),
        );
    }
    schema
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "code": { "type": "string" },
            "message": { "type": "string" },
            "hint": { "type": "string" },
        },
        "required": ["code", "message"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_true_to_the_class() {
        let hints = |class, risk| {
            let all = annotations("t", class, risk, false);
            (all.read_only_hint, all.destructive_hint, all.idempotent_hint, all.open_world_hint)
        };
        let yes = Some(true);
        let no = Some(false);
        assert_eq!(hints(Class::Read, Risk::Low), (yes, no, yes, no));
        assert_eq!(hints(Class::Write, Risk::Medium), (no, no, no, no));
        assert_eq!(hints(Class::Destructive, Risk::High), (no, yes, no, no));
        assert_eq!(hints(Class::Execute, Risk::Low), (no, yes, no, yes));
        assert_eq!(hints(Class::Financial, Risk::Low), (no, yes, no, yes));
        assert_eq!(hints(Class::Other, Risk::Low), (no, no, no, yes));
        assert_eq!(hints(Class::Other, Risk::High), (no, yes, no, yes));
    }

    #[test]
    fn results_and_errors_both_match_the_output_schema_and_nothing_else_does() {
        let error = json!({ "code": "denied", "message": "no", "policy": "abc" });
        for schema in [
            json!({ "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"],
                    "additionalProperties": false }),
            json!({ "type": "object", "properties": { "count": { "type": "integer" },
                    "policy": { "type": "integer" } }, "required": ["count"] }),
        ] {
            let schema = with_errors(schema.as_object().unwrap().clone());
            assert_eq!(schema["type"], "object");
            let validator = jsonschema::validator_for(&Value::Object(schema)).unwrap();
            assert!(validator.is_valid(&json!({ "count": 3 })));
            assert!(validator.is_valid(&error));
            assert!(!validator.is_valid(&json!({ "count": "three" })));
            assert!(!validator.is_valid(&json!({ "code": "denied" })));
            assert!(!validator.is_valid(&json!({})));
        }
    }

    #[test]
    fn every_tool_has_what_directories_ask_for() {
        let catalog = Catalog::new();
        let list = ToolList::of(&catalog);
        for found in catalog.iter() {
            let tool = list.tool(&found);
            assert!(tool.name.len() <= 64, "{}", tool.name);
            assert!(tool.title.is_some() && tool.description.is_some(), "{}", tool.name);
            let hints = tool.annotations.unwrap();
            assert!(hints.read_only_hint == Some(true) || hints.destructive_hint.is_some(), "{}", tool.name);
            for schema in [&*tool.input_schema, &*tool.output_schema.unwrap()] {
                assert_eq!(schema["type"], "object", "{}", tool.name);
            }
            assert!(!tool.input_schema.contains_key("anyOf"), "{}", tool.name);
        }
    }
}
