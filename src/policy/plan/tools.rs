//! Rules for tools, compiled, and which of them speak of a tool.

use std::sync::Arc;

use super::{
    build::Builder,
    conditions::{ConditionPlan, ItemPlan, Node, NodeTest, Source, named},
    limits::{LimitPlan, States, WeightPlan},
};
use crate::policy::{
    RuleId,
    file::document::{
        Action, ApprovalRule, Batch, Body, DryRun, InterceptRule, LimitRule, Mode, Root, Step, ToolRule,
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

impl Builder<'_> {
    /// `entry` is the tool's key in the file.
    pub(super) fn tool(
        &mut self,
        entry: &str,
        rule: &ToolRule,
        states: &States<'_>,
        body: &Body,
    ) -> ToolPlan {
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
        if let Some(from) = limit.money.as_ref().and_then(|money| money.from.as_ref()) {
            add(&from.text, &from.source, &from.steps);
        }
    }
    reads.into()
}

pub(super) fn states(body: &Body) -> States<'_> {
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
