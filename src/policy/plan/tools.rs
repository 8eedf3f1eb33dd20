//! Rules for tools, compiled, and which of them speak of a tool.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    build::Builder,
    conditions::{ConditionPlan, ItemPlan, Node, NodeTest, Source, named},
    limits::{LimitPlan, States, WeightPlan},
    names::{FastMap, NameIndex, distinct},
};
use crate::{
    facts::{Class, ToolFacts},
    policy::{
        RuleId,
        file::document::{
            Action, ApprovalRule, At, Batch, Body, Default_, DryRun, InterceptRule, LimitRule, Mode, Pattern,
            Root, Step, ToolRule,
        },
    },
};

/// A rule for tools.
#[derive(Debug)]
pub(in crate::policy) struct ToolPlan {
    pub(in crate::policy) rule: RuleId,
    pub(in crate::policy) action: Action,
    pub(in crate::policy) reason: Option<Arc<str>>,
    pub(in crate::policy) shadow: bool,
    pub(in crate::policy) require: Box<[ItemPlan]>,
    pub(in crate::policy) deny_if: Box<[ItemPlan]>,
    pub(in crate::policy) approve_if: Box<[ItemPlan]>,
    /// Rules of the older language without their caps: each must hold as a whole.
    pub(in crate::policy) older: Box<[OlderRule]>,
    pub(in crate::policy) batch: Batch,
    pub(in crate::policy) limits: Box<[LimitPlan]>,
    pub(in crate::policy) redact: Box<[Arc<str>]>,
    pub(in crate::policy) approval: Option<ApprovalRule>,
    pub(in crate::policy) counts_dry_runs: bool,
    /// Places among the facts that the rule looks at, for the log.
    pub(in crate::policy) reads: Box<[ReadPath]>,
}

/// A rule of the older language.
#[derive(Debug)]
pub(in crate::policy) struct OlderRule {
    pub(in crate::policy) action: Action,
    pub(in crate::policy) item: ItemPlan,
}

/// A place among the facts.
#[derive(Debug, Clone)]
pub(in crate::policy) struct ReadPath {
    pub(in crate::policy) text: Arc<str>,
    pub(in crate::policy) source: Source,
    pub(in crate::policy) steps: Box<[Step]>,
}

/// Everything a body says of tools.
#[derive(Debug, Default)]
pub(in crate::policy) struct ToolSection {
    default: Option<(Default_, RuleId)>,
    hide: Box<[At<Pattern>]>,
    all_tools: Option<ToolPlan>,
    /// By class, in the order of the enum.
    classes: [Option<ToolPlan>; 6],
    rules: Box<[(Pattern, ToolPlan)]>,
    index: NameIndex,
    /// Hidden by name or pattern; the other names are tried against the patterns.
    standings: FastMap<NamedStanding>,
}

/// What can be told of a name at load.
#[derive(Debug, Default)]
struct NamedStanding {
    hidden: Option<RuleId>,
    mispinned: Option<RuleId>,
}

/// Where a tool stands before any call of it is looked at.
#[derive(Debug)]
pub(in crate::policy) struct Standing<'a> {
    /// The rule that keeps it from callers, if one does.
    pub(in crate::policy) unknown_by: Option<&'a RuleId>,
    /// The same, where it is hidden or pinned differently and not merely unlisted.
    pub(in crate::policy) hidden_by: Option<&'a RuleId>,
    /// The rule that lists it.
    pub(in crate::policy) listed_by: Option<&'a RuleId>,
    /// The default that lets it be.
    pub(in crate::policy) allowed_by: Option<&'a RuleId>,
}

impl ToolSection {
    /// All rules that speak of a tool, the general ones first.
    pub(in crate::policy) fn rules_for(&self, tool: &ToolFacts) -> SmallVec<[&ToolPlan; 8]> {
        let mut rules = SmallVec::new();
        rules.extend(self.all_tools.as_ref());
        rules.extend(self.of_class(tool.class));
        rules.extend(self.index.of(tool.name).filter_map(|at| self.rules.get(at)).map(|(_, rule)| rule));
        rules
    }

    fn of_class(&self, class: Class) -> Option<&ToolPlan> {
        self.classes.get(class as usize).and_then(Option::as_ref)
    }

