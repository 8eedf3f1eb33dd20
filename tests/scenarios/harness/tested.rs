//! Which tools succeeded against which version of Odoo, for the table of the README.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fs::OpenOptions,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

thread_local! {
    /// The version that the scenarios of this thread run against.
    static MAJOR: Cell<u32> = const { Cell::new(0) };
}

static SUCCEEDED: Mutex<BTreeSet<(u32, String)>> = Mutex::new(BTreeSet::new());

/// From here on this thread talks to that version.
pub(crate) fn begin(major: u32) {
    MAJOR.set(major);
}

/// A call of this tool succeeded.
pub(super) fn note(tool: &str) {
    let major = MAJOR.get();
    if major > 0 {
        SUCCEEDED.lock().unwrap_or_else(PoisonError::into_inner).insert((major, tool.to_owned()));
    }
}

/// Adds what has succeeded so far to a file, one line each, such as `19 odoo_read`.
#[allow(dead_code, reason = "only the end-to-end binary tells")]
pub(crate) fn tell(file: &Path) {
    let succeeded = SUCCEEDED.lock().unwrap_or_else(PoisonError::into_inner);
    let lines: String = succeeded.iter().map(|(major, tool)| format!("{major} {tool}\n")).collect();
    let opened = OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(lines.as_bytes()));
    assert!(written.is_ok(), "{}: {written:?}", file.display());
}
