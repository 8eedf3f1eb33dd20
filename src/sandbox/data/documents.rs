//! Sales orders, invoices, and the books they stand in.

use serde_json::{Value, json};

use super::{Loader, firms, id_at, products};

/// How many orders there are at the start; the next one is S00021.
const ORDERS: usize = 20;

const INVOICES: usize = 14;

pub(super) fn load(loader: &mut Loader) {
    books(loader);
    sales(loader);
    invoices(loader);
}

fn books(loader: &mut Loader) {
    // Code, name, kind in 19.
    let accounts = [
        ("120000", "Trade Receivables", "asset_receivable", "receivable"),
        ("160000", "Trade Payables", "liability_payable", "payable"),
        ("177600", "Sales Tax", "liability_current", "other"),
        ("157600", "Input Tax", "asset_current", "other"),
        ("400000", "Product Sales", "income", "other"),
        ("600000", "Goods Purchased", "expense", "other"),
        ("180000", "Bank", "asset_cash", "liquidity"),
    ];
    for company in [1_i64, 2] {
        for (index, (code, name, kind, internal)) in accounts.into_iter().enumerate() {
            let id = id_at(index) + (company - 1) * 10;
            let mut values = vec![
                ("code", json!(code)),
                ("name", json!(name)),
                ("reconcile", json!(matches!(internal, "receivable" | "payable"))),
                (
                    "internal_group",
                    json!(match kind {
                        "income" => "income",
                        "expense" => "expense",
                        _ if kind.starts_with("asset") => "asset",
                        _ => "liability",
                    }),
                ),
            ];
            if loader.is_14() {
                values.extend([("company_id", json!(company)), ("internal_type", json!(internal))]);
            } else {
                values.extend([
                    ("account_type", json!(kind)),
                    ("company_ids", json!([company])),
                    ("active", json!(true)),
                ]);
            }
            loader.put("account.account", id, values);
        }
        for (index, (name, code, kind, account)) in [
            ("Customer Invoices", "INV", "sale", 5),
            ("Vendor Bills", "BILL", "purchase", 6),
            ("Bank", "BNK1", "bank", 7),
            ("Miscellaneous", "MISC", "general", 5),
        ]
        .into_iter()
        .enumerate()
        {
            let values = [
                ("name", json!(name)),
                ("code", json!(code)),
                ("type", json!(kind)),
                ("active", json!(true)),
                ("company_id", json!(company)),
                ("default_account_id", json!(account + (company - 1) * 10)),
                ("sequence", json!(10)),
                ("show_on_dashboard", json!(true)),
            ];
            loader.put("account.journal", id_at(index) + (company - 1) * 10, values);
        }
    }
}

/// Firms that buy, by their place.
fn customers() -> Vec<usize> {
    (0..firms::firms()).filter(|index| firms::buys(*index)).collect()
}

pub(super) fn customer(number: usize) -> usize {
    let all = customers();
    all.get(number % all.len().max(1)).copied().unwrap_or_default()
}

/// The company a customer is tied to.
pub(super) fn company_of(firm: usize) -> i64 {
    if matches!(firm, 14 | 15) { 2 } else { 1 }
}

fn day(number: usize) -> (usize, usize) {
    (9 + number / 10, 1 + (number * 7) % 28)
}

fn sales(loader: &mut Loader) {
    for team in [(1, "Sales"), (2, "Website"), (3, "Partners")] {
        let mut values = vec![
            ("name", json!(team.1)),
            ("active", json!(true)),
            ("sequence", json!(team.0 * 10)),
            ("user_id", json!(2)),
        ];
        values.push(("company_id", json!(false)));
        loader.put("crm.team", team.0, values);
    }
    let mut line = 1;
    for number in 0..ORDERS {
        let id = id_at(number);
        let firm = customer(number);
        let partner = firms::firm_id(firm);
        let state = match number % 5 {
            0 | 3 => "sale",
            1 => "draft",
            2 => "sent",
            _ if number == 9 => "cancel",
            _ => "sale",
        };
        let (month, date) = day(number);
        let mut values = vec![
            ("name", json!(format!("S{id:05}"))),
            ("state", json!(state)),
            ("partner_id", json!(partner)),
            ("partner_invoice_id", json!(partner + 2)),
            ("partner_shipping_id", json!(partner)),
            ("date_order", json!(format!("2026-{month:02}-{date:02} 09:{:02}:00", 10 + number))),
            ("user_id", json!(if firm.is_multiple_of(2) { 2 } else { 6 })),
            ("team_id", json!(1)),
            ("company_id", json!(company_of(firm))),
            ("payment_term_id", json!(1 + number % 3)),
            ("client_order_ref", json!(format!("PO-{}", 4000 + 13 * number))),
            ("require_signature", json!(true)),
            ("access_token", json!(false)),
        ];
        if !loader.is_14() {
            values.push(("locked", json!(false)));
        }
        loader.put("sale.order", id, values);
        for step in 0..=(number % 3) {
            put_order_line(loader, line, id, number * 3 + step * 5, step, company_of(firm), state);
            line += 1;
        }
    }
    loader.db.start_sequence("sale.order", id_at(ORDERS) - 1);
}

