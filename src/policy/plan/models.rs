//! Rules for models, compiled.

use std::sync::Arc;

use super::{
    below,
    build::Builder,
    conditions::{ItemPlan, OdooFact, Source},
    domains::DomainPlan,
    fields::FieldsPlan,
    limits::{LimitPlan, namespace_of},
    names::NameIndex,
    tools::{ReadPath, reads},
};
use crate::{
    facts::{Operation, RecordEffect},
    policy::{
        RuleId,
        file::document::{At, Batch, Body, Domains, Methods, Mode, ModelRule, Pattern, Step},
    },
};

/// Everything a body says of models.
#[derive(Debug, Default)]
pub(in crate::policy) struct ModelSection {
    /// Where the section stands; with one, a model without an entry is closed.
    pub(in crate::policy) closed: Option<RuleId>,
    rules: Box<[(Pattern, ModelPlan)]>,
    index: NameIndex,
    /// A rule keeps fields from being read, written or filtered on.
    pub(in crate::policy) restricts_fields: bool,
    /// A rule, not in shadow, keeps values from being seen.
    pub(in crate::policy) hides: bool,
    /// Some model may not be read, or not in all its records.
    pub(in crate::policy) narrows_reading: bool,
    /// A rule, not in shadow, confines reading to some records.
    pub(in crate::policy) scopes_reading: bool,
}

/// A rule for models.
#[derive(Debug)]
pub(in crate::policy) struct ModelPlan {
    pub(in crate::policy) rule: RuleId,
    pub(in crate::policy) shadow: bool,
    operations: u8,
    methods: Methods,
    scope: [Option<Arc<ScopePlan>>; 4],
    pub(in crate::policy) fields: FieldsPlan,
    /// By field.
    pub(in crate::policy) values: Box<[(Arc<str>, ItemPlan)]>,
    pub(in crate::policy) batch: Batch,
    pub(in crate::policy) limits: Box<[LimitPlan]>,
    pub(in crate::policy) require: Box<[ItemPlan]>,
    pub(in crate::policy) deny_if: Box<[ItemPlan]>,
    pub(in crate::policy) approve_if: Box<[ItemPlan]>,
    context: Box<[Arc<str>]>,
    /// Results that cannot be redacted are let through all the same.
    pub(in crate::policy) report_allowed: bool,
    /// Places among the facts that the rule looks at, for the log.
    pub(in crate::policy) reads: Box<[ReadPath]>,
}

/// The records a rule is confined to.
#[derive(Debug)]
pub(in crate::policy) struct ScopePlan {
    pub(in crate::policy) rule: RuleId,
    pub(in crate::policy) domain: DomainPlan,
}

/// What a domain confines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Confined {
    Read,
    Write,
    Unlink,
    Create,
}

impl Confined {
    /// What a method does to records is not known unless it stands in the table, so it keeps to
    /// what may be written.
    pub(in crate::policy) fn of(operation: Operation) -> Self {
        match operation {
            Operation::Read | Operation::Report => Self::Read,
            Operation::Create => Self::Create,
            Operation::Unlink => Self::Unlink,
            Operation::Write | Operation::Execute | Operation::Mail => Self::Write,
        }
    }
}

impl ModelSection {
    /// All rules that speak of a model, in file order.
    pub(in crate::policy) fn rules_for<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a ModelPlan> {
        self.index.of(model).filter_map(|at| self.rules.get(at)).map(|(_, rule)| rule)
    }

    /// Does an entry bear exactly this name? One in shadow opens nothing: it only tries what it says.
    pub(in crate::policy) fn names(&self, model: &str) -> bool {
        let mut found = self.index.of(model).filter_map(|at| self.rules.get(at));
        found.any(|(pattern, rule)| pattern.is_exact() && !rule.shadow)
    }
}

impl ModelPlan {
    pub(in crate::policy) fn allows(&self, operation: Operation) -> bool {
        self.operations & bit(operation) != 0
    }

    /// The entry that forbids what an effect calls.
    pub(in crate::policy) fn forbids_method(&self, effect: &RecordEffect) -> Option<&At<Pattern>> {
        self.methods.deny.iter().find(|entry| speaks_of(&entry.it, effect))
    }

    /// The entry that asks for a person before what an effect calls.
    pub(in crate::policy) fn approves_method(&self, effect: &RecordEffect) -> Option<&At<Pattern>> {
        self.methods.approve.iter().find(|entry| speaks_of(&entry.it, effect))
    }

    /// Is the method one that the rule lets through?
    pub(in crate::policy) fn names_method(&self, method: &str) -> bool {
        self.methods.allow.iter().flatten().any(|entry| entry.it.matches(method))
    }

