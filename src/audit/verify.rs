//! Checking the chain from the first line to the last, through all files.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use serde::Deserialize;

use super::{
    checkpoint::{self, CHECKPOINT},
    files::Files,
    line::{self, GENESIS, Hash, LINE_BYTES_MAX, hash_of_text, text_of},
    tail::ROTATED,
};
use crate::store::{Lines, Postgres};

/// Most breaks that are told one by one.
const BREAKS_MAX: usize = 1_000;

/// What a walk along the chain found.
#[derive(Debug, Default)]
pub struct ChainReport {
    pub lines: u64,
    pub calls_open: u64,
    pub calls_closed: u64,
    pub breaks: Vec<ChainBreak>,
    /// Lines that a crash cut short; the chain goes on around them.
    pub torn: Vec<ChainBreak>,
    pub checkpoints: u64,
    /// The public keys that checkpoints are signed with; usually one.
    pub keys: Vec<String>,
    /// Number of the first line, where earlier files were put elsewhere.
    pub begins_at: Option<u64>,
}

/// One place where the chain does not hold.
#[derive(Debug, Clone)]
pub struct ChainBreak {
    /// Name of the file, without its directory.
    pub file: String,
    pub line: u64,
    pub why: String,
}

#[derive(Deserialize)]
struct Place {
    seq: u64,
    prev: String,
    event: String,
    hash: String,
}

impl ChainReport {
    pub fn holds(&self) -> bool {
        self.breaks.is_empty()
    }

    fn broken(&mut self, file: &str, line: u64, why: impl Into<String>) {
        if self.breaks.len() < BREAKS_MAX {
            self.breaks.push(ChainBreak { file: file.to_owned(), line, why: why.into() });
        }
    }
}

/// Reads the log and checks every hash, every link, the order of sequence numbers, the signatures of
/// checkpoints, and that the last known checkpoint is there.
pub fn verify(path: &Path) -> io::Result<ChainReport> {
    let files = Files::of(path);
    let mut walk = Walk { report: ChainReport::default(), last: (0, GENESIS), known: None, is_first: true };
    walk.known = checkpoint::last_known(&files).map(|(sequence, hash)| (sequence, hash, false));
    // While we read, a file may fill up and be put aside: whoever is new in the list comes before the
    // one that grows.
    let mut seen = 0;
    let growing = loop {
        let growing = File::open(path)?;
        let mut new = files.all_full()?;
        new.retain(|(first, _)| *first > seen);
        let Some((last, _)) = new.last() else { break growing };
        seen = *last;
        for (_, path) in new {
            walk.file(&path, File::open(&path)?)?;
        }
    };
    walk.file(path, growing)?;
    if let Some((sequence, _, false)) = walk.known {
        let name = name_of(path);
        let why = format!("the end is missing: a checkpoint of line {sequence} is known that is not here");
        walk.report.broken(&name, walk.report.lines + 1, why);
    }
    Ok(walk.report)
}

/// The same for the chain in the store that replicas share, line by line as it is there. `copy` is the
/// log of a state directory, whose last checkpoint has to be in the chain.
pub fn verify_shared(store: &Postgres, copy: &Path) -> io::Result<ChainReport> {
    verify_lines(&Lines::of(store), copy)
}

pub(super) fn verify_lines(lines: &Lines, copy: &Path) -> io::Result<ChainReport> {
    let mut walk = Walk { report: ChainReport::default(), last: (0, GENESIS), known: None, is_first: true };
    let known = checkpoint::last_known(&Files::of(copy));
    walk.known = known.map(|(sequence, hash)| (sequence, hash, false));
    let head = lines.head()?;
    let mut number = 0;
    while number < head {
        let page = lines.after(number)?;
        if page.is_empty() {
            break;
        }
        for text in page {
            number += 1;
            walk.line(SHARED, number, &text);
        }
    }
    if number < head {
        walk.report.broken(SHARED, number + 1, format!("the end is missing: {head} lines were written"));
    }
    if let Some((sequence, _, false)) = walk.known {
        let why = format!("the end is missing: a checkpoint of line {sequence} is known that is not here");
        walk.report.broken(SHARED, number + 1, why);
    }
    Ok(walk.report)
}

