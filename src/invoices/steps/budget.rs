//! The budget of the bill's own company, before anything is spent.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        bill::{self, COMPANY, COMPANY_FIELDS, COMPANY_OPTIONAL},
        context::{BudgetFacts, Company, source_word},
        error::StepError,
        record::NextStep,
        runner::Run,
        step::{Outcome, StepResult},
    },
    review,
};
use crate::{
    config::UnreadableCap,
    facts::ModelName,
    odoo::{Context, Domain, PageQuery},
    usage::{Cap, LimitSource, Millicents, MonthSpend},
};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let (company, cap) = company_and_cap(run).await?;
    let company_id = company.as_ref().map(|company| company.id);
    run.context.company = company;
    let journal = &run.engine.parts().journal;
    if let Some(id) = company_id {
        match cap.source {
            LimitSource::Company => {
                journal.cap_seen(&run.tenant, id, cap.amount.map_or(0, |amount| amount.0)).await?;
            }
            LimitSource::Unreadable if stops_unreadable(run, id).await? => {
                return Err(StepError::new("budget_unreadable", "the company's budget cannot be read")
                    .with_hint("let the connection's user read `ai_monthly_budget_eur` of the company"));
            }
            LimitSource::Unreadable | LimitSource::MissingField => {}
        }
    }
    let spend = run.engine.parts().usage.month(&run.tenant, company_id, Timestamp::now()).await?;
    let used = spend.settled.plus(spend.open);
    let is_overridden = run.context.request.override_budget && cap.amount.is_some();
    let facts = BudgetFacts {
        limit_source: if is_overridden {
            "overridden".to_owned()
        } else {
            source_word(cap.source).to_owned()
        },
        limit: cap.amount.filter(|_| !is_overridden),
        spent: spend.settled,
        reserved: spend.open,
        remaining: cap.amount.map(|limit| limit.minus(used).max(Millicents::ZERO)),
    };
    let output = serde_json::to_value(&facts).unwrap_or_default();
    let over = facts.limit.filter(|limit| used >= *limit);
    run.context.budget = Some(facts);
    match over {
        Some(limit) => stop(run, &spend, limit, output).await,
        None => Ok(Outcome::Done(output)),
    }
}

/// The run ends here, and people see why on the bill.
pub(super) async fn stop(
    run: &mut Run<'_, '_>,
    spend: &MonthSpend,
    limit: Millicents,
    output: Value,
) -> StepResult {
    let said = format!(
        "The AI budget of this month is used up: {} EUR of {} EUR are spent or reserved. The document was not \
         read.",
        spend.settled.plus(spend.open),
        limit
    );
    let month = Timestamp::now().strftime("%Y-%m").to_string();
    let told = review::flag(run, "budget_exceeded", &said, &format!("AI budget {month}")).await;
    let mut output = output;
    if let (Err(error), Value::Object(members)) = (&told, &mut output) {
        // The guard has done its work; that nobody could be told is worth knowing.
        members.insert("not_told".to_owned(), json!(error.message));
    }
    Ok(Outcome::Abort { reason: "budget_exceeded".to_owned(), next: NextStep::AwaitingReview, output })
}

async fn stops_unreadable(run: &Run<'_, '_>, company: i64) -> Result<bool, StepError> {
    Ok(match run.engine.settings().unreadable_cap {
        UnreadableCap::GoOn => false,
        UnreadableCap::Stop => true,
        UnreadableCap::StopIfSeen => run.engine.parts().journal.had_cap(&run.tenant, company).await?,
    })
}

async fn company_and_cap(run: &Run<'_, '_>) -> Result<(Option<Company>, Cap), StepError> {
    let of_bill = run.context.bill.as_ref().and_then(|bill| bill.company_id);
    let known = of_bill.or_else(|| run.context.company.as_ref().map(|company| company.id));
    let Some(id) = (match known {
        Some(id) => Some(id),
        None => first_company(run).await?,
    }) else {
        return Ok((None, Cap::MISSING_FIELD));
    };
    let has_field = bill::has_budget_field(run.odoo).await?;
    let without = if has_field { Cap::UNREADABLE } else { Cap::MISSING_FIELD };
    let nameless = Company { id, ..Company::default() };
    match bill::read_company(run.odoo, id).await {
        Ok(Some((company, Some(value)))) => Ok((Some(company), Cap::of_value(Some(&value)))),
        Ok(Some((company, None))) => Ok((Some(company), without)),
        Ok(None) => Ok((Some(nameless), without)),
        // What ended the call ends the run; what the server refused leaves the budget unread.
        Err(error) if error.fatal || error.code == "not_permitted" => Err(error),
        Err(_) => Ok((Some(nameless), Cap::UNREADABLE)),
    }
}

/// A file without a bill counts to the budget of the first company.
async fn first_company(run: &Run<'_, '_>) -> Result<Option<i64>, StepError> {
    let model = ModelName::known(COMPANY);
    let query = PageQuery {
        domain: Domain::default(),
        fields: bill::present(run.odoo, &model, COMPANY_FIELDS, COMPANY_OPTIONAL).await?,
        model,
        limit: 1,
        offset: 0,
        order: Some("id asc".to_owned()),
        context: Context::default(),
    };
    let rows = run.odoo.search_rows(&query).await?;
    Ok(rows.first().and_then(|row| row.get("id")?.as_i64()))
}
