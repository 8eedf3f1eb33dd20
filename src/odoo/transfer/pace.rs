//! How long a transfer may take: as long as it moves, and no longer than a slow line needs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{facts::Limits, odoo::Failure};

/// The slowest line that is waited for; a slower one ends with a time-out.
const BYTES_PER_SECOND_MIN: u64 = 32 * 1024;

/// Counts every move of a transfer, so that somebody else sees when it stands still.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace(Arc<AtomicU64>);

impl Pace {
    pub(super) fn moved(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends `work` with a time-out when it stands still for longer than the limits allow a server to
    /// be silent, or when all of it takes longer than so many bytes can take.
    pub(super) async fn watch<T>(
        &self,
        limits: Limits,
        bytes: u64,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // What was sent is then worked on, and an answer of that takes as long as any other.
        let silence = Duration::from_millis(limits.read_timeout_ms.max(limits.total_timeout_ms));
        let all = silence + Duration::from_secs(bytes / BYTES_PER_SECOND_MIN);
        let standing_still = async {
            loop {
                let before = self.0.load(Ordering::Relaxed);
                tokio::time::sleep(silence).await;
                if self.0.load(Ordering::Relaxed) == before {
                    return;
                }
            }
        };
        tokio::select! {
            done = work => done,
            () = standing_still => Err(Failure::TimedOut),
            () = tokio::time::sleep(all) => Err(Failure::TimedOut),
        }
    }
}
