//! Is this bill in the books already?
//!
//! The step compares the bill with those of the same vendor that are not cancelled:
//!
//! - the same invoice number, however it is written (`INV-0042` and `inv 42` are the same), or
//! - the same total within a week.
//!
//! What it finds is reported under `data.plugins.duplicate_guard`: `verdict` is `none`, `likely` or
//! `exact`, `duplicates` says which bills and why. The run is stopped for an exact match only: the same
//! number, and neither date nor total say otherwise, and one of them says the same. A vendor that counts
//! from one each year, or that corrects a bill under its old number, is reported and not stopped.
//!
//! Without a vendor, or with neither number nor total, nothing is asked and the verdict is `unknown`.
//! Reads `account.move`; changes nothing. A guard that cannot look stops the run as well: what was not
//! compared is not posted.

mod compare;

use compare::{Known, Match, Verdict};
use odoo_mcp_plugin_sdk::{
    Answer, Context, Failure, Host, Map, Plugin, Query, StepInfo, Value, export_plugin, id, json, number,
    text,
};

/// Bills that are looked at per question, the newest first.
const BILLS_MAX: u32 = 50;

const FIELDS: &[&str] = &["id", "name", "ref", "invoice_date", "amount_total", "currency_id", "state"];

/// The plugin.
#[derive(Debug)]
struct DuplicateGuard;

impl Plugin for DuplicateGuard {
    const STEPS: &'static [StepInfo] =
        &[StepInfo::new("duplicate_guard", 510, "Looks for the same bill in the books").aborting()];

    fn new(_host: &Host) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn applies(&self, _step: &str, context: &Context) -> bool {
        context.bill.is_purchase()
    }

    fn execute(&self, _step: &str, context: &Context, host: &Host) -> Result<Answer, Failure> {
        let (Some(vendor), Some(bill)) = (vendor(context), Known::of(context)) else {
            return Ok(Answer::new()
                .with("verdict", "unknown")
                .with("reason", "the vendor, or both number and total, are not known yet"));
        };
        let rows = candidates(context, vendor, &bill, host)?;
        let found: Vec<(Match, &Map<String, Value>)> = rows
            .iter()
            .filter_map(|row| Some((compare::compare(&bill, &Known::of_row(row))?, row)))
            .collect();
        let verdict = found.iter().map(|(found, _)| found.verdict).max().unwrap_or(Verdict::None);
        let duplicates: Vec<Value> = found.iter().map(|(found, row)| told(found, row)).collect();
        let answer = Answer::new()
            .with("verdict", verdict.name())
            .with("duplicates", duplicates)
            .with("compared", rows.len());
        let exact = found.iter().find(|(found, _)| found.verdict == Verdict::Exact);
        Ok(match exact {
            Some((found, row)) => {
                let name = text(row, "name").unwrap_or_else(|| "a draft".to_owned());
                let id = id(row, "id").unwrap_or_default();
                answer.aborting(format!("{name} (id {id}) is the same bill: {}", found.reasons.join(", ")))
            }
            None => answer,
        })
    }
}

export_plugin!(DuplicateGuard);

/// The vendor of the bill, or the one that another plugin proposes.
fn vendor(context: &Context) -> Option<i64> {
    context.bill.partner_id.or_else(|| id(context.found_by("vendor_match")?, "partner_id"))
}

/// Bills of the vendor that may be the same: by number, and by total.
fn candidates(
    context: &Context,
    vendor: i64,
    bill: &Known,
    host: &Host,
) -> Result<Vec<Map<String, Value>>, Failure> {
    let kind = context.bill.move_type.as_deref().unwrap_or("in_invoice");
    let mut of_vendor = vec![
        json!(["move_type", "=", kind]),
        json!(["state", "!=", "cancel"]),
        json!("|"),
        json!(["partner_id", "=", vendor]),
        json!(["commercial_partner_id", "=", vendor]),
    ];
    of_vendor.extend(context.bill.id.map(|own| json!(["id", "!=", own])));
    of_vendor.extend(context.bill.company_id.map(|company| json!(["company_id", "=", company])));

    let mut questions = Vec::new();
    questions.extend(
        bill.written.as_deref().map(compare::question).map(|(operator, text)| json!(["ref", operator, text])),
    );
    questions.extend(bill.cents.map(|cents| json!(["amount_total", "=", cents as f64 / 100.0])));
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for question in questions {
        if host.cancelled() {
            return Err(Failure::cancelled());
        }
        let mut domain = of_vendor.clone();
        domain.push(question);
        let query = Query::of("account.move")
            .filtered(Value::Array(domain))
            .ordered("invoice_date desc, id desc")
            .first(BILLS_MAX);
        for row in host.read(&query, FIELDS)? {
            if !rows.iter().any(|known| id(known, "id") == id(&row, "id")) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn told(found: &Match, row: &Map<String, Value>) -> Value {
    json!({
        "id": id(row, "id"),
        "name": text(row, "name"),
        "ref": text(row, "ref"),
        "invoice_date": text(row, "invoice_date"),
        "amount_total": number(row, "amount_total"),
        "state": text(row, "state"),
        "verdict": found.verdict.name(),
        "reasons": found.reasons,
    })
}

#[cfg(test)]
mod tests;
