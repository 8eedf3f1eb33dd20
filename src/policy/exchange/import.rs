//! A policy from a YAML file of the older language, or from a fragment as pages print it.
//!
//! The rules keep the meaning they were written with: our format has a place for them. What is added
//! is said in notes, and it is always the stricter choice.

use serde_json::{Map, Value, json};

use super::yaml;
use crate::facts::check_strict_json;

/// Top-level keys of a policy file; a fragment may begin with any of them.
const TOP_KEYS: &[&str] = &[
    "$schema",
    "version",
    "description",
    "default",
    "hide",
    "all_tools",
    "tools",
    "classes",
    "connections",
    "environments",
    "models",
    "counters",
    "time_windows",
    "grants",
    "approvals",
    "breakers",
    "pins",
    "mode",
];
/// Keys of a rule for one tool: a fragment that begins with them does not say for which.
const RULE_KEYS: &[&str] = &["limits", "rate_limit", "action", "require", "deny_if", "rules"];
/// As deep as a policy may be.
const DEPTH_MAX: usize = 32;

/// Why a text cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Yaml(String),
    #[error("it is not JSON: {0}")]
    Json(String),
    #[error("it is not an object")]
    NotAnObject,
    #[error("it is the rule of one tool and does not say of which; name it with --tool")]
    WhichTool,
}

/// A policy, and what was added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub policy: Value,
    pub notes: Vec<String>,
}

/// Reads YAML or a JSON fragment. `tool` names the tool of a bare rule; `default` is used where the
/// text says none.
pub fn import(text: &str, tool: Option<&str>, default: &str) -> Result<Imported, ImportError> {
    let trimmed = text.trim_start();
    let value = if trimmed.starts_with('{') {
        json_of(text)?
    } else if trimmed.starts_with('"') && json_of(&format!("{{{text}}}")).is_ok() {
        // Pages print members without the braces around them.
        json_of(&format!("{{{}}}", text.trim_end().trim_end_matches(',')))?
    } else {
        yaml::read(text).map_err(|error| ImportError::Yaml(error.to_string()))?
    };
    let Value::Object(mut object) = value else { return Err(ImportError::NotAnObject) };
    let mut notes = Vec::new();
    if !object.keys().any(|key| TOP_KEYS.contains(&key.as_str()) && key != "description") {
        object = wrapped(object, tool, &mut notes)?;
    }
    Ok(Imported { policy: completed(object, default, &mut notes), notes })
}

fn json_of(text: &str) -> Result<Value, ImportError> {
    check_strict_json(text.as_bytes(), DEPTH_MAX).map_err(|errors| {
        let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
        ImportError::Json(sentences.join("; "))
    })?;
    serde_json::from_str(text).map_err(|error| ImportError::Json(error.to_string()))
}

/// A fragment becomes the rules of its tools.
fn wrapped(
    object: Map<String, Value>,
    tool: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Map<String, Value>, ImportError> {
    let is_rule = object.is_empty() || object.keys().any(|key| RULE_KEYS.contains(&key.as_str()));
    let tools = match (is_rule, tool) {
        (true, Some(tool)) => {
            notes.push(format!("the rule was put under `tools`, for `{tool}`"));
            json!({ tool: object })
        }
        (true, None) => return Err(ImportError::WhichTool),
        (false, _) => {
            notes.push("the rules were put under `tools`".to_owned());
            Value::Object(object)
        }
    };
    let mut whole = Map::new();
    whole.insert("tools".to_owned(), tools);
    Ok(whole)
}

/// Version and default first, then the rest as it stood.
fn completed(mut object: Map<String, Value>, default: &str, notes: &mut Vec<String>) -> Value {
    let mut whole = Map::new();
    let version = match object.shift_remove("version") {
        Some(Value::Number(number)) => {
            notes.push(format!("`version` was the number {number} and is now a text"));
            Value::from(number.to_string())
        }
        Some(version) => version,
        None => {
            notes.push("`version` was added".to_owned());
            Value::from("1")
        }
    };
    whole.insert("version".to_owned(), version);
    let missing_default = !object.contains_key("default");
    if missing_default {
        notes.push(format!("`default` was added as `{default}`"));
    }
    whole.insert("default".to_owned(), object.shift_remove("default").unwrap_or_else(|| default.into()));
    whole.extend(object);
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, tool: Option<&str>, expected: Value) {
        assert_eq!(import(text, tool, "deny").unwrap().policy, expected, "{text}");
    }

    #[test]
    fn fragments_become_whole_policies() {
        let limits = json!([{"counter": "c", "window": "minute", "max": 30, "scope": "grant"}]);
        let whole = json!({"version": "1", "default": "deny", "tools": {"odoo_write": {"limits": limits}}});
        check(&whole.to_string(), None, whole.clone());
        check(&json!({"odoo_write": {"limits": limits}}).to_string(), None, whole.clone());
        check(&format!("\"odoo_write\": {}", json!({"limits": limits})), None, whole.clone());
        check(&json!({"limits": limits}).to_string(), Some("odoo_write"), whole.clone());
        check(&json!({"tools": {"odoo_write": {"limits": limits}}}).to_string(), None, whole);
        check(
            "\"hide\": [\"odoo_unlink\"]",
            None,
            json!({"version": "1", "default": "deny", "hide": ["odoo_unlink"]}),
        );
        check(
            "version: 1\ntools:\n  a:\n    rules: []\n",
            None,
            json!({"version": "1", "default": "deny", "tools": {"a": {"rules": []}}}),
        );
    }

    #[test]
    fn a_text_that_is_no_policy_is_not_made_one() {
        for (text, piece) in [
            ("[1]", "not an object"),
            ("{\"limits\": []}", "does not say of which"),
            ("{}", "does not say of which"),
            ("{\"a\": 1, \"a\": 2}", "not JSON"),
            ("a: *b", "line 1"),
            ("just words", "not an object"),
        ] {
            let error = import(text, None, "deny").unwrap_err().to_string();
            assert!(error.contains(piece), "{text}: {error}");
        }
    }
}
