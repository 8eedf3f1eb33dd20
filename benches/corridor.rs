//! What the corridor itself costs: decode, decide, shape, without any network.
//!
//! Times mean little on another machine, so each is also given as a multiple of a floor that is taken
//! in the same run, turn by turn: parsing the same JSON with `serde_json` and writing it again. There
//! is no gate here; `cargo bench` prints, and a person compares.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run has nothing to say")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use odoo_mcp::{
    facts::{Arrival, CallFacts, Caller, JsonObject},
    policy::{Decision, Policy},
    reply,
    tools::{Catalog, Found, Output},
};
use serde_json::{Value, json};

/// Rounds that are measured; each measures every step once, so a slow moment hits all of them.
const ROUNDS: usize = 300;
/// Rounds before, for caches and lazily built tables.
const WARM_UP_ROUNDS: usize = 30;
/// Calls per measured span: one call is too short for the clock.
const CALLS_PER_SPAN: u32 = 50;

/// A call and the answer that Odoo would have given.
struct Case {
    name: &'static str,
    tool: &'static str,
    arguments: Value,
    answer: Value,
}

fn cases() -> [Case; 2] {
    let records: Vec<Value> = (1..=10)
        .map(|id| json!({"id": id, "name": format!("Contact {id}"), "email": format!("contact{id}@example.com"), "country_id": [75, "France"]}))
        .collect();
    [
        Case {
            name: "read",
            tool: "odoo_search_read",
            arguments: json!({
                "model": "res.partner",
                "domain": [["is_company", "=", true], ["country_id.code", "in", ["FR", "BE"]]],
                "fields": ["name", "email", "country_id"],
                "limit": 10,
                "order": "name",
            }),
            answer: json!({"records": records, "total": 560, "has_more": true, "next_offset": 10}),
        },
        Case {
            name: "write",
            tool: "odoo_write",
            arguments: json!({
                "model": "res.partner",
                "ids": [7, 8, 9],
                "values": {"name": "Renamed", "email": "renamed@example.com", "country_id": 75},
            }),
            answer: json!({"ids": [7, 8, 9], "written": 3}),
        },
    ]
}

/// Collected spans of one step.
#[derive(Default)]
struct Spans(Vec<Duration>);

impl Spans {
    fn measure(&mut self, mut once: impl FnMut()) {
        let started = Instant::now();
        for _ in 0..CALLS_PER_SPAN {
            once();
        }
        self.0.push(started.elapsed() / CALLS_PER_SPAN);
    }

    fn median_ns(&mut self) -> u128 {
        self.0.sort_unstable();
        self.0.get(self.0.len() / 2).map_or(0, Duration::as_nanos)
    }
}

fn gather(tool: Found, arguments: JsonObject, caller: &Caller) -> CallFacts {
    let arguments = Arc::new(arguments);
    let request = match tool.entry.decode(JsonObject::clone(&arguments)) {
        Ok(request) => request,
        Err(error) => panic!("{}: {error}", tool.entry.name()),
    };
    CallFacts {
        caller: caller.clone(),
        tool: tool.facts(),
        class: request.class(),
        dry_run: request.is_rehearsal(),
        effects: request.effects(caller, &odoo_mcp::tools::Helpers::default()).into(),
        arguments,
        at: jiff::Timestamp::now(),
        // A path through a relation: the corridor has the definitions by then.
        found: odoo_mcp::facts::Found { unfolded: true, ..odoo_mcp::facts::Found::default() },
    }
}

fn allowed(policy: &Arc<Policy>, facts: &CallFacts) -> bool {
    matches!(policy.decide(facts), Decision::Allow(_))
}

fn run(case: &Case, catalog: &Catalog, policy: &Arc<Policy>) {
    let tool = catalog.find(case.tool).expect("the tool is in the catalogue");
    let caller = Caller::local(Arrival::Stdio);
    let arguments = case.arguments.as_object().expect("arguments are an object");
    let facts = gather(tool, arguments.clone(), &caller);
    assert!(allowed(policy, &facts), "the benchmark's policy refuses {}", case.tool);
    let wire = case.arguments.to_string();
    let answer_wire = case.answer.to_string();

    let floor_of = |text: &str| {
        let value: Value = serde_json::from_str(black_box(text)).expect("it is JSON");
        black_box(serde_json::to_string(&value).expect("it can be written"));
    };
    let mut steps = [
        ("floor: arguments and answer, parse and write", Spans::default()),
        ("decode", Spans::default()),
        ("decide", Spans::default()),
        ("shape", Spans::default()),
        ("all three", Spans::default()),
    ];
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        if round == WARM_UP_ROUNDS {
            steps.iter_mut().for_each(|(_, spans)| spans.0.clear());
        }
        let [(_, floor), (_, decode), (_, decide), (_, shape), (_, whole)] = &mut steps;
        floor.measure(|| {
            floor_of(&wire);
            floor_of(&answer_wire);
        });
        decode.measure(|| {
            black_box(gather(tool, black_box(arguments).clone(), &caller));
        });
        decide.measure(|| {
            black_box(allowed(policy, black_box(&facts)));
        });
        let output = || Output { structured: case.answer.clone(), text: None, attached: Vec::new() };
        shape.measure(|| {
            black_box(reply::shape(black_box(output()), &[]));
        });
        whole.measure(|| {
            let facts = gather(tool, black_box(arguments).clone(), &caller);
            assert!(allowed(policy, &facts));
            black_box(reply::shape(black_box(output()), &[]));
        });
    }

    println!("{} ({})", case.name, case.tool);
    let mut floor_ns = 0;
    for (name, spans) in &mut steps {
        let median_ns = spans.median_ns();
        if floor_ns == 0 {
            floor_ns = median_ns.max(1);
        }
        let hundredths = median_ns * 100 / floor_ns;
        println!("  {name:<46} {median_ns:>8} ns   {:>3}.{:02} x floor", hundredths / 100, hundredths % 100);
    }
}

fn main() {
    let catalog = Catalog::new();
    let text = json!({
        "version": "1",
        "default": "deny",
        "tools": {
            "odoo_search_read": {},
            "odoo_write": {"limits": [{"counter": "writes", "window": "day", "max": 1_000_000}]},
        },
    });
    let policy = match Policy::load(text.to_string().as_bytes(), &catalog) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{error}"),
    };
    for case in &cases() {
        run(case, &catalog, &policy);
    }
}
