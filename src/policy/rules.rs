//! The loaded policy and the decision over it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    charge::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, Scope, Scopes, Window},
    decision::{
        BodyChoice, Charges, Decision, Denial, DenialKind, Needs, NextStep, Permit, PolicyDigest, RuleId,
        Shown,
    },
    explanation::{BreakerPlan, Explanation},
    file::document::BreakerEvent,
};
use crate::facts::{
    CallFacts, Caller, Decimal, Effect, FieldName, JsonObject, ModelName, Operation, ToolFacts,
};

/// A policy file, checked whole.
#[derive(Debug)]
pub struct Policy {
    pub(super) digest: PolicyDigest,
    pub(super) default_allows: bool,
    pub(super) hide: Vec<HidePattern>,
    pub(super) tools: BTreeMap<String, ToolRule>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
pub(super) struct HidePattern {
    pub(super) pattern: String,
    pub(super) rule: RuleId,
}

#[derive(Debug)]
pub(super) struct ToolRule {
    pub(super) rule: RuleId,
    pub(super) action: Action,
    pub(super) reason: Option<Arc<str>>,
    pub(super) limits: Vec<Arc<Limit>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
    RequireApproval,
}

/// What the policy says of a tool before any call is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allowed {
        rule: RuleId,
        limits: Vec<String>,
    },
    Denied {
        rule: RuleId,
        reason: String,
    },
    /// A person has to agree; this release cannot ask, so the call is refused.
    NeedsApproval {
        rule: RuleId,
        reason: String,
    },
    Hidden {
        rule: RuleId,
    },
    Unlisted {
        rule: RuleId,
    },
}

impl Policy {
    pub fn digest(&self) -> &PolicyDigest {
        &self.digest
    }

    /// What the file says that is legal and probably not meant.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Decides a call. Pure: the ledger reserves the permit's charges afterwards.
    ///
    /// A rule for `odoo_create`, `odoo_write` or `odoo_unlink` holds for what they do, whichever tool
    /// does it: `odoo_execute` with the method `unlink` is no way around it.
    pub fn decide(self: &Arc<Self>, facts: &CallFacts) -> Decision {
        let rule = match self.verdict(&facts.tool) {
            Verdict::Allowed { rule, .. } => rule,
            refusal => return self.refused(refusal),
        };
        if !facts.found.unfolded && self.judges_deeds() && may_hide_more(facts) {
            return Decision::Needs(Needs::Definitions);
        }
        let mut charges = Charges::from_vec(self.charges(&facts.caller, facts.tool.name));
        for deed in deeds_of_others(facts) {
            match self.verdict_of(deed) {
                Verdict::Allowed { .. } => charges.extend(self.charges(&facts.caller, deed)),
                // Not listed says that the tool is not offered, not that the deed is forbidden.
                Verdict::Unlisted { .. } => {}
                Verdict::Hidden { rule } => {
                    let reason = format!("the policy hides `{deed}`, and this call would do the same");
                    return self.deny(DenialKind::Refused, rule, reason, NextStep::Stop);
                }
                refusal => return self.refused(refusal),
            }
        }
        Decision::Allow(Permit {
            policy: Arc::clone(self),
            effects: Arc::clone(&facts.effects),
            charges,
            rule,
            shadow: Vec::new(),
            body: BodyChoice::default(),
        })
    }

    /// Is there a rule for what a call may do to records, whichever tool does it?
    fn judges_deeds(&self) -> bool {
        DEEDS.iter().any(|deed| {
            self.tools.contains_key(*deed)
                || self.hide.iter().any(|hidden| matches_name(&hidden.pattern, deed))
        })
    }

    fn refused(&self, verdict: Verdict) -> Decision {
        match verdict {
            Verdict::Denied { rule, reason } => self.deny(DenialKind::Refused, rule, reason, NextStep::Stop),
            Verdict::NeedsApproval { rule, reason } => {
                self.deny(DenialKind::Refused, rule, reason, NextStep::Ask)
            }
            Verdict::Hidden { rule } | Verdict::Unlisted { rule } | Verdict::Allowed { rule, .. } => self
                .deny(
                    DenialKind::Unknown,
                    rule,
                    "the policy does not show this tool".to_owned(),
                    NextStep::Stop,
                ),
        }
    }

    /// Could some call of this tool be allowed, or refused with a reason? Decides `tools/list`.
    pub fn might_allow(&self, _: &Caller, tool: &ToolFacts) -> bool {
        !matches!(self.verdict(tool), Verdict::Hidden { .. } | Verdict::Unlisted { .. })
    }

    /// The standing of a tool, whoever calls it.
    pub fn verdict(&self, tool: &ToolFacts) -> Verdict {
        self.verdict_of(tool.name)
    }

    fn verdict_of(&self, name: &str) -> Verdict {
        if let Some(hidden) = self.hide.iter().find(|hidden| matches_name(&hidden.pattern, name)) {
            return Verdict::Hidden { rule: hidden.rule.clone() };
        }
        let Some(rule) = self.tools.get(name) else {
            let default = RuleId(Arc::from("/default"));
            return if self.default_allows {
                Verdict::Allowed { rule: default, limits: Vec::new() }
            } else {
                Verdict::Unlisted { rule: default }
            };
        };
        match rule.action {
            Action::Allow => Verdict::Allowed {
                rule: rule.rule.clone(),
                limits: rule.limits.iter().map(|limit| limit.describe()).collect(),
            },
            Action::Deny => Verdict::Denied {
                rule: rule.rule.clone(),
                reason: rule.reason_or("the policy refuses this tool"),
            },
            Action::RequireApproval => Verdict::NeedsApproval {
                rule: rule.rule.clone(),
                reason: rule.reason_or("a person has to approve this tool"),
            },
        }
    }

