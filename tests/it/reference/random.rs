//! A second decision, slow and obvious, over the same policies and calls: the two must agree.
//!
//! `ODOO_MCP_CASES` sets how many random pairs are tried, `ODOO_MCP_SEED` where the numbers begin; a
//! disagreement names its number and prints the smallest policy that still shows it.

use std::{collections::BTreeMap, sync::Arc};

use odoo_mcp::{
    facts::{
        Approval, Arrival, CallFacts, Caller, Class, ConnectionAlias, Decimal, Effect, FieldName, FieldUse,
        Found, GrantName, JsonObject, MethodName, ModelName, Operation, Part, RecordAnswer, RecordEffect,
        Risk, ToolFacts, Use, UserName,
    },
    policy::{Charge, Decision, DenialKind, KnownTools, Needs, Policy},
};
use serde_json::Value;

use super::{
    decide::{self, Verdict, list, text},
    generate::{self, Dice, TOOLS},
    smaller,
};

/// Pairs of a policy and a call in a usual run.
const CASES: u64 = 6_000;
/// Of the random policies, so many of a hundred have to load: the rest hold conditions that the
/// product refuses to load because they can never be true.
const LOADED_PERCENT_MIN: u64 = 60;

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

    fn pin(&self, _: &str) -> Option<String> {
        None
    }
}

pub(super) fn tool_facts(name: &str, class: &str) -> ToolFacts {
    let (name, _) = TOOLS.iter().find(|(known, _)| *known == name).unwrap();
    let class = serde_json::from_value::<Class>(class.into()).unwrap();
    ToolFacts { name, family: "test", class, risk: Risk::Low }
}

#[test]
fn random_policies_decide_as_the_contract_says() {
    let (first, cases) = (number("ODOO_MCP_SEED", 0), number("ODOO_MCP_CASES", CASES));
    let mut kinds = BTreeMap::<&str, u64>::new();
    for seed in first..first + cases {
        let mut dice = Dice::new(seed);
        let policy = generate::policy(&mut dice);
        let calls: Vec<Value> = (0..4).map(|_| generate::call(&mut dice)).collect();
        for call in &calls {
            match compare(&policy, call) {
                Ok(kind) => *kinds.entry(kind).or_default() += 1,
                Err(_) => smaller::report(seed, &policy, call),
            }
        }
    }
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    assert!(of("not loaded") * 100 <= cases * 4 * (100 - LOADED_PERCENT_MIN), "{kinds:?}");
    for kind in ["allow", "deny", "ask", "unknown"] {
        assert!(of(kind) * 50 > cases, "hardly a case ends as `{kind}`: {kinds:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the product")]
pub(super) fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

pub(super) fn load(policy: &Value) -> Option<Arc<Policy>> {
    Policy::load(policy.to_string().as_bytes(), &Known).ok().map(Arc::new)
}

/// What the product decided.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) kind: &'static str,
    pub(super) rule: String,
    pub(super) asks: Vec<String>,
    pub(super) charges: BTreeMap<String, Decimal>,
    pub(super) questions: Vec<String>,
}

/// Walks a call through the product's policy; records are within their domains, and nobody approves.
pub(super) fn outcome(policy: &Arc<Policy>, call: &Value, approved: bool) -> Outcome {
    let mut facts = call_facts(call);
    if approved {
        facts.found.approval = Some(Approval { id: Arc::from("1"), by: Arc::from("user:boss") });
    }
    let mut asked = Vec::new();
    for _ in 0..3 {
        let (kind, rule, asks, charges) = match policy.decide(&facts) {
            Decision::Allow(permit) => {
                ("allow", permit.rule().0.to_string(), Vec::new(), sums(permit.charges()))
            }
            Decision::Ask(ask) => {
                let asks = ask.rules.iter().map(|rule| rule.0.to_string()).collect();
                ("ask", String::new(), asks, sums(&ask.charges))
            }
            Decision::Deny(denial) => {
                let kind = if denial.kind == DenialKind::Unknown { "unknown" } else { "deny" };
                (kind, denial.rule.0.to_string(), Vec::new(), BTreeMap::new())
            }
            Decision::Needs(Needs::Definitions) => panic!("the effects are unfolded"),
            Decision::Needs(Needs::Records { questions, .. }) => {
                asked = questions.iter().map(|question| question.rule.0.to_string()).collect();
                facts.found.records = Some(questions.iter().map(|_| RecordAnswer::AllWithin).collect());
                continue;
            }
        };
        return Outcome { kind, rule, asks, charges, questions: asked };
    }
    panic!("the decision comes to no end");
}

fn sums(charges: &[Charge]) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::<String, Decimal>::new();
    for charge in charges.iter().filter(|charge| !charge.limit.shadow) {
        let sum = sums.entry(charge.limit.rule.0.to_string()).or_default();
        *sum = sum.checked_add(charge.amount).unwrap();
    }
    sums.retain(|_, amount| !amount.is_zero());
    sums
}

