//! Which accounts did earlier bills of this vendor use?
//!
//! For each line of the document the step looks at the lines of the vendor's last thirty posted bills.
//! Lines with a similar description count by how similar they are; where no line is similar, all lines of
//! the vendor count alike and the confidence is lower. At most three accounts are suggested per line, each
//! with its `share`; `confidence` is what is left of the first share when little is known.
//!
//! The suggestions stand under `data.plugins.account_suggest.lines`. Nothing is written: whether a
//! suggestion is followed is decided by people or by later steps. Reads `account.move` and
//! `account.move.line`.

mod suggest;

use odoo_mcp_plugin_sdk::{
    Answer, Context, Failure, Host, Map, Plugin, Query, StepInfo, Value, export_plugin, id, json, text,
};
use suggest::Earlier;

/// The vendor's newest bills that are looked at.
const BILLS_MAX: u32 = 30;
/// Lines of those bills.
const LINES_MAX: u32 = 500;
/// Lines of the document for which something is suggested.
const DOCUMENT_LINES_MAX: usize = 200;

/// The plugin.
#[derive(Debug)]
struct AccountSuggest;

impl Plugin for AccountSuggest {
    const STEPS: &'static [StepInfo] =
        &[StepInfo::new("account_suggest", 520, "Suggests accounts from the vendor's history")];

    fn new(_host: &Host) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn applies(&self, _step: &str, context: &Context) -> bool {
        context.bill.is_purchase() && !context.extraction.lines.is_empty() && vendor(context).is_some()
    }

    fn execute(&self, _step: &str, context: &Context, host: &Host) -> Result<Answer, Failure> {
        let vendor = vendor(context).ok_or_else(|| Failure::bad_input("the vendor is not known"))?;
        let bills = bills(context, vendor, host)?;
        let history = if bills.is_empty() { Vec::new() } else { lines(&bills, host)? };
        let lines: Vec<Value> = context
            .extraction
            .lines
            .iter()
            .take(DOCUMENT_LINES_MAX)
            .enumerate()
            .map(|(index, line)| {
                let description = line.description.as_deref().unwrap_or_default();
                let suggestion = suggest::suggest(description, &history);
                json!({
                    "line": index,
                    "description": description,
                    "basis": suggestion.basis.name(),
                    "confidence": suggestion.confidence,
                    "accounts": suggestion.accounts.iter().map(|account| json!({
                        "account_id": account.id,
                        "account": account.label,
                        "share": account.share,
                        "count": account.count,
                    })).collect::<Vec<Value>>(),
                })
            })
            .collect();
        Ok(Answer::new()
            .with("lines", lines)
            .with("bills_looked_at", bills.len())
            .with("lines_looked_at", history.len()))
    }
}

export_plugin!(AccountSuggest);

/// The vendor of the bill, or the one that another plugin proposes.
fn vendor(context: &Context) -> Option<i64> {
    context.bill.partner_id.or_else(|| id(context.found_by("vendor_match")?, "partner_id"))
}

/// The vendor's newest posted bills.
fn bills(context: &Context, vendor: i64, host: &Host) -> Result<Vec<i64>, Failure> {
    let mut domain = vec![
        json!(["move_type", "in", ["in_invoice", "in_refund"]]),
        json!(["state", "=", "posted"]),
        json!("|"),
        json!(["partner_id", "=", vendor]),
        json!(["commercial_partner_id", "=", vendor]),
    ];
    domain.extend(context.bill.id.map(|own| json!(["id", "!=", own])));
    domain.extend(context.bill.company_id.map(|company| json!(["company_id", "=", company])));
    let query = Query::of("account.move")
        .filtered(Value::Array(domain))
        .ordered("invoice_date desc, id desc")
        .first(BILLS_MAX);
    let rows = host.read(&query, &["id"])?;
    Ok(rows.iter().filter_map(|row| id(row, "id")).collect())
}

/// Their ordinary lines. Those of taxes name their tax, and those of what is to be paid have a due date;
/// `display_type` says the rest and has another value for ordinary lines since Odoo 16.
fn lines(bills: &[i64], host: &Host) -> Result<Vec<Earlier>, Failure> {
    if host.cancelled() {
        return Err(Failure::cancelled());
    }
    let domain = json!([
        ["move_id", "in", bills],
        ["display_type", "in", [false, "product"]],
        ["tax_line_id", "=", false],
        ["date_maturity", "=", false],
        ["account_id", "!=", false],
    ]);
    let query = Query::of("account.move.line").filtered(domain).ordered("id desc").first(LINES_MAX);
    let rows = host.read(&query, &["name", "account_id"])?;
    Ok(rows.iter().filter_map(earlier).collect())
}

fn earlier(row: &Map<String, Value>) -> Option<Earlier> {
    let account = row.get("account_id")?;
    let label = account.get(1).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Earlier::new(id(row, "account_id")?, label, &text(row, "name").unwrap_or_default()))
}

#[cfg(test)]
mod tests;
