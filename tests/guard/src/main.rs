//! Small fixed pieces of the corridor, run so many times: `odoo-mcp-guard CASE TIMES`.
//!
//! `tests/guard/run` counts the instructions of two runs of different length and compares the
//! difference with what is stored. Deliberately absent: clocks. Instructions are the same on a busy
//! machine, and nearly the same on another one.

use std::{hint::black_box, sync::Arc};

use futures_util::FutureExt as _;
use odoo_mcp::{
    audit::{AuditLog, CallOutcome, Opening},
    facts::{Arrival, CallFacts, Caller, Found as NothingFound, JsonObject},
    ledger::{End, Ledger as _, LocalLedger, Settlement},
    policy::{Decision, Policy},
    tools::{Catalog, Found, Helpers},
};
use serde_json::{Value, json};

#[path = "../../it/large_policy.rs"]
mod large_policy;

/// Each case makes what it needs, and then does the same thing so many times.
const CASES: &[(&str, fn(u32))] = &[
    ("decide_allowed", decide_allowed),
    ("decide_refused", decide_refused),
    ("decide_large", decide_large),
    ("decide_large_refused", decide_large_refused),
    ("explain_large", explain_large),
    ("reserve_four", reserve_four),
    ("log_reading_call", log_reading_call),
    ("decode_search", decode_search),
    ("decode_write", decode_write),
    ("list_tools", list_tools),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        CASES.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let times = arguments.next().and_then(|times| times.parse().ok()).expect("how many times");
    let case = CASES.iter().find(|(known, _)| *known == name).expect("a known case");
    case.1(times);
}

/// The moment of every call: no case asks the clock.
const AT: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn policy(catalog: &Catalog) -> Arc<Policy> {
    let limits: Vec<Value> = ["minute", "hour", "day"]
        .iter()
        .map(|window| json!({"counter": window, "window": window, "max": 1_000_000}))
        .chain([json!({"counter": "sliding", "window": 60, "max": 1_000_000})])
        .collect();
    let text = json!({
        "version": "1",
        "default": "deny",
        "tools": {
            "odoo_search_read": {},
            "odoo_write": {"limits": limits},
            "odoo_unlink": {"action": "deny", "reason": "Nothing is deleted."},
        },
    });
    Arc::new(Policy::load(text.to_string().as_bytes(), catalog).expect("the policy loads"))
}

fn search_arguments() -> Value {
    json!({
        "model": "res.partner",
        "domain": [["is_company", "=", true], ["country_id.code", "in", ["FR", "BE"]]],
        "fields": ["name", "email", "country_id"],
        "limit": 10,
        "order": "name",
    })
}

fn write_arguments() -> Value {
    json!({"model": "res.partner", "ids": [7, 8, 9], "values": {"name": "Renamed", "color": 3}})
}

fn gather(tool: Found, arguments: &Value) -> CallFacts {
    let arguments: Arc<JsonObject> = Arc::new(arguments.as_object().expect("an object").clone());
    let request = tool.entry.decode(JsonObject::clone(&arguments)).expect("the arguments fit");
    let caller = Caller::local(Arrival::Stdio);
    CallFacts {
        tool: tool.facts(),
        class: request.class(),
        dry_run: request.is_rehearsal(),
        effects: request.effects(&caller, &Helpers::default()).into(),
        caller,
        arguments,
        at: AT,
        found: NothingFound { unfolded: true, ..NothingFound::default() },
    }
}

fn find(catalog: &Catalog, name: &str) -> Found {
    catalog.find(name).expect("a tool of the catalogue")
}

fn decide_allowed(times: u32) {
    let catalog = Catalog::new();
    let policy = policy(&catalog);
    let facts = gather(find(&catalog, "odoo_search_read"), &search_arguments());
    for _ in 0..times {
        assert!(matches!(black_box(policy.decide(black_box(&facts))), Decision::Allow(_)));
    }
}

