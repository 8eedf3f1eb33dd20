//! Which model a report prints: the policy decides on that model, and the report's own name says
//! nothing of it.

use serde_json::Value;

use super::{Context, Domain, OdooClient, OdooError, PageQuery, PermittedOdoo};
use crate::facts::{Effect, FieldName, ModelName, Operation, RecordEffect, nearest};

/// Longest list of reports that a wrong name is compared with.
const NAMES_COMPARED_MAX: u32 = 1_000;
/// Similar names that an error shows.
const NAMES_SHOWN_MAX: usize = 3;

/// A report as Odoo knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    pub model: ModelName,
    /// `qweb-pdf`, `qweb-html`, `qweb-text` or what an add-on brings, such as `xlsx`.
    pub report_type: String,
    /// What people call it.
    pub title: String,
}

impl PermittedOdoo<'_> {
    /// A report that the permit lets be printed, and which of the records are not there for this
    /// caller.
    pub async fn report_to_print(
        &self,
        report_name: &str,
        ids: &[i64],
    ) -> Result<(ReportFacts, Vec<i64>), OdooError> {
        let facts = self.client.report(report_name).await?;
        let alias = &self.client.definition().alias;
        let is_declared = self.permit.effects().iter().any(|effect| match effect {
            Effect::Records(effect) => {
                effect.connection == *alias && prints(effect, report_name, &facts, ids)
            }
            Effect::Connection { .. }
            | Effect::AllConnections { .. }
            | Effect::Memory { .. }
            | Effect::Own { .. } => false,
        });
        if !is_declared {
            return Err(OdooError::NotPermitted { what: format!("report {report_name}") });
        }
        let domain = Domain::parse(serde_json::json!([["id", "in", ids]]))?;
        let everybody = std::iter::once(("active_test".to_owned(), Value::Bool(false))).collect();
        let query = PageQuery {
            model: facts.model.clone(),
            domain: domain.and(self.eyes.scope(&facts.model)?),
            fields: FieldName::parse("id").into_iter().collect(),
            limit: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            offset: 0,
            order: Some("id".to_owned()),
            context: Context::new(everybody)?,
        };
        let found = self.client.rows(&query).await?;
        let found: Vec<i64> = found.iter().filter_map(|row| row.get("id").and_then(Value::as_i64)).collect();
        Ok((facts, ids.iter().copied().filter(|id| !found.contains(id)).collect()))
    }
}

/// Is this the effect of printing these records with this report?
fn prints(effect: &RecordEffect, report_name: &str, facts: &ReportFacts, ids: &[i64]) -> bool {
    if effect.operation != Operation::Report {
        return false;
    }
    match effect.unplaced_report() {
        Some((declared, of)) => declared == report_name && ids.iter().all(|id| of.contains(id)),
        None => {
            let of = effect.ids.as_deref().unwrap_or_default();
            effect.model == facts.model && ids.iter().all(|id| of.contains(id))
        }
    }
}

impl OdooClient {
    /// Looks a report up by its technical name.
    pub(super) async fn report(&self, report_name: &str) -> Result<ReportFacts, OdooError> {
        let domain = Domain::parse(serde_json::json!([["report_name", "=", report_name]]))?;
        let found = self.rows(&reports(domain, &["model", "report_type", "name"], 2)?).await?;
        let Some(report) = found.first() else { return Err(self.unknown_report(report_name).await) };
        let text = |name: &str| report.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ReportFacts {
            model: ModelName::parse(&text("model"))?,
            report_type: text("report_type"),
            title: text("name"),
        })
    }

    async fn unknown_report(&self, wanted: &str) -> OdooError {
        let all = match reports(Domain::default(), &["report_name"], NAMES_COMPARED_MAX) {
            Ok(query) => self.rows(&query).await.unwrap_or_default(),
            Err(error) => return error,
        };
        let names = all.iter().filter_map(|report| report.get("report_name")?.as_str());
        let nearest = nearest(wanted, names, NAMES_SHOWN_MAX).into_iter().map(str::to_owned).collect();
        OdooError::UnknownReport { name: wanted.to_owned(), nearest }
    }
}

fn reports(domain: Domain, fields: &[&str], limit: u32) -> Result<PageQuery, OdooError> {
    Ok(PageQuery {
        model: ModelName::known("ir.actions.report"),
        domain,
        fields: fields.iter().map(|name| FieldName::parse(name)).collect::<Result<_, _>>()?,
        limit,
        offset: 0,
        order: Some("id".to_owned()),
        context: Context::default(),
    })
}

/// The effect of a report whose model had to be looked up.
pub(super) async fn placed(effect: &RecordEffect, client: &OdooClient) -> Result<RecordEffect, OdooError> {
    let Some((report_name, ids)) = effect.unplaced_report() else { return Ok(effect.clone()) };
    let report = client.report(report_name).await?;
    Ok(effect.placed_on(&report.model, &ids))
}

/// Does this look like the technical name of a report, such as `sale.report_saleorder`?
pub fn is_report_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    name.len() <= 256 && name.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_reports_stay_one_segment_of_a_path() {
        for good in ["sale.report_saleorder", "account.report_invoice_with_payments", "x-y.z_1"] {
            assert!(is_report_name(good), "{good}");
        }
        for bad in
            ["", ".", "..", "a..b", "a/b", "a%2fb", "a?b", "a b", "a.b/../c", "\u{e9}.b", &"x".repeat(257)]
        {
            assert!(!is_report_name(bad), "{bad}");
        }
    }
}
