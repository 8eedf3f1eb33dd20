//! A document of the portal as one row.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Number, Value};

use super::kinds::Kind;
use crate::{
    facts::JsonObject,
    odoo::{ModelSchema, PermittedOdoo},
};

/// One document.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Row {
    id: i64,
    /// Its number or title.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<String>,
    /// Total with taxes, in `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    amount: Option<Number>,
    /// What is still to be paid, in `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    amount_due: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// Technical name of the state, or the name of the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// The state as people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_state: Option<String>,
    /// Such as `out_invoice`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Its page in the portal, for whoever is signed in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The page that prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pdf_url: Option<String>,
}

impl Row {
    pub(super) fn read(
        kind: Kind,
        record: &JsonObject,
        schema: &ModelSchema,
        odoo: &PermittedOdoo<'_>,
    ) -> Option<Self> {
        let state = shown(record.get(kind.state_field()));
        let path = text(record.get("access_url"));
        let pdf_path = path.as_deref().filter(|_| kind.has_pdf()).map(of_pdf);
        Some(Self {
            id: record.get("id")?.as_i64()?,
            name: shown(record.get("name")).unwrap_or_default(),
            date: text(record.get(kind.date_field())),
            due_date: text(record.get("invoice_date_due")),
            amount: number(record.get("amount_total")),
            amount_due: number(record.get("amount_residual")),
            currency: shown(record.get("currency_id")),
            state_label: state.as_deref().and_then(|state| label(schema, kind.state_field(), state)),
            state,
            payment_state: text(record.get("payment_state")),
            kind: text(record.get("move_type")),
            url: path.as_deref().and_then(|path| odoo.page_address(path)),
            pdf_url: pdf_path.as_deref().and_then(|path| odoo.page_address(path)),
        })
    }
}

/// The page of a document, asked for as PDF.
pub(super) fn of_pdf(path: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}report_type=pdf&download=true")
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text, or the name of a related record.
fn shown(value: Option<&Value>) -> Option<String> {
    text(value).or_else(|| text(value?.get(1)))
}

fn number(value: Option<&Value>) -> Option<Number> {
    value?.as_number().cloned()
}

fn label(schema: &ModelSchema, field: &str, state: &str) -> Option<String> {
    let choices = &schema.field(field)?.selection;
    choices.iter().find(|(key, _)| key == state).map(|(_, label)| label.clone())
}
