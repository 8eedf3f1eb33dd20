//! Telling old peers that the tool list changed. Peers of 2026-07-28 listen for it themselves.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rmcp::{Peer, RoleServer};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::{facts::Caller, pipeline::Corridor};

/// A peer that does not take a notice within this is skipped; the next notice tells it the same.
const NOTICE_MS_MAX: u64 = 2_000;

/// Peers below which nobody looks for those that are gone.
const LOOK_AT_MIN: usize = 64;

/// The peers that said `notifications/initialized`.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    peers: Mutex<Peers>,
}

#[derive(Debug, Default)]
struct Peers {
    all: Vec<Watcher>,
    /// Looking for those that are gone waits until there are so many.
    look_at: usize,
}

impl Peers {
    fn forget_gone(&mut self) {
        self.all.retain(|watcher| !watcher.peer.is_transport_closed());
        self.look_at = 2 * self.all.len() + LOOK_AT_MIN;
    }
}

/// A peer, and whose list it holds.
#[derive(Debug, Clone)]
struct Watcher {
    peer: Peer<RoleServer>,
    caller: Caller,
}

impl Watchers {
    pub(super) fn add(&self, peer: Peer<RoleServer>, caller: Caller) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.all.len() >= peers.look_at {
            peers.forget_gone();
        }
        peers.all.push(Watcher { peer, caller });
    }

    fn living(&self) -> Vec<Watcher> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.forget_gone();
        peers.all.clone()
    }

    /// Tells one peer, which waits for nothing.
    pub(super) fn tell(&self, peer: Peer<RoleServer>) {
        tokio::spawn(async move {
            let notice = peer.notify_tool_list_changed();
            let _ = tokio::time::timeout(Duration::from_millis(NOTICE_MS_MAX), notice).await;
        });
    }

    /// Tells every peer whose list a new policy changes, until `closing` fires.
    pub(super) async fn watch(&self, corridor: &Corridor, closing: CancellationToken) {
        let mut changes = corridor.policy_changes();
        loop {
            let change = tokio::select! {
                () = closing.cancelled() => return,
                change = changes.recv() => change,
            };
            let change = match change {
                Ok(change) => Some(change),
                // Having missed changes means only that there was at least one: everybody is told.
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => return,
            };
            for watcher in self.living() {
                if change
                    .as_ref()
                    .is_some_and(|change| !change.is_seen_by(corridor.catalog(), &watcher.caller))
                {
                    continue;
                }
                self.tell(watcher.peer);
            }
        }
    }
}
