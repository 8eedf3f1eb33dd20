//! Telling old peers that the tool list changed. Peers of 2026-07-28 listen for it themselves.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rmcp::{Peer, RoleServer};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

/// A peer that does not take a notice within this is skipped; the next notice tells it the same.
const NOTICE_MS_MAX: u64 = 2_000;

/// The peers that said `notifications/initialized`.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    peers: Mutex<Vec<Peer<RoleServer>>>,
}

impl Watchers {
    pub(super) fn add(&self, peer: Peer<RoleServer>) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| !peer.is_transport_closed());
        peers.push(peer);
    }

    fn living(&self) -> Vec<Peer<RoleServer>> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| !peer.is_transport_closed());
        peers.clone()
    }

    /// Passes every change on until `closing` fires.
    pub(super) async fn watch(&self, mut changes: Receiver<()>, closing: CancellationToken) {
        loop {
            let change = tokio::select! {
                () = closing.cancelled() => return,
                change = changes.recv() => change,
            };
            // Having missed changes means only that there was at least one.
            if matches!(change, Err(RecvError::Closed)) {
                return;
            }
            for peer in self.living() {
                tokio::spawn(async move {
                    let notice = peer.notify_tool_list_changed();
                    let _ = tokio::time::timeout(Duration::from_millis(NOTICE_MS_MAX), notice).await;
                });
            }
        }
    }
}
