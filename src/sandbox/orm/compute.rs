//! Values that follow from others. They are worked out at every look: the data is small, and nothing can go stale.

use serde_json::{Value, json};

use super::documents;
use crate::sandbox::{
    env::{Env, truthy},
    field::{Field, Kind},
};

/// The value of a computed field, or nothing when the field is stored as written.
pub(crate) fn value(env: &Env<'_>, model: &str, id: i64, field: &'static Field) -> Option<Value> {
    Some(match (model, field.name) {
        (_, "display_name") => Value::from(display_name(env, model, id)),
        (_, "__last_update") => env.value(model, id, "write_date"),
        (_, "image_128" | "avatar_128") => env.value(model, id, "image_1920"),
        ("mail.message", "preview") => Value::from(strip_tags(&env.text(model, id, "body"))),
        ("res.partner", name) => return partner(env, id, name),
        ("res.users", name) => return user(env, id, name),
        ("res.company", name) => return company(env, id, name),
        ("res.partner.category", "partner_ids") => linked_from(env, "res.partner", "category_id", id),
        ("res.groups", "user_ids" | "users") => {
            let field = if env.is_14() { "groups_id" } else { "group_ids" };
            linked_from(env, "res.users", field, id)
        }
        ("res.groups", "full_name") => Value::from(env.text(model, id, "name")),
        ("product.category", "complete_name") => Value::from(path_name(env, model, id, " / ")),
        ("product.category" | "res.partner.category", "parent_path") => {
            Value::from(parent_path(env, model, id))
        }
        ("product.category", "product_count") => {
            json!(
                env.db
                    .ids("product.template")
                    .iter()
                    .filter(|t| env.link("product.template", **t, "categ_id") == Some(id))
                    .count()
            )
        }
        ("product.template", name) => return template(env, id, name),
        ("product.product", name) => return product(env, id, name),
        ("sale.order", name) => return documents::order(env, id, name),
        ("sale.order.line", name) => return documents::order_line(env, id, name),
        ("account.move", name) => return documents::account_move(env, id, name),
        ("account.move.line", name) => return documents::account_line(env, id, name),
        ("crm.lead", name) => return lead(env, id, name),
        ("website.page", name) => return super::websites::page(env, id, name),
        ("ir.ui.view", "arch" | "arch_base") => env.value(model, id, "arch_db"),
        ("ir.attachment", name) => return attachment(env, id, name),
        ("ir.model" | "ir.model.fields", name) => return reflected(env, model, id, name),
        ("ir.module.module.dependency", name) => return dependency(env, id, name),
        ("ir.module.module", "latest_version") => env.value(model, id, "installed_version"),
        _ => return None,
    })
}

pub(crate) fn display_name(env: &Env<'_>, model: &str, id: i64) -> String {
    let named = || env.text(model, id, "name");
    match model {
        "res.partner" => partner_name(env, id),
        "res.users" => env
            .link(model, id, "partner_id")
            .map(|partner| env.text("res.partner", partner, "name"))
            .unwrap_or_default(),
        "res.country.state" => {
            let country = env
                .link(model, id, "country_id")
                .map(|country| env.text("res.country", country, "code"))
                .unwrap_or_default();
            format!("{} ({country})", named())
        }
        "product.category" => path_name(env, model, id, " / "),
        "res.partner.category" => path_name(env, model, id, " / "),
        "product.product" | "product.template" => {
            let (code, name) = (env.text(model, id, "default_code"), named());
            if code.is_empty() { name } else { format!("[{code}] {name}") }
        }
        "sale.order.line" => {
            let order = env
                .link(model, id, "order_id")
                .map(|order| env.text("sale.order", order, "name"))
                .unwrap_or_default();
            let label = named();
            let first_line = label.lines().next().unwrap_or_default();
            match env.link(model, id, "order_partner_id") {
                Some(partner) if !env.is_14() => {
                    format!("{order} - {first_line} ({})", display_name(env, "res.partner", partner))
                }
                _ => format!("{order} - {first_line}"),
            }
        }
        "account.move" => documents::move_name(env, id),
        "account.move.line" => {
            let entry = env
                .link(model, id, "move_id")
                .map(|entry| env.text("account.move", entry, "name"))
                .unwrap_or_default();
            let label = named();
            if label.is_empty() { entry } else { format!("{entry} {label}") }
        }
        "account.account" => format!("{} {}", env.text(model, id, "code"), named()),
        "ir.model.fields" => {
            let owner = env.text(model, id, "model");
            let shown = if env.is_14() {
                owner
            } else {
                env.schema.get(&owner).map_or(owner.clone(), |found| found.label().to_owned())
            };
            format!("{} ({shown})", env.text(model, id, "field_description"))
        }
        "ir.config_parameter" => env.text(model, id, "key"),
        "ir.module.module" => env.text(model, id, "shortdesc"),
        "mail.message" => env.text(model, id, "record_name"),
        _ => named(),
    }
}

