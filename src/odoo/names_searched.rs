//! Fields that are compared along with a record's name.
//!
//! Looking for a contact by name finds one by its e-mail address as well, and so tells it. Odoo does
//! not publish these lists, so those of the standard models stand here, of all versions together.
//! Deliberately absent: the name itself, and names of related records.

use crate::facts::{FieldName, FieldUse, ModelName, RecordEffect, Use};

const SEARCHED: &[(&str, &[&str])] = &[
    ("account.account", &["code"]),
    ("account.analytic.account", &["code"]),
    ("account.journal", &["code"]),
    ("account.move", &["ref", "partner_id"]),
    ("account.tax", &["description", "invoice_label"]),
    ("ir.model", &["model"]),
    ("ir.module.module", &["shortdesc", "summary"]),
    ("mrp.bom", &["code"]),
    ("payment.token", &["payment_details", "partner_id", "provider_id"]),
    ("product.product", &["default_code", "barcode"]),
    ("product.template", &["default_code", "barcode"]),
    ("purchase.order", &["partner_ref"]),
    ("res.bank", &["bic"]),
    ("res.city", &["zipcode"]),
    ("res.country", &["code"]),
    ("res.country.state", &["code"]),
    ("res.currency", &["full_name"]),
    ("res.partner", &["email", "ref", "vat", "company_registry"]),
    ("res.users", &["login"]),
    ("stock.location", &["barcode"]),
];

/// What stands for a record wherever names are shown or compared.
pub(super) const DISPLAY_NAME: &str = "display_name";

/// The fields that are compared when records of this model are looked for by name.
pub(super) fn searched_with_name(model: &ModelName) -> &'static [&'static str] {
    SEARCHED.iter().find(|(known, _)| *known == model.as_str()).map_or(&[], |(_, fields)| fields)
}

/// The effect with what a comparison of its own names compares, known without definitions.
#[must_use]
pub fn with_names_searched(mut effect: RecordEffect) -> RecordEffect {
    if effect.fields_filtered.iter().any(|path| path == DISPLAY_NAME) {
        let fields = searched_with_name(&effect.model).iter().filter_map(|name| FieldName::parse(name).ok());
        let uses =
            fields.map(|field| FieldUse { model: effect.model.clone(), field, how: Use::Filter }).collect();
        effect.uses = uses;
    }
    effect
}
