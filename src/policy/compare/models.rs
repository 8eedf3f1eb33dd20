//! Rules for models.

use serde_json::{Value, json};

use super::{Changes, below, items, members, rules, sections::section_opens, text};

const SHOWN: &[&str] = &["deny", "mask", "last4", "hash", "allow"];
const RIGHTS: &[&str] = &["deny", "allow"];

pub(super) fn compare(found: &mut Changes, at: &str, old: Option<&Value>, new: Option<&Value>) {
    let place = below(at, "models");
    section_opens(found, &place, old, new, "model");
    for (name, rule) in members(new) {
        if let Some(before) = old.and_then(|old| old.get(name)) {
            model(found, &below(&place, name), before, rule);
        }
    }
}

fn model(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let usual = json!(["read"]);
    let ops = |rule: &Value| items(Some(rule.get("ops").unwrap_or(&usual))).to_vec();
    found.permissions(&below(at, "ops"), &ops(old), &ops(new), "an operation");
    methods(found, &below(at, "methods"), old.get("methods"), new.get("methods"));
    let place = below(at, "domain");
    match (old.get("domain"), new.get("domain")) {
        (Some(_), None) => found.wider(&place, "all records"),
        (None, Some(_)) => found.narrower(&place, "only records within a domain"),
        (before, after) if before != after => found.changed(&place, "other records"),
        _ => {}
    }
    fields(found, at, old, new);
    for (name, condition) in members(old.get("values")) {
        match new.get("values").and_then(|values| values.get(name)) {
            None => found.wider(&below(&below(at, "values"), name), "any value"),
            Some(after) if after != condition => {
                found.changed(&below(&below(at, "values"), name), "other values");
            }
            Some(_) => {}
        }
    }
    for (name, _) in members(new.get("values")) {
        if old.get("values").is_none_or(|values| values.get(name).is_none()) {
            found.narrower(&below(&below(at, "values"), name), "only some values");
        }
    }
    rules::sizes(found, &below(at, "batch"), old.get("batch"), new.get("batch"));
    rules::limits(found, at, old, new);
    rules::conditions(found, at, old, new);
    rules::shadow(found, at, old, new);
    let keys = |rule: &Value| items(rule.get("context")).to_vec();
    found.permissions(&below(at, "context"), &keys(old), &keys(new), "a context key");
    if old.get("report") != new.get("report") {
        let allows = usize::from(text(new, "report") == Some("allow"));
        found.ranked(&below(at, "report"), 1 - allows, allows, "results that cannot be masked");
    }
}

fn methods(found: &mut Changes, at: &str, old: Option<&Value>, new: Option<&Value>) {
    let list =
        |methods: Option<&Value>, key: &str| items(methods.and_then(|methods| methods.get(key))).to_vec();
    for key in ["allow", "approve"] {
        found.permissions(&below(at, key), &list(old, key), &list(new, key), "a method");
    }
    let deny = |methods: Option<&Value>| methods.and_then(|methods| methods.get("deny")).cloned();
    found.restrictions(&below(at, "deny"), deny(old).as_ref(), deny(new).as_ref(), "a denied method");
}

fn fields(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let rank = |word: Option<&str>, words: &[&str]| {
        word.and_then(|word| words.iter().position(|known| *known == word)).unwrap_or(words.len() - 1)
    };
    found.ranked(
        &below(at, "fields_default"),
        rank(text(old, "fields_default"), RIGHTS),
        rank(text(new, "fields_default"), RIGHTS),
        "fields that nobody names",
    );
    let denied = |rule: &Value| text(rule, "fields_default") == Some("deny");
    let place = below(at, "fields");
    let names = members(old.get("fields")).chain(members(new.get("fields"))).map(|(name, _)| name);
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let at = below(&place, name);
        for (key, words) in [("read", SHOWN), ("write", RIGHTS), ("filter", RIGHTS)] {
            let of = |rule: &Value| {
                let field = rule.get("fields").and_then(|fields| fields.get(name));
                match field {
                    // A field that is not named has what the default says.
                    None if denied(rule) => 0,
                    None => words.len() - 1,
                    Some(field) => rank(text(field, key), words),
                }
            };
            found.ranked(&below(&at, key), of(old), of(new), "another right");
        }
    }
}
