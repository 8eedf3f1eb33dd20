//! From a path to values among the facts, and from there to the truth of a condition.

use serde_json::Value;

use super::{
    judge::judge,
    seen::{Environments, List, Seen},
    truth::{Section, Truth},
};
use crate::{
    facts::{CallFacts, ConnectionAlias, Effect, Part, RecordEffect},
    policy::{
        file::document::{OnMissing, Step, TimeWindow},
        plan::{BodyPlan, Check, ConditionPlan, CtxFact, Node, NodeTest, OdooFact, Source},
    },
};

/// The facts as one rule sees them: the call, and one effect of it where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) facts: &'a CallFacts,
    pub(super) body: &'a BodyPlan,
    /// The body whose environments hold as well.
    pub(super) above: Option<&'a BodyPlan>,
    pub(super) effect: Option<&'a RecordEffect>,
    /// The very value that is judged, for conditions without a path.
    pub(super) it: Option<&'a Value>,
}

impl<'a> View<'a> {
    pub(super) fn new(facts: &'a CallFacts, body: &'a BodyPlan, above: Option<&'a BodyPlan>) -> Self {
        Self { facts, body, above, effect: None, it: None }
    }

    pub(super) fn of(self, effect: Option<&'a RecordEffect>) -> Self {
        Self { effect, ..self }
    }

    pub(super) fn on(self, it: &'a Value) -> Self {
        Self { it: Some(it), ..self }
    }

    pub(super) fn connection(&self) -> Option<&'a ConnectionAlias> {
        self.effect.map(|effect| &effect.connection).or_else(|| first_connection(self.facts))
    }

    /// Where a path begins.
    pub(super) fn seen(&self, source: &Source) -> Seen<'a> {
        match source {
            Source::Args => Seen::Object(&self.facts.arguments),
            Source::It => self.it.map_or(Seen::Absent, Seen::Json),
            Source::Odoo(fact) => self.effect.map_or(Seen::Absent, |effect| odoo(effect, *fact)),
            Source::Ctx(fact) => self.ctx(fact),
            Source::Nothing => Seen::Absent,
        }
    }

    fn ctx(&self, fact: &CtxFact) -> Seen<'a> {
        let caller = &self.facts.caller;
        let text = |text: Option<&'a str>| text.map_or(Seen::Absent, Seen::Text);
        match fact {
            CtxFact::User => Seen::Text(caller.user.as_str()),
            CtxFact::Groups => Seen::List(List::Groups(&caller.groups)),
            CtxFact::Client => text(caller.client.as_deref()),
            CtxFact::Grant => Seen::Text(caller.grant.as_str()),
            CtxFact::Connection => text(self.connection().map(ConnectionAlias::as_str)),
            CtxFact::Environment => match self.connection() {
                Some(alias) => environment(Environments::of(self.body, self.above, alias)),
                None => Seen::Absent,
            },
            CtxFact::Class => Seen::Text(self.facts.class.as_str()),
            CtxFact::DryRun => Seen::Flag(self.facts.dry_run),
            CtxFact::Time(window) => Seen::Flag(is_within(window, self.facts.at)),
        }
    }

    pub(super) fn holds(&self, node: &Node, section: Section) -> Truth {
        self.node(node, section, true)
    }

    /// `upright` is false inside an odd number of `not`s.
    fn node(&self, node: &Node, section: Section, upright: bool) -> Truth {
        let truth = match &node.test {
            NodeTest::Condition(condition) => self.condition(condition, section),
            NodeTest::All(nodes) => Truth::all(nodes.iter().map(|node| self.node(node, section, upright))),
            NodeTest::Any(nodes) => Truth::any(nodes.iter().map(|node| self.node(node, section, upright))),
            NodeTest::Not(node) => self.node(node, section, !upright).not(),
        };
        match (truth, node.on_missing) {
            (Truth::Missing { .. }, Some(on_missing)) => {
                let refuses = on_missing == OnMissing::Deny;
                let bites_when_true = section != Section::Require;
                Truth::of((refuses == bites_when_true) == upright)
            }
            _ => truth,
        }
    }

    pub(super) fn condition(&self, condition: &ConditionPlan, section: Section) -> Truth {
        let here = match (&condition.source, condition.steps.first(), self.effect) {
            // Values may be entered as a list, however many there are.
            (Source::Odoo(OdooFact::Values), Some(Step::Every | Step::Some), Some(effect))
                if !effect.values.is_empty() =>
            {
                Seen::List(List::Objects(&effect.values))
            }
            _ => self.seen(&condition.source),
        };
        walk(condition, &condition.steps, here, section)
    }
}

fn walk(condition: &ConditionPlan, steps: &[Step], here: Seen<'_>, section: Section) -> Truth {
    let Some((step, rest)) = steps.split_first() else {
        return match here.list() {
            _ if here.is_absent() => missing(condition),
            Some(list) if !condition.whole_lists => {
                over(list, section.every_by_default(), |item| judge(&condition.check, item))
            }
            _ => judge(&condition.check, here),
        };
    };
    match step {
        Step::Every | Step::Some => match here.list() {
            Some(list) => over(list, *step == Step::Every, |item| walk(condition, rest, item, section)),
            None if here.is_absent() => missing(condition),
            None => Truth::Unfit,
        },
        Step::Key(key) => match here.list() {
            Some(list) => {
                over(list, section.every_by_default(), |item| walk(condition, steps, item, section))
            }
            None => walk(condition, rest, here.member(key), section),
        },
    }
}

