//! What a child process does. As a test of its own it does nothing.

use std::{fs, io::Write as _, path::PathBuf, time::Duration};

use odoo_mcp::{
    audit::{AuditLog, CallOutcome, OpenError},
    ledger::{End, Settlement},
};

use super::{charge, open_call, open_log};

/// Which part the child plays.
pub(super) const VARIABLE: &str = "JOURNAL_TEST_CHILD";
/// The state directory.
pub(super) const FOLDER: &str = "JOURNAL_TEST_FOLDER";

/// The limit that all children of `several` share.
pub(super) const SHARED_MAX: u64 = 150;
pub(super) const TASKS: usize = 64;
/// A limit that is never reached.
pub(super) const HIGH_MAX: u64 = 1_000_000_000;

#[test]
#[expect(clippy::disallowed_methods, reason = "the parent says by variables what to do")]
fn child() {
    let (Ok(part), Ok(folder)) = (std::env::var(VARIABLE), std::env::var(FOLDER)) else { return };
    let folder = PathBuf::from(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match part.as_str() {
        "hammer" => runtime.block_on(hammer(folder)),
        "work" => runtime.block_on(work(folder)),
        other => panic!("no part {other}"),
    }
}

fn append(folder: &std::path::Path, name: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(folder.join(name)).unwrap();
    file.write_all(b".").unwrap();
}

/// Many tasks that take from one limit until it is used up.
async fn hammer(folder: PathBuf) {
    let log = open_log(&folder);
    append(&folder, "ready");
    while !folder.join("go").exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (log, folder) = (log.clone(), folder.clone());
            tokio::spawn(async move { take_all(&log, &folder, task).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn take_all(log: &AuditLog, folder: &std::path::Path, task: usize) {
    for number in 0.. {
        let call = format!("{}-{task}-{number}", std::process::id());
        // Some calls are given back: they must be free for others at once.
        let gives_back = (task + number).is_multiple_of(3) && number < 2;
        match open_call(log, &call, &[charge(SHARED_MAX, 1)], number.is_multiple_of(2)).await {
            Ok(entry) if gives_back => {
                entry.close(&End::of(Settlement::NotSent), CallOutcome::NotSent, None).unwrap();
            }
            Ok(entry) => {
                append(folder, "through");
                entry.close(&End::of(Settlement::Done), CallOutcome::Done, None).unwrap();
            }
            Err(OpenError::Exhausted(_)) => return,
            Err(OpenError::Audit(error)) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Calls without end, each with an effect that can be counted, until somebody kills us.
async fn work(folder: PathBuf) {
    let log = open_log(&folder);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (log, folder) = (log.clone(), folder.clone());
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let call = format!("{}-{task}-{number}", std::process::id());
                    let entry =
                        open_call(&log, &call, &[charge(HIGH_MAX, 1)], number % 2 == 0).await.unwrap();
                    // What Odoo really did.
                    append(&folder, "effects");
                    if number == 40 && task == 0 {
                        log.checkpoint().unwrap();
                    }
                    entry.close(&End::of(Settlement::Done), CallOutcome::Done, None).unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
