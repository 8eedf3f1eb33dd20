//! One run of a bill at a time, across tasks and processes: a row with an owner and a lease. The owner's
//! death ends it at once, the lease ends it where the owner cannot be seen, and every step asks whether
//! the turn is still its own.

use std::time::Duration;

use rusqlite::OptionalExtension as _;

use super::{super::error::RunError, Journal, key, now_ms, refused};
use crate::usage::Tenant;

/// A turn that is not renewed for so long is given to the next one.
const LEASE_MS: i64 = 60_000;
/// How often a running turn is renewed: three chances before it is lost.
const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// The right to work on a bill; dropping it ends it for this process at once.
#[derive(Debug)]
pub(in crate::invoices) struct Turn {
    journal: Journal,
    tenant: String,
    subject: String,
    owner: String,
    /// The run it was taken for.
    pub(in crate::invoices) run_id: String,
    /// The run that had the turn and did not end.
    pub(in crate::invoices) interrupted: Option<String>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.journal.owners.ends(&self.run_id);
    }
}

impl Journal {
    /// Takes the turn, or says which run has it.
    pub(in crate::invoices) async fn take_turn(
        &self,
        tenant: &Tenant,
        subject: &str,
        run_id: &str,
    ) -> Result<Result<Turn, String>, RunError> {
        let owner = self.owners.own_name()?;
        let mut turn = Turn {
            journal: self.clone(),
            tenant: key(tenant),
            subject: subject.to_owned(),
            owner: owner.clone(),
            run_id: run_id.to_owned(),
            interrupted: None,
        };
        let (tenant, subject, run_id) = (turn.tenant.clone(), turn.subject.clone(), turn.run_id.clone());
        let owners = self.owners.clone();
        owners.starts(&run_id);
        let taken = self
            .database
            .write(move |transaction| {
                let held: Option<(String, String, i64)> = transaction
                    .query_row(
                        "select owner, run_id, lease_until_ms from turn where tenant = ?1 and subject = ?2",
                        [&tenant, &subject],
                        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                    )
                    .optional()
                    .map_err(refused)?;
                let now = now_ms();
                let interrupted = match held {
                    Some((other, other_run, until)) if until > now && owners.is_alive(&other, &other_run) => {
                        return Ok(Err(other_run));
                    }
                    held => held.map(|(_, other_run, _)| other_run),
                };
                transaction
                    .execute(
                        "insert into turn (tenant, subject, owner, run_id, lease_until_ms)
                         values (?1, ?2, ?3, ?4, ?5)
                         on conflict do update set owner = excluded.owner, run_id = excluded.run_id,
                         lease_until_ms = excluded.lease_until_ms",
                        rusqlite::params![tenant, subject, owner, run_id, now.saturating_add(LEASE_MS)],
                    )
                    .map_err(refused)?;
                Ok::<_, RunError>(Ok(interrupted))
            })
            .await?;
        match taken {
            Ok(interrupted) => {
                turn.interrupted = interrupted;
                Ok(Ok(turn))
            }
            Err(other) => Ok(Err(other)),
        }
    }
}

impl Turn {
    /// Renews it for as long as it is waited for; ends when the turn is lost.
    pub(in crate::invoices) async fn kept_alive(&self) -> RunError {
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            // A database that is busy now may not be the next time.
            match self.renewed().await {
                Ok(()) | Err(RunError::Journal(_)) => {}
                Err(error) => return error,
            }
        }
    }

    /// Is it still ours? Then for another while.
    pub(in crate::invoices) async fn renewed(&self) -> Result<(), RunError> {
        let row = (self.tenant.clone(), self.subject.clone(), self.owner.clone(), self.run_id.clone());
        self.journal
            .database
            .write(move |transaction| {
                let (tenant, subject, owner, run_id) = row;
                let renewed = transaction
                    .execute(
                        "update turn set lease_until_ms = ?5
                         where tenant = ?1 and subject = ?2 and owner = ?3 and run_id = ?4",
                        rusqlite::params![tenant, subject, owner, run_id, now_ms().saturating_add(LEASE_MS)],
                    )
                    .map_err(refused)?;
                if renewed == 1 { Ok(()) } else { Err(RunError::LostTurn) }
            })
            .await
    }

    /// The run has the id of the one it takes up.
    pub(in crate::invoices) async fn becomes(&mut self, run_id: &str) -> Result<(), RunError> {
        let row = (self.tenant.clone(), self.subject.clone(), self.owner.clone(), self.run_id.clone());
        let (journal, new_id) = (self.journal.clone(), run_id.to_owned());
        journal.owners.starts(run_id);
        let update = move |transaction: &rusqlite::Transaction<'_>| {
            let (tenant, subject, owner, old_id) = row;
            let changed = transaction
                .execute(
                    "update turn set run_id = ?5
                     where tenant = ?1 and subject = ?2 and owner = ?3 and run_id = ?4",
                    rusqlite::params![tenant, subject, owner, old_id, new_id],
                )
                .map_err(refused)?;
            if changed == 1 { Ok(()) } else { Err(RunError::LostTurn) }
        };
        let changed = journal.database.write(update).await;
        if changed.is_err() {
            journal.owners.ends(run_id);
            return changed;
        }
        journal.owners.ends(&self.run_id);
        self.run_id = run_id.to_owned();
        Ok(())
    }

    /// Gives the turn back. Where that fails, the lease and the end of this run do it.
    pub(in crate::invoices) async fn end(self) {
        let row = (self.tenant.clone(), self.subject.clone(), self.owner.clone(), self.run_id.clone());
        let gone: Result<(), RunError> = self
            .journal
            .database
            .write(move |transaction| {
                let (tenant, subject, owner, run_id) = row;
                transaction
                    .execute(
                        "delete from turn
                         where tenant = ?1 and subject = ?2 and owner = ?3 and run_id = ?4",
                        rusqlite::params![tenant, subject, owner, run_id],
                    )
                    .map_err(refused)?;
                Ok(())
            })
            .await;
        if let Err(error) = gone {
            tracing::warn!(%error, "the turn of a run could not be given back");
        }
    }
}
