//! Our policy as the published format can say it, and a list of what it cannot.
//!
//! Where a rule of a tool cannot be said the tool is denied, not let through without the rule: what
//! comes out is never laxer for a tool than what went in.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{facts::ToolFacts, policy::file::document::Pattern};

/// Operators of the published format.
const OPERATORS: &[&str] =
    &["eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "exists"];
/// Its windows.
const WINDOWS: &[&str] = &["minute", "hour", "day"];
/// Sections that have no place in it. They hold for calls of every tool.
const UNKNOWN_SECTIONS: &[&str] =
    &["connections", "environments", "memory", "models", "time_windows", "grants", "breakers", "pins"];
/// Why a tool is denied instead.
const INSTEAD: &str = "This tool has rules that this format cannot say.";

/// A document of the published format.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    pub policy: Value,
    /// What could not be said, each with its place.
    pub left_out: Vec<LeftOut>,
}

/// Something that the format cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// JSON pointer into our file.
    pub pointer: String,
    pub why: String,
}

/// Writes a checked policy file in the published format, for these tools.
pub fn export(file: &Value, tools: &[ToolFacts]) -> Exported {
    let mut writer = Writer { left_out: Vec::new() };
    let policy = writer.whole(file, tools);
    Exported { policy, left_out: writer.left_out }
}

/// The counters that several tools share.
type Declared<'a> = BTreeSet<&'a str>;

struct Writer {
    left_out: Vec<LeftOut>,
}

/// The rules of one tool, gathered from everything that holds for it.
#[derive(Default)]
struct Said {
    require: Vec<Value>,
    deny_if: Vec<Value>,
    limits: Vec<Value>,
    /// The one sliding limit that the format has room for.
    rate: Option<Value>,
    denied: Option<String>,
    asks: Option<String>,
    unsayable: bool,
    has_two_rates: bool,
}

impl Writer {
    fn leave_out(&mut self, pointer: &str, why: impl Into<String>) {
        self.left_out.push(LeftOut { pointer: pointer.to_owned(), why: why.into() });
    }

    fn whole(&mut self, file: &Value, tools: &[ToolFacts]) -> Value {
        for section in UNKNOWN_SECTIONS {
            if file.get(*section).is_some() {
                self.leave_out(&format!("/{section}"), "the format knows no such section");
            }
        }
        if file.get("mode").and_then(Value::as_str) == Some("shadow") {
            self.leave_out("/mode", "the format knows no shadow: the rules are written as in force");
        }
        let default = file.get("default").cloned().unwrap_or_else(|| json!("deny"));
        let mut whole = Map::new();
        whole.insert("version".to_owned(), json!("1"));
        whole.insert("default".to_owned(), default.clone());
        whole.insert("hide".to_owned(), self.hide(file, tools));
        let counters: Declared<'_> = members(file, "counters").map(|(name, _)| name.as_str()).collect();
        let everywhere = self.all_tools(file, &counters);
        let mut rules = Map::new();
        for tool in tools {
            if let Some(rule) = self.tool(file, tool, &counters, everywhere.is_none()) {
                rules.insert(tool.name.to_owned(), rule);
            }
        }
        // Tools of other servers keep their own entries.
        let known: BTreeSet<&str> = tools.iter().map(|tool| tool.name).collect();
        for (name, rule) in members(file, "tools") {
            if !name.contains('*') && !known.contains(name.as_str()) {
                let mut said = Said::default();
                self.gather(&mut said, &pointer(&["tools", name]), rule, &counters);
                rules.insert(name.clone(), said.value());
            }
        }
        if let Some(limits) = everywhere
            && limits.as_array().is_some_and(|limits| !limits.is_empty())
        {
            whole.insert("all_tools".to_owned(), json!({ "limits": limits }));
        }
        whole.insert("tools".to_owned(), Value::Object(rules));
        Value::Object(whole)
    }

    /// Patterns are written out as the names they match.
    fn hide(&mut self, file: &Value, tools: &[ToolFacts]) -> Value {
        let mut names: Vec<Value> = Vec::new();
        for (index, hidden) in list(file, "hide").iter().enumerate() {
            let Some(pattern) = hidden.as_str() else { continue };
            if pattern == "*" || !pattern.contains('*') {
                names.push(pattern.into());
                continue;
            }
            self.leave_out(
                &format!("/hide/{index}"),
                format!("the format knows no patterns: `{pattern}` is written out for the tools of today"),
            );
            names.extend(
                tools.iter().filter(|tool| matches_name(pattern, tool.name)).map(|tool| tool.name.into()),
            );
        }
        names.dedup();
        Value::Array(names)
    }

