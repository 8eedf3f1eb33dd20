//! Modules, parameters, and the models' description of themselves.

use serde_json::{Value, json};

use super::{Loader, id_at};
use crate::sandbox::{field::Kind, models::Schema};

/// Technical name, title, whether it is an application, whether it is installed.
const MODULES: &[(&str, &str, bool, bool)] = &[
    ("base", "Base", false, true),
    ("web", "Web", false, true),
    ("mail", "Discuss", true, true),
    ("contacts", "Contacts", true, true),
    ("product", "Products & Pricelists", false, true),
    ("account", "Invoicing", true, true),
    ("sale", "Sales", false, true),
    ("sale_management", "Sales Management", true, true),
    ("crm", "CRM", true, true),
    ("uom", "Units of measure", false, true),
    ("portal", "Customer Portal", false, true),
    ("purchase", "Purchase", true, false),
    ("stock", "Inventory", true, false),
    ("project", "Project", true, false),
    ("hr", "Employees", true, false),
    ("website", "Website", true, true),
    ("website_blog", "Blog", true, true),
    ("odoo_mcp_ai_test", "odoo-mcp: AI invoices for tests", false, true),
];

/// What a module needs.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("web", &["base"]),
    ("mail", &["base", "web"]),
    ("contacts", &["base", "mail"]),
    ("product", &["base", "mail", "uom"]),
    ("uom", &["base"]),
    ("portal", &["web", "mail"]),
    ("account", &["product", "portal"]),
    ("sale", &["account", "portal"]),
    ("sale_management", &["sale"]),
    ("crm", &["mail", "contacts"]),
    ("purchase", &["account"]),
    ("stock", &["product"]),
    ("project", &["portal"]),
    ("hr", &["web"]),
    ("website", &["portal"]),
    ("website_blog", &["website"]),
    ("odoo_mcp_ai_test", &["account"]),
];

pub(super) fn load(loader: &mut Loader, schema: &Schema) {
    modules(loader);
    parameters(loader);
    reports(loader);
    models(loader, schema);
}

fn reports(loader: &mut Loader) {
    let named = [
        ("Quotation / Order", "sale.order", "sale.report_saleorder"),
        ("Pro-forma Invoice", "sale.order", "sale.report_saleorder_pro_forma"),
        ("Invoices", "account.move", "account.report_invoice_with_payments"),
    ];
    for (index, (title, model, report_name)) in named.into_iter().enumerate() {
        let values = [
            ("name", json!(title)),
            ("model", json!(model)),
            ("report_type", json!("qweb-pdf")),
            ("report_name", json!(report_name)),
            ("report_file", json!(report_name)),
        ];
        loader.put("ir.actions.report", id_at(index), values);
    }
}

fn modules(loader: &mut Loader) {
    loader.put("ir.module.category", 1, [("name", json!("Services")), ("sequence", json!(10))]);
    let version = if loader.is_14() { "14.0.1.0" } else { "19.0.1.0" };
    for (index, (name, title, application, installed)) in MODULES.iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("shortdesc", json!(title)),
            ("summary", json!(format!("{title} of the sandbox"))),
            ("author", json!("Sandbox")),
            ("state", json!(if *installed { "installed" } else { "uninstalled" })),
            ("application", json!(application)),
            ("auto_install", json!(false)),
            ("installed_version", if *installed { json!(version) } else { json!(false) }),
            ("license", json!("LGPL-3")),
            ("sequence", json!(100)),
            ("category_id", json!(1)),
        ];
        loader.put("ir.module.module", id_at(index), values);
    }
    let id_of = |name: &str| MODULES.iter().position(|module| module.0 == name).map(id_at);
    let pairs =
        DEPENDENCIES.iter().flat_map(|(module, needs)| needs.iter().map(move |need| (*module, *need)));
    for (index, (module, need)) in pairs.enumerate() {
        let values = [
            ("name", json!(need)),
            ("module_id", json!(id_of(module))),
            ("auto_install_required", json!(true)),
        ];
        loader.put("ir.module.module.dependency", id_at(index), values);
    }
}

fn parameters(loader: &mut Loader) {
    let parameters = [
        ("web.base.url", "http://127.0.0.1"),
        ("database.uuid", "00000000-0000-4000-8000-000000000001"),
        ("mail.catchall.domain", "trading.example"),
        ("sale.automatic_invoice", "False"),
    ];
    for (index, (key, value)) in parameters.into_iter().enumerate() {
        loader.put("ir.config_parameter", id_at(index), [("key", json!(key)), ("value", json!(value))]);
    }
}

fn models(loader: &mut Loader, schema: &Schema) {
    let mut field_id = 0;
    for (index, name) in schema.names().iter().enumerate() {
        let Some(described) = schema.get(name) else { continue };
        let model_id = id_at(index);
        let mut values = vec![
            ("name", json!(described.label())),
            ("model", json!(name)),
            ("state", json!("base")),
            ("transient", json!(false)),
            ("modules", json!("base")),
        ];
        if !loader.is_14() {
            values.push(("abstract", json!(false)));
        }
        loader.put("ir.model", model_id, values);
        for field in &described.fields {
            field_id += 1;
            let mut values = vec![
                ("name", json!(field.name)),
                ("model", json!(name)),
                ("model_id", json!(model_id)),
                ("field_description", json!(field.label)),
                ("ttype", json!(field.type_name())),
                ("required", json!(field.required)),
                ("readonly", json!(field.readonly)),
                ("store", json!(field.stored)),
                ("state", json!("base")),
                ("modules", json!("base")),
            ];
            if let Some(relation) = field.relation() {
                values.push(("relation", json!(relation)));
            }
            if let Kind::One2many { inverse, .. } = field.kind {
                values.push(("relation_field", Value::from(inverse)));
            }
            loader.put("ir.model.fields", field_id, values);
        }
    }
}
