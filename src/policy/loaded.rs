//! A loaded policy: what the rest of the house asks it.

use std::sync::Arc;

use serde_json::Value;

use super::{
    BodyChoice, BreakerEvent, BreakerPlan, CalendarUnit, Decision, Explanation, KnownTools, Limit,
    PolicyDigest, PolicyError, RuleId, Shown, Window, decide,
    file::{
        self,
        document::{Action, At64},
    },
    plan::{self, Plan},
};
use crate::facts::{Arrival, CallFacts, Caller, Effect, FieldName, JsonObject, ModelName, Part, ToolFacts};

/// A policy file, checked whole and made ready for deciding.
#[derive(Debug)]
pub struct Policy {
    pub(in crate::policy) plan: Plan,
    warnings: Vec<String>,
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
    /// A person has to agree to every call.
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
    /// Reads a policy for these tools.
    pub fn load(text: &[u8], known: &dyn KnownTools) -> Result<Self, PolicyError> {
        let read = file::read(text, known)?;
        let plan = plan::compile(&read.document, known, read.digest)?;
        let warnings = read.warnings.iter().map(ToString::to_string).collect();
        Ok(Self { plan, warnings })
    }

    pub fn digest(&self) -> &PolicyDigest {
        &self.plan.digest
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
        decide::decide(self, facts)
    }

    /// All steps of a decision.
    pub fn explain(self: &Arc<Self>, facts: &CallFacts) -> Explanation {
        decide::explain(self, facts)
    }

    /// Is the tool shown to this caller? A tool that no call could get past its standing is not.
    pub fn might_allow(&self, caller: &Caller, tool: &ToolFacts) -> bool {
        self.plan.choose(caller).is_some_and(|choice| {
            let mut bodies = self.plan.bodies(choice).each();
            bodies.all(|body| body.shadow || body.tools.standing(tool).unknown_by.is_none())
        })
    }

    /// Does the file speak of this caller's grant, or of no grants at all?
    pub fn knows_grant(&self, caller: &Caller) -> bool {
        self.plan.choose(caller).is_some()
    }

    /// The standing of a tool for a caller of this machine.
    pub fn verdict(&self, tool: &ToolFacts) -> Verdict {
        self.verdict_for(&Caller::local(Arrival::CommandLine), tool)
    }

    /// The standing of a tool for a caller.
    pub fn verdict_for(&self, caller: &Caller, tool: &ToolFacts) -> Verdict {
        let Some(choice) = self.plan.choose(caller) else {
            let reason = format!("the policy names grants, and `{}` is none of them", caller.grant);
            return Verdict::Denied { rule: self.plan.grants_at.clone(), reason };
        };
        let bodies = self.plan.bodies(choice);
        for body in bodies.each().filter(|body| !body.shadow) {
            let standing = body.tools.standing(tool);
            match (standing.hidden_by, standing.unknown_by) {
                (Some(rule), _) => return Verdict::Hidden { rule: rule.clone() },
                (None, Some(rule)) => return Verdict::Unlisted { rule: rule.clone() },
                (None, None) => {}
            }
        }
        let rules = || bodies.each().flat_map(|body| body.tools.rules_for(tool)).filter(|rule| !rule.shadow);
        let of = |action: Action, otherwise: &str| {
            let rule = rules().find(|rule| rule.action == action)?;
            let reason = rule.reason.as_deref().unwrap_or(otherwise).to_owned();
            Some((rule.rule.clone(), reason))
        };
        if let Some((rule, reason)) = of(Action::Deny, "the policy refuses this tool") {
            return Verdict::Denied { rule, reason };
        }
        if let Some((rule, reason)) = of(Action::RequireApproval, "a person has to approve this tool") {
            return Verdict::NeedsApproval { rule, reason };
        }
        let limits = rules().flat_map(|rule| &rule.limits).filter(|limit| !limit.limit.shadow);
        let limits = limits.map(|limit| limit.limit.describe()).collect();
        let standings =
            [bodies.grant, bodies.top].into_iter().flatten().map(|body| body.tools.standing(tool));
        Verdict::Allowed { rule: self.plan.lets_through(standings).clone(), limits }
    }

