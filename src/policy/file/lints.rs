//! What can be seen by looking at the whole file: rules that cannot work, and rules that are probably
//! not meant.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    document::{
        Action, Body, Condition, Default_, Document, Item, LimitRule, ModelRule, OnMissing, Op, Path,
        Pattern, Root, Step, Test, ToolRule, Weight,
    },
    facts_schema::{CTX, Leads, ODOO, follow},
    fitting::{contradict, exhaust, idle, misfit},
    reader::Reader,
    shape::shown,
};
use crate::{
    facts::{Class, nearest},
    policy::Window,
};

/// Classes whose calls change something.
const WRITING: [Class; 4] = [Class::Write, Class::Execute, Class::Destructive, Class::Financial];

/// Conditions of one list that are held against each other.
const JOINED_MAX: usize = 100;

/// The lists an item can stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Require,
    DenyIf,
    ApproveIf,
}

/// Looks at a document that was read.
pub(super) fn look(reader: &mut Reader<'_>, document: &Document, file: &Value) {
    let grants = document.grants.as_deref().unwrap_or_default();
    let inheriting: Vec<&Body> =
        grants.iter().filter(|grant| grant.inherit).map(|grant| &grant.body).collect();
    let top = BodyLints { file, body: &document.top, above: None, inheriting: &inheriting };
    top.look(reader);
    for grant in grants {
        let above = grant.inherit.then_some(&document.top);
        BodyLints { file, body: &grant.body, above, inheriting: &[] }.look(reader);
    }
}

struct BodyLints<'a> {
    file: &'a Value,
    body: &'a Body,
    above: Option<&'a Body>,
    inheriting: &'a [&'a Body],
}

/// Where a rule stands.
enum Place {
    /// The rule is for this tool alone.
    Tool(Arc<str>),
    /// It is for these tools, and for others that may come.
    Tools(Vec<&'static str>),
    /// It is for a model, whatever the tool.
    Model,
}

impl BodyLints<'_> {
    fn look(&self, reader: &mut Reader<'_>) {
        for (pattern, rule) in &self.body.tools {
            let place = if pattern.is_exact() {
                Place::Tool(Arc::clone(&pattern.0))
            } else {
                Place::Tools(reader.catalogue.matching(pattern).collect())
            };
            let writes = reader.catalogue.class(&pattern.0).is_some_and(|class| WRITING.contains(&class));
            self.tool_rule(reader, rule, &place, writes);
        }
        for (class, rule) in &self.body.classes {
            let place = Place::Tools(reader.catalogue.of_class(*class));
            self.tool_rule(reader, rule, &place, WRITING.contains(class));
        }
        if let Some(rule) = &self.body.all_tools {
            let place = Place::Tools(reader.catalogue.all());
            self.tool_rule(reader, rule, &place, false);
        }
        for (_, rule) in self.body.models.iter().flatten() {
            self.model_rule(reader, rule);
        }
        self.states(reader);
        self.counters(reader);
        self.hidden(reader);
    }

    fn tool_rule(&self, reader: &mut Reader<'_>, rule: &ToolRule, place: &Place, writes: bool) {
        self.items(reader, &rule.require, List::Require, place);
        self.items(reader, &rule.deny_if, List::DenyIf, place);
        self.items(reader, &rule.approve_if, List::ApproveIf, place);
        for rule in &rule.rules {
            for condition in &rule.conditions {
                self.condition(reader, condition, place);
            }
            let from = rule.state.as_ref().and_then(|state| state.increment_from.as_ref());
            if let Some(from) = from {
                self.weight(reader, &from.at.0, &from.it, place);
            }
        }
        self.limits(reader, &rule.limits, place, writes);
        if rule.action.it == Action::Deny {
            for limit in rule.limits.iter().chain(&rule.rate_limit) {
                reader.warn(&limit.at.0, "limits on a denied tool have no effect");
            }
        }
    }

    fn model_rule(&self, reader: &mut Reader<'_>, rule: &ModelRule) {
        let place = Place::Model;
        self.items(reader, &rule.require, List::Require, &place);
        self.items(reader, &rule.deny_if, List::DenyIf, &place);
        self.items(reader, &rule.approve_if, List::ApproveIf, &place);
        self.limits(reader, &rule.limits, &place, false);
    }

    fn limits(&self, reader: &mut Reader<'_>, limits: &[LimitRule], place: &Place, writes: bool) {
        for limit in limits {
            if let Some(from) = &limit.increment_from {
                self.weight(reader, &from.at.0, &from.it, place);
            }
            if let Some(from) = &limit.currency_from {
                self.path(reader, &from.at.0, &from.it, place);
            }
            let declared = self.declared(&limit.counter);
            let window = limit.window.as_ref().or(declared);
            if writes && matches!(window, Some(Window::Calendar { .. })) {
                let message = "a calendar window lets up to twice `max` through around its end; a number of \
                               seconds slides instead";
                reader.warn(&limit.at.0, message);
            }
        }
    }

