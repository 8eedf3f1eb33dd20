//! Files of rules as they are read: which load, with which remarks; which are refused, where and with
//! what words; and what the schema for editors makes of them.
//!
//! `UPDATE=1 cargo test policy_file` writes the snapshots; a change is then reviewed in the diff.

use std::{fs, path::PathBuf};

use odoo_mcp::{
    facts::{Class, JsonObject, Risk, ToolFacts},
    policy::{KnownTools, PolicyProblem, file},
    tools::Catalog,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The real tools, and one that stands for those of other servers.
#[derive(Debug)]
struct TestTools(Catalog);

const CHARGE: ToolFacts =
    ToolFacts { name: "create_charge", family: "payments", class: Class::Financial, risk: Risk::High };

impl KnownTools for TestTools {
    fn tools(&self) -> Vec<ToolFacts> {
        let mut tools = self.0.tools();
        tools.insert(0, CHARGE);
        tools
    }

    fn input_schema(&self, name: &str) -> Option<JsonObject> {
        if name != CHARGE.name {
            return self.0.input_schema(name);
        }
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {
            "amount": {"type": "number"}, "currency": {"type": "string"}, "reason": {"type": "string"}
        }});
        schema.as_object().cloned()
    }

    fn pin(&self, name: &str) -> Option<String> {
        self.0.pin(name)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    #[expect(dead_code, reason = "for the reader of the file")]
    description: String,
    documents: Vec<Accepted>,
    /// Names of refused documents of which only the reader can tell why.
    beyond_the_schema: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    name: String,
    policy: Value,
    /// Every remark, in order.
    warnings: Vec<Told>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    pointer: String,
    /// A piece of what is said.
    says: String,
}

#[test]
fn accepted_files_load_with_their_remarks() {
    for Accepted { name, policy, warnings } in corpus().documents {
        match read(policy.to_string().as_bytes()) {
            Ok(read) => check_told(&name, &read.warnings, &warnings),
            Err(problems) => panic!("{name}: does not load: {problems:#?}"),
        }
    }
}

/// What is said of them is checked where the case files are run; here, how it is said.
#[test]
fn problems_are_told_in_one_voice() {
    let refused = refused();
    assert!(refused.len() > 100, "only {} cases", refused.len());
    for Refused { name, text, .. } in refused {
        let Err(problems) = read(text.as_bytes()) else { panic!("{name}: loads") };
        problems.iter().for_each(|problem| check_voice(&name, problem));
    }
}

/// A key that nobody knows, and a value that is nothing, are refused wherever they stand.
#[test]
fn nothing_unknown_is_overlooked_at_any_depth() {
    let mut places = 0;
    for Accepted { name, policy, .. } in corpus().documents {
        let mut pointers = Vec::new();
        gather(&policy, "", &mut pointers);
        for pointer in pointers {
            places += 1;
            let mut changed = policy.clone();
            let here = changed.pointer_mut(&pointer).unwrap();
            if let Some(members) = here.as_object_mut() {
                members.insert("zzz_unknown".to_owned(), json!(7));
            } else {
                *here = Value::Null;
            }
            let Err(problems) = read(changed.to_string().as_bytes()) else {
                panic!("{name}: `{pointer}` was changed, and it loads")
            };
            let near = |place: &str| place.starts_with(&pointer) || pointer.starts_with(place);
            assert!(problems.iter().any(|problem| near(&problem.pointer)), "{name}: {problems:?}");
        }
    }
    assert!(places > 400, "only {places} places");
}

/// Every place that the reader has to understand. Values to compare with may be anything.
fn gather(value: &Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let remark = (key == "description" && !member.is_object()) || key.starts_with("x-");
                if !remark && key != "value" {
                    gather(member, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), pointers);
                }
            }
        }
        Value::Array(items) => {
            let in_a_domain = at.contains("/domain/");
            for (index, item) in items.iter().enumerate().filter(|(index, _)| !in_a_domain || *index < 2) {
                gather(item, &format!("{at}/{index}"), pointers);
            }
        }
        _ => {}
    }
}