/// Where a line is that is in no file.
const SHARED: &str = "the shared store";

struct Walk {
    report: ChainReport,
    last: (u64, Hash),
    /// The last checkpoint whose counters were kept, and whether it was met.
    known: Option<(u64, Hash, bool)>,
    is_first: bool,
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Walk {
    fn file(&mut self, path: &Path, file: File) -> io::Result<()> {
        let name = name_of(path);
        let mut reader = BufReader::new(file);
        let (mut number, mut text) = (0, Vec::new());
        let mut has_ended = false;
        loop {
            text.clear();
            number += 1;
            let read = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut text)?;
            if read == 0 {
                return Ok(());
            }
            let is_whole = text.pop_if(|last| *last == b'\n').is_some();
            if !is_whole && read > LINE_BYTES_MAX {
                self.report.broken(&name, number, "longer than any line of the log");
                reader.skip_until(b'\n')?;
                continue;
            }
            if text.is_empty() {
                continue;
            }
            if has_ended {
                self.report.broken(&name, number, "the file goes on after its end");
            }
            has_ended = self.line(&name, number, &text);
        }
    }

    /// True if the file ends with this line.
    fn line(&mut self, file: &str, number: u64, text: &[u8]) -> bool {
        let Some(hash) = line::expected_hash(text) else {
            if line::is_torn(text) {
                let why = "cut short by a crash".to_owned();
                self.report.torn.push(ChainBreak { file: file.to_owned(), line: number, why });
            } else {
                self.report.lines += 1;
                self.report.broken(file, number, "not a log line");
            }
            return false;
        };
        self.report.lines += 1;
        let Ok(place) = serde_json::from_slice::<Place>(text) else {
            self.report.broken(file, number, "not a log line");
            return false;
        };
        if place.hash != text_of(&hash) {
            self.report.broken(file, number, "the line was changed: its hash does not fit");
            return false;
        }
        self.link(file, number, &place, text);
        self.last = (place.seq, hash);
        self.is_first = false;
        if let Some((sequence, known, met)) = &mut self.known
            && *sequence == place.seq
        {
            *met = *known == hash;
        }
        match place.event.as_str() {
            "open" => self.report.calls_open += 1,
            "close" => self.report.calls_closed += 1,
            CHECKPOINT => self.checkpoint(file, number, text),
            _ => {}
        }
        place.event == ROTATED
    }

    fn link(&mut self, file: &str, number: u64, place: &Place, text: &[u8]) {
        let (sequence, hash) = self.last;
        let follows = place.seq == sequence + 1 && place.prev.as_bytes() == hash;
        if follows {
            return;
        }
        // Full files may be put elsewhere; the next one then begins with a signed checkpoint.
        let begins = checkpoint::read(text)
            .is_some_and(|line| checkpoint::check(&line).is_ok_and(|sealed| sealed.begins));
        if self.is_first && begins && hash_of_text(&place.prev).is_some() {
            self.report.begins_at = Some(place.seq);
        } else {
            self.report.broken(file, number, format!("does not follow line {sequence} of the chain"));
        }
    }

    fn checkpoint(&mut self, file: &str, number: u64, text: &[u8]) {
        self.report.checkpoints += 1;
        let Some(line) = checkpoint::read(text) else {
            self.report.broken(file, number, "the checkpoint cannot be read");
            return;
        };
        match checkpoint::check(&line) {
            Ok(sealed) if !self.report.keys.contains(&sealed.key) => {
                self.report.keys.push(sealed.key.clone());
            }
            Ok(_) => {}
            Err(why) => self.report.broken(file, number, why),
        }
    }
}
