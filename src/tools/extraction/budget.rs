//! Whose budget a document counts against, as the companies of the connection say.

use serde_json::{Value, json};

use crate::{
    config::{InvoiceSettings, UnreadableCap},
    facts::{ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    identifiers::vat,
    odoo::{Context, Domain, PageQuery, PermittedOdoo},
    tools::ToolError,
    usage::{Cap, LimitSource, Millicents},
};

const COMPANIES: &str = "res.company";
/// What may be spent in a month; the field comes with an optional module.
const BUDGET_FIELD: &str = "ai_monthly_budget_eur";
/// Companies of one database that are looked at.
const COMPANIES_MAX: u32 = 200;

/// A company whose budget it is.
#[derive(Debug, Default)]
pub(super) struct Payer {
    /// `None` counts against the tenant as a whole.
    pub(super) company_id: Option<i64>,
    pub(super) cap: Option<Millicents>,
    /// The company's own VAT number.
    pub(super) vat: Option<String>,
}

/// The reads that finding it takes.
pub(super) fn effect(connection: &ConnectionAlias, company_id: Option<i64>) -> Effect {
    let domain = domain(company_id).unwrap_or_default();
    let method = MethodName::known("search_read");
    let read = RecordEffect::new(connection, &ModelName::known(COMPANIES), Operation::Read, method)
        .reading(&fields())
        .optionally(&names(&[BUDGET_FIELD]))
        .filtering(domain.paths())
        .within(domain.as_slice().into())
        .bounded(u64::from(COMPANIES_MAX));
    Effect::Records(read)
}

/// The company of that id; else the one with that VAT number; else the only one there is. Where none
/// has a limit, nobody has to be named.
pub(super) async fn payer(
    odoo: &PermittedOdoo<'_>,
    company_id: Option<i64>,
    buyer_vat: Option<&str>,
    settings: &InvoiceSettings,
) -> Result<Payer, ToolError> {
    let model = ModelName::known(COMPANIES);
    let schema = odoo.schema(&model).await?;
    let mut fields = fields();
    fields.retain(|field| schema.field(field.as_str()).is_some());
    let companies = odoo
        .search_rows(&PageQuery {
            model,
            domain: domain(company_id)?,
            fields,
            limit: COMPANIES_MAX,
            offset: 0,
            order: Some("id".to_owned()),
            context: Context::default(),
        })
        .await?;
    let of_vat = |company: &&JsonObject| match (buyer_vat, vat_of(company)) {
        (Some(wanted), Some(own)) => same_vat(wanted, &own),
        _ => false,
    };
    let chosen = match (company_id, companies.as_slice()) {
        (Some(id), []) => {
            return Err(ToolError::not_found(
                format!("there is no company {id}, or it cannot be seen"),
                "name a company of this connection, or none",
            ));
        }
        (_, [only]) => Some(only),
        _ => companies.iter().find(of_vat),
    };
    match chosen {
        Some(company) => Ok(Payer {
            company_id: company.get("id").and_then(Value::as_i64),
            cap: cap_of(company, settings)?,
            vat: vat_of(company),
        }),
        None => {
            let is_limited = |company: &JsonObject| {
                let cap = Cap::of_value(company.get(BUDGET_FIELD));
                cap.amount.is_some() || cap.source == LimitSource::Unreadable
            };
            if companies.iter().any(is_limited) {
                return Err(ToolError::Stopped {
                    code: "company_needed",
                    message: "several companies have budgets, and none was named".to_owned(),
                    hint: Some("name the company in `company_id`, or its number in `company_vat`".to_owned()),
                });
            }
            Ok(Payer::default())
        }
    }
}

fn cap_of(company: &JsonObject, settings: &InvoiceSettings) -> Result<Option<Millicents>, ToolError> {
    let cap = Cap::of_value(company.get(BUDGET_FIELD));
    // What is there and cannot be read is a limit that nobody knows.
    if cap.source == LimitSource::Unreadable && settings.unreadable_cap != UnreadableCap::GoOn {
        return Err(ToolError::Stopped {
            code: "budget_unreadable",
            message: "the company's monthly budget cannot be read, so nothing is spent".to_owned(),
            hint: Some(format!("look at `{BUDGET_FIELD}` of the company")),
        });
    }
    Ok(cap.amount)
}

fn vat_of(company: &JsonObject) -> Option<String> {
    company.get("vat").and_then(Value::as_str).filter(|vat| !vat.is_empty()).map(str::to_owned)
}

/// Whether two texts are one number, however they are written.
pub(super) fn same_vat(one: &str, other: &str) -> bool {
    let today = super::reading::today();
    let (one, other) = (vat(one, today), vat(other, today));
    !one.normalized.is_empty() && one.normalized == other.normalized
}

fn domain(company_id: Option<i64>) -> Result<Domain, crate::odoo::OdooError> {
    let conditions: Vec<Value> = company_id.map(|id| json!(["id", "=", id])).into_iter().collect();
    Domain::parse(Value::Array(conditions))
}

fn fields() -> Vec<FieldName> {
    names(&["vat", BUDGET_FIELD])
}

fn names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}
