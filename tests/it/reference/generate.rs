//! Random policies and calls, from a number: the same number gives the same pair, on every machine.
//!
//! Small pools of names, so that rules and calls meet. What the contract leaves to the product (the
//! meaning of an empty list under `[*]`, say) is not written here.

use serde_json::{Map, Value, json};

/// A generator of numbers.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % bound as u64).unwrap()
    }

    /// True once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        let picked: Vec<T> = of.iter().filter(|_| self.once_in(2)).cloned().collect();
        if picked.is_empty() { vec![self.one(of)] } else { picked }
    }
}

pub(super) const TOOLS: &[(&str, &str)] = &[
    ("create_charge", "financial"),
    ("odoo_create", "write"),
    ("odoo_execute", "execute"),
    ("odoo_read", "read"),
    ("odoo_search_read", "read"),
    ("odoo_unlink", "destructive"),
    ("odoo_write", "write"),
];
const TOOL_PATTERNS: &[&str] = &["odoo_*", "*_read", "*", "create_*"];
const MODELS: &[&str] = &["sale.order", "sale.order.line", "res.partner", "ir.cron", "ir.config_parameter"];
const MODEL_PATTERNS: &[&str] = &["sale.*", "*", "*.partner"];
const FIELDS: &[&str] = &["name", "amount", "company_id", "state", "bank_number"];
const FIELD_PATTERNS: &[&str] = &["*bank*", "*", "company_*"];
const ALIASES: &[&str] = &["erp", "erp-test", "archive"];
const METHODS: &[&str] = &["action_confirm", "action_cancel", "button_draft"];
const GRANTS: &[&str] = &["local", "office"];
const OPS: &[&str] = &["read", "create", "write", "unlink", "execute", "mail"];

pub(super) fn policy(dice: &mut Dice) -> Value {
    let mut policy = body(dice);
    policy.insert("version".into(), json!("1"));
    policy.insert("default".into(), json!(if dice.once_in(3) { "deny" } else { "allow" }));
    if dice.once_in(3) {
        let mut grants = Map::new();
        for grant in dice.some(GRANTS) {
            let mut own = body(dice);
            let inherit = !dice.once_in(3);
            own.insert("inherit".into(), json!(inherit));
            if !inherit || dice.once_in(2) {
                own.insert("default".into(), json!(dice.one(&["allow", "allow", "deny"])));
            }
            grants.insert(grant.to_owned(), own.into());
        }
        policy.insert("grants".into(), grants.into());
    }
    policy.into()
}

fn body(dice: &mut Dice) -> Map<String, Value> {
    let mut body = Map::new();
    let mut add = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    if dice.once_in(4) {
        let hidden: Vec<&str> = (0..=dice.below(2))
            .map(|_| dice.one(&["odoo_unlink", "odoo_execute", "*_read", "create_charge"]))
            .collect();
        add("hide", json!(hidden));
    }
    let windows = dice.once_in(3);
    if windows {
        let window = json!({"tz": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "08:00", "to": "18:00"});
        add("time_windows", json!({ "office": window }));
    }
    let dice = &mut Dice(dice.0 ^ u64::from(windows));
    if dice.once_in(3) {
        add("all_tools", tool_rule(dice, windows));
    }
    if !dice.once_in(4) {
        let mut tools = Map::new();
        for _ in 0..=dice.below(4) {
            let name = if dice.once_in(3) { dice.one(TOOL_PATTERNS) } else { dice.one(TOOLS).0 };
            tools.insert(name.to_owned(), tool_rule(dice, windows));
        }
        add("tools", tools.into());
    }
    if dice.once_in(3) {
        let class = dice.one(TOOLS).1;
        add("classes", json!({ class: tool_rule(dice, windows) }));
    }
    if dice.once_in(3) {
        let mut connections = Map::new();
        let mut environments = Map::new();
        for _ in 0..=dice.below(2) {
            let name = dice.one(&["erp", "erp-test", "erp*", "*"]);
            let mut rule = json!({"mode": dice.one(&["normal", "normal", "no_delete", "read_only", "off"])});
            if dice.once_in(2) {
                rule["environment"] = json!("production");
                let mut environment = json!({"approve": dice.some(OPS)});
                if dice.once_in(2) {
                    environment["mode"] = json!(dice.one(&["normal", "no_delete", "read_only"]));
                }
                environments.insert("production".into(), environment);
            }
            connections.insert(name.to_owned(), rule);
        }
        add("connections", connections.into());
        if !environments.is_empty() {
            add("environments", environments.into());
        }
    }
    if dice.once_in(2) {
        let mut models = Map::new();
        for _ in 0..=dice.below(3) {
            let name = if dice.once_in(3) { dice.one(MODEL_PATTERNS) } else { dice.one(MODELS) };
            models.insert(name.to_owned(), model_rule(dice, windows));
        }
        add("models", models.into());
    }
    body
}

