//! What must hold for every policy and every call, told without a second decision: what adding,
//! turning, shadowing, removing and misspelling do.

use std::sync::Arc;

use odoo_mcp::policy::{Decision, Needs, Policy};
use serde_json::{Map, Value, json};

use super::{
    calls,
    generate::{self, Dice, TOOLS},
    look::list,
    model::is_hidden,
    outcome::{Outcome, call_facts, load, outcome, tool_facts},
    random::number,
    rules as rules_of,
};

/// Policies that each property is tried on; every one with a few calls.
const POLICIES: u64 = 500;

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
    assert!(tried > number("ODOO_MCP_CASES", POLICIES), "only {tried} cases");
}

/// How far a decision lets a call go.
fn freedom(outcome: &Outcome) -> u8 {
    match outcome.kind {
        "allow" => 2,
        "ask" => 1,
        _ => 0,
    }
}

/// Every rule for tools or models that could speak of the call, and the sections that items go into.
fn rules(policy: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let mut body = |at: &str, body: &Value| {
        for section in ["tools", "classes", "models"] {
            let names = body.get(section).and_then(Value::as_object).into_iter().flatten();
            places.extend(names.map(|(name, _)| format!("{at}/{section}/{name}")));
        }
        if body.get("all_tools").is_some() {
            places.push(format!("{at}/all_tools"));
        }
    };
    body("", policy);
    for (name, own) in policy.get("grants").and_then(Value::as_object).into_iter().flatten() {
        body(&format!("/grants/{name}"), own);
    }
    places
}

fn bodies(policy: &Value) -> Vec<String> {
    let grants = policy.get("grants").and_then(Value::as_object).into_iter().flatten();
    [String::new()].into_iter().chain(grants.map(|(name, _)| format!("/grants/{name}"))).collect()
}

