//! How earlier bills of the vendor look and where they were booked: bills of the same company only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{
    bill::{LINE, MOVE, fields, present, relation, text},
    error::StepError,
    extraction::{
        AccountShare, PastBill, PastLine, VendorContext,
        vendor::{self, ACCOUNTS_MAX, DESCRIPTION_CHARS_MAX},
    },
    runner::Run,
    step::{Outcome, StepResult},
};
use crate::{
    facts::{JsonObject, ModelName},
    odoo::{Context, Domain, PageQuery},
};

pub(in crate::invoices) const BILL_FIELDS: &[&str] =
    &["partner_id", "ref", "invoice_date", "amount_untaxed", "amount_tax", "amount_total", "currency_id"];
pub(in crate::invoices) const BILL_FILTERS: &[&str] =
    &["id", "partner_id", "company_id", "move_type", "state", "invoice_date"];
pub(in crate::invoices) const LINE_FIELDS: &[&str] =
    &["move_id", "name", "quantity", "price_unit", "price_subtotal", "account_id", OUT_OF_TAB];
pub(in crate::invoices) const LINE_OPTIONAL: &[&str] = &[OUT_OF_TAB];
pub(in crate::invoices) const LINE_FILTERS: &[&str] = &["move_id", "display_type"];
/// Odoo 14 and 15 keep taxes and totals among the plain lines and mark them with this.
const OUT_OF_TAB: &str = "exclude_from_invoice_tab";

/// Bills whose lines are counted.
const BILLS_MAX: u32 = 30;
/// Lines that are counted.
const LINES_MAX: u32 = 300;

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let Some(bill) = &run.context.bill else { return Ok(Outcome::Skipped("there is no bill".to_owned())) };
    let Some(partner) = bill.partner_id else {
        return Ok(Outcome::Skipped("no vendor is known".to_owned()));
    };
    let mut conditions = vec![
        json!(["partner_id", "=", partner]),
        json!(["move_type", "in", ["in_invoice", "in_refund"]]),
        json!(["state", "=", "posted"]),
        json!(["id", "!=", bill.id]),
    ];
    if let Some(company) = bill.company_id {
        conditions.push(json!(["company_id", "=", company]));
    }
    let query = PageQuery {
        model: ModelName::known(MOVE),
        domain: Domain::parse(Value::Array(conditions))?,
        fields: fields(BILL_FIELDS),
        limit: BILLS_MAX,
        offset: 0,
        order: Some("invoice_date desc, id desc".to_owned()),
        context: Context::default(),
    };
    let bills = run.odoo.search_rows(&query).await?;
    let ids: Vec<i64> = bills.iter().filter_map(|row| row.get("id")?.as_i64()).collect();
    if ids.is_empty() {
        return Ok(Outcome::Done(json!({"found": 0})));
    }
    let lines = lines_of(run, &ids).await?;
    let history = VendorContext {
        bills: bills.iter().take(vendor::BILLS_MAX).filter_map(|row| past_bill(row, &lines)).collect(),
        accounts: histogram(&lines),
    };
    let output =
        json!({"found": ids.len(), "examples": history.bills.len(), "accounts": history.accounts.len()});
    run.context.history = history;
    Ok(Outcome::Done(output))
}

async fn lines_of(run: &Run<'_, '_>, bills: &[i64]) -> Result<Vec<(i64, PastLine, String)>, StepError> {
    let model = ModelName::known(LINE);
    let query = PageQuery {
        // What an ordinary line is called differs by version.
        domain: Domain::parse(json!([["move_id", "in", bills], ["display_type", "in", [false, "product"]]]))?,
        fields: present(run.odoo, &model, LINE_FIELDS, LINE_OPTIONAL).await?,
        model,
        limit: LINES_MAX,
        offset: 0,
        order: None,
        context: Context::default(),
    };
    let rows = run.odoo.search_rows(&query).await?;
    Ok(rows
        .iter()
        .filter(|row| row.get(OUT_OF_TAB) != Some(&Value::Bool(true)))
        .filter_map(line_of)
        .collect())
}

