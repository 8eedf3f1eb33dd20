//! Random rules for tools and models.

use serde_json::{Map, Value, json};

use super::{
    conditions::{condition, item},
    generate::{Dice, FIELDS, METHODS, Names, OPS, approvals},
};

const FIELD_PATTERNS: &[&str] = &["*bank*", "*", "company_*", "*name"];
const METHOD_PATTERNS: &[&str] = &["action_*", "*", "button_draft"];

pub(super) fn tool_rule(dice: &mut Dice, names: Names) -> Value {
    let mut rule = json!({});
    if dice.once_in(4) {
        rule["action"] = json!(dice.one(&["allow", "deny", "require_approval", "evaluate"]));
    }
    for key in ["require", "deny_if", "approve_if"] {
        if dice.once_in(4) {
            rule[key] = (0..=dice.below(2)).map(|_| item(dice, names, 0)).collect();
        }
    }
    if dice.once_in(5) {
        rule["rules"] = json!([older(dice, names)]);
    }
    if dice.once_in(5) {
        rule["batch"] = batch(dice);
    }
    if dice.once_in(3) {
        rule["limits"] = limits(dice, names, true);
    }
    if dice.once_in(6) {
        rule["rate_limit"] =
            dice.one(&[json!("10/hour"), json!({"max": 3, "window": 60}), json!("0/minute")]);
    }
    if dice.once_in(6) {
        rule["approval"] = approvals(dice);
    }
    if dice.once_in(4) {
        rule["dry_run"] = json!(dice.one(&["free", "counted"]));
    }
    shadow(dice, &mut rule, 10);
    rule
}

/// A counter of the older language, and the cap on it, for the rules of one tool.
pub(super) fn capped(dice: &mut Dice, tool: &str, rule: &mut Value) {
    let mut state = json!({"counter": "total", "window": dice.one(&["minute", "day"])});
    match dice.below(3) {
        0 => state["increment_from"] = json!("args.amount"),
        1 => state["increment"] = json!(2),
        _ => {}
    }
    let value = dice.one(&[json!(100), json!(3), json!(1000), json!("101.00")]);
    let cap = json!({"path": format!("state.{tool}.total"), "op": dice.one(&["lt", "lte"]), "value": value});
    let older = json!({"name": "cap", "conditions": [cap], "state": state});
    let rules = rule.as_object_mut().unwrap().entry("rules").or_insert_with(|| json!([]));
    rules.as_array_mut().unwrap().push(older);
}

pub(super) fn shadow(dice: &mut Dice, rule: &mut Value, times: usize) {
    if dice.once_in(times) {
        rule["mode"] = json!("shadow");
    }
}

/// A rule of the older language, without counters.
fn older(dice: &mut Dice, names: Names) -> Value {
    let conditions: Vec<Value> = (0..=dice.below(2))
        .map(|_| condition(dice, names))
        .map(|mut condition| {
            condition.as_object_mut().unwrap().remove("on_missing");
            condition
        })
        .collect();
    let mut rule = json!({"name": "older", "conditions": conditions});
    if dice.once_in(5) {
        rule["action"] = json!(dice.one(&["deny", "require_approval", "allow", "evaluate"]));
    }
    if dice.once_in(4) {
        rule["rate_limit"] = json!(dice.one(&["4/day", "0/hour"]));
    }
    rule
}

fn limits(dice: &mut Dice, names: Names, with_arguments: bool) -> Value {
    let mut counters = dice.some(&["first", "second"]);
    if names.counters && dice.once_in(2) {
        counters.push("shared");
    }
    counters.iter().map(|counter| limit(dice, counter, with_arguments)).collect()
}

fn limit(dice: &mut Dice, counter: &str, with_arguments: bool) -> Value {
    let mut limit =
        json!({"counter": counter, "max": dice.one(&[json!(0), json!(2), json!(30), json!(500)])});
    let declared = counter == "shared";
    if !declared {
        limit["window"] = dice.one(&[json!("minute"), json!("day"), json!("month"), json!(90)]);
        if dice.once_in(2) {
            limit["scope"] = dice.one(&[
                json!("grant"),
                json!("user"),
                json!("global"),
                json!(["user", "connection"]),
                json!(["tool", "client"]),
            ]);
        }
        match dice.below(9) {
            0 => limit["increment_from"] = json!("odoo.count"),
            1 if with_arguments => money(dice, &mut limit, "args.amount", "args.currency"),
            2 => money(dice, &mut limit, "odoo.values.amount", "odoo.values.currency"),
            3 if limit["max"] != json!(0) => limit["increment"] = json!(2),
            4 => limit["increment_from"] = json!("rows"),
            5 => limit["unit"] = json!(dice.one(&["records", "rows", "bytes", "calls"])),
            6 if with_arguments => {
                limit["increment_from"] = json!("args.lines[*].price");
                limit["max"] = json!(dice.one(&["4", "25.5", "1000"]));
            }
            _ => {}
        }
    }
    if dice.once_in(4) {
        limit["count"] = json!(dice.one(&["attempts", "effects"]));
    }
    shadow(dice, &mut limit, 8);
    limit
}

