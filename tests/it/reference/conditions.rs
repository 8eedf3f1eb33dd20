//! Random items and conditions.

use serde_json::{Value, json};

use super::generate::{Dice, MODELS, Names};
use super::rules::shadow;

pub(super) fn item(dice: &mut Dice, names: Names, depth: usize) -> Value {
    let mut item = match dice.below(if depth > 2 { 4 } else { 9 }) {
        0..=3 => condition(dice, names),
        4 => return json!(dice.one(&["args.reason", "args.amount", "odoo.values.name", "ctx.client"])),
        5 => json!({"conditions": [condition(dice, names), condition(dice, names)]}),
        6 => json!({"all": [item(dice, names, depth + 1), item(dice, names, depth + 1)]}),
        7 => json!({"any": [item(dice, names, depth + 1), item(dice, names, depth + 1)]}),
        _ => json!({"not": item(dice, names, depth + 1)}),
    };
    if dice.once_in(4) {
        item["on_missing"] = json!(dice.one(&["deny", "pass"]));
    }
    if depth == 0 {
        shadow(dice, &mut item, 8);
    }
    // Parts of an item have no mode of their own.
    if depth > 0 {
        item.as_object_mut().unwrap().remove("mode");
    }
    item
}

/// Texts that are the same letters in other code points, and some that only look alike.
const WORDS: &[&str] = &["refund", "re", "caf\u{e9}", "cafe\u{301}", "cafe", "\u{212b}", "Refund"];

const AMOUNTS: &[&str] = &["lt", "lte", "gt", "gte"];

pub(super) fn condition(dice: &mut Dice, names: Names) -> Value {
    let (path, op, value) = match dice.below(if names.windows { 25 } else { 24 }) {
        0 => (
            "args.amount",
            dice.one(AMOUNTS),
            dice.one(&[json!(100), json!(0.5), json!(-3), json!("99.90"), json!("100.000")]),
        ),
        1 => (
            "args.amount",
            dice.one(&["eq", "neq"]),
            dice.one(&[
                json!(100),
                json!("101"),
                json!(100.0),
                json!(null),
                json!(true),
                json!([1]),
                json!({"a": 1}),
            ]),
        ),
        2 => (
            "args.reason",
            dice.one(&["eq", "neq", "starts_with", "ends_with", "contains", "not_contains"]),
            json!(dice.one(WORDS)),
        ),
        3 => (
            "args.reason",
            dice.one(&["in", "not_in"]),
            dice.one(&[json!(["refund", "x"]), json!(["caf\u{e9}", 7, null]), json!([false, [1], "re"])]),
        ),
        4 => (
            "args.reason",
            dice.one(&["regex", "not_regex", "glob"]),
            json!(dice.one(&["fund", "caf\u{e9}"])),
        ),
        5 => ("args.reason", "glob", json!(dice.one(&["re*", "*fe*", "re*nd", "caf*"]))),
        6 => (
            "args.tags",
            dice.one(&["contains", "not_contains"]),
            dice.one(&[json!("a"), json!(1), json!(null)]),
        ),
        7 => (
            "args.tags",
            dice.one(&["subset_of", "disjoint"]),
            dice.one(&[json!(["a", "b"]), json!([1, "c"]), json!([null, "a"])]),
        ),
        8 => ("args.lines[*].price", dice.one(AMOUNTS), json!(10)),
        9 => ("args.lines[?].price", dice.one(AMOUNTS), json!(10)),
        10 => ("args.lines.price", dice.one(&["lt", "gte", "eq", "neq"]), json!(10)),
        11 => ("args.tags", dice.one(&["len_lte", "len_gte", "eq", "neq"]), json!(1)),
        12 => (
            dice.one(&["args.amount", "args.reason", "args.deep.er", "args.tags"]),
            "exists",
            json!(dice.once_in(2)),
        ),
        13 => (
            dice.one(&["args.amount", "args.reason", "args.tags", "args.deep"]),
            "type",
            json!(dice.one(&["number", "integer", "string", "array", "object", "null", "boolean"])),
        ),
        14 => ("odoo.values.amount", dice.one(AMOUNTS), dice.one(&[json!(100), json!("99.90")])),
        15 => ("odoo.values.amount", dice.one(&["eq", "neq", "exists"]), json!(100)),
        16 => (dice.one(&["odoo.values[*].amount", "odoo.values[?].amount"]), dice.one(AMOUNTS), json!(100)),
        17 => ("odoo.model", dice.one(&["eq", "neq", "starts_with"]), json!(dice.one(MODELS))),
        18 => (
            dice.one(&["odoo.op", "odoo.method"]),
            dice.one(&["in", "not_in"]),
            json!(["write", "action_confirm"]),
        ),
        19 => match dice.below(4) {
            0 => ("odoo.ids", dice.one(&["contains", "not_contains"]), json!(7)),
            1 => ("odoo.fields", dice.one(&["contains", "subset_of"]), json!("name")),
            2 => ("odoo.domain_fields", dice.one(&["disjoint", "len_lte"]), json!("amount")),
            _ => ("odoo.count", dice.one(AMOUNTS), json!(1)),
        },
        20 => match dice.below(4) {
            0 => ("ctx.user", dice.one(&["eq", "neq"]), json!("anna")),
            1 => ("ctx.groups", dice.one(&["contains", "not_contains"]), json!("finance")),
            2 => ("ctx.client", dice.one(&["eq", "neq"]), json!("desk")),
            _ => ("ctx.grant", dice.one(&["eq", "neq"]), json!("local")),
        },
        21 => match dice.below(3) {
            0 => ("ctx.connection", dice.one(&["eq", "neq", "starts_with"]), json!("erp")),
            1 => ("ctx.class", dice.one(&["eq", "neq"]), json!("write")),
            _ => ("ctx.dry_run", dice.one(&["eq", "neq"]), json!(dice.once_in(2))),
        },
        22 => ("ctx.environment", dice.one(&["eq", "neq", "in", "not_in"]), json!("production")),
        23 => ("args.deep.er.still", dice.one(&["eq", "neq"]), dice.one(&[json!(1), json!({"a": [1.0]})])),
        _ => ("ctx.time.office", dice.one(&["eq", "neq"]), json!(dice.once_in(2))),
    };
    let value = match (op, path) {
        ("exists", _) => json!(dice.once_in(2)),
        ("subset_of" | "disjoint", "odoo.fields" | "odoo.domain_fields") => json!(["name", "amount"]),
        ("len_lte", "odoo.domain_fields") => json!(0),
        ("in" | "not_in", "ctx.environment") => json!(["production", "test"]),
        _ => value,
    };
    json!({"path": path, "op": op, "value": value})
}
