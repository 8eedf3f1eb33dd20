//! What documents add up to: orders, entries and their lines.

use serde_json::{Value, json};

use super::compute::{commercial_partner, company_currency, round2};
use crate::sandbox::{
    env::{Env, truthy},
    field::SandboxVersion,
};

pub(super) fn order(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "sale.order";
    let total = |column: &str| {
        let lines = env.ids(model, id, "order_line");
        json!(round2(lines.into_iter().map(|line| env.number("sale.order.line", line, column)).sum()))
    };
    Some(match field {
        "amount_untaxed" => total("price_subtotal"),
        "amount_tax" => total("price_tax"),
        "amount_total" => total("price_total"),
        "currency_id" => company_currency(env, env.link(model, id, "company_id")),
        "access_url" => Value::from(format!("/my/orders/{id}")),
        // Who else follows a document is not kept here.
        "message_partner_ids" => Value::from(Vec::from_iter(env.link(model, id, "partner_id"))),
        "invoice_ids" => {
            let name = env.text(model, id, "name");
            let found: Vec<i64> = env
                .db
                .ids("account.move")
                .into_iter()
                .filter(|entry| {
                    env.text("account.move", *entry, "invoice_origin") == name && !name.is_empty()
                })
                .collect();
            Value::from(found)
        }
        "invoice_count" => json!(env.ids(model, id, "invoice_ids").len()),
        "invoice_status" => Value::from(match env.text(model, id, "state").as_str() {
            "sale" | "done" if !env.ids(model, id, "invoice_ids").is_empty() => "invoiced",
            "sale" | "done" => "to invoice",
            _ => "no",
        }),
        "is_expired" => {
            let until = env.text(model, id, "validity_date");
            let open = matches!(env.text(model, id, "state").as_str(), "draft" | "sent");
            Value::Bool(open && !until.is_empty() && until < env.today())
        }
        _ => return None,
    })
}

pub(super) fn order_line(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "sale.order.line";
    let subtotal = || {
        round2(
            env.number(model, id, "product_uom_qty")
                * env.number(model, id, "price_unit")
                * (1.0 - env.number(model, id, "discount") / 100.0),
        )
    };
    let taxes =
        || tax_amount(env, &env.ids(model, id, if env.is_14() { "tax_id" } else { "tax_ids" }), subtotal());
    let order = env.link_stored(model, id, "order_id");
    let of_order =
        |name: &str| order.map_or(Value::Bool(false), |order| env.value("sale.order", order, name));
    Some(match field {
        "price_subtotal" => json!(subtotal()),
        "price_tax" => json!(taxes()),
        "price_total" => json!(round2(subtotal() + taxes())),
        "currency_id" | "company_id" | "state" => of_order(field),
        "order_partner_id" => of_order("partner_id"),
        "salesman_id" => of_order("user_id"),
        "product_template_id" => env
            .link(model, id, "product_id")
            .map_or(Value::Bool(false), |product| env.value("product.product", product, "product_tmpl_id")),
        "invoice_status" => of_order("invoice_status"),
        "qty_to_invoice" => {
            let confirmed = matches!(of_order("state").as_str(), Some("sale" | "done"));
            json!(if confirmed {
                env.number(model, id, "product_uom_qty") - env.number(model, id, "qty_invoiced")
            } else {
                0.0
            })
        }
        _ => return None,
    })
}

/// The sum of percentage taxes on an amount.
fn tax_amount(env: &Env<'_>, taxes: &[i64], base: f64) -> f64 {
    round2(taxes.iter().map(|tax| base * env.number("account.tax", *tax, "amount") / 100.0).sum())
}

pub(super) fn move_name(env: &Env<'_>, id: i64) -> String {
    let name = env.text("account.move", id, "name");
    let reference = env.text("account.move", id, "ref");
    if env.text("account.move", id, "state") == "draft" {
        let kind = match env.text("account.move", id, "move_type").as_str() {
            "out_invoice" => "Draft Invoice",
            "out_refund" => "Draft Credit Note",
            "in_invoice" => "Draft Bill",
            "in_refund" => "Draft Vendor Credit Note",
            _ => "Draft Entry",
        };
        return if name.is_empty() || name == "/" {
            format!("{kind} (* {id})")
        } else {
            format!("{kind} {name}")
        };
    }
    if reference.is_empty() { name } else { format!("{name} ({reference})") }
}

