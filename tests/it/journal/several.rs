//! Several processes on one state directory.

use std::fs;

use odoo_mcp::{
    audit::{CallOutcome, verify},
    ledger::{End, Settlement},
};

use super::{charge, child::SHARED_MAX, count_bytes, log_path, open_call, open_log, start_child, wait_until};

#[test]
fn four_processes_with_64_tasks_each_get_exactly_what_the_limit_allows() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4).map(|_| start_child(folder.path(), "hammer")).collect();
    wait_until(|| count_bytes(folder.path(), "ready") == 4);
    fs::write(folder.path().join("go"), "").unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(count_bytes(folder.path(), "through"), SHARED_MAX);
    let report = verify(&log_path(folder.path())).unwrap();
    assert!(report.holds(), "{:?}", report.breaks.first());
    assert_eq!(report.calls_open, report.calls_closed);
    assert!(report.torn.is_empty());
    // A process that comes later finds the limit used up.
    let log = open_log(folder.path());
    assert!(log.check(&[charge(SHARED_MAX, 1)], super::now()).is_err());
    assert!(log.check(&[charge(SHARED_MAX + 1, 1)], super::now()).is_ok());
}

#[tokio::test]
async fn a_process_that_does_nothing_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let done = End::of(Settlement::Done);
    let idle = open_log(folder.path());
    let busy = open_log(folder.path());
    for number in 0..20 {
        // Both were alone a moment ago, and each knows at once what the other one took.
        for (name, log) in [("idle", &idle), ("busy", &busy)] {
            let call = format!("{name}-{number}");
            let entry = open_call(log, &call, &[charge(40, 1)], false).await.unwrap();
            entry.close(&done, CallOutcome::Done, None).unwrap();
        }
    }
    for log in [&idle, &busy] {
        assert!(open_call(log, "one-more", &[charge(40, 1)], false).await.is_err());
        assert!(log.check(&[charge(41, 1)], super::now()).is_ok());
    }
    assert!(verify(&log_path(folder.path())).unwrap().holds());
}

#[tokio::test]
async fn a_call_of_one_process_that_is_under_way_counts_for_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open_log(folder.path()), open_log(folder.path()));
    let entry = open_call(&one, "a", &[charge(1, 1)], false).await.unwrap();
    assert!(open_call(&other, "b", &[charge(1, 1)], false).await.is_err());
    // Given back by the one, free for the other.
    entry.close(&End::of(Settlement::NotSent), CallOutcome::NotSent, None).unwrap();
    let entry = open_call(&other, "c", &[charge(1, 1)], false).await.unwrap();
    drop(entry);
    assert!(open_call(&one, "d", &[charge(1, 1)], false).await.is_err());
}
