//! Who is alive: each process holds a lock for as long as it lives, and knows its own runs. A process
//! that was killed holds nothing, so that nobody waits for it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use ring::rand::SecureRandom as _;

use super::super::error::RunError;
use crate::{
    facts::hex,
    store::{HeldLock, StateDir},
};

const PREFIX: &str = "invoices-";

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Owners(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: StateDir,
    process: Mutex<Option<Process>>,
    running: Mutex<HashSet<String>>,
}

#[derive(Debug)]
struct Process {
    name: String,
    _lock: HeldLock,
}

impl Drop for Process {
    fn drop(&mut self) {
        tracing::debug!(owner = %self.name, "no more runs of bills here");
    }
}

impl Owners {
    pub(super) fn new(state: StateDir) -> Self {
        Self(Arc::new(Inner { state, process: Mutex::default(), running: Mutex::default() }))
    }

    /// The name of this process, with its lock taken.
    pub(super) fn own_name(&self) -> Result<String, RunError> {
        let mut process = self.0.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = process.as_ref() {
            return Ok(process.name.clone());
        }
        let mut random = [0_u8; 8];
        ring::rand::SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| RunError::Store { why: "no random number can be had".to_owned() })?;
        let name = format!("{PREFIX}{}", hex(&random));
        let failed = |why: String| RunError::Store { why };
        let lock = self.0.state.hold(&name).map_err(|error| failed(error.without_directory()))?;
        let lock = lock.ok_or_else(|| failed("its own lock is taken".to_owned()))?;
        *process = Some(Process { name: name.clone(), _lock: lock });
        Ok(name)
    }

    pub(super) fn starts(&self, run_id: &str) {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).insert(run_id.to_owned());
    }

    pub(super) fn ends(&self, run_id: &str) {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).remove(run_id);
    }

    /// Does the run of this owner still go on? Where that cannot be told, it does.
    pub(super) fn is_alive(&self, owner: &str, run_id: &str) -> bool {
        let own = self.0.process.lock().unwrap_or_else(PoisonError::into_inner);
        if own.as_ref().is_some_and(|process| process.name == owner) {
            return self.0.running.lock().unwrap_or_else(PoisonError::into_inner).contains(run_id);
        }
        match self.0.state.hold(owner) {
            Ok(Some(lock)) => {
                drop(lock);
                // It is nobody's any more; what cannot be removed stays, and harms nobody.
                let _ = self.0.state.remove(&format!("{owner}.lock"));
                false
            }
            Ok(None) | Err(_) => true,
        }
    }
}
