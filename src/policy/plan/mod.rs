//! The plan: a policy file made ready for deciding. Everything that can be known when the file is
//! loaded is worked out here, once; a decision only looks things up and compares.
//!
//! Deliberately absent: the call. Nothing here knows facts; see `decide`.

mod build;
mod closed;
mod conditions;
mod connections;
mod domains;
mod fields;
mod limits;
mod literal;
mod models;
mod names;
mod tool_section;
mod tools;

use std::sync::Arc;

pub(in crate::policy) use build::compile;
pub use closed::{Closed, closed_by_itself};
pub(in crate::policy) use conditions::{
    Check, ConditionPlan, CtxFact, ItemPlan, Kind, Node, NodeTest, OdooFact, Order, Source,
};
pub(in crate::policy) use connections::{ConnectionPlan, ConnectionSection, EnvironmentPlan};
pub(in crate::policy) use domains::{DomainOrder, DomainPlan, DomainTest, DomainTree, DomainValue};
pub(in crate::policy) use fields::FieldRights;
pub(in crate::policy) use limits::{LimitPlan, MoneyPlan, WeightPlan};
pub(in crate::policy) use literal::{Literal, Set, composed};
pub(in crate::policy) use models::{Confined, ModelPlan, ModelSection, ScopePlan};
pub(in crate::policy) use names::{FastMap, matches_name};
pub(in crate::policy) use tool_section::{DEEDS, Speaking, Standing, ToolSection};
pub(in crate::policy) use tools::{OlderRule, ReadPath, ToolPlan};

use super::{
    BodyChoice, PolicyDigest, RuleId,
    file::document::{ApprovalRule, Breaker, MemoryRules},
};
use crate::facts::Caller;

/// A whole policy.
#[derive(Debug)]
pub(in crate::policy) struct Plan {
    pub(in crate::policy) digest: PolicyDigest,
    pub(in crate::policy) top: BodyPlan,
    /// `None` where the file does not speak of grants.
    grants: Option<FastMap<u32>>,
    grant_bodies: Box<[GrantPlan]>,
    /// Where the section of grants stands.
    pub(in crate::policy) grants_at: RuleId,
    /// What is built in stands nowhere in the file.
    pub(in crate::policy) built_in: RuleId,
}

/// A grant's own rules, and whether those of the top level hold as well.
#[derive(Debug)]
pub(in crate::policy) struct GrantPlan {
    pub(in crate::policy) inherit: bool,
    pub(in crate::policy) body: BodyPlan,
}

/// The rules of the top level, or of a grant.
#[derive(Debug)]
pub(in crate::policy) struct BodyPlan {
    /// Everything in it is only tried.
    pub(in crate::policy) shadow: bool,
    pub(in crate::policy) tools: ToolSection,
    pub(in crate::policy) models: ModelSection,
    pub(in crate::policy) connections: ConnectionSection,
    pub(in crate::policy) memory: Option<MemoryRules>,
    pub(in crate::policy) approvals: Option<ApprovalRule>,
    pub(in crate::policy) breakers: Box<[Breaker]>,
}

/// The bodies that hold for a caller.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) struct Bodies<'a> {
    pub(in crate::policy) top: Option<&'a BodyPlan>,
    pub(in crate::policy) grant: Option<&'a BodyPlan>,
}

impl<'a> Bodies<'a> {
    /// The top level first.
    pub(in crate::policy) fn each(self) -> impl Iterator<Item = &'a BodyPlan> {
        self.top.into_iter().chain(self.grant)
    }
}

impl Plan {
    /// Which bodies hold for a caller; none where the file speaks of grants and not of this one.
    pub(in crate::policy) fn choose(&self, caller: &Caller) -> Option<BodyChoice> {
        let Some(grants) = &self.grants else { return Some(BodyChoice { top: true, grant: None }) };
        let place = *grants.get(caller.grant.as_str())?;
        let grant = self.grant_bodies.get(place as usize)?;
        Some(BodyChoice { top: grant.inherit, grant: Some(place) })
    }

    pub(in crate::policy) fn bodies(&self, choice: BodyChoice) -> Bodies<'_> {
        let grant = choice.grant.and_then(|place| self.grant_bodies.get(place as usize));
        Bodies { top: choice.top.then_some(&self.top), grant: grant.map(|grant| &grant.body) }
    }

    /// The entry that lets a tool through, else the default that does. A grant's standing comes before
    /// the top's.
    pub(in crate::policy) fn lets_through<'a>(
        &'a self,
        standings: impl Iterator<Item = Standing<'a>> + Clone,
    ) -> &'a RuleId {
        let entry = standings.clone().find_map(|standing| standing.listed_by);
        let mut standings = standings;
        entry.or_else(|| standings.find_map(|standing| standing.allowed_by)).unwrap_or(&self.built_in)
    }
}

/// A rule's place, made of a parent's.
pub(in crate::policy) fn below(at: &str, key: &str) -> RuleId {
    RuleId(Arc::from(format!("{at}/{key}")))
}
