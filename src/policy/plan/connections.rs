//! Rules for connections and their environments, compiled.

use std::sync::Arc;

use super::{build::Builder, names::NameIndex};
use crate::facts::Operation;
use crate::policy::{
    RuleId,
    file::document::{AccessMode, At, Body, ConnectionRule, EnvironmentRule, Pattern, TimeWindow},
};

/// Everything a body says of connections.
#[derive(Debug, Default)]
pub(in crate::policy) struct ConnectionSection {
    /// Where the section stands; with one, a connection without an entry is closed.
    pub(in crate::policy) closed: Option<RuleId>,
    rules: Box<[(Pattern, ConnectionPlan)]>,
    index: NameIndex,
}

/// A rule for connections.
#[derive(Debug)]
pub(in crate::policy) struct ConnectionPlan {
    pub(in crate::policy) mode: Option<At<AccessMode>>,
    pub(in crate::policy) environment: Option<Arc<EnvironmentPlan>>,
    pub(in crate::policy) companies: Option<At<Vec<i64>>>,
}

/// A rule for environments.
#[derive(Debug)]
pub(in crate::policy) struct EnvironmentPlan {
    pub(in crate::policy) name: Arc<str>,
    pub(in crate::policy) mode: Option<At<AccessMode>>,
    pub(in crate::policy) approve: Box<[At<Operation>]>,
    /// The window outside of which nothing happens, with the place that names it.
    pub(in crate::policy) time: Option<(At<Arc<str>>, Arc<TimeWindow>)>,
}

impl ConnectionSection {
    /// All rules that speak of a connection, in file order.
    pub(in crate::policy) fn rules_for<'a>(
        &'a self,
        alias: &'a str,
    ) -> impl Iterator<Item = &'a ConnectionPlan> {
        self.index.of(alias).filter_map(|at| self.rules.get(at)).map(|(_, rule)| rule)
    }

    /// The environments that rules name for a connection; one that several name comes several times.
    pub(in crate::policy) fn environments_of<'a>(&'a self, alias: &'a str) -> impl Iterator<Item = &'a str> {
        self.rules_for(alias).filter_map(|rule| rule.environment.as_deref()).map(|it| &*it.name)
    }

    /// Is there any rule that looks at what is done to records?
    pub(in crate::policy) fn judges_operations(&self) -> bool {
        self.rules.iter().any(|(_, rule)| {
            let environment = rule.environment.as_ref();
            rule.mode.is_some()
                || rule.companies.is_some()
                || environment.is_some_and(|it| it.mode.is_some() || !it.approve.is_empty())
        })
    }
}

impl Builder<'_> {
    pub(super) fn connection_section(&mut self, body: &Body, above: Option<&Body>) -> ConnectionSection {
        let environments: Vec<Arc<EnvironmentPlan>> = body
            .environments
            .iter()
            .chain(above.into_iter().flat_map(|above| &above.environments))
            .map(|(name, rule)| Arc::new(self.environment(name, rule)))
            .collect();
        let Some(rules) = &body.connections else { return ConnectionSection::default() };
        let rules: Box<[(Pattern, ConnectionPlan)]> = rules
            .iter()
            .map(|(pattern, rule)| (pattern.clone(), self.connection(rule, &environments)))
            .collect();
        let index = NameIndex::new(rules.iter().map(|(pattern, _)| pattern), std::iter::empty());
        ConnectionSection { closed: Some(super::below(&self.at, "connections")), rules, index }
    }

    fn environment(&mut self, name: &Arc<str>, rule: &EnvironmentRule) -> EnvironmentPlan {
        let time = rule.time.as_ref().and_then(|time| match self.time_window(&time.it) {
            Some(window) => Some((time.clone(), window)),
            None => {
                self.problem(&time.at, format!("no time window is called `{}`", time.it));
                None
            }
        });
        let (mode, approve) = (rule.mode.clone(), rule.approve.clone().into());
        EnvironmentPlan { name: Arc::clone(name), mode, approve, time }
    }

    fn connection(&mut self, rule: &ConnectionRule, environments: &[Arc<EnvironmentPlan>]) -> ConnectionPlan {
        let environment = rule.environment.as_ref().map(|wanted| {
            let found = environments.iter().find(|environment| environment.name == wanted.it);
            // An environment without rules of its own is still one that conditions may ask for.
            found.cloned().unwrap_or_else(|| Arc::new(EnvironmentPlan::without_rules(&wanted.it)))
        });
        ConnectionPlan { mode: rule.mode.clone(), environment, companies: rule.companies.clone() }
    }
}

impl EnvironmentPlan {
    fn without_rules(name: &Arc<str>) -> Self {
        Self { name: Arc::clone(name), mode: None, approve: Box::default(), time: None }
    }
}