/// Compares both decisions; the kind they agree on, or what they disagree about.
pub(super) fn compare(policy: &Value, call: &Value) -> Result<&'static str, String> {
    let Some(loaded) = load(policy) else { return Ok("not loaded") };
    let expected = decide::decide(policy, call);
    let found = outcome(&loaded, call, false);
    let kind = kind_of(&expected);
    if found.kind != kind {
        return Err(format!("expected `{kind}`, found {found:?}; the contract gives {expected:#?}"));
    }
    let first = expected.refusals.iter().map(|(step, _)| *step).min();
    let refusing = expected.refusals.iter().filter(|(step, _)| Some(*step) == first);
    let mut refusing = refusing.map(|(_, rule)| rule.as_str());
    if first.is_some() && !refusing.any(|rule| about_the_same(rule, &found.rule)) {
        return Err(format!("refused by `{}`; the contract gives {:?}", found.rule, expected.refusals));
    }
    if kind == "ask" {
        for rule in &expected.asks {
            if !found.asks.iter().any(|found| about_the_same(rule, found)) {
                return Err(format!("`{rule}` asks as well: {:?}", found.asks));
            }
        }
        if outcome(&loaded, call, true).kind != "allow" {
            return Err("an approval is not enough".to_owned());
        }
    }
    if first.is_none() {
        let charges: BTreeMap<String, Decimal> =
            expected.charges.iter().map(|(rule, amount)| (rule.clone(), millionths(*amount))).collect();
        if charges != found.charges {
            return Err(format!("charges {:?}; the contract gives {charges:?}", found.charges));
        }
        let questions = expected.questions.is_empty() == found.questions.is_empty();
        if !questions {
            return Err(format!(
                "asks Odoo {:?}; the contract gives {:?}",
                found.questions, expected.questions
            ));
        }
    }
    Ok(kind)
}

fn kind_of(verdict: &Verdict) -> &'static str {
    match verdict.refusals.iter().map(|(step, _)| *step).min() {
        Some(2) => "unknown",
        Some(_) => "deny",
        None if verdict.asks.is_empty() => "allow",
        None => "ask",
    }
}

/// A rule may be named by itself or by the member of it that decided. Rules that are built in have no
/// place in the file.
fn about_the_same(expected: &str, found: &str) -> bool {
    expected.is_empty() || expected.starts_with(found) || found.starts_with(expected)
}

fn millionths(amount: i128) -> Decimal {
    Decimal::parse(&format!("{amount}e-6")).unwrap()
}

/// The facts that the corridor would gather for the call.
pub(super) fn call_facts(call: &Value) -> CallFacts {
    let tool = tool_facts(text(call, "tool"), text(call, "tool_class"));
    let minute = call["minute"].as_u64().unwrap();
    let caller = Caller {
        user: UserName::parse(text(call, "user")).unwrap(),
        grant: GrantName::parse(text(call, "grant")).unwrap(),
        client: Some(Arc::from(text(call, "client"))),
        ..Caller::local(Arrival::Stdio)
    };
    CallFacts {
        caller,
        tool,
        class: tool.class,
        dry_run: false,
        arguments: Arc::new(call["args"].as_object().unwrap().clone()),
        effects: list(call, "effects").iter().map(effect).collect(),
        at: format!("2026-11-20T{:02}:{:02}:00Z", minute / 60, minute % 60).parse().unwrap(),
        found: Found { unfolded: true, ..Found::default() },
    }
}

fn effect(value: &Value) -> Effect {
    let operation = [
        Operation::Read,
        Operation::Create,
        Operation::Write,
        Operation::Unlink,
        Operation::Execute,
        Operation::Mail,
    ]
    .into_iter()
    .find(|operation| operation.as_str() == text(value, "op"))
    .unwrap();
    let model = ModelName::parse(text(value, "model")).unwrap();
    let alias = ConnectionAlias::parse(text(value, "connection")).unwrap();
    let fields = |key: &str| -> Vec<FieldName> {
        list(value, key).iter().map(|field| FieldName::parse(field.as_str().unwrap()).unwrap()).collect()
    };
    let uses = |key: &str, how: Use| {
        let model = model.clone();
        fields(key).into_iter().map(move |field| FieldUse { model: model.clone(), field, how })
    };
    let method = MethodName::parse(text(value, "method")).unwrap();
    let mut effect = RecordEffect::new(&alias, &model, operation, method);
    effect.ids =
        value.get("ids").map(|ids| ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect());
    effect.part = match text(value, "part") {
        "main" => Part::Main,
        "nested" => Part::Nested,
        _ => Part::Auxiliary,
    };
    effect.row_bound = value.get("row_bound").map(|bound| bound.as_u64().unwrap());
    effect.values = list(value, "values").iter().map(|values| values.as_object().unwrap().clone()).collect();
    effect.context = Arc::new(value["context"].as_object().unwrap().clone());
    effect.uses =
        uses("read", Use::Read).chain(uses("filter", Use::Filter)).chain(uses("write", Use::Write)).collect();
    effect.fields_read = fields("read");
    effect.fields_written = fields("write");
    effect.fields_filtered = fields("filter").iter().map(|field| field.as_str().to_owned()).collect();
    Effect::Records(effect)
}
