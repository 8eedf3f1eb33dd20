//! Reading the top level and the grants.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    document::{At, Body, Default_, Document, GrantBody, Pattern, ToolRule},
    keys,
    limits::Counters,
    reader::{Object, Reader, pattern, rule_id},
    shape::shown,
};
use crate::{
    facts::{Class, within_distance},
    policy::PolicyProblem,
};

/// Names that a body may use: its own and those it inherits.
#[derive(Default, Clone)]
struct Names {
    counters: Counters,
    time_windows: BTreeSet<Arc<str>>,
    environments: BTreeSet<Arc<str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn document(&mut self, value: &'a Value) -> Option<Document> {
        if let Some(members) = value.as_object()
            && let Some(problem) = fragment(members)
        {
            self.refuse(&problem.pointer, problem.message);
            return None;
        }
        let Some(object) = self.object("", value, &keys::TOP) else {
            self.refuse("", "a policy is a JSON object");
            return None;
        };
        for key in ["$schema", "version"] {
            object.get(key);
        }
        let (top, names) = self.body(&object, &Names::default());
        let grants = object.get("grants").map(|_| self.grants(&object, &names));
        object.done();
        Some(Document { approvals: top.approvals.clone(), mode: top.mode, top, grants })
    }

    fn grants(&mut self, object: &Object<'a>, above: &Names) -> Vec<GrantBody> {
        let mut grants = Vec::new();
        for (at, name, value) in object.entries("grants") {
            let Some(object) = self.object(&at, value, &keys::GRANT) else { continue };
            let inherit = object.flag("inherit").unwrap_or(true);
            if !inherit && !object.has("default") {
                let advice = "a grant that inherits nothing says \"deny\" or \"allow\" itself";
                self.missing(&at, "default", advice);
            }
            let above = if inherit { above.clone() } else { Names::default() };
            let (body, _) = self.body(&object, &above);
            object.done();
            grants.push(GrantBody { at: object.rule(), name: Arc::from(name), inherit, body });
        }
        grants
    }

    fn body(&mut self, object: &Object<'a>, above: &Names) -> (Body, Names) {
        let mut names = above.clone();
        let counters = self.entries(object, "counters", Self::counter);
        names.counters.extend(counters.iter().cloned());
        let time_windows = self.entries(object, "time_windows", Self::time_window);
        names.time_windows.extend(time_windows.iter().map(|(name, _)| Arc::clone(name)));
        let environments = self.entries(object, "environments", Self::environment_rule);
        names.environments.extend(environments.iter().map(|(name, _)| Arc::clone(name)));
        let of_tools = &names.counters;
        let body = Body {
            default: match object.text("default") {
                Some("allow") => Some(Default_::Allow),
                Some("deny") => Some(Default_::Deny),
                _ => None,
            },
            hide: self.hide(object),
            all_tools: object
                .get("all_tools")
                .and_then(|value| self.tool_rule(&object.place("all_tools"), value, of_tools)),
            tools: self.patterned(object, "tools", |reader, at, value| reader.tool_rule(at, value, of_tools)),
            classes: self.classes(object, of_tools),
            connections: object
                .get("connections")
                .map(|_| self.patterned(object, "connections", Self::connection_rule)),
            environments,
            memory: object.get("memory").and_then(|value| self.memory_rules(&object.place("memory"), value)),
            models: object.get("models").map(|_| {
                self.patterned(object, "models", |reader, at, value| reader.model_rule(at, value, of_tools))
            }),
            counters,
            time_windows,
            breakers: object.list("breakers").filter_map(|(at, value)| self.breaker(&at, value)).collect(),
            pins: self.pins(object),
            approvals: self.approvals(object, "approvals"),
            mode: object.mode(),
        };
        self.names_of_tools(&body);
        self.names_of_its_own(&body, &names);
        (body, names)
    }

