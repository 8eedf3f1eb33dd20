//! The bill in Odoo: what is read of it, and how what comes back becomes typed.

use serde_json::{Value, json};

use super::{
    context::{Bill, Company},
    error::StepError,
    files::AttachmentFacts,
};
use crate::{
    facts::{FieldName, JsonObject, ModelName},
    odoo::{Context, Domain, OdooError, PageQuery, PermittedOdoo},
};

pub(super) const MOVE: &str = "account.move";
pub(super) const LINE: &str = "account.move.line";
pub(super) const ATTACHMENT: &str = "ir.attachment";
pub(super) const PARTNER: &str = "res.partner";
pub(super) const COMPANY: &str = "res.company";
pub(super) const MESSAGE: &str = "mail.message";

/// What is read of every bill, wherever one is looked at.
pub(super) const MOVE_FIELDS: &[&str] = &[
    "name",
    "move_type",
    "state",
    "partner_id",
    "invoice_date",
    "ref",
    "amount_total",
    "currency_id",
    "company_id",
];
/// What a run reads beside these.
const MOVE_FURTHER: &[&str] = &["invoice_line_ids", "write_date", MAIN_ATTACHMENT, NEEDS_REVIEW];
/// Of those, what an optional module or another version brings.
pub(super) const MOVE_OPTIONAL: &[&str] = &[MAIN_ATTACHMENT, NEEDS_REVIEW];
pub(super) const MAIN_ATTACHMENT: &str = "message_main_attachment_id";
pub(super) const NEEDS_REVIEW: &str = "ai_needs_review";
/// Flags of the add-on that tell people to look at a bill.
pub(super) const REVIEW_FIELDS: &[&str] = &[NEEDS_REVIEW, REQUESTED, REVIEW_REASON];
pub(super) const REQUESTED: &str = "ai_pipeline_requested";
pub(super) const REVIEW_REASON: &str = "ai_review_reason";

pub(super) const COMPANY_FIELDS: &[&str] = &["name", "vat", "currency_id", BUDGET, TWO_PASS];
pub(super) const COMPANY_OPTIONAL: &[&str] = &[BUDGET, TWO_PASS];
pub(super) const BUDGET: &str = "ai_monthly_budget_eur";
const TWO_PASS: &str = "ai_two_pass_escalation";

pub(super) const ATTACHMENT_FIELDS: &[&str] =
    &["name", "mimetype", "file_size", "res_model", "res_id", "res_field", "create_date", "company_id"];
/// The files of a bill, by these.
pub(super) const ATTACHMENT_FILTERS: &[&str] = &["res_model", "res_id"];
/// Files of one bill that are looked at.
pub(super) const ATTACHMENTS_MAX: u32 = 100;

/// Everything that a run reads of its bill.
pub(super) fn run_fields() -> Vec<&'static str> {
    [MOVE_FIELDS, MOVE_FURTHER].concat()
}

/// A bill and what only its raw row tells.
pub(super) async fn read_bill(odoo: &PermittedOdoo<'_>, id: i64) -> Result<Option<Bill>, StepError> {
    let model = ModelName::known(MOVE);
    let fields = present(odoo, &model, &run_fields(), MOVE_OPTIONAL).await?;
    let rows = odoo.read(&model, &[id], &fields, &Context::default()).await?;
    Ok(rows.into_iter().next().map(|row| bill_of(id, &row)))
}

fn bill_of(id: i64, row: &JsonObject) -> Bill {
    Bill {
        id,
        name: text(row, "name").unwrap_or_default(),
        move_type: text(row, "move_type").unwrap_or_default(),
        state: text(row, "state").unwrap_or_default(),
        partner_id: relation(row, "partner_id").map(|(id, _)| id),
        partner_name: relation(row, "partner_id").and_then(|(_, name)| name),
        invoice_date: text(row, "invoice_date"),
        r#ref: text(row, "ref"),
        amount_total: row.get("amount_total").cloned().unwrap_or_default(),
        currency_id: relation(row, "currency_id").map(|(id, _)| id),
        currency: relation(row, "currency_id").and_then(|(_, name)| name),
        company_id: relation(row, "company_id").map(|(id, _)| id),
        main_attachment_id: relation(row, MAIN_ATTACHMENT).map(|(id, _)| id),
        lines: row.get("invoice_line_ids").and_then(Value::as_array).map_or(0, Vec::len),
        write_date: text(row, "write_date"),
        needs_review: row.get(NEEDS_REVIEW) == Some(&Value::Bool(true)),
    }
}