fn line_of(row: &JsonObject) -> Option<(i64, PastLine, String)> {
    let (account_id, label) = match relation(row, "account_id") {
        Some((id, label)) => (Some(id), label.unwrap_or_default()),
        None => (None, String::new()),
    };
    let line = PastLine {
        description: text(row, "name").unwrap_or_default().chars().take(DESCRIPTION_CHARS_MAX).collect(),
        quantity: row.get("quantity").cloned().unwrap_or_default(),
        price_unit: row.get("price_unit").cloned().unwrap_or_default(),
        amount_subtotal: row.get("price_subtotal").cloned().unwrap_or_default(),
        account_id,
    };
    Some((relation(row, "move_id")?.0, line, label))
}

fn past_bill(row: &JsonObject, lines: &[(i64, PastLine, String)]) -> Option<PastBill> {
    let id = row.get("id")?.as_i64()?;
    let amount = |field: &str| row.get(field).cloned().unwrap_or_default();
    let name = |field: &str| relation(row, field).and_then(|(_, name)| name).unwrap_or_default();
    let own = lines.iter().filter(|(bill, _, _)| *bill == id).take(vendor::LINES_MAX);
    Some(PastBill {
        id,
        partner_name: name("partner_id"),
        invoice_number: text(row, "ref").unwrap_or_default(),
        invoice_date: text(row, "invoice_date").unwrap_or_default(),
        amount_untaxed: amount("amount_untaxed"),
        amount_tax: amount("amount_tax"),
        amount_total: amount("amount_total"),
        currency: name("currency_id"),
        lines: own.map(|(_, line, _)| line.clone()).collect(),
    })
}

/// The accounts that got most lines, with their part of all.
fn histogram(lines: &[(i64, PastLine, String)]) -> Vec<AccountShare> {
    let mut counts: BTreeMap<i64, (u64, &str)> = BTreeMap::new();
    for (_, line, label) in lines {
        if let Some(account) = line.account_id {
            let entry = counts.entry(account).or_insert((0, label));
            entry.0 += 1;
        }
    }
    let all: u64 = counts.values().map(|(count, _)| count).sum();
    let mut accounts: Vec<AccountShare> = counts
        .into_iter()
        .map(|(account_id, (count, label))| AccountShare {
            account_id,
            account_label: label.to_owned(),
            count,
            share: ((count as f64 / all.max(1) as f64) * 1_000.0).round() / 1_000.0,
        })
        .collect();
    accounts.sort_by(|one, other| other.count.cmp(&one.count).then(one.account_id.cmp(&other.account_id)));
    accounts.truncate(ACCOUNTS_MAX);
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(counts: &[(i64, usize)]) -> Vec<(i64, PastLine, String)> {
        let one = |account: i64| PastLine { account_id: Some(account), ..PastLine::default() };
        counts
            .iter()
            .flat_map(|(account, count)| (0..*count).map(move |_| (1, one(*account), format!("a{account}"))))
            .collect()
    }

    #[test]
    fn accounts_are_counted_and_the_first_five_are_kept() {
        let shares: Vec<f64> =
            histogram(&lines(&[(1, 3), (2, 5), (3, 2)])).iter().map(|one| one.share).collect();
        assert_eq!(shares, [0.5, 0.3, 0.2]);
        assert_eq!(
            histogram(&lines(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1)])).len(),
            5
        );
        assert_eq!(histogram(&[]), []);
    }

    #[test]
    fn an_example_has_its_amounts_and_its_first_lines() {
        let row = json!({
            "id": 7, "partner_id": [3, "Vendor"], "ref": "F1", "invoice_date": "2026-01-02",
            "amount_total": 120.0, "currency_id": [1, "EUR"],
        });
        let line = PastLine { description: "Paper".to_owned(), ..PastLine::default() };
        let all: Vec<_> = (0..5).map(|_| (7, line.clone(), String::new())).collect();
        let past = past_bill(row.as_object().unwrap(), &all).unwrap();
        assert_eq!((past.amount_total, past.lines.len()), (json!(120.0), 3));
        assert_eq!(past.lines[0].description, "Paper");
    }
}