    /// `all_tools` knows limits and nothing else; `None` where it says more than limits.
    fn all_tools(&mut self, file: &Value, counters: &Declared<'_>) -> Option<Value> {
        let Some(rule) = file.get("all_tools") else { return Some(json!([])) };
        let mut said = Said::default();
        self.gather(&mut said, "/all_tools", rule, counters);
        let only_limits = said.require.is_empty()
            && said.deny_if.is_empty()
            && said.denied.is_none()
            && said.asks.is_none()
            && said.rate.is_none()
            && !said.unsayable;
        if only_limits {
            return Some(Value::Array(said.limits));
        }
        self.leave_out(
            "/all_tools",
            "the format knows only limits here: the rules are written at every tool",
        );
        None
    }

    /// Everything that holds for a tool; `None` where the default decides alone.
    fn tool(
        &mut self,
        file: &Value,
        tool: &ToolFacts,
        counters: &Declared<'_>,
        with_all_tools: bool,
    ) -> Option<Value> {
        let mut said = Said::default();
        let mut is_listed = false;
        let mut is_touched = false;
        if with_all_tools && let Some(rule) = file.get("all_tools") {
            self.gather(&mut said, "/all_tools", rule, counters);
            is_touched = true;
        }
        for (class, rule) in members(file, "classes") {
            if class == tool.class.as_str() {
                self.gather(&mut said, &pointer(&["classes", class]), rule, counters);
                (is_listed, is_touched) = (true, true);
            }
        }
        for (name, rule) in members(file, "tools") {
            if matches_name(name, tool.name) {
                self.gather(&mut said, &pointer(&["tools", name]), rule, counters);
                is_listed |= name != "*";
                is_touched = true;
            }
        }
        let allows = file.get("default").and_then(Value::as_str) == Some("allow");
        (is_listed || (allows && is_touched)).then(|| said.value())
    }

    fn gather(&mut self, said: &mut Said, at: &str, rule: &Value, counters: &Declared<'_>) {
        let reason = text(rule, "reason").or_else(|| text(rule, "on_deny")).map(str::to_owned);
        if text(rule, "mode") == Some("shadow") {
            self.leave_out(at, "the format knows no shadow: the rule is left out");
            return;
        }
        match text(rule, "action") {
            Some("deny") => said.denied = Some(reason.clone().unwrap_or_default()),
            Some("require_approval") => said.asks = Some(reason.clone().unwrap_or_default()),
            _ => {}
        }
        for key in ["approve_if", "rules", "batch", "redact", "approval"] {
            let is_said = rule.get(key).is_none_or(|value| {
                value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
            });
            if !is_said {
                self.leave_out(&format!("{at}/{key}"), "the format cannot say this, so the tool is denied");
                said.unsayable = true;
            }
        }
        for key in ["require", "deny_if"] {
            for (index, item) in list(rule, key).iter().enumerate() {
                let place = format!("{at}/{key}/{index}");
                if text(item, "mode") == Some("shadow") {
                    self.leave_out(&place, "the format knows no shadow: the item is left out");
                    continue;
                }
                match published_item(item) {
                    Ok(item) if key == "require" => said.require.push(item),
                    Ok(item) => said.deny_if.push(item),
                    Err(why) => {
                        self.leave_out(&place, format!("{why}, so the tool is denied"));
                        said.unsayable = true;
                    }
                }
            }
        }
        for (index, limit) in list(rule, "limits").iter().enumerate() {
            match published_limit(limit, counters) {
                Ok(limit) => said.add_limit(limit),
                Err(why) => {
                    self.leave_out(&format!("{at}/limits/{index}"), format!("{why}, so the tool is denied"));
                    said.unsayable = true;
                }
            }
        }
        if let Some(rate) = rule.get("rate_limit") {
            match published_rate(rate) {
                Some(limit) => said.add_limit(limit),
                None => {
                    self.leave_out(&format!("{at}/rate_limit"), "it cannot be said, so the tool is denied");
                    said.unsayable = true;
                }
            }
        }
        if said.has_two_rates {
            said.has_two_rates = false;
            self.leave_out(at, "the format has room for one sliding limit, so the tool is denied");
            said.unsayable = true;
        }
    }
}

impl Said {
    /// Calendar windows go into the list, a sliding one has a place of its own.
    fn add_limit(&mut self, limit: Value) {
        if limit.get("counter").is_some() {
            self.limits.push(limit);
        } else if self.rate.is_none() {
            self.rate = Some(limit);
        } else if self.rate != Some(limit) {
            self.has_two_rates = true;
        }
    }

