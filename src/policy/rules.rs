//! The loaded policy and the decision over it.

use std::{collections::BTreeMap, sync::Arc};

use super::decision::{
    Charge, CounterId, Decision, Denial, DenialKind, NextStep, Permit, PolicyDigest, RuleId, Window,
};
use crate::facts::{CallFacts, Caller, ToolFacts};

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
    pub fn decide(&self, facts: &CallFacts) -> Decision {
        match self.verdict(&facts.tool) {
            Verdict::Allowed { rule, .. } => {
                let charges = self.charges(&facts.caller, &facts.tool);
                Decision::Allow(Permit::new(Arc::clone(&facts.effects), charges, rule, self.digest.clone()))
            }
            Verdict::Denied { rule, reason } => self.deny(DenialKind::Refused, rule, reason, NextStep::Stop),
            Verdict::NeedsApproval { rule, reason } => {
                self.deny(DenialKind::Refused, rule, reason, NextStep::Ask)
            }
            Verdict::Hidden { rule } | Verdict::Unlisted { rule } => self.deny(
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
        if let Some(hidden) = self.hide.iter().find(|hidden| matches_name(&hidden.pattern, tool.name)) {
            return Verdict::Hidden { rule: hidden.rule.clone() };
        }
        let Some(rule) = self.tools.get(tool.name) else {
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

    fn charges(&self, caller: &Caller, tool: &ToolFacts) -> Vec<Charge> {
        let Some(rule) = self.tools.get(tool.name) else { return Vec::new() };
        rule.limits
            .iter()
            .map(|limit| Charge {
                counter: CounterId {
                    tool: Arc::from(tool.name),
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