fn money(dice: &mut Dice, limit: &mut Value, amount: &str, currency: &str) {
    limit["increment_from"] = json!(amount);
    limit["max"] = dice.one(&[json!("100.00"), json!("2500.50"), json!("5000")]);
    limit["unit"] = json!("money:EUR");
    if dice.once_in(2) {
        limit["currency_from"] = json!(currency);
        if dice.once_in(2) {
            limit["rates"] = json!({"date": "2026-11-20", "rates": {"USD": "0.50", "CHF": "1.25"}});
        }
    }
}

fn batch(dice: &mut Dice) -> Value {
    let mut batch = json!({});
    for key in ["ids", "values", "rows"] {
        if dice.once_in(2) {
            batch[key] = json!(dice.one(&[1, 2, 50]));
        }
    }
    if dice.once_in(3) {
        batch["bytes"] = json!(dice.one(&[20, 60, 400]));
    }
    batch
}

pub(super) fn model_rule(dice: &mut Dice, names: Names) -> Value {
    let mut rule = json!({});
    if !dice.once_in(5) {
        let mut ops = dice.some(OPS);
        ops.extend(dice.some(OPS));
        ops.sort_unstable();
        ops.dedup();
        rule["ops"] = json!(ops);
    }
    if dice.once_in(2) {
        let mut pool = METHODS.to_vec();
        pool.extend(METHOD_PATTERNS);
        rule["methods"] = json!({"allow": dice.some(&pool)});
        if dice.once_in(2) {
            rule["methods"]["approve"] = json!([dice.one(&pool)]);
        }
        if dice.once_in(3) {
            rule["methods"]["deny"] = json!([dice.one(METHODS)]);
        }
    }
    if dice.once_in(3) {
        fields(dice, &mut rule);
    }
    if dice.once_in(5) {
        let mut amount = json!({"op": dice.one(&["lt", "gte", "neq", "type"]), "value": 100});
        if amount["op"] == "type" {
            amount["value"] = json!(dice.one(&["number", "integer"]));
        }
        shadow(dice, &mut amount, 6);
        rule["values"] = json!({ "amount": amount });
        if dice.once_in(2) {
            rule["values"]["name"] = json!({"op": "in", "value": ["text", "caf\u{e9}"]});
        }
    }
    if dice.once_in(4) {
        rule["domain"] = domain(dice);
        if dice.once_in(3) {
            let mut by_op = Map::new();
            for op in dice.some(&["read", "create", "write", "unlink"]) {
                by_op.insert(op.to_owned(), domain(dice));
            }
            rule["domain"] = by_op.into();
        }
    }
    if dice.once_in(5) {
        rule["batch"] = batch(dice);
    }
    if dice.once_in(5) {
        rule["limits"] = limits(dice, names, false);
    }
    for key in ["require", "deny_if", "approve_if"] {
        if dice.once_in(7) {
            rule[key] = json!([item(dice, names, 1)]);
        }
    }
    if dice.once_in(5) {
        rule["context"] = json!(dice.one(&[vec!["mail_notrack"], vec!["default_color", "force"]]));
    }
    if dice.once_in(4) {
        rule["report"] = json!(dice.one(&["allow", "deny"]));
    }
    shadow(dice, &mut rule, 10);
    rule
}

fn fields(dice: &mut Dice, rule: &mut Value) {
    let mut fields = Map::new();
    for _ in 0..=dice.below(2) {
        let name = if dice.once_in(2) { dice.one(FIELD_PATTERNS) } else { dice.one(FIELDS) };
        let mut entry = json!({});
        if dice.once_in(2) {
            entry["read"] = json!(dice.one(&["allow", "deny", "mask", "hash", "last4"]));
        }
        for right in ["write", "filter"] {
            if dice.once_in(2) {
                entry[right] = json!(dice.one(&["allow", "deny"]));
            }
        }
        if ["mask", "hash", "last4"].iter().any(|read| entry["read"] == *read) {
            entry["filter"] = json!("deny");
        }
        fields.insert(name.to_owned(), entry);
    }
    rule["fields"] = fields.into();
    if dice.once_in(4) {
        rule["fields_default"] = json!(dice.one(&["deny", "allow"]));
    }
}

fn domain(dice: &mut Dice) -> Value {
    dice.one(&[
        json!([]),
        json!([["company_id", "in", [1, 3]]]),
        json!([["state", "=", "draft"], ["company_id", "=", 1]]),
        json!(["|", ["state", "!=", "done"], ["amount", ">", 50]]),
        json!(["!", ["company_id", "not in", [1, false]]]),
        json!([["amount", "<=", 100], "!", "|", ["state", "=", "done"], ["company_id", "=", false]]),
        json!([["name", "ilike", "text"]]),
        json!(["&", ["state", "=", "draft"], ["name", "=", "text"]]),
    ])
}
