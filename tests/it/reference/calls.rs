//! Random calls: arguments, effects, and who makes them when.

use serde_json::{Value, json};

use super::generate::{ALIASES, Dice, FIELDS, MODELS, TOOLS};

pub(super) fn call(dice: &mut Dice) -> Value {
    let (tool, tool_class) = dice.one(TOOLS);
    let dry_run = dice.once_in(8);
    let op = match tool {
        "create_charge" | "odoo_connect" => "",
        "odoo_create" => "create",
        "odoo_execute" => {
            dice.one(&["execute", "execute", "write", "unlink", "mail", "read", "report", "create"])
        }
        "odoo_unlink" => "unlink",
        "odoo_write" => "write",
        _ => "read",
    };
    let mut effects = Vec::new();
    if tool == "odoo_connect" && !dice.once_in(5) {
        let change = dice.one(&["inspect", "connect", "disconnect", "repin"]);
        effects.push(json!({"connection": dice.one(ALIASES), "change": change}));
    }
    if !op.is_empty() {
        let alias = dice.one(ALIASES);
        effects.push(effect(dice, op, "main", alias));
        if dice.once_in(8) {
            effects.push(effect(dice, op, "main", alias));
        }
        if matches!(op, "write" | "create") && dice.once_in(3) {
            let nested = dice.one(&["create", "write", "unlink"]);
            effects.push(effect(dice, nested, "nested", alias));
        }
        if op == "write" && dice.once_in(4) {
            effects.push(effect(dice, "read", "auxiliary", alias));
        }
    }
    let mut call = json!({
        "tool": tool, "tool_class": tool_class, "class": if dry_run { "read" } else { tool_class },
        "dry_run": dry_run, "args": arguments(dice), "effects": effects,
        "day": dice.below(7), "minute": dice.below(1440), "user": dice.one(&["anna", "local"]),
        "groups": dice.one(&[json!([]), json!(["finance"]), json!(["sales", "finance"])]),
        "grant": dice.one(&["local", "local", "office"]), "client": "desk",
        "outside": dice.once_in(6), "paused": dice.once_in(60),
    });
    if dice.once_in(5) {
        call.as_object_mut().unwrap().remove("client");
    }
    call
}

fn arguments(dice: &mut Dice) -> Value {
    let mut args = json!({});
    if dice.once_in(2) {
        args["amount"] = dice.one(&[
            json!(101),
            json!(100),
            json!(0.99),
            json!(-5),
            json!("101"),
            json!(2500),
            json!(100.0),
            json!(null),
            json!(true),
            json!([1.0]),
            json!({"a": 1.0}),
            json!(0),
        ]);
    }
    if dice.once_in(2) {
        args["reason"] = dice.one(&[
            json!("refund"),
            json!(""),
            json!("re"),
            json!(7),
            json!("caf\u{e9}"),
            json!("cafe\u{301}"),
            json!("\u{c5}"),
            json!(false),
            json!(["refund", "caf\u{e9}"]),
            json!([]),
        ]);
    }
    if dice.once_in(2) {
        args["tags"] = dice.one(&[
            json!(["a"]),
            json!(["a", "c"]),
            json!(["c"]),
            json!("a"),
            json!([]),
            json!([1, "a", null]),
            json!([["a"]]),
            json!({"a": "a"}),
        ]);
    }
    if dice.once_in(2) {
        args["lines"] = dice.one(&[
            json!([{"price": 5}, {"price": 20}]),
            json!([{"price": 5}]),
            json!([{"price": "5"}, {"price": 20}]),
            json!([{}, {"price": 20}]),
            json!([]),
            json!({"price": 5}),
            json!([[{"price": 5}], {"price": 6}]),
            json!([{"price": [5, 30]}]),
        ]);
    }
    if dice.once_in(3) {
        args["currency"] = dice.one(&[json!("EUR"), json!("USD"), json!("XXX"), json!(1), json!(false)]);
    }
    if dice.once_in(4) {
        args["deep"] = dice.one(&[
            json!({"er": {"still": 1}}),
            json!({"er": {"still": {"a": [1]}}}),
            json!({"er": null}),
            json!(3),
        ]);
    }
    args
}

fn effect(dice: &mut Dice, op: &str, part: &str, alias: &str) -> Value {
    let method = match op {
        "read" => dice.one(&["read", "search_read", "search", "look_up"]),
        "execute" => dice.one(&["action_confirm", "action_cancel", "button_draft"]),
        "mail" => "message_post",
        "report" => "render",
        "create" => dice.one(&["create", "create", "copy"]),
        op => op,
    };
    let mut effect = json!({
        "model": dice.one(MODELS), "op": op, "method": method, "connection": alias, "part": part,
        "read": [], "filter": [], "write": [], "context": {}, "uses": [],
    });
    if op == "read" {
        effect["read"] = json!(dice.some(FIELDS));
        if !dice.once_in(4) {
            effect["row_bound"] = json!(dice.one(&[1, 2, 80]));
        }
        effect["every"] = json!(dice.once_in(5));
        if dice.once_in(3) {
            effect["filter"] = json!([dice.one(FIELDS)]);
        }
        if dice.once_in(3) {
            effect["ids"] = json!([7]);
        }
    }
    let named = match op {
        "write" | "unlink" | "execute" | "mail" | "report" => !dice.once_in(8),
        _ => method == "copy",
    };
    if named {
        effect["ids"] = dice.one(&[json!([7]), json!([7, 8]), json!([1, 2, 3]), json!([])]);
    }
    if (matches!(op, "write" | "create") && method != "copy") || (op == "execute" && dice.once_in(4)) {
        let count = if op == "create" && dice.once_in(3) { 2 } else { 1 };
        let values: Vec<Value> = (0..count).map(|_| values(dice)).collect();
        let mut fields: Vec<String> =
            values.iter().flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
        if dice.once_in(8) {
            fields.push("state".to_owned());
        }
        fields.sort_unstable();
        fields.dedup();
        effect["write"] = json!(fields);
        effect["values"] = json!(values);
    }
    if dice.once_in(4) {
        effect["context"] = dice.one(&[
            json!({"lang": "fr_FR", "allowed_company_ids": [1]}),
            json!({"mail_notrack": true}),
            json!({"force": 1}),
            json!({"default_color": 3}),
            json!({"default_state": "draft", "allowed_company_ids": [1, 3]}),
            json!({"allowed_company_ids": [1, 2]}),
            json!({"allowed_company_ids": "1"}),
            json!({"allowed_company_ids": []}),
        ]);
    }
    if dice.once_in(5) {
        let how = dice.one(&["read", "read_through", "filter", "write"]);
        effect["uses"] = json!([{"model": dice.one(MODELS), "field": dice.one(FIELDS), "how": how}]);
    }
    effect
}

fn values(dice: &mut Dice) -> Value {
    let mut values = json!({});
    for field in dice.some(&FIELDS[..6]) {
        values[field] = match field {
            "amount" => dice.one(&[
                json!(5),
                json!(99.9),
                json!(100),
                json!(2500),
                json!("5"),
                json!(-1),
                json!(0),
                json!(50.5),
                json!(null),
            ]),
            "company_id" => dice.one(&[json!(1), json!(2), json!(3), json!(false), json!("1")]),
            "state" => dice.one(&[json!("draft"), json!("done"), json!(""), json!(true)]),
            "currency" => dice.one(&[json!("EUR"), json!("USD"), json!("CHF"), json!(2)]),
            _ => dice.one(&[json!("text"), json!("caf\u{e9}"), json!("cafe\u{301}"), json!(7)]),
        };
    }
    values
}
