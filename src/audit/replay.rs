//! Past calls, read back from the log.
//!
//! Nothing here decides or counts. Whatever the bytes are, reading ends: lines that are none of ours
//! are skipped and counted, and memory is bounded by the calls that were under way at one time.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use super::{files::Files, line::LINE_BYTES_MAX};
use crate::facts::JsonObject;

/// Most opening lines that wait for their closing one; the oldest is given out without.
const OPEN_MAX: usize = 16_384;

/// A call that was made, refused or put to a person, as the log holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCall {
    /// Number of the opening line.
    pub seq: u64,
    pub call: String,
    pub at: jiff::Timestamp,
    pub caller: PastCaller,
    pub tool: String,
    pub class: String,
    /// The effects as JSON; an object with count and digest where there were too many for a line.
    pub effects: Value,
    /// Keyed digest of the arguments.
    pub arguments: Option<String>,
    /// `allow`, `deny` or `ask`.
    pub decision: String,
    pub rule: String,
    pub policy: String,
    /// Rules in shadow that would have refused or asked, limits included.
    pub would_deny: Vec<String>,
    pub approval: Option<Value>,
    /// The facts that rules looked at.
    pub facts: JsonObject,
    /// `None` where there is no closing line: nobody knows how it ended.
    pub end: Option<PastEnd>,
}

/// Who called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PastCaller {
    #[serde(default)]
    pub user: String,
    #[serde(default)]
    pub grant: String,
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub client: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PastEnd {
    pub outcome: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub duration_us: u64,
    #[serde(default)]
    pub settlement: Option<String>,
}

#[derive(Deserialize)]
struct OpeningLine {
    seq: u64,
    call: String,
    at: jiff::Timestamp,
    #[serde(default)]
    caller: PastCaller,
    #[serde(default)]
    tool: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    effects: Value,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    would_deny: Vec<String>,
    #[serde(default)]
    would_limit: Vec<String>,
    #[serde(default)]
    approval: Option<Value>,
    #[serde(default)]
    facts: JsonObject,
}

#[derive(Deserialize)]
struct ClosingLine {
    call: String,
    #[serde(flatten)]
    end: PastEnd,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
}

/// Past calls, one after the other, in the order in which they ended.
#[derive(Debug)]
pub struct PastCalls<R> {
    source: Option<R>,
    /// Files that follow.
    files: VecDeque<PathBuf>,
    open: HashMap<String, PastCall>,
    order: VecDeque<(u64, String)>,
    line: Vec<u8>,
    skipped: u64,
}

/// All past calls of a log, through all its files.
pub fn past_calls(path: &Path) -> io::Result<PastCalls<BufReader<File>>> {
    let mut files: VecDeque<PathBuf> =
        Files::of(path).all_full()?.into_iter().map(|(_, path)| path).collect();
    files.push_back(path.to_owned());
    let source = files.pop_front().map(File::open).transpose()?.map(BufReader::new);
    Ok(PastCalls { files, ..PastCalls::of(source) })
}

impl<R: BufRead> PastCalls<R> {
    /// The past calls of some bytes.
    pub fn read(source: R) -> Self {
        Self::of(Some(source))
    }

    fn of(source: Option<R>) -> Self {
        Self {
            source,
            files: VecDeque::new(),
            open: HashMap::new(),
            order: VecDeque::new(),
            line: Vec::new(),
            skipped: 0,
        }
    }

