//! A policy for tools that nobody has written rules for, from what the tools say of themselves.
//!
//! Reading is let through, changes are counted, what cannot be taken back is hidden, and money asks a
//! person. The result is a file like any other: to be read, changed and kept by a person.

use serde_json::{Map, Value, json};

use crate::facts::{Class, Risk, ToolFacts};

/// Calls of a tool that changes records, in a minute and for each grant.
const WRITES_PER_MINUTE: u32 = 30;
/// Calls of a tool that runs methods.
const EXECUTIONS_PER_MINUTE: u32 = 10;
/// Calls of anything else.
const OTHERS_PER_MINUTE: u32 = 60;
const MINUTE_SECONDS: u32 = 60;

/// What is recommended for one tool.
#[derive(Debug, Clone, PartialEq)]
pub enum Recommended {
    Hide,
    Rule(Value),
}

/// The recommended rule of a tool.
pub fn recommended(tool: &ToolFacts) -> Recommended {
    match tool.class {
        Class::Read => Recommended::Rule(json!({})),
        Class::Write => Recommended::Rule(limit(tool, WRITES_PER_MINUTE)),
        Class::Execute => Recommended::Rule(limit(tool, EXECUTIONS_PER_MINUTE)),
        Class::Destructive => Recommended::Hide,
        Class::Financial => Recommended::Rule(json!({
            "action": "require_approval", "reason": "Money is moved only after a person has agreed.",
        })),
        Class::Other => Recommended::Rule(limit(tool, OTHERS_PER_MINUTE)),
    }
}

/// A sliding minute: a calendar one lets twice as many through around its end.
fn limit(tool: &ToolFacts, max: u32) -> Value {
    json!({ "limits": [
        { "counter": format!("{}_rate", tool.name), "window": MINUTE_SECONDS, "max": max, "scope": "grant" }
    ] })
}

/// The recommended policy for these tools.
pub fn recommended_policy(tools: &[ToolFacts]) -> Value {
    let mut hide = Vec::new();
    let mut rules = Map::new();
    for tool in tools {
        match recommended(tool) {
            Recommended::Hide => hide.push(Value::from(tool.name)),
            Recommended::Rule(rule) => {
                rules.insert(tool.name.to_owned(), rule);
            }
        }
    }
    json!({
        "version": "1",
        "description": "Recommended from the class of each tool. Read it and change what does not fit.",
        "default": "deny",
        "hide": hide,
        "tools": rules,
    })
}

/// Why a tool of this class needs a rule, for people.
pub fn why_a_rule(class: Class, risk: Risk) -> String {
    let why = match class {
        Class::Read => "it shows data to whoever calls it, and so to everything that reads the conversation",
        Class::Write => "it changes records, and a loop of it changes many before anybody looks",
        Class::Execute => "it runs methods of Odoo, which may do whatever they are made for",
        Class::Destructive => "what it takes away does not come back",
        Class::Financial => "it moves money, or promises to",
        Class::Other => "it does something that is not about records, and every call costs something",
    };
    let risk = match risk {
        Risk::Low => "a misuse is an annoyance",
        Risk::Medium => "a misuse takes work to mend",
        Risk::High => "a misuse hurts the business",
        Risk::Critical => "a misuse may not be mendable",
    };
    format!("{why}; {risk}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_gets_what_its_danger_asks_for() {
        let tool = |class| ToolFacts { name: "t", family: "f", class, risk: Risk::Low };
        assert_eq!(recommended(&tool(Class::Destructive)), Recommended::Hide);
        for (class, max) in [(Class::Write, 30), (Class::Execute, 10), (Class::Other, 60)] {
            let Recommended::Rule(rule) = recommended(&tool(class)) else { panic!("{class:?} is hidden") };
            assert_eq!((&rule["limits"][0]["max"], &rule["limits"][0]["window"]), (&json!(max), &json!(60)));
        }
        assert_eq!(recommended(&tool(Class::Read)), Recommended::Rule(json!({})));
        let policy = recommended_policy(&[tool(Class::Financial), tool(Class::Destructive)]);
        assert_eq!(policy["hide"], json!(["t"]));
        assert_eq!(policy["tools"]["t"]["action"], "require_approval");
    }
}