/// The bill's own company and its budget field as it came; `None` where there is no such field.
pub(super) async fn read_company(
    odoo: &PermittedOdoo<'_>,
    id: i64,
) -> Result<Option<(Company, Option<Value>)>, StepError> {
    let model = ModelName::known(COMPANY);
    let fields = present(odoo, &model, COMPANY_FIELDS, COMPANY_OPTIONAL).await?;
    let rows = odoo.read(&model, &[id], &fields, &Context::default()).await?;
    Ok(rows.into_iter().next().map(|row| {
        let company = Company {
            id,
            name: text(&row, "name").unwrap_or_default(),
            vat: text(&row, "vat"),
            currency_id: relation(&row, "currency_id").map(|(id, _)| id),
            two_pass: row.get(TWO_PASS).and_then(Value::as_bool),
        };
        (company, row.get(BUDGET).cloned())
    }))
}

/// Is the budget field one that this Odoo has? Its value may still be hidden.
pub(super) async fn has_budget_field(odoo: &PermittedOdoo<'_>) -> Result<bool, StepError> {
    Ok(odoo.schema(&ModelName::known(COMPANY)).await?.field(BUDGET).is_some())
}

/// The files of a bill, oldest first; fields with files of their own are not among them.
pub(super) async fn files_of(odoo: &PermittedOdoo<'_>, bill: i64) -> Result<Vec<AttachmentFacts>, StepError> {
    let query = PageQuery {
        model: ModelName::known(ATTACHMENT),
        domain: Domain::parse(json!([["res_model", "=", MOVE], ["res_id", "=", bill]]))?,
        fields: fields(ATTACHMENT_FIELDS),
        limit: ATTACHMENTS_MAX,
        offset: 0,
        order: Some("id asc".to_owned()),
        context: sizes_only()?,
    };
    let rows = odoo.search_rows(&query).await?;
    Ok(rows.iter().filter(|row| text(row, "res_field").is_none()).filter_map(AttachmentFacts::of).collect())
}

/// One file by id, with the record it belongs to.
pub(super) async fn read_file(
    odoo: &PermittedOdoo<'_>,
    id: i64,
) -> Result<Option<(AttachmentFacts, Option<String>, i64, Option<i64>)>, StepError> {
    let model = ModelName::known(ATTACHMENT);
    let rows = odoo.read(&model, &[id], &fields(ATTACHMENT_FIELDS), &sizes_only()?).await?;
    Ok(rows.first().and_then(|row| {
        let facts = AttachmentFacts::of(row)?;
        let of_record = row.get("res_id").and_then(Value::as_i64).unwrap_or_default();
        Some((facts, text(row, "res_model"), of_record, relation(row, "company_id").map(|(id, _)| id)))
    }))
}

/// Those of the fields that there are here.
pub(super) async fn present(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    names: &[&str],
    optional: &[&str],
) -> Result<Vec<FieldName>, OdooError> {
    let schema = odoo.schema(model).await?;
    let there = |name: &&str| !optional.contains(name) || schema.field(name).is_some();
    Ok(fields(&names.iter().copied().filter(there).collect::<Vec<_>>()))
}

pub(super) fn fields(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

pub(super) fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Binary fields come as their size.
fn sizes_only() -> Result<Context, OdooError> {
    let members: JsonObject = [("bin_size".to_owned(), Value::Bool(true))].into_iter().collect();
    Ok(Context::new(members)?)
}

/// A text that is there; Odoo says `false` for none.
pub(super) fn text(row: &JsonObject, field: &str) -> Option<String> {
    row.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// The other end of a many2one: `[id, name]`, or the id alone.
pub(super) fn relation(row: &JsonObject, field: &str) -> Option<(i64, Option<String>)> {
    match row.get(field)? {
        Value::Array(pair) => {
            let name = pair.get(1).and_then(Value::as_str).map(str::to_owned);
            Some((pair.first()?.as_i64()?, name))
        }
        id => Some((id.as_i64()?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_come_as_pairs_or_ids() {
        let row = json!({"a": [7, "x"], "b": 7, "c": false, "d": [7]});
        let row = row.as_object().unwrap();
        assert_eq!(relation(row, "a"), Some((7, Some("x".to_owned()))));
        assert_eq!(relation(row, "b"), Some((7, None)));
        assert_eq!(relation(row, "c"), None);
        assert_eq!(relation(row, "d"), Some((7, None)));
        assert_eq!(relation(row, "e"), None);
    }
}
