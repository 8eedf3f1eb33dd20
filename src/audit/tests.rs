//! The chain holds, and says so when it does not.

use std::fs;

use futures_util::FutureExt as _;

use super::{AuditLog, CallOutcome, Opening, verify, verify_shared};
use crate::{
    facts::{Arrival, Caller, Secret},
    ledger::{End, Settlement},
    store::{Postgres, SealKeys, StateDir},
};

fn write_calls(log: &AuditLog, calls: usize) {
    let caller = Caller::local(Arrival::CommandLine);
    for number in 0..calls {
        let opening = Opening {
            call: &format!("c{number}"),
            at: jiff::Timestamp::now(),
            caller: &caller,
            tool: "odoo_search_count",
            class: "read",
            effects: &[],
            arguments: &crate::facts::JsonObject::new(),
            decision: "allow",
            rule: "/default",
            policy: "sha256:0",
            would_deny: &[],
            approval: None,
            facts: &crate::facts::JsonObject::new(),
        };
        let entry = log.open_call(&opening, &[], false).now_or_never().unwrap().unwrap();
        entry.close(&End::of(Settlement::Done), CallOutcome::Done, None).unwrap();
    }
}

#[test]
fn a_written_log_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write_calls(&AuditLog::open(&path).unwrap(), 3);
    write_calls(&AuditLog::open(&path).unwrap(), 2);
    let report = verify(&path).unwrap();
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.lines, report.calls_open, report.calls_closed), (10, 5, 5));
}

#[test]
fn two_writers_keep_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let log = AuditLog::open(&path).unwrap();
            scope.spawn(move || write_calls(&log, 50));
        }
    });
    let report = verify(&path).unwrap();
    assert!(report.holds(), "{:?}", report.breaks.first());
    assert_eq!(report.lines, 400);
}

#[test]
fn a_changed_removed_or_swapped_line_breaks_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write_calls(&AuditLog::open(&path).unwrap(), 3);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();

    let changed = text.replacen("odoo_search_count", "odoo_unlink", 1);
    let removed = [&lines[..2], &lines[3..]].concat().join("\n");
    let swapped = [lines[1], lines[0], lines[2]].join("\n");
    let cut_inside = text.replacen("\"}\n", "\n", 1);
    for damaged in [changed.as_str(), &removed, &swapped, &cut_inside] {
        fs::write(&path, damaged).unwrap();
        assert!(!verify(&path).unwrap().holds());
    }
    // What a crash leaves is told and is no break.
    fs::write(&path, text.get(..text.len() - 40).unwrap()).unwrap();
    let report = verify(&path).unwrap();
    assert_eq!((report.holds(), report.torn.len(), report.lines), (true, 1, 5));
}

#[test]
fn a_line_cut_short_by_a_crash_does_not_stop_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write_calls(&AuditLog::open(&path).unwrap(), 1);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"seq\":3,\"prev\":");
    fs::write(&path, text).unwrap();
    write_calls(&AuditLog::open(&path).unwrap(), 1);
    let report = verify(&path).unwrap();
    assert_eq!((report.lines, report.breaks.len(), report.torn.len()), (4, 0, 1));
}

#[test]
fn an_entry_that_is_dropped_closes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open(&path).unwrap();
    let caller = Caller::local(Arrival::Stdio);
    let opening = Opening {
        call: "c",
        at: jiff::Timestamp::now(),
        caller: &caller,
        tool: "t",
        class: "write",
        effects: &[],
        arguments: &crate::facts::JsonObject::new(),
        decision: "allow",
        rule: "/default",
        policy: "sha256:0",
        would_deny: &[],
        approval: None,
        facts: &crate::facts::JsonObject::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    drop(runtime.block_on(log.open_call(&opening, &[], true)).unwrap());
    assert!(fs::read_to_string(&path).unwrap().contains("\"outcome\":\"abandoned\""));
    assert!(verify(&path).unwrap().holds());
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write_calls(&AuditLog::open(&path).unwrap(), 1);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Machines that share one store, each with a copy of the chain; where `ODOO_MCP_TEST_STORE` names one.
#[test]
fn machines_that_share_a_store_keep_one_chain_and_whole_copies_of_it() {
    let Some([one, two]) = crate::store::test_stores() else { return };
    let machine = |store: &Postgres| {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap().with_store(Some(store.clone()));
        (folder, state)
    };
    let key = "c".repeat(64);
    let open = |state: &StateDir| {
        let keys = SealKeys::given(&Secret::new(key.clone())).unwrap();
        // Files so small that the chain goes through several.
        AuditLog::open_in(&state.path("audit.jsonl"), state, keys, 12_000).unwrap()
    };
    let first = machine(&one);
    let second = machine(&two);
    std::thread::scope(|scope| {
        for (_, state) in [&first, &second] {
            let log = open(state);
            scope.spawn(move || write_calls(&log, 60));
        }
    });
    let third = machine(&two);
    let mut lines = Vec::new();
    for (_, state) in [&first, &second, &third] {
        let log = open(state);
        log.catch_up().unwrap();
        drop(log);
        let report = verify(&state.path("audit.jsonl")).unwrap();
        assert!(report.holds(), "{:?}", report.breaks.first());
        assert_eq!((report.calls_open, report.calls_closed, report.keys.len()), (120, 120, 1));
        lines.push(report.lines);
        let files = state.names().unwrap().iter().filter(|name| name.ends_with(".jsonl")).count();
        assert!(files > 2, "{files} files");
    }
    let shared = verify_shared(&one, &first.1.path("audit.jsonl")).unwrap();
    assert!(shared.holds(), "{:?}", shared.breaks.first());
    assert!(lines.iter().all(|count| *count <= shared.lines && *count >= 240), "{lines:?}");
}
