//! This month's spending against what a company may spend.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Millicents, Tenant, UsageError, UsageLedger,
    period::Span,
    sql::{known_tenant, record_id, shown},
};
use crate::facts::Decimal;

/// A forecast from less than this would be a guess.
const FORECAST_MS_MIN: i64 = 86_400_000;

/// What a company may spend in a month, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// `None` means no limit.
    pub amount: Option<Millicents>,
    pub source: LimitSource,
}

/// How a limit is known: the company has a value (0 and less mean no limit), it has no such field, or
/// the value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    Company,
    MissingField,
    Unreadable,
}

impl Cap {
    pub const MISSING_FIELD: Self = Self { amount: None, source: LimitSource::MissingField };
    pub const UNREADABLE: Self = Self { amount: None, source: LimitSource::Unreadable };

    /// The value of `ai_monthly_budget_eur` as Odoo gives it.
    pub fn of_value(value: Option<&Value>) -> Self {
        let amount = match value {
            None => return Self::MISSING_FIELD,
            Some(Value::Number(number)) => Decimal::of_json(number).ok().and_then(Millicents::of_units),
            // Odoo says so of a field that is not set.
            Some(Value::Bool(false)) => Some(Millicents::ZERO),
            Some(_) => None,
        };
        match amount {
            Some(amount) => Self {
                amount: Some(amount).filter(|it| *it > Millicents::ZERO),
                source: LimitSource::Company,
            },
            None => Self::UNREADABLE,
        }
    }
}

/// What was spent in one month, and what is being spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSpend {
    pub span: Span,
    /// Calls that ended, lost ones at their estimates.
    pub settled: Millicents,
    /// Estimates of calls that are being made.
    pub open: Millicents,
    pub calls: u64,
    pub open_reservations: u64,
    /// Calls whose price is not known: they are missing in the sums.
    pub calls_without_price: u64,
}

/// The figures of `ai_usage_budget_status`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BudgetStatus {
    /// First instant of the month, UTC.
    pub month_from: String,
    /// Whether there is a limit.
    pub enforced: bool,
    pub limit_source: LimitSource,
    /// Spent this month, in thousandths of a cent.
    pub spent_eur_mc: Millicents,
    pub spent_eur: f64,
    pub limit_eur_mc: Option<Millicents>,
    pub limit_eur: Option<f64>,
    /// Limit without what is spent and reserved; `null` without a limit.
    pub remaining_eur_mc: Option<Millicents>,
    pub remaining_eur: Option<f64>,
    pub percent_used: Option<f64>,
    pub exceeded: bool,
    /// Calls that are being made, or whose end nobody has seen yet.
    pub open_reservations: u64,
    pub open_eur_mc: Millicents,
    /// What the month will have cost if it goes on like this; `null` on its first day.
    pub forecast_eur_mc: Option<Millicents>,
    pub forecast_eur: Option<f64>,
    pub calls: u64,
    /// Calls whose price is not known: they are missing in the sums.
    pub calls_without_price: u64,
}

impl UsageLedger {
    /// What this tenant spent in the month of that instant: for one company, or altogether.
    pub async fn month(
        &self,
        tenant: &Tenant,
        company_id: Option<i64>,
        at: Timestamp,
    ) -> Result<MonthSpend, UsageError> {
        let (tenant, span) = (tenant.clone(), Span::month_of(at, &self.settings.time_zone));
        self.read(move |connection| match known_tenant(connection, &tenant)? {
            Some(tenant) => spent(connection, tenant, record_id(company_id), span),
            None => Ok(MonthSpend::nothing(span)),
        })
        .await
    }
}

impl MonthSpend {
    fn nothing(span: Span) -> Self {
        Self {
            span,
            settled: Millicents::ZERO,
            open: Millicents::ZERO,
            calls: 0,
            open_reservations: 0,
            calls_without_price: 0,
        }
    }

    /// The month goes on as it did until now.
    pub fn forecast(&self, at: Timestamp) -> Option<Millicents> {
        let passed = at.as_millisecond().saturating_sub(self.span.from_ms);
        let whole = self.span.until_ms.saturating_sub(self.span.from_ms);
        if passed < FORECAST_MS_MIN || passed > whole {
            return None;
        }
        let forecast = i128::from(self.settled.0) * i128::from(whole) / i128::from(passed);
        Some(Millicents(i64::try_from(forecast).unwrap_or(i64::MAX)))
    }