fn decide_refused(times: u32) {
    let catalog = Catalog::new();
    let policy = policy(&catalog);
    let facts = gather(find(&catalog, "odoo_unlink"), &json!({"model": "res.partner", "ids": [7]}));
    for _ in 0..times {
        assert!(matches!(black_box(policy.decide(black_box(&facts))), Decision::Deny(_)));
    }
}

/// The policy and the call that the targets are set for: 5,000 tools, 500 models, five predicates.
fn large() -> (Arc<Policy>, CallFacts) {
    let known = large_policy::Large::new();
    let policy = Policy::load(large_policy::text().as_bytes(), &known).expect("the policy loads");
    let facts = known.middle().and_then(|tool| large_policy::call(tool).ok()).expect("a call");
    (Arc::new(policy), facts)
}

fn decide_large(times: u32) {
    let (policy, facts) = large();
    for _ in 0..times {
        assert!(matches!(black_box(policy.decide(black_box(&facts))), Decision::Allow(_)));
    }
}

/// Refused by the last thing that is looked at before counters.
fn decide_large_refused(times: u32) {
    let (policy, mut facts) = large();
    facts.arguments = Arc::new(json!({"amount": 1, "note": "short"}).as_object().expect("an object").clone());
    for _ in 0..times {
        assert!(matches!(black_box(policy.decide(black_box(&facts))), Decision::Deny(_)));
    }
}

fn explain_large(times: u32) {
    let (policy, facts) = large();
    for _ in 0..times {
        assert!(matches!(black_box(policy.explain(black_box(&facts))).decision, Decision::Allow(_)));
    }
}

fn reserve_four(times: u32) {
    let catalog = Catalog::new();
    let facts = gather(find(&catalog, "odoo_write"), &write_arguments());
    let permit = match policy(&catalog).decide(&facts) {
        Decision::Allow(permit) => permit,
        other => panic!("not allowed: {other:?}"),
    };
    assert_eq!(permit.charges().len(), 4);
    let ledger = LocalLedger::default();
    for _ in 0..times {
        let reservation = ledger.reserve(black_box(permit.charges()), AT).expect("there is enough");
        ledger.settle(reservation, &End::of(Settlement::NotSent));
    }
}

fn log_reading_call(times: u32) {
    let catalog = Catalog::new();
    let facts = gather(find(&catalog, "odoo_search_read"), &search_arguments());
    let folder = std::env::temp_dir().join(format!("odoo-mcp-guard-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let log = AuditLog::open(&folder.join("audit.jsonl")).expect("a new log");
    let evidence = JsonObject::new();
    for _ in 0..times {
        let opening = Opening {
            call: "0123456789abcdef",
            at: AT,
            caller: &facts.caller,
            tool: facts.tool.name,
            class: facts.class.as_str(),
            effects: &facts.effects,
            arguments: &facts.arguments,
            decision: "allow",
            rule: "/tools/odoo_search_read",
            policy: "sha256:0",
            would_deny: &[],
            approval: None,
            facts: &evidence,
        };
        let opened = log.open_call(black_box(&opening), &[], false).now_or_never();
        let entry = opened.expect("a reading call waits for no disk").expect("the line is written");
        entry.close(&End::of(Settlement::Done), CallOutcome::Done, None).expect("the line is written");
    }
    drop(log);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

fn decode(name: &str, arguments: &Value, times: u32) {
    let catalog = Catalog::new();
    let tool = find(&catalog, name);
    for _ in 0..times {
        black_box(gather(tool, black_box(arguments)));
    }
}

fn decode_search(times: u32) {
    decode("odoo_search_read", &search_arguments(), times);
}

fn decode_write(times: u32) {
    decode("odoo_write", &write_arguments(), times);
}

fn list_tools(times: u32) {
    let catalog = Catalog::new();
    let policy = policy(&catalog);
    let caller = Caller::local(Arrival::Stdio);
    for _ in 0..times {
        black_box(catalog.iter().filter(|found| policy.might_allow(&caller, &found.facts())).count());
    }
}
