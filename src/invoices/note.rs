//! The note on the bill: what was read, how sure the model was, and whether the sums agree. Every text
//! of the document is escaped, and numbers of people are masked.

use serde_json::Value;

use super::context::{RunContext, WriteBack};
use crate::{facts::Decimal, identifiers::masked_extraction, markup::escaped_text};

/// Confidence from which on a value is green, and amber.
const GREEN_FROM: f64 = 0.85;
const AMBER_FROM: f64 = 0.70;
const GREEN: &str = "#1f883d";
const AMBER: &str = "#bf8700";
const RED: &str = "#d1242f";
/// Lines that are shown.
const LINES_MAX: usize = 5;
/// Longest raw text.
const RAW_CHARS_MAX: usize = 4_000;
/// Longest value of a table.
const VALUE_CHARS_MAX: usize = 200;

const FIELDS: &[(&str, &str)] = &[
    ("partner_name", "Vendor"),
    ("partner_vat", "VAT number"),
    ("partner_eik", "Company number"),
    ("invoice_number", "Number"),
    ("invoice_date", "Date"),
    ("document_type", "Kind"),
    ("currency", "Currency"),
    ("amount_untaxed", "Untaxed"),
    ("amount_tax", "Tax"),
    ("amount_total", "Total"),
    ("customs_mrn", "Customs number"),
];

/// The whole note.
pub(super) fn html(context: &RunContext, done: &WriteBack) -> String {
    let Some(found) = &context.extraction else { return String::new() };
    let data = masked_extraction(&found.data);
    let mut out = String::from("<div>");
    out.push_str("<p>");
    badge(&mut out, &found.model, "#0969da");
    badge(&mut out, &format!("prompt {}", found.prompt_version), "#57606a");
    if context.escalation.as_ref().is_some_and(|escalation| escalation.escalated) {
        badge(&mut out, "two-pass", "#8250df");
    }
    if found.was_cleaned {
        badge(&mut out, "document sanitised", AMBER);
    }
    if found.suspicious_instructions {
        badge(&mut out, "addresses the model", RED);
    }
    out.push_str("</p>");
    if let Some(file) = &context.attachment {
        out.push_str(&format!("<p>Attachment {}: {}</p>", file.id, safe(&file.name)));
    }
    table(&mut out, &data, &found.confidence);
    lines(&mut out, &data);
    let color = if done.arithmetic_ok { GREEN } else { AMBER };
    out.push_str(&format!("<p style=\"color: {color}\">Sums: {}</p>", safe(&done.arithmetic_note)));
    list(&mut out, "To look at", done.warnings.iter().map(String::as_str));
    let skipped: Vec<String> =
        done.skipped.iter().map(|left| format!("{}: {}", left.field, left.reason)).collect();
    list(&mut out, "Left alone", skipped.iter().map(String::as_str));
    if !done.fields_written.is_empty() {
        out.push_str(&format!("<p>Filled: {}</p>", safe(&done.fields_written.join(", "))));
    }
    let raw = serde_json::to_string_pretty(&data).unwrap_or_default();
    let raw: String = raw.chars().take(RAW_CHARS_MAX).collect();
    out.push_str(&format!(
        "<details><summary>All values</summary><pre>{}</pre></details>",
        escaped_text(&raw)
    ));
    // Visible, and how a run that was interrupted finds its note again.
    out.push_str(&format!("<p><em>{}</em></p></div>", escaped_text(&context.run_id)));
    out
}

fn badge(out: &mut String, text: &str, color: &str) {
    out.push_str(&format!(
        "<span style=\"background-color: {color}; color: #ffffff; padding: 1px 6px; border-radius: 6px\">{}</span> ",
        safe(text)
    ));
}

fn table(out: &mut String, data: &Value, confidence: &super::extraction::Confidence) {
    out.push_str("<table><tbody>");
    for (field, label) in FIELDS {
        let value = data.get(*field).unwrap_or(&Value::Null);
        if value.is_null() && !confidence.contains_key(*field) && !field.starts_with("amount") {
            continue;
        }
        let shown = if field.starts_with("amount") { money(value) } else { words(value) };
        out.push_str(&format!("<tr><td>{label}</td><td>{}</td><td>", safe(&shown)));
        if let Some(sure) = confidence.get(*field) {
            badge(out, &format!("{:.0}%", sure * 100.0), color_of(*sure));
        }
        out.push_str("</td></tr>");
    }
    out.push_str("</tbody></table>");
}

fn color_of(sure: f64) -> &'static str {
    if sure >= GREEN_FROM {
        GREEN
    } else if sure >= AMBER_FROM {
        AMBER
    } else {
        RED
    }
}

fn lines(out: &mut String, data: &Value) {
    let lines = data.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if lines.is_empty() {
        return;
    }
    out.push_str("<ul>");
    for line in lines.iter().take(LINES_MAX) {
        let part = |field: &str| line.get(field).unwrap_or(&Value::Null);
        let rate = match part("tax_rate") {
            Value::Number(rate) => format!(", {rate} %"),
            _ => String::new(),
        };
        let shown = format!("{}: {}{rate}", words(part("description")), money(part("amount_subtotal")));
        out.push_str(&format!("<li>{}</li>", safe(&shown)));
    }
    out.push_str("</ul>");
    if lines.len() > LINES_MAX {
        out.push_str(&format!("<p>{} more</p>", lines.len() - LINES_MAX));
    }
}