fn tool_rule(dice: &mut Dice, windows: bool) -> Value {
    let mut rule = json!({});
    if dice.once_in(4) {
        rule["action"] = json!(dice.one(&["allow", "deny", "require_approval", "evaluate"]));
    }
    for key in ["require", "deny_if", "approve_if"] {
        if dice.once_in(4) {
            rule[key] = (0..=dice.below(2)).map(|_| item(dice, windows, 0)).collect();
        }
    }
    if dice.once_in(5) {
        let conditions: Vec<Value> = (0..=dice.below(2)).map(|_| condition(dice, windows)).collect();
        rule["rules"] = json!([{"name": "older", "conditions": conditions}]);
    }
    if dice.once_in(4) {
        rule["batch"] = batch(dice);
    }
    if dice.once_in(3) {
        rule["limits"] = limits(dice, true);
    }
    if dice.once_in(6) {
        rule["rate_limit"] =
            dice.one(&[json!("10/hour"), json!({"max": 3, "window": 60}), json!("0/minute")]);
    }
    shadow(dice, &mut rule, 10);
    rule
}

fn shadow(dice: &mut Dice, rule: &mut Value, times: usize) {
    if dice.once_in(times) {
        rule["mode"] = json!("shadow");
    }
}

fn limits(dice: &mut Dice, with_arguments: bool) -> Value {
    let counters = dice.some(&["first", "second"]);
    let of = |counter: &str, dice: &mut Dice| {
        let mut limit = json!({
            "counter": counter,
            "window": dice.one(&[json!("minute"), json!("day"), json!("month"), json!(90)]),
            "max": dice.one(&[json!(0), json!(2), json!(30), json!(500)]),
        });
        if dice.once_in(2) {
            limit["scope"] =
                dice.one(&[json!("grant"), json!("user"), json!("global"), json!(["user", "connection"])]);
        }
        match dice.below(5) {
            0 => limit["increment_from"] = json!("odoo.count"),
            1 if with_arguments => {
                limit["increment_from"] = json!("args.amount");
                limit["max"] = dice.one(&[json!("100.00"), json!("2500.50")]);
                limit["unit"] = json!("money:EUR");
            }
            2 if limit["max"] != json!(0) => limit["increment"] = json!(2),
            _ => {}
        }
        shadow(dice, &mut limit, 8);
        limit
    };
    counters.iter().map(|counter| of(counter, dice)).collect()
}

fn batch(dice: &mut Dice) -> Value {
    let mut batch = json!({});
    for key in ["ids", "values", "rows"] {
        if dice.once_in(2) {
            batch[key] = json!(dice.one(&[1, 2, 50]));
        }
    }
    batch
}

