//! The page of numbers, and whether this process can take calls.

use std::{io, path::Path, time::Duration};

use super::{Corridor, asking};
use crate::metrics::Gauges;

/// With less space the log and the databases may fail in the middle of a call.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// A store that answers later than this is as good as gone.
const STORE_WAIT: Duration = Duration::from_secs(2);
/// A drawer that nobody fills: asking it for something is how the store is tried.
const PROBE: &str = "probe";

/// Why calls cannot be taken. The words are for strangers, too: they name no connection and no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    AuditLog,
    Store,
    DiskSpace,
    Stopping,
}

impl NotReady {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuditLog => "audit_log",
            Self::Store => "state_store",
            Self::DiskSpace => "disk_space",
            Self::Stopping => "stopping",
        }
    }
}

impl Corridor {
    /// What stands in the way of calls now. A policy is always in force: without one there is no corridor.
    pub async fn not_ready(&self) -> Vec<NotReady> {
        let path = self.audit.path().to_owned();
        let local = tokio::task::spawn_blocking(move || (can_append(&path), free_bytes(&path)));
        let (log, free) = local.await.unwrap_or((false, None));
        let mut reasons = Vec::new();
        if !log || !self.audit.state().chain_holds {
            reasons.push(NotReady::AuditLog);
        }
        if free.is_some_and(|bytes| bytes < FREE_BYTES_MIN) {
            reasons.push(NotReady::DiskSpace);
        }
        if !self.store_answers().await {
            reasons.push(NotReady::Store);
        }
        reasons
    }

    async fn store_answers(&self) -> bool {
        let Some(cabinet) = &self.cabinet else { return true };
        let drawer = cabinet.drawer(PROBE);
        let asked = tokio::time::timeout(STORE_WAIT, drawer.get(PROBE)).await;
        matches!(asked, Ok(Ok(_)))
    }

    /// All numbers as text that Prometheus reads.
    pub async fn numbers_page(&self, token_expiry_seconds: Option<i64>) -> String {
        let journal = self.audit.state();
        let path = self.audit.path().to_owned();
        let approvals = self.approvals.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            (free_bytes(&path), approvals.as_ref().and_then(asking::pending).unwrap_or_default())
        });
        let (state_bytes_free, approvals_waiting) = fetched.await.unwrap_or_default();
        let gauges = Gauges {
            decisions: self.metrics.decisions(),
            audit_queue: journal.queue,
            approvals_waiting,
            breakers_open: journal.breakers_open,
            token_expiry_seconds,
            state_bytes_free,
        };
        self.metrics.set_pending_approvals(approvals_waiting);
        let mut page = self.numbers.render(&gauges);
        page.push_str(&self.metrics.render(&journal, jiff::Timestamp::now()));
        page
    }
}

/// Opening says whether a line could be written; nothing is.
fn can_append(path: &Path) -> bool {
    match std::fs::OpenOptions::new().append(true).open(path) {
        Ok(_) => true,
        // Before the first line the log is not there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => path
            .parent()
            .and_then(|folder| folder.metadata().ok())
            .is_some_and(|folder| !folder.permissions().readonly()),
        Err(_) => false,
    }
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path.parent()?).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}
