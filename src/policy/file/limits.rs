//! Reading limits, rates, counters and sizes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{
    document::{
        At, At64, Batch, CounterRule, InterceptState, LimitRule, Mode, Path, Rates, Root, Step, Unit, Weight,
    },
    keys, path,
    reader::{Object, Reader, rule_id},
    shape::shown,
    zone,
};
use crate::{
    facts::Decimal,
    policy::{CalendarUnit, Count, Scopes, Window},
};

/// Counters that a body declares, or that it inherits.
pub(super) type Counters = BTreeMap<Arc<str>, CounterRule>;

/// The name under which the short form counts.
const RATE_COUNTER: &str = "rate_limit";

impl<'a> Reader<'a> {
    /// The limits of one rule: no counter may stand twice.
    pub(super) fn limits(&mut self, object: &Object<'a>, counters: &Counters) -> Vec<LimitRule> {
        let mut limits: Vec<LimitRule> = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, value) in object.list("limits") {
            let Some(limit) = self.limit(&at, value, counters) else { continue };
            if !seen.insert(Arc::clone(&limit.counter)) {
                let message = format!("the counter `{}` stands twice in this rule", shown(&limit.counter));
                self.problem(&at, message);
            } else {
                limits.push(limit);
            }
        }
        limits
    }

    fn limit(&mut self, at: &str, value: &'a Value, counters: &Counters) -> Option<LimitRule> {
        let object = self.object(at, value, &keys::LIMIT)?;
        let counter = object.owned("counter");
        let declared = counter.as_ref().and_then(|counter| counters.get(counter));
        let window = self.window(&object, "window");
        let scopes = self.scopes(&object);
        let increment_from = object.text("increment_from").and_then(|text| weight(text).ok());
        let increment_from = increment_from.map(|it| At { at: rule_id(&object.place("increment_from")), it });
        let unit = object.text("unit").and_then(unit);
        let increment = object.get("increment").and_then(amount);
        let max = object.get("max").and_then(amount);
        let currency_from = fact_path(&object, "currency_from");
        let rates = object.get("rates").and_then(|value| self.rates(&object.place("rates"), value));
        let count = match object.text("count") {
            Some("attempts") => Some(Count::Attempts),
            Some("effects") => Some(Count::Effects),
            _ => None,
        };
        let (reason, name, mode) = (object.reason(), object.owned("name"), object.mode());
        object.done();
        self.declared_once(&object, declared, window.as_ref(), scopes, unit.as_ref());
        if declared.is_none() && !object.has("window") {
            let advice = "use \"minute\", \"hour\", \"day\", \"week\", \"month\" or a number of seconds";
            self.missing(at, "window", advice);
        }
        let declared_unit = declared.and_then(|declared| declared.unit.clone());
        self.weighing(&object, unit.as_ref().or(declared_unit.as_ref()), increment, increment_from.as_ref());
        Some(LimitRule {
            at: object.rule(),
            counter: counter?,
            window,
            max: max?,
            scopes,
            increment,
            increment_from,
            unit,
            currency_from,
            rates,
            count,
            reason,
            name,
            mode,
        })
    }

    /// A declared counter has one window, one scope and one unit, whoever charges it.
    fn declared_once(
        &mut self,
        object: &Object<'_>,
        declared: Option<&CounterRule>,
        window: Option<&Window>,
        scopes: Option<Scopes>,
        unit: Option<&Unit>,
    ) {
        let Some(declared) = declared else { return };
        let other = [
            ("window", window.is_some_and(|window| *window != declared.window)),
            ("scope", scopes.is_some_and(|scopes| scopes != declared.scopes)),
            ("unit", unit.is_some_and(|unit| Some(unit) != declared.unit.as_ref())),
        ];
        for (key, _) in other.into_iter().filter(|(_, differs)| *differs) {
            let message = format!("the counter declares another `{key}`; leave this one out");
            self.problem(&object.place(key), message);
        }
    }

    /// What is counted, by how much, and up to where have to fit each other.
    fn weighing(
        &mut self,
        object: &Object<'_>,
        unit: Option<&Unit>,
        increment: Option<Decimal>,
        from: Option<&At<Weight>>,
    ) {
        let by_path = matches!(from.map(|from| &from.it), Some(Weight::Path(_)));
        let money = matches!(unit, Some(Unit::Money(_)));
        if object.text("max").is_some() && !money && !by_path {
            let message = "use a whole number; a decimal in a text is for money and other amounts";
            self.problem(&object.place("max"), message);
        }
        if object.text("increment").is_some() && !money {
            self.problem(&object.place("increment"), "use a whole number; a decimal in a text is for money");
        }
        if increment.is_some_and(Decimal::is_zero) {
            self.problem(&object.place("increment"), "a weight of 0 never counts; leave the limit out");
        }
        let fits = match (unit, from.map(|from| &from.it)) {
            (None, _) | (_, None) => true,
            (Some(Unit::Calls), Some(_)) => false,
            (Some(Unit::Records), Some(weight)) => matches!(weight, Weight::Records | Weight::Path(_)),
            (Some(Unit::Rows), Some(weight)) => *weight == Weight::Rows,
            (Some(Unit::Bytes), Some(weight)) => *weight == Weight::Bytes,
            (Some(Unit::Money(_)), Some(weight)) => matches!(weight, Weight::Path(_)),
        };
        if !fits {
            self.problem(&object.place("increment_from"), "this weight is not of the `unit`");
        }
        if money && from.is_none() && increment.is_none() {
            let message = "money is counted by an amount: name its path with `increment_from`";
            self.problem(&object.place("unit"), message);
        }
        for key in ["currency_from", "rates"] {
            if object.has(key) && !money {
                self.problem(&object.place(key), "only an amount of money has a currency; set `unit`");
            }
        }
        let max = object.get("max").and_then(amount);
        let fixed = match (from, unit) {
            (Some(_), _) => None,
            (None, Some(Unit::Records | Unit::Rows | Unit::Bytes)) => increment,
            (None, _) => Some(increment.unwrap_or(Decimal::ONE)),
        };
        if let (Some(max), Some(fixed)) = (max, fixed)
            && max < fixed
            && !max.is_zero()
        {
            self.problem(&object.place("max"), "`max` is below the weight of one call; write 0 to deny");
        }
    }

    fn rates(&mut self, at: &str, value: &'a Value) -> Option<Rates> {
        let object = self.object(at, value, &keys::RATES)?;
        let mut rates = Vec::new();
        for (at, code, rate) in object.entries("rates") {
            match rate.as_str().and_then(|rate| Decimal::parse(rate).ok()) {
                Some(rate) if rate.is_zero() => self.problem(&at, "a rate is more than 0"),
                Some(rate) => rates.push((Arc::from(code), rate)),
                None => {}
            }
        }
        let date = object.owned("date");
        object.done();
        if date.as_deref().is_some_and(|date| date.parse::<jiff::civil::Date>().is_err()) {
            self.problem(&object.place("date"), "there is no such day");
        }
        Some(Rates { date: date?, rates })
    }

    /// `"10/hour"` or `{"max": 10, "window": 60}`.
    pub(super) fn rate_limit(&mut self, object: &Object<'a>) -> Option<LimitRule> {
        let (at, value) = (object.place("rate_limit"), object.get("rate_limit")?);
        let (max, window) = match value {
            Value::String(text) => {
                let (max, unit) = text.split_once('/')?;
                let window = if unit == "second" {
                    Window::Sliding { seconds: 1 }
                } else {
                    Window::Calendar { unit: calendar(unit)?, zone: None }
                };
                (max.parse::<u64>().ok(), Some(window))
            }
            value => {
                let rate = self.object(&at, value, &keys::RATE)?;
                let read = (rate.whole("max"), self.window(&rate, "window"));
                rate.done();
                read
            }
        };
        Some(LimitRule {
            at: rule_id(&at),
            counter: Arc::from(RATE_COUNTER),
            window: Some(window?),
            max: Decimal::from(max?),
            scopes: None,
            increment: None,
            increment_from: None,
            unit: None,
            currency_from: None,
            rates: None,
            count: None,
            reason: None,
            name: None,
            mode: Mode::Enforce,
        })
    }

    pub(super) fn intercept_state(&mut self, at: &str, value: &'a Value) -> Option<InterceptState> {
        let object = self.object(at, value, &keys::INTERCEPT_STATE)?;
        let increment_from = object.text("increment_from").and_then(|text| weight(text).ok());
        let state = (
            object.owned("counter"),
            self.window(&object, "window"),
            object.get("increment").and_then(amount),
            increment_from.map(|it| At { at: rule_id(&object.place("increment_from")), it }),
        );
        object.done();
        let (counter, window, increment, increment_from) = state;
        if increment.is_some_and(Decimal::is_zero) {
            self.problem(&object.place("increment"), "a weight of 0 never counts");
        }
        Some(InterceptState {
            at: object.rule(),
            counter: counter?,
            window: window?,
            increment,
            increment_from,
        })
    }

    pub(super) fn counter(&mut self, at: &str, value: &'a Value) -> Option<CounterRule> {
        let object = self.object(at, value, &keys::COUNTER)?;
        let window = self.window(&object, "window");
        let scopes = self.scopes(&object).unwrap_or(Scopes { grant: true, ..Scopes::default() });
        let unit = object.text("unit").and_then(unit);
        object.done();
        Some(CounterRule { at: object.rule(), window: window?, scopes, unit })
    }

    /// A window, in the zone that the same object may name.
    fn window(&mut self, object: &Object<'_>, key: &str) -> Option<Window> {
        let tz = if object.knows("tz") { object.text("tz") } else { None };
        match object.get(key)? {
            Value::String(name) => {
                let zone = tz.and_then(|tz| zone::find(tz).ok());
                let zone = zone.and_then(|zone| zone.iana_name().map(Arc::from));
                Some(Window::Calendar { unit: calendar(name)?, zone })
            }
            value => {
                if tz.is_some() {
                    self.problem(&object.place("tz"), "a window of seconds slides, whatever the time zone");
                }
                Some(Window::Sliding { seconds: value.as_u64().and_then(|s| u32::try_from(s).ok())? })
            }
        }
    }

    pub(super) fn scopes(&self, object: &Object<'_>) -> Option<Scopes> {
        let words: Vec<&str> = match object.get("scope")? {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let mut scopes = Scopes::default();
        for word in &words {
            match *word {
                "grant" => scopes.grant = true,
                "user" => scopes.user = true,
                "client" => scopes.client = true,
                "connection" => scopes.connection = true,
                "tool" => scopes.tool = true,
                _ => {}
            }
        }
        Some(scopes)
    }

    pub(super) fn batch(&mut self, object: &Object<'a>) -> Batch {
        let at = object.place("batch");
        let Some(value) = object.get("batch") else { return Batch::default() };
        let Some(object) = self.object(&at, value, &keys::BATCH) else { return Batch::default() };
        let size = |key: &str| object.whole(key).map(|it| At64 { at: rule_id(&object.place(key)), it });
        let batch =
            Batch { ids: size("ids"), values: size("values"), rows: size("rows"), bytes: size("bytes") };
        object.done();
        batch
    }
}

