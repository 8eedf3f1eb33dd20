//! The models of the sandbox, one file each: names, labels and fields as real Odoo 14 and 19 have them.
//!
//! A model leaves out most of the two hundred fields of the real one; what it has, it has under the real name.

mod account_account;
mod account_journal;
mod account_move;
mod account_move_line;
mod account_payment_term;
mod account_tax;
mod ai_pipeline_step;
mod blog_blog;
mod blog_post;
mod bus_bus;
mod crm_lead;
mod crm_stage;
mod crm_tag;
mod crm_team;
mod ir_actions_report;
mod ir_actions_server;
mod ir_attachment;
mod ir_config_parameter;
mod ir_model;
mod ir_model_fields;
mod ir_module_category;
mod ir_module_module;
mod ir_module_module_dependency;
mod ir_translation;
mod ir_ui_view;
mod mail_followers;
mod mail_message;
mod mail_message_subtype;
mod product_category;
mod product_product;
mod product_template;
mod res_company;
mod res_country;
mod res_country_state;
mod res_currency;
mod res_groups;
mod res_lang;
mod res_partner;
mod res_partner_category;
mod res_users;
mod sale_order;
mod sale_order_line;
mod uom_category;
mod uom_uom;
mod website;
mod website_page;

use std::collections::HashMap;

use super::field::{Field, Kind, SandboxVersion, char, datetime, integer, many2one};

/// One model, for both versions.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) label_14: &'static str,
    pub(crate) label_19: &'static str,
    pub(crate) order_14: &'static str,
    pub(crate) order_19: &'static str,
    /// The field a plain name search looks at.
    pub(crate) name_field: &'static str,
    /// Set when only one version has the model.
    pub(crate) only: Option<SandboxVersion>,
    pub(crate) fields: &'static [Field],
}

static ALL: &[&Model] = &[
    &res_partner::MODEL,
    &res_users::MODEL,
    &res_company::MODEL,
    &res_country::MODEL,
    &res_country_state::MODEL,
    &res_partner_category::MODEL,
    &res_currency::MODEL,
    &res_lang::MODEL,
    &res_groups::MODEL,
    &product_template::MODEL,
    &product_product::MODEL,
    &product_category::MODEL,
    &uom_uom::MODEL,
    &uom_category::MODEL,
    &sale_order::MODEL,
    &sale_order_line::MODEL,
    &account_move::MODEL,
    &account_move_line::MODEL,
    &account_journal::MODEL,
    &account_account::MODEL,
    &account_tax::MODEL,
    &account_payment_term::MODEL,
    &crm_lead::MODEL,
    &crm_stage::MODEL,
    &crm_team::MODEL,
    &crm_tag::MODEL,
    &ir_actions_report::MODEL,
    &ir_attachment::MODEL,
    &bus_bus::MODEL,
    &ir_actions_server::MODEL,
    &mail_followers::MODEL,
    &mail_message::MODEL,
    &mail_message_subtype::MODEL,
    &ir_model::MODEL,
    &ir_model_fields::MODEL,
    &ir_module_category::MODEL,
    &ir_module_module::MODEL,
    &ir_module_module_dependency::MODEL,
    &ir_config_parameter::MODEL,
    &ir_translation::MODEL,
    &ir_ui_view::MODEL,
    &website::MODEL,
    &website_page::MODEL,
    &blog_blog::MODEL,
    &blog_post::MODEL,
    &ai_pipeline_step::SKILL,
    &ai_pipeline_step::MODEL,
    &ai_pipeline_step::CALL,
    &ai_pipeline_step::STEPS,
];

/// Fields every model has.
static COMMON: &[Field] = &[
    integer("id", "ID").readonly(),
    char("display_name", "Display Name").readonly().unstored().searchable(),
    many2one("create_uid", "Created by", "res.users").readonly(),
    datetime("create_date", "Created on").readonly(),
    many2one("write_uid", "Last Updated by", "res.users").readonly(),
    datetime("write_date", "Last Updated on").readonly(),
    datetime("__last_update", "Last Modified on").readonly().unstored().searchable().only14(),
];

/// The models of one version, ready for look-ups.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) version: SandboxVersion,
    models: HashMap<&'static str, ModelSchema>,
    names: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) struct ModelSchema {
    pub(crate) model: &'static Model,
    pub(crate) fields: Vec<&'static Field>,
    by_name: HashMap<&'static str, &'static Field>,
    version: SandboxVersion,
}

impl Schema {
    pub(crate) fn new(version: SandboxVersion) -> Self {
        let models: HashMap<_, _> = ALL
            .iter()
            .filter(|model| model.only.is_none_or(|only| only == version))
            .map(|model| (model.name, ModelSchema::new(model, version)))
            .collect();
        let names = ALL.iter().map(|model| model.name).filter(|name| models.contains_key(name)).collect();
        Self { version, models, names }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ModelSchema> {
        self.models.get(name)
    }

    /// Every model, in a fixed order.
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }

    pub(crate) fn field(&self, model: &str, field: &str) -> Option<&'static Field> {
        self.get(model)?.field(field)
    }

    /// Fields of any model that point at `model` by a stored many2one.
    pub(crate) fn pointing_at(&self, model: &str) -> Vec<(&'static str, &'static Field)> {
        let mut found = Vec::new();
        for name in &self.names {
            let Some(schema) = self.get(name) else { continue };
            for field in &schema.fields {
                if field.stored && field.kind == Kind::Many2one(schema_name(self, model)) {
                    found.push((*name, *field));
                }
            }
        }
        found
    }
}

fn schema_name(schema: &Schema, model: &str) -> &'static str {
    schema.get(model).map_or("", |found| found.model.name)
}

impl ModelSchema {
    fn new(model: &'static Model, version: SandboxVersion) -> Self {
        let fields: Vec<&'static Field> = COMMON
            .iter()
            .chain(model.fields)
            .filter(|field| field.only.is_none_or(|only| only == version))
            .collect();
        let by_name = fields.iter().map(|field| (field.name, *field)).collect();
        Self { model, fields, by_name, version }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn label(&self) -> &'static str {
        match self.version {
            SandboxVersion::V14 => self.model.label_14,
            SandboxVersion::V19 => self.model.label_19,
        }
    }

    pub(crate) fn order(&self) -> &'static str {
        match self.version {
            SandboxVersion::V14 => self.model.order_14,
            SandboxVersion::V19 => self.model.order_19,
        }
    }

    pub(crate) fn has_active(&self) -> bool {
        self.by_name.contains_key("active")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A relation that leads to a model or inverse the version lacks would answer nonsense silently.
    #[test]
    fn relations_lead_somewhere() {
        for version in [SandboxVersion::V14, SandboxVersion::V19] {
            let schema = Schema::new(version);
            for name in schema.names() {
                for field in &schema.get(name).unwrap().fields {
                    if let Some(relation) = field.relation() {
                        assert!(
                            schema.get(relation).is_some(),
                            "{version:?} {name}.{} -> {relation}",
                            field.name
                        );
                    }
                    if let Kind::One2many { model, inverse } = field.kind {
                        assert!(schema.field(model, inverse).is_some(), "{version:?} {name}.{}", field.name);
                    }
                }
                for column in schema.get(name).unwrap().order().split(',') {
                    let column = column.split_whitespace().next().unwrap();
                    assert!(
                        schema.field(name, column).is_some(),
                        "{version:?} {name} is ordered by {column}"
                    );
                }
            }
        }
    }
}
