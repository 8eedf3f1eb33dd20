//! Limits, compiled: the counter they charge, and where the weight of a call comes from.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    build::Builder,
    conditions::{Source, named},
    tools::ReadPath,
};
use crate::{
    facts::Decimal,
    policy::{
        Count, CounterId, Limit, Measure, RuleId, Scopes, Window,
        file::document::{
            Condition, InterceptRule, InterceptState, LimitRule, Mode, Op, Root, Step, Unit, Weight,
        },
    },
};

/// The namespace of counters that several tools share.
const DECLARED: &str = "counters";
/// A counter that only other tools read is not limited by itself.
const UNLIMITED: Decimal = Decimal::whole(1_000_000_000_000_000_000_000_000_000_000);
/// What "less than" leaves of an amount: smaller steps than any currency has.
const LEAST_STEP: &str = "0.000000001";

/// A limit and the weight of a call under it.
#[derive(Debug)]
pub(in crate::policy) struct LimitPlan {
    pub(in crate::policy) limit: Arc<Limit>,
    pub(in crate::policy) weight: WeightPlan,
    pub(in crate::policy) money: Option<MoneyPlan>,
}

#[derive(Debug, Clone)]
pub(in crate::policy) enum WeightPlan {
    Fixed(Decimal),
    Records,
    Rows,
    Bytes,
    Path { text: Arc<str>, source: Source, steps: Box<[Step]> },
}

/// The currency of an amount.
#[derive(Debug)]
pub(in crate::policy) struct MoneyPlan {
    pub(in crate::policy) currency: Arc<str>,
    pub(in crate::policy) from: Option<ReadPath>,
    pub(in crate::policy) rates: Box<[(Arc<str>, Decimal)]>,
}

/// Counters that rules of the older language declare: by the tool's entry and the counter's name.
pub(super) type States<'a> = BTreeMap<(&'a str, &'a str), &'a InterceptState>;

