//! What was read from a document, put right: a new value, every change by name, and what to look at.
//!
//! Running it on its own result changes nothing. Deliberately absent: deciding whether a firm is
//! registered for VAT, and arithmetic beyond saying that sums do not agree.

mod amounts;
mod art_117;
mod cross_checks;
mod fields;
mod report;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};

pub use art_117::Supply;
pub use report::{Finding, Report};

/// What is known besides the document.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The day the check is made.
    pub today: Date,
    /// The VAT number of the company whose bill it is.
    pub own_vat: Option<String>,
    /// Its company number.
    pub own_eik: Option<String>,
    /// `move_type` of the bill; the document's own answer counts where it is not known.
    pub move_type: Option<String>,
    /// The supplier's country in two letters, where Odoo knows the supplier.
    pub supplier_country: Option<String>,
    /// What is supplied, where it is known.
    pub supply: Option<Supply>,
    /// Account numbers that Odoo knows of this supplier; nothing where the supplier is not known.
    pub known_ibans: Option<Vec<String>>,
    /// The codes that `l10n_bg_type_vat` can have in this database; nothing where it was not asked.
    pub vat_types: Option<Vec<String>>,
    /// Drop numbers of people instead of keeping them.
    pub reject_personal_numbers: bool,
}

impl Circumstances {
    /// Nothing is known but the day.
    pub fn on(today: Date) -> Self {
        Self {
            today,
            own_vat: None,
            own_eik: None,
            move_type: None,
            supplier_country: None,
            supply: None,
            known_ibans: None,
            vat_types: None,
            reject_personal_numbers: false,
        }
    }
}

/// A copy of the extraction with its changes, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Normalized {
    pub data: Value,
    pub changes: Vec<Change>,
    pub report: Report,
}

/// One value that is not as it was read. Numbers of people are masked here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The field, such as `partner_vat`.
    pub path: String,
    pub before: Value,
    pub after: Value,
    /// Why, in one stable word.
    pub rule: &'static str,
}

/// Puts an extraction right. What is no object is handed back with an empty report.
pub fn normalize_extraction(extraction: &Value, circumstances: &Circumstances) -> Normalized {
    let Value::Object(fields) = extraction else {
        return Normalized { data: extraction.clone(), changes: Vec::new(), report: Report::default() };
    };
    let mut work = Work {
        data: fields.clone(),
        changes: Vec::new(),
        report: Report { looked_at: true, ..Report::default() },
        circumstances,
    };
    fields::tax_numbers(&mut work);
    fields::customs_number(&mut work);
    fields::invoice_number(&mut work);
    fields::dates(&mut work);
    fields::currency(&mut work);
    fields::bank_account(&mut work);
    cross_checks::run(&mut work);
    amounts::check(&mut work);
    art_117::hint(&mut work);
    Normalized { data: Value::Object(work.data), changes: work.changes, report: work.report }
}

/// An extraction on its way.
struct Work<'a> {
    data: Map<String, Value>,
    changes: Vec<Change>,
    report: Report,
    circumstances: &'a Circumstances,
}

impl Work<'_> {
    /// The text of a field, with something in it.
    fn text(&self, field: &str) -> Option<&str> {
        self.data.get(field)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Sets a field and keeps what it was; nothing where that is the same.
    fn change(&mut self, field: &str, after: Value, rule: &'static str) -> bool {
        let before = self.data.get(field).cloned().unwrap_or(Value::Null);
        if before == after {
            return false;
        }
        self.changes.push(Change {
            path: field.to_owned(),
            before: shown(field, &before),
            after: shown(field, &after),
            rule,
        });
        self.data.insert(field.to_owned(), after);
        true
    }

    fn find(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        let finding = Finding { code, path: path.to_owned(), message: message.into() };
        if !self.report.findings.contains(&finding) {
            self.report.findings.push(finding);
        }
    }

    /// Is it a document that the company itself gives to a customer?
    fn is_sale(&self) -> bool {
        let kind = self.circumstances.move_type.as_deref().or_else(|| self.text("document_type"));
        kind.is_some_and(|kind| kind.starts_with("out_"))
    }
}

/// A value as a change may show it.
fn shown(field: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if super::masked::PERSONAL_FIELDS.contains(&field) => {
            super::masked::shown(text).into()
        }
        other => other.clone(),
    }
}