fn model_rule(dice: &mut Dice, windows: bool) -> Value {
    let mut rule = json!({});
    if !dice.once_in(5) {
        let mut ops = dice.some(OPS);
        ops.push("read");
        ops.sort_unstable();
        ops.dedup();
        rule["ops"] = json!(ops);
    }
    if dice.once_in(2) {
        rule["methods"] = json!({"allow": dice.some(METHODS)});
        if dice.once_in(2) {
            rule["methods"]["approve"] = json!([dice.one(METHODS)]);
        }
        if dice.once_in(3) {
            rule["methods"]["deny"] = json!([dice.one(METHODS)]);
        }
    }
    if dice.once_in(3) {
        let mut fields = Map::new();
        for _ in 0..=dice.below(2) {
            let name = if dice.once_in(2) { dice.one(FIELD_PATTERNS) } else { dice.one(FIELDS) };
            let right = |dice: &mut Dice| dice.one(&["allow", "allow", "deny"]);
            let read = dice.one(&["allow", "allow", "deny", "mask"]);
            let filter = if read == "allow" { right(dice) } else { "deny" };
            fields.insert(name.to_owned(), json!({"read": read, "write": right(dice), "filter": filter}));
        }
        rule["fields"] = fields.into();
        if dice.once_in(4) {
            rule["fields_default"] = json!("deny");
        }
    }
    if dice.once_in(5) {
        rule["values"] = json!({"amount": {"op": dice.one(&["lt", "gte"]), "value": 100}});
    }
    if dice.once_in(4) {
        rule["domain"] = dice.one(&[
            json!([["company_id", "in", [1, 3]]]),
            json!([["state", "=", "draft"], ["company_id", "=", 1]]),
        ]);
    }
    if dice.once_in(5) {
        rule["batch"] = batch(dice);
    }
    if dice.once_in(5) {
        rule["limits"] = limits(dice, false);
    }
    for key in ["require", "deny_if", "approve_if"] {
        if dice.once_in(7) {
            rule[key] = json!([item(dice, windows, 1)]);
        }
    }
    if dice.once_in(5) {
        rule["context"] = json!(["mail_notrack"]);
    }
    shadow(dice, &mut rule, 12);
    rule
}

fn item(dice: &mut Dice, windows: bool, depth: usize) -> Value {
    let mut item = match dice.below(if depth > 2 { 4 } else { 9 }) {
        0..=3 => condition(dice, windows),
        4 => return json!(dice.one(&["args.reason", "args.amount", "odoo.values.name"])),
        5 => json!({"conditions": [condition(dice, windows), condition(dice, windows)]}),
        6 => json!({"all": [item(dice, windows, depth + 1), item(dice, windows, depth + 1)]}),
        7 => json!({"any": [item(dice, windows, depth + 1), item(dice, windows, depth + 1)]}),
        _ => json!({"not": item(dice, windows, depth + 1)}),
    };
    if depth == 0 {
        if item.get("path").is_some() && dice.once_in(4) {
            item["on_missing"] = json!(dice.one(&["deny", "pass"]));
        }
        shadow(dice, &mut item, 8);
    }
    item
}

fn condition(dice: &mut Dice, windows: bool) -> Value {
    let (path, op, value) = match dice.below(if windows { 15 } else { 14 }) {
        0 => (
            "args.amount",
            dice.one(&["lt", "lte", "gt", "gte", "eq", "neq"]),
            dice.one(&[json!(100), json!(0.5), json!(-3)]),
        ),
        1 => (
            "args.reason",
            dice.one(&["eq", "neq", "starts_with", "ends_with", "contains", "not_contains"]),
            json!("re"),
        ),
        2 => ("args.reason", dice.one(&["in", "not_in"]), json!(["refund", "x"])),
        3 => ("args.reason", dice.one(&["regex", "not_regex", "glob"]), json!("fund")),
        4 => ("args.tags", dice.one(&["contains", "not_contains"]), json!("a")),
        5 => ("args.tags", dice.one(&["subset_of", "disjoint"]), json!(["a", "b"])),
        6 => ("args.lines[*].price", dice.one(&["lt", "gte"]), json!(10)),
        7 => ("args.lines[?].price", dice.one(&["lt", "gte"]), json!(10)),
        8 => ("args.lines.price", dice.one(&["lt", "gte", "eq"]), json!(10)),
        9 => ("args.tags", dice.one(&["len_lte", "len_gte"]), json!(1)),
        10 => ("args.amount", dice.one(&["exists", "type"]), Value::Null),
        11 => ("odoo.values.amount", dice.one(&["lt", "gt", "eq"]), dice.one(&[json!(100), json!("99.90")])),
        12 => ("odoo.model", dice.one(&["eq", "neq", "starts_with"]), json!(dice.one(MODELS))),
        13 => ("ctx.user", dice.one(&["eq", "neq"]), json!("anna")),
        _ => ("ctx.time.office", "eq", json!(dice.once_in(2))),
    };
    let value = match (op, value) {
        ("exists", _) => json!(dice.once_in(2)),
        ("type", _) => json!("number"),
        // Amounts as text are for comparing, not for being the same.
        ("eq", Value::String(_)) if path == "odoo.values.amount" => json!(100),
        (_, value) => value,
    };
    json!({"path": path, "op": op, "value": value})
}

