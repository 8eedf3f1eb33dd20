//! The JSON Schema of a policy file, for editors: made from the tables the reader checks with.
//!
//! It says less than the reader: names of tools, paths, sums and what contradicts what are not in it.

use serde_json::{Map, Value, json};

use super::{
    keys, operators,
    shape::{Form, Kind, Shape},
};

/// Texts that are remarks wherever they stand.
const REMARKS: &str = "^(description$|x-)";

/// The schema of a policy file.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut root = object(&keys::TOP, &mut definitions);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "policy.json of odoo-mcp",
    });
    let (Value::Object(mut schema), Value::Object(members)) = (head, root.take()) else { return Value::Null };
    schema.extend(members);
    definitions.sort_keys();
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

fn object(kind: &Kind, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in kind.all_keys() {
        let mut property = of(&key.shape, definitions);
        if let Some(property) = property.as_object_mut() {
            property.insert("description".to_owned(), key.about.into());
        }
        properties.insert(key.name.to_owned(), property);
    }
    properties.insert("description".to_owned(), json!({"description": "A remark for people."}));
    let required: Vec<&str> = kind.all_keys().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": kind.about,
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": false,
    });
    let mut rules: Vec<Value> = Vec::new();
    for (one, other) in kind.not_together {
        rules.push(json!({"not": {"required": [one, other]}}));
    }
    if kind.key("op").is_some() {
        for (words, value) in operators::value_schemas() {
            rules.push(json!({
                "if": {"properties": {"op": {"enum": words}}, "required": ["op"]},
                "then": {"properties": {"value": value}},
            }));
        }
    }
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !kind.exactly_one.is_empty() {
            let one: Vec<Value> = kind.exactly_one.iter().map(|key| json!({"required": [key]})).collect();
            schema.insert("oneOf".to_owned(), one.into());
        }
        if !kind.needs.is_empty() {
            let needs: Map<String, Value> =
                kind.needs.iter().map(|(one, others)| ((*one).to_owned(), json!(others))).collect();
            schema.insert("dependentRequired".to_owned(), needs.into());
        }
        if !rules.is_empty() {
            schema.insert("allOf".to_owned(), rules.into());
        }
    }
    schema
}

fn of(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Anything => json!({}),
        Shape::Text => json!({"type": "string"}),
        Shape::Form(form) => text(form),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Word(words) => {
            let (words, meanings): (Vec<&str>, Vec<&str>) = words.iter().copied().unzip();
            json!({"enum": words, "enumDescriptions": meanings})
        }
        Shape::Whole(min, u64::MAX) => json!({"type": "integer", "minimum": min}),
        Shape::Whole(min, max) | Shape::Seconds(min, max) => {
            json!({"type": "integer", "minimum": min, "maximum": max})
        }
        Shape::Object(kind) => reference(kind, definitions),
        Shape::List(shape) => json!({"type": "array", "items": of(shape, definitions)}),
        Shape::Filled(shape) => {
            json!({"type": "array", "items": of(shape, definitions), "minItems": 1})
        }
        Shape::Map(form, shape) => map(form, shape, definitions),
        Shape::OneOf([shape]) => of(shape, definitions),
        Shape::OneOf(shapes) => {
            let shapes: Vec<Value> = shapes.iter().map(|shape| of(shape, definitions)).collect();
            json!({"anyOf": shapes})
        }
        Shape::Later(shape) => of(shape(), definitions),
    }
}

fn text(form: &Form) -> Value {
    json!({"type": "string", "pattern": form.pattern})
}

/// Names to values. A remark among them is anything but what an entry is.
fn map(form: &Form, shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    let entry = of(shape, definitions);
    let remark = match shape {
        Shape::Object(_) => json!({"anyOf": [{"not": {"type": "object"}}, entry]}),
        _ => json!({}),
    };
    json!({
        "type": "object",
        "propertyNames": {"anyOf": [{"pattern": form.pattern}, {"pattern": REMARKS}]},
        "patternProperties": {REMARKS: remark},
        "additionalProperties": entry,
    })
}

/// Each kind is described once; kinds that hold themselves end here.
fn reference(kind: &Kind, definitions: &mut Map<String, Value>) -> Value {
    let name = kind.name.split_once(' ').map_or(kind.name, |(first, rest)| match first {
        "a" | "an" | "the" => rest,
        _ => kind.name,
    });
    let name = name.replace(' ', "_");
    if !definitions.contains_key(&name) {
        definitions.insert(name.clone(), Value::Null);
        let schema = object(kind, definitions);
        definitions.insert(name.clone(), schema);
    }
    json!({"$ref": format!("#/$defs/{name}")})
}
