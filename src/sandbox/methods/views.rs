//! The smallest views that a client of the web routes can work with.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{env::Env, errors::Result, orm::read as reading},
};

/// Columns of the list view of a model.
const COLUMNS: &[(&str, &[&str])] = &[
    ("res.partner", &["display_name", "phone", "email", "user_id", "city", "country_id", "company_id"]),
    ("res.users", &["name", "login", "lang", "login_date", "company_id"]),
    ("product.template", &["name", "default_code", "list_price", "standard_price", "categ_id", "uom_id"]),
    ("product.product", &["default_code", "name", "lst_price", "standard_price", "uom_id"]),
    (
        "sale.order",
        &[
            "name",
            "date_order",
            "partner_id",
            "user_id",
            "company_id",
            "amount_total",
            "state",
            "invoice_status",
        ],
    ),
    (
        "sale.order.line",
        &["order_id", "product_id", "name", "product_uom_qty", "price_unit", "price_subtotal"],
    ),
    (
        "account.move",
        &[
            "name",
            "partner_id",
            "invoice_date",
            "invoice_date_due",
            "amount_untaxed_signed",
            "amount_total_signed",
            "state",
            "payment_state",
        ],
    ),
    ("account.move.line", &["date", "move_id", "account_id", "partner_id", "name", "debit", "credit"]),
    (
        "crm.lead",
        &["name", "partner_id", "email_from", "stage_id", "expected_revenue", "probability", "user_id"],
    ),
];

fn columns(env: &Env<'_>, model: &str) -> Vec<&'static str> {
    let plain: &[&str] = &["display_name"];
    let named = COLUMNS.iter().find(|(name, _)| *name == model).map_or(plain, |(_, columns)| columns);
    named.iter().copied().filter(|name| env.field(model, name).is_some()).collect()
}

fn arch(env: &Env<'_>, model: &str, kind: &str) -> String {
    let fields: String = columns(env, model).iter().map(|name| format!("<field name=\"{name}\"/>")).collect();
    let label = env.schema.get(model).map_or("", |schema| schema.label());
    match kind {
        "form" => format!("<form string=\"{label}\"><sheet><group>{fields}</group></sheet></form>"),
        "search" => format!("<search string=\"{label}\">{fields}</search>"),
        other => format!("<{other} string=\"{label}\">{fields}</{other}>"),
    }
}

fn described(env: &Env<'_>, model: &str) -> Result<Value> {
    let names: Vec<String> = columns(env, model).into_iter().map(str::to_owned).collect();
    reading::describe(env, model, Some(&names), None)
}

fn view(env: &Env<'_>, model: &str, kind: &str) -> Result<Value> {
    let mut view = json!({
        "arch": arch(env, model, kind),
        "model": model,
        "id": false,
    });
    if let (true, Some(members)) = (env.is_14(), view.as_object_mut()) {
        members.insert("name".to_owned(), json!("default"));
        members.insert("type".to_owned(), json!(kind));
        members.insert("view_id".to_owned(), json!(false));
        members.insert("fields".to_owned(), described(env, model)?);
        members.insert("toolbar".to_owned(), json!({}));
    }
    Ok(view)
}

pub(super) fn fields_view_get(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let kind = call.text("view_type").unwrap_or_else(|| "form".to_owned());
    Ok(view(env, call.model, &kind)?.into())
}

pub(super) fn get_view(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let kind = call.text("view_type").unwrap_or_else(|| "form".to_owned());
    let mut found = view(env, call.model, &kind)?;
    if let Some(members) = found.as_object_mut() {
        members.insert("models".to_owned(), json!({call.model: columns(env, call.model)}));
    }
    Ok(found.into())
}

fn kinds(call: &Call) -> Vec<String> {
    let views = call.get("views").and_then(Value::as_array);
    views.into_iter().flatten().filter_map(|view| view.get(1)?.as_str().map(str::to_owned)).collect()
}

pub(super) fn load_views(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let mut views = JsonObject::new();
    for kind in kinds(call) {
        views.insert(kind.clone(), view(env, call.model, &kind)?);
    }
    let fields = reading::describe(env, call.model, None, None)?;
    Ok(json!({"fields_views": views, "fields": fields}).into())
}

pub(super) fn get_views(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let mut views = JsonObject::new();
    for kind in kinds(call) {
        views.insert(kind.clone(), view(env, call.model, &kind)?);
    }
    let fields = described(env, call.model)?;
    Ok(json!({"views": views, "models": {call.model: {"fields": fields}}}).into())
}