pub(super) fn call(dice: &mut Dice) -> Value {
    let (tool, class) = dice.one(TOOLS);
    let mut args = json!({});
    if dice.once_in(2) {
        args["amount"] =
            dice.one(&[json!(101), json!(100), json!(0.99), json!(-5), json!("101"), json!(2500)]);
    }
    if dice.once_in(2) {
        args["reason"] = dice.one(&[json!("refund"), json!(""), json!("re"), json!(7)]);
    }
    if dice.once_in(2) {
        args["tags"] = dice.one(&[json!(["a"]), json!(["a", "c"]), json!(["c"]), json!("a")]);
    }
    if dice.once_in(2) {
        args["lines"] = dice.one(&[
            json!([{"price": 5}, {"price": 20}]),
            json!([{"price": 5}]),
            json!([{"price": "5"}, {"price": 20}]),
            json!([{}, {"price": 20}]),
        ]);
    }
    let op = match tool {
        "create_charge" => "",
        "odoo_create" => "create",
        "odoo_execute" => dice.one(&["execute", "execute", "write", "unlink", "mail", "read"]),
        "odoo_unlink" => "unlink",
        "odoo_write" => "write",
        _ => "read",
    };
    let mut effects = Vec::new();
    if !op.is_empty() {
        let alias = dice.one(ALIASES);
        effects.push(effect(dice, op, "main", alias));
        if matches!(op, "write" | "create") && dice.once_in(3) {
            let nested = dice.one(&["create", "write", "unlink"]);
            effects.push(effect(dice, nested, "nested", alias));
        }
        if op == "write" && dice.once_in(4) {
            effects.push(effect(dice, "read", "auxiliary", alias));
        }
    }
    json!({
        "tool": tool, "tool_class": class, "args": args, "effects": effects, "minute": dice.below(1440),
        "user": dice.one(&["anna", "local"]), "grant": dice.one(&["local", "local", "office"]), "client": "desk",
    })
}

fn effect(dice: &mut Dice, op: &str, part: &str, alias: &str) -> Value {
    let method = match op {
        "read" => "read",
        "execute" => dice.one(METHODS),
        "mail" => "message_post",
        op => op,
    };
    let mut effect = json!({
        "model": dice.one(MODELS), "op": op, "method": method, "connection": alias, "part": part,
        "read": [], "filter": [], "write": [], "context": {},
    });
    if op == "read" {
        effect["read"] = json!(dice.some(FIELDS));
        effect["row_bound"] = json!(dice.one(&[1, 2, 80]));
        if dice.once_in(3) {
            effect["filter"] = json!([dice.one(FIELDS)]);
        }
    }
    if matches!(op, "write" | "unlink" | "execute" | "mail") {
        effect["ids"] = dice.one(&[json!([7]), json!([7, 8]), json!([1, 2, 3])]);
    }
    if matches!(op, "write" | "create") {
        let count = if op == "create" && dice.once_in(3) { 2 } else { 1 };
        let values: Vec<Value> = (0..count).map(|_| values(dice)).collect();
        let mut fields: Vec<String> =
            values.iter().flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
        fields.sort_unstable();
        fields.dedup();
        effect["write"] = json!(fields);
        effect["values"] = json!(values);
    }
    if dice.once_in(6) {
        effect["context"] =
            dice.one(&[json!({"lang": "fr_FR"}), json!({"mail_notrack": true}), json!({"force": 1})]);
    }
    effect
}

fn values(dice: &mut Dice) -> Value {
    let mut values = json!({});
    for field in dice.some(FIELDS) {
        values[field] = match field {
            "amount" => dice.one(&[json!(5), json!(99.9), json!(100), json!(2500), json!("5")]),
            "company_id" => dice.one(&[json!(1), json!(2), json!(3)]),
            "state" => dice.one(&[json!("draft"), json!("done")]),
            _ => json!("text"),
        };
    }
    values
}
