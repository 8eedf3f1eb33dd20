//! Field by field: numbers cleaned, dates as ISO dates, currencies as codes.

use jiff::civil::Date;
use serde_json::Value;

use super::Work;
use crate::identifiers::{Checked, Kind, bulgarian_vat, cleaned::ascii_digit, eik, iban, mrn, vat};

/// VAT number and company number of the supplier. A bare company number is no VAT number: it moves to
/// where it belongs, and the VAT number it would have stays a candidate.
pub(super) fn tax_numbers(work: &mut Work<'_>) {
    let today = work.circumstances.today;
    company_number(work, today);
    let Some(given) = work.text("partner_vat").map(str::to_owned) else {
        if let Some(candidate) = work.text("partner_eik").and_then(|text| eik(text).candidate) {
            propose(work, candidate);
        }
        return;
    };
    let checked = vat(&given, today);
    work.report.vat_kind = Some(checked.kind);
    work.report.vat_valid = Some(checked.is_valid());
    for warning in &checked.warnings {
        work.find(warning.code(), "partner_vat", warning.to_string());
    }
    if checked.is_personal() && work.circumstances.reject_personal_numbers {
        work.report.vat_changed |= work.change("partner_vat", Value::Null, "personal_number_rejected");
        return;
    }
    if checked.valid_shape {
        if checked.normalized.starts_with(|c: char| c.is_ascii_digit()) {
            moved(work, &checked);
        } else {
            work.report.vat_changed |=
                work.change("partner_vat", checked.normalized.as_str().into(), "vat_written_properly");
        }
    }
    if let Some(entity) = &checked.eik
        && work.text("partner_eik").is_none()
    {
        // Of a branch the whole number is kept.
        let number = if checked.kind == Kind::EikBranch { &checked.normalized } else { entity };
        work.report.eik_filled = work.change("partner_eik", number.as_str().into(), "eik_from_vat");
    }
}

/// A number without a prefix leaves the VAT field.
fn moved(work: &mut Work<'_>, checked: &Checked) {
    if let Some(candidate) = &checked.candidate {
        propose(work, candidate.clone());
    }
    if !matches!(checked.kind, Kind::Eik | Kind::EikBranch) {
        work.change("partner_personal_number", checked.normalized.as_str().into(), "number_is_no_vat_number");
    } else if checked.valid_checksum != Some(true) && work.text("partner_eik").is_none() {
        work.change("partner_eik", checked.normalized.as_str().into(), "number_is_no_vat_number");
    }
    work.report.vat_changed |= work.change("partner_vat", Value::Null, "number_is_no_vat_number");
}

fn propose(work: &mut Work<'_>, candidate: String) {
    work.change("partner_vat_candidate", candidate.as_str().into(), "vat_candidate");
    work.report.vat_candidate = Some(candidate);
}

fn company_number(work: &mut Work<'_>, today: Date) {
    let Some(given) = work.text("partner_eik").map(str::to_owned) else { return };
    // A VAT number in the company's field says which company it is.
    let checked = match bulgarian_vat(&given, today) {
        with_prefix if with_prefix.normalized.starts_with("BG") => {
            with_prefix.eik.as_deref().map_or_else(|| with_prefix.clone(), eik)
        }
        _ => eik(&given),
    };
    if matches!(checked.kind, Kind::Eik | Kind::EikBranch) {
        work.change("partner_eik", checked.normalized.as_str().into(), "eik_written_properly");
        if checked.valid_checksum == Some(false) {
            work.find(
                "eik_check_digit",
                "partner_eik",
                "the check digit of the company number does not agree",
            );
        }
    } else {
        work.find("eik_shape", "partner_eik", "not a company number of nine or thirteen digits");
    }
}

pub(super) fn customs_number(work: &mut Work<'_>) {
    let Some(given) = work.text("customs_mrn").map(str::to_owned) else { return };
    let checked = mrn(&given);
    work.report.mrn_valid = Some(checked.valid_shape);
    if checked.valid_shape {
        work.change("customs_mrn", checked.normalized.as_str().into(), "mrn_written_properly");
    } else {
        work.find("mrn_shape", "customs_mrn", "not a movement reference number");
    }
    for warning in &checked.warnings {
        work.find("mrn_doubtful", "customs_mrn", warning.to_string());
    }
}

