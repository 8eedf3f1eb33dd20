//! The audit log, whatever stands in the file: read, checked, continued, and never believed too easily.
//!
//! Input: any bytes as the file; or `E`, a place, a length and bytes, which are put there into a log
//! that holds.

use std::{fs, path::PathBuf, sync::LazyLock};

use odoo_mcp::audit::{self, AuditLog};
use serde_json::{Value, json};

/// A folder of this process alone, in memory where the system has that: each input is written there.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let above = if memory.is_dir() { memory } else { std::env::temp_dir() };
    above.join(format!("odoo-mcp-fuzz-{}", std::process::id()))
});

/// A log that holds.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let _ = fs::remove_dir_all(&*FOLDER);
    fs::create_dir_all(&*FOLDER).expect("a folder for the log");
    let path = FOLDER.join("audit.jsonl");
    let log = AuditLog::open(&path).expect("a new log opens");
    for number in 0..4 {
        log.note_event("fuzz", &json!({"number": number})).expect("a line can be written");
    }
    drop(log);
    fs::read(&path).expect("the log can be read")
});

pub fn run(data: &[u8]) {
    if let [b'E', high, low, length, planted @ ..] = data {
        return edited(usize::from(*high) << 8 | usize::from(*low), usize::from(*length), planted);
    }
    let before = judged(data);
    // A log that does not hold may refuse to be opened; it must not be continued as if it held.
    let Ok(log) = AuditLog::open(&FOLDER.join("audit.jsonl")) else { return };
    if log.note_event("fuzz", &json!({})).is_err() {
        return;
    }
    let after = audit::verify(&FOLDER.join("audit.jsonl")).expect("the file can be read");
    assert_eq!(before.holds(), after.holds(), "before {before:?}, after {after:?}");
}

fn judged(data: &[u8]) -> audit::ChainReport {
    // Checkpoints and older files of the input before belong to another log.
    let _ = fs::remove_dir_all(&*FOLDER);
    fs::create_dir_all(&*FOLDER).expect("a folder for the log");
    let path = FOLDER.join("audit.jsonl");
    fs::write(&path, data).expect("the file can be written");
    audit::verify(&path).expect("the file can be read")
}

fn edited(at: usize, length: usize, planted: &[u8]) {
    let mut text = SOUND.clone();
    let start = at % text.len();
    let end = (start + length).min(text.len());
    text.splice(start..end, planted.iter().copied());
    if judged(&text).holds() {
        let (kept, whole) = (lines(&text), lines(&SOUND));
        assert!(whole.starts_with(&kept), "a changed log holds: {}", String::from_utf8_lossy(&text));
    }
}

/// The lines that end as lines do; one that was cut short counts as not written.
fn lines(text: &[u8]) -> Vec<Value> {
    let lines =
        text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.filter(|line| line["hash"].as_str().is_some_and(|hash| hash.len() == 64)).collect()
}
