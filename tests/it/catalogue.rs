//! The catalogue: names, schemas that every client accepts, snapshots, and the tools that people know from elsewhere.
//!
//! `UPDATE=1 cargo test catalogue` writes the snapshots; a change is then reviewed in the diff.

use std::{collections::BTreeSet, fs, path::PathBuf};

use odoo_mcp::tools::{Catalog, Found};
use serde_json::{Map, Value, json};

/// MCP clients build longer names from ours and then meet a limit of 64.
const NAME_BYTES_MAX: usize = 64;
/// Lines of a difference that a failing test prints.
const DIFFERENCE_LINES_MAX: usize = 40;

#[test]
fn names_are_short_plain_and_titled() {
    let catalog = Catalog::new();
    let mut seen = BTreeSet::new();
    for Found { entry, .. } in catalog.iter() {
        let name = entry.name();
        assert!(seen.insert(name), "two tools are called {name}");
        assert!(name.len() <= NAME_BYTES_MAX, "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(!entry.title().trim().is_empty(), "{name} has no title");
        assert!(entry.description().len() > 20, "{name} says nothing of itself");
    }
}

#[test]
fn schemas_are_such_as_every_client_takes() {
    for Found { entry, .. } in Catalog::new().iter() {
        for (side, schema) in [("input", entry.input_schema()), ("output", entry.output_schema())] {
            let place = format!("{} {side}", entry.name());
            assert_eq!(schema.get("type"), Some(&json!("object")), "{place}: root type");
            for combinator in ["anyOf", "oneOf", "allOf", "not", "enum"] {
                assert!(!schema.contains_key(combinator), "{place}: {combinator} at the root");
            }
            check_schema(&Value::Object(schema), &place);
        }
        let input = entry.input_schema();
        assert_eq!(
            input.get("additionalProperties"),
            Some(&json!(false)),
            "{}: unknown arguments",
            entry.name()
        );
        check_described(&Value::Object(input), entry.name());
    }
}

/// No boolean where a schema is expected, and no references.
fn check_schema(schema: &Value, place: &str) {
    let Value::Object(members) = schema else { panic!("{place}: a schema that is {schema}") };
    assert!(!members.contains_key("$ref") && !members.contains_key("$defs"), "{place}: references");
    for (name, property) in properties(members) {
        check_schema(property, &format!("{place}.{name}"));
    }
    if let Some(items) = members.get("items") {
        check_schema(items, &format!("{place}[]"));
    }
    for combinator in ["anyOf", "oneOf", "allOf"] {
        for (index, option) in
            members.get(combinator).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            check_schema(option, &format!("{place}.{combinator}[{index}]"));
        }
    }
}

fn check_described(schema: &Value, place: &str) {
    let Value::Object(members) = schema else { return };
    for (name, property) in properties(members) {
        let described =
            property.get("description").and_then(Value::as_str).is_some_and(|text| text.len() > 5);
        assert!(described, "{place}.{name} has no description");
        check_described(property, &format!("{place}.{name}"));
    }
    if let Some(items) = members.get("items") {
        check_described(items, &format!("{place}[]"));
    }
}

