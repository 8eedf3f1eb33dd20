//! Calls with random values, contexts and paths against random field definitions: what hides in a call
//! is found, or the call is refused.
//!
//! Input: `{"tool": …, "arguments": {…}, "definitions": {MODEL: {FIELD: {"type": …, "relation": …}}}}`.

use std::collections::BTreeMap;

use odoo_mcp::{
    facts::{Effect, JsonObject, ModelName, Operation, Part, RecordEffect},
    odoo::unfold_with,
};
use serde_json::Value;

use super::{CATALOG, arguments::facts_of};

/// The effects of one call; the product has the same bound.
const EFFECTS_MAX: usize = 1_001;

pub fn run(data: &[u8]) {
    let Ok(Value::Object(mut input)) = serde_json::from_slice::<Value>(data) else { return };
    let Some(Value::Object(definitions)) = input.remove("definitions") else { return };
    let definitions: BTreeMap<ModelName, JsonObject> = definitions
        .into_iter()
        .filter_map(|(model, fields)| Some((ModelName::parse(&model).ok()?, fields.as_object()?.clone())))
        .collect();
    let Some(tool) = input.get("tool").and_then(Value::as_str).and_then(|name| CATALOG.find(name)) else {
        return;
    };
    let Some(Value::Object(arguments)) = input.remove("arguments") else { return };
    let Some(facts) = facts_of(tool, arguments) else { return };
    for effect in &*facts.effects {
        let Effect::Records(record) = effect else { continue };
        if let Ok(unfolded) = unfold_with(record, &definitions) {
            check(record, &unfolded, &definitions);
        }
    }
}

fn check(record: &RecordEffect, unfolded: &[RecordEffect], definitions: &BTreeMap<ModelName, JsonObject>) {
    assert!(unfolded.len() <= EFFECTS_MAX, "{} effects", unfolded.len());
    let first = unfolded.first().expect("the effect itself");
    assert_eq!((&first.model, first.operation, first.part), (&record.model, record.operation, record.part));
    assert!(unfolded.iter().skip(1).all(|nested| nested.part != Part::Main), "a second main effect");
    let again = unfold_with(first, definitions).expect("what was unfolded can be unfolded");
    assert_eq!(again, unfolded, "unfolding twice is not unfolding once");
    // A deletion that anybody can see in the values is among the effects.
    for (field, value) in record.values.iter().flatten() {
        let definition = definitions.get(&record.model).and_then(|fields| fields.get(field));
        let Some(definition) = definition else { continue };
        if !matches!(definition["type"].as_str(), Some("one2many" | "many2many")) {
            continue;
        }
        for id in deleted(value) {
            let found = unfolded.iter().any(|nested| {
                nested.operation == Operation::Unlink
                    && definition["relation"] == nested.model.as_str()
                    && nested.ids.iter().flatten().any(|known| *known == id)
            });
            assert!(found, "`{field}` deletes {id} unseen: {unfolded:?}");
        }
    }
}

/// The ids of commands `[2, id, …]`.
fn deleted(value: &Value) -> Vec<i64> {
    let commands = value.as_array().into_iter().flatten().filter_map(Value::as_array);
    let deletions = commands.filter(|command| command.first() == Some(&Value::from(2)));
    deletions.filter_map(|command| command.get(1)?.as_i64()).filter(|id| *id > 0).collect()
}