    fn value(self) -> Value {
        let with_reason = |action: &str, reason: &str| match reason {
            "" => json!({ "action": action }),
            reason => json!({ "action": action, "reason": reason }),
        };
        if let Some(reason) = &self.denied {
            return with_reason("deny", reason);
        }
        if self.unsayable {
            return with_reason("deny", INSTEAD);
        }
        let mut rule = match &self.asks {
            Some(reason) => with_reason("require_approval", reason),
            None => json!({}),
        };
        for (key, items) in [("require", self.require), ("deny_if", self.deny_if), ("limits", self.limits)] {
            if let (false, Some(rule)) = (items.is_empty(), rule.as_object_mut()) {
                rule.insert(key.to_owned(), Value::Array(items));
            }
        }
        if let (Some(rate), Some(rule)) = (self.rate, rule.as_object_mut()) {
            rule.insert("rate_limit".to_owned(), rate);
        }
        rule
    }
}

/// An item as `{"conditions": [...], "on_deny": ...}` with operators and paths of the format.
fn published_item(item: &Value) -> Result<Value, String> {
    if let Some(path) = item.as_str() {
        check_path(path)?;
        return Ok(json!({ "conditions": [{ "path": path, "op": "exists", "value": true }] }));
    }
    for key in ["all", "any", "not", "on_missing", "mode"] {
        if item.get(key).is_some() {
            return Err(format!("the format does not know `{key}`"));
        }
    }
    let conditions = match item.get("conditions") {
        Some(conditions) => conditions.as_array().cloned().unwrap_or_default(),
        None => vec![item.clone()],
    };
    let mut written = Vec::new();
    for condition in &conditions {
        let (path, op) =
            (text(condition, "path").unwrap_or_default(), text(condition, "op").unwrap_or_default());
        check_path(path)?;
        if !OPERATORS.contains(&op) {
            return Err(format!("the format does not know the operator `{op}`"));
        }
        written.push(json!({ "path": path, "op": op, "value": condition.get("value") }));
    }
    Ok(match text(item, "on_deny").or_else(|| text(item, "reason")) {
        Some(reason) => json!({ "conditions": written, "on_deny": reason }),
        None => json!({ "conditions": written }),
    })
}

fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with("args.") {
        return Err(format!("the format looks at arguments only, not at `{path}`"));
    }
    if path.contains('[') || path.contains('\\') {
        return Err(format!("the format does not enter lists, as `{path}` does"));
    }
    Ok(())
}

fn published_limit(limit: &Value, counters: &Declared<'_>) -> Result<Value, String> {
    let counter = text(limit, "counter").unwrap_or_default();
    if counters.contains(counter) {
        return Err("the format does not share counters between tools".to_owned());
    }
    if text(limit, "mode") == Some("shadow") {
        return Err("the format knows no shadow".to_owned());
    }
    for key in ["increment", "increment_from", "currency_from", "rates"] {
        if limit.get(key).is_some() {
            return Err(format!("the format does not know `{key}`"));
        }
    }
    if text(limit, "unit").is_some_and(|unit| unit != "calls") {
        return Err("the format counts calls only".to_owned());
    }
    if text(limit, "scope").is_some_and(|scope| scope != "grant")
        || limit.get("scope").is_some_and(Value::is_array)
    {
        return Err("the format counts by grant only".to_owned());
    }
    let Some(max) = limit.get("max").filter(|max| max.is_u64()) else {
        return Err("the format wants a whole number as `max`".to_owned());
    };
    match limit.get("window") {
        Some(Value::String(window)) if WINDOWS.contains(&window.as_str()) => {
            Ok(json!({ "counter": counter, "window": window, "max": max, "scope": "grant" }))
        }
        Some(Value::Number(seconds)) => Ok(json!({ "max": max, "window": seconds })),
        _ => Err("the format knows minute, hour, day and seconds only".to_owned()),
    }
}

/// `"10/hour"` is a calendar window; a number of seconds is a sliding one.
fn published_rate(rate: &Value) -> Option<Value> {
    if rate.is_object() {
        return Some(json!({ "max": rate.get("max")?, "window": rate.get("window")? }));
    }
    let (max, window) = rate.as_str()?.split_once('/')?;
    let max: u64 = max.trim().parse().ok()?;
    let window = WINDOWS.iter().find(|known| **known == window.trim())?;
    Some(json!({ "counter": format!("rate_per_{window}"), "window": window, "max": max, "scope": "grant" }))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn members<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "description" && !name.starts_with("x-"))
}

fn matches_name(pattern: &str, name: &str) -> bool {
    Pattern(pattern.into()).matches(name)
}

