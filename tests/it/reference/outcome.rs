//! The product's own decision about a call of the generator.

use std::{collections::BTreeMap, sync::Arc};

use odoo_mcp::{
    facts::{
        Approval, Arrival, CallFacts, Caller, Class, ConnectionAlias, ConnectionChange, Effect, FieldName,
        FieldUse, Found, GrantName, JsonObject, MethodName, ModelName, Operation, Part, Pause, RecordAnswer,
        RecordEffect, Risk, ToolFacts, Use, UserName,
    },
    policy::{ApprovalMode, ApprovalTerms, Charge, Count, Decision, DenialKind, KnownTools, Needs, Policy},
};
use serde_json::Value;

use super::{
    currencies,
    decide::Terms,
    generate::{ALIASES, TOOLS},
    look::{list, text},
    truth::scaled,
};

/// The catalogue of the generator.
#[derive(Debug)]
struct Known;

impl KnownTools for Known {
    fn tools(&self) -> Vec<ToolFacts> {
        TOOLS.iter().map(|(name, class)| tool_facts(name, class)).collect()
    }

    fn input_schema(&self, _: &str) -> Option<JsonObject> {
        None
    }

    fn pin(&self, name: &str) -> Option<String> {
        Some(pin(name))
    }
}

/// Digests of the generator's tools.
pub(super) fn pin(name: &str) -> String {
    format!("sha256:{:064x}", name.len())
}

pub(super) fn tool_facts(name: &str, class: &str) -> ToolFacts {
    let (name, _) = TOOLS.iter().find(|(known, _)| *known == name).unwrap();
    let class = serde_json::from_value::<Class>(class.into()).unwrap();
    ToolFacts { name, family: "test", class, risk: Risk::Low }
}

pub(super) fn load(policy: &Value) -> Option<Arc<Policy>> {
    Policy::load(policy.to_string().as_bytes(), &Known).ok().map(Arc::new)
}

/// What the product decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) kind: &'static str,
    pub(super) rule: String,
    pub(super) asks: Vec<String>,
    /// Rule and scope to amount, in millionths.
    pub(super) charges: BTreeMap<(String, String), i128>,
    pub(super) shadow_charges: BTreeMap<(String, String), i128>,
    pub(super) questions: Vec<String>,
    pub(super) shadow: Vec<String>,
    pub(super) terms: Option<Terms>,
}

/// Walks a call through the product's policy; the call says whether its records are within their
/// domains.
pub(super) fn outcome(policy: &Arc<Policy>, call: &Value, approved: bool) -> Outcome {
    let mut facts = call_facts(call);
    if approved {
        facts.found.approval = Some(Approval { id: Arc::from("1"), by: Arc::from("user:boss") });
    }
    let answer = if call["outside"] == true { RecordAnswer::SomeOutside } else { RecordAnswer::AllWithin };
    let mut questions = Vec::new();
    for _ in 0..3 {
        let mut found = Outcome {
            kind: "deny",
            rule: String::new(),
            asks: Vec::new(),
            charges: BTreeMap::new(),
            shadow_charges: BTreeMap::new(),
            questions: questions.clone(),
            shadow: Vec::new(),
            terms: None,
        };
        match policy.decide(&facts) {
            Decision::Allow(permit) => {
                found.kind = "allow";
                found.rule = permit.rule().0.to_string();
                found.shadow = permit.shadow().iter().map(|rule| rule.0.to_string()).collect();
                (found.charges, found.shadow_charges) = sums(permit.charges());
            }
            Decision::Ask(ask) => {
                found.kind = "ask";
                found.asks = ask.rules.iter().map(|rule| rule.0.to_string()).collect();
                (found.charges, found.shadow_charges) = sums(&ask.charges);
                found.terms = Some(terms(&ask.terms));
            }
            Decision::Deny(denial) => {
                found.kind = if denial.kind == DenialKind::Unknown { "unknown" } else { "deny" };
                found.rule = denial.rule.0.to_string();
            }
            Decision::Needs(Needs::Definitions) => panic!("the effects are unfolded"),
            Decision::Needs(Needs::Currencies { .. }) => panic!("the currencies are known"),
            Decision::Needs(Needs::Records { questions: asked, .. }) => {
                questions = asked.iter().map(|question| question.rule.0.to_string()).collect();
                facts.found.records = Some(asked.iter().map(|_| answer).collect());
                continue;
            }
        }
        return found;
    }
    panic!("the decision comes to no end");
}

fn terms(terms: &ApprovalTerms) -> Terms {
    let way = |mode: &ApprovalMode| match mode {
        ApprovalMode::Url => "url",
        ApprovalMode::Form => "form",
        ApprovalMode::Console => "console",
    };
    Terms {
        ways: terms.modes.iter().map(|mode| way(mode).to_owned()).collect(),
        approvers: terms.approvers.iter().map(ToString::to_string).collect(),
        ttl: terms.ttl.as_secs(),
        self_approval: terms.self_approval,
        max_pending: terms.max_pending.into(),
        dedupe_window: terms.dedupe_window.as_secs(),
    }
}

type Sums = BTreeMap<(String, String), i128>;

