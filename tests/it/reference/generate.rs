//! Random policies, from a number: the same number gives the same policy, on every machine.
//!
//! Small pools of names, so that rules and calls meet. What the contract leaves to the product (how
//! large an unbounded answer is taken to be, say) is not written here.

use serde_json::{Map, Value, json};

use super::rules::{capped, model_rule, tool_rule};

/// A generator of numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        dice.below(2);
        dice
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

    pub(super) fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        let picked: Vec<T> = of.iter().filter(|_| self.once_in(2)).cloned().collect();
        if picked.is_empty() { vec![self.one(of)] } else { picked }
    }
}

pub(super) const TOOLS: &[(&str, &str)] = &[
    ("create_charge", "financial"),
    ("odoo_connect", "other"),
    ("odoo_create", "write"),
    ("odoo_execute", "execute"),
    ("odoo_read", "read"),
    ("odoo_search_read", "read"),
    ("odoo_unlink", "destructive"),
    ("odoo_write", "write"),
];
const TOOL_PATTERNS: &[&str] = &["odoo_*", "*_read", "*", "create_*", "odoo_*e*"];
pub(super) const MODELS: &[&str] = &[
    "sale.order",
    "sale.order.line",
    "res.partner",
    "ir.cron",
    "ir.config_parameter",
    "ir.model.access",
    "mail.tracking.value",
];
const MODEL_PATTERNS: &[&str] = &["sale.*", "*", "*.partner", "ir.*"];
pub(super) const FIELDS: &[&str] =
    &["name", "amount", "company_id", "state", "bank_number", "currency", "id", "display_name"];
pub(super) const ALIASES: &[&str] = &["erp", "erp-test", "archive"];
pub(super) const METHODS: &[&str] =
    &["action_confirm", "action_cancel", "button_draft", "message_post", "write"];
const GRANTS: &[&str] = &["local", "office"];
pub(super) const OPS: &[&str] = &["read", "create", "write", "unlink", "execute", "mail", "report"];
const ENVIRONMENTS: &[&str] = &["production", "staging"];
const MODES: &[&str] = &["normal", "normal", "no_delete", "read_only", "off"];
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What rules of a body may use by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) windows: bool,
    pub(super) counters: bool,
}

/// For rules that go into a file which may declare nothing.
pub(super) const NO_NAMES: Names = Names { windows: false, counters: false };

pub(super) fn policy(dice: &mut Dice) -> Value {
    let names = Names { windows: dice.once_in(2), counters: dice.once_in(3) };
    let mut policy = Map::new();
    if names.windows {
        policy.insert("time_windows".into(), time_windows(dice));
    }
    if names.counters {
        policy.insert("counters".into(), counters(dice));
    }
    policy.append(&mut body(dice, names));
    policy.insert("version".into(), json!("1"));
    policy.insert("default".into(), json!(if dice.once_in(3) { "deny" } else { "allow" }));
    if dice.once_in(3) {
        let mut grants = Map::new();
        for grant in dice.some(GRANTS) {
            let mut own = body(dice, names);
            let inherit = !dice.once_in(3);
            if !inherit || dice.once_in(2) {
                own.insert("inherit".into(), json!(inherit));
            }
            if !inherit || dice.once_in(2) {
                own.insert("default".into(), json!(dice.one(&["allow", "allow", "deny"])));
            }
            if names.windows && dice.once_in(3) {
                own.insert("time_windows".into(), time_windows(dice));
            }
            grants.insert(grant.to_owned(), own.into());
        }
        policy.insert("grants".into(), grants.into());
    }
    if dice.once_in(25) {
        policy.insert("mode".into(), json!("shadow"));
    }
    policy.into()
}

fn time_windows(dice: &mut Dice) -> Value {
    let (from, to) =
        dice.one(&[("08:00", "18:00"), ("22:00", "06:00"), ("00:00", "24:00"), ("12:30", "12:29")]);
    let mut window = json!({
        "tz": dice.one(&["UTC", "Europe/Vienna", "Asia/Kolkata", "America/New_York"]), "from": from, "to": to,
    });
    if dice.once_in(2) {
        window["days"] = json!(dice.some(DAYS));
    }
    json!({ "office": window })
}

