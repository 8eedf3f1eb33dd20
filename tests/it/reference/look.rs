//! The document that paths look into, made from a call; and small readers of JSON.

use serde_json::{Value, json};

use super::decide::Bodies;

/// The facts as a rule of a body sees them: with one effect of the call, or with none.
pub(super) fn facts(bodies: &Bodies<'_>, at: &str, call: &Value, effect: Option<&Value>) -> Value {
    let mut odoo = json!({});
    if let Some(effect) = effect {
        for (name, key) in [
            ("connection", "connection"),
            ("model", "model"),
            ("op", "op"),
            ("method", "method"),
            ("ids", "ids"),
            ("fields", "read"),
            ("domain_fields", "filter"),
        ] {
            if let Some(value) = effect.get(key) {
                odoo[name] = value.clone();
            }
        }
        match list(effect, "values") {
            [] => {}
            [one] => odoo["values"] = one.clone(),
            several => odoo["values"] = json!(several),
        }
        if let Some(count) = count(effect) {
            odoo["count"] = json!(count);
        }
    }
    let mut ctx = json!({
        "user": call["user"], "groups": call["groups"], "grant": call["grant"], "dry_run": call["dry_run"],
        "class": call["class"], "time": {},
    });
    for (name, window) in bodies.declared(at, "time_windows") {
        ctx["time"][name] = json!(is_within(window, call));
    }
    if let Some(client) = call.get("client") {
        ctx["client"] = client.clone();
    }
    if let Some(alias) = connection(call, effect) {
        ctx["connection"] = json!(alias);
        match &*environments(bodies, at, alias) {
            [] => {}
            [one] => ctx["environment"] = json!(one),
            several => ctx["environment"] = json!(several),
        }
    }
    json!({"args": call["args"], "odoo": odoo, "ctx": ctx})
}

pub(super) fn connection<'a>(call: &'a Value, effect: Option<&'a Value>) -> Option<&'a str> {
    let first = || effects(call).next();
    effect.or_else(first).and_then(|effect| effect["connection"].as_str())
}

/// Every environment that rules of the body, or of the one above it, name for a connection.
fn environments<'a>(bodies: &Bodies<'a>, at: &str, alias: &str) -> Vec<&'a str> {
    let mut named: Vec<&str> = Vec::new();
    for (place, body) in &bodies.0 {
        if place != at && !place.is_empty() {
            continue;
        }
        for (_, rule) in entries(body, "connections").filter(|(name, _)| super::truth::glob(name, alias)) {
            let name = text(rule, "environment");
            if !name.is_empty() && !named.contains(&name) && (place == at || !at.is_empty()) {
                named.push(name);
            }
        }
    }
    named
}

/// All dates of the generator are in winter, so that a zone is so many minutes from UTC.
const ZONES: &[(&str, i64)] =
    &[("UTC", 0), ("Europe/Vienna", 60), ("Asia/Kolkata", 330), ("America/New_York", -300)];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES: i64 = 1440;

/// Minute by minute through the week, as a person would look at a calendar.
pub(super) fn is_within(window: &Value, call: &Value) -> bool {
    let zone = text(window, "tz");
    let (_, offset) = ZONES.iter().find(|(name, _)| *name == zone).unwrap();
    let week = 7 * MINUTES;
    let now = (call["day"].as_i64().unwrap() * MINUTES + call["minute"].as_i64().unwrap() + offset)
        .rem_euclid(week);
    let clock = |key: &str| {
        let (hours, minutes) = text(window, key).split_once(':').unwrap();
        hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
    };
    let (from, to) = (clock("from"), clock("to"));
    let length = if to > from { to - from } else { to + MINUTES - from };
    (0_i64..).zip(DAYS).any(|(number, day)| {
        let begins = window.get("days").is_none() || list(window, "days").iter().any(|one| one == day);
        let start = number * MINUTES + from;
        begins && (now - start).rem_euclid(week) < length
    })
}

/// Records that an effect names or makes.
pub(super) fn count(effect: &Value) -> Option<usize> {
    let count = list(effect, "ids").len().max(list(effect, "values").len());
    (count > 0).then_some(count)
}

/// Effects on records.
pub(super) fn records(call: &Value) -> impl Iterator<Item = &Value> {
    effects(call).filter(|effect| effect.get("model").is_some())
}

pub(super) fn mains(call: &Value) -> impl Iterator<Item = &Value> {
    records(call).filter(|effect| text(effect, "part") == "main")
}

pub(super) fn effects(call: &Value) -> impl Iterator<Item = &Value> {
    call["effects"].as_array().unwrap().iter()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, rule)| (name.as_str(), rule))
}

pub(super) fn in_shadow(rule: &Value) -> bool {
    rule.get("mode") == Some(&json!("shadow"))
}
