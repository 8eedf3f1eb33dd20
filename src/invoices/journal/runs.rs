//! Runs in the journal: begun, taken up again, ended.

use rusqlite::OptionalExtension as _;

use super::{super::error::RunError, Journal, key, now_ms, refused};
use crate::{
    invoices::{context::RunContext, record::RunStatus, request::RunRequest},
    usage::Tenant,
};

/// An interrupted run older than this is not taken up: the bill is another one by now.
const TAKEN_UP_WITHIN_MS: i64 = 24 * 3_600_000;

/// How a run ended, for the journal.
#[derive(Debug, Clone)]
pub(in crate::invoices) struct End {
    pub(in crate::invoices) status: RunStatus,
    pub(in crate::invoices) written_back: bool,
    pub(in crate::invoices) content_key: Option<String>,
    pub(in crate::invoices) message_id: Option<i64>,
}

impl Journal {
    /// The newest run of this bill, if it was interrupted and asked the same.
    pub(in crate::invoices) async fn interrupted(
        &self,
        tenant: &Tenant,
        request: &RunRequest,
    ) -> Result<Option<RunContext>, RunError> {
        let (tenant, subject, wanted) = (key(tenant), request.subject(), request.clone());
        let found: Option<(String, String)> = self
            .database
            .read(move |connection| {
                connection
                    .query_row(
                        "select request, context from run
                         where tenant = ?1 and subject = ?2 and state = 'running' and began_ms > ?3
                         and began_ms = (select max(began_ms) from run where tenant = ?1 and subject = ?2)
                         order by rowid desc limit 1",
                        rusqlite::params![tenant, subject, now_ms().saturating_sub(TAKEN_UP_WITHIN_MS)],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .optional()
                    .map_err(refused)
            })
            .await?;
        // What an older program wrote and this one cannot read is begun anew.
        Ok(found.and_then(|(request, context)| {
            let request: RunRequest = serde_json::from_str(&request).ok()?;
            (request == wanted).then(|| serde_json::from_str(&context).ok())?
        }))
    }

    /// Puts a new run on the disk. Whatever else was running for this bill is abandoned: the turn is
    /// ours.
    pub(in crate::invoices) async fn begin(
        &self,
        tenant: &Tenant,
        context: &RunContext,
        generation: u64,
    ) -> Result<(), RunError> {
        let tenant = key(tenant);
        let (subject, move_id) = (context.request.subject(), context.request.move_id);
        let (run_id, request, text) = (context.run_id.clone(), json(&context.request)?, json(context)?);
        let generation = i64::try_from(generation).unwrap_or(i64::MAX);
        self.database
            .write(move |transaction| {
                transaction
                    .execute(
                        "update run set state = 'abandoned', ended_ms = ?3
                         where tenant = ?1 and subject = ?2 and state = 'running'",
                        rusqlite::params![tenant, subject, now_ms()],
                    )
                    .map_err(refused)?;
                transaction
                    .execute(
                        "insert into run (run_id, tenant, subject, move_id, request, state, generation,
                         began_ms, context) values (?1, ?2, ?3, ?4, ?5, 'running', ?6, ?7, ?8)",
                        rusqlite::params![
                            run_id,
                            tenant,
                            subject,
                            move_id,
                            request,
                            generation,
                            now_ms(),
                            text
                        ],
                    )
                    .map_err(refused)?;
                Ok(())
            })
            .await
    }

    pub(in crate::invoices) async fn end(&self, run_id: &str, end: End) -> Result<(), RunError> {
        let run_id = run_id.to_owned();
        let state = match end.status {
            RunStatus::Finished | RunStatus::FinishedWithErrors => "finished",
            RunStatus::Aborted => "aborted",
            RunStatus::Failed => "failed",
        };
        self.database
            .write(move |transaction| {
                transaction
                    .execute(
                        "update run set state = ?2, ended_ms = ?3, written_back = ?4, content_key = ?5,
                         message_id = ?6 where run_id = ?1",
                        rusqlite::params![
                            run_id,
                            state,
                            now_ms(),
                            end.written_back,
                            end.content_key,
                            end.message_id
                        ],
                    )
                    .map_err(refused)?;
                Ok(())
            })
            .await
    }

    /// How many runs of the bill there were, and whether one of them wrote it back to the end.
    pub(in crate::invoices) async fn earlier_runs(
        &self,
        tenant: &Tenant,
        subject: &str,
        except: &str,
    ) -> Result<(u64, bool), RunError> {
        let (tenant, subject, except) = (key(tenant), subject.to_owned(), except.to_owned());
        self.database
            .read(move |connection| {
                connection
                    .query_row(
                        "select count(*), coalesce(max(written_back), 0) from run
                         where tenant = ?1 and subject = ?2 and run_id <> ?3",
                        [tenant, subject, except],
                        |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)),
                    )
                    .map_err(refused)
            })
            .await
    }

    /// Did an earlier run leave a note about this very answer on the bill?
    pub(in crate::invoices) async fn has_note(
        &self,
        tenant: &Tenant,
        subject: &str,
        content_key: &str,
    ) -> Result<bool, RunError> {
        let row = [key(tenant), subject.to_owned(), content_key.to_owned()];
        self.database
            .read(move |connection| {
                connection
                    .query_row(
                        "select exists (select 1 from run where tenant = ?1 and subject = ?2
                         and content_key = ?3 and message_id is not null)",
                        row,
                        |row| row.get(0),
                    )
                    .map_err(refused)
            })
            .await
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, RunError> {
    serde_json::to_string(value).map_err(|error| RunError::Store { why: error.to_string() })
}
