//! What a call weighs under a limit, in millionths; nothing where that cannot be said exactly.

use serde_json::{Value, json};

use super::{
    currencies,
    decide::Bodies,
    look::{count, list, text},
    truth::scaled,
};

const MILLION: i128 = 1_000_000;
/// An answer without a bound is taken to be so long.
const ANSWER_BYTES: i128 = 400_000 * MILLION;

/// The most that a limit allows.
pub(super) fn most(limit: &Value) -> i128 {
    let max = match limit {
        Value::String(rate) => scaled(rate.split('/').next().unwrap()),
        limit => match &limit["max"] {
            Value::String(text) => scaled(text),
            number => scaled(&number.to_string()),
        },
    };
    max.unwrap()
}

/// Is an amount what the limit allows at most? A limit of nothing denies, also what weighs nothing.
pub(super) fn fits(limit: &Value, amount: i128) -> bool {
    if most(limit) == 0 {
        return false;
    }
    if limit.get("below") == Some(&json!(true)) { amount < most(limit) } else { amount <= most(limit) }
}

/// `views` are the facts with each effect that the rule is about; `plain` those without one.
pub(super) fn weight(
    bodies: &Bodies<'_>,
    at: &str,
    limit: &Value,
    views: &[Value],
    effects: &[&Value],
    plain: &Value,
) -> Option<i128> {
    let (from, unit) = from(bodies, at, limit);
    match from {
        "" => scaled(&limit.get("increment").unwrap_or(&json!(1)).to_string()),
        "odoo.count" => {
            let counts: Option<Vec<usize>> = effects.iter().map(|effect| count(effect)).collect();
            let counts = counts.filter(|counts| !counts.is_empty())?;
            Some(i128::try_from(counts.iter().sum::<usize>()).unwrap() * MILLION)
        }
        "rows" => {
            let rows: Option<Vec<u64>> = effects.iter().map(|effect| rows(effect)).collect();
            Some(i128::from(rows?.iter().sum::<u64>()) * MILLION)
        }
        "bytes" => Some(ANSWER_BYTES.min(most(limit))),
        path => {
            let amounts = each(path, views, plain);
            if amounts.is_empty() {
                return None;
            }
            let mut sum = 0;
            for amount in amounts {
                let amount = scaled(&amount?.as_number()?.to_string())?;
                if amount < 0 {
                    return None;
                }
                sum += amount;
            }
            match (unit.strip_prefix("money:"), text(limit, "currency_from")) {
                (Some(unit), from) if !from.is_empty() => {
                    let rate = rate(unit, limit, &currencies::named(from, unit, effects, plain))?;
                    Some(sum * rate / MILLION)
                }
                _ => Some(sum),
            }
        }
    }
}

/// Where the weight comes from, and its unit, which a declared counter may say.
fn from<'a>(bodies: &Bodies<'a>, at: &str, limit: &'a Value) -> (&'a str, &'a str) {
    let mut declared = bodies.declared(at, "counters").into_iter().rev();
    let declared = declared.find(|(name, _)| *name == text(limit, "counter")).map(|(_, rule)| rule);
    let unit = match text(limit, "unit") {
        "" => declared.map_or("", |rule| text(rule, "unit")),
        unit => unit,
    };
    let from = match (text(limit, "increment_from"), limit.get("increment"), unit) {
        ("", None, "records") => "odoo.count",
        ("", None, "rows") => "rows",
        ("", None, "bytes") => "bytes",
        (from, ..) => from,
    };
    (from, unit)
}

/// What one unit of the named currency is worth; several currencies with different rates are none.
fn rate(unit: &str, limit: &Value, named: &[Option<String>]) -> Option<i128> {
    let mut found = None;
    for currency in named {
        let rate = match currency.as_deref()? {
            code if code == unit => MILLION,
            code => scaled(limit.pointer(&format!("/rates/rates/{code}"))?.as_str()?)?,
        };
        if found.is_some_and(|found| found != rate) {
            return None;
        }
        found = Some(rate);
    }
    found
}

