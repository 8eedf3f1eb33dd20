//! The currency of an amount: what one unit of it is in that of the limit.
//!
//! A text is a code. An id, and a currency that is not named and so is the company's, need the
//! currencies of the connection; those are asked for once, and an id they do not hold has no rate.

use serde_json::Value;
use smallvec::SmallVec;

use super::{
    limits::Unweighable,
    look::{View, each_value, each_value_until},
    seen::{List, Seen},
};
use crate::{
    facts::{ConnectionAlias, Decimal, JsonObject, RecordEffect},
    policy::{
        file::document::Step,
        plan::{MoneyPlan, OdooFact, ReadPath, Source},
    },
};

/// The companies that Odoo works with; the first is the one that new records belong to.
const COMPANIES: &str = "allowed_company_ids";
const COMPANY: &str = "company_id";

/// What only the connection can tell before an amount can be counted.
#[derive(Debug, Default)]
pub(super) struct Unknown<'a> {
    /// Connections whose currencies have to be known.
    pub(super) currencies: SmallVec<[&'a ConnectionAlias; 1]>,
    /// A default of the context may be the currency; the definitions say so.
    pub(super) defaults: bool,
}

/// What one unit of the call's currency is in that of the limit. An amount in several currencies with
/// different rates has none.
pub(super) fn rate<'a, E>(
    view: &View<'a>,
    money: &MoneyPlan,
    effects: &E,
    unknown: &mut Unknown<'a>,
) -> Result<Decimal, Unweighable>
where
    E: Iterator<Item = &'a RecordEffect> + Clone,
{
    let Some(ReadPath { source, steps, .. }) = &money.from else { return Ok(Decimal::ONE) };
    let mut rates = Rates { view, money, unknown, found: None };
    match source {
        Source::Odoo(OdooFact::Values) => {
            // The values are gone through one by one, for each may be of another company.
            let steps = within_values(source, steps);
            for effect in effects.clone() {
                for values in of_effect(effect) {
                    let here = values.map_or(Seen::Absent, Seen::Object);
                    let place = Some(Place { effect, values });
                    each_value_until(is_pair, steps, here, &mut |value| rates.add(value, place));
                }
            }
        }
        Source::Odoo(_) => {
            for effect in effects.clone() {
                each_value(steps, view.of(Some(effect)).seen(source), &mut |value| {
                    rates.add_of(value, effect)
                });
            }
        }
        _ => each_value_until(is_pair, steps, view.seen(source), &mut |value| {
            if effects.clone().next().is_none() {
                rates.add(value, None);
            }
            effects.clone().for_each(|effect| rates.add_of(value, effect));
        }),
    }
    rates.found.unwrap_or(Err(Unweighable::Currency))
}

/// The steps within one value object: a step into the list of them is taken, however many there are.
pub(super) fn within_values<'s>(source: &Source, steps: &'s [Step]) -> &'s [Step] {
    match (source, steps.split_first()) {
        (Source::Odoo(OdooFact::Values), Some((Step::Every | Step::Some, rest))) => rest,
        _ => steps,
    }
}

/// Where an amount goes.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    effect: &'a RecordEffect,
    values: Option<&'a JsonObject>,
}

/// The value objects of an effect; one that is none, where there are none.
fn of_effect(effect: &RecordEffect) -> impl Iterator<Item = Option<&JsonObject>> {
    let none = effect.values.is_empty().then_some(None);
    effect.values.iter().map(Some).chain(none)
}

struct Rates<'a, 'r> {
    view: &'r View<'a>,
    money: &'r MoneyPlan,
    unknown: &'r mut Unknown<'a>,
    found: Option<Result<Decimal, Unweighable>>,
}