fn counters(dice: &mut Dice) -> Value {
    let mut shared = json!({"window": dice.one(&[json!("hour"), json!(90)])});
    if dice.once_in(2) {
        shared["scope"] = dice.one(&[json!("global"), json!("tool"), json!(["grant", "client"])]);
    }
    if dice.once_in(3) {
        shared["unit"] = json!(dice.one(&["records", "rows", "calls"]));
    }
    json!({ "shared": shared })
}

fn body(dice: &mut Dice, names: Names) -> Map<String, Value> {
    let mut body = Map::new();
    if dice.once_in(4) {
        let hidden: Vec<&str> = (0..=dice.below(2))
            .map(|_| dice.one(&["odoo_unlink", "odoo_execute", "*_read", "create_charge", "odoo_cr*"]))
            .collect();
        body.insert("hide".into(), json!(hidden));
    }
    if dice.once_in(3) {
        body.insert("all_tools".into(), tool_rule(dice, names));
    }
    if !dice.once_in(4) {
        let mut tools = Map::new();
        for _ in 0..=dice.below(4) {
            let name = if dice.once_in(3) { dice.one(TOOL_PATTERNS) } else { dice.one(TOOLS).0 };
            let mut rule = tool_rule(dice, names);
            if !name.contains('*') && dice.once_in(8) {
                capped(dice, name, &mut rule);
            }
            tools.insert(name.to_owned(), rule);
        }
        body.insert("tools".into(), tools.into());
    }
    if dice.once_in(3) {
        let class = dice.one(TOOLS).1;
        body.insert("classes".into(), json!({ class: tool_rule(dice, names) }));
    }
    if dice.once_in(3) {
        connections(dice, names, &mut body);
    }
    if dice.once_in(2) {
        let mut models = Map::new();
        for _ in 0..=dice.below(3) {
            let name = if dice.once_in(2) { dice.one(MODEL_PATTERNS) } else { dice.one(MODELS) };
            models.insert(name.to_owned(), model_rule(dice, names));
        }
        body.insert("models".into(), models.into());
    }
    if dice.once_in(4) {
        body.insert("approvals".into(), approvals(dice));
    }
    if dice.once_in(15) {
        let tool = dice.one(TOOLS).0;
        let digest = if dice.once_in(2) { super::random::pin(tool) } else { format!("sha256:{:064x}", 7) };
        body.insert("pins".into(), json!({ tool: digest }));
    }
    if dice.once_in(25) {
        body.insert("mode".into(), json!("shadow"));
    }
    body
}

pub(super) fn approvals(dice: &mut Dice) -> Value {
    let mut terms = json!({});
    for (key, values) in [("ttl", [60, 3_600]), ("max_pending", [1, 9]), ("dedupe_window", [0, 7_200])] {
        if dice.once_in(3) {
            terms[key] = json!(dice.one(&values));
        }
    }
    if dice.once_in(4) {
        terms["self_approval"] = json!(dice.once_in(2));
    }
    if dice.once_in(2) {
        terms["modes"] = json!(dice.one(&[vec!["console"], vec!["url", "form"], vec!["form", "console"]]));
    }
    if dice.once_in(2) {
        terms["approvers"] = json!(dice.one(&[
            vec!["user:boss"],
            vec!["group:finance", "user:boss"],
            vec!["group:finance"],
            vec![]
        ]));
    }
    terms
}

fn connections(dice: &mut Dice, names: Names, body: &mut Map<String, Value>) {
    let (mut connections, mut environments) = (Map::new(), Map::new());
    for _ in 0..=dice.below(2) {
        let name = dice.one(&["erp", "erp-test", "erp*", "*", "*-test"]);
        let mut rule = json!({});
        if dice.once_in(2) {
            rule["mode"] = json!(dice.one(MODES));
        }
        if dice.once_in(6) {
            rule["companies"] = json!(dice.one(&[vec![1], vec![1, 3]]));
        }
        if dice.once_in(2) {
            let name = dice.one(ENVIRONMENTS);
            rule["environment"] = json!(name);
            if dice.once_in(2) {
                let mut environment = json!({});
                if dice.once_in(2) {
                    environment["approve"] = json!(dice.some(OPS));
                }
                if dice.once_in(2) {
                    environment["mode"] = json!(dice.one(MODES));
                }
                if names.windows && dice.once_in(3) {
                    environment["time"] = json!("office");
                }
                environments.insert(name.into(), environment);
            }
        }
        connections.insert(name.to_owned(), rule);
    }
    body.insert("connections".into(), connections.into());
    if !environments.is_empty() {
        body.insert("environments".into(), environments.into());
    }
}
