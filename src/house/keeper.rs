//! Keeps the policy in force equal to the file: looks at it, and changes one pointer.
//!
//! What counts is the content and nothing else: editors rename over a file, configuration maps swap a
//! link, and clocks lie. A file that cannot be used changes nothing but what is said about it.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use super::policy_source::{PolicyLoadError, PolicySource};
use crate::{
    operator::{self, PauseOrder, Presence, RefusedFile, ServerStatus, newest_request},
    pipeline::Corridor,
    store::{StateDir, StoreError},
};

/// How often a server looks: a person who stops it waits no longer than this, and a look at the
/// largest policy takes two milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A file has to stay the same for so long before it is judged: whoever writes it may not be done.
const SETTLE: Duration = Duration::from_millis(100);
/// Looks at a file that changes all the time; after them it is left to the next round.
const SETTLE_TRIES_MAX: usize = 20;
/// Problems of a refused file that are repeated elsewhere; `policy check` shows all.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// The policy in force, where it comes from, and how the file stands now.
#[derive(Debug)]
pub struct PolicyKeeper {
    source: PolicySource,
    corridor: Arc<Corridor>,
    state: StateDir,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// The text that was judged last, as its digest.
    judged: Content,
    loaded_at: Timestamp,
    refused: Option<RefusedFile>,
    presence: Option<Presence>,
}

/// A text by its digest, or why there was none.
type Content = Result<[u8; 32], io::ErrorKind>;

/// What a look at the file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The policy in force is that of the file.
    Unchanged,
    Replaced,
    /// The file cannot be used; the policy before it stays in force.
    Refused(RefusedFile),
}

#[derive(Serialize)]
struct PausesNoted<'a> {
    at: Timestamp,
    orders: &'a [PauseOrder],
}

#[derive(Serialize)]
struct Replaced<'a> {
    at: Timestamp,
    source: String,
    before: &'a str,
    after: &'a str,
}

impl PolicyKeeper {
    /// For a policy that was just loaded from this text.
    pub(super) fn new(
        source: PolicySource,
        text: &Result<Vec<u8>, io::ErrorKind>,
        state: StateDir,
        corridor: Arc<Corridor>,
    ) -> Self {
        let loaded_at = Timestamp::now();
        let kept = Kept { judged: content(text), loaded_at, refused: None, presence: None };
        Self { source, corridor, state, kept: Mutex::new(kept) }
    }

    pub fn source(&self) -> &PolicySource {
        &self.source
    }

    /// Puts this process on the list of running servers and looks at the file for ever.
    pub async fn keep(self: Arc<Self>) {
        if let Err(error) = self.announce() {
            tracing::warn!(%error, "`policy reload` will not see this server");
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let keeper = Arc::clone(&self);
            // Reading and judging a file takes a thread, and no call waits for it.
            if tokio::task::spawn_blocking(move || keeper.look_around()).await.is_err() {
                tracing::error!("looking at the policy failed");
            }
        }
    }

    fn announce(&self) -> Result<(), StoreError> {
        let mut kept = self.lock();
        let status = ServerStatus {
            process: std::process::id(),
            started_at: Timestamp::now(),
            source: self.source.to_string(),
            policy: self.corridor.policy().digest().0.to_string(),
            loaded_at: kept.loaded_at,
            refused: kept.refused.clone(),
            answered: newest_request(&self.state).unwrap_or_default(),
        };
        kept.presence = Some(Presence::announce(self.state.clone(), status)?);
        Ok(())
    }

    /// One round: the kill switch, the policy, and whether somebody asked.
    fn look_around(&self) {
        if self.corridor.pauses().refresh(Timestamp::now()) {
            self.note_pauses();
        }
        // Read first: what is asked after this is answered in the next round.
        let asked = newest_request(&self.state).unwrap_or_default();
        let answered = self.lock().presence.as_ref().map_or(asked, |presence| presence.status().answered);
        if asked != answered {
            self.reload();
            self.answer(asked);
        } else {
            self.look();
        }
    }

    /// Judges the file if its text is not the one that was judged last.
    pub fn look(&self) -> Look {
        let now = content(&self.source.bytes());
        let mut kept = self.lock();
        if kept.judged == now {
            return kept.standing();
        }
        self.judge(&mut kept)
    }

    /// Judges the file, whether it changed or not.
    pub fn reload(&self) -> Look {
        self.judge(&mut self.lock())
    }

