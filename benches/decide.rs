//! What a decision costs, with the targets of the contract beside the measured values.
//!
//! Times mean little on another machine, so each is also given as a multiple of a floor that is taken
//! in the same run, turn by turn: one look-up in a map of as many names. Nothing here fails.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run has nothing to say")]

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use odoo_mcp::policy::{Decision, Policy};

#[path = "../tests/it/large_policy.rs"]
mod large_policy;

/// Rounds that are measured; each measures every step once, so a slow moment hits all of them.
const ROUNDS: usize = 2_000;
/// Rounds before, for caches.
const WARM_UP_ROUNDS: usize = 100;
/// Calls per measured span: one call is too short for the clock.
const CALLS_PER_SPAN: u32 = 50;

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

    fn at(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        self.0.get(self.0.len() * percent / 100).copied().unwrap_or_default()
    }
}

fn main() {
    let known = large_policy::Large::new();
    let text = large_policy::text();
    let mut compile = Spans::default();
    for _ in 0..10 {
        let started = Instant::now();
        black_box(Policy::load(text.as_bytes(), &known).expect("the policy loads"));
        compile.0.push(started.elapsed());
    }
    let policy = Arc::new(Policy::load(text.as_bytes(), &known).expect("the policy loads"));
    let tool = known.middle().expect("there are tools");
    let facts = large_policy::call(tool).expect("a call");
    let mut refused_facts = facts.clone();
    refused_facts.arguments =
        Arc::new(serde_json::from_str(r#"{"reason":"x","amount":1000}"#).expect("arguments"));
    let names: HashMap<String, usize> =
        (0..large_policy::TOOLS).map(|number| (format!("tool_{number:04}"), number)).collect();

    let (mut floor, mut allowed, mut refused, mut listed) =
        (Spans::default(), Spans::default(), Spans::default(), Spans::default());
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        if round == WARM_UP_ROUNDS {
            for spans in [&mut floor, &mut allowed, &mut refused, &mut listed] {
                spans.0.clear();
            }
        }
        floor.measure(|| {
            black_box(names.get(black_box(tool.name)));
        });
        allowed.measure(|| match black_box(policy.decide(black_box(&facts))) {
            Decision::Allow(_) => {}
            other => panic!("not allowed: {other:?}"),
        });
        refused.measure(|| match black_box(policy.decide(black_box(&refused_facts))) {
            Decision::Deny(_) => {}
            other => panic!("not refused: {other:?}"),
        });
        listed.measure(|| {
            black_box(policy.might_allow(&facts.caller, black_box(&tool)));
        });
    }
    let base = floor.at(50).as_nanos().max(1);
    println!(
        "policy of {} tools and {} models, {} bytes",
        large_policy::TOOLS,
        large_policy::MODELS,
        text.len()
    );
    for (name, spans, target) in [
        ("floor: one look-up by name", &mut floor, "-"),
        ("decision, allowed", &mut allowed, "300 ns, p99 1.5 µs"),
        ("refusal with its text", &mut refused, "2 µs, p99 10 µs"),
        ("is one tool listed", &mut listed, "163 ns (123 tools in 20 µs)"),
    ] {
        let (p50, p99) = (spans.at(50), spans.at(99));
        let times = p50.as_nanos() as f64 / base as f64;
        println!("{name:<32} p50 {p50:>10?}  p99 {p99:>10?}  {times:>6.1} x floor  target {target}");
    }
    println!("{:<32} p50 {:>10?}  target 50 ms for 1 MiB", "compile", compile.at(50));
}
