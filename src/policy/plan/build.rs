//! From the document to the plan: one builder for all sections, and every problem at once.

use std::{collections::HashMap, sync::Arc};

use super::{BodyPlan, GrantPlan, Plan, below, names::FastMap};
use crate::{
    facts::ToolFacts,
    policy::{
        KnownTools, PolicyDigest, PolicyError, PolicyProblem, RuleId,
        file::document::{Body, CounterRule, Document, Mode, TimeWindow},
    },
};

/// Makes a document ready for deciding.
pub(in crate::policy) fn compile(
    document: &Document,
    known: &dyn KnownTools,
    digest: PolicyDigest,
) -> Result<Plan, PolicyError> {
    let known_tools = known.tools();
    let whole_in_shadow = document.mode == Mode::Shadow;
    let mut problems = Vec::new();
    let mut body = |body: &Body, above: Option<&Body>, name: &Arc<str>, at: &Arc<str>| {
        let mut builder = Builder {
            known,
            known_tools: &known_tools,
            body_name: Arc::clone(name),
            at: Arc::clone(at),
            shadow: whole_in_shadow || body.mode == Mode::Shadow,
            values_of_its_own: false,
            problems: Vec::new(),
            counters: counters(body, name, above),
            time_windows: time_windows(body, above),
        };
        let plan = builder.body(body, above);
        problems.append(&mut builder.problems);
        plan
    };
    let nowhere: Arc<str> = Arc::from("");
    let top = body(&document.top, None, &nowhere, &nowhere);
    let grants = document.grants.as_deref().unwrap_or_default();
    let grant_bodies: Box<[GrantPlan]> = grants
        .iter()
        .map(|grant| GrantPlan {
            inherit: grant.inherit,
            body: body(&grant.body, Some(&document.top), &grant.name, &grant.at.0),
        })
        .collect();
    if !problems.is_empty() {
        return Err(PolicyError { problems });
    }
    let places: FastMap<u32> = grants.iter().map(|grant| Arc::clone(&grant.name)).zip(0..).collect();
    Ok(Plan {
        digest,
        top,
        grants: document.grants.is_some().then_some(places),
        grant_bodies,
        grants_at: below("", "grants"),
        built_in: RuleId(Arc::from("")),
    })
}

/// What every section needs while it is made ready.
pub(super) struct Builder<'a> {
    pub(super) known: &'a dyn KnownTools,
    pub(super) known_tools: &'a [ToolFacts],
    /// Empty for the top level, else the grant's name.
    pub(super) body_name: Arc<str>,
    /// Pointer of the body: empty for the top level.
    pub(super) at: Arc<str>,
    /// The whole body is only tried.
    pub(super) shadow: bool,
    /// Conditions are on a value of their own, so their paths have no root. Set it around a section.
    pub(super) values_of_its_own: bool,
    pub(super) problems: Vec<PolicyProblem>,
    /// By name: the body that declares it, and the counter.
    counters: HashMap<Arc<str>, (Arc<str>, CounterRule)>,
    time_windows: HashMap<Arc<str>, Arc<TimeWindow>>,
}

impl Builder<'_> {
    fn body(&mut self, body: &Body, above: Option<&Body>) -> BodyPlan {
        BodyPlan {
            shadow: self.shadow,
            tools: self.tool_section(body),
            models: self.model_section(body),
            connections: self.connection_section(body, above),
            memory: body.memory.clone(),
            approvals: body.approvals.clone(),
            breakers: if self.shadow { Box::default() } else { body.breakers.clone().into() },
        }
    }

    pub(super) fn problem(&mut self, at: &RuleId, message: String) {
        self.problems.push(PolicyProblem { pointer: at.0.to_string(), message });
    }

    /// A declared counter, of this body or of the top level, with the name of the body it belongs to.
    pub(super) fn counter(&self, name: &str) -> Option<(Arc<str>, CounterRule)> {
        self.counters.get(name).cloned()
    }

    pub(super) fn time_window(&self, name: &str) -> Option<Arc<TimeWindow>> {
        self.time_windows.get(name).cloned()
    }
}

/// A grant may use what the top level declares: declaring restricts nothing. Its own names come first.
fn counters(
    body: &Body,
    name: &Arc<str>,
    above: Option<&Body>,
) -> HashMap<Arc<str>, (Arc<str>, CounterRule)> {
    let top: Arc<str> = Arc::from("");
    let above = above.into_iter().flat_map(|above| &above.counters);
    let above = above.map(|(counter, rule)| (Arc::clone(counter), (Arc::clone(&top), rule.clone())));
    let own = body.counters.iter();
    let own = own.map(|(counter, rule)| (Arc::clone(counter), (Arc::clone(name), rule.clone())));
    above.chain(own).collect()
}

fn time_windows(body: &Body, above: Option<&Body>) -> HashMap<Arc<str>, Arc<TimeWindow>> {
    let windows = above.into_iter().chain([body]).flat_map(|body| &body.time_windows);
    windows.map(|(name, window)| (Arc::clone(name), Arc::new(window.clone()))).collect()
}