    pub(in crate::policy) fn standing(&self, tool: &ToolFacts) -> Standing<'_> {
        let named = self.standings.get(tool.name);
        let hidden = match named {
            Some(named) => named.hidden.as_ref().or(named.mispinned.as_ref()),
            None => self.hidden_by(tool.name),
        };
        let default = self.default.as_ref();
        let listed_by = self.listed_by(tool);
        let unlisted = match (default, listed_by) {
            (Some((Default_::Deny, rule)), None) => Some(rule),
            _ => None,
        };
        let allowed_by = default.filter(|(default, _)| *default == Default_::Allow).map(|(_, rule)| rule);
        Standing { unknown_by: hidden.or(unlisted), hidden_by: hidden, listed_by, allowed_by }
    }

    /// An exact name first, then a pattern other than `*`, then the class.
    fn listed_by(&self, tool: &ToolFacts) -> Option<&RuleId> {
        let mut by_pattern = None;
        for (pattern, rule) in self.index.of(tool.name).filter_map(|at| self.rules.get(at)) {
            if pattern.is_exact() {
                return Some(&rule.rule);
            }
            if !pattern.is_everything() {
                by_pattern = by_pattern.or(Some(&rule.rule));
            }
        }
        by_pattern.or_else(|| self.of_class(tool.class).map(|rule| &rule.rule))
    }

    pub(in crate::policy) fn hidden_by(&self, name: &str) -> Option<&RuleId> {
        match self.standings.get(name) {
            Some(named) => named.hidden.as_ref(),
            None => self.hide.iter().find(|hidden| hidden.it.matches(name)).map(|hidden| &hidden.at),
        }
    }

    /// The rule that names a tool exactly: what it says of a deed holds for the same deed by any tool.
    pub(in crate::policy) fn exactly(&self, name: &str) -> Option<&ToolPlan> {
        let mut found = self.index.of(name).filter_map(|at| self.rules.get(at));
        found.find(|(pattern, _)| pattern.is_exact()).map(|(_, rule)| rule)
    }
}

