//! A process that is killed at any moment, again and again: no budget is refilled, no line is lost.

use std::{process::Child, time::Duration};

use odoo_mcp::audit::{past_calls, verify};

use super::{charge, child::HIGH_MAX, count_bytes, log_path, now, open_log, start_child, wait_until};

const KILLS: u64 = 12;

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn after_each_kill_the_chain_holds_and_no_counter_is_below_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..KILLS {
        let before = count_bytes(folder.path(), "effects");
        let one = start_child(folder.path(), "work");
        let other = (round % 3 == 0).then(|| start_child(folder.path(), "work"));
        wait_until(|| count_bytes(folder.path(), "effects") > before + 20 * round);
        std::thread::sleep(Duration::from_micros(700 * round));
        kill(one);
        other.into_iter().for_each(kill);

        let done = count_bytes(folder.path(), "effects");
        let log = open_log(folder.path());
        // One more than is left after what was done must not fit.
        let one_too_many = charge(HIGH_MAX, HIGH_MAX - done + 1);
        assert!(log.check(&[one_too_many], now()).is_err(), "round {round}: budget was refilled");
        let report = verify(&log_path(folder.path())).unwrap();
        assert!(report.holds(), "round {round}: {:?}", report.breaks.first());
        assert!(report.calls_open >= done, "round {round}");
        // Nor is anything counted that no line stands for.
        let too_few = charge(HIGH_MAX, HIGH_MAX - report.calls_open);
        assert!(log.check(&[too_few], now()).is_ok(), "round {round}: more is counted than was opened");
    }
    let path = log_path(folder.path());
    let report = verify(&path).unwrap();
    assert!(report.checkpoints > 0 && report.keys.len() == 1, "{report:?}");
    assert!(folder.path().read_dir().unwrap().count() > 6, "files were filled");
    assert_eq!(past_calls(&path).unwrap().map(Result::unwrap).count() as u64, report.calls_open);
}