/// What is charged, and what is charged to counters in shadow.
fn sums(charges: &[Charge]) -> (Sums, Sums) {
    let (mut sums, mut shadow) = (Sums::new(), Sums::new());
    for charge in charges {
        let scope = &charge.scope;
        let words = [
            scope.grant.as_ref().map_or("-", GrantName::as_str),
            scope.user.as_ref().map_or("-", UserName::as_str),
            scope.client.as_deref().unwrap_or("-"),
            scope.connection.as_ref().map_or("-", ConnectionAlias::as_str),
            scope.tool.unwrap_or("-"),
            match charge.limit.count {
                Count::Attempts => "attempts",
                Count::Effects => "effects",
            },
        ];
        let into = if charge.limit.shadow { &mut shadow } else { &mut sums };
        let key = (charge.limit.rule.0.to_string(), words.join(" "));
        *into.entry(key).or_default() += scaled(&charge.amount.to_string()).unwrap();
    }
    sums.retain(|_, amount| *amount != 0);
    shadow.retain(|_, amount| *amount != 0);
    (sums, shadow)
}

/// The facts that the corridor would gather for the call.
pub(super) fn call_facts(call: &Value) -> CallFacts {
    let tool = tool_facts(text(call, "tool"), text(call, "tool_class"));
    let minute = call["minute"].as_u64().unwrap();
    let caller = Caller {
        user: UserName::parse(text(call, "user")).unwrap(),
        grant: GrantName::parse(text(call, "grant")).unwrap(),
        client: call.get("client").map(|client| Arc::from(client.as_str().unwrap())),
        groups: list(call, "groups").iter().map(|group| Arc::from(group.as_str().unwrap())).collect(),
        ..Caller::local(Arrival::Stdio)
    };
    let pause = Pause { rule: Arc::from("/breakers/0"), reason: Arc::from("Too often."), until: None };
    let tables: Value = ALIASES.iter().map(|alias| (*alias, currencies::table())).collect();
    let day = call["day"].as_u64().unwrap() + 16;
    CallFacts {
        caller,
        tool,
        class: serde_json::from_value::<Class>(call["class"].clone()).unwrap(),
        dry_run: call["dry_run"] == true,
        arguments: Arc::new(call["args"].as_object().unwrap().clone()),
        effects: list(call, "effects").iter().map(effect).collect(),
        // A Monday is the 16th of this month.
        at: format!("2026-11-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60).parse().unwrap(),
        found: Found {
            unfolded: true,
            pause: (call["paused"] == true).then_some(pause),
            currencies: Some(Arc::new(serde_json::from_value(tables).unwrap())),
            ..Found::default()
        },
    }
}

fn effect(value: &Value) -> Effect {
    let alias = ConnectionAlias::parse(text(value, "connection")).unwrap();
    if let Some(change) = value.get("change").and_then(Value::as_str) {
        let change = match change {
            "inspect" => ConnectionChange::Inspect,
            "connect" => ConnectionChange::Connect,
            "disconnect" => ConnectionChange::Disconnect,
            "sign_in" => ConnectionChange::SignIn,
            "sign_out" => ConnectionChange::SignOut,
            _ => ConnectionChange::Repin,
        };
        return Effect::Connection { connection: alias, change };
    }
    let operation = [
        Operation::Read,
        Operation::Create,
        Operation::Write,
        Operation::Unlink,
        Operation::Execute,
        Operation::Mail,
        Operation::Report,
    ]
    .into_iter()
    .find(|operation| operation.as_str() == text(value, "op"))
    .unwrap();
    let model = ModelName::parse(text(value, "model")).unwrap();
    let method = MethodName::parse(text(value, "method")).unwrap();
    let mut effect = RecordEffect::new(&alias, &model, operation, method);
    let names =
        |key: &str| list(value, key).iter().map(|name| FieldName::parse(name.as_str().unwrap()).unwrap());
    effect.ids =
        value.get("ids").map(|ids| ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect());
    effect.part = match text(value, "part") {
        "main" => Part::Main,
        "nested" => Part::Nested,
        _ => Part::Auxiliary,
    };
    effect.reads_every_field = value["every"] == true;
    effect.row_bound = value.get("row_bound").map(|bound| bound.as_u64().unwrap());
    effect.values = list(value, "values").iter().map(|values| values.as_object().unwrap().clone()).collect();
    effect.context = Arc::new(value["context"].as_object().unwrap().clone());
    effect.fields_read = names("read").collect();
    effect.fields_written = names("write").collect();
    effect.fields_filtered = names("filter").map(|field| field.as_str().to_owned()).collect();
    effect.uses = list(value, "uses").iter().map(field_use).collect();
    Effect::Records(effect)
}

fn field_use(value: &Value) -> FieldUse {
    FieldUse {
        model: ModelName::parse(text(value, "model")).unwrap(),
        field: FieldName::parse(text(value, "field")).unwrap(),
        how: match text(value, "how") {
            "read" => Use::Read,
            "read_through" => Use::ReadThrough,
            "filter" => Use::Filter,
            _ => Use::Write,
        },
    }
}