/// A path among the facts, as a value of its own.
fn fact_path(object: &Object<'_>, key: &str) -> Option<At<Path>> {
    let it = path::read_fact(object.text(key)?).ok()?;
    Some(At { at: rule_id(&object.place(key)), it })
}

/// Reads where a weight comes from.
pub(super) fn weight(text: &str) -> Result<Weight, String> {
    match text {
        "rows" => return Ok(Weight::Rows),
        "bytes" => return Ok(Weight::Bytes),
        "odoo.count" => return Ok(Weight::Records),
        _ => {}
    }
    let path = path::read(text)?;
    let is_amount = match (path.root, path.steps.first()) {
        (Root::Args, _) => true,
        (Root::Odoo, Some(Step::Key(member))) => &**member == "values" && path.steps.len() > 1,
        _ => false,
    };
    if !is_amount {
        return Err(format!(
            "`{}` is no amount; use `odoo.count`, `rows`, `bytes`, `args.NAME` or `odoo.values.NAME`",
            shown(text)
        ));
    }
    Ok(Weight::Path(path))
}

fn unit(text: &str) -> Option<Unit> {
    Some(match text {
        "calls" => Unit::Calls,
        "records" => Unit::Records,
        "rows" => Unit::Rows,
        "bytes" => Unit::Bytes,
        text => Unit::Money(Arc::from(text.strip_prefix("money:")?)),
    })
}

fn calendar(name: &str) -> Option<CalendarUnit> {
    Some(match name {
        "minute" => CalendarUnit::Minute,
        "hour" => CalendarUnit::Hour,
        "day" => CalendarUnit::Day,
        "week" => CalendarUnit::Week,
        "month" => CalendarUnit::Month,
        _ => return None,
    })
}

/// A whole number, or a decimal in a text.
fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.as_u64().map(Decimal::from),
        Value::String(text) => Decimal::parse(text).ok(),
        _ => None,
    }
}