fn put_order_line(
    loader: &mut Loader,
    id: i64,
    order: i64,
    seed: usize,
    step: usize,
    company: i64,
    state: &str,
) {
    let product = seed % products::count();
    let (code, name, price, unit) = products::facts(product);
    let quantity = (1 + seed % 8) as f64;
    let (unit_field, tax_field) =
        if loader.is_14() { ("product_uom", "tax_id") } else { ("product_uom_id", "tax_ids") };
    let values = [
        ("order_id", json!(order)),
        ("sequence", json!(10 + step)),
        ("name", json!(format!("[{code}] {name}"))),
        ("product_id", json!(id_at(product))),
        ("product_uom_qty", json!(quantity)),
        (unit_field, json!(unit)),
        ("price_unit", json!(price)),
        ("discount", json!(if seed.is_multiple_of(7) { 10.0 } else { 0.0 })),
        (tax_field, json!([if company == 1 { 1 } else { 4 }])),
        ("customer_lead", json!(0.0)),
        ("qty_delivered", json!(if state == "sale" { quantity } else { 0.0 })),
    ];
    loader.put("sale.order.line", id, values);
}

fn invoices(loader: &mut Loader) {
    let mut line = 1;
    let mut numbers = [0_i64; 2];
    for number in 0..INVOICES {
        let id = id_at(number);
        let vendor = number % 7 == 6;
        let firm = if vendor { 4 } else { customer(number) };
        let company = company_of(firm);
        let partner = firms::firm_id(firm);
        let posted = number % 5 != 4;
        let (month, date) = day(number + 3);
        let on = format!("2026-{month:02}-{date:02}");
        let (kind, prefix) = if vendor { ("in_invoice", "BILL") } else { ("out_invoice", "INV") };
        let name = if posted {
            let [sales, purchases] = &mut numbers;
            let count = if vendor { purchases } else { sales };
            *count += 1;
            json!(format!("{prefix}/2026/{count:05}"))
        } else if loader.is_14() {
            json!("/")
        } else {
            json!(false)
        };
        let mut values = vec![
            ("name", name),
            ("state", json!(if posted { "posted" } else { "draft" })),
            ("move_type", json!(kind)),
            ("date", json!(on)),
            ("invoice_date", json!(on)),
            ("invoice_date_due", json!(format!("2026-{:02}-{date:02}", month + 1))),
            ("partner_id", json!(partner)),
            ("journal_id", json!(if vendor { 2 } else { 1 } + (company - 1) * 10)),
            ("company_id", json!(company)),
            ("currency_id", json!(1)),
            ("payment_state", json!(if posted && number % 3 == 0 { "paid" } else { "not_paid" })),
            (
                "invoice_origin",
                if vendor || number % 5 != 0 { json!(false) } else { json!(format!("S{:05}", number + 1)) },
            ),
            ("invoice_user_id", json!(2)),
            ("invoice_payment_term_id", json!(3)),
            ("posted_before", json!(posted)),
            ("payment_reference", json!(false)),
        ];
        if !loader.is_14() {
            values.push(("auto_post", json!("no")));
        }
        loader.put("account.move", id, values);
        line = put_move_lines(loader, line, id, number, vendor, company, partner);
    }
    loader.db.start_sequence("INV/2026", numbers.first().copied().unwrap_or_default());
    loader.db.start_sequence("BILL/2026", numbers.last().copied().unwrap_or_default());
}

/// Product lines, the tax line and the line of the total; answers the next free id.
fn put_move_lines(
    loader: &mut Loader,
    first: i64,
    entry: i64,
    number: usize,
    vendor: bool,
    company: i64,
    partner: i64,
) -> i64 {
    let mut id = first;
    let base = (company - 1) * 10;
    let rate = if company == 1 { 0.19 } else { 0.21 };
    let mut untaxed = 0.0;
    for step in 0..=(number % 2) {
        let product = (number * 3 + step * 4) % products::count();
        let (code, name, price, _) = products::facts(product);
        let quantity = (1 + (number + step) % 5) as f64;
        let amount = (price * quantity * 100.0).round() / 100.0;
        untaxed += amount;
        let tax = match (vendor, company) {
            (false, 1) => 1,
            (true, 1) => 2,
            (false, _) => 4,
            (true, _) => 5,
        };
        let values = vec![
            ("name", json!(format!("[{code}] {name}"))),
            ("product_id", json!(id_at(product))),
            ("account_id", json!(if vendor { 6 } else { 5 } + base)),
            ("quantity", json!(quantity)),
            ("price_unit", json!(price)),
            ("tax_ids", json!([tax])),
            (if vendor { "debit" } else { "credit" }, json!(amount)),
        ];
        put_move_line(loader, id, entry, partner, "product", values);
        id += 1;
    }
    let tax = (untaxed * rate * 100.0).round() / 100.0;
    let (line_side, total_side) = if vendor { ("debit", "credit") } else { ("credit", "debit") };
    let values = vec![
        ("name", json!(if company == 1 { "19%" } else { "21%" })),
        ("account_id", json!(if vendor { 4 } else { 3 } + base)),
        ("tax_line_id", json!(if company == 1 { 1 } else { 4 })),
        (line_side, json!(tax)),
    ];
    put_move_line(loader, id, entry, partner, "tax", values);
    let total = ((untaxed + tax) * 100.0).round() / 100.0;
    let values = vec![
        ("name", json!(false)),
        ("account_id", json!(if vendor { 2 } else { 1 } + base)),
        (total_side, json!(total)),
    ];
    put_move_line(loader, id + 1, entry, partner, "payment_term", values);
    id + 2
}

fn put_move_line(
    loader: &mut Loader,
    id: i64,
    entry: i64,
    partner: i64,
    kind: &str,
    mut values: Vec<(&'static str, Value)>,
) {
    values.extend([("move_id", json!(entry)), ("partner_id", json!(partner)), ("sequence", json!(10))]);
    if loader.is_14() {
        values.push(("exclude_from_invoice_tab", json!(kind != "product")));
    } else {
        values.push(("display_type", json!(kind)));
    }
    loader.put("account.move.line", id, values);
}
