//! What counters and log cost, with the targets of the contract beside the measured values.
//!
//! Times depend on the machine and its disk; nothing here fails because of them.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to say")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use odoo_mcp::{
    audit::{AuditLog, CallOutcome, Opening},
    facts::{Arrival, Caller, Decimal, GrantName, JsonObject},
    ledger::{End, Ledger as _, LocalLedger, Settlement},
    policy::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, RuleId, Scope, Scopes, Window},
};

const SPANS: usize = 400;
const CALLS_PER_SPAN: u32 = 100;
const WRITES: usize = 300;
const TASKS: usize = 512;
const CALLS_PER_TASK: usize = 100;

fn charge(name: &str, window: Window) -> Charge {
    let counter = CounterId {
        body: "".into(),
        namespace: "tools/odoo_write".into(),
        name: name.into(),
        window,
        scopes: Scopes { grant: true, ..Scopes::default() },
    };
    let limit = Limit {
        counter,
        max: Decimal::from(1_000_000_000),
        measure: Measure::Stated,
        count: Count::Attempts,
        rule: RuleId(Arc::from("/tools/odoo_write/limits/0")),
        rule_name: Arc::from("/tools/odoo_write/limits/rate"),
        reason: None,
        shadow: false,
    };
    let scope = Scope { grant: Some(GrantName::local()), ..Scope::default() };
    Charge { limit: Arc::new(limit), scope, amount: Decimal::ONE }
}

fn calendar(name: &str) -> Charge {
    charge(name, Window::Calendar { unit: CalendarUnit::Day, zone: None })
}

fn four() -> Vec<Charge> {
    ["write_rate", "calls", "records", "paid_today"].map(calendar).to_vec()
}

fn row(name: &str, mut times: Vec<Duration>, target: &str) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("{name:<40} p50 {:>12?}  p99 {:>12?}  target {target}", at(50), at(99));
}

fn spans(mut once: impl FnMut()) -> Vec<Duration> {
    let mut times = Vec::with_capacity(SPANS);
    for round in 0..SPANS + SPANS / 10 {
        let started = Instant::now();
        for _ in 0..CALLS_PER_SPAN {
            once();
        }
        if round >= SPANS / 10 {
            times.push(started.elapsed() / CALLS_PER_SPAN);
        }
    }
    times
}

fn reserving() {
    let (ledger, now, charges) = (LocalLedger::default(), jiff::Timestamp::now(), four());
    let done = End::of(Settlement::Done);
    let times = spans(|| {
        let reservation = ledger.reserve(&charges, now).expect("there is room");
        ledger.settle(reservation, &done);
    });
    row("reserve and settle four quiet counters", times, "150 ns, p99 1 µs");

    let one = [calendar("one")];
    let threads: Vec<Vec<Duration>> = std::thread::scope(|scope| {
        let work = || {
            spans(|| {
                let reservation = ledger.reserve(&one, now).expect("there is room");
                ledger.settle(reservation, &done);
            })
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread ends")).collect()
    });
    row("reserve, 16 threads on one cell", threads.concat(), "1 µs, p99 20 µs");
}

async fn call(
    log: &AuditLog,
    caller: &Caller,
    arguments: &JsonObject,
    charges: &[Charge],
    durable: bool,
    name: &str,
) {
    let opening = Opening {
        call: name,
        at: jiff::Timestamp::now(),
        caller,
        tool: "odoo_write",
        class: "write",
        effects: &[],
        arguments,
        decision: "allow",
        rule: "/tools/odoo_write",
        policy: "sha256:5f0c9a7e5f0c9a7e5f0c9a7e5f0c9a7e5f0c9a7e5f0c9a7e5f0c9a7e5f0c9a7e",
        would_deny: &[],
        approval: None,
        facts: &JsonObject::new(),
    };
    let entry = log.open_call(&opening, charges, durable).await.expect("the log is written");
    entry.close(&End::of(Settlement::Done), CallOutcome::Done, None).expect("the log is written");
}

fn logging() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = AuditLog::open(&folder.path().join("audit.jsonl")).expect("a log");
    let caller = Caller::local(Arrival::Stdio);
    let arguments = serde_json::from_str(r#"{"model":"res.partner","ids":[7,8],"values":{"name":"A"}}"#)
        .expect("arguments");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let none: [Charge; 0] = [];
    let times = spans(|| runtime.block_on(call(&log, &caller, &arguments, &none, false, "r")));
    row("log of a reading call, no limits", times, "5 µs, p99 30 µs (whole overhead)");
    let charges = four();
    let times = spans(|| runtime.block_on(call(&log, &caller, &arguments, &charges, false, "r")));
    row("log of a reading call, four limits", times, "5 µs, p99 30 µs (whole overhead)");
    let times = (0..WRITES)
        .map(|_| {
            let started = Instant::now();
            runtime.block_on(call(&log, &caller, &arguments, &charges, true, "w"));
            started.elapsed()
        })
        .collect();
    row("log of a writing call, on the disk", times, "0.4 ms, p99 1.5 ms");

    let started = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (log, caller, arguments) = (log.clone(), caller.clone(), JsonObject::clone(&arguments));
                tokio::spawn(async move {
                    let charges = [calendar("write_rate")];
                    for number in 0..CALLS_PER_TASK {
                        call(&log, &caller, &arguments, &charges, true, &format!("{task}-{number}")).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task ends");
        }
    });
    let calls = (TASKS * CALLS_PER_TASK) as f64;
    println!(
        "{:<40} {:>12.0} calls/s  target 30000 calls/s",
        "durable calls, group commit",
        calls / started.elapsed().as_secs_f64()
    );
}

fn main() {
    reserving();
    logging();
}
