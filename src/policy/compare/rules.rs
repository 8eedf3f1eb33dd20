//! Rules for tools, and the parts that rules for models share with them.

use serde_json::Value;

use super::{Changes, Direction, below, items, members, text};

const ACTIONS: &[&str] = &["deny", "require_approval", "allow"];
/// What makes a limit another counter.
const IDENTITY: &[&str] = &["window", "scope", "unit", "increment", "increment_from", "currency_from"];

pub(super) fn compare(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let action = |rule: &Value| {
        let known = text(rule, "action").and_then(|action| ACTIONS.iter().position(|known| *known == action));
        known.unwrap_or(ACTIONS.len() - 1)
    };
    found.ranked(&below(at, "action"), action(old), action(new), "another action");
    shadow(found, at, old, new);
    conditions(found, at, old, new);
    limits(found, at, old, new);
    let rate = |rule: &Value| rule.get("rate_limit").cloned();
    let place = below(at, "rate_limit");
    match (rate(old), rate(new)) {
        (Some(_), None) => found.wider(&place, "the limit is gone"),
        (None, Some(rate)) => found.narrower(&place, format!("a limit is new: {rate}")),
        (Some(before), Some(after)) if before != after => match (sliding(&before), sliding(&after)) {
            (Some((was, window)), Some((is, same))) if window == same => raised(found, &place, &was, &is),
            _ => found.add(&place, Direction::Reset, format!("{before} is now {after}, another counter")),
        },
        _ => {}
    }
    found.restrictions(&below(at, "rules"), old.get("rules"), new.get("rules"), "a rule");
    found.restrictions(&below(at, "redact"), old.get("redact"), new.get("redact"), "a masked path");
    sizes(found, &below(at, "batch"), old.get("batch"), new.get("batch"));
    approvals(found, &below(at, "approval"), old.get("approval"), new.get("approval"));
    if old.get("dry_run") != new.get("dry_run") {
        found.changed(&below(at, "dry_run"), "whether rehearsals count");
    }
}

/// A rule in shadow refuses nothing.
pub(super) fn shadow(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let is_shadow = |rule: &Value| usize::from(text(rule, "mode") == Some("shadow"));
    let only_modes = |rule: &Value| matches!(text(rule, "mode"), None | Some("enforce" | "shadow"));
    if only_modes(old) && only_modes(new) {
        let what = if is_shadow(new) == 1 { "it only says what it would do" } else { "it is in force" };
        found.ranked(&below(at, "mode"), is_shadow(old), is_shadow(new), what);
    }
}

pub(super) fn conditions(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    for (key, what) in
        [("require", "a requirement"), ("deny_if", "a denial"), ("approve_if", "a reason to ask")]
    {
        found.restrictions(&below(at, key), old.get(key), new.get(key), what);
    }
}

/// Limits by the name of their counter.
pub(super) fn limits(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let place = below(at, "limits");
    let (was, is) = (items(old.get("limits")), items(new.get("limits")));
    for limit in is {
        let name = text(limit, "counter").unwrap_or_default();
        let Some(before) = was.iter().find(|before| text(before, "counter") == Some(name)) else {
            found.narrower(&place, format!("a limit is new: {limit}"));
            continue;
        };
        shadow(found, &place, before, limit);
        if IDENTITY.iter().any(|key| before.get(*key) != limit.get(*key)) {
            let what = format!("`{name}` has another window, scope or weight and begins at zero");
            found.add(&place, Direction::Reset, what);
        }
        match (before.get("max"), limit.get("max")) {
            (Some(was), Some(is)) if was != is => raised(found, &place, was, is),
            _ => {}
        }
        if before.get("count") != limit.get("count") || before.get("rates") != limit.get("rates") {
            found.changed(&place, format!("`{name}` counts otherwise"));
        }
    }
    for limit in was {
        let name = text(limit, "counter");
        if is.iter().all(|after| text(after, "counter") != name) {
            found.wider(&place, format!("a limit is gone: {limit}"));
        }
    }
}

fn raised(found: &mut Changes, at: &str, was: &Value, is: &Value) {
    let number = |value: &Value| match value {
        Value::Number(number) => crate::facts::Decimal::of_json(number).ok(),
        Value::String(text) => crate::facts::Decimal::parse(text).ok(),
        _ => None,
    };
    let what = format!("at most {is} instead of {was}");
    match (number(was), number(is)) {
        (Some(before), Some(after)) if after > before => found.wider(at, what),
        (Some(before), Some(after)) if after < before => found.narrower(at, what),
        (Some(_), Some(_)) => {}
        _ => found.changed(at, what),
    }
}

/// Maximum and window of a `rate_limit` in seconds.
fn sliding(rate: &Value) -> Option<(Value, Value)> {
    match rate {
        Value::String(text) => {
            let (max, window) = text.split_once('/')?;
            Some((Value::from(max.trim().parse::<u64>().ok()?), Value::from(window.trim())))
        }
        other => Some((other.get("max")?.clone(), other.get("window")?.clone())),
    }
}

/// Largest sizes: without one there is none.
pub(super) fn sizes(found: &mut Changes, at: &str, old: Option<&Value>, new: Option<&Value>) {
    for key in ["ids", "values", "rows", "bytes"] {
        let size = |batch: Option<&Value>| batch.and_then(|batch| batch.get(key)).cloned();
        let place = below(at, key);
        match (size(old), size(new)) {
            (Some(_), None) => found.wider(&place, "any size"),
            (None, Some(size)) => found.narrower(&place, format!("at most {size}")),
            (Some(was), Some(is)) if was != is => raised(found, &place, &was, &is),
            _ => {}
        }
    }
}

pub(super) fn approvals(found: &mut Changes, at: &str, old: Option<&Value>, new: Option<&Value>) {
    let own = |rule: Option<&Value>| {
        usize::from(rule.and_then(|rule| rule.get("self_approval")) != Some(&Value::Bool(false)))
    };
    let place = below(at, "self_approval");
    if old.is_some() || new.is_some() {
        found.ranked(&place, own(old), own(new), "who asks may answer, or not");
    }
    let value = |rule: Option<&Value>, key: &str| rule.and_then(|rule| rule.get(key)).cloned();
    let keys = members(old).chain(members(new)).map(|(key, _)| key);
    let mut keys: Vec<&str> = keys.filter(|key| *key != "self_approval").collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        if value(old, key) != value(new, key) {
            found.changed(&below(at, key), "how people are asked");
        }
    }
}
