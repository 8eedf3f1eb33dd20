//! Whose turn it is to write, among processes.
//!
//! Two file locks: the lock itself, and a turnstile in front of it. Whoever wants the lock takes the
//! turnstile, waits there for the lock, and lets the next one in. A holder sees at the turnstile that
//! somebody waits, so a process that is alone may keep the lock for as long as nobody does; and one
//! that just let go cannot be first again before those who wait. The locks die with their process.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    time::{Duration, Instant},
};

use super::files::{Files, open_private};

/// Others hold the lock for milliseconds; whoever waits longer waits for something that hangs.
const TURN_WAIT: Duration = Duration::from_secs(5);
/// Tries that only yield before the first sleep: most turns take microseconds.
const YIELDS: u32 = 20;
const SLEEP_MIN: Duration = Duration::from_micros(40);
const SLEEP_MAX: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Turn {
    lock: File,
    turnstile: File,
    held: bool,
}

impl Turn {
    pub(super) fn open(files: &Files) -> io::Result<Self> {
        let open = |path: &Path| open_private(path);
        Ok(Self { lock: open(&files.lock())?, turnstile: open(&files.turnstile())?, held: false })
    }

    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Waits for the turn. True if it was free at once.
    pub(super) fn take(&mut self) -> io::Result<bool> {
        let until = Instant::now() + TURN_WAIT;
        let passed = wait_for(&self.turnstile, until)?;
        let taken = wait_for(&self.lock, until);
        let left = self.turnstile.unlock();
        let free = taken?;
        self.held = true;
        left?;
        Ok(passed && free)
    }

    pub(super) fn give(&mut self) {
        if self.held {
            // The lock ends with the process at the latest.
            if let Err(error) = self.lock.unlock() {
                tracing::error!(%error, "the lock of the audit log cannot be released");
            }
            self.held = false;
        }
    }

    /// Does another process wait for its turn?
    pub(super) fn is_wanted(&self) -> bool {
        match self.turnstile.try_lock() {
            Ok(()) => self.turnstile.unlock().is_err(),
            Err(_) => true,
        }
    }
}

fn wait_for(file: &File, until: Instant) -> io::Result<bool> {
    let mut tries = 0_u32;
    let mut sleep = SLEEP_MIN;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(tries == 0),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        tries += 1;
        if tries <= YIELDS {
            std::thread::yield_now();
        } else if Instant::now() >= until {
            let why = "another process has been holding it for too long";
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        } else {
            std::thread::sleep(sleep);
            sleep = (sleep * 2).min(SLEEP_MAX);
        }
    }
}