/// Every value at the end of a path; nothing for a way that ends early.
fn each<'a>(path: &str, views: &'a [Value], plain: &'a Value) -> Vec<Option<&'a Value>> {
    // `lines[*]` is a step to the lines, and one that needs a list there.
    let steps: Vec<&str> = path
        .split('.')
        .flat_map(|step| match step.strip_suffix("[*]") {
            Some(key) => vec![key, "[*]"],
            None => vec![step],
        })
        .collect();
    let mut found = Vec::new();
    if path.starts_with("odoo.") {
        views.iter().for_each(|view| collect(&steps, view, &mut found));
    } else {
        collect(&steps, plain, &mut found);
    }
    found
}

fn collect<'a>(steps: &[&str], here: &'a Value, found: &mut Vec<Option<&'a Value>>) {
    if let Value::Array(items) = here {
        let steps = steps.strip_prefix(&["[*]"]).unwrap_or(steps);
        items.iter().for_each(|item| collect(steps, item, found));
        return;
    }
    match steps.split_first() {
        None => found.push(Some(here)),
        Some((step, rest)) => match here.get(step) {
            None => found.push(None),
            Some(inner) => collect(rest, inner, found),
        },
    }
}

/// Most rows that can come back.
pub(super) fn rows(effect: &Value) -> Option<u64> {
    let bound = effect.get("row_bound").and_then(Value::as_u64);
    if matches!(text(effect, "op"), "read" | "report") {
        let named = effect.get("ids").map(|_| list(effect, "ids").len() as u64);
        bound.or(named)
    } else {
        Some(bound.unwrap_or(0))
    }
}

/// The sizes of an effect that are over; `sent` is what is sent, as text.
pub(super) fn too_large(at: &str, batch: &Value, effect: Option<&Value>, sent: Option<&str>) -> Vec<String> {
    let most = |key: &str| batch.get(key).and_then(Value::as_u64);
    let mut over = Vec::new();
    let mut held = |key: &str, is_over: bool| {
        if is_over {
            over.push(format!("{at}/batch/{key}"));
        }
    };
    if let Some(effect) = effect {
        for key in ["ids", "values"] {
            held(key, most(key).is_some_and(|most| list(effect, key).len() as u64 > most));
        }
        held("rows", most("rows").is_some_and(|most| rows(effect).is_none_or(|rows| rows > most)));
    }
    if let Some(sent) = sent {
        held("bytes", most("bytes").is_some_and(|most| sent.len() as u64 > most));
    }
    over
}

/// Who shares the counter with this call, in words.
pub(super) fn scope(
    bodies: &Bodies<'_>,
    at: &str,
    limit: &Value,
    call: &Value,
    alias: Option<&str>,
) -> String {
    let declared = bodies.declared(at, "counters").into_iter().rev();
    let declared = declared.filter(|(name, _)| *name == text(limit, "counter")).map(|(_, rule)| rule).next();
    let words = declared.unwrap_or(limit).get("scope").cloned().unwrap_or(json!("grant"));
    let words = words.as_array().cloned().unwrap_or_else(|| vec![words]);
    let has = |word: &str| words.iter().any(|one| one == word);
    let part = |word: &str, value: &str| if has(word) { value.to_owned() } else { "-".to_owned() };
    [
        part("grant", text(call, "grant")),
        part("user", text(call, "user")),
        part("client", call.get("client").and_then(Value::as_str).unwrap_or("-")),
        part("connection", alias.unwrap_or("-")),
        part("tool", text(call, "tool")),
        counted(bodies, at, limit),
    ]
    .join(" ")
}

/// What a failed call costs: all of a plain count, nothing of what is weighed.
fn counted(bodies: &Bodies<'_>, at: &str, limit: &Value) -> String {
    let usual = if from(bodies, at, limit).0.is_empty() { "attempts" } else { "effects" };
    limit.get("count").and_then(Value::as_str).unwrap_or(usual).to_owned()
}
