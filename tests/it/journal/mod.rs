//! The log and its counters among processes: several at once, and one that is killed again and again.
//!
//! A child is this very test program, told by a variable what to do; see `child`.

mod child;
mod killed;
mod several;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use odoo_mcp::{
    audit::{AuditLog, OpenEntry, OpenError, Opening},
    facts::{Arrival, Caller, Decimal, GrantName, JsonObject},
    policy::{Charge, Count, CounterId, Limit, Measure, RuleId, Scope, Scopes, Window},
};

/// Small files, so that they fill up while a test runs.
const FILE_BYTES: u64 = 48 * 1024;

fn log_path(folder: &Path) -> PathBuf {
    folder.join("audit.jsonl")
}

fn open_log(folder: &Path) -> AuditLog {
    AuditLog::open_with_files_of(&log_path(folder), FILE_BYTES).unwrap()
}

/// A charge to the one counter of these tests.
fn charge(max: u64, amount: u64) -> Charge {
    let counter = CounterId {
        body: "".into(),
        namespace: "tools/t".into(),
        name: "c".into(),
        // Longer than any test, without an end that a test could run over.
        window: Window::Sliding { seconds: 30_000_000 },
        scopes: Scopes { grant: true, ..Scopes::default() },
    };
    let limit = Limit {
        counter,
        max: max.into(),
        measure: Measure::Stated,
        count: Count::Attempts,
        rule: RuleId(Arc::from("/tools/t/limits/0")),
        rule_name: Arc::from("t"),
        reason: None,
        shadow: false,
    };
    let scope = Scope { grant: Some(GrantName::local()), ..Scope::default() };
    Charge { limit: Arc::new(limit), scope, amount: Decimal::from(amount) }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

async fn open_call(
    log: &AuditLog,
    call: &str,
    charges: &[Charge],
    durable: bool,
) -> Result<OpenEntry, OpenError> {
    let caller = Caller::local(Arrival::Stdio);
    let opening = Opening {
        call,
        at: now(),
        caller: &caller,
        tool: "odoo_write",
        class: "write",
        effects: &[],
        arguments: &JsonObject::new(),
        decision: "allow",
        rule: "/tools/odoo_write",
        policy: "sha256:0",
        would_deny: &[],
        approval: None,
        facts: &JsonObject::new(),
    };
    log.open_call(&opening, charges, durable).await
}

/// Starts this program once more, as a child that does one thing.
#[expect(clippy::disallowed_methods, reason = "a process of its own is what is tested")]
fn start_child(folder: &Path, what: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journal::child::child", "--nocapture"])
        .env(child::VARIABLE, what)
        .env(child::FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits for something that takes moments; a child that failed would let us wait for ever.
fn wait_until(what: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(30), "nothing happens any more");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lines of all files that children wrote under this name.
fn count_bytes(folder: &Path, prefix: &str) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    ours.map(|entry| entry.metadata().unwrap().len()).sum()
}