impl Builder<'_> {
    /// `namespace` says to whom the counter belongs, such as `tools/odoo_write`.
    pub(super) fn limit(&mut self, rule: &LimitRule, namespace: &str, shadow: bool) -> LimitPlan {
        let declared = self.counter(&rule.counter);
        let by_grant = Scopes { grant: true, ..Scopes::default() };
        let counter = match &declared {
            Some((body, counter)) => CounterId {
                body: Arc::clone(body),
                namespace: Arc::from(DECLARED),
                name: Arc::clone(&rule.counter),
                window: counter.window.clone(),
                scopes: counter.scopes,
            },
            None => CounterId {
                body: Arc::clone(&self.body_name),
                namespace: Arc::from(namespace),
                name: Arc::clone(&rule.counter),
                window: self.window(rule),
                scopes: rule.scopes.unwrap_or(by_grant),
            },
        };
        let unit = rule.unit.clone().or_else(|| declared.and_then(|(_, counter)| counter.unit));
        let weight = self.weight(rule.increment_from.as_ref(), rule.increment, unit.as_ref());
        let at_index = rule.at.0.rsplit('/').next().is_some_and(|last| last.parse::<u32>().is_ok());
        let name = rule.name.as_ref().or_else(|| at_index.then_some(&rule.counter));
        let limit = Limit {
            counter,
            max: rule.max,
            measure: measure(&weight),
            count: rule.count.unwrap_or(match weight {
                WeightPlan::Fixed(_) => Count::Attempts,
                _ => Count::Effects,
            }),
            rule: rule.at.clone(),
            rule_name: named(&rule.at, name),
            reason: rule.reason.clone(),
            shadow: shadow || rule.mode == Mode::Shadow,
        };
        let money = match unit {
            Some(Unit::Money(currency)) => {
                let from = rule.currency_from.as_ref().map(|from| {
                    let (source, steps) = self.source(&from.at, &from.it);
                    ReadPath { text: Arc::clone(&from.it.text), source, steps }
                });
                let rates = rule.rates.as_ref().map(|rates| rates.rates.clone().into()).unwrap_or_default();
                Some(MoneyPlan { currency, from, rates })
            }
            _ => None,
        };
        LimitPlan { limit: Arc::new(limit), weight, money }
    }

    fn window(&mut self, rule: &LimitRule) -> Window {
        rule.window.clone().unwrap_or_else(|| {
            self.problem(&rule.at, "a limit needs a window, or a counter that is declared".to_owned());
            Window::Sliding { seconds: 1 }
        })
    }

    fn weight(
        &mut self,
        from: Option<&crate::policy::file::document::At<Weight>>,
        fixed: Option<Decimal>,
        unit: Option<&Unit>,
    ) -> WeightPlan {
        match (from.map(|from| (&from.at, &from.it)), unit) {
            (Some((_, Weight::Records)), _) => WeightPlan::Records,
            (Some((_, Weight::Rows)), _) => WeightPlan::Rows,
            (Some((_, Weight::Bytes)), _) => WeightPlan::Bytes,
            (Some((at, Weight::Path(path))), _) => {
                let (source, steps) = self.source(at, path);
                WeightPlan::Path { text: Arc::clone(&path.text), source, steps }
            }
            (None, Some(Unit::Records)) if fixed.is_none() => WeightPlan::Records,
            (None, Some(Unit::Rows)) if fixed.is_none() => WeightPlan::Rows,
            (None, Some(Unit::Bytes)) if fixed.is_none() => WeightPlan::Bytes,
            (None, _) => WeightPlan::Fixed(fixed.unwrap_or(Decimal::ONE)),
        }
    }

    /// The caps that rules of the older language set on counters. A counter that two rules cap is
    /// charged once and held to the lower one; a counter of another tool is looked at, not charged.
    pub(super) fn caps(
        &mut self,
        entry: &str,
        rules: &[InterceptRule],
        states: &States<'_>,
        read_elsewhere: &dyn Fn(&str) -> bool,
        shadow: bool,
    ) -> Vec<LimitPlan> {
        let mut own: BTreeMap<&str, (Decimal, &InterceptRule)> = BTreeMap::new();
        let mut caps = Vec::new();
        for rule in rules {
            for condition in rule.conditions.iter().filter(|condition| condition.path.root == Root::State) {
                let Some(((tool, counter), state)) = self.state(condition, states) else { continue };
                let Some(max) = self.cap(condition, state) else { continue };
                if tool == entry {
                    let held = own.entry(counter).or_insert((max, rule));
                    if max < held.0 {
                        *held = (max, rule);
                    }
                } else {
                    let weight = WeightPlan::Fixed(Decimal::ZERO);
                    caps.push(self.state_limit(tool, counter, state, max, rule, weight, shadow));
                }
            }
        }
        for rule in rules {
            let Some(state) = &rule.state else { continue };
            let weight = self.weight(state.increment_from.as_ref(), state.increment, None);
            match own.get(&*state.counter) {
                Some((max, capping)) => {
                    caps.push(self.state_limit(entry, &state.counter, state, *max, capping, weight, shadow));
                }
                None if read_elsewhere(&state.counter) => {
                    caps.push(self.state_limit(
                        entry,
                        &state.counter,
                        state,
                        UNLIMITED,
                        rule,
                        weight,
                        shadow,
                    ));
                }
                None => {}
            }
        }
        caps
    }

    fn state<'s>(
        &mut self,
        condition: &'s Condition,
        states: &States<'s>,
    ) -> Option<((&'s str, &'s str), &'s InterceptState)> {
        if let [Step::Key(tool), Step::Key(counter)] = condition.path.steps.as_slice()
            && let Some(state) = states.get(&(&**tool, &**counter))
        {
            return Some(((tool, counter), state));
        }
        self.problem(&condition.at, format!("no rule counts `{}`", condition.path.text));
        None
    }

    fn cap(&mut self, condition: &Condition, state: &InterceptState) -> Option<Decimal> {
        let max = match &condition.value {
            serde_json::Value::Number(number) => Decimal::of_json(number).ok(),
            serde_json::Value::String(text) => Decimal::parse(text).ok(),
            _ => None,
        };
        let step = || match state.increment_from {
            None => Some(Decimal::ONE),
            Some(_) => Decimal::parse(LEAST_STEP).ok(),
        };
        let max = match condition.op {
            Op::Lte => max,
            Op::Lt => max.and_then(|max| max.checked_sub(step()?)),
            _ => None,
        };
        if max.is_none() {
            self.problem(&condition.at, "a counter can be capped with `lt` or `lte` and a number".to_owned());
        }
        max
    }

    #[expect(clippy::too_many_arguments, reason = "they are the members of one limit")]
    fn state_limit(
        &self,
        tool: &str,
        counter: &str,
        state: &InterceptState,
        max: Decimal,
        rule: &InterceptRule,
        weight: WeightPlan,
        shadow: bool,
    ) -> LimitPlan {
        let limit = Limit {
            counter: CounterId {
                body: Arc::clone(&self.body_name),
                namespace: Arc::from(format!("tools/{tool}")),
                name: Arc::from(counter),
                window: state.window.clone(),
                scopes: Scopes { grant: true, ..Scopes::default() },
            },
            max,
            measure: measure(&weight),
            count: if matches!(weight, WeightPlan::Fixed(_)) { Count::Attempts } else { Count::Effects },
            rule: rule.at.clone(),
            rule_name: named(&rule.at, rule.name.as_ref()),
            reason: rule.reason.clone(),
            shadow,
        };
        LimitPlan { limit: Arc::new(limit), weight, money: None }
    }
}

fn measure(weight: &WeightPlan) -> Measure {
    match weight {
        WeightPlan::Rows => Measure::Rows,
        WeightPlan::Bytes => Measure::Bytes,
        WeightPlan::Fixed(_) | WeightPlan::Records | WeightPlan::Path { .. } => Measure::Stated,
    }
}

/// The place of a rule in words of counters: without the leading slash.
pub(super) fn namespace_of(at: &RuleId, body: &str) -> String {
    let inner = at.0.strip_prefix(&format!("/grants/{body}")).unwrap_or(&at.0);
    inner.trim_start_matches('/').to_owned()
}