fn partner_name(env: &Env<'_>, id: i64) -> String {
    let name = env.text("res.partner", id, "name");
    let parent = env.link("res.partner", id, "parent_id");
    let is_company = truthy(&env.value("res.partner", id, "is_company"));
    let above = match parent {
        Some(parent) if !is_company => env.text("res.partner", parent, "name"),
        _ if !is_company => env.text("res.partner", id, "company_name"),
        _ => String::new(),
    };
    let name = if name.is_empty() {
        let kind = env.text("res.partner", id, "type");
        match env.field("res.partner", "type").map(|field| field.kind) {
            Some(Kind::Selection(options)) => options
                .iter()
                .find(|(key, _)| *key == kind)
                .map(|(_, label)| (*label).to_owned())
                .unwrap_or_default(),
            _ => String::new(),
        }
    } else {
        name
    };
    if above.is_empty() { name } else { format!("{above}, {name}") }
}

fn partner(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "res.partner";
    Some(match field {
        "complete_name" => Value::from(partner_name(env, id)),
        "parent_name" => text_or_false(
            env.link(model, id, "parent_id")
                .map(|parent| env.text(model, parent, "name"))
                .unwrap_or_default(),
        ),
        "company_type" => {
            Value::from(if truthy(&env.value(model, id, "is_company")) { "company" } else { "person" })
        }
        "commercial_partner_id" => Value::from(commercial_partner(env, id)),
        "commercial_company_name" => {
            let commercial = commercial_partner(env, id);
            if truthy(&env.value(model, commercial, "is_company")) {
                env.value(model, commercial, "name")
            } else {
                env.value(model, id, "company_name")
            }
        }
        "email_normalized" => text_or_false(env.text(model, id, "email").trim().to_lowercase()),
        "email_formatted" => {
            let email = env.text(model, id, "email");
            if email.is_empty() {
                Value::Bool(false)
            } else {
                Value::from(format!("\"{}\" <{email}>", env.text(model, id, "name")))
            }
        }
        "country_code" => env
            .link(model, id, "country_id")
            .map_or(Value::Bool(false), |country| env.value("res.country", country, "code")),
        "partner_share" => Value::Bool(!env.db.ids("res.users").into_iter().any(|user| {
            env.link("res.users", user, "partner_id") == Some(id)
                && !truthy(&env.value("res.users", user, "share"))
        })),
        "sale_order_count" => json!(of_family(env, id, "sale.order")),
        "opportunity_count" => json!(of_family(env, id, "crm.lead")),
        "total_invoiced" => {
            let family = commercial_partner(env, id);
            json!(round2(
                env.db
                    .ids("account.move")
                    .into_iter()
                    .filter(|entry| {
                        let partner = env
                            .link("account.move", *entry, "partner_id")
                            .map(|partner| commercial_partner(env, partner));
                        partner == Some(family)
                            && env.text("account.move", *entry, "state") == "posted"
                            && env.text("account.move", *entry, "move_type").starts_with("out_")
                    })
                    .map(|entry| env.number("account.move", entry, "amount_untaxed_signed"))
                    .sum()
            ))
        }
        "currency_id" => company_currency(env, env.link(model, id, "company_id")),
        "contact_address" => {
            let city = [env.text(model, id, "zip"), env.text(model, id, "city")].join(" ");
            let country = env
                .link(model, id, "country_id")
                .map(|country| env.text("res.country", country, "name"))
                .unwrap_or_default();
            Value::from(
                [env.text(model, id, "street"), env.text(model, id, "street2"), city, country].join("\n"),
            )
        }
        "same_vat_partner_id" => {
            let vat = env.text(model, id, "vat");
            let same = env.db.ids(model).into_iter().find(|other| {
                *other != id
                    && !vat.is_empty()
                    && env.link(model, id, "parent_id").is_none()
                    && env.text(model, *other, "vat") == vat
            });
            same.map_or(Value::Bool(false), Value::from)
        }
        _ => return None,
    })
}