    fn declared(&self, name: &str) -> Option<&Window> {
        let counters =
            self.body.counters.iter().chain(self.above.into_iter().flat_map(|above| &above.counters));
        counters.into_iter().find(|(counter, _)| **counter == *name).map(|(_, counter)| &counter.window)
    }

    fn weight(&self, reader: &mut Reader<'_>, at: &str, weight: &Weight, place: &Place) {
        let Weight::Path(path) = weight else { return };
        if let Some(Leads::To { schemas, .. }) = self.path(reader, at, path, place).as_ref().map(leads) {
            let numeric = |schema: &&Value| {
                let types = super::facts_schema::types_of(schema);
                types.is_empty() || types.iter().any(|name| ["integer", "number", "string"].contains(name))
            };
            if !schemas.iter().any(|schema| numeric(schema) || schema.get("items").is_some()) {
                reader.problem(at, format!("`{}` is no amount", path.text));
            }
        }
    }

    fn items(&self, reader: &mut Reader<'_>, items: &[Item], list: List, place: &Place) {
        for item in items {
            self.item(reader, item, list, place, None);
        }
        if list == List::Require {
            self.joined(reader, items, true);
        }
    }

    fn item(
        &self,
        reader: &mut Reader<'_>,
        item: &Item,
        list: List,
        place: &Place,
        on_missing: Option<OnMissing>,
    ) {
        let on_missing = item.on_missing.or(on_missing);
        match &item.test {
            Test::Condition(condition) => {
                let always = self.condition(reader, condition, place);
                let silent = list == List::DenyIf && on_missing.is_none() && !negative(condition.op);
                if silent && condition.path.root == Root::Args && !always {
                    let message = format!(
                        "`{}` may be missing, and then this does not refuse; say `on_missing`: \"deny\" or \"pass\"",
                        shown(&condition.path.text)
                    );
                    reader.warn(&condition.at.0, message);
                }
            }
            Test::All(items) => {
                self.joined(reader, items, true);
                items.iter().for_each(|item| self.item(reader, item, list, place, on_missing));
            }
            Test::Any(items) => {
                self.joined(reader, items, false);
                items.iter().for_each(|item| self.item(reader, item, list, place, on_missing));
            }
            Test::Not(item) => self.item(reader, item, list, place, on_missing),
        }
    }

    /// Conditions joined so that they can never all hold, or that one of them always does.
    fn joined(&self, reader: &mut Reader<'_>, items: &[Item], all: bool) {
        let conditions: Vec<&Condition> = items
            .iter()
            .filter_map(|item| match &item.test {
                Test::Condition(condition) => Some(condition),
                _ => None,
            })
            .collect();
        let conditions = conditions.get(..JOINED_MAX).unwrap_or(&conditions);
        for (index, one) in conditions.iter().enumerate() {
            let earlier = conditions.iter().take(index);
            for other in earlier {
                if all && contradict(other, one) {
                    reader.problem(&one.at.0, format!("this and `{}` can never both be true", other.at.0));
                } else if !all && exhaust(other, one) {
                    reader.problem(&one.at.0, format!("this or `{}` is always true", other.at.0));
                }
            }
        }
    }

    /// True if what stands at the path can never be missing.
    fn condition(&self, reader: &mut Reader<'_>, condition: &Condition, place: &Place) -> bool {
        let bare = self.file.pointer(&condition.at.0).is_some_and(Value::is_string);
        let at = if bare { condition.at.0.to_string() } else { format!("{}/path", condition.at.0) };
        if let (Root::Ctx, [Step::Key(first), Step::Key(name)]) =
            (condition.path.root, &*condition.path.steps)
            && &**first == "time"
        {
            let windows = self.body.time_windows.iter();
            let above = self.above.into_iter().flat_map(|above| &above.time_windows);
            let known: BTreeSet<Arc<str>> = windows.chain(above).map(|(name, _)| Arc::clone(name)).collect();
            if !known.contains(name) {
                reader.unexplained(&at, "time window", name, &known);
            }
        }
        let Some(walked) = self.path(reader, &at, &condition.path, place) else { return false };
        let Leads::To { schemas, always } = leads(&walked) else { return false };
        if !reader.is_wrong(&condition.at.0)
            && let Some(message) = misfit(condition, &schemas)
        {
            reader.problem(&condition.at.0, message);
        }
        if let Some(message) = idle(condition, &schemas) {
            reader.warn(&condition.at.0, message);
        }
        always && condition.path.root == Root::Args
    }

