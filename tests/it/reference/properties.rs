//! What must hold for every policy and every call, told without a second decision: what adding,
//! turning, shadowing, removing and misspelling do.

use std::sync::Arc;

use odoo_mcp::policy::Policy;
use serde_json::{Map, Value, json};

use super::{
    calls,
    generate::{self, Dice, TOOLS},
    look::list,
    outcome::{Outcome, call_facts, load, outcome, tool_facts},
    random::number,
};

/// Policies that each property is tried on; every one with a few calls.
const POLICIES: u64 = 1_200;

/// Runs a property over random policies that load, each with calls.
fn for_each(salt: u64, property: impl Fn(&mut Dice, &Value, &Arc<Policy>, &Value)) {
    let mut tried = 0;
    for seed in 0..number("ODOO_MCP_CASES", POLICIES) {
        let mut dice = Dice::new(salt << 32 | seed);
        let policy = generate::policy(&mut dice);
        let Some(loaded) = load(&policy) else { continue };
        for _ in 0..3 {
            let call = calls::call(&mut dice);
            property(&mut dice, &policy, &loaded, &call);
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} cases");
}

/// How far a decision lets a call go.
fn freedom(outcome: &Outcome) -> u8 {
    match outcome.kind {
        "allow" => 2,
        "ask" => 1,
        _ => 0,
    }
}

fn rules_mut(policy: &mut Value, tool: &str) -> Vec<String> {
    let tools = policy.as_object_mut().unwrap().entry("tools").or_insert_with(|| json!({}));
    let names = tools.as_object().unwrap().keys();
    let mut places: Vec<String> = names
        .filter(|name| name.contains('*') || *name == tool)
        .map(|name| format!("/tools/{name}"))
        .collect();
    for place in ["/all_tools"] {
        if policy.pointer(place).is_some() {
            places.push(place.to_owned());
        }
    }
    places
}

#[test]
fn adding_a_rule_never_allows_more() {
    for_each(1, |dice, policy, loaded, call| {
        let mut more = policy.clone();
        let places = rules_mut(&mut more, call["tool"].as_str().unwrap());
        if dice.once_in(4) || places.is_empty() {
            push(&mut more, "/hide", json!(dice.one(TOOLS).0));
        } else {
            let place = dice.one(&places);
            let max = dice.one(&[0, 5]);
            let (key, item) = dice.one(&[
                ("require", json!({"path": "args.reason", "op": "exists", "value": true})),
                ("deny_if", json!({"path": "args.amount", "op": "gt", "value": 50})),
                ("approve_if", json!({"path": "args.tags", "op": "contains", "value": "a"})),
                ("limits", json!({"counter": "added", "window": "day", "max": max})),
            ]);
            push(&mut more, &format!("{place}/{key}"), item);
        }
        let Some(stricter) = load(&more) else { panic!("does not load: {more}") };
        let (before, after) = (outcome(loaded, call, false), outcome(&stricter, call, false));
        assert!(freedom(&after) <= freedom(&before), "{before:?} became {after:?}\n{policy}\n{more}\n{call}");
        for (rule, amount) in &before.charges {
            let kept = freedom(&after) == 0 || after.charges.get(rule) == Some(amount);
            assert!(kept, "the charge of {rule:?} is gone\n{policy}\n{more}\n{call}");
        }
    });
}

fn push(policy: &mut Value, place: &str, item: Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.entry(key).or_insert_with(|| json!([])).as_array_mut().unwrap().push(item);
}

#[test]
fn the_order_of_keys_and_items_never_changes_a_decision() {
    for_each(2, |_, policy, loaded, call| {
        let turned = turned(policy);
        let other = load(&turned).unwrap_or_else(|| panic!("does not load when turned: {policy}"));
        let (one, other) = (outcome(loaded, call, false), outcome(&other, call, false));
        assert_eq!(one.kind, other.kind, "{one:?} became {other:?}\n{policy}\n{call}");
        let amounts = |outcome: &Outcome| {
            let mut amounts: Vec<String> = outcome.charges.values().map(ToString::to_string).collect();
            amounts.sort_unstable();
            amounts
        };
        assert_eq!(amounts(&one), amounts(&other), "{policy}\n{call}");
    });
}

/// The same document from back to front. Domains and values keep their order: it is their meaning.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let turn = |(key, member): (&String, &Value)| match key.as_str() {
                "domain" | "value" => (key.clone(), member.clone()),
                _ => (key.clone(), turned(member)),
            };
            members.iter().rev().map(turn).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().rev().map(turned).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_refusal_names_a_rule_of_the_file_that_matters() {
    for_each(3, |_, policy, loaded, call| {
        let before = outcome(loaded, call, false);
        if freedom(&before) == 2 {
            return;
        }
        let rules = if before.kind == "ask" { before.asks.clone() } else { vec![before.rule.clone()] };
        for rule in rules {
            if rule.is_empty()
                || rule == "/default"
                || rule.ends_with("/default")
                || rule.starts_with("/built")
            {
                continue;
            }
            assert!(policy.pointer(&rule).is_some(), "`{rule}` is not in {policy}");
            let mut without = policy.clone();
            remove(&mut without, &rule);
            // What is left may no longer load: then the rule mattered as well.
            let Some(without) = load(&without) else { continue };
            let after = outcome(&without, call, false);
            let changed = (after.kind, &after.rule, &after.asks) != (before.kind, &before.rule, &before.asks);
            // In a list, the next item moves to the place of the one that went.
            let moved = rule.rsplit('/').next().unwrap().parse::<usize>().is_ok();
            assert!(changed || moved, "without `{rule}` still {after:?}\n{policy}\n{call}");
        }
    });
}

