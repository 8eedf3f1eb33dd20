//! What the rules said: the sink that a plain decision and an explanation share.
//!
//! One contract for everybody who judges:
//!
//! - Judge in any order. Each finding names its step (1 to 10, as the documentation counts), and the
//!   refusal of the lowest step is the answer; of one step, the first.
//! - Before work that can only end in refusals of a step, ask [`Findings::wants`]: a plain decision that
//!   is already refused at that step or before wants no more, an explanation always does.
//! - Texts are closures: nothing is worded, and nothing allocated, unless somebody is told.
//! - A rule in shadow is judged like any other. Hand its shadow over with the rule: the sink makes
//!   "would refuse" of it, or "would ask", and nothing else comes of it.
//! - Charges go in whatever has been refused; they only count where nothing is.

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;

use super::money::Unknown;
use crate::{
    facts::Decimal,
    policy::{
        Charge, Charges, DenialKind, Finding, Limit, NextStep, RuleId, Scope,
        file::document::ApprovalRule,
        plan::{BodyPlan, ItemPlan, ToolPlan},
    },
};

/// Steps of the order of evaluation.
pub(super) mod step {
    pub(in crate::policy::decide) const CALLER: u8 = 1;
    pub(in crate::policy::decide) const STANDING: u8 = 2;
    pub(in crate::policy::decide) const ACTION: u8 = 3;
    pub(in crate::policy::decide) const CONNECTION: u8 = 4;
    pub(in crate::policy::decide) const MODEL: u8 = 5;
    pub(in crate::policy::decide) const CONDITIONS: u8 = 6;
    pub(in crate::policy::decide) const BATCH: u8 = 7;
    pub(in crate::policy::decide) const LIMITS: u8 = 8;
    pub(in crate::policy::decide) const RECORDS: u8 = 9;
    pub(in crate::policy::decide) const APPROVAL: u8 = 10;
}

/// A rule as a finding names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) rule: &'a RuleId,
    /// The rule's pointer with the names of its parts; the pointer itself where nothing has a name.
    pub(super) name: &'a Arc<str>,
    pub(super) shadow: bool,
}

impl<'a> Said<'a> {
    pub(super) fn by(rule: &'a RuleId, shadow: bool) -> Self {
        Self { rule, name: &rule.0, shadow }
    }

    pub(super) fn by_item(item: &'a ItemPlan) -> Self {
        Self { rule: &item.rule, name: &item.rule_name, shadow: item.shadow }
    }

    pub(super) fn by_tool(tool: &'a ToolPlan) -> Self {
        Self::by(&tool.rule, tool.shadow)
    }

    pub(super) fn by_limit(limit: &'a Limit) -> Self {
        Self { rule: &limit.rule, name: &limit.rule_name, shadow: limit.shadow }
    }
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) step: u8,
    pub(super) kind: DenialKind,
    pub(super) rule: RuleId,
    pub(super) rule_name: Arc<str>,
    pub(super) reason: String,
    pub(super) next: NextStep,
    pub(super) retry_after: Option<Duration>,
    /// What is left of the counter, where the limit leaves nothing.
    pub(super) remaining: Option<Arc<str>>,
}

/// A rule that asks for a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) rule: &'a RuleId,
    pub(super) reason: Option<&'a Arc<str>>,
    /// What the rule itself says of how to ask.
    pub(super) terms: Option<&'a ApprovalRule>,
    /// The body it stands in, for what that says of how to ask.
    pub(super) body: &'a BodyPlan,
}

/// Everything the rules said of one call.
#[derive(Debug, Default)]
pub(super) struct Findings<'a> {
    /// Every finding and its step, where somebody wants to hear them all.
    pub(super) told: Option<Vec<(u8, Finding)>>,
    pub(super) refusal: Option<Box<Refusal>>,
    pub(super) asking: SmallVec<[Asking<'a>; 2]>,
    pub(super) charges: Charges,
    /// What has to be asked before amounts of money can be counted.
    pub(super) unknown: Unknown<'a>,
    /// Rules in shadow that would have refused or asked.
    pub(super) shadow: Vec<RuleId>,
}

impl<'a> Findings<'a> {
    /// Is a refusal of this step still worth looking for?
    pub(super) fn wants(&self, step: u8) -> bool {
        self.told.is_some() || self.refusal.as_ref().is_none_or(|held| held.step > step)
    }

    /// A rule refuses the call. `reason` is the text of the file where it has one.
    pub(super) fn refuse(
        &mut self,
        step: u8,
        said: Said<'_>,
        next: NextStep,
        reason: impl FnOnce() -> String,
    ) {
        self.refuse_as(step, said, DenialKind::Refused, next, reason);
    }

    pub(super) fn refuse_as(
        &mut self,
        step: u8,
        said: Said<'_>,
        kind: DenialKind,
        next: NextStep,
        reason: impl FnOnce() -> String,
    ) {
        if said.shadow {
            self.would(step, said, "would refuse", reason);
            return;
        }
        if !self.wants(step) {
            return;
        }
        let reason = reason();
        self.tell(step, said.rule, "refuses", || reason.clone());
        if self.refusal.as_ref().is_none_or(|held| held.step > step) {
            let (rule, rule_name) = (said.rule.clone(), Arc::clone(said.name));
            let (retry_after, remaining) = (None, None);
            self.refusal =
                Some(Box::new(Refusal { step, kind, rule, rule_name, reason, next, retry_after, remaining }));
        }
    }

    /// A rule asks for a person.
    pub(super) fn ask(&mut self, said: Said<'a>, asking: Asking<'a>) {
        let reason = || asking.reason.map_or_else(String::new, ToString::to_string);
        if said.shadow {
            self.would(step::APPROVAL, said, "would ask", reason);
            return;
        }
        self.tell(step::APPROVAL, said.rule, "asks", reason);
        if !self.asking.iter().any(|other| other.rule == asking.rule) {
            self.asking.push(asking);
        }
    }

    /// A limit is to be charged. Several charges of one counter for the same scope are one.
    /// `Err` where the sum cannot be held, or is more than the limit ever allows.
    pub(super) fn charge(&mut self, limit: &Arc<Limit>, scope: Scope, amount: Decimal) -> Result<(), ()> {
        let same = |held: &&mut Charge| Arc::ptr_eq(&held.limit, limit) && held.scope == scope;
        if let Some(held) = self.charges.iter_mut().find(same) {
            held.amount = held.amount.checked_add(amount).ok_or(())?;
            return if held.amount > limit.max { Err(()) } else { Ok(()) };
        }
        self.charges.push(Charge { limit: Arc::clone(limit), scope, amount });
        Ok(())
    }

    /// Something that an explanation mentions and a decision does not.
    pub(super) fn tell(
        &mut self,
        step: u8,
        rule: &RuleId,
        word: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        if let Some(told) = &mut self.told {
            told.push((step, Finding { rule: rule.clone(), word, detail: detail() }));
        }
    }

    fn would(&mut self, step: u8, said: Said<'_>, word: &'static str, detail: impl FnOnce() -> String) {
        self.tell(step, said.rule, word, detail);
        if !self.shadow.contains(said.rule) {
            self.shadow.push(said.rule.clone());
        }
    }
}
