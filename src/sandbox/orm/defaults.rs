//! Values a record gets without being asked for: defaults, values kept on another record, numbers and companions.

use serde_json::{Value, json};

use super::write::{self, is_given};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::{Env, truthy},
        errors::Result,
        field::Kind,
    },
};

/// Fields of a model that live on a record it belongs to: the link, and the names here and there.
const DELEGATED: &[(&str, &str, &[&str])] = &[
    ("website.page", "view_id", &["name", "key", "arch_db", "website_id"]),
    ("res.users", "partner_id", &["name", "email", "phone", "lang", "tz", "image_1920"]),
    (
        "res.company",
        "partner_id",
        &["street", "street2", "city", "zip", "state_id", "country_id", "email", "phone", "website", "vat"],
    ),
    (
        "product.product",
        "product_tmpl_id",
        &[
            "name",
            "type",
            "list_price",
            "standard_price",
            "categ_id",
            "uom_id",
            "sale_ok",
            "purchase_ok",
            "description_sale",
            "weight",
            "volume",
            "company_id",
            "taxes_id",
            "image_1920",
        ],
    ),
];

/// How long a quotation of 19 is valid.
const QUOTATION_DAYS: i64 = 30;

/// The default of one field, if the model has one.
pub(crate) fn default(env: &Env<'_>, model: &str, field: &str) -> Option<Value> {
    let from_context = env.context.get(&format!("default_{field}"));
    if let Some(value) = from_context {
        return Some(value.clone());
    }
    Some(match (model, field) {
        (_, "active") => json!(true),
        ("ir.ui.view", "priority") => json!(16),
        ("ir.ui.view", "mode") => json!("primary"),
        ("res.partner", "type") => json!("contact"),
        ("res.partner", "is_company") => json!(false),
        ("res.partner", "lang") => json!("en_US"),
        ("res.users", "company_id")
        | ("sale.order" | "account.journal" | "account.account" | "account.tax", "company_id") => {
            json!(env.company())
        }
        ("res.users", "company_ids") => json!([env.company()]),
        ("res.users", "notification_type") => json!("email"),
        ("res.company", "currency_id") => json!(1),
        ("product.template" | "product.product", "sale_ok" | "purchase_ok") => json!(true),
        ("product.template" | "product.product", "type") => json!("consu"),
        ("product.template" | "product.product", "list_price") => json!(1.0),
        ("product.template" | "product.product", "categ_id") => json!(1),
        ("product.template" | "product.product", "uom_id" | "uom_po_id") => json!(1),
        ("product.template", "invoice_policy") => json!("order"),
        ("product.template", "tracking") => json!("none"),
        ("product.template", "sequence") => json!(1),
        ("uom.uom", "factor" | "rounding" | "relative_factor") => json!(1.0),
        ("uom.uom", "uom_type") => json!("reference"),
        ("sale.order", "state") => json!("draft"),
        ("sale.order", "date_order") => json!(env.now()),
        ("sale.order", "user_id") => json!(env.uid),
        ("sale.order", "team_id") | ("crm.lead", "team_id") => json!(1),
        ("sale.order", "require_signature") => json!(true),
        ("sale.order", "note") => json!(""),
        ("sale.order", "validity_date") if !env.is_14() => json!(env.day_after_today(QUOTATION_DAYS)),
        ("sale.order.line", "product_uom_qty") => json!(1.0),
        ("sale.order.line", "sequence") => json!(10),
        ("account.move", "move_type") => json!("entry"),
        ("account.move", "state") => json!("draft"),
        ("account.move", "date") => json!(env.today()),
        ("account.move", "auto_post") if !env.is_14() => json!("no"),
        ("account.move", "payment_state") => json!("not_paid"),
        ("account.move", "invoice_user_id") => json!(env.uid),
        ("account.move", "name") if env.is_14() => json!("/"),
        ("account.move.line", "quantity") => json!(1.0),
        ("account.move.line", "sequence") => json!(10),
        ("ai.pipeline.step", "sequence") => json!(10),
        ("ai.pipeline.step", "on_error") => json!("skip"),
        ("res.company", "ai_post_confidence_threshold") => json!(0.95),
        ("crm.lead", "type") => json!("opportunity"),
        ("crm.lead", "stage_id") => json!(1),
        ("crm.lead", "priority") => json!("0"),
        ("crm.lead", "user_id") => json!(env.uid),
        ("crm.lead", "probability") => json!(10.0),
        ("crm.stage" | "res.company", "sequence") => json!(1),
        ("ir.attachment", "type") => json!("binary"),
        ("ir.attachment", "company_id") => json!(env.company()),
        ("mail.message", "message_type") => json!(if env.is_14() { "email" } else { "comment" }),
        ("mail.message", "author_id") => env.value("res.users", env.uid, "partner_id"),
        ("mail.message", "date") => json!(env.now()),
        ("account.tax", "amount_type") => json!("percent"),
        ("account.tax", "type_tax_use") => json!("sale"),
        ("account.tax", "sequence") => json!(1),
        _ => return None,
    })
}