fn remove(policy: &mut Value, rule: &str) {
    let (parent, key) = rule.rsplit_once('/').unwrap();
    match policy.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.shift_remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}

#[test]
fn a_tool_that_is_not_listed_has_no_allowed_call() {
    for_each(4, |_, policy, loaded, call| {
        let facts = call_facts(call);
        let listed = loaded.might_allow(&facts.caller, &facts.tool);
        let outcome = outcome(loaded, call, false);
        assert!(listed || freedom(&outcome) == 0, "not listed, yet {outcome:?}\n{policy}\n{call}");
        assert!(listed || outcome.kind != "ask", "{policy}\n{call}");
        assert!(!listed || outcome.kind != "unknown", "listed, yet unknown\n{policy}\n{call}");
    });
}

#[test]
fn a_rule_in_shadow_changes_nothing() {
    for_each(5, |dice, policy, loaded, call| {
        let mut shadowed = policy.clone();
        let places = rules_mut(&mut shadowed, call["tool"].as_str().unwrap());
        let Some(place) = places.first().cloned() else { return };
        let (key, item) = dice.one(&[
            ("require", json!({"path": "args.nothing", "op": "exists", "value": true, "mode": "shadow"})),
            ("deny_if", json!({"path": "ctx.user", "op": "neq", "value": "nobody", "mode": "shadow"})),
            ("approve_if", json!({"path": "ctx.user", "op": "neq", "value": "nobody", "mode": "shadow"})),
            ("limits", json!({"counter": "shadowed", "window": "day", "max": 0, "mode": "shadow"})),
        ]);
        push(&mut shadowed, &format!("{place}/{key}"), item);
        let other = load(&shadowed).unwrap_or_else(|| panic!("does not load: {shadowed}"));
        let (before, after) = (outcome(loaded, call, false), outcome(&other, call, false));
        let seen = |outcome: &Outcome| {
            format!("{} {} {:?} {:?}", outcome.kind, outcome.rule, outcome.asks, outcome.charges)
        };
        assert_eq!(seen(&before), seen(&after), "{shadowed}\n{call}");
        let facts = call_facts(call);
        for (name, class) in TOOLS {
            let tool = tool_facts(name, class);
            assert_eq!(loaded.might_allow(&facts.caller, &tool), other.might_allow(&facts.caller, &tool));
        }
    });
}

#[test]
fn read_only_allows_reading_only() {
    for_each(6, |dice, policy, _, call| {
        let mut read_only = policy.clone();
        read_only["connections"] = json!({"*": {"mode": "read_only"}});
        let Some(loaded) = load(&read_only) else { return };
        // A grant that stands alone has connections of its own, or none.
        if policy.get("grants").is_some() || dice.once_in(20) {
            return;
        }
        let outcome = outcome(&loaded, call, false);
        let reads = list(call, "effects").iter().all(|effect| effect["op"] == "read");
        assert!(reads || freedom(&outcome) == 0, "{outcome:?}\n{read_only}\n{call}");
    });
}

#[test]
fn the_same_facts_give_the_same_decision() {
    for_each(7, |_, policy, loaded, call| {
        let again = load(policy).unwrap();
        let (one, two, three) =
            (outcome(loaded, call, false), outcome(loaded, call, false), outcome(&again, call, false));
        assert_eq!(format!("{one:?}"), format!("{two:?}"), "{policy}\n{call}");
        assert_eq!(format!("{one:?}"), format!("{three:?}"), "{policy}\n{call}");
    });
}

/// Objects whose keys are names that the operator chooses.
const NAMED: &[&str] = &[
    "classes",
    "connections",
    "counters",
    "environments",
    "fields",
    "grants",
    "models",
    "pins",
    "time_windows",
    "tools",
    "values",
];

#[test]
fn an_unknown_key_at_any_depth_is_an_error() {
    let mut tried = 0;
    for seed in 0..150 {
        let policy = generate::policy(&mut Dice::new(8 << 32 | seed));
        if load(&policy).is_none() {
            continue;
        }
        let mut places = vec![String::new()];
        objects(&policy, "", &mut places);
        for place in places {
            let mut odd = policy.clone();
            let object = odd.pointer_mut(&place).unwrap().as_object_mut().unwrap();
            object.insert("zzz".to_owned(), json!(true));
            assert!(load(&odd).is_none(), "an unknown key at `{place}` loads: {odd}");
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} places");
}

/// Every object that has members of a fixed kind. In `values` of a model the keys are fields, and
/// what stands in `value` is data.
fn objects(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let place = format!("{at}/{key}");
                if key == "value" {
                    continue;
                }
                if member.is_object() && !NAMED.contains(&key.as_str()) {
                    places.push(place.clone());
                }
                objects(member, &place, places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("{at}/{index}");
                if item.is_object() {
                    places.push(place.clone());
                }
                objects(item, &place, places);
            }
        }
        _ => {}
    }
}
