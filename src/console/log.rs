//! The end of the log, read for pages: the newest lines of the file that grows, newest last.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use serde_json::Value;

use super::Console;

/// So much of the log's end is read for a page.
const BYTES_READ_MAX: u64 = 8 * 1024 * 1024;

/// The lines that were read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<Value>,
    /// The log is longer than what was read.
    pub(super) is_cut: bool,
    /// The log of all servers cannot be reached, so this is what this server knew of it.
    pub(super) is_behind: bool,
}

/// A call as its lines tell it.
#[derive(Debug, Clone)]
pub(super) struct Past<'a> {
    pub(super) open: &'a Value,
    pub(super) close: Option<&'a Value>,
}

impl Console {
    pub(super) async fn log(&self) -> Option<Lines> {
        let corridor = Arc::clone(&self.corridor);
        let reading = move || {
            let log = corridor.audit();
            // What other servers wrote comes into our copy first.
            let is_behind = log.is_shared() && log.catch_up().is_err();
            Some(Lines { is_behind, ..read(log.path()).ok()? })
        };
        tokio::task::spawn_blocking(reading).await.ok()?
    }
}

fn read(path: &Path) -> std::io::Result<Lines> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lines::default()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let start = length.saturating_sub(BYTES_READ_MAX);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(BYTES_READ_MAX).read_to_end(&mut bytes)?;
    // Half a line at the beginning is none; one that is being written at the end is none, either.
    let lines = bytes.split(|byte| *byte == b'\n').skip(usize::from(start > 0));
    Ok(Lines {
        lines: lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(),
        is_cut: start > 0,
        is_behind: false,
    })
}

impl Lines {
    /// The calls, oldest first.
    pub(super) fn calls(&self) -> Vec<Past<'_>> {
        let mut calls: Vec<Past<'_>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for line in &self.lines {
            match (text(line, "event"), text(line, "call")) {
                ("open", call) => {
                    places.insert(call, calls.len());
                    calls.push(Past { open: line, close: None });
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
        assert!(read(&path).unwrap().lines.is_empty());
        let text = "{\"event\":\"open\",\"call\":\"a\",\"tool\":\"t\",\"effects\":[{\"connection\":\"x\"}]}\nnot json\n\
                    {\"event\":\"close\",\"call\":\"a\",\"outcome\":\"done\",\"duration_us\":5}\n\
                    {\"event\":\"close\",\"call\":\"b\"}\n{\"event\":\"open\",\"call\":\"c\"}\n{\"half\"";
        std::fs::write(&path, text).unwrap();
        let lines = read(&path).unwrap();
        let calls = lines.calls();
        assert_eq!((calls.len(), calls[0].outcome(), calls[0].duration_us()), (2, "done", 5));
        assert_eq!((calls[0].connections(), calls[1].outcome()), (vec!["x"], "open"));
    }
}