pub(super) fn account_move(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "account.move";
    let lines = || env.ids(model, id, "invoice_line_ids");
    let total = |column: &str| {
        round2(lines().into_iter().map(|line| env.number("account.move.line", line, column)).sum())
    };
    let sign = || match env.text(model, id, "move_type").as_str() {
        "out_refund" | "in_invoice" => -1.0,
        _ => 1.0,
    };
    let residual = || {
        let unpaid =
            env.text(model, id, "state") == "posted" && env.text(model, id, "payment_state") != "paid";
        if unpaid { total("price_total") } else { 0.0 }
    };
    Some(match field {
        "invoice_line_ids" => {
            let of_product: Vec<i64> = env
                .lines(model, id, "account.move.line", "move_id")
                .into_iter()
                .filter(|line| match env.version() {
                    SandboxVersion::V14 => {
                        !truthy(&env.value("account.move.line", *line, "exclude_from_invoice_tab"))
                    }
                    SandboxVersion::V19 => {
                        matches!(
                            env.text("account.move.line", *line, "display_type").as_str(),
                            "product" | "line_section" | "line_note"
                        )
                    }
                })
                .collect();
            Value::from(of_product)
        }
        "amount_untaxed" => json!(total("price_subtotal")),
        "amount_total" => json!(total("price_total")),
        "amount_tax" => json!(round2(total("price_total") - total("price_subtotal"))),
        "amount_untaxed_signed" => json!(sign() * total("price_subtotal")),
        "amount_total_signed" => json!(sign() * total("price_total")),
        "amount_residual" => json!(residual()),
        "amount_residual_signed" => json!(sign() * residual()),
        "commercial_partner_id" => env
            .link(model, id, "partner_id")
            .map_or(Value::Bool(false), |partner| Value::from(commercial_partner(env, partner))),
        "company_currency_id" => company_currency(env, env.link(model, id, "company_id")),
        "access_url" => Value::from(format!("/my/invoices/{id}")),
        "country_code" => {
            let country = env
                .link(model, id, "company_id")
                .and_then(|company| env.link("res.company", company, "country_id"));
            country.map_or(Value::Bool(false), |country| env.value("res.country", country, "code"))
        }
        _ => return None,
    })
}

pub(super) fn account_line(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "account.move.line";
    let entry = env.link_stored(model, id, "move_id");
    let of_entry =
        |name: &str| entry.map_or(Value::Bool(false), |entry| env.value("account.move", entry, name));
    let is_product = || {
        env.link_stored(model, id, "product_id").is_some()
            || env.number_stored(model, id, "price_unit") != 0.0
    };
    let subtotal = || {
        round2(
            env.number(model, id, "quantity")
                * env.number(model, id, "price_unit")
                * (1.0 - env.number(model, id, "discount") / 100.0),
        )
    };
    Some(match field {
        "move_name" => of_entry("name"),
        "parent_state" => of_entry("state"),
        "date" | "journal_id" | "company_id" | "company_currency_id" | "move_type" => of_entry(field),
        "currency_id" => of_entry("currency_id"),
        "ref" => of_entry("ref"),
        "price_subtotal" => json!(if is_product() { subtotal() } else { 0.0 }),
        "price_total" => {
            json!(if is_product() {
                round2(subtotal() + tax_amount(env, &env.ids(model, id, "tax_ids"), subtotal()))
            } else {
                0.0
            })
        }
        "balance" => {
            json!(round2(env.number_stored(model, id, "debit") - env.number_stored(model, id, "credit")))
        }
        "amount_currency" => env.value(model, id, "balance"),
        _ => return None,
    })
}

impl Env<'_> {
    /// A stored number, without asking whether the field is computed.
    pub(super) fn number_stored(&self, model: &str, id: i64, field: &str) -> f64 {
        self.db
            .get(model, id)
            .and_then(|record| record.get(field))
            .and_then(Value::as_f64)
            .unwrap_or_default()
    }

    /// A stored id, without asking whether the field is computed.
    pub(super) fn link_stored(&self, model: &str, id: i64, field: &str) -> Option<i64> {
        self.db.get(model, id)?.get(field)?.as_i64()
    }
}
