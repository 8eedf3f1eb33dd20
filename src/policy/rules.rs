//! The loaded policy and the decision over it.

use std::{collections::BTreeMap, sync::Arc};

use super::decision::{
    Charge, CounterId, Decision, Denial, DenialKind, NextStep, Permit, PolicyDigest, RuleId, Window,
};
use crate::facts::{CallFacts, Caller, Effect, Operation, ToolFacts};

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
    pub(super) limits: Vec<Limit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
    RequireApproval,
}

#[derive(Debug)]
pub(super) struct Limit {
    pub(super) counter: Arc<str>,
    pub(super) window: Window,
    pub(super) max: u64,
    pub(super) rule: RuleId,
    pub(super) rule_name: Arc<str>,
    pub(super) reason: Option<Arc<str>>,
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
    pub fn decide(&self, facts: &CallFacts) -> Decision {
        let rule = match self.verdict(&facts.tool) {
            Verdict::Allowed { rule, .. } => rule,
            refusal => return self.refused(refusal),
        };
        let mut charges = self.charges(&facts.caller, facts.tool.name);
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
        Decision::Allow(Permit::new(Arc::clone(&facts.effects), charges, rule, self.digest.clone()))
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
                limits: rule.limits.iter().map(Limit::describe).collect(),
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
                counter: CounterId {
                    tool: Arc::from(tool),
                    name: Arc::clone(&limit.counter),
                    window: limit.window,
                    grant: Arc::from(caller.grant.as_str()),
                },
                window: limit.window,
                max: limit.max,
                rule: limit.rule.clone(),
                rule_name: Arc::clone(&limit.rule_name),
                reason: limit.reason.clone(),
            })
            .collect()
    }

    fn deny(&self, kind: DenialKind, rule: RuleId, reason: String, next: NextStep) -> Decision {
        let rule_name = Arc::clone(&rule.0);
        Decision::Deny(Denial {
            kind,
            rule,
            rule_name,
            reason,
            retry_after: None,
            remaining: Vec::new(),
            policy: self.digest.clone(),
            next,
        })
    }
}

impl ToolRule {
    fn reason_or(&self, otherwise: &str) -> String {
        self.reason.as_deref().unwrap_or(otherwise).to_owned()
    }
}

impl Limit {
    fn describe(&self) -> String {
        match self.window {
            Window::Minute => format!("{} a minute", self.max),
            Window::Hour => format!("{} an hour", self.max),
            Window::Day => format!("{} a day", self.max),
            Window::Sliding { seconds } => format!("{} in {seconds} s", self.max),
        }
    }
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