fn properties(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

#[test]
fn what_people_pass_elsewhere_is_accepted_here() {
    let reference: Map<String, Value> = read_json("reference_catalogue.json");
    let catalog = Catalog::new();
    for (name, arguments) in &reference {
        let tool = catalog.find(name).unwrap_or_else(|| panic!("the tool {name} is gone"));
        let ours = tool.entry.input_schema();
        let arguments = arguments.as_object().expect("facts of a tool");
        for (argument, facts) in arguments {
            let place = format!("{name}.{argument}");
            let property = properties(&ours).find(|(name, _)| *name == argument);
            let (_, property) = property.unwrap_or_else(|| panic!("{place} is gone"));
            let taken = types_of(property);
            for wanted in strings(facts.get("type")) {
                assert!(taken.is_empty() || taken.contains(&wanted), "{place} takes no {wanted}: {property}");
            }
            if let (Some(wanted), Some(items)) = (facts.get("items"), property.get("items")) {
                let taken = types_of(items);
                assert!(
                    taken.is_empty() || strings(Some(wanted)).iter().all(|w| taken.contains(w)),
                    "{place}: {items}"
                );
            }
            if let Some(choices) = property.get("enum") {
                let offered = strings(Some(choices));
                let wanted = strings(facts.get("enum"));
                assert!(
                    !wanted.is_empty() && wanted.iter().all(|w| offered.contains(w)),
                    "{place}: {choices}"
                );
            }
        }
        for required in strings(ours.get("required")) {
            let also_there =
                arguments.get(&required).and_then(|facts| facts.get("required")) == Some(&json!(true));
            assert!(also_there, "{name} requires `{required}`, which callers do not know");
        }
    }
}

/// The JSON types a schema takes; empty means any.
fn types_of(schema: &Value) -> Vec<String> {
    strings(schema.get("type"))
}

/// A text or a list of texts.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_tool_equals_its_snapshot() {
    let folder = snapshots().join("tools");
    let update = updating();
    let mut expected_files = BTreeSet::new();
    let mut differences = String::new();
    for Found { entry, family } in Catalog::new().iter() {
        let facts = json!({
            "name": entry.name(),
            "family": family,
            "title": entry.title(),
            "description": entry.description(),
            "class": entry.class().as_str(),
            "risk": entry.risk().as_str(),
            "idempotent": entry.idempotent(),
            "input_schema": entry.input_schema(),
            "output_schema": entry.output_schema(),
        });
        let text = serde_json::to_string_pretty(&facts).expect("JSON") + "\n";
        let file = folder.join(format!("{}.json", entry.name()));
        expected_files.insert(file.clone());
        let kept = fs::read_to_string(&file).unwrap_or_default();
        if kept == text {
            continue;
        }
        if update {
            fs::create_dir_all(&folder).expect("the folder of the snapshots");
            fs::write(&file, &text).expect("a snapshot");
        } else {
            differences.push_str(&format!("\n{}:\n{}", entry.name(), difference(&kept, &text)));
        }
    }
    for file in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if !expected_files.contains(&file) {
            if update {
                fs::remove_file(&file).expect("a snapshot without a tool");
            } else {
                differences.push_str(&format!("\n{} belongs to no tool", file.display()));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "snapshots differ; if that is meant, run `UPDATE=1 cargo test catalogue` and review the diff:{differences}"
    );
}

#[test]
fn the_size_of_the_tool_list_is_told() {
    let tools: Vec<Value> = Catalog::new()
        .iter()
        .map(|found| {
            json!({
                "name": found.entry.name(),
                "description": found.entry.description(),
                "inputSchema": found.entry.input_schema(),
            })
        })
        .collect();
    let bytes = json!(tools).to_string().len();
    eprintln!("{} tools, {bytes} bytes of names, descriptions and input schemas", tools.len());
    assert!(
        bytes / tools.len().max(1) < 2_500,
        "a tool takes {} bytes on average",
        bytes / tools.len().max(1)
    );
}

/// The lines that only one side has, in order.
fn difference(kept: &str, now: &str) -> String {
    let kept: Vec<&str> = kept.lines().collect();
    let now: Vec<&str> = now.lines().collect();
    let gone = kept.iter().filter(|line| !now.contains(line)).map(|line| format!("  - {line}\n"));
    let came = now.iter().filter(|line| !kept.contains(line)).map(|line| format!("  + {line}\n"));
    let lines: Vec<String> = gone.chain(came).collect();
    if lines.is_empty() {
        return "  the same lines in another order\n".to_owned();
    }
    lines.into_iter().take(DIFFERENCE_LINES_MAX).collect()
}

#[expect(clippy::disallowed_methods, reason = "the switch that rewrites snapshots belongs to the test run")]
fn updating() -> bool {
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}

fn snapshots() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

fn read_json(name: &str) -> Map<String, Value> {
    let text = fs::read_to_string(snapshots().join(name)).expect("a snapshot");
    serde_json::from_str(&text).expect("JSON")
}
