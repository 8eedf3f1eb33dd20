//! Corrections by hand: a journal beside the calls, with who and why.

use rusqlite::OptionalExtension as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CallId, Tenant, UsageError, UsageLedger,
    ledger::now,
    sql::{known_tenant, shown},
};

/// Longest name and longest reason.
const TEXT_CHARS_MAX: usize = 1_000;
/// Most calls of one correction.
const CALLS_MAX: usize = 10_000;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Correction {
    pub call_id: CallId,
    pub corrected_at: String,
    pub billed: bool,
    pub who: String,
    pub why: String,
}

/// What a correction did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Corrected {
    /// Calls that were not so before.
    pub changed: usize,
    /// Calls that this tenant does not have.
    pub unknown: Vec<CallId>,
}

impl UsageLedger {
    /// Says of calls that they are billed or not, whatever was said before. Calls that are so already
    /// get no line.
    pub async fn mark_billed(
        &self,
        tenant: &Tenant,
        calls: &[CallId],
        billed: bool,
        who: &str,
        why: &str,
    ) -> Result<Corrected, UsageError> {
        let (who, why) = (text("who", who)?, text("why", why)?);
        if who.is_empty() {
            return Err(UsageError::Arguments { message: "a correction needs a name in `who`".to_owned() });
        }
        if calls.len() > CALLS_MAX {
            return Err(UsageError::Arguments { message: format!("more than {CALLS_MAX} calls at once") });
        }
        if calls.is_empty() {
            return Ok(Corrected { changed: 0, unknown: Vec::new() });
        }
        let (own, calls, reason) = (tenant.clone(), calls.to_vec(), why.clone());
        let corrected: Corrected = self
            .database
            .write(move |transaction| {
                let Some(tenant) = known_tenant(transaction, &own)? else {
                    return Ok::<_, UsageError>(Corrected { changed: 0, unknown: calls });
                };
                let mut corrected = Corrected { changed: 0, unknown: Vec::new() };
                for call in calls {
                    let is: Option<bool> = transaction
                        .prepare("select billed from ai_call_told where call_id = ?1 and tenant_id = ?2")?
                        .query_row((&call.0, tenant), |row| row.get(0))
                        .optional()?;
                    match is {
                        None => corrected.unknown.push(call),
                        Some(is) if is == billed => {}
                        Some(_) => {
                            transaction
                                .prepare(
                                    "insert into ai_correction
                                         (tenant_id, call_id, corrected_ms, billed, who, why)
                                     values (?1, ?2, ?3, ?4, ?5, ?6)",
                                )?
                                .execute((tenant, &call.0, now().as_millisecond(), billed, &who, &why))?;
                            corrected.changed += 1;
                        }
                    }
                }
                Ok(corrected)
            })
            .await?;
        let (tenant, changed) = (&tenant.code, corrected.changed);
        if reason.is_empty() {
            tracing::info!(tenant, changed, billed, "billing corrected by hand");
        } else {
            tracing::warn!(tenant, changed, billed, reason, "billing corrected by hand");
        }
        Ok(corrected)
    }

    /// The journal of a call, the earliest line first.
    pub async fn corrections(&self, tenant: &Tenant, call: &CallId) -> Result<Vec<Correction>, UsageError> {
        let (tenant, call) = (tenant.clone(), call.clone());
        self.read(move |connection| {
            let Some(tenant) = known_tenant(connection, &tenant)? else { return Ok(Vec::new()) };
            let lines = connection
                .prepare(
                    "select call_id, corrected_ms, billed, who, why from ai_correction
                     where tenant_id = ?1 and call_id = ?2 order by id",
                )?
                .query_map((tenant, &call.0), |row| {
                    Ok(Correction {
                        call_id: CallId(row.get(0)?),
                        corrected_at: shown(row.get(1)?),
                        billed: row.get(2)?,
                        who: row.get(3)?,
                        why: row.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(lines)
        })
        .await
    }
}

fn text(name: &str, text: &str) -> Result<String, UsageError> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(UsageError::Arguments {
            message: format!("`{name}` is one line of up to {TEXT_CHARS_MAX} characters"),
        });
    }
    Ok(text.to_owned())
}
