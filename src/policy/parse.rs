//! Reading `policy.json`: strictly, and with all errors at once.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    charge::{CalendarUnit, Limit, Window},
    decision::{PolicyDigest, RuleId},
    known_tools::KnownTools,
    problem::{PolicyError, PolicyProblem},
    rules::{Action, HidePattern, Policy, ToolRule, call_limit, matches_name},
};
use crate::facts::{JsonObject, StrictJsonError, check_strict_json, nearest, within_distance};

/// Largest policy file; a reviewed file is never near it.
pub(super) const POLICY_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of a policy file.
const POLICY_DEPTH_MAX: usize = 32;
/// A sliding window is at most a year.
const WINDOW_SECONDS_MAX: u64 = 366 * 86_400;

impl Policy {
    /// Reads a policy for these tools.
    pub fn load(text: &[u8], known: &dyn KnownTools) -> Result<Self, PolicyError> {
        let known_tools: Vec<&str> = known.tools().iter().map(|tool| tool.name).collect();
        let known_tools = known_tools.as_slice();
        let mut reader = Reader { known_tools, problems: Vec::new(), warnings: Vec::new() };
        let policy = reader.read(text);
        match policy {
            Some(policy) if reader.problems.is_empty() => Ok(policy),
            _ => Err(PolicyError { problems: reader.problems }),
        }
    }
}

