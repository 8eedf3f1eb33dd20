//! What the token behind a call is for: a call beyond it is refused before the policy is asked.

use std::sync::Arc;

use super::{Corridor, deciding};
use crate::{
    facts::{CallFacts, Caller, JsonObject, Scope},
    policy::{Denial, DenialKind, NextStep, Policy, RuleId},
};

/// What stands in answers and in the log where a rule would.
const SCOPES_RULE: &str = "/scopes";

impl Corridor {
    /// The scope that this call needs and its caller does not have; then its refusal is in the log
    /// already. `None` for calls that may walk, and for those that are answered otherwise: tools that do
    /// not exist for this caller, arguments that cannot be read.
    pub fn refused_for_scope(&self, caller: &Caller, tool: &str, arguments: &JsonObject) -> Option<Scope> {
        let policy = self.policy();
        let found = self.catalog.find(tool)?;
        if !policy.knows_grant(caller) || !policy.might_allow(caller, &found.facts()) {
            return None;
        }
        let request = found.entry.decode(arguments.clone()).ok()?;
        let shown = Arc::new(self.catalog.as_rules_see(&found, arguments));
        let facts = deciding::gather_facts(caller, found, shown, request.as_ref(), &self.helpers);
        let denial = beyond(&policy, &facts)?;
        self.refuse(&policy, &facts, denial);
        Some(needed(&facts))
    }
}

fn needed(facts: &CallFacts) -> Scope {
    Scope::of_call(&facts.tool, facts.class, &facts.effects)
}

/// The denial of a call that needs more than its caller's token is for.
pub(super) fn beyond(policy: &Policy, facts: &CallFacts) -> Option<Box<Denial>> {
    let needed = needed(facts);
    if facts.caller.scopes.contains(needed) {
        return None;
    }
    let reason = format!("the token behind this call is not for `{}`, which the call needs", needed.as_str());
    Some(Box::new(Denial {
        kind: DenialKind::Scope,
        rule: RuleId(SCOPES_RULE.into()),
        rule_name: SCOPES_RULE.into(),
        reason,
        retry_after: None,
        remaining: Vec::new(),
        policy: policy.digest().clone(),
        next: NextStep::Stop,
    }))
}