/// The company a contact belongs to, or the contact itself.
pub(crate) fn commercial_partner(env: &Env<'_>, id: i64) -> i64 {
    let mut at = id;
    // Data with a cycle must not hang the sandbox; real Odoo forbids cycles.
    for _ in 0..32 {
        if truthy(&env.value("res.partner", at, "is_company")) {
            return at;
        }
        match env.link("res.partner", at, "parent_id") {
            Some(parent) => at = parent,
            None => return at,
        }
    }
    at
}

fn of_family(env: &Env<'_>, id: i64, model: &str) -> usize {
    let belongs = |partner: i64| {
        let mut at = Some(partner);
        let mut steps = 0;
        while let Some(current) = at {
            if current == id {
                return true;
            }
            steps += 1;
            at = if steps > 32 { None } else { env.link("res.partner", current, "parent_id") };
        }
        false
    };
    env.db
        .ids(model)
        .into_iter()
        .filter(|record| env.link(model, *record, "partner_id").is_some_and(belongs))
        .count()
}

fn user(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let through_partner = match field {
        "name" | "email" | "phone" | "lang" | "tz" | "image_1920" => field,
        "password" | "new_password" => {
            return Some(Value::from(if field == "password" { "********" } else { "" }));
        }
        _ => return None,
    };
    let partner = env.link("res.users", id, "partner_id")?;
    Some(env.value("res.partner", partner, through_partner))
}

fn company(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let through_partner = match field {
        "street" | "street2" | "city" | "zip" | "state_id" | "country_id" | "email" | "phone" | "website"
        | "vat" => field,
        "logo" => "image_1920",
        "user_ids" => return Some(linked_from(env, "res.users", "company_ids", id)),
        _ => return None,
    };
    let partner = env.link("res.company", id, "partner_id")?;
    Some(env.value("res.partner", partner, through_partner))
}

pub(crate) fn company_currency(env: &Env<'_>, company: Option<i64>) -> Value {
    env.value("res.company", company.unwrap_or_else(|| env.company()), "currency_id")
}

fn template(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let variants = || env.lines("product.template", id, "product.product", "product_tmpl_id");
    Some(match field {
        "product_variant_id" => variants().first().copied().map_or(Value::Bool(false), Value::from),
        "product_variant_count" => json!(variants().len()),
        "currency_id" => company_currency(env, env.link("product.template", id, "company_id")),
        _ => return None,
    })
}

fn product(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let template = env.link_stored("product.product", id, "product_tmpl_id")?;
    Some(match field {
        "product_tmpl_id" => Value::from(template),
        "default_code" | "barcode" | "active" => {
            let own = env.db.get("product.product", id).and_then(|record| record.get(field)).cloned();
            own.unwrap_or_else(|| env.value("product.template", template, field))
        }
        "lst_price" | "list_price" => env.value("product.template", template, "list_price"),
        "code" => env.value("product.product", id, "default_code"),
        "partner_ref" => Value::from(env.display_name("product.product", id)),
        "virtual_available" => env.value("product.template", template, "qty_available"),
        "is_product_variant" => Value::Bool(true),
        "combination_indices" => return None,
        _ => {
            env.field("product.template", field)?;
            env.value("product.template", template, field)
        }
    })
}