    /// Lines so far that were none of ours.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next line without its end; false where there is none. Too long a line is skipped.
    fn next_line(&mut self) -> io::Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        self.line.clear();
        let read = io::Read::take(&mut *source, LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(false);
        }
        if self.line.pop_if(|last| *last == b'\n').is_none() && read >= LINE_BYTES_MAX {
            source.skip_until(b'\n')?;
            self.line.clear();
            self.skipped += 1;
        }
        Ok(true)
    }

    /// A call that ends with this line.
    fn take_line(&mut self) -> Option<PastCall> {
        if self.line.is_empty() {
            return None;
        }
        let event = match serde_json::from_slice::<Event<'_>>(&self.line) {
            Ok(event) => event.event,
            Err(_) => {
                self.skipped += 1;
                return None;
            }
        };
        match &*event {
            "open" => match serde_json::from_slice::<OpeningLine>(&self.line) {
                Ok(opening) => self.opened(opening),
                Err(_) => {
                    self.skipped += 1;
                    None
                }
            },
            "close" => match serde_json::from_slice::<ClosingLine>(&self.line) {
                Ok(closing) => {
                    let call = self.open.remove(&closing.call)?;
                    Some(PastCall { end: Some(closing.end), ..call })
                }
                Err(_) => {
                    self.skipped += 1;
                    None
                }
            },
            _ => None,
        }
    }

    fn opened(&mut self, line: OpeningLine) -> Option<PastCall> {
        self.order.push_back((line.seq, line.call.clone()));
        let mut would_deny = line.would_deny;
        would_deny.extend(line.would_limit);
        let call = PastCall {
            seq: line.seq,
            call: line.call.clone(),
            at: line.at,
            caller: line.caller,
            tool: line.tool,
            class: line.class,
            effects: line.effects,
            arguments: line.arguments,
            decision: line.decision,
            rule: line.rule,
            policy: line.policy,
            would_deny,
            approval: line.approval,
            facts: line.facts,
            end: None,
        };
        // The same name twice: the first one never ended.
        if let Some(earlier) = self.open.insert(line.call, call) {
            return Some(earlier);
        }
        if self.order.len() > 2 * OPEN_MAX {
            let open = &self.open;
            self.order.retain(|(seq, call)| open.get(call).is_some_and(|open| open.seq == *seq));
        }
        if self.open.len() > OPEN_MAX { self.first_open() } else { None }
    }

    /// The oldest call without an end.
    fn first_open(&mut self) -> Option<PastCall> {
        while let Some((seq, call)) = self.order.pop_front() {
            if self.open.get(&call).is_some_and(|open| open.seq == seq) {
                return self.open.remove(&call);
            }
        }
        None
    }

    fn next_of_source(&mut self) -> io::Result<Option<PastCall>> {
        while self.next_line()? {
            if let Some(call) = self.take_line() {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }
}

impl Iterator for PastCalls<BufReader<File>> {
    type Item = io::Result<PastCall>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_of_source() {
                Ok(Some(call)) => return Some(Ok(call)),
                Ok(None) => {}
                Err(error) => {
                    self.source = None;
                    self.files.clear();
                    return Some(Err(error));
                }
            }
            match self.files.pop_front().map(File::open) {
                Some(Ok(file)) => self.source = Some(BufReader::new(file)),
                Some(Err(error)) => return Some(Err(error)),
                None => return self.first_open().map(Ok),
            }
        }
    }
}

impl Iterator for PastCalls<&[u8]> {
    type Item = io::Result<PastCall>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_of_source() {
            Ok(Some(call)) => Some(Ok(call)),
            Ok(None) => self.first_open().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<PastCall>, u64) {
        let mut calls = PastCalls::read(text.as_bytes());
        let read = calls.by_ref().map(Result::unwrap).collect();
        (read, calls.skipped())
    }

    fn open(seq: u64, call: &str) -> String {
        format!(
            "{{\"seq\":{seq},\"event\":\"open\",\"call\":\"{call}\",\"at\":\"2026-01-02T03:04:05Z\",\"tool\":\"t\",\
             \"would_deny\":[\"/a\"],\"would_limit\":[\"/b\"]}}\n"
        )
    }

    fn close(call: &str) -> String {
        format!(
            "{{\"seq\":9,\"event\":\"close\",\"call\":\"{call}\",\"outcome\":\"done\",\"duration_us\":5}}\n"
        )
    }

    #[test]
    fn calls_come_with_their_end_and_the_rest_without() {
        let text =
            [open(1, "a"), open(2, "b"), close("b"), "{\"event\":\"checkpoint\"}\n".to_owned()].concat();
        let (calls, skipped) = read(&text);
        assert_eq!(skipped, 0);
        let told: Vec<(&str, Option<&str>)> = calls
            .iter()
            .map(|call| (call.call.as_str(), call.end.as_ref().map(|end| end.outcome.as_str())))
            .collect();
        assert_eq!(told, [("b", Some("done")), ("a", None)]);
        assert_eq!(calls[0].would_deny, ["/a", "/b"]);
    }

    #[test]
    fn bytes_that_are_no_log_are_skipped() {
        let long = format!("{}\n", "x".repeat(3 * LINE_BYTES_MAX));
        let text = [
            "no\n",
            "[]\n",
            "{}\n",
            "{\"event\":\"open\"}\n",
            "{\"event\":\"close\",\"call\":\"?\"}\n",
            "\n",
            &long,
            &open(1, "a"),
            "{\"event\":\"op",
        ]
        .concat();
        let (calls, skipped) = read(&text);
        assert_eq!((calls.len(), skipped), (1, 7));
        assert_eq!(read(&close("nobody")), (vec![], 0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let text: String = (0..3 * OPEN_MAX as u64).map(|number| open(number, &number.to_string())).collect();
        let mut calls = PastCalls::read(text.as_bytes());
        let mut read = 0;
        while let Some(call) = calls.next() {
            call.unwrap();
            read += 1;
            assert!(calls.open.len() <= OPEN_MAX + 1, "{}", calls.open.len());
        }
        assert_eq!(read, 3 * OPEN_MAX);
        let same: String = (0..10).map(|number| open(number, "same")).collect();
        assert_eq!(self::read(&same).0.len(), 10);
    }
}
