//! A policy that took the place of another: what that means to those who hold a list of tools.

use std::sync::Arc;

use crate::{
    facts::{Caller, Scope},
    policy::Policy,
    tools::Catalog,
};

/// What ruled before, and what rules now.
#[derive(Debug, Clone)]
pub struct PolicyChange {
    pub(super) before: Arc<Policy>,
    pub(super) after: Arc<Policy>,
}

impl PolicyChange {
    /// What has changed since a policy ruled; `None` where it still does.
    pub fn since(before: &Arc<Policy>, now: &Arc<Policy>) -> Option<Self> {
        let is_same = Arc::ptr_eq(before, now);
        (!is_same).then(|| Self { before: Arc::clone(before), after: Arc::clone(now) })
    }

    /// Does this caller see other tools than before? A new limit or reason is nobody's list.
    pub fn is_seen_by(&self, catalog: &Catalog, caller: &Caller) -> bool {
        catalog.iter().any(|found| {
            let tool = found.facts();
            // What the token is not for was in neither list.
            caller.scopes.contains(Scope::of_tool(&tool))
                && self.before.might_allow(caller, &tool) != self.after.might_allow(caller, &tool)
        })
    }
}