impl<'a> Rates<'a, '_> {
    fn add_of(&mut self, value: Option<Seen<'_>>, effect: &'a RecordEffect) {
        of_effect(effect).for_each(|values| self.add(value, Some(Place { effect, values })));
    }

    fn add(&mut self, value: Option<Seen<'_>>, place: Option<Place<'a>>) {
        let rate = self.rate_of(value, place);
        self.found = Some(match (self.found, rate) {
            (Some(Ok(one)), Ok(two)) if one != two => Err(Unweighable::Currency),
            // What has no rate is refused without asking for the rest.
            (Some(Err(Unweighable::Currency)), _) | (_, Err(Unweighable::Currency)) => {
                Err(Unweighable::Currency)
            }
            (Some(Err(why)), _) | (_, Err(why)) => Err(why),
            (_, Ok(rate)) => Ok(rate),
        });
    }

    fn rate_of(&mut self, value: Option<Seen<'_>>, place: Option<Place<'a>>) -> Result<Decimal, Unweighable> {
        if let Some(code) = value.and_then(Seen::text) {
            return self.rate_of_code(Some(code));
        }
        let Some(place) = place else {
            // Where nothing is done in Odoo there is no company, and the currency is the limit's.
            return if value.is_none() { Ok(Decimal::ONE) } else { Err(Unweighable::Currency) };
        };
        let facts = self.view.facts;
        let named = value.map(|value| record_id(value).ok_or(Unweighable::Currency)).transpose()?;
        let company = if named.is_none() { company(place)? } else { None };
        if named.is_none() && !facts.found.unfolded && place.effect.defaults().next().is_some() {
            self.unknown.defaults = true;
            return Err(Unweighable::Unasked);
        }
        let Some(currencies) = &facts.found.currencies else {
            let connection = &place.effect.connection;
            if !self.unknown.currencies.contains(&connection) {
                self.unknown.currencies.push(connection);
            }
            return Err(Unweighable::Unasked);
        };
        let table = currencies.of(&place.effect.connection).ok_or(Unweighable::Currency)?;
        self.rate_of_code(match named {
            Some(id) => table.code(id),
            None => table.of_company(company),
        })
    }

    fn rate_of_code(&self, code: Option<&str>) -> Result<Decimal, Unweighable> {
        let code = code.ok_or(Unweighable::Currency)?;
        if *code == *self.money.currency {
            return Ok(Decimal::ONE);
        }
        let known = self.money.rates.iter().find(|(known, _)| **known == *code);
        known.map(|(_, rate)| *rate).ok_or(Unweighable::Currency)
    }
}

/// The company that an amount is of, where the call names one.
fn company(place: Place<'_>) -> Result<Option<i64>, Unweighable> {
    match place.values.and_then(|values| values.get(COMPANY)) {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(company) => return record_id(Seen::Json(company)).ok_or(Unweighable::Currency).map(Some),
    }
    let allowed = match place.effect.context.get(COMPANIES) {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(allowed) => allowed.as_array().ok_or(Unweighable::Currency)?,
    };
    match allowed.first() {
        None => Ok(None),
        Some(first) => record_id(Seen::Json(first)).ok_or(Unweighable::Currency).map(Some),
    }
}

/// A many2one as it is written or as it was read: an id, `[id, name]` or `{"id": id}`.
fn record_id(value: Seen<'_>) -> Option<i64> {
    let id = match value {
        Seen::Id(id) => id,
        Seen::Json(Value::Number(number)) => number.as_i64()?,
        Seen::Json(Value::Object(members)) => members.get("id")?.as_i64()?,
        _ if is_pair(value) => match value {
            Seen::Json(pair) => pair.get(0)?.as_i64()?,
            Seen::List(List::Json(pair)) => pair.first()?.as_i64()?,
            _ => return None,
        },
        _ => return None,
    };
    (id > 0).then_some(id)
}

/// `[id, name]`: one record, not a list of two values.
fn is_pair(value: Seen<'_>) -> bool {
    let items = match value {
        Seen::Json(Value::Array(items)) => items.as_slice(),
        Seen::List(List::Json(items)) => items,
        _ => return false,
    };
    matches!(items, [Value::Number(_), Value::String(_)])
}
