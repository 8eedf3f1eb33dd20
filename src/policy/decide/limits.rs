//! Limits: what a call weighs, whether that could be allowed at all, and the charges that follow.
//!
//! Deliberately absent: what is left of a counter. The ledger knows, and says so after the decision.

use super::{
    findings::{Findings, Said, step},
    look::{View, count, each_value},
    money::{self, Unknown},
    seen::Seen,
    sizes,
};
use crate::{
    facts::{CallFacts, Decimal, RecordEffect},
    policy::{
        DenialKind, NextStep, Scope, Scopes,
        plan::{LimitPlan, Source, WeightPlan},
    },
};

/// What an answer is taken to weigh where nothing bounds it: tools cut answers before this.
const ANSWER_BYTES: Decimal = Decimal::whole(400_000);

/// Why a call cannot be weighed, in a sentence.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unweighable {
    Missing,
    NotExact,
    Negative,
    Unbounded,
    Currency,
    /// Only the connection can tell, and it has not been asked.
    Unasked,
}

/// Judges limits and charges them. `effects` are those that the rule is about: the main ones for a
/// tool's rule, one of its own for a model's. With `reserve` false, nothing is charged, but what could
/// never be allowed is refused all the same.
pub(super) fn judge_limits<'a, E>(
    view: &View<'a>,
    limits: &'a [LimitPlan],
    effects: &E,
    reserve: bool,
    out: &mut Findings<'a>,
) where
    E: Iterator<Item = &'a RecordEffect> + Clone,
{
    for plan in limits {
        let limit = &plan.limit;
        let said = Said::by_limit(limit);
        let amount = match weigh(view, plan, effects, &mut out.unknown) {
            Ok(amount) => amount,
            Err(Unweighable::Unasked) => {
                out.tell(step::LIMITS, &limit.rule, "asks Odoo", || wording(plan, Unweighable::Unasked));
                continue;
            }
            Err(why) => {
                let next = match why {
                    Unweighable::Unbounded => NextStep::Narrow,
                    _ => NextStep::ChangeArguments,
                };
                let reason = || wording(plan, why);
                out.refuse_as(step::LIMITS, said, DenialKind::BadAmount, next, reason);
                continue;
            }
        };
        // A limit of nothing denies, also what weighs nothing.
        if amount > limit.max || limit.max.is_zero() {
            refuse_too_much(plan, amount, out);
            continue;
        }
        let word = if reserve && !limit.shadow { "charges" } else { "would charge" };
        out.tell(step::LIMITS, &limit.rule, word, || format!("{amount} of {}", limit.describe()));
        if reserve {
            let scope = scope(view, limit.counter.scopes);
            if out.charge(limit, scope, amount).is_err() {
                refuse_too_much(plan, amount, out);
            }
        }
    }
}

fn refuse_too_much(plan: &LimitPlan, amount: Decimal, out: &mut Findings<'_>) {
    let limit = &plan.limit;
    let next = match plan.weight {
        _ if limit.max.is_zero() => NextStep::Stop,
        WeightPlan::Fixed(_) => NextStep::Stop,
        WeightPlan::Records | WeightPlan::Rows | WeightPlan::Bytes => NextStep::Narrow,
        WeightPlan::Path { .. } => NextStep::ChangeArguments,
    };
    out.refuse_as(step::LIMITS, Said::by_limit(limit), DenialKind::Limited, next, || match &limit.reason {
        Some(reason) => reason.to_string(),
        None => match plan.weight {
            // An amount may be the value of a field that is hidden, and a reason is shown and kept.
            WeightPlan::Path { .. } => {
                format!("the limit is {}, and this call alone is more", limit.describe())
            }
            _ => format!("the limit is {}, and this call alone counts {amount}", limit.describe()),
        },
    });
    if let Some(refusal) = out.refusal.as_mut().filter(|held| limit.max.is_zero() && held.rule == limit.rule)
    {
        refusal.remaining = Some(limit.counter.name.clone());
    }
}

