//! Which process makes a call: its reservations are orphans once it is gone.
//!
//! A process holds the lock of a file for as long as it lives, so that a killed one is never taken for
//! one that still waits for its answer. That holds between containers too, where numbers of processes
//! mean nothing.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use ring::rand::{SecureRandom as _, SystemRandom};

use super::UsageError;
use crate::{
    facts::hex,
    store::{HeldLock, StateDir},
};

const PREFIX: &str = "usage-caller-";
const LOCK_SUFFIX: &str = ".lock";

/// The name under which this ledger reserves, and everybody else's.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    state: StateDir,
    own: Arc<Mutex<Option<Own>>>,
}

#[derive(Debug)]
struct Own {
    state: StateDir,
    name: String,
    _lock: HeldLock,
}

impl Drop for Own {
    fn drop(&mut self) {
        // Nobody misses a file that could not be removed: the lock is what counts.
        let _ = self.state.remove(&format!("{}{LOCK_SUFFIX}", self.name));
    }
}

impl Keeper {
    pub(super) fn new(state: StateDir) -> Self {
        Self { state, own: Arc::default() }
    }

    /// Our own name; the first use takes the lock.
    pub(super) fn name(&self) -> Result<String, UsageError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = &*own {
            return Ok(own.name.clone());
        }
        self.clear_away();
        let name = format!("{PREFIX}{}", random_name()?);
        let lock = self.state.hold(&name).ok().flatten();
        let lock = lock.ok_or_else(|| UsageError::Ledger { why: "its lock cannot be taken".to_owned() })?;
        *own = Some(Own { state: self.state.clone(), name: name.clone(), _lock: lock });
        Ok(name)
    }

    /// Is the process of that name gone? Where it cannot be told, it is not.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        let is_own = {
            let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            own.as_ref().is_some_and(|own| own.name == name)
        };
        let is_name = name
            .strip_prefix(PREFIX)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_own || !is_name {
            return !is_own;
        }
        match self.state.hold(name) {
            Ok(Some(_lock)) => {
                let _ = self.state.remove(&format!("{name}{LOCK_SUFFIX}"));
                true
            }
            _ => false,
        }
    }

    /// Removes what killed processes left behind.
    fn clear_away(&self) {
        let Ok(entries) = fs::read_dir(self.state.root()) else { return };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if let Some(name) = name.strip_suffix(LOCK_SUFFIX)
                && name.starts_with(PREFIX)
            {
                self.is_gone_quietly(name);
            }
        }
    }

    fn is_gone_quietly(&self, name: &str) {
        if let Ok(Some(_lock)) = self.state.hold(name) {
            let _ = self.state.remove(&format!("{name}{LOCK_SUFFIX}"));
        }
    }
}

/// Sixteen random bytes as text.
pub(super) fn random_name() -> Result<String, UsageError> {
    let mut random = [0_u8; 16];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| UsageError::Ledger { why: "this system gives no random bytes".to_owned() })?;
    Ok(hex(&random))
}