    fn charges(&self, caller: &Caller, tool: &str) -> Vec<Charge> {
        let Some(rule) = self.tools.get(tool) else { return Vec::new() };
        rule.limits
            .iter()
            .map(|limit| Charge {
                limit: Arc::clone(limit),
                scope: Scope { grant: Some(caller.grant.clone()), ..Scope::default() },
                amount: Decimal::ONE,
            })
            .collect()
    }

    /// All steps of a decision.
    pub fn explain(self: &Arc<Self>, facts: &CallFacts) -> Explanation {
        Explanation { steps: Vec::new(), decision: self.decide(facts) }
    }

    /// The facts that rules look at in this call, for the log: what a replay needs, and no value of a
    /// field that the caller may not see.
    pub fn evidence(&self, _: &CallFacts) -> JsonObject {
        JsonObject::new()
    }

    /// The breakers that hold for a caller, this tool and this connection among them.
    pub fn breakers(&self, _: &CallFacts) -> Vec<BreakerPlan> {
        Vec::new()
    }

    /// Those of them that count this kind of event.
    pub fn breakers_on(&self, facts: &CallFacts, event: BreakerEvent) -> Vec<BreakerPlan> {
        let mut breakers = self.breakers(facts);
        breakers.retain(|breaker| breaker.on == event);
        breakers
    }

    pub(super) fn read_domains(&self, _: BodyChoice, _: &ModelName) -> Vec<Arc<[Value]>> {
        Vec::new()
    }

    pub(super) fn shown(&self, _: BodyChoice, _: &ModelName, _: &FieldName) -> Shown {
        Shown::Plain
    }

    pub(super) fn redacts(&self, _: BodyChoice, _: &ModelName) -> bool {
        false
    }

    /// Is there any field right or read domain at all for these bodies?
    pub(super) fn narrows(&self, _: BodyChoice) -> bool {
        false
    }

    /// The bodies that hold for a caller.
    pub(super) fn body_of(&self, _: &Caller) -> BodyChoice {
        BodyChoice::default()
    }

    pub(super) fn redacted_paths(&self, _: BodyChoice, _: &[Effect]) -> Vec<Arc<str>> {
        Vec::new()
    }

    fn deny(&self, kind: DenialKind, rule: RuleId, reason: String, next: NextStep) -> Decision {
        let rule_name = Arc::clone(&rule.0);
        Decision::Deny(Box::new(Denial {
            kind,
            rule,
            rule_name,
            reason,
            retry_after: None,
            remaining: Vec::new(),
            policy: self.digest.clone(),
            next,
        }))
    }
}

impl ToolRule {
    fn reason_or(&self, otherwise: &str) -> String {
        self.reason.as_deref().unwrap_or(otherwise).to_owned()
    }
}

impl Limit {
    /// The limit in a few words, such as `30 a minute`.
    pub fn describe(&self) -> String {
        let max = self.max;
        match &self.counter.window {
            Window::Calendar { unit: CalendarUnit::Minute, .. } => format!("{max} a minute"),
            Window::Calendar { unit: CalendarUnit::Hour, .. } => format!("{max} an hour"),
            Window::Calendar { unit: CalendarUnit::Day, .. } => format!("{max} a day"),
            Window::Calendar { unit: CalendarUnit::Week, .. } => format!("{max} a week"),
            Window::Calendar { unit: CalendarUnit::Month, .. } => format!("{max} a month"),
            Window::Sliding { seconds } => format!("{max} in {seconds} s"),
        }
    }
}

/// A plain limit on calls of one tool, by grant.
pub(super) fn call_limit(
    tool: &str,
    name: &str,
    window: Window,
    max: u64,
    rule: RuleId,
    rule_name: String,
    reason: Option<Arc<str>>,
) -> Limit {
    Limit {
        counter: CounterId {
            body: Arc::from(""),
            namespace: Arc::from(tool),
            name: Arc::from(name),
            window,
            scopes: Scopes { grant: true, ..Scopes::default() },
        },
        max: Decimal::from(max),
        measure: Measure::Stated,
        count: Count::Attempts,
        rule,
        rule_name: Arc::from(rule_name),
        reason,
        shadow: false,
    }
}

/// Tools whose rules hold for the same deed of any other tool.
const DEEDS: [&str; 3] = ["odoo_create", "odoo_write", "odoo_unlink"];

fn may_hide_more(facts: &CallFacts) -> bool {
    facts.effects.iter().any(|effect| match effect {
        Effect::Records(records) => records.may_hide_more() && records.operation != Operation::Read,
        Effect::Connection { .. } | Effect::AllConnections { .. } => false,
    })
}

/// The tools whose own work this call does, other than the called one.
fn deeds_of_others(facts: &CallFacts) -> Vec<&'static str> {
    let mut deeds: Vec<&'static str> = facts
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Records(records) => match records.operation {
                Operation::Create => Some("odoo_create"),
                Operation::Write => Some("odoo_write"),
                Operation::Unlink => Some("odoo_unlink"),
                Operation::Read | Operation::Execute | Operation::Mail | Operation::Report => None,
            },
            Effect::Connection { .. } | Effect::AllConnections { .. } => None,
        })
        .filter(|deed| *deed != facts.tool.name)
        .collect();
    deeds.sort_unstable();
    deeds.dedup();
    deeds
}

/// `*` stands for any run of characters.
pub(super) fn matches_name(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
