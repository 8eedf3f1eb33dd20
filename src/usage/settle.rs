//! A reservation becomes a call: the row, the answer and the end of the reservation, together.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{
    CallEnd, CallId, CallState, Reservation, UsageError, UsageLedger,
    ledger::now,
    sql::{known_tenant, whole},
};
use crate::usage::Millicents;

/// Longest text of an error that is kept.
const ERROR_CHARS_MAX: usize = 1_000;

impl UsageLedger {
    /// Notes how the call ended, and keeps its answer.
    ///
    /// # Errors
    ///
    /// [`UsageError::AlreadySettled`], and [`UsageError::Ledger`] where the ledger cannot be written:
    /// then the reservation stays and becomes a lost call, so that its cost is not forgotten.
    pub async fn settle(&self, reservation: Reservation, end: CallEnd) -> Result<CallId, UsageError> {
        self.settle_attempts(reservation, Vec::new(), end).await
    }

    /// The same for a call that took several requests: each has its row, and the last one the id of
    /// the reservation.
    pub async fn settle_attempts(
        &self,
        reservation: Reservation,
        earlier: Vec<CallEnd>,
        last: CallEnd,
    ) -> Result<CallId, UsageError> {
        let kept_since = self.kept_since(now());
        self.database
            .write(move |transaction| {
                let Reservation { call_id, tenant, content_key } = reservation;
                let tenant = known_tenant(transaction, &tenant)?
                    .ok_or_else(|| UsageError::AlreadySettled { call_id: call_id.0.clone() })?;
                reopen_if_lost(transaction, &call_id)?;
                for (at, end) in earlier.iter().enumerate() {
                    let id = format!("{}.{}", call_id.0, at + 1);
                    insert(transaction, &id, &call_id, end)?;
                }
                insert(transaction, &call_id.0, &call_id, &last)?;
                transaction.execute("delete from ai_reservation where call_id = ?1", [&call_id.0])?;
                if let (Some(key), Some(answer), CallState::Success) = (content_key, &last.answer, last.state)
                {
                    keep_answer(transaction, tenant, &key, &call_id, &answer.to_string())?;
                }
                forget_details(transaction, kept_since)?;
                Ok(call_id)
            })
            .await
    }
}

/// A call that was given up and turns up after all gets its own end instead of the estimate.
fn reopen_if_lost(connection: &Connection, CallId(call_id): &CallId) -> Result<(), UsageError> {
    let open: bool = connection.query_row(
        "select exists (select 1 from ai_reservation where call_id = ?1)",
        [call_id],
        |row| row.get(0),
    )?;
    if open {
        return Ok(());
    }
    let state: Option<String> = connection
        .query_row("select state from ai_call where call_id = ?1", [call_id], |row| row.get(0))
        .optional()?;
    if state.as_deref() == Some("lost") {
        Ok(())
    } else {
        Err(UsageError::AlreadySettled { call_id: call_id.clone() })
    }
}

/// What the reservation says of the call, and how it ended. A lost row of the same id gives way.
fn insert(
    connection: &Connection,
    id: &str,
    CallId(reserved_as): &CallId,
    end: &CallEnd,
) -> Result<(), UsageError> {
    let cost = end.cost.as_ref();
    let error: Option<String> =
        end.error_message.as_ref().map(|text| text.chars().take(ERROR_CHARS_MAX).collect());
    connection.execute(
        "insert into ai_call (call_id, tenant_id, created_ms, company_id, move_id, attachment_id, source,
             source_message_id, run_id, content_key, model, prompt_version, pages, state, input_tokens,
             output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cost_known,
             cost_eur_mc, cost_usd_mc, price_version, duration_ms, error_message, extra)
         select :id, tenant_id, made_ms, company_id, move_id, attachment_id, source, source_message_id,
             run_id, content_key, model, prompt_version, pages, :state, :input, :output, :cache_read,
             :cache_5m, :cache_1h, :known, :eur, :usd, :price, :duration, :error, :extra
         from (
             select call_id, tenant_id, reserved_ms as made_ms, company_id, move_id, attachment_id, source,
                 source_message_id, run_id, content_key, model, prompt_version, pages
             from ai_reservation
             union all
             select call_id, tenant_id, created_ms, company_id, move_id, attachment_id, source,
                 source_message_id, run_id, content_key, model, prompt_version, pages
             from ai_call where state = 'lost')
         where call_id = :reserved
         on conflict (call_id) do update set
             state = excluded.state, input_tokens = excluded.input_tokens,
             output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens,
             cache_write_5m_tokens = excluded.cache_write_5m_tokens,
             cache_write_1h_tokens = excluded.cache_write_1h_tokens, cost_known = excluded.cost_known,
             cost_eur_mc = excluded.cost_eur_mc, cost_usd_mc = excluded.cost_usd_mc,
             price_version = excluded.price_version, duration_ms = excluded.duration_ms,
             error_message = excluded.error_message, extra = excluded.extra",
        named_params! {
            ":id": id,
            ":reserved": reserved_as,
            ":state": end.state.name(),
            ":input": whole(end.tokens.input),
            ":output": whole(end.tokens.output),
            ":cache_read": whole(end.tokens.cache_read),
            ":cache_5m": whole(end.tokens.cache_write_5m),
            ":cache_1h": whole(end.tokens.cache_write_1h),
            ":known": cost.is_some(),
            ":eur": cost.map_or(0, |cost| cost.eur.max(Millicents::ZERO).0),
            ":usd": cost.map_or(0, |cost| cost.usd.max(Millicents::ZERO).0),
            ":price": cost.map(|cost| cost.price_version.as_str()),
            ":duration": whole(end.duration_ms),
            ":error": error,
            ":extra": end.extra.as_ref().map(ToString::to_string),
        },
    )?;
    Ok(())
}

fn keep_answer(
    connection: &Connection,
    tenant: i64,
    content_key: &str,
    CallId(call_id): &CallId,
    answer: &str,
) -> Result<(), UsageError> {
    connection.execute(
        "insert into ai_answer (tenant_id, content_key, call_id, kept_ms, answer) values (?1, ?2, ?3, ?4, ?5)
         on conflict (tenant_id, content_key) do update set
             call_id = excluded.call_id, kept_ms = excluded.kept_ms, answer = excluded.answer",
        (tenant, content_key, call_id, now().as_millisecond(), answer),
    )?;
    Ok(())
}

/// Answers and whatever else may hold names of people, once they are old. Costs stay.
pub(super) fn forget_details(connection: &Connection, before_ms: i64) -> Result<(), UsageError> {
    connection.execute("delete from ai_answer where kept_ms < ?1", [before_ms])?;
    connection.execute(
        "update ai_call set extra = null, error_message = null, source_message_id = null
         where created_ms < ?1
             and (extra is not null or error_message is not null or source_message_id is not null)",
        [before_ms],
    )?;
    Ok(())
}