fn lead(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "crm.lead";
    Some(match field {
        "company_currency" => company_currency(env, env.link(model, id, "company_id")),
        "email_normalized" => text_or_false(env.text(model, id, "email_from").trim().to_lowercase()),
        "commercial_partner_id" => env
            .link(model, id, "partner_id")
            .map_or(Value::Bool(false), |partner| Value::from(commercial_partner(env, partner))),
        "quotation_count" => json!(env.ids(model, id, "order_ids").len()),
        "won_status" => {
            let won = env
                .link(model, id, "stage_id")
                .is_some_and(|stage| truthy(&env.value("crm.stage", stage, "is_won")));
            Value::from(if won {
                "won"
            } else if env.is_active(model, id) {
                "pending"
            } else {
                "lost"
            })
        }
        _ => return None,
    })
}

fn attachment(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    let model = "ir.attachment";
    Some(match field {
        "res_name" => {
            let (target, record) =
                (env.text(model, id, "res_model"), env.value(model, id, "res_id").as_i64());
            match record {
                Some(record) if env.db.exists(&target, record) => {
                    Value::from(env.display_name(&target, record))
                }
                _ => Value::Bool(false),
            }
        }
        "raw" => env.value(model, id, "datas"),
        "file_size" => json!(super::read::decoded_size(&env.text(model, id, "datas"))),
        _ => return None,
    })
}

/// Dependencies know each other by name alone.
fn dependency(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    if !matches!(field, "depend_id" | "state") {
        return None;
    }
    let module = "ir.module.module";
    let wanted = env.text("ir.module.module.dependency", id, "name");
    let found = env.db.ids(module).into_iter().find(|other| env.text(module, *other, "name") == wanted)?;
    Some(if field == "state" { env.value(module, found, "state") } else { Value::from(found) })
}

fn reflected(env: &Env<'_>, model: &str, id: i64, field: &str) -> Option<Value> {
    Some(match (model, field) {
        ("ir.model", "count") => json!(env.db.count(&env.text(model, id, "model"))),
        ("ir.model", "order") => {
            json!(env.schema.get(&env.text(model, id, "model")).map(|found| found.order()))
        }
        ("ir.model.fields", "complete_name") => Value::from(format!(
            "{} ({})",
            env.text(model, id, "field_description"),
            env.text(model, id, "model")
        )),
        _ => return None,
    })
}

/// Records of `model` whose stored many2many `field` holds `id`.
fn linked_from(env: &Env<'_>, model: &str, field: &str, id: i64) -> Value {
    let holds = |record: &i64| env.ids(model, *record, field).contains(&id);
    Value::from(env.db.ids(model).into_iter().filter(holds).collect::<Vec<_>>())
}

fn path_name(env: &Env<'_>, model: &str, id: i64, separator: &str) -> String {
    let mut names = vec![env.text(model, id, "name")];
    let mut at = env.link(model, id, "parent_id");
    while let (Some(parent), true) = (at, names.len() < 32) {
        names.push(env.text(model, parent, "name"));
        at = env.link(model, parent, "parent_id");
    }
    names.reverse();
    names.join(separator)
}

fn parent_path(env: &Env<'_>, model: &str, id: i64) -> String {
    let mut ids = vec![id];
    let mut at = env.link(model, id, "parent_id");
    while let (Some(parent), true) = (at, ids.len() < 32) {
        ids.push(parent);
        at = env.link(model, parent, "parent_id");
    }
    ids.iter().rev().map(|id| format!("{id}/")).collect()
}

fn text_or_false(text: String) -> Value {
    if text.is_empty() { Value::Bool(false) } else { Value::String(text) }
}

fn strip_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(character),
            _ => {}
        }
    }
    text
}

/// Rounded to cents.
pub(crate) fn round2(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
