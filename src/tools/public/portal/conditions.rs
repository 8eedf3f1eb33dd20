//! The conditions of Odoo's portal, version by version, as its controllers have them.

use jiff::{ToSpan as _, civil::Date};
use serde_json::{Value, json};

use super::{arguments::Asked, kinds::Kind, owner::Owner};
use crate::odoo::{Domain, OdooError};

/// What the portal calls an invoice, a credit note or a receipt.
const CUSTOMER: [&str; 3] = ["out_invoice", "out_refund", "out_receipt"];
const VENDOR: [&str; 3] = ["in_invoice", "in_refund", "in_receipt"];
const NOT_OWED: [&str; 5] = ["in_payment", "paid", "reversed", "blocked", "invoicing_legacy"];

/// The domain of a page of a list.
pub(super) fn of_page(
    kind: Kind,
    asked: &Asked,
    major: u16,
    owner: &Owner,
    today: Date,
) -> Result<Domain, OdooError> {
    let mut conditions = of_filter(kind, asked.filter(kind), major, owner, today);
    if let Some(begin) = asked.begin() {
        conditions.push(json!(["create_date", ">=", format!("{begin} 00:00:00")]));
    }
    if let Some(end) = asked.end() {
        // The whole day counts.
        let next = end.checked_add(1.day()).unwrap_or(end);
        conditions.push(json!(["create_date", "<", format!("{next} 00:00:00")]));
    }
    if !asked.search.is_empty() {
        conditions.push(json!(["name", "ilike", asked.search]));
    }
    Domain::parse(Value::Array(conditions))
}

/// The conditions of one filter of a list.
pub(super) fn of_filter(kind: Kind, filter: &str, major: u16, owner: &Owner, today: Date) -> Vec<Value> {
    match kind {
        Kind::Orders => of_orders(filter, major, owner),
        Kind::Invoices => of_invoices(filter, major, owner, today),
        Kind::Purchases => of_purchases(filter, major),
        Kind::Tickets => Vec::new(),
    }
}

fn of_orders(filter: &str, major: u16, owner: &Owner) -> Vec<Value> {
    // Up to 17 the portal lists what the customer follows, later what is addressed to the customer.
    let customer = if major >= 18 { "partner_id" } else { "message_partner_ids" };
    let states: &[&str] = match (filter, major >= 17) {
        ("quotations", true) => &["sent"],
        ("quotations", false) => &["sent", "cancel"],
        (_, true) => &["sale"],
        (_, false) => &["sale", "done"],
    };
    vec![json!([customer, "child_of", [owner.commercial_partner]]), json!(["state", "in", states])]
}

fn of_invoices(filter: &str, major: u16, owner: &Owner, today: Date) -> Vec<Value> {
    let both: Vec<&str> = CUSTOMER.into_iter().chain(VENDOR).collect();
    let settled = json!(["state", "not in", ["cancel", "draft"]]);
    if filter == "overdue_invoices" {
        return vec![
            settled,
            json!(["move_type", "in", ["out_invoice", "out_receipt"]]),
            json!(["payment_state", "not in", NOT_OWED]),
            json!(["invoice_date_due", "<", today.to_string()]),
            json!(["partner_id", "=", owner.partner]),
        ];
    }
    if major < 15 {
        let types: &[&str] = match filter {
            "invoices" => &["out_invoice"],
            "bills" => &["in_invoice"],
            _ => &["in_invoice", "out_invoice"],
        };
        return vec![json!(["move_type", "in", types])];
    }
    let types: &[&str] = match filter {
        "invoices" => &CUSTOMER,
        "bills" => &VENDOR,
        _ => &both,
    };
    vec![settled, json!(["move_type", "in", types])]
}

fn of_purchases(filter: &str, major: u16) -> Vec<Value> {
    let states: &[&str] = match filter {
        "purchase" => &["purchase"],
        "cancel" => &["cancel"],
        "done" => &["done"],
        "rfq" => &["sent"],
        _ if major >= 19 => &["purchase", "cancel"],
        _ => &["purchase", "done", "cancel"],
    };
    vec![json!(["state", "in", states])]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const OWNER: Owner = Owner { partner: 7, commercial_partner: 5 };

    #[track_caller]
    fn check(kind: Kind, given: Value, major: u16, expected: Value) {
        let asked: Asked = serde_json::from_value(given).unwrap();
        let domain = of_page(kind, &asked, major, &OWNER, date(2026, 3, 1)).unwrap();
        assert_eq!(Value::from(domain), expected);
    }

    #[test]
    fn orders_are_those_of_the_customer() {
        check(
            Kind::Orders,
            json!({}),
            19,
            json!([["partner_id", "child_of", [5]], ["state", "in", ["sale"]]]),
        );
        check(
            Kind::Orders,
            json!({"filterby": "quotations"}),
            14,
            json!([["message_partner_ids", "child_of", [5]], ["state", "in", ["sent", "cancel"]]]),
        );
    }

    #[test]
    fn days_count_whole() {
        check(
            Kind::Purchases,
            json!({"date_begin": "2026-01-01", "date_end": "2026-01-31", "search": "P0", "filterby": "rfq"}),
            19,
            json!([
                ["state", "in", ["sent"]],
                ["create_date", ">=", "2026-01-01 00:00:00"],
                ["create_date", "<", "2026-02-01 00:00:00"],
                ["name", "ilike", "P0"]
            ]),
        );
    }

    #[test]
    fn invoices_differ_by_version() {
        check(Kind::Invoices, json!({}), 14, json!([["move_type", "in", ["in_invoice", "out_invoice"]]]));
        let asked: Asked = serde_json::from_value(json!({"filterby": "overdue_invoices"})).unwrap();
        let domain = of_page(Kind::Invoices, &asked, 19, &OWNER, date(2026, 3, 1)).unwrap();
        let text = Value::from(domain).to_string();
        assert!(text.contains(r#"["invoice_date_due","<","2026-03-01"]"#), "{text}");
        assert!(text.contains(r#"["partner_id","=",7]"#), "{text}");
    }
}
