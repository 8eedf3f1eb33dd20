//! Money is set aside before it is spent, in one transaction with the look at the budget.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    CallId, Millicents, Reservation, Reserve, UsageError, UsageLedger,
    budget::spent,
    keeper::{Keeper, random_name},
    ledger::now,
    period::Span,
    settle::forget_details,
    sql::{record_id, tenant_id},
};
use crate::metrics;

const MILLICENTS_IN_CENT: i64 = 1_000;

/// A call that was not settled after this time will not be: the longest wait for an answer is an hour.
pub(super) const STALE_MS: i64 = 2 * 3_600_000;

impl UsageLedger {
    /// Sets the estimate aside, if this month's budget has room for it.
    ///
    /// # Errors
    ///
    /// [`UsageError::OverBudget`] with the figures; [`UsageError::PriceUnknown`] where there is a cap
    /// and no price; [`UsageError::Ledger`] where the ledger cannot be written: then nothing may be
    /// spent.
    pub async fn reserve(&self, wanted: Reserve) -> Result<Reservation, UsageError> {
        self.reserve_at(wanted, now()).await
    }

    /// The same at an instant of the caller's choice, which is that of the call.
    pub async fn reserve_at(&self, wanted: Reserve, at: Timestamp) -> Result<Reservation, UsageError> {
        let month = Span::month_of(at, &self.settings.time_zone);
        let keeper = self.keeper.clone();
        let meter = metrics::current();
        self.database
            .write(move |transaction| {
                let holder = keeper.name()?;
                sweep(transaction, &keeper, at)?;
                let tenant = tenant_id(transaction, &wanted.tenant)?;
                let left = check_budget(transaction, tenant, &wanted, month)?;
                if let (Some(meter), Some(left)) = (&meter, left) {
                    meter.registry().set_budget_left(&wanted.tenant.code, left.0 / MILLICENTS_IN_CENT);
                }
                let call_id = CallId(random_name()?);
                insert(transaction, &call_id, tenant, &holder, &wanted, at)?;
                Ok(Reservation { call_id, tenant: wanted.tenant, content_key: wanted.content_key })
            })
            .await
    }

    /// Gives the money back: nothing was sent.
    pub async fn release(&self, reservation: Reservation) -> Result<(), UsageError> {
        self.database
            .write(move |transaction| {
                let CallId(call_id) = reservation.call_id;
                let gone =
                    transaction.execute("delete from ai_reservation where call_id = ?1", [&call_id])?;
                // One that was given up meanwhile has a row, which stays and costs nothing.
                let lost = "update ai_call set state = 'skipped', cost_eur_mc = 0, cost_usd_mc = 0
                     where call_id = ?1 and state = 'lost'";
                if gone == 1 || transaction.execute(lost, [&call_id])? == 1 {
                    Ok(())
                } else {
                    Err(UsageError::AlreadySettled { call_id })
                }
            })
            .await
    }

    /// Makes calls of reservations that nobody will settle any more, and answers with their number.
    /// What was kept long enough is removed, on servers too that ask no model any more.
    pub async fn sweep(&self) -> Result<usize, UsageError> {
        self.sweep_at(now()).await
    }

    /// The same as of an instant of the caller's choice.
    pub async fn sweep_at(&self, at: Timestamp) -> Result<usize, UsageError> {
        let keeper = self.keeper.clone();
        let kept_since = self.kept_since(at);
        self.database
            .write(move |transaction| {
                forget_details(transaction, kept_since)?;
                sweep(transaction, &keeper, at)
            })
            .await
    }
}

/// What is left of the cap afterwards.
fn check_budget(
    connection: &Connection,
    tenant: i64,
    wanted: &Reserve,
    month: Span,
) -> Result<Option<Millicents>, UsageError> {
    let Some(cap) = wanted.cap else { return Ok(None) };
    let Some(estimate) = &wanted.estimate else {
        return Err(UsageError::PriceUnknown { model: wanted.model.clone() });
    };
    let spent = spent(connection, tenant, record_id(wanted.company_id), month)?;
    let would_be = spent.settled.plus(spent.open).plus(estimate.eur);
    if would_be <= cap {
        return Ok(Some(cap.minus(would_be)));
    }
    Err(UsageError::OverBudget { settled: spent.settled, open: spent.open, estimate: estimate.eur, cap })
}

fn insert(
    connection: &Connection,
    CallId(call_id): &CallId,
    tenant: i64,
    holder: &str,
    wanted: &Reserve,
    at: Timestamp,
) -> Result<(), UsageError> {
    let estimate = wanted.estimate.as_ref();
    connection.execute(
        "insert into ai_reservation (call_id, tenant_id, reserved_ms, holder, company_id, move_id,
             attachment_id, source, source_message_id, run_id, content_key, model, prompt_version, pages,
             cost_known, estimate_eur_mc, estimate_usd_mc, price_version)
         values (:call_id, :tenant, :at, :holder, :company, :move, :attachment, :source, :message, :run,
             :content, :model, :prompt, :pages, :known, :eur, :usd, :price)",
        named_params! {
            ":call_id": call_id,
            ":tenant": tenant,
            ":at": at.as_millisecond(),
            ":holder": holder,
            ":company": record_id(wanted.company_id),
            ":move": record_id(wanted.move_id),
            ":attachment": record_id(wanted.attachment_id),
            ":source": wanted.source.name(),
            ":message": wanted.source_message_id,
            ":run": wanted.run_id,
            ":content": wanted.content_key,
            ":model": wanted.model,
            ":prompt": wanted.prompt_version,
            ":pages": wanted.pages,
            ":known": estimate.is_some(),
            ":eur": estimate.map_or(0, |cost| cost.eur.max(Millicents::ZERO).0),
            ":usd": estimate.map_or(0, |cost| cost.usd.max(Millicents::ZERO).0),
            ":price": estimate.map(|cost| cost.price_version.as_str()),
        },
    )?;
    Ok(())
}

/// Reservations whose process is gone, or that are too old, become lost calls at their estimate.
pub(super) fn sweep(connection: &Connection, keeper: &Keeper, at: Timestamp) -> Result<usize, UsageError> {
    let holders: Vec<String> = connection
        .prepare("select distinct holder from ai_reservation")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if holders.is_empty() {
        return Ok(0);
    }
    let gone: Vec<String> = holders.into_iter().filter(|holder| keeper.is_gone(holder)).collect();
    let gone = serde_json::json!(gone).to_string();
    let stale_before = at.as_millisecond().saturating_sub(STALE_MS);
    const ORPHANED: &str = "holder in (select value from json_each(?1)) or reserved_ms < ?2";
    let lost = connection.execute(
        &format!(
            "insert into ai_call (call_id, tenant_id, created_ms, company_id, move_id, attachment_id, source,
                 source_message_id, run_id, content_key, model, prompt_version, pages, state, cost_known,
                 cost_eur_mc, cost_usd_mc, price_version)
             select call_id, tenant_id, reserved_ms, company_id, move_id, attachment_id, source,
                 source_message_id, run_id, content_key, model, prompt_version, pages, 'lost', cost_known,
                 estimate_eur_mc, estimate_usd_mc, price_version
             from ai_reservation where {ORPHANED}"
        ),
        (&gone, stale_before),
    )?;
    connection.execute(&format!("delete from ai_reservation where {ORPHANED}"), (&gone, stale_before))?;
    if lost > 0 {
        tracing::warn!(lost, "calls of language models whose end nobody saw; they count at their estimates");
    }
    Ok(lost)
}