impl Builder<'_> {
    pub(super) fn tool_section(&mut self, body: &Body) -> ToolSection {
        let states: States<'_> = states(body);
        let all_tools = body.all_tools.as_ref().map(|rule| self.tool("", rule, &states, body));
        let mut classes: [Option<ToolPlan>; 6] = Default::default();
        for (class, rule) in &body.classes {
            if let Some(place) = classes.get_mut(*class as usize) {
                *place = Some(self.tool("", rule, &states, body));
            }
        }
        let rules: Box<[(Pattern, ToolPlan)]> = body
            .tools
            .iter()
            .map(|(pattern, rule)| (pattern.clone(), self.tool(&pattern.0, rule, &states, body)))
            .collect();
        let known: Vec<&'static str> = self.known_tools.iter().map(|tool| tool.name).collect();
        let index = NameIndex::new(body.tools.iter().map(|(pattern, _)| pattern), known.iter().copied());
        let exact = |pattern: &Pattern| pattern.is_exact();
        let names = known
            .iter()
            .copied()
            .chain(body.hide.iter().filter(|hidden| exact(&hidden.it)).map(|hidden| &*hidden.it.0))
            .chain(body.tools.iter().filter(|(pattern, _)| exact(pattern)).map(|(pattern, _)| &*pattern.0))
            .chain(body.pins.iter().map(|(name, _)| &**name));
        let hide_exactly: FastMap<RuleId> = body
            .hide
            .iter()
            .rev()
            .filter(|hidden| exact(&hidden.it))
            .map(|hidden| (Arc::clone(&hidden.it.0), hidden.at.clone()))
            .collect();
        let hide_by_pattern: Vec<&At<Pattern>> =
            body.hide.iter().filter(|hidden| !exact(&hidden.it)).collect();
        let mut standings = FastMap::default();
        for name in distinct(names) {
            let by_pattern = || hide_by_pattern.iter().find(|hidden| hidden.it.matches(name));
            let hidden = hide_exactly.get(name).or_else(|| by_pattern().map(|hidden| &hidden.at)).cloned();
            standings.insert(Arc::from(name), NamedStanding { hidden, mispinned: None });
        }
        for (name, pin) in &body.pins {
            let differs = self.known.pin(name).as_deref() != Some(&*pin.it);
            if let Some(standing) = standings.get_mut(&**name).filter(|_| differs) {
                standing.mispinned = Some(pin.at.clone());
            }
        }
        let default = body.default.map(|default| (default, super::below(&self.at, "default")));
        ToolSection { default, hide: body.hide.clone().into(), all_tools, classes, rules, index, standings }
    }

    /// `entry` is the tool's key in the file.
    fn tool(&mut self, entry: &str, rule: &ToolRule, states: &States<'_>, body: &Body) -> ToolPlan {
        let shadow = self.shadow || rule.mode == Mode::Shadow;
        let namespace = super::limits::namespace_of(&rule.at, &self.body_name);
        let mut limits: Vec<LimitPlan> = Vec::new();
        for limit in rule.limits.iter().chain(&rule.rate_limit) {
            limits.push(self.limit(limit, &namespace, shadow));
        }
        for (number, older) in rule.rules.iter().enumerate() {
            if let Some(limit) = &older.rate_limit {
                limits.push(self.older_limit(limit, &namespace, number, older, shadow));
            }
        }
        let read_elsewhere = |counter: &str| reads_state(body, entry, counter);
        limits.extend(self.caps(entry, &rule.rules, states, &read_elsewhere, shadow));
        let older = rule.rules.iter().map(|older| self.older(older, shadow)).collect();
        let mut plan = ToolPlan {
            rule: rule.at.clone(),
            action: rule.action.it,
            reason: rule.reason.clone(),
            shadow,
            require: self.items(&rule.require, shadow),
            deny_if: self.items(&rule.deny_if, shadow),
            approve_if: self.items(&rule.approve_if, shadow),
            older,
            batch: rule.batch.clone(),
            limits: limits.into(),
            redact: rule.redact.iter().map(|path| Arc::clone(&path.it.text)).collect(),
            approval: rule.approval.clone(),
            counts_dry_runs: rule.dry_run == DryRun::Counted,
            reads: Box::default(),
        };
        let older = plan.older.iter().map(|older| &older.item);
        let items = plan.require.iter().chain(&plan.deny_if).chain(&plan.approve_if).chain(older);
        plan.reads = reads(items, &plan.limits);
        plan
    }

    fn older_limit(
        &mut self,
        limit: &LimitRule,
        namespace: &str,
        number: usize,
        rule: &InterceptRule,
        shadow: bool,
    ) -> LimitPlan {
        let place = rule.name.as_ref().map_or_else(|| number.to_string(), ToString::to_string);
        self.limit(limit, &format!("{namespace}/rules/{place}"), shadow)
    }

    fn older(&mut self, rule: &InterceptRule, shadow: bool) -> OlderRule {
        let conditions = rule.conditions.iter().filter(|condition| condition.path.root != Root::State);
        let nodes: Box<[Node]> = conditions
            .map(|condition| Node { on_missing: None, test: NodeTest::Condition(self.condition(condition)) })
            .collect();
        let node = Node { on_missing: None, test: NodeTest::All(nodes) };
        let (mut reads_odoo, mut reads_call) = (false, false);
        node.each_condition(&mut |condition: &ConditionPlan| {
            reads_odoo |= matches!(condition.source, Source::Odoo(_));
            reads_call |= matches!(condition.source, Source::Odoo(_) | Source::Args);
        });
        let item = ItemPlan {
            rule: rule.at.clone(),
            rule_name: named(&rule.at, rule.name.as_ref()),
            reason: rule.reason.clone(),
            shadow,
            node,
            reads_odoo,
            reads_call,
        };
        OlderRule { action: rule.action, item }
    }
}

/// The places that items and weights look at, each once.
pub(super) fn reads<'a>(items: impl Iterator<Item = &'a ItemPlan>, limits: &[LimitPlan]) -> Box<[ReadPath]> {
    let mut reads: Vec<ReadPath> = Vec::new();
    let mut add = |text: &Arc<str>, source: &Source, steps: &[Step]| {
        if !reads.iter().any(|read| read.text == *text) {
            reads.push(ReadPath { text: Arc::clone(text), source: source.clone(), steps: steps.into() });
        }
    };
    for item in items {
        item.node.each_condition(&mut |condition| {
            add(&condition.text, &condition.source, &condition.steps);
        });
    }
    for limit in limits {
        if let WeightPlan::Path { text, source, steps } = &limit.weight {
            add(text, source, steps);
        }
    }
    reads.into()
}

fn states(body: &Body) -> States<'_> {
    let mut states = States::new();
    for (pattern, rule) in &body.tools {
        for state in rule.rules.iter().filter_map(|rule| rule.state.as_ref()) {
            states.insert((&*pattern.0, &*state.counter), state);
        }
    }
    states
}

/// Does a rule of another entry look at this counter?
fn reads_state(body: &Body, entry: &str, counter: &str) -> bool {
    let others = body.tools.iter().filter(|(pattern, _)| *pattern.0 != *entry);
    others.flat_map(|(_, rule)| &rule.rules).flat_map(|rule| &rule.conditions).any(|condition| {
        condition.path.root == Root::State
            && matches!(condition.path.steps.as_slice(),
                [Step::Key(tool), Step::Key(name)] if **tool == *entry && **name == *counter)
    })
}