fn list<'a>(out: &mut String, title: &str, entries: impl Iterator<Item = &'a str>) {
    let entries: Vec<String> = entries.map(|entry| format!("<li>{}</li>", safe(entry))).collect();
    if !entries.is_empty() {
        out.push_str(&format!("<p>{title}:</p><ul>{}</ul>", entries.concat()));
    }
}

/// Text of anybody as text of a page, cut to a length.
fn safe(text: &str) -> String {
    let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
    escaped_text(&short).to_string()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Two decimal places and spaces between thousands.
fn money(value: &Value) -> String {
    let Value::Number(number) = value else { return words(value) };
    let Some(cents) = cents(number) else { return number.to_string() };
    let (units, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let digits = units.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{grouped}.{rest:02}")
}

fn cents(number: &serde_json::Number) -> Option<i64> {
    let amount = Decimal::of_json(number).ok()?.to_string().parse::<f64>().ok()?;
    let cents = (amount * 100.0).round();
    // Beyond this a float is no exact number of cents.
    (cents.abs() < 9e15).then_some(cents as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{
            context::{EscalationFacts, Extracted, TenantFacts},
            files::AttachmentFacts,
        },
        *,
    };
    use crate::{invoices::RunRequest, usage::Millicents};

    fn note(
        data: Value,
        confidence: &[(&str, f64)],
        change: impl FnOnce(&mut RunContext, &mut WriteBack),
    ) -> String {
        let mut context = RunContext::new("run-1".to_owned(), TenantFacts::default(), RunRequest::of_bill(7));
        context.attachment =
            Some(AttachmentFacts { id: 5, name: "bill.pdf".to_owned(), ..Default::default() });
        context.extraction = Some(Extracted {
            data,
            confidence: confidence.iter().map(|(field, sure)| ((*field).to_owned(), *sure)).collect(),
            model: "claude-haiku-4-5".to_owned(),
            prompt_version: "v4".to_owned(),
            pages: 1,
            duration_ms: 1,
            input_tokens: 1,
            output_tokens: 1,
            cache_read_tokens: 0,
            cache_creation_tokens: 0,
            cost_known: true,
            cost_eur: Millicents(1),
            cost_usd: Millicents(1),
            call_id: "c".to_owned(),
            content_key: "k".to_owned(),
            reused: false,
            problems: Vec::new(),
            suspicious_instructions: false,
            raw_response: Value::Null,
            sanitized: Value::Null,
            was_cleaned: false,
        });
        let mut done = WriteBack {
            arithmetic_ok: true,
            arithmetic_note: "the sums agree".to_owned(),
            ..WriteBack::default()
        };
        change(&mut context, &mut done);
        html(&context, &done)
    }

    #[test]
    fn what_was_read_stands_in_the_note() {
        let line = |rate: u8| json!({"description": "Paper", "amount_subtotal": 50.0, "tax_rate": rate});
        let data = json!({
            "partner_name": "Хартия ООД", "partner_vat": "BG175074752", "amount_total": 1120.0,
            "lines": [line(20), line(9)],
        });
        let html = note(data, &[("partner_name", 0.95), ("partner_vat", 0.4)], |_, _| {});
        for piece in [
            "Хартия ООД",
            "BG175074752",
            "1\u{a0}120.00",
            "claude-haiku-4-5",
            "95%",
            GREEN,
            "40%",
            RED,
            "20 %",
            "9 %",
            "run-1",
            "<details>",
            "the sums agree",
        ] {
            assert!(html.contains(piece), "{piece}: {html}");
        }
        crate::markup::check_well_formed(&html).unwrap();
    }

    #[test]
    fn text_of_the_document_is_only_text() {
        let bad = "<script>alert(1)</script>\" onload=\"x";
        let data = json!({"partner_name": bad, "invoice_number": bad, "lines": [{"description": bad}]});
        let html = note(data, &[], |context, done| {
            done.warnings.push(bad.to_owned());
            context.attachment.as_mut().unwrap().name = bad.to_owned();
        });
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn doubts_are_seen() {
        let lines: Vec<Value> = (0..11).map(|_| json!({"description": "x"})).collect();
        let html = note(json!({"lines": lines}), &[], |context, done| {
            done.arithmetic_ok = false;
            context.escalation = Some(EscalationFacts { escalated: true, ..EscalationFacts::default() });
            if let Some(found) = &mut context.extraction {
                found.was_cleaned = true;
            }
        });
        for piece in ["6 more", AMBER, "two-pass", "document sanitised"] {
            assert!(html.contains(piece), "{piece}");
        }
    }

    #[test]
    fn amounts_have_two_places() {
        for (value, shown) in [
            (json!(120), "120.00"),
            (json!(-1234567.5), "-1\u{a0}234\u{a0}567.50"),
            (json!(null), "-"),
            (json!(0.1), "0.10"),
        ] {
            assert_eq!(money(&value), shown);
        }
    }
}
