//! JSON schemas that every client accepts.
//!
//! Some clients drop a tool, or all tools, for one boolean sub-schema or one combinator at the root.
//! What leaves here has neither, no references, and says that unknown properties are refused.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::facts::JsonObject;

/// The schema of what a tool takes, as clients get it.
pub(super) fn schema_of<T: JsonSchema>() -> JsonObject {
    schema_with::<T>(SchemaSettings::draft2020_12())
}

/// The schema of what a tool answers: members that may stay away are not required.
pub(super) fn answer_schema_of<T: JsonSchema>() -> JsonObject {
    schema_with::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn schema_with<T: JsonSchema>(settings: SchemaSettings) -> JsonObject {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    tame(&mut value);
    let mut object = match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    };
    object.remove("title");
    object.remove("description");
    object.entry("type").or_insert_with(|| json!("object"));
    object.entry("properties").or_insert_with(|| json!({}));
    object
}

/// Replaces boolean schemas by empty objects (true) or impossible ones (false) and drops formats
/// and titles that only Rust cares about.
fn tame(schema: &mut Value) {
    match schema {
        Value::Bool(allowed) => *schema = if *allowed { json!({}) } else { json!({ "not": {} }) },
        Value::Object(object) => {
            if object.get("format").is_some_and(is_rust_format) {
                object.remove("format");
            }
            // "Absent" is no value of the type, and strict clients check defaults against it.
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            object.iter_mut().for_each(|(keyword, value)| tame_keyword(keyword, value));
        }
        _ => {}
    }
}

/// Goes on where a keyword holds schemas.
fn tame_keyword(keyword: &str, value: &mut Value) {
    match (keyword, value) {
        ("properties" | "patternProperties" | "$defs", Value::Object(children)) => {
            children.values_mut().for_each(tame);
        }
        ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(children)) => {
            children.iter_mut().for_each(tame);
        }
        ("items" | "not" | "contains", child) => tame(child),
        ("additionalProperties", child @ Value::Object(_)) => tame(child),
        _ => {}
    }
}

fn is_rust_format(format: &Value) -> bool {
    format.as_str().is_some_and(|text| {
        matches!(
            text,
            "int8"
                | "int16"
                | "int32"
                | "int64"
                | "uint"
                | "uint8"
                | "uint16"
                | "uint32"
                | "uint64"
                | "float"
                | "double"
                | "int"
        )
    })
}
