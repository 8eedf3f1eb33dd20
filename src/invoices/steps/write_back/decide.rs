//! What of the reading is written to the bill, and why the rest is not.

use jiff::Zoned;
use serde_json::{Value, json};

use super::super::super::{
    bill::{MOVE, PARTNER, fields, text},
    context::{Bill, LeftAlone},
    error::StepError,
    runner::Run,
};
use crate::{
    facts::{JsonObject, ModelName},
    identifiers,
    odoo::{Context, Domain, PageQuery},
};

pub(in crate::invoices) const PARTNER_FIELDS: &[&str] = &["name", "vat", "is_company"];
pub(in crate::invoices) const PARTNER_FILTERS: &[&str] = &["vat", "parent_id", "company_id"];
pub(in crate::invoices) const DUPLICATE_FILTERS: &[&str] =
    &["ref", "partner_id", "move_type", "company_id", "state", "id"];

/// Lines that are made on a bill that has none.
const LINES_MAX: usize = 100;
/// Longest reference that is written.
const REF_CHARS_MAX: usize = 60;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) values: JsonObject,
    pub(super) skipped: Vec<LeftAlone>,
    /// For people.
    pub(super) warnings: Vec<String>,
    /// Words for why somebody has to look.
    pub(super) reasons: Vec<String>,
    pub(super) lines: usize,
}

impl Decided {
    fn skip(&mut self, field: &str, reason: impl Into<String>) {
        self.skipped.push(LeftAlone { field: field.to_owned(), reason: reason.into() });
    }

    fn warn(&mut self, word: &str, warning: String) {
        self.warnings.push(warning);
        self.reasons.push(word.to_owned());
    }
}

pub(super) async fn decide(run: &Run<'_, '_>, bill: &Bill) -> Result<Decided, StepError> {
    let mut decided = Decided::default();
    let data = run.context.extraction.as_ref().map(|found| found.data.clone()).unwrap_or_default();
    let partner = partner(run, bill, &data, &mut decided).await?;
    match (&bill.invoice_date, said(&data, "invoice_date")) {
        (Some(_), _) => decided.skip("invoice_date", "it is filled already"),
        (None, Some(date)) => {
            decided.values.insert("invoice_date".to_owned(), json!(date));
        }
        (None, None) => decided.skip("invoice_date", "it was not found in the document"),
    }
    reference(run, bill, partner, &data, &mut decided).await?;
    compare(bill, &data, &mut decided);
    if run.engine.settings().line_proposals {
        propose_lines(bill, &data, &mut decided);
    }
    Ok(decided)
}

fn said(data: &Value, field: &str) -> Option<String> {
    let text = data.get(field)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The vendor of the bill, perhaps only now known by its VAT number.
async fn partner(
    run: &Run<'_, '_>,
    bill: &Bill,
    data: &Value,
    decided: &mut Decided,
) -> Result<Option<i64>, StepError> {
    let Some(vat) = said(data, "partner_vat") else {
        if bill.partner_id.is_none() {
            decided.skip("partner_id", "the document has no VAT number");
        }
        return Ok(bill.partner_id);
    };
    let number = normal(&vat);
    let own = run.context.company.as_ref().and_then(|company| company.vat.as_deref()).map(normal);
    if own.as_ref().is_some_and(|own| !own.is_empty() && bare(own) == bare(&number)) {
        decided.skip("partner_id", "the number is that of the company itself: buyer and seller are swapped");
        decided.warn("own_vat", "the vendor's VAT number in the document is the company's own".to_owned());
        return Ok(bill.partner_id);
    }
    if bill.partner_id.is_some() {
        decided.skip("partner_id", "it is filled already");
        return Ok(bill.partner_id);
    }
    let found = partners(run, bill, &vat, &number).await?;
    match found.as_slice() {
        [one] => {
            let id = one.get("id").and_then(Value::as_i64);
            if one.get("is_company") != Some(&Value::Bool(true)) {
                decided.skip("partner_id", "the only contact with this VAT number is no company");
                return Ok(None);
            }
            if let Some(id) = id {
                decided.values.insert("partner_id".to_owned(), json!(id));
            }
            Ok(id)
        }
        [] => {
            decided.skip("partner_id", "no contact has this VAT number");
            Ok(None)
        }
        _ => {
            let names: Vec<String> = found.iter().filter_map(|row| text(row, "name")).collect();
            decided
                .skip("partner_id", format!("several contacts have this VAT number: {}", names.join(", ")));
            decided.reasons.push("ambiguous_vendor".to_owned());
            Ok(None)
        }
    }
}

async fn partners(
    run: &Run<'_, '_>,
    bill: &Bill,
    vat: &str,
    number: &str,
) -> Result<Vec<JsonObject>, StepError> {
    let mut spellings = vec![number.to_owned(), bare(number).to_owned(), vat.to_owned()];
    if bare(number) == number {
        spellings.push(format!("BG{number}"));
    }
    spellings.sort();
    spellings.dedup();
    let mut conditions = vec![json!(["vat", "in", spellings]), json!(["parent_id", "=", false])];
    if let Some(company) = bill.company_id {
        conditions.push(json!(["company_id", "in", [false, company]]));
    }
    let query = PageQuery {
        model: ModelName::known(PARTNER),
        domain: Domain::parse(Value::Array(conditions))?,
        fields: fields(PARTNER_FIELDS),
        limit: 3,
        offset: 0,
        order: None,
        context: Context::default(),
    };
    Ok(run.odoo.search_rows(&query).await?)
}

/// A VAT number as it is written properly.
fn normal(text: &str) -> String {
    identifiers::vat(text, Zoned::now().date()).normalized.to_uppercase()
}

/// Bulgarian numbers are written with and without their prefix.
fn bare(number: &str) -> &str {
    number.strip_prefix("BG").unwrap_or(number)
}

async fn reference(
    run: &Run<'_, '_>,
    bill: &Bill,
    partner: Option<i64>,
    data: &Value,
    decided: &mut Decided,
) -> Result<(), StepError> {
    let Some(number) = said(data, "invoice_number") else {
        if bill.r#ref.is_none() {
            decided.skip("ref", "it was not found in the document");
        }
        return Ok(());
    };
    let number: String = number.chars().take(REF_CHARS_MAX).collect();
    if bill.r#ref.is_some() {
        decided.skip("ref", "it is filled already");
        return Ok(());
    }
    let twins = match partner {
        Some(partner) => duplicates(run, bill, partner, &number).await?,
        None => Vec::new(),
    };
    if twins.is_empty() {
        decided.values.insert("ref".to_owned(), json!(number));
    } else {
        decided.skip("ref", format!("another bill of this vendor has this number: {}", twins.join(", ")));
        decided
            .warn("duplicate", format!("the number is on another bill of this vendor: {}", twins.join(", ")));
    }
    Ok(())
}