/// What tells this call's counter from others'.
fn scope(view: &View<'_>, scopes: Scopes) -> Scope {
    let caller = &view.facts.caller;
    let connection = if scopes.connection { view.connection() } else { None };
    // Two users may each have a connection of one name, and those are two connections.
    let is_own = connection.is_some_and(|alias| view.facts.found.own_connections.contains(alias));
    Scope {
        grant: scopes.grant.then(|| caller.grant.clone()),
        user: (scopes.user || is_own).then(|| caller.user.clone()),
        client: if scopes.client { caller.client.clone() } else { None },
        connection: connection.cloned(),
        tool: scopes.tool.then_some(view.facts.tool.name),
    }
}

fn weigh<'a, E>(
    view: &View<'a>,
    plan: &LimitPlan,
    effects: &E,
    unknown: &mut Unknown<'a>,
) -> Result<Decimal, Unweighable>
where
    E: Iterator<Item = &'a RecordEffect> + Clone,
{
    let sum_of = |weigh: &dyn Fn(&RecordEffect) -> Result<u64, Unweighable>| {
        let mut sum = None;
        for effect in effects.clone() {
            let weight = Decimal::from(weigh(effect)?);
            sum = Some(sum.unwrap_or(Decimal::ZERO).checked_add(weight).ok_or(Unweighable::NotExact)?);
        }
        Ok::<Option<Decimal>, Unweighable>(sum)
    };
    match &plan.weight {
        WeightPlan::Fixed(amount) => Ok(*amount),
        WeightPlan::Records => {
            sum_of(&|effect| count(effect).ok_or(Unweighable::Missing))?.ok_or(Unweighable::Missing)
        }
        WeightPlan::Rows => {
            let rows = sum_of(&|effect| sizes::rows(effect).ok_or(Unweighable::Unbounded))?;
            Ok(rows.unwrap_or(Decimal::ZERO))
        }
        WeightPlan::Bytes => Ok(ANSWER_BYTES.min(plan.limit.max)),
        WeightPlan::Path { source, steps, .. } => {
            let mut sum = Sum(None);
            if matches!(source, Source::Odoo(_)) {
                let steps = money::within_values(source, steps);
                for effect in effects.clone() {
                    each_value(steps, view.of(Some(effect)).seen(source), &mut |value| sum.add(value));
                }
            } else {
                each_value(steps, view.seen(source), &mut |value| sum.add(value));
            }
            let amount = sum.0.unwrap_or(Err(Unweighable::Missing))?;
            match &plan.money {
                Some(money) => {
                    let rate = money::rate(view, money, effects, unknown)?;
                    amount.checked_mul(rate).ok_or(Unweighable::NotExact)
                }
                None => Ok(amount),
            }
        }
    }
}

/// Amounts added up, until one of them is none.
struct Sum(Option<Result<Decimal, Unweighable>>);

impl Sum {
    fn add(&mut self, value: Option<Seen<'_>>) {
        let so_far = self.0.unwrap_or(Ok(Decimal::ZERO));
        let sum = so_far.and_then(|sum| {
            let amount = value.ok_or(Unweighable::Missing)?.number().ok_or(Unweighable::NotExact)?;
            if amount.is_negative() {
                return Err(Unweighable::Negative);
            }
            sum.checked_add(amount).ok_or(Unweighable::NotExact)
        });
        self.0 = Some(sum);
    }
}

fn wording(plan: &LimitPlan, why: Unweighable) -> String {
    let of = match &plan.weight {
        WeightPlan::Path { text, .. } => format!("`{text}`"),
        WeightPlan::Records => "the number of records".to_owned(),
        WeightPlan::Rows => "the number of rows".to_owned(),
        WeightPlan::Bytes | WeightPlan::Fixed(_) => "the weight".to_owned(),
    };
    match why {
        Unweighable::Missing => format!("{of} is missing, and a limit counts it"),
        Unweighable::NotExact => format!("{of} is no number that can be counted exactly"),
        Unweighable::Negative => format!("{of} is negative, and a limit counts it"),
        Unweighable::Unbounded => format!("{of} has no bound, and a limit counts it"),
        Unweighable::Unasked => format!("which currency {of} is in"),
        Unweighable::Currency => {
            let currency = plan.money.as_ref().map_or("", |money| &*money.currency);
            format!("the limit counts {currency}, and the call's currency has no rate to it")
        }
    }
}

/// Does a rehearsal count?
pub(super) fn reserves(facts: &CallFacts, counts_dry_runs: bool) -> bool {
    !facts.dry_run || counts_dry_runs
}
