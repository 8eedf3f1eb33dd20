//! Which servers run on this state directory, and how their policy stands.
//!
//! Each holds a lock for as long as it lives. The lock ends with the process, however it ends, so
//! that a server that was killed is never taken for one that runs.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use ring::rand::SecureRandom as _;
use serde::{Deserialize, Serialize};

use crate::{
    facts::hex,
    store::{HeldLock, StateDir, StoreError, parse_document, write_document},
};

const PREFIX: &str = "server-";
const SUFFIX: &str = ".json";
const VERSION: u64 = 1;

/// What a running server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    pub process: u32,
    pub started_at: Timestamp,
    /// Where its policy comes from.
    pub source: String,
    /// The policy in force.
    pub policy: String,
    pub loaded_at: Timestamp,
    /// The file as it is now was refused; the policy before it stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedFile>,
    /// Number of the request it answered last.
    #[serde(default)]
    pub answered: u64,
}

/// A policy file that is not in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Since when the file cannot be used.
    pub since: Timestamp,
    pub problems: Vec<String>,
}

/// This process on the list of running servers; dropping it takes it off.
#[derive(Debug)]
pub struct Presence {
    dir: StateDir,
    name: String,
    status: Mutex<ServerStatus>,
    _lock: HeldLock,
}

impl Presence {
    /// Puts this process on the list.
    pub fn announce(dir: StateDir, status: ServerStatus) -> Result<Self, StoreError> {
        let mut random = [0_u8; 8];
        // Without random bytes the number of the process has to do; two containers may share one.
        if ring::rand::SystemRandom::new().fill(&mut random).is_err() {
            random = u64::from(status.process).to_be_bytes();
        }
        let name = format!("{PREFIX}{}{SUFFIX}", hex(&random));
        let Some(lock) = dir.hold(&name)? else { return Err(dir.taken(&name)) };
        let presence = Self { dir, name, status: Mutex::new(status), _lock: lock };
        presence.write()?;
        Ok(presence)
    }

    /// Changes what is said.
    pub fn update(&self, change: impl FnOnce(&mut ServerStatus)) -> Result<(), StoreError> {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
        self.write()
    }

    pub fn status(&self) -> ServerStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self) -> Result<(), StoreError> {
        // A status of plain texts and numbers can always be encoded.
        let bytes = write_document(&self.status(), VERSION).unwrap_or_default();
        self.dir.replace_held(&self.name, &bytes)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        forget(&self.dir, &self.name);
    }
}

/// Nobody misses a file that could not be removed: the lock is what counts.
fn forget(dir: &StateDir, name: &str) {
    let _ = dir.remove(name);
    let _ = dir.remove(&format!("{name}.lock"));
}

/// The servers that run now, the oldest first. What killed ones left behind is cleared away.
pub fn servers(dir: &StateDir) -> Result<Vec<ServerStatus>, StoreError> {
    let mut running = Vec::new();
    let mut names = dir.names()?;
    names.retain(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
    for name in names {
        if let Some(_lock) = dir.hold(&name)? {
            forget(dir, &name);
            continue;
        }
        let Some(bytes) = dir.read(&name)? else { continue };
        if let Ok(status) = parse_document::<ServerStatus>(&bytes, VERSION) {
            running.push(status);
        }
    }
    running.sort_by_key(|status| (status.started_at, status.process));
    Ok(running)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{ask_all, newest_request};

    fn status(process: u32) -> ServerStatus {
        let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        ServerStatus {
            process,
            started_at: at,
            source: "policy.json".to_owned(),
            policy: "sha256:00".to_owned(),
            loaded_at: at,
            refused: None,
            answered: 0,
        }
    }

    #[test]
    fn only_living_servers_are_on_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::open(folder.path()).unwrap();
        assert_eq!(servers(&dir).unwrap(), []);
        let first = Presence::announce(dir.clone(), status(1)).unwrap();
        let second = Presence::announce(dir.clone(), status(2)).unwrap();
        let processes = |dir: &StateDir| -> Vec<u32> {
            servers(dir).unwrap().iter().map(|status| status.process).collect()
        };
        assert_eq!(processes(&dir), [1, 2]);
        drop(first);
        assert_eq!(processes(&dir), [2]);

        // What a killed one leaves: its file, and a lock that nobody holds.
        let left = "server-0123456789abcdef.json";
        std::fs::write(dir.path(left), "{}").unwrap();
        std::fs::write(dir.path(&format!("{left}.lock")), "").unwrap();
        assert_eq!(processes(&dir), [2]);
        assert!(!dir.path(left).exists());
        drop(second);
        assert_eq!(servers(&dir).unwrap(), []);
    }

    #[test]
    fn those_who_were_asked_answer() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::open(folder.path()).unwrap();
        let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        assert_eq!(ask_all(&dir, at).unwrap(), (1, vec![]), "nobody is there to wait for");
        let presence = Presence::announce(dir.clone(), status(1)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while newest_request(&dir).unwrap() < 2 {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                presence.update(|status| status.answered = 2).unwrap();
            });
            let (number, answers) = ask_all(&dir, at).unwrap();
            assert_eq!((number, answers.len(), answers[0].answered), (2, 1, 2));
        });
    }
}