async fn duplicates(
    run: &Run<'_, '_>,
    bill: &Bill,
    partner: i64,
    number: &str,
) -> Result<Vec<String>, StepError> {
    let mut conditions = vec![
        json!(["ref", "=", number]),
        json!(["partner_id", "child_of", partner]),
        json!(["move_type", "=", bill.move_type]),
        json!(["state", "!=", "cancel"]),
        json!(["id", "!=", bill.id]),
    ];
    if let Some(company) = bill.company_id {
        conditions.push(json!(["company_id", "=", company]));
    }
    let query = PageQuery {
        model: ModelName::known(MOVE),
        domain: Domain::parse(Value::Array(conditions))?,
        fields: fields(&["name"]),
        limit: 3,
        offset: 0,
        order: None,
        context: Context::default(),
    };
    let rows = run.odoo.search_rows(&query).await?;
    let shown = |row: &JsonObject| {
        let id = row.get("id").and_then(Value::as_i64).unwrap_or_default();
        match text(row, "name").filter(|name| name != "/") {
            Some(name) => format!("{name} ({id})"),
            None => format!("{id}"),
        }
    };
    Ok(rows.iter().map(shown).collect())
}

/// What is not written and does not fit.
fn compare(bill: &Bill, data: &Value, decided: &mut Decided) {
    if let (Some(said), Some(booked)) = (said(data, "currency"), &bill.currency)
        && said != *booked
    {
        decided.warn("currency", format!("the document is in {said}, the bill in {booked}"));
    }
    if let Some(kind) = said(data, "document_type")
        && matches!(kind.as_str(), "in_invoice" | "in_refund")
        && kind != bill.move_type
    {
        decided.warn("document_type", format!("the document is `{kind}`, the bill `{}`", bill.move_type));
    }
}

fn propose_lines(bill: &Bill, data: &Value, decided: &mut Decided) {
    if bill.lines > 0 {
        return decided.skip("invoice_line_ids", "the bill has lines already");
    }
    let lines = data.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let commands: Vec<Value> = lines
        .iter()
        .take(LINES_MAX)
        .filter_map(|line| {
            let name = said(line, "description")?;
            let number = |field: &str, other: f64| line.get(field).and_then(Value::as_f64).unwrap_or(other);
            let subtotal = number("amount_subtotal", 0.0);
            let values = json!({
                "name": name, "quantity": number("quantity", 1.0), "price_unit": number("price_unit", subtotal),
            });
            Some(json!([0, 0, values]))
        })
        .collect();
    if commands.is_empty() {
        return decided.skip("invoice_line_ids", "the document has no lines");
    }
    decided.lines = commands.len();
    decided.values.insert("invoice_line_ids".to_owned(), Value::Array(commands));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_and_without_prefix_are_one() {
        assert_eq!(bare(&normal("BG 175074752")), "175074752");
        assert_eq!(bare(&normal("175074752")), "175074752");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let bill =
            Bill { move_type: "in_invoice".to_owned(), currency: Some("EUR".to_owned()), ..Bill::default() };
        let mut decided = Decided::default();
        compare(&bill, &json!({"currency": "BGN", "document_type": "in_refund"}), &mut decided);
        assert_eq!(decided.reasons, ["currency", "document_type"]);
    }

    #[test]
    fn lines_are_proposed_for_a_bill_without_any() {
        let data = json!({"lines": [
            {"description": "Paper", "quantity": 2, "price_unit": 5.0},
            {"description": "Rounding", "amount_subtotal": 0.01},
            {"quantity": 1},
        ]});
        let mut decided = Decided::default();
        propose_lines(&Bill::default(), &data, &mut decided);
        assert_eq!(decided.lines, 2);
        assert_eq!(
            decided.values["invoice_line_ids"][1][2],
            json!({"name": "Rounding", "quantity": 1.0, "price_unit": 0.01})
        );
        let mut decided = Decided::default();
        propose_lines(&Bill { lines: 1, ..Bill::default() }, &data, &mut decided);
        assert_eq!(decided.lines, 0);
    }
}