struct Reader<'a> {
    known_tools: &'a [&'a str],
    problems: Vec<PolicyProblem>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, text: &[u8]) -> Option<Policy> {
        if text.len() > POLICY_BYTES_MAX {
            self.problem("", format!("the file is larger than {POLICY_BYTES_MAX} bytes"));
            return None;
        }
        if let Err(errors) = check_strict_json(text, POLICY_DEPTH_MAX) {
            for error in errors {
                let pointer = match &error {
                    StrictJsonError::DuplicateKey { pointer, .. }
                    | StrictJsonError::Number { pointer, .. } => pointer.clone(),
                    StrictJsonError::TooDeep(_) | StrictJsonError::Syntax(_) => String::new(),
                };
                self.problem(&pointer, error.to_string());
            }
            return None;
        }
        let Ok(Value::Object(file)) = serde_json::from_slice::<Value>(text) else {
            self.problem("", "a policy is a JSON object".to_owned());
            return None;
        };
        self.keys(&file, "", &["version", "default", "hide", "tools", "description", "$schema"]);
        self.version(file.get("version"));
        let default_allows = self.default(file.get("default"));
        let hide = self.hide(file.get("hide"));
        let tools = self.tools(file.get("tools"));
        if !default_allows && tools.is_empty() && !hide.is_empty() {
            self.warnings.push(
                "the policy only hides tools under `default: deny`: nothing is listed, so every call is refused".to_owned(),
            );
        }
        for name in tools.keys() {
            if hide.iter().any(|hidden| matches_name(&hidden.pattern, name)) {
                self.warnings.push(format!("`{name}` is listed under `tools` and hidden; hide wins"));
            }
        }
        let digest = PolicyDigest(Arc::from(format!("sha256:{}", sha256_hex(text))));
        Some(Policy { digest, default_allows, hide, tools, warnings: std::mem::take(&mut self.warnings) })
    }

    fn version(&mut self, version: Option<&Value>) {
        match version {
            Some(Value::String(text)) if text == "1" => {}
            Some(other) => self.problem("/version", format!("the version is the text \"1\", not {other}")),
            None => self.problem("", "`version` is missing; write \"version\": \"1\"".to_owned()),
        }
    }

    fn default(&mut self, default: Option<&Value>) -> bool {
        match default.map(|value| value.as_str().unwrap_or_default()) {
            Some("allow") => true,
            Some("deny") => false,
            Some(_) => {
                self.problem("/default", "use \"allow\" or \"deny\"".to_owned());
                false
            }
            None => {
                self.problem("", "`default` is missing; use \"allow\" or \"deny\"".to_owned());
                false
            }
        }
    }

    fn hide(&mut self, hide: Option<&Value>) -> Vec<HidePattern> {
        let Some(hide) = hide else { return Vec::new() };
        let Value::Array(names) = hide else {
            self.problem("/hide", "a list of tool names or patterns".to_owned());
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let pointer = format!("/hide/{index}");
            match name.as_str() {
                Some(name) if self.is_tool_name(name) => {
                    self.check_known(&pointer, name);
                    patterns.push(HidePattern { pattern: name.to_owned(), rule: rule_id(&pointer) });
                }
                _ => self.problem(&pointer, "a tool name or a pattern such as `odoo_*`".to_owned()),
            }
        }
        patterns
    }

    fn tools(&mut self, tools: Option<&Value>) -> BTreeMap<String, ToolRule> {
        let mut rules = BTreeMap::new();
        let Some(tools) = tools else { return rules };
        let Value::Object(tools) = tools else {
            self.problem("/tools", "an object: tool name to rule".to_owned());
            return rules;
        };
        for (name, rule) in tools {
            let pointer = format!("/tools/{}", escape(name));
            if name.contains('*') {
                self.problem(&pointer, "patterns are not possible here; name each tool".to_owned());
            } else if !self.is_tool_name(name) {
                self.problem(&pointer, "not a tool name".to_owned());
            } else {
                self.check_known(&pointer, name);
                if let Some(rule) = self.tool_rule(&pointer, rule) {
                    rules.insert(name.clone(), rule);
                }
            }
        }
        rules
    }

    fn tool_rule(&mut self, pointer: &str, rule: &Value) -> Option<ToolRule> {
        let Value::Object(rule) = rule else {
            self.problem(pointer, "a rule is an object; `{}` allows".to_owned());
            return None;
        };
        self.keys(rule, pointer, &["action", "reason", "on_deny", "limits", "rate_limit", "description"]);
        let action = self.action(pointer, rule.get("action"));
        let reason = self.reason(pointer, rule);
        let mut limits = self.limits(pointer, rule.get("limits"));
        if let Some(rate) = rule.get("rate_limit") {
            limits.extend(self.rate_limit(pointer, rate));
        }
        if action == Action::Deny && !limits.is_empty() {
            self.warnings.push(format!("{pointer}: limits on a denied tool have no effect"));
        }
        Some(ToolRule { rule: rule_id(pointer), action, reason, limits })
    }

    fn action(&mut self, pointer: &str, action: Option<&Value>) -> Action {
        match action.map(|value| value.as_str().unwrap_or_default()) {
            None | Some("allow" | "evaluate") => Action::Allow,
            Some("deny") => Action::Deny,
            Some("require_approval") => Action::RequireApproval,
            Some(_) => {
                self.problem(
                    &format!("{pointer}/action"),
                    "use \"allow\", \"deny\" or \"require_approval\"".to_owned(),
                );
                Action::Deny
            }
        }
    }

    fn reason(&mut self, pointer: &str, rule: &JsonObject) -> Option<Arc<str>> {
        if rule.contains_key("reason") && rule.contains_key("on_deny") {
            self.problem(pointer, "`reason` and `on_deny` mean the same; use one".to_owned());
        }
        let (key, value) =
            ["reason", "on_deny"].iter().find_map(|key| rule.get(*key).map(|value| (*key, value)))?;
        match value {
            Value::String(text) => Some(Arc::from(text.as_str())),
            _ => {
                self.problem(&format!("{pointer}/{key}"), "a text".to_owned());
                None
            }
        }
    }

    fn limits(&mut self, tool: &str, limits: Option<&Value>) -> Vec<Arc<Limit>> {
        let Some(limits) = limits else { return Vec::new() };
        let Value::Array(limits) = limits else {
            self.problem(&format!("{tool}/limits"), "a list of limits".to_owned());
            return Vec::new();
        };
        let mut read: Vec<Arc<Limit>> = Vec::new();
        for (index, limit) in limits.iter().enumerate() {
            let pointer = format!("{tool}/limits/{index}");
            if let Some(limit) = self.limit(tool, &pointer, limit) {
                if read.iter().any(|other| other.counter.name == limit.counter.name) {
                    self.problem(
                        &pointer,
                        format!("the counter `{}` stands twice in this tool", limit.counter.name),
                    );
                } else {
                    read.push(limit);
                }
            }
        }
        read
    }

    fn limit(&mut self, tool: &str, pointer: &str, limit: &Value) -> Option<Arc<Limit>> {
        let Value::Object(limit) = limit else {
            self.problem(pointer, "a limit is an object".to_owned());
            return None;
        };
        self.keys(limit, pointer, &["counter", "window", "max", "scope", "reason", "description"]);
        let counter = match limit.get("counter") {
            Some(Value::String(name)) if !name.is_empty() => Some(Arc::<str>::from(name.as_str())),
            _ => {
                self.problem(&format!("{pointer}/counter"), "a limit needs a counter name".to_owned());
                None
            }
        };
        let window = self.window(pointer, limit.get("window"));
        let max = self.whole(&format!("{pointer}/max"), limit.get("max"));
        match limit.get("scope") {
            None => {}
            Some(Value::String(scope)) if scope == "grant" => {}
            Some(_) => self.problem(&format!("{pointer}/scope"), "use \"grant\"".to_owned()),
        }
        let reason = self.reason(pointer, limit);
        let (counter, window, max) = (counter?, window?, max?);
        let rule_name = format!("{tool}/limits/{counter}");
        Some(Arc::new(call_limit(tool, &counter, window, max, rule_id(pointer), rule_name, reason)))
    }

    fn window(&mut self, pointer: &str, window: Option<&Value>) -> Option<Window> {
        match window {
            Some(Value::String(name)) if name == "minute" => Some(calendar(CalendarUnit::Minute)),
            Some(Value::String(name)) if name == "hour" => Some(calendar(CalendarUnit::Hour)),
            Some(Value::String(name)) if name == "day" => Some(calendar(CalendarUnit::Day)),
            Some(Value::Number(seconds)) => self.sliding(&format!("{pointer}/window"), seconds.as_u64()),
            _ => {
                self.problem(
                    &format!("{pointer}/window"),
                    "use \"minute\", \"hour\", \"day\" or a number of seconds".to_owned(),
                );
                None
            }
        }
    }

    fn sliding(&mut self, pointer: &str, seconds: Option<u64>) -> Option<Window> {
        match seconds
            .filter(|seconds| (1..=WINDOW_SECONDS_MAX).contains(seconds))
            .and_then(|s| u32::try_from(s).ok())
        {
            Some(seconds) => Some(Window::Sliding { seconds }),
            None => {
                self.problem(pointer, format!("a whole number of seconds from 1 to {WINDOW_SECONDS_MAX}"));
                None
            }
        }
    }

    fn rate_limit(&mut self, tool: &str, rate: &Value) -> Option<Arc<Limit>> {
        let pointer = format!("{tool}/rate_limit");
        let (max, window) = match rate {
            Value::Object(rate) => {
                self.keys(rate, &pointer, &["max", "window", "description"]);
                let max = self.whole(&format!("{pointer}/max"), rate.get("max"));
                let seconds = rate.get("window").and_then(Value::as_u64);
                (max, self.sliding(&format!("{pointer}/window"), seconds))
            }
            Value::String(text) => {
                let parsed = text.split_once('/').and_then(|(max, window)| {
                    let window = match window {
                        "minute" => calendar(CalendarUnit::Minute),
                        "hour" => calendar(CalendarUnit::Hour),
                        "day" => calendar(CalendarUnit::Day),
                        _ => return None,
                    };
                    Some((max.parse::<u64>().ok()?, window))
                });
                if parsed.is_none() {
                    self.problem(&pointer, "write it as \"10/minute\", \"10/hour\" or \"10/day\"".to_owned());
                }
                parsed.unzip()
            }
            _ => {
                self.problem(&pointer, "use {\"max\": 10, \"window\": 60} or \"10/hour\"".to_owned());
                (None, None)
            }
        };
        let (window, max, rule) = (window?, max?, rule_id(&pointer));
        Some(Arc::new(call_limit(tool, "rate_limit", window, max, rule, pointer, None)))
    }

    fn whole(&mut self, pointer: &str, number: Option<&Value>) -> Option<u64> {
        let whole = number.and_then(Value::as_u64);
        if whole.is_none() {
            self.problem(pointer, "a whole number, 0 or more".to_owned());
        }
        whole
    }

    /// Every key must be known; `x-` keys are the operator's own.
    fn keys(&mut self, object: &JsonObject, pointer: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str()) && !key.starts_with("x-")) {
            let meant = nearest(key, known.iter().copied(), 1);
            let message = match meant.first() {
                Some(name) => format!("unknown key `{key}`; did you mean `{name}`?"),
                None => format!("unknown key `{key}`; known here: {}", known.join(", ")),
            };
            self.problem(&format!("{pointer}/{}", escape(key)), message);
        }
    }

    fn is_tool_name(&self, name: &str) -> bool {
        !name.is_empty()
            && name.len() <= 128
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'*'))
    }

    /// A name that no tool bears is an error where a real one is within two edits of it:
    /// a mistyped `hide` would otherwise leave the tool open.
    fn check_known(&mut self, pointer: &str, name: &str) {
        if name.contains('*') || self.known_tools.contains(&name) {
            return;
        }
        match self.known_tools.iter().find(|known| within_distance(name, known, 2)) {
            Some(known) => {
                self.problem(pointer, format!("no tool is called `{name}`; did you mean `{known}`?"))
            }
            None => self.warnings.push(format!("{pointer}: no tool is called `{name}`")),
        }
    }

    fn problem(&mut self, pointer: &str, message: String) {
        self.problems.push(PolicyProblem { pointer: pointer.to_owned(), message });
    }
}

fn calendar(unit: CalendarUnit) -> Window {
    Window::Calendar { unit, zone: None }
}

fn rule_id(pointer: &str) -> RuleId {
    RuleId(Arc::from(pointer))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn sha256_hex(bytes: &[u8]) -> String {
    crate::facts::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}