/// An empty list satisfies nothing.
fn over<'a>(list: List<'a>, every: bool, judge: impl Fn(Seen<'a>) -> Truth) -> Truth {
    match (list.len(), every) {
        (0, _) => Truth::No,
        (_, true) => Truth::all(list.iter().map(judge)),
        (_, false) => Truth::any(list.iter().map(judge)),
    }
}

fn missing(condition: &ConditionPlan) -> Truth {
    match &condition.check {
        Check::Exists(wanted) => Truth::of(!wanted),
        _ => Truth::Missing { negative: condition.negative },
    }
}

/// Every value at the end of a path, lists entered; `see` gets nothing for a way that ends early.
pub(super) fn each_value<'a>(steps: &[Step], here: Seen<'a>, see: &mut impl FnMut(Option<Seen<'a>>)) {
    each_value_until(|_| false, steps, here, see);
}

/// As above; a list at the end of the path that is `whole` is one value.
pub(super) fn each_value_until<'a>(
    whole: fn(Seen<'a>) -> bool,
    steps: &[Step],
    here: Seen<'a>,
    see: &mut impl FnMut(Option<Seen<'a>>),
) {
    if steps.is_empty() && whole(here) {
        see(Some(here));
        return;
    }
    if let Some(list) = here.list() {
        let rest = match steps.split_first() {
            Some((Step::Every | Step::Some, rest)) => rest,
            _ => steps,
        };
        list.iter().for_each(|item| each_value_until(whole, rest, item, see));
        return;
    }
    match steps.split_first() {
        None if here.is_absent() => see(None),
        None => see(Some(here)),
        Some((Step::Key(key), rest)) => match here.member(key) {
            Seen::Absent => see(None),
            inner => each_value_until(whole, rest, inner, see),
        },
        Some((Step::Every | Step::Some, _)) => see(None),
    }
}

/// Rules of several patterns may name several environments: then it is a list, so that a rule against
/// one of them holds, and one that requires one of them holds for all.
fn environment(named: Environments<'_>) -> Seen<'_> {
    let mut names = named.iter();
    match (names.next(), names.next()) {
        (None, _) => Seen::Absent,
        (Some(one), None) => Seen::Text(one),
        (Some(_), Some(_)) => Seen::List(List::Environments(named)),
    }
}

fn odoo(effect: &RecordEffect, fact: OdooFact) -> Seen<'_> {
    match fact {
        OdooFact::Connection => Seen::Text(effect.connection.as_str()),
        OdooFact::Model => Seen::Text(effect.model.as_str()),
        OdooFact::Method => Seen::Text(effect.method.as_str()),
        OdooFact::Op => Seen::Text(effect.operation.as_str()),
        OdooFact::Ids => effect.ids.as_deref().map_or(Seen::Absent, |ids| Seen::List(List::Ids(ids))),
        OdooFact::Values => match &*effect.values {
            [] => Seen::Absent,
            [one] => Seen::Object(one),
            several => Seen::List(List::Objects(several)),
        },
        OdooFact::Fields => Seen::List(List::Fields(&effect.fields_read)),
        OdooFact::DomainFields => Seen::List(List::Paths(&effect.fields_filtered)),
        OdooFact::Count => count(effect).map_or(Seen::Absent, Seen::Whole),
    }
}

/// Records that an effect names or makes; nothing where it does not say.
pub(super) fn count(effect: &RecordEffect) -> Option<u64> {
    let named = effect.ids.as_ref().map_or(0, Vec::len).max(effect.values.len());
    u64::try_from(named).ok().filter(|count| *count > 0)
}

pub(super) fn records(facts: &CallFacts) -> impl Iterator<Item = &RecordEffect> + Clone {
    facts.effects.iter().filter_map(Effect::records)
}

/// What the caller asked for.
pub(super) fn main_effects(facts: &CallFacts) -> impl Iterator<Item = &RecordEffect> + Clone {
    records(facts).filter(|effect| effect.part == Part::Main)
}

pub(super) fn first_connection(facts: &CallFacts) -> Option<&ConnectionAlias> {
    facts.effects.iter().find_map(|effect| match effect {
        Effect::Records(records) => Some(&records.connection),
        Effect::Connection { connection, .. } => Some(connection),
        Effect::Own { connection, .. } => connection.as_ref(),
        Effect::AllConnections { .. } | Effect::Memory { .. } => None,
    })
}

/// Is a moment within a window? `from` counts, `to` does not; a window that ends before it begins
/// goes over midnight and belongs to the day it begins on.
pub(super) fn is_within(window: &TimeWindow, at: jiff::Timestamp) -> bool {
    let local = window.zone.to_datetime(at);
    let (time, day) = (local.time(), usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0));
    let on = |day: usize| window.days.get(day % 7).copied().unwrap_or(false);
    if window.from < window.to {
        on(day) && window.from <= time && time < window.to
    } else {
        (on(day) && window.from <= time) || (on(day + 6) && time < window.to)
    }
}