    /// The same against a limit.
    pub fn against(&self, cap: Cap, at: Timestamp) -> BudgetStatus {
        let used = self.settled.plus(self.open);
        let remaining = cap.amount.map(|amount| amount.minus(used).max(Millicents::ZERO));
        let percent = cap.amount.map(|amount| {
            let hundredths = i128::from(used.0) * 10_000 / i128::from(amount.0.max(1));
            i64::try_from(hundredths).unwrap_or(i64::MAX) as f64 / 100.0
        });
        let forecast = self.forecast(at);
        BudgetStatus {
            month_from: shown(self.span.from_ms),
            enforced: cap.amount.is_some(),
            limit_source: cap.source,
            spent_eur_mc: self.settled,
            spent_eur: self.settled.units_as_number(4),
            limit_eur_mc: cap.amount,
            limit_eur: cap.amount.map(|amount| amount.units_as_number(2)),
            remaining_eur_mc: remaining,
            remaining_eur: remaining.map(|amount| amount.units_as_number(4)),
            percent_used: percent,
            exceeded: cap.amount.is_some_and(|amount| used >= amount),
            open_reservations: self.open_reservations,
            open_eur_mc: self.open,
            forecast_eur_mc: forecast,
            forecast_eur: forecast.map(|amount| amount.units_as_number(4)),
            calls: self.calls,
            calls_without_price: self.calls_without_price,
        }
    }
}

/// What was spent and what is set aside, with one view of the data.
pub(super) fn spent(
    connection: &Connection,
    tenant: i64,
    company: Option<i64>,
    span: Span,
) -> Result<MonthSpend, UsageError> {
    let arguments = named_params! {
        ":tenant": tenant, ":company": company, ":from": span.from_ms, ":until": span.until_ms,
    };
    let mut spend = connection
        .prepare(
            "select coalesce(sum(cost_eur_mc), 0), count(*), coalesce(sum(cost_known = 0), 0)
             from ai_call
             where tenant_id = :tenant and created_ms >= :from and created_ms < :until
                 and (:company is null or company_id = :company)",
        )?
        .query_row(arguments, |row| {
            Ok(MonthSpend {
                settled: Millicents(row.get(0)?),
                calls: row.get::<_, i64>(1)?.unsigned_abs(),
                calls_without_price: row.get::<_, i64>(2)?.unsigned_abs(),
                ..MonthSpend::nothing(span)
            })
        })?;
    (spend.open, spend.open_reservations) = connection
        .prepare(
            "select coalesce(sum(estimate_eur_mc), 0), count(*) from ai_reservation
             where tenant_id = :tenant and reserved_ms >= :from and reserved_ms < :until
                 and (:company is null or company_id = :company)",
        )?
        .query_row(arguments, |row| Ok((Millicents(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(spend)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cap_is_a_number_above_zero() {
        use LimitSource::{Company, MissingField, Unreadable};
        for (value, amount, source) in [
            (Some(json!(35.0)), Some(3_500_000), Company),
            (Some(json!(35)), Some(3_500_000), Company),
            (Some(json!(0.1)), Some(10_000), Company),
            (Some(json!(0)), None, Company),
            (Some(json!(false)), None, Company),
            (Some(json!(-5.0)), None, Company),
            (Some(json!("35")), None, Unreadable),
            (Some(json!(true)), None, Unreadable),
            (Some(json!(null)), None, Unreadable),
            (Some(json!(1e300)), None, Unreadable),
            (None, None, MissingField),
        ] {
            let cap = Cap::of_value(value.as_ref());
            assert_eq!((cap.amount, cap.source), (amount.map(Millicents), source), "{value:?}");
        }
    }

    #[test]
    fn the_figures_of_a_month() {
        let at: Timestamp = "2026-11-16T00:00:00Z".parse().unwrap();
        let spend = MonthSpend {
            settled: Millicents(1_200),
            open: Millicents(300),
            ..MonthSpend::nothing(Span::month_of(at, &TimeZone::UTC))
        };
        let status = spend.against(Cap::of_value(Some(&json!(35.0))), at);
        assert_eq!(status.remaining_eur_mc, Some(Millicents(3_498_500)));
        assert_eq!((status.spent_eur, status.limit_eur), (0.012, Some(35.0)));
        assert_eq!((status.percent_used, status.exceeded), (Some(0.04), false));
        assert_eq!(status.forecast_eur_mc, Some(Millicents(2_400)));

        let free = spend.against(Cap::MISSING_FIELD, at);
        assert_eq!((free.enforced, free.exceeded, free.remaining_eur), (false, false, None));
        let over = spend.against(Cap { amount: Some(Millicents(1_000)), source: LimitSource::Company }, at);
        assert_eq!((over.exceeded, over.remaining_eur_mc), (true, Some(Millicents::ZERO)));
        assert_eq!(over.percent_used, Some(150.0));
        assert_eq!(spend.forecast("2026-11-01T10:00:00Z".parse().unwrap()), None);
    }
}