fn pointer(steps: &[&str]) -> String {
    steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Class, Risk};

    fn tools() -> Vec<ToolFacts> {
        let tool = |name, class| ToolFacts { name, family: "f", class, risk: Risk::Low };
        vec![
            tool("odoo_read", Class::Read),
            tool("odoo_unlink", Class::Destructive),
            tool("odoo_write", Class::Write),
        ]
    }

    #[track_caller]
    fn check(file: Value, expected: Value, left_out: &[&str]) {
        let exported = export(&file, &tools());
        let mut whole = json!({ "version": "1", "default": "deny", "hide": [] });
        for (key, value) in expected.as_object().unwrap() {
            whole[key] = value.clone();
        }
        assert_eq!(exported.policy, whole);
        let places: Vec<&str> = exported.left_out.iter().map(|left| left.pointer.as_str()).collect();
        assert_eq!(places, left_out);
    }

    #[test]
    fn what_the_format_knows_is_written_as_it_stands() {
        let limits = json!([{"counter": "c", "window": "minute", "max": 30, "scope": "grant"}]);
        let tools = json!({"odoo_write": {
            "require": [{"conditions": [{"path": "args.reason", "op": "exists", "value": true}]}],
            "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}], "on_deny": "Too much."}],
            "limits": limits,
        }});
        let file = json!({"version": "1", "default": "deny", "hide": ["odoo_unlink"], "all_tools": {"limits": limits}, "tools": tools});
        check(file, json!({"hide": ["odoo_unlink"], "all_tools": {"limits": limits}, "tools": tools}), &[]);
    }

    #[test]
    fn shorthand_patterns_and_classes_are_written_out() {
        let file = json!({"version": "1", "default": "deny", "hide": ["*_unlink"],
            "tools": {"odoo_*": {"require": ["args.model"]}, "odoo_write": {"rate_limit": "10/hour"}}, "classes": {"read": {}}});
        let item = json!({"conditions": [{"path": "args.model", "op": "exists", "value": true}]});
        let rate = json!({"counter": "rate_per_hour", "window": "hour", "max": 10, "scope": "grant"});
        let expected = json!({"hide": ["odoo_unlink"], "tools": {
            "odoo_read": {"require": [item]}, "odoo_unlink": {"require": [item]},
            "odoo_write": {"require": [item], "limits": [rate]},
        }});
        check(file, expected, &["/hide/0"]);
    }

    #[test]
    fn a_rule_that_cannot_be_said_denies_its_tool() {
        let denied = json!({"tools": {"odoo_write": {"action": "deny", "reason": INSTEAD}}});
        for (rule, place) in [
            (json!({"approve_if": ["args.x"]}), "approve_if"),
            (json!({"batch": {"ids": 5}}), "batch"),
            (json!({"require": [{"any": []}]}), "require/0"),
            (json!({"deny_if": [{"path": "odoo.model", "op": "eq", "value": "x"}]}), "deny_if/0"),
            (json!({"deny_if": [{"path": "args.a", "op": "glob", "value": "x"}]}), "deny_if/0"),
            (json!({"deny_if": [{"path": "args.a[*]", "op": "eq", "value": 1}]}), "deny_if/0"),
            (json!({"limits": [{"counter": "c", "window": "week", "max": 1}]}), "limits/0"),
            (json!({"limits": [{"counter": "c", "window": "day", "max": "1.5"}]}), "limits/0"),
            (json!({"limits": [{"counter": "c", "window": "day", "max": 1, "scope": "user"}]}), "limits/0"),
            (json!({"rate_limit": "10/week"}), "rate_limit"),
        ] {
            let file = json!({"version": "1", "default": "deny", "tools": {"odoo_write": rule}});
            check(file, denied.clone(), &[&format!("/tools/odoo_write/{place}")]);
        }
        let file = json!({"version": "1", "default": "deny", "models": {}, "tools": {"odoo_write": {"action": "deny", "reason": "No."}}});
        check(file, json!({"tools": {"odoo_write": {"action": "deny", "reason": "No."}}}), &["/models"]);
    }

    #[test]
    fn there_is_room_for_one_sliding_limit() {
        let rate = json!({"max": 10, "window": 60});
        let file = |more: Value| json!({"version": "1", "default": "deny", "tools": {"odoo_write": {"rate_limit": rate}, "*": more}});
        let written = json!({"tools": {"odoo_write": {"rate_limit": rate}}});
        check(file(json!({})), written.clone(), &[]);
        check(file(json!({"rate_limit": rate})), written, &[]);
        let sliding = json!({"limits": [{"counter": "c", "window": 30, "max": 1}]});
        let denied = json!({"tools": {"odoo_write": {"action": "deny", "reason": INSTEAD}}});
        check(file(sliding), denied, &["/tools/*"]);
    }

    #[test]
    fn conditions_for_all_tools_are_written_at_each() {
        let file = json!({"version": "1", "default": "deny", "all_tools": {"deny_if": [{"path": "args.x", "op": "eq", "value": 1}]}, "tools": {"odoo_read": {}}});
        let exported = export(&file, &tools());
        assert_eq!(exported.policy["tools"]["odoo_read"]["deny_if"].as_array().unwrap().len(), 1);
        assert_eq!(exported.policy.get("all_tools"), None);
        assert_eq!(exported.policy["tools"].get("odoo_write"), None, "it was not listed and is not");
    }
}