    /// The facts that rules look at in this call, for the log: what a replay needs, and no value of a
    /// field that the caller may not see.
    pub fn evidence(&self, facts: &CallFacts) -> JsonObject {
        decide::evidence(&self.plan, facts)
    }

    /// The breakers that hold for a caller, this tool and this connection among them.
    pub fn breakers(&self, facts: &CallFacts) -> Vec<BreakerPlan> {
        decide::breakers(&self.plan, facts)
    }

    /// Those of them that count this kind of event.
    pub fn breakers_on(&self, facts: &CallFacts, event: BreakerEvent) -> Vec<BreakerPlan> {
        let mut breakers = self.breakers(facts);
        breakers.retain(|breaker| breaker.on == event);
        breakers
    }

    pub(super) fn read_domains(&self, choice: BodyChoice, model: &ModelName) -> Vec<Arc<[Value]>> {
        decide::models::read_domains(self.plan.bodies(choice), model)
    }

    pub(super) fn may_read(&self, choice: BodyChoice, model: &ModelName) -> bool {
        decide::models::may_read(self.plan.bodies(choice), model)
    }

    pub(super) fn shown(&self, choice: BodyChoice, model: &ModelName, field: &FieldName) -> Shown {
        decide::models::shown(self.plan.bodies(choice), model, field)
    }

    pub(super) fn shows_what_nobody_knows(&self, choice: BodyChoice, model: &ModelName) -> bool {
        decide::models::shows_what_nobody_knows(self.plan.bodies(choice), model)
    }

    pub(super) fn redacts(&self, choice: BodyChoice, model: &ModelName) -> bool {
        decide::models::redacts(self.plan.bodies(choice), model)
    }

    /// Is there any field right or read domain at all for these bodies?
    pub(super) fn narrows(&self, choice: BodyChoice) -> bool {
        decide::models::narrows(self.plan.bodies(choice))
    }

    /// The bodies that hold for a caller; for one whose grant is not named, who may do nothing, the top
    /// level.
    pub(super) fn body_of(&self, caller: &Caller) -> BodyChoice {
        self.plan.choose(caller).unwrap_or(BodyChoice { top: true, grant: None })
    }

    /// The smallest batch of bytes among the rules for a tool and for the models it is called on.
    pub(super) fn bytes_most<'a>(
        &'a self,
        choice: BodyChoice,
        tool: &'a ToolFacts,
        effects: &'a [Effect],
    ) -> Option<&'a At64> {
        let bodies = || self.plan.bodies(choice).each();
        let of_tools = bodies()
            .flat_map(|body| body.tools.rules_for(tool))
            .filter(|rule| !rule.shadow)
            .filter_map(|rule| rule.batch.bytes.as_ref());
        let models = effects.iter().filter_map(|effect| match effect {
            Effect::Records(records) if records.part == Part::Main => Some(records.model.as_str()),
            _ => None,
        });
        let of_models = models
            .flat_map(|model| bodies().flat_map(move |body| body.models.rules_for(model)))
            .filter(|rule| !rule.shadow)
            .filter_map(|rule| rule.batch.bytes.as_ref());
        of_tools.chain(of_models).min_by_key(|most| most.it)
    }

    pub(super) fn redacted_paths(&self, choice: BodyChoice, tool: &ToolFacts) -> Vec<Arc<str>> {
        let bodies = self.plan.bodies(choice).each();
        let rules = bodies.flat_map(|body| body.tools.rules_for(tool)).filter(|rule| !rule.shadow);
        let mut paths: Vec<Arc<str>> = Vec::new();
        for path in rules.flat_map(|rule| &rule.redact) {
            if !paths.contains(path) {
                paths.push(Arc::clone(path));
            }
        }
        paths
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