    fn judge(&self, kept: &mut Kept) -> Look {
        let Some(text) = self.settled() else {
            tracing::info!(policy = %self.source, "the policy file is still being written");
            return kept.standing();
        };
        kept.judged = content(&text);
        let look = match self.source.judge(&text, self.corridor.catalog()) {
            Ok(policy) => {
                let before = self.corridor.policy().digest().clone();
                let after = policy.digest().clone();
                if before == after {
                    if kept.refused.take().is_some() {
                        tracing::info!(policy = %self.source, "the policy file is the one in force again");
                        self.corridor.metrics().policy_loaded(kept.loaded_at);
                    }
                    Look::Unchanged
                } else {
                    for warning in policy.warnings() {
                        tracing::warn!(policy = %self.source, "{warning}");
                    }
                    kept.refused = None;
                    kept.loaded_at = Timestamp::now();
                    // The line stands before the first call that the new policy rules.
                    self.note_replaced(kept.loaded_at, &before.0, &after.0);
                    self.corridor.replace_policy(policy);
                    tracing::info!(policy = %self.source, digest = %after.0, "policy replaced");
                    Look::Replaced
                }
            }
            Err(error) => {
                let since = kept.refused.as_ref().map_or_else(Timestamp::now, |refused| refused.since);
                let refused = RefusedFile { since, problems: problems(&error) };
                self.corridor.metrics().policy_refused();
                tracing::error!(%since, "the policy stays as it was: {error}");
                self.alarm(&refused);
                kept.refused = Some(refused.clone());
                Look::Refused(refused)
            }
        };
        self.tell(kept);
        look
    }

    /// The text once it has stayed the same for a while.
    fn settled(&self) -> Option<Result<Vec<u8>, io::ErrorKind>> {
        let mut before = self.source.bytes();
        for _ in 0..SETTLE_TRIES_MAX {
            std::thread::sleep(SETTLE);
            let now = self.source.bytes();
            if now == before {
                return Some(now);
            }
            before = now;
        }
        None
    }

    fn note_replaced(&self, at: Timestamp, before: &str, after: &str) {
        let line = Replaced { at, source: self.source.to_string(), before, after };
        if let Err(error) = self.corridor.audit().note_event("policy", &line) {
            tracing::error!(%error, "the new policy is not in the log");
        }
    }

    /// Who stopped whom stands in the log as well.
    fn note_pauses(&self) {
        let at = Timestamp::now();
        let orders = operator::orders(&self.state.shared(), at).unwrap_or_default();
        tracing::warn!(orders = orders.len(), "the kill switch changed");
        if let Err(error) = self.corridor.audit().note_event("pause", &PausesNoted { at, orders: &orders }) {
            tracing::error!(%error, "the kill switch is not in the log");
        }
    }

    fn alarm(&self, refused: &RefusedFile) {
        let about = serde_json::json!({
            "source": self.source.to_string(), "since": refused.since, "problems": refused.problems,
        });
        let serde_json::Value::Object(about) = about else { return };
        if let Err(error) = self.corridor.audit().alarm("policy_refused", &about) {
            tracing::error!(%error, "the refused policy is not in the log");
        }
    }

    /// Writes down how things stand, for the command line.
    fn tell(&self, kept: &Kept) {
        let Some(presence) = &kept.presence else { return };
        let told = presence.update(|status| {
            status.policy = self.corridor.policy().digest().0.to_string();
            status.loaded_at = kept.loaded_at;
            status.refused.clone_from(&kept.refused);
        });
        if let Err(error) = told {
            tracing::warn!(%error, "how the policy stands could not be written down");
        }
    }

    fn answer(&self, number: u64) {
        let kept = self.lock();
        let Some(presence) = &kept.presence else { return };
        if let Err(error) = presence.update(|status| status.answered = number) {
            tracing::warn!(%error, "a request of the operator could not be answered");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn standing(&self) -> Look {
        self.refused.clone().map_or(Look::Unchanged, Look::Refused)
    }
}

fn content(text: &Result<Vec<u8>, io::ErrorKind>) -> Content {
    let text = text.as_ref().map_err(|kind| *kind)?;
    let mut digest = [0; 32];
    for (byte, known) in digest.iter_mut().zip(ring::digest::digest(&ring::digest::SHA256, text).as_ref()) {
        *byte = *known;
    }
    Ok(digest)
}

fn problems(error: &PolicyLoadError) -> Vec<String> {
    match error {
        PolicyLoadError::Unreadable { .. } => vec![error.to_string()],
        PolicyLoadError::Refused { error, .. } => {
            error.problems.iter().take(PROBLEMS_SHOWN_MAX).map(ToString::to_string).collect()
        }
    }
}

#[cfg(test)]
mod tests;