/// Adds defaults for fields nobody gave.
pub(crate) fn fill(env: &Env<'_>, model: &str, given: &mut JsonObject) -> Result<()> {
    for field in &env.model(model)?.fields {
        if !given.contains_key(field.name)
            && let Some(value) = default(env, model, field.name)
        {
            given.insert(field.name.to_owned(), value);
        }
    }
    Ok(())
}

/// Values that follow from other values of the same call, before they are stored.
pub(crate) fn prepare(
    env: &mut Env<'_>,
    model: &'static str,
    id: Option<i64>,
    given: &mut JsonObject,
) -> Result<()> {
    match model {
        "res.partner" => {
            if let Some(kind) = given.remove("company_type") {
                given.entry("is_company").or_insert(json!(kind == "company"));
            }
        }
        "res.users" => {
            if id.is_none() && !is_given(given, "partner_id") {
                let name = given.get("name").cloned().unwrap_or(Value::Bool(false));
                let email =
                    given.get("email").or_else(|| given.get("login")).cloned().unwrap_or(Value::Bool(false));
                let values = JsonObject::from_iter([("name".to_owned(), name), ("email".to_owned(), email)]);
                let partner = env.as_system(|env| write::create(env, "res.partner", values))?;
                given.insert("partner_id".to_owned(), partner.into());
            }
            let login = match (given.get("login"), id) {
                (Some(Value::String(login)), _) => login.clone(),
                (_, Some(id)) => env.text("res.users", id, "login"),
                (_, None) => String::new(),
            };
            let passwords = [given.remove("password"), given.remove("new_password")];
            if let Some(Value::String(password)) = passwords.into_iter().flatten().next() {
                env.db.passwords.insert(login, password);
            }
        }
        "res.company" if id.is_none() && !is_given(given, "partner_id") => {
            let name = given.get("name").cloned().unwrap_or(Value::Bool(false));
            let values =
                JsonObject::from_iter([("name".to_owned(), name), ("is_company".to_owned(), json!(true))]);
            let partner = env.as_system(|env| write::create(env, "res.partner", values))?;
            given.insert("partner_id".to_owned(), partner.into());
        }
        "product.product" => {
            if let Some(price) = given.remove("lst_price") {
                given.insert("list_price".to_owned(), price);
            }
            if id.is_none() && !is_given(given, "product_tmpl_id") {
                let mut values = given.clone();
                values.retain(|name, _| env.field("product.template", name).is_some());
                values.insert("product_variant_ids".to_owned(), json!([]));
                let template = env.as_system(|env| write::create(env, "product.template", values))?;
                given.insert("product_tmpl_id".to_owned(), template.into());
            }
        }
        "ir.attachment" => super::attachments::prepare(env, id, given),
        "sale.order" => prepare_order(env, id, given),
        "sale.order.line" => prepare_order_line(env, id, given),
        "account.move" => prepare_move(env, id, given),
        "account.move.line" => prepare_move_line(env, id, given),
        _ => {}
    }
    delegate(env, model, id, given)
}

/// Sends values to the record that keeps them.
fn delegate(env: &mut Env<'_>, model: &str, id: Option<i64>, given: &mut JsonObject) -> Result<()> {
    let Some((_, link, names)) = DELEGATED.iter().find(|(delegating, ..)| *delegating == model) else {
        return Ok(());
    };
    let Some(Kind::Many2one(target)) = env.field(model, link).map(|field| field.kind) else { return Ok(()) };
    let keeper =
        given.get(*link).and_then(Value::as_i64).or_else(|| id.and_then(|id| env.link(model, id, link)));
    let mut values = JsonObject::new();
    for name in *names {
        if let Some(value) = given.remove(*name) {
            values.insert((*name).to_owned(), value);
        }
    }
    match keeper {
        Some(keeper) if !values.is_empty() => {
            env.as_system(|env| write::write(env, target, &[keeper], values))
        }
        _ => Ok(()),
    }
}