/// Words that stand before the number of an invoice.
const INVOICE_LABELS: &[&str] =
    &["фактура", "факт.", "invoice", "inv.", "номер", "no.", "nr.", "№", "#", ":"];
/// Bulgarian invoices are numbered with ten digits, leading zeros among them.
const INVOICE_DIGITS: usize = 10;

pub(super) fn invoice_number(work: &mut Work<'_>) {
    let given = match work.data.get("invoice_number").cloned() {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => {
            work.find(
                "invoice_number_as_number",
                "invoice_number",
                "read as a number: leading zeros may be lost",
            );
            number.to_string()
        }
        _ => return,
    };
    let mut rest = given.trim();
    while let Some(shorter) = INVOICE_LABELS.iter().find_map(|label| without_label(rest, label)) {
        rest = shorter;
    }
    if rest.is_empty() {
        return;
    }
    let number: String = rest.chars().map(ascii_digit).collect();
    work.change("invoice_number", number.as_str().into(), "invoice_number_cleaned");
    let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if supplier_is_bulgarian(work) && (!all_digits || number.len() != INVOICE_DIGITS) {
        work.find(
            "invoice_number_not_ten_digits",
            "invoice_number",
            "Bulgarian invoices are numbered with ten digits; this one may be misread",
        );
    }
}

fn without_label<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let head: String = text.chars().take(label.chars().count()).flat_map(char::to_lowercase).collect();
    if head != label {
        return None;
    }
    let rest = text.get(text.char_indices().nth(label.chars().count()).map_or(text.len(), |(at, _)| at)..)?;
    // `Invoice` is a label, the beginning of `Invoicer 7` is not.
    let ends_here = !label.ends_with(char::is_alphabetic) || !rest.starts_with(char::is_alphanumeric);
    ends_here.then(|| rest.trim_start())
}

fn supplier_is_bulgarian(work: &Work<'_>) -> bool {
    !work.is_sale()
        && match work.text("partner_vat") {
            Some(number) => number.starts_with("BG"),
            None => work.text("partner_eik").is_some_and(|number| eik(number).is_valid()),
        }
}

pub(super) fn dates(work: &mut Work<'_>) {
    for field in ["invoice_date", "delivery_date"] {
        let Some(given) = work.text(field).map(str::to_owned) else { continue };
        match date(&given) {
            Some(date) => {
                work.change(field, date.to_string().into(), "date_as_iso");
            }
            None => work.find("date_shape", field, "not a date of the calendar"),
        }
    }
}

/// An ISO date, or day, month and year with dots as Bulgarian documents have them.
pub(super) fn date(text: &str) -> Option<Date> {
    let text: String = text.chars().take(32).map(ascii_digit).collect();
    let text = text.trim().trim_end_matches("г.").trim();
    if let Ok(date) = text.parse::<Date>() {
        return (text.len() == 10).then_some(date);
    }
    let mut parts = text.split('.').map(str::trim);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.any(|rest| !rest.is_empty()) || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

pub(super) fn currency(work: &mut Work<'_>) {
    let Some(given) = work.text("currency").map(str::to_owned) else { return };
    let upper = given.chars().take(16).collect::<String>().to_uppercase();
    let code = match upper.trim_end_matches('.').trim() {
        "ЛВ" | "ЛЕВА" | "ЛЕВ" | "BGN" | "LV" => "BGN",
        "€" | "ЕВРО" | "EURO" | "EUR" => "EUR",
        "$" | "USD" => "USD",
        "£" | "GBP" => "GBP",
        other => other,
    };
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        work.change("currency", code.into(), "currency_as_code");
    } else {
        work.find("currency_shape", "currency", "not a currency code of three letters");
    }
}

pub(super) fn bank_account(work: &mut Work<'_>) {
    let Some(given) = work.text("partner_iban").map(str::to_owned) else { return };
    let checked = iban(&given);
    if checked.valid_shape {
        work.change("partner_iban", checked.normalized.as_str().into(), "iban_written_properly");
    }
    if !checked.is_valid() {
        work.find("iban_invalid", "partner_iban", "not a valid IBAN; do not pay to it unchecked");
    }
}
