//! Checking the chain from the first line to the last.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use serde_json::Value;

use super::log::{GENESIS, line_hash};

/// What a walk along the chain found.
#[derive(Debug, Default)]
pub struct ChainReport {
    pub lines: u64,
    pub calls_open: u64,
    pub calls_closed: u64,
    pub breaks: Vec<ChainBreak>,
}

/// One place where the chain does not hold.
#[derive(Debug)]
pub struct ChainBreak {
    pub line: u64,
    pub why: String,
}

impl ChainReport {
    pub fn holds(&self) -> bool {
        self.breaks.is_empty()
    }
}

/// Reads the log and checks every hash, every link and the order of sequence numbers.
pub fn verify(path: &Path) -> io::Result<ChainReport> {
    let mut report = ChainReport::default();
    let mut previous = (0_u64, GENESIS.to_owned());
    for (index, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        report.lines += 1;
        let number = index as u64 + 1;
        match check_line(&line, &previous) {
            Ok((sequence, hash, event)) => {
                match event.as_str() {
                    "open" => report.calls_open += 1,
                    "close" => report.calls_closed += 1,
                    _ => {}
                }
                previous = (sequence, hash);
            }
            Err(why) => report.breaks.push(ChainBreak { line: number, why }),
        }
    }
    Ok(report)
}

fn check_line(line: &[u8], previous: &(u64, String)) -> Result<(u64, String, String), String> {
    let Ok(Value::Object(mut line)) = serde_json::from_slice::<Value>(line) else {
        return Err("not a log line (cut short?)".to_owned());
    };
    let Some(Value::String(hash)) = line.remove("hash") else { return Err("no hash".to_owned()) };
    if line_hash(&line) != hash {
        return Err("the line was changed: its hash does not fit".to_owned());
    }
    let sequence = line.get("seq").and_then(Value::as_u64).unwrap_or_default();
    if line.get("prev").and_then(Value::as_str) != Some(previous.1.as_str()) || sequence != previous.0 + 1 {
        return Err(format!("does not follow line {} of the chain", previous.0));
    }
    let event = line.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((sequence, hash, event))
}