fn prepare_order(env: &mut Env<'_>, id: Option<i64>, given: &mut JsonObject) {
    if id.is_some() {
        return;
    }
    let partner = given.get("partner_id").cloned().unwrap_or(Value::Bool(false));
    for address in ["partner_invoice_id", "partner_shipping_id"] {
        given.entry(address).or_insert_with(|| partner.clone());
    }
    let is_new = given.get("name").is_none_or(|name| !truthy(name) || name == "New");
    if is_new {
        let number = env.db.next_number("sale.order");
        given.insert("name".to_owned(), format!("S{number:05}").into());
    }
}

fn prepare_order_line(env: &Env<'_>, id: Option<i64>, given: &mut JsonObject) {
    let product = given
        .get("product_id")
        .and_then(Value::as_i64)
        .filter(|product| env.db.exists("product.product", *product));
    let Some(product) = product else { return };
    let (unit, taxes) = if env.is_14() { ("product_uom", "tax_id") } else { ("product_uom_id", "tax_ids") };
    given.entry("name").or_insert_with(|| env.display_name("product.product", product).into());
    given.entry(unit).or_insert_with(|| env.value("product.product", product, "uom_id"));
    given.entry("price_unit").or_insert_with(|| env.value("product.product", product, "lst_price"));
    if id.is_none() {
        given.entry(taxes).or_insert_with(|| env.value("product.product", product, "taxes_id"));
    }
}

fn prepare_move(env: &Env<'_>, id: Option<i64>, given: &mut JsonObject) {
    if id.is_some() {
        return;
    }
    let kind = match given.get("move_type").and_then(Value::as_str) {
        Some("out_invoice" | "out_refund" | "out_receipt") => "sale",
        Some("in_invoice" | "in_refund" | "in_receipt") => "purchase",
        _ => "general",
    };
    let company = given.get("company_id").and_then(Value::as_i64).unwrap_or_else(|| env.company());
    let journal = env.db.ids("account.journal").into_iter().find(|journal| {
        env.text("account.journal", *journal, "type") == kind
            && env.link("account.journal", *journal, "company_id") == Some(company)
    });
    given.entry("journal_id").or_insert(journal.map_or(Value::Bool(false), Value::from));
    given.entry("company_id").or_insert(company.into());
    given.entry("currency_id").or_insert_with(|| env.value("res.company", company, "currency_id"));
}

fn prepare_move_line(env: &Env<'_>, id: Option<i64>, given: &mut JsonObject) {
    let entry = given.get("move_id").and_then(Value::as_i64);
    let product = given
        .get("product_id")
        .and_then(Value::as_i64)
        .filter(|product| env.db.exists("product.product", *product));
    if let Some(product) = product {
        given.entry("name").or_insert_with(|| env.display_name("product.product", product).into());
        given.entry("price_unit").or_insert_with(|| env.value("product.product", product, "lst_price"));
        if id.is_none() {
            given.entry("tax_ids").or_insert_with(|| env.value("product.product", product, "taxes_id"));
            given.entry("product_uom_id").or_insert_with(|| env.value("product.product", product, "uom_id"));
        }
    }
    if id.is_none() {
        if !env.is_14() {
            given.entry("display_type").or_insert(json!("product"));
        }
        if let Some(entry) = entry {
            given.entry("partner_id").or_insert_with(|| env.value("account.move", entry, "partner_id"));
            given.entry("currency_id").or_insert_with(|| env.value("account.move", entry, "currency_id"));
            let account =
                env.link("account.move", entry, "journal_id").map_or(Value::Bool(false), |journal| {
                    env.value("account.journal", journal, "default_account_id")
                });
            given.entry("account_id").or_insert(account);
        }
    }
}

/// Companions a new record brings along.
pub(crate) fn after_create(env: &mut Env<'_>, model: &str, id: i64) -> Result<()> {
    if model == "product.template" && env.ids(model, id, "product_variant_ids").is_empty() && !env.sudo {
        let values = JsonObject::from_iter([("product_tmpl_id".to_owned(), json!(id))]);
        write::create(env, "product.product", values)?;
    }
    Ok(())
}
