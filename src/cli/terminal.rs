//! The only place that writes to standard output and standard error.
//!
//! A closed pipe is an outcome, not a panic; colour and progress appear at a terminal only.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

/// Whoever read our output has gone.
#[derive(Debug)]
pub(super) struct PipeClosed;

/// Standard output and standard error of the process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    output_is_terminal: bool,
    notes_are_terminal: bool,
    input_is_terminal: bool,
}

/// Shorter waits need no explanation.
const PATIENCE: Duration = Duration::from_secs(2);
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

impl Terminal {
    pub(super) fn of_process() -> Self {
        Self {
            output_is_terminal: io::stdout().is_terminal(),
            notes_are_terminal: io::stderr().is_terminal(),
            input_is_terminal: io::stdin().is_terminal(),
        }
    }

    /// One line, or several, on standard output.
    pub(super) fn line(&self, text: &str) -> Result<(), PipeClosed> {
        self.raw(format!("{text}\n").as_bytes())
    }

    /// Bytes as they are on standard output.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<(), PipeClosed> {
        let mut output = io::stdout().lock();
        output.write_all(bytes).and_then(|()| output.flush()).map_err(|_| PipeClosed)
    }

    /// A JSON value on standard output: for people at a terminal, in one line for programs.
    pub(super) fn json(&self, value: &serde_json::Value) -> Result<(), PipeClosed> {
        if self.output_is_terminal { self.line(&format!("{value:#}")) } else { self.line(&value.to_string()) }
    }

    /// One line on standard error. That it cannot be written changes nothing.
    pub(super) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Is there a person who can answer?
    pub(super) fn can_ask(&self) -> bool {
        self.input_is_terminal && self.notes_are_terminal
    }

    /// A question on standard error, without a line end.
    pub(super) fn ask(&self, question: &str) {
        let mut notes = io::stderr().lock();
        let _ = write!(notes, "{question}").and_then(|()| notes.flush());
    }

    /// Bold at a terminal.
    pub(super) fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// Grey at a terminal.
    pub(super) fn faint(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.output_is_terminal { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Awaits, and says at a terminal what is taking so long.
    pub(super) async fn waiting<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        tokio::pin!(future);
        if !self.notes_are_terminal {
            return future.await;
        }
        let mut waited = PATIENCE;
        if let Ok(done) = tokio::time::timeout(PATIENCE, &mut future).await {
            return done;
        }
        loop {
            self.ask(&format!("\r{what} … {} s ", waited.as_secs()));
            if let Ok(done) = tokio::time::timeout(PROGRESS_EVERY, &mut future).await {
                self.ask("\r\u{1b}[K");
                return done;
            }
            waited += PROGRESS_EVERY;
        }
    }
}

/// Rows as aligned columns; the last column is not padded.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padding = width.saturating_sub(cell.chars().count());
            line.push_str(cell);
            line.push_str(&" ".repeat(padding + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [vec!["é".to_owned(), "x".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&rows), "é     x\nlong");
        assert_eq!(table(&[]), "");
    }
}
