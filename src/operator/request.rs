//! Asking running servers to look again: a number that only grows, and their answers.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::presence::{ServerStatus, servers};
use crate::store::{DocumentError, StateDir, StoreError, parse_document, write_document};

pub(super) const FILE: &str = "look-again.json";
const VERSION: u64 = 1;
/// A server looks several times a second; one that has not answered by then is stuck in something.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
const ANSWER_RETRY: Duration = Duration::from_millis(25);

/// Why servers could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("`{FILE}` cannot be used: {0}")]
    Document(#[from] DocumentError),
    #[error("`{FILE}` could not be encoded")]
    Encode,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    number: u64,
    at: Timestamp,
}

/// The number of the newest request; 0 where there is none.
pub fn newest_request(dir: &StateDir) -> Result<u64, RequestError> {
    let Some(bytes) = dir.read(FILE)? else { return Ok(0) };
    let request: Request = parse_document(&bytes, VERSION)?;
    Ok(request.number)
}

/// Asks every running server to read policy and pauses again, and waits for their answers. One that
/// does not answer in time is in the list with what it said last, and with an older number.
pub fn ask_all(dir: &StateDir, at: Timestamp) -> Result<(u64, Vec<ServerStatus>), RequestError> {
    let number = {
        let file = dir.lock(FILE)?;
        // A damaged number starts again; servers act on any number they have not answered.
        let number = newest_request(dir).unwrap_or_default() + 1;
        let bytes = write_document(&Request { number, at }, VERSION).map_err(|_| RequestError::Encode)?;
        file.replace(&bytes)?;
        number
    };
    let started = Instant::now();
    loop {
        let known = servers(dir)?;
        let all_answered = known.iter().all(|server| server.answered >= number);
        if all_answered || started.elapsed() > ANSWER_WAIT {
            return Ok((number, known));
        }
        std::thread::sleep(ANSWER_RETRY);
    }
}
