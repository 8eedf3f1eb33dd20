//! This month's spending against what each company may spend.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shared::{any_or, ledger_of, looks_at};
use crate::{
    facts::{
        Caller, Class, ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation,
        RecordEffect, Risk,
    },
    odoo::{Context, Domain, OdooError, PageQuery, PermittedOdoo},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
    usage::{BudgetStatus, Cap, LimitSource},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<BudgetOf>()];

const COMPANY: &str = "res.company";
const BUDGET: &str = "ai_monthly_budget_eur";
/// Companies that are told; a group has fewer.
const COMPANIES_MAX: u32 = 200;

/// Arguments of `ai_usage_budget_status`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BudgetOf {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The connection's own tenant; may be left out. Another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// The company whose figures stand first; 0 for the one with the lowest id.
    #[serde(default)]
    #[schemars(range(min = 0))]
    company_id: i64,
}

/// Result of `ai_usage_budget_status`.
#[derive(Debug, Serialize, JsonSchema)]
struct Budgets {
    tenant_code: String,
    /// The company of the figures here; none where Odoo could not be asked: then they are those of all
    /// companies.
    company_id: Option<i64>,
    #[serde(flatten)]
    status: BudgetStatus,
    /// The same for every company that the connection's user sees.
    companies: Vec<CompanyBudget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One company.
#[derive(Debug, Serialize, JsonSchema)]
struct CompanyBudget {
    company_id: i64,
    company_name: String,
    #[serde(flatten)]
    status: BudgetStatus,
}

impl Tool for BudgetOf {
    const NAME: &'static str = "ai_usage_budget_status";
    const TITLE: &'static str = "Budget for language models";
    const DESCRIPTION: &'static str = "What the calls of language models cost this month, company by company, \
         against `ai_monthly_budget_eur` of the company: spent, reserved by running calls, remaining, and a \
         forecast. `limit_source` says how the limit is known. Without a reachable Odoo the figures come \
         without a limit.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Budgets;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let method = MethodName::known("search_read");
        let companies =
            RecordEffect::new(&self.connection, &ModelName::known(COMPANY), Operation::Read, method)
                .reading(&fields())
                .optionally(&FieldName::parse(BUDGET).into_iter().collect::<Vec<_>>())
                .ordering(vec!["id".to_owned()])
                .bounded(COMPANIES_MAX.into());
        vec![looks_at(&self.connection), Effect::Records(companies)]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.company_id >= 0 {
            return Ok(());
        }
        let hint = Some("leave it out for the first company".to_owned());
        Err(ArgumentsError { message: "`company_id` is the id of a company".to_owned(), hint })
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Budgets, ToolError> {
        let (ledger, tenant) = ledger_of(cx, &self.connection, &self.tenant_code)?;
        ledger.sweep().await?;
        let now = Timestamp::now();
        let asked = match cx.odoo(&self.connection) {
            Ok(odoo) => companies(&odoo).await,
            Err(error) => Err(error),
        };
        let found = match asked {
            Ok(found) => found,
            Err(error) if is_refusal(&error) => return Err(error.into()),
            Err(error) => {
                let month = ledger.month(&tenant, any_or(self.company_id), now).await?;
                return Ok(Budgets {
                    tenant_code: tenant.code,
                    company_id: any_or(self.company_id),
                    status: month.against(Cap::UNREADABLE, now),
                    companies: Vec::new(),
                    note: Some(format!("the limit could not be read: {error}")),
                });
            }
        };
        let mut told = Vec::new();
        for (company_id, company_name, cap) in found {
            let month = ledger.month(&tenant, Some(company_id), now).await?;
            told.push(CompanyBudget { company_id, company_name, status: month.against(cap, now) });
        }
        let wanted = any_or(self.company_id);
        let chosen = told.iter().find(|company| wanted.is_none_or(|id| id == company.company_id));
        let Some(chosen) = chosen else {
            return Err(ToolError::not_found(
                match wanted {
                    Some(id) => format!("there is no company {id} that the connection's user sees"),
                    None => "the connection's user sees no company".to_owned(),
                },
                "leave out `company_id`, and look at `companies`",
            ));
        };
        let note = (chosen.status.limit_source == LimitSource::MissingField)
            .then(|| format!("this Odoo has no field `{BUDGET}` on companies, so there is no limit"));
        Ok(Budgets {
            tenant_code: tenant.code,
            company_id: Some(chosen.company_id),
            status: chosen.status.clone(),
            companies: told,
            note,
        })
    }
}

/// What the caller or the operator has to mend, whatever the ledger says.
fn is_refusal(error: &OdooError) -> bool {
    matches!(
        error,
        OdooError::UnknownConnection { .. } | OdooError::NotPermitted { .. } | OdooError::Closed { .. }
    )
}

fn fields() -> Vec<FieldName> {
    ["name", BUDGET].into_iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

/// Id, name and limit of every company in sight, by id.
async fn companies(odoo: &PermittedOdoo<'_>) -> Result<Vec<(i64, String, Cap)>, OdooError> {
    let model = ModelName::known(COMPANY);
    let schema = odoo.schema(&model).await?;
    let mut fields = fields();
    fields.retain(|field| schema.field(field.as_str()).is_some());
    let rows = odoo
        .search_rows(&PageQuery {
            model,
            domain: Domain::parse(Value::Array(Vec::new()))?,
            fields,
            limit: COMPANIES_MAX,
            offset: 0,
            order: Some("id".to_owned()),
            context: Context::default(),
        })
        .await?;
    Ok(rows.iter().filter_map(company).collect())
}

fn company(row: &JsonObject) -> Option<(i64, String, Cap)> {
    let id = row.get("id")?.as_i64()?;
    let name = row.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some((id, name, Cap::of_value(row.get(BUDGET))))
}
