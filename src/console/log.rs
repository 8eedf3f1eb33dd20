//! The log, read for pages: a part of it at a time, from the newest lines backwards, newest last.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use super::Console;
use crate::audit::log_files;

/// So much of the log is read for a page at a time.
pub(super) const BYTES_READ_MAX: u64 = 8 * 1024 * 1024;
/// So much behind a part is looked through for how its calls ended.
const ENDS_BYTES_MAX: u64 = 1024 * 1024;

/// The lines that were read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<Value>,
    /// Where each begins, counted from the first byte of the oldest file.
    places: Vec<u64>,
    /// Where this part begins; lines before it were not read.
    pub(super) older: Option<u64>,
    /// The log of all servers cannot be reached, so this is what this server knew of it.
    pub(super) is_behind: bool,
}

/// A call as its lines tell it.
#[derive(Debug, Clone)]
pub(super) struct Past<'a> {
    pub(super) open: &'a Value,
    pub(super) close: Option<&'a Value>,
    /// Where its first line begins.
    pub(super) place: u64,
}

impl Console {
    /// The newest part.
    pub(super) async fn log(&self) -> Option<Lines> {
        self.log_before(None).await
    }

    /// The part that ends before this place.
    pub(super) async fn log_before(&self, before: Option<u64>) -> Option<Lines> {
        let corridor = Arc::clone(&self.corridor);
        let reading = move || {
            let log = corridor.audit();
            // What other servers wrote comes into our copy first.
            let is_behind = log.is_shared() && log.catch_up().is_err();
            Some(Lines { is_behind, ..read(log.path(), before, BYTES_READ_MAX).ok()? })
        };
        tokio::task::spawn_blocking(reading).await.ok()?
    }
}

fn read(path: &Path, before: Option<u64>, bytes_max: u64) -> std::io::Result<Lines> {
    let mut files = Vec::new();
    let mut whole = 0;
    for path in log_files(path)? {
        let length = std::fs::metadata(&path)?.len();
        files.push((path, whole, length));
        whole += length;
    }
    let end = before.unwrap_or(whole).min(whole);
    let start = end.saturating_sub(bytes_max);
    let bytes = part(&files, start, end)?;
    let mut found = Lines::default();
    let mut at = start;
    // Half a line at the beginning is none; one that is being written at the end is none, either.
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let place = at;
        at += line.len() as u64 + 1;
        if index == 0 && start > 0 {
            found.older = Some(at.min(end));
            continue;
        }
        if let Ok(line) = serde_json::from_slice(line) {
            found.lines.push(line);
            found.places.push(place);
        }
    }
    // A part without the end of a line is passed over.
    found.older = found.older.map(|older| if older >= end { start } else { older });
    if end < whole {
        let bytes = part(&files, end, (end + ENDS_BYTES_MAX).min(whole))?;
        let ends = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        for line in ends.filter(|line: &Value| text(line, "event") == "close") {
            found.lines.push(line);
            found.places.push(end);
        }
    }
    Ok(found)
}

/// Bytes of the files as if they were one.
fn part(files: &[(PathBuf, u64, u64)], start: u64, end: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (path, begins, length) in files {
        let (from, to) = (start.max(*begins), end.min(begins + length));
        if from >= to {
            continue;
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from - begins))?;
        file.take(to - from).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Lines {
    /// The calls, oldest first.
    pub(super) fn calls(&self) -> Vec<Past<'_>> {
        let mut calls: Vec<Past<'_>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (line, place) in self.lines.iter().zip(&self.places) {
            match (text(line, "event"), text(line, "call")) {
                ("open", call) => {
                    places.insert(call, calls.len());
                    calls.push(Past { open: line, close: None, place: *place });
                }
                ("close", call) => {
                    if let Some(past) = places.get(call).and_then(|place| calls.get_mut(*place)) {
                        past.close = Some(line);
                    }
                }
                _ => {}
            }
        }
        calls
    }
}

impl Past<'_> {
    pub(super) fn at(&self) -> &str {
        text(self.open, "at")
    }

    pub(super) fn time(&self) -> Option<jiff::Timestamp> {
        self.at().parse().ok()
    }

    pub(super) fn tool(&self) -> &str {
        text(self.open, "tool")
    }

    pub(super) fn user(&self) -> &str {
        self.open.pointer("/caller/user").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn grant(&self) -> &str {
        self.open.pointer("/caller/grant").and_then(Value::as_str).unwrap_or_default()
    }

    /// `open` while nobody knows how it ended.
    pub(super) fn outcome(&self) -> &str {
        self.close.map_or("open", |close| text(close, "outcome"))
    }

    pub(super) fn duration_us(&self) -> u64 {
        self.close.and_then(|close| close.get("duration_us")).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The connections that its effects name.
    pub(super) fn connections(&self) -> Vec<&str> {
        let effects = self.open.get("effects").and_then(Value::as_array).into_iter().flatten();
        let mut named: Vec<&str> =
            effects.map(|effect| text(effect, "connection")).filter(|alias| !alias.is_empty()).collect();
        named.sort_unstable();
        named.dedup();
        named
    }
}

/// A member that is a text; nothing where it is none.
pub(super) fn text<'a>(line: &'a Value, member: &str) -> &'a str {
    line.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_calls_and_broken_ones_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let read = || read(&path, None, BYTES_READ_MAX);
        assert!(read().unwrap().lines.is_empty());
        let text = "{\"event\":\"open\",\"call\":\"a\",\"tool\":\"t\",\"effects\":[{\"connection\":\"x\"}]}\nnot json\n\
                    {\"event\":\"close\",\"call\":\"a\",\"outcome\":\"done\",\"duration_us\":5}\n\
                    {\"event\":\"close\",\"call\":\"b\"}\n{\"event\":\"open\",\"call\":\"c\"}\n{\"half\"";
        std::fs::write(&path, text).unwrap();
        let lines = read().unwrap();
        let calls = lines.calls();
        assert_eq!((calls.len(), calls[0].outcome(), calls[0].duration_us()), (2, "done", 5));
        assert_eq!((calls[0].connections(), calls[1].outcome()), (vec!["x"], "open"));
    }

    #[test]
    fn the_whole_log_is_reached_in_steps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut text = String::new();
        for call in 0..40 {
            text.push_str(&format!("{{\"event\":\"open\",\"call\":\"{call}\"}}\n"));
            text.push_str(&format!("{{\"event\":\"close\",\"call\":\"{call}\",\"outcome\":\"done\"}}\n"));
        }
        std::fs::write(&path, &text).unwrap();
        for step in [90, 200, 1_000, 100_000] {
            let (mut seen, mut before, mut steps) = (Vec::new(), None, 0);
            loop {
                let lines = read(&path, before, step).unwrap();
                for past in lines.calls().iter().rev() {
                    assert_eq!(past.outcome(), "done", "{step}");
                    let from_there = text.get(usize::try_from(past.place).unwrap()..).unwrap();
                    assert!(from_there.starts_with("{\"event\":\"open\""));
                    seen.push(super::text(past.open, "call").to_owned());
                }
                let Some(older) = lines.older else { break };
                assert!(before.is_none_or(|before| older < before), "{step}");
                (before, steps) = (Some(older), steps + 1);
                assert!(steps < 100);
            }
            let expected: Vec<String> = (0..40).rev().map(|call| call.to_string()).collect();
            assert_eq!(seen, expected, "{step}");
        }
        assert!(read(&path, Some(u64::MAX), 100).unwrap().older.is_some());
        assert!(
            read(&path, Some(0), 100).unwrap().lines.iter().all(|line| super::text(line, "event") == "close")
        );
    }
}