    pub(in crate::policy) fn scope(&self, confined: Confined) -> Option<&Arc<ScopePlan>> {
        self.scope.get(confined as usize).and_then(Option::as_ref)
    }

    pub(in crate::policy) fn allows_context(&self, key: &str) -> bool {
        self.context.iter().any(|allowed| **allowed == *key)
    }
}

/// A star alone stands for the methods that no table knows; the others are operations of their own.
fn speaks_of(pattern: &Pattern, effect: &RecordEffect) -> bool {
    pattern.matches(effect.method.as_str())
        && (effect.operation == Operation::Execute || !pattern.is_everything())
}

fn bit(operation: Operation) -> u8 {
    1 << operation as u8
}

impl Builder<'_> {
    pub(super) fn model_section(&mut self, body: &Body) -> ModelSection {
        let Some(rules) = &body.models else { return ModelSection::default() };
        let rules: Box<[(Pattern, ModelPlan)]> =
            rules.iter().map(|(pattern, rule)| (pattern.clone(), self.model(rule))).collect();
        let index = NameIndex::new(rules.iter().map(|(pattern, _)| pattern), std::iter::empty());
        let all = || rules.iter().map(|(_, rule)| rule);
        let open = rules.iter().any(|(pattern, _)| pattern.is_everything());
        let keeps = |rule: &ModelPlan| !rule.allows(Operation::Read) || rule.scope(Confined::Read).is_some();
        ModelSection {
            closed: Some(below(&self.at, "models")),
            restricts_fields: all().any(|rule| rule.fields.restricts()),
            hides: all().any(|rule| !rule.shadow && rule.fields.hides()),
            narrows_reading: !open || all().any(keeps),
            scopes_reading: all().any(|rule| !rule.shadow && rule.scope(Confined::Read).is_some()),
            rules,
            index,
        }
    }

    fn model(&mut self, rule: &ModelRule) -> ModelPlan {
        let shadow = self.shadow || rule.mode == Mode::Shadow;
        let namespace = namespace_of(&rule.at, &self.body_name);
        self.values_of_its_own = true;
        let values =
            rule.values.iter().map(|(field, item)| (Arc::clone(field), self.item(item, shadow))).collect();
        self.values_of_its_own = false;
        let mut plan = ModelPlan {
            rule: rule.at.clone(),
            shadow,
            operations: rule.ops.iter().fold(0, |operations, operation| operations | bit(*operation)),
            methods: rule.methods.clone(),
            scope: self.scopes(&rule.domain),
            fields: self.fields(rule),
            values,
            batch: rule.batch.clone(),
            limits: rule.limits.iter().map(|limit| self.limit(limit, &namespace, shadow)).collect(),
            require: self.items(&rule.require, shadow),
            deny_if: self.items(&rule.deny_if, shadow),
            approve_if: self.items(&rule.approve_if, shadow),
            context: rule.context.clone().into(),
            report_allowed: rule.report_allowed,
            reads: Box::default(),
        };
        let items = plan.require.iter().chain(&plan.deny_if).chain(&plan.approve_if);
        let mut all = reads(items, &plan.limits).into_vec();
        let proven = plan.scope.iter().flatten().flat_map(|scope| scope.domain.tree.fields());
        for field in plan.values.iter().map(|(field, _)| &**field).chain(proven) {
            let text = format!("odoo.values.{field}");
            if !all.iter().any(|read| *read.text == *text) {
                let (source, steps) = (Source::Odoo(OdooFact::Values), [Step::Key(Arc::from(field))]);
                all.push(ReadPath { text: Arc::from(text), source, steps: steps.into() });
            }
        }
        plan.reads = all.into();
        plan
    }

    /// In the order of `Confined`.
    fn scopes(&mut self, domains: &Domains) -> [Option<Arc<ScopePlan>>; 4] {
        let mut shared: Vec<(RuleId, Arc<ScopePlan>)> = Vec::new();
        [&domains.read, &domains.write, &domains.unlink, &domains.create].map(|domain| {
            // A domain without conditions confines nothing.
            let domain = domain.as_ref().filter(|domain| !domain.it.is_empty())?;
            // One list for everything is compiled once, and its mistakes are told once.
            if let Some((_, plan)) = shared.iter().find(|(at, _)| *at == domain.at) {
                return Some(Arc::clone(plan));
            }
            let compiled = match DomainPlan::of(&domain.it) {
                Ok(compiled) => compiled,
                Err(why) => {
                    if !self.problems.iter().any(|problem| problem.pointer == *domain.at.0) {
                        self.problem(&domain.at, why);
                    }
                    return None;
                }
            };
            let plan = Arc::new(ScopePlan { rule: domain.at.clone(), domain: compiled });
            shared.push((domain.at.clone(), Arc::clone(&plan)));
            Some(plan)
        })
    }
}
