//! Answers that were paid for: the same file with the same question is not paid twice.

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use serde_json::Value;

use super::{CallRow, Tenant, UsageError, UsageLedger, ledger::now, sql};

/// An answer and the call that it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    pub answer: Value,
    pub kept_at: Timestamp,
    pub call: CallRow,
}

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

impl UsageLedger {
    /// What is older than this is not kept.
    pub(super) fn kept_since(&self, at: Timestamp) -> i64 {
        at.as_millisecond().saturating_sub(sql::whole(self.settings.answer_days) * DAY_MS)
    }

    /// The kept answer of that key, if this tenant paid for one and it is not too old.
    pub async fn answer_for(
        &self,
        tenant: &Tenant,
        content_key: &str,
    ) -> Result<Option<StoredAnswer>, UsageError> {
        let (tenant, content_key) = (tenant.clone(), content_key.to_owned());
        let kept_since = self.kept_since(now());
        self.read(move |connection| {
            let Some(tenant) = sql::known_tenant(connection, &tenant)? else { return Ok(None) };
            let found: Option<(String, i64, String)> = connection
                .query_row(
                    "select answer, kept_ms, call_id from ai_answer
                     where tenant_id = ?1 and content_key = ?2 and kept_ms >= ?3",
                    (tenant, &content_key, kept_since),
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            let Some((answer, kept_ms, call_id)) = found else { return Ok(None) };
            let call = connection.query_row(
                &format!("select {} from ai_call_told where call_id = ?1", sql::COLUMNS),
                [&call_id],
                sql::row,
            )?;
            let answer = serde_json::from_str(&answer)
                .map_err(|_| UsageError::Ledger { why: "a kept answer is damaged".to_owned() })?;
            let kept_at = Timestamp::from_millisecond(kept_ms).unwrap_or_default();
            Ok(Some(StoredAnswer { answer, kept_at, call }))
        })
        .await
    }
}