#[test]
fn adding_a_rule_never_allows_more() {
    for_each(1, |dice, policy, loaded, call| {
        let mut more = policy.clone();
        let places = rules(policy);
        match dice.below(5) {
            0 => push(&mut more, &format!("{}/hide", dice.one(&bodies(policy))), json!(dice.one(TOOLS).0)),
            1 => {
                // A rule of its own, for every tool: it lists nothing.
                let tools = more.as_object_mut().unwrap().entry("tools").or_insert_with(|| json!({}));
                let rule = rules_of::tool_rule(dice, generate::NO_NAMES);
                if tools.get("*").is_none() {
                    tools["*"] = rule;
                }
            }
            2 if !places.is_empty() => {
                let place = dice.one(&places);
                let rule = more.pointer_mut(&place).unwrap();
                let key = if place.contains("/models/") { "ids" } else { "bytes" };
                rule.as_object_mut().unwrap().entry("batch").or_insert_with(|| json!({key: 1}));
            }
            3 if policy.pointer("/models").is_some() => {
                // One more entry that speaks of all models only narrows where one spoke of all before.
                let models = more["models"].as_object_mut().unwrap();
                if models.contains_key("*") {
                    let rule = rules_of::model_rule(dice, generate::NO_NAMES);
                    models.entry("*.*").or_insert(rule);
                }
            }
            _ if places.is_empty() => return,
            _ => {
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
        }
        // A random rule may be one that is refused as never true.
        let Some(stricter) = load(&more) else { return };
        let (before, after) = (outcome(loaded, call, false), outcome(&stricter, call, false));
        assert!(freedom(&after) <= freedom(&before), "{before:?} became {after:?}\n{policy}\n{more}\n{call}");
        for (rule, amount) in &before.charges {
            let kept = freedom(&after) == 0 || after.charges.get(rule) == Some(amount);
            assert!(kept, "the charge of {rule:?} is gone\n{policy}\n{more}\n{call}");
        }
        let facts = call_facts(call);
        let listed = |policy: &Arc<Policy>| policy.might_allow(&facts.caller, &facts.tool);
        assert!(listed(loaded) || !listed(&stricter), "a tool appeared\n{policy}\n{more}\n{call}");
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
        // A person or a breaker may stop a caller, and records may be elsewhere: that is in no file.
        if freedom(&before) == 2 || call["paused"] == true || call["outside"] == true {
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
fn an_item_in_shadow_changes_nothing() {
    for_each(5, |dice, policy, loaded, call| {
        let mut shadowed = policy.clone();
        let places = rules(policy);
        if places.is_empty() {
            return;
        }
        let place = dice.one(&places);
        let (key, item) = dice.one(&[
            ("require", json!({"path": "args.nothing", "op": "exists", "value": true, "mode": "shadow"})),
            ("deny_if", json!({"path": "ctx.user", "op": "neq", "value": "nobody", "mode": "shadow"})),
            ("approve_if", json!({"path": "ctx.user", "op": "neq", "value": "nobody", "mode": "shadow"})),
            ("limits", json!({"counter": "shadowed", "window": "day", "max": 0, "mode": "shadow"})),
        ]);
        push(&mut shadowed, &format!("{place}/{key}"), item);
        check_same(policy, loaded, &shadowed, call);
    });
}

/// Where every model is open already, one more rule in shadow changes nothing, and neither does one for
/// a tool that is listed.
#[test]
fn a_rule_in_shadow_changes_nothing() {
    for_each(9, |dice, policy, loaded, call| {
        let mut shadowed = policy.clone();
        for at in bodies(policy) {
            let body = shadowed.pointer_mut(&at).unwrap();
            if body.pointer("/models/*").is_some() {
                let (name, mut rule) =
                    (dice.one(generate::MODELS), rules_of::model_rule(dice, generate::NO_NAMES));
                rule["mode"] = json!("shadow");
                body["models"].as_object_mut().unwrap().entry(name).or_insert(rule);
            }
            if body.get("default") == Some(&json!("allow")) {
                let (name, mut rule) = (dice.one(TOOLS).0, rules_of::tool_rule(dice, generate::NO_NAMES));
                rule["mode"] = json!("shadow");
                let tools = body.as_object_mut().unwrap().entry("tools").or_insert_with(|| json!({}));
                tools.as_object_mut().unwrap().entry(name).or_insert(rule);
            }
        }
        check_same(policy, loaded, &shadowed, call);
    });
}

#[track_caller]
fn check_same(policy: &Value, loaded: &Arc<Policy>, other: &Value, call: &Value) {
    let Some(loads) = load(other) else { return };
    let (before, after) = (outcome(loaded, call, false), outcome(&loads, call, false));
    let seen = |outcome: &Outcome| {
        // What a call is allowed by may be another rule that lists the same tool.
        let rule = if outcome.kind == "allow" { "" } else { &outcome.rule };
        format!("{} {rule} {:?} {:?} {:?}", outcome.kind, outcome.asks, outcome.charges, outcome.questions)
    };
    assert_eq!(seen(&before), seen(&after), "{policy}\n{other}\n{call}");
    let facts = call_facts(call);
    for (name, class) in TOOLS {
        let tool = tool_facts(name, class);
        assert_eq!(loaded.might_allow(&facts.caller, &tool), loads.might_allow(&facts.caller, &tool));
    }
}

/// What is only tried refuses no more than what is enforced, whatever part of the file it is.
#[test]
fn what_is_put_into_shadow_refuses_no_more() {
    for_each(10, |dice, policy, loaded, call| {
        let mut shadowed = policy.clone();
        let mut places = rules(policy);
        // A rule that opens a closed model by its name does not do so in shadow.
        places.retain(|place| !place.contains("/models/ir.") && !place.contains("/models/mail."));
        let bodies = bodies(policy);
        let place = if places.is_empty() || dice.once_in(4) { dice.one(&bodies) } else { dice.one(&places) };
        let opens = |body: &Value| {
            let models = body.get("models").and_then(Value::as_object);
            models.is_some_and(|models| {
                models.keys().any(|name| name.starts_with("ir.") || name.starts_with("mail."))
            })
        };
        let every = bodies.iter().any(|at| opens(policy.pointer(at).unwrap()));
        if bodies.contains(&place) && every {
            return;
        }
        shadowed.pointer_mut(&place).unwrap()["mode"] = json!("shadow");
        // Some limits cannot be in a rule that is in shadow already, and load all the same.
        let loads = load(&shadowed).unwrap_or_else(|| panic!("does not load: {shadowed}"));
        let (before, after) = (outcome(loaded, call, false), outcome(&loads, call, false));
        let free = |outcome: &Outcome| if outcome.kind == "ask" { 1 } else { freedom(outcome) };
        assert!(free(&after) >= free(&before), "{before:?} became {after:?}\n{policy}\n{shadowed}\n{call}");
        for (rule, amount) in &after.charges {
            let known = freedom(&before) == 0 || before.charges.get(rule) == Some(amount);
            assert!(known, "{rule:?} is charged in shadow\n{shadowed}\n{call}");
        }
    });
}

#[test]
fn an_explanation_ends_as_the_decision_does() {
    for_each(11, |_, policy, loaded, call| {
        let mut facts = call_facts(call);
        facts.found.records = None;
        let explained = loaded.explain(&facts);
        let (one, other) = (loaded.decide(&facts), explained.decision);
        let word = |decision: &Decision| match decision {
            Decision::Allow(permit) => format!("allow {:?} {:?}", permit.rule(), permit.shadow()),
            Decision::Deny(denial) => format!("deny {:?} {:?} {}", denial.kind, denial.rule, denial.reason),
            Decision::Ask(ask) => format!("ask {:?} {:?} {}", ask.rules, ask.terms, ask.reason),
            Decision::Needs(needs) => format!("{needs:?}"),
        };
        assert_eq!(word(&one), word(&other), "{policy}\n{call}");
        let said = |word: &str| {
            let steps =
                explained.steps.iter().filter(|step| step.findings.iter().any(|found| found.word == word));
            steps.map(|step| step.number).collect::<Vec<_>>()
        };
        if let Decision::Deny(denial) = &one {
            let step = explained.steps.iter().find(|step| step.number == said("refuses")[0]).unwrap();
            let first = step.findings.iter().find(|found| found.word == "refuses").unwrap();
            assert_eq!(first.rule, denial.rule, "{policy}\n{call}");
        } else {
            assert!(said("refuses").is_empty(), "{policy}\n{call}");
        }
    });
}

/// A value of a field that may not be seen is in no reason, no question, and nothing that the log holds
/// beside charges.
#[test]
fn a_hidden_value_is_told_nowhere() {
    const CANARY: &str = "918273.5";
    let mut found = 0;
    for seed in 0..number("ODOO_MCP_CASES", POLICIES) * 3 {
        let mut dice = Dice::new(13 << 32 | seed);
        let mut policy = generate::policy(&mut dice);
        for place in rules(&policy).iter().filter(|place| place.contains("/models/")) {
            let rule = policy.pointer_mut(place).unwrap().as_object_mut().unwrap();
            rule.remove("mode");
            rule.entry("fields").or_insert_with(|| json!({}))["amount"] = json!({"read": "mask"});
        }
        let Some(loaded) = load(&policy) else { continue };
        for _ in 0..4 {
            let mut call = calls::call(&mut dice);
            call["args"]["amount"] = json!(918_273.5);
            let mut hidden = 0;
            let effects = call["effects"].as_array().unwrap().clone();
            for (number, effect) in effects.iter().enumerate() {
                if list(effect, "values").is_empty() || !is_hidden(&policy, &call, effect, "amount") {
                    continue;
                }
                hidden += 1;
                call["effects"][number]["values"][0]["amount"] = json!(918_273.5);
            }
            if hidden == 0 || hidden != effects.len() {
                continue;
            }
            found += 1;
            let facts = call_facts(&call);
            let decided = match loaded.decide(&facts) {
                Decision::Allow(permit) => format!("{:?}", permit.shadow()),
                Decision::Ask(ask) => format!("{:?} {}", ask.rules, ask.reason),
                Decision::Deny(denial) => format!("{denial:?}"),
                Decision::Needs(_) => String::new(),
            };
            let evidence = json!(loaded.evidence(&facts)).to_string();
            let all = format!("{decided} {evidence}");
            assert!(!all.contains(CANARY), "{all}\n{policy}\n{call}");
        }
    }
    assert!(found > 50, "only {found} calls with a hidden value");
}

/// Where no definitions are asked for, none would have changed the answer.
#[test]
fn definitions_are_asked_for_wherever_they_matter() {
    for_each(12, |_, policy, loaded, call| {
        let mut call = call.clone();
        for effect in
            call["effects"].as_array_mut().unwrap().iter_mut().filter(|one| one.get("uses").is_some())
        {
            effect["uses"] = json!([]);
        }
        // What is nested hides in a list among the values until the definitions are known.
        let mut before = call.clone();
        let nests = list(&call, "effects").iter().any(|effect| effect["part"] == "nested");
        if nests && list(&call["effects"][0], "values").is_empty() {
            return;
        }
        if nests {
            for call in [&mut call, &mut before] {
                call["effects"][0]["values"][0]["line_ids"] = json!([[2, 5]]);
                call["effects"][0]["write"].as_array_mut().unwrap().push(json!("line_ids"));
            }
            before["effects"].as_array_mut().unwrap().retain(|effect| effect["part"] != "nested");
        }
        let known = call_facts(&call);
        let mut unknown = call_facts(&before);
        unknown.found.unfolded = false;
        let word = |decision: Decision| match decision {
            Decision::Allow(_) => "allow".to_owned(),
            Decision::Deny(denial) => format!("deny {:?}", denial.kind),
            Decision::Ask(ask) => format!("ask {:?}", ask.rules),
            Decision::Needs(Needs::Definitions) => "definitions".to_owned(),
            Decision::Needs(Needs::Currencies { .. }) => "currencies".to_owned(),
            Decision::Needs(Needs::Records { questions, .. }) => format!("records {questions:?}"),
        };
        let (without, with) = (word(loaded.decide(&unknown)), word(loaded.decide(&known)));
        let settled = without == with
            || without == "definitions"
            || (without.starts_with("deny") && with.starts_with("deny"));
        assert!(settled, "`{without}` without definitions, `{with}` with them\n{policy}\n{call}");
    });
}

#[test]
fn read_only_allows_reading_only() {
    for_each(6, |_, policy, _, call| {
        let mut read_only = policy.clone();
        read_only.as_object_mut().unwrap().remove("mode");
        read_only["connections"] = json!({"*": {"mode": "read_only"}});
        let Some(loaded) = load(&read_only) else { return };
        // A grant that stands alone has connections of its own, or none.
        if policy.get("grants").is_some() {
            return;
        }
        let outcome = outcome(&loaded, call, false);
        let reads = list(call, "effects")
            .iter()
            .all(|effect| effect["op"] == "read" || effect["change"] == "inspect");
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