    /// Nothing where no schema speaks of the path.
    fn path(&self, reader: &mut Reader<'_>, at: &str, path: &Path, place: &Place) -> Option<Walked> {
        let (schema, whose) = match path.root {
            Root::Odoo => (Arc::clone(&ODOO), "the normal form of a call".to_owned()),
            Root::Ctx => (Arc::clone(&CTX), "a call".to_owned()),
            Root::Args => {
                let tool = match place {
                    Place::Tool(tool) => tool,
                    Place::Tools(tools) => {
                        self.of_some_tool(reader, at, path, tools);
                        return None;
                    }
                    Place::Model => return None,
                };
                (reader.catalogue.schema(tool)?, format!("`{tool}`"))
            }
            Root::State | Root::Result => return None,
        };
        let walked = Walked { schema, steps: path.steps.clone() };
        if let Leads::Nowhere { wanted, known } = leads(&walked) {
            let message = match nearest(&wanted, known.iter().copied(), 1).first() {
                Some(meant) => {
                    format!("{whose} has no argument `{}`; did you mean `{meant}`?", shown(&wanted))
                }
                None if known.is_empty() => format!("`{}` leads nowhere in {whose}", shown(&path.text)),
                None => {
                    let known = known.join(", ");
                    format!("{whose} has no argument `{}`; it has {known}", shown(&wanted))
                }
            };
            reader.problem(at, message);
            return None;
        }
        Some(walked)
    }

    /// An argument that none of several tools has. Tools that come later may have it.
    fn of_some_tool(&self, reader: &mut Reader<'_>, at: &str, path: &Path, tools: &[&str]) {
        let mut schemas = tools.iter().filter_map(|tool| reader.catalogue.schema(tool)).peekable();
        if schemas.peek().is_some()
            && schemas.all(|schema| matches!(follow(&schema, &path.steps), Leads::Nowhere { .. }))
        {
            let path = shown(&path.text);
            reader.warn(at, format!("none of the tools that this rule is for has `{path}`"));
        }
    }

    /// Counters that rules of the older language read have to be counted by one.
    fn states(&self, reader: &mut Reader<'_>) {
        let rules = || {
            let tools = self.body.tools.iter().map(|(pattern, rule)| (&*pattern.0, rule));
            tools.flat_map(|(entry, rule)| rule.rules.iter().map(move |rule| (entry, rule)))
        };
        let counted: BTreeSet<String> = rules()
            .filter_map(|(entry, rule)| Some(format!("state.{entry}.{}", rule.state.as_ref()?.counter)))
            .collect();
        for condition in rules().flat_map(|(_, rule)| &rule.conditions) {
            let path = &condition.path;
            if path.root != Root::State || counted.contains(&*path.text) {
                continue;
            }
            let message = match nearest(&path.text, counted.iter().map(String::as_str), 1).first() {
                Some(meant) => format!("no rule counts `{}`; did you mean `{meant}`?", shown(&path.text)),
                None => format!("no rule counts `{}`; the rule that does has a `state`", shown(&path.text)),
            };
            reader.problem(&format!("{}/path", condition.at.0), message);
        }
    }

    /// A counter that nobody charges limits nothing.
    fn counters(&self, reader: &mut Reader<'_>) {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for body in [self.body].into_iter().chain(self.inheriting.iter().copied()) {
            let rules = body.tools.iter().map(|(_, rule)| rule);
            let rules = rules.chain(body.classes.iter().map(|(_, rule)| rule)).chain(&body.all_tools);
            let limits = rules.flat_map(|rule| &rule.limits);
            let of_models = body.models.iter().flatten().flat_map(|(_, rule)| &rule.limits);
            used.extend(limits.chain(of_models).map(|limit| &*limit.counter));
        }
        for (name, counter) in self.body.counters.iter().filter(|(name, _)| !used.contains(&**name)) {
            reader.problem(&counter.at.0, format!("no limit uses the counter `{}`", shown(name)));
        }
    }

    fn hidden(&self, reader: &mut Reader<'_>) {
        let body = self.body;
        let listed: Vec<&(Pattern, ToolRule)> =
            body.tools.iter().filter(|(pattern, _)| !pattern.is_everything()).collect();
        if body.default == Some(Default_::Deny)
            && listed.is_empty()
            && body.classes.is_empty()
            && let Some(first) = body.hide.first()
        {
            let message = "under `default: deny` nothing is listed, so every call is refused; pages that print \
                           such a policy also say that it leaves the other tools open, which takes `default: allow`";
            let at = first.at.0.rsplit_once('/').map_or("", |(parent, _)| parent);
            reader.warn(at, message);
        }
        for (pattern, rule) in listed {
            if pattern.is_exact() && body.hide.iter().any(|hidden| hidden.it.matches(&pattern.0)) {
                let name = shown(&pattern.0);
                reader.warn(&rule.at.0, format!("`{name}` is listed under `tools` and hidden; hide wins"));
            }
        }
    }
}

/// A path and the schema it is walked through.
struct Walked {
    schema: Arc<Value>,
    steps: Vec<Step>,
}

fn leads(walked: &Walked) -> Leads<'_> {
    follow(&walked.schema, &walked.steps)
}

/// Operators that fire where nothing is there.
fn negative(op: Op) -> bool {
    matches!(op, Op::Neq | Op::NotIn | Op::NotRegex | Op::NotContains | Op::Disjoint | Op::Exists)
}