    fn entries<T>(
        &mut self,
        object: &Object<'a>,
        key: &str,
        read: impl Fn(&mut Self, &str, &'a Value) -> Option<T>,
    ) -> Vec<(Arc<str>, T)> {
        let entries = object.entries(key).into_iter();
        entries.filter_map(|(at, name, value)| Some((Arc::from(name), read(self, &at, value)?))).collect()
    }

    fn patterned<T>(
        &mut self,
        object: &Object<'a>,
        key: &str,
        read: impl Fn(&mut Self, &str, &'a Value) -> Option<T>,
    ) -> Vec<(Pattern, T)> {
        let entries = object.entries(key).into_iter();
        entries.filter_map(|(at, name, value)| Some((pattern(name), read(self, &at, value)?))).collect()
    }

    fn hide(&mut self, object: &Object<'a>) -> Vec<At<Pattern>> {
        object.patterns("hide")
    }

    fn classes(&mut self, object: &Object<'a>, counters: &Counters) -> Vec<(Class, ToolRule)> {
        let at = object.place("classes");
        let Some(value) = object.get("classes") else { return Vec::new() };
        let Some(object) = self.object(&at, value, &keys::CLASSES) else { return Vec::new() };
        let classes =
            [Class::Read, Class::Write, Class::Execute, Class::Destructive, Class::Financial, Class::Other];
        let mut rules = Vec::new();
        for class in classes {
            let Some(value) = object.get(class.as_str()) else { continue };
            let rule = self.tool_rule(&object.place(class.as_str()), value, counters);
            rules.extend(rule.map(|rule| (class, rule)));
        }
        object.done();
        rules
    }

    fn pins(&mut self, object: &Object<'a>) -> Vec<(Arc<str>, At<Arc<str>>)> {
        let pins = object.entries("pins").into_iter();
        pins.filter_map(|(at, tool, digest)| {
            Some((Arc::from(tool), At { at: rule_id(&at), it: Arc::from(digest.as_str()?) }))
        })
        .collect()
    }

    /// Every tool that the body names, held against the catalogue.
    fn names_of_tools(&mut self, body: &Body) {
        for hidden in &body.hide {
            self.tool_name(&hidden.at.0, &hidden.it);
        }
        for (name, rule) in &body.tools {
            self.tool_name(&rule.at.0, name);
        }
        for (name, pin) in &body.pins {
            self.tool_name(&pin.at.0, &Pattern(Arc::clone(name)));
        }
    }

    /// A name that no tool bears is a mistake where a real one is close to it: a mistyped `hide` would
    /// otherwise leave the tool open.
    fn tool_name(&mut self, at: &str, name: &Pattern) {
        if !name.is_exact() {
            if !name.is_everything() && self.catalogue.matching(name).next().is_none() {
                self.warn(at, format!("no tool matches `{}`", shown(&name.0)));
            }
            return;
        }
        if self.catalogue.knows(&name.0) {
            return;
        }
        match self.catalogue.meant_by(&name.0) {
            Some(meant) => {
                self.problem(at, format!("no tool is called `{}`; did you mean `{meant}`?", shown(&name.0)));
            }
            None => self.warn(at, format!("no tool is called `{}`", shown(&name.0))),
        }
    }

    /// Names that the file itself has to explain.
    fn names_of_its_own(&mut self, body: &Body, names: &Names) {
        for (_, environment) in &body.environments {
            if let Some(time) = &environment.time
                && !names.time_windows.contains(&time.it)
            {
                self.unexplained(&time.at.0, "time window", &time.it, &names.time_windows);
            }
        }
        for (_, connection) in body.connections.iter().flatten() {
            let Some(environment) = &connection.environment else { continue };
            let near = |known: &&Arc<str>| within_distance(&environment.it, known, 2);
            if !names.environments.contains(&environment.it)
                && let Some(meant) = names.environments.iter().find(near)
            {
                let message =
                    format!("no environment is called `{}`; did you mean `{meant}`?", shown(&environment.it));
                self.problem(&environment.at.0, message);
            }
        }
    }

    pub(super) fn unexplained(&mut self, at: &str, kind: &str, name: &str, known: &BTreeSet<Arc<str>>) {
        let meant = crate::facts::nearest(name, known.iter().map(|name| &**name), 1);
        let message = match meant.first() {
            Some(meant) => format!("no {kind} is called `{}`; did you mean `{meant}`?", shown(name)),
            None => format!("no {kind} is called `{}`; the file has to define it", shown(name)),
        };
        self.problem(at, message);
    }
}

/// The rule of a single tool, as pages about that tool print it, is no policy by itself.
fn fragment(members: &serde_json::Map<String, Value>) -> Option<PolicyProblem> {
    let of_top = |key: &String| keys::TOP.key(key).is_some();
    let is_rule = |value: &Value| {
        value.as_object().is_some_and(|rule| rule.keys().all(|key| keys::TOOL_RULE.key(key).is_some()))
    };
    let mut names = members.iter().filter(|(key, _)| !super::shape::is_comment(key));
    let (first, _) = names.clone().next()?;
    if names.any(|(key, value)| of_top(key) || !is_rule(value)) {
        return None;
    }
    let message = format!(
        "this is the rule of a tool, not a policy; wrap it: {{\"version\": \"1\", \"default\": \"deny\", \
         \"tools\": {{\"{}\": …}}}}",
        shown(first)
    );
    Some(PolicyProblem { pointer: String::new(), message })
}