/// A newcomer gets one line for each mistake, and can act on each.
#[test]
fn ten_mistakes_are_ten_lines() {
    let text = fs::read(folder().join("ten_mistakes.json")).unwrap();
    let problems = read(&text).unwrap_err();
    assert_eq!(problems.len(), 10, "{problems:#?}");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')));
    check_snapshot("policy_ten_mistakes.txt", &(lines.join("\n") + "\n"));
}

#[test]
fn the_schema_is_as_it_was_reviewed() {
    let schema = serde_json::to_string_pretty(&file::schema()).unwrap();
    check_snapshot("policy.schema.json", &(schema + "\n"));
}

#[test]
fn the_schema_agrees_with_the_reader() {
    let schema = jsonschema::draft202012::options().build(&file::schema()).unwrap();
    for Accepted { name, policy, .. } in corpus().documents {
        let errors: Vec<String> = schema.iter_errors(&policy).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: the schema refuses it: {errors:?}");
    }
    let shipped = fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("policy.json")).unwrap();
    assert!(schema.is_valid(&serde_json::from_slice(&shipped).unwrap()), "the shipped policy");
    let beyond = corpus().beyond_the_schema;
    let mut differing = Vec::new();
    for Refused { name, text } in refused() {
        let Ok(policy) = serde_json::from_str::<Value>(&text) else { continue };
        if schema.is_valid(&policy) != beyond.contains(&name) {
            differing.push(name);
        }
    }
    assert!(differing.is_empty(), "`beyond_the_schema` is wrong about {differing:#?}");
}

#[test]
fn the_shipped_policy_loads_without_a_remark() {
    let shipped = fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("policy.json")).unwrap();
    let read = file::read(&shipped, &Catalog::new()).unwrap();
    assert!(read.warnings.is_empty(), "{:#?}", read.warnings);
}

/// A document of the case files that must not load.
struct Refused {
    name: String,
    text: String,
}

fn refused() -> Vec<Refused> {
    let path = folder().join("../refused.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["refused"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let mut text = match &case["text"] {
                Value::String(text) => text.clone(),
                _ => case["policy"].to_string(),
            };
            if let Some(size) = case["padded_to_bytes"].as_u64() {
                text.push_str(&" ".repeat(usize::try_from(size).unwrap() - text.len()));
            }
            Refused { name: case["name"].as_str().unwrap().to_owned(), text }
        })
        .collect()
}

fn read(text: &[u8]) -> Result<file::Read, Vec<PolicyProblem>> {
    file::read(text, &TestTools(Catalog::new())).map_err(|error| error.problems)
}

#[track_caller]
fn check_told(name: &str, found: &[PolicyProblem], expected: &[Told]) {
    let places: Vec<&str> = found.iter().map(|problem| &*problem.pointer).collect();
    let wanted: Vec<&str> = expected.iter().map(|told| &*told.pointer).collect();
    assert_eq!(places, wanted, "{name}: {found:#?}");
    for (problem, Told { says, .. }) in found.iter().zip(expected) {
        assert!(problem.message.contains(says.as_str()), "{name}: `{}` says no `{says}`", problem.message);
        check_voice(name, problem);
    }
}

#[track_caller]
fn check_voice(name: &str, PolicyProblem { message, .. }: &PolicyProblem) {
    assert!(!message.starts_with(char::is_uppercase) && !message.ends_with('.'), "{name}: {message}");
    assert!(!message.contains('\n'), "{name}: {message}");
}

fn corpus() -> Corpus {
    serde_json::from_str(&fs::read_to_string(folder().join("accepted.json")).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/policies/loading")
}

#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch that rewrites generated text belongs to the test run"
)]
fn check_snapshot(file: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file);
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        fs::write(&path, now).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(before, now, "run `UPDATE=1 cargo test policy_file` and look at the difference");
}
