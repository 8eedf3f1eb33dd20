//! What the customer is billed for: each bill once, however many calls it took.

use rusqlite::OptionalExtension as _;

use super::{
    CallId, Tenant, UsageError, UsageLedger,
    ledger::now,
    sql::{known_tenant, record_id},
};

/// Whether this call was the one that is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billed {
    New,
    /// The bill, or the file where there is no bill, was billed before.
    Already,
}

impl UsageLedger {
    /// Bills a document: once per bill, and once per file where there is no bill.
    ///
    /// # Errors
    ///
    /// Only a call of this tenant that succeeded can be billed.
    pub async fn bill_document(
        &self,
        tenant: &Tenant,
        move_id: Option<i64>,
        content_key: Option<&str>,
        call_id: &CallId,
    ) -> Result<Billed, UsageError> {
        let (tenant, CallId(call_id)) = (tenant.clone(), call_id.clone());
        let (move_id, content_key) = (record_id(move_id), content_key.map(str::to_owned));
        self.database
            .write(move |transaction| {
                let refused = |message: String| UsageError::Arguments { message };
                let no_call = || refused(format!("`{call_id}` is no call of this tenant"));
                let tenant = known_tenant(transaction, &tenant)?.ok_or_else(no_call)?;
                let state: Option<String> = transaction
                    .query_row(
                        "select state from ai_call where call_id = ?1 and tenant_id = ?2",
                        (&call_id, tenant),
                        |row| row.get(0),
                    )
                    .optional()?;
                if state.ok_or_else(no_call)? != "success" {
                    return Err(refused(format!(
                        "the call `{call_id}` did not succeed, so it is not billed"
                    )));
                }
                if move_id.is_none() && content_key.is_none() {
                    return Err(refused("a document needs a bill or a content key".to_owned()));
                }
                let new = transaction.execute(
                    "insert into ai_document (tenant_id, move_id, content_key, call_id, billed_ms)
                     values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                    (tenant, move_id, content_key, &call_id, now().as_millisecond()),
                )?;
                Ok(if new == 1 { Billed::New } else { Billed::Already })
            })
            .await
    }
}
