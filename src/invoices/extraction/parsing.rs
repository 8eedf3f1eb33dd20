//! An answer is material: field by field it becomes what the schema names, or nothing.

use serde_json::{Map, Value};

use super::{
    Confidence,
    confidence::confidence_of,
    fields::{BILL, BILL_LINE, Field},
};

/// Lines of one document; honest ones have far fewer.
const LINES_MAX: usize = 2_000;
/// What is told of the values that were not believed.
const PROBLEMS_MAX: usize = 50;
/// Longest name of a field that is repeated to a person.
const NAME_CHARS_MAX: usize = 60;

/// What an answer says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// Every field of the schema, null where nothing was believed.
    pub data: Value,
    pub confidence: Confidence,
    /// What was not believed, for a person.
    pub problems: Vec<String>,
}

/// Reads an answer about a bill.
pub fn parse_bill(answer: &Value) -> Parsed {
    let mut problems = Problems::default();
    let mut data = read_fields(BILL, answer, "", &mut problems);
    data.insert("lines".to_owned(), read_lines(BILL_LINE, answer.get("lines"), &mut problems));
    tell_of_others(answer, BILL, &["lines", "_confidence"], &mut problems);
    Parsed {
        data: Value::Object(data),
        confidence: confidence_of(answer.get("_confidence")),
        problems: problems.0,
    }
}

/// What was not believed, as far as it is told.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(problem());
        }
    }
}

pub(super) fn read_fields(
    fields: &[Field],
    answer: &Value,
    place: &str,
    problems: &mut Problems,
) -> Map<String, Value> {
    let mut read = Map::new();
    for field in fields {
        let given = answer.get(field.name).unwrap_or(&Value::Null);
        let value = field.kind.read(given);
        // A text may say that there is nothing.
        let said_something = !given.is_null() && given.as_str().is_none_or(|text| !is_nothing(text));
        if value.is_none() && said_something {
            problems.add(|| format!("`{place}{}` is not what was asked for and was left out", field.name));
        }
        read.insert(field.name.to_owned(), value.unwrap_or_default());
    }
    read
}

fn is_nothing(text: &str) -> bool {
    ["", "-", "n/a", "null", "none"].contains(&text.trim().to_lowercase().as_str())
}

pub(super) fn read_lines(fields: &[Field], lines: Option<&Value>, problems: &mut Problems) -> Value {
    let lines = match lines {
        None | Some(Value::Null) => return Value::Array(Vec::new()),
        Some(Value::Array(lines)) => lines,
        Some(_) => {
            problems.add(|| "`lines` is no list and was left out".to_owned());
            return Value::Array(Vec::new());
        }
    };
    if lines.len() > LINES_MAX {
        problems.add(|| format!("there were {} lines; only the first {LINES_MAX} were read", lines.len()));
    }
    let mut read = Vec::new();
    for (index, line) in lines.iter().take(LINES_MAX).enumerate() {
        let place = format!("lines[{index}].");
        let values = read_fields(fields, line, &place, problems);
        if values.values().all(Value::is_null) {
            problems.add(|| format!("`lines[{index}]` says nothing and was left out"));
        } else {
            read.push(Value::Object(values));
        }
    }
    Value::Array(read)
}

/// An answer that brings more than was asked for is not obeyed, and somebody should know.
pub(super) fn tell_of_others(answer: &Value, fields: &[Field], also: &[&str], problems: &mut Problems) {
    let Some(given) = answer.as_object() else {
        problems.add(|| "the answer is no object".to_owned());
        return;
    };
    for name in given.keys() {
        let known = fields.iter().any(|field| field.name == name) || also.contains(&name.as_str());
        if !known {
            problems.add(|| {
                let name = super::cleaning::text_of(name, NAME_CHARS_MAX).replace('`', "");
                format!("`{name}` was not asked for and was left out")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_good_answer_is_taken_as_it_is() {
        let answer = json!({
            "document_type": "in_invoice", "partner_name": "Фирма ООД", "partner_vat": "BG175074752",
            "invoice_number": "0000012345", "invoice_date": "2026-03-01", "currency": "EUR",
            "amount_untaxed": 75.5, "amount_tax": 15.1, "amount_total": 90.6, "payment_term_days": 14,
            "lines": [{"description": "Болт", "quantity": 2, "price_unit": 20, "tax_rate": 7.5, "amount_subtotal": 40}],
            "_confidence": {"partner_vat": 0.9},
        });
        let parsed = parse_bill(&answer);
        assert_eq!(parsed.problems, [] as [String; 0]);
        for (name, value) in answer.as_object().unwrap() {
            if !["lines", "_confidence"].contains(&name.as_str()) {
                assert_eq!(parsed.data[name], *value, "{name}");
            }
        }
        assert_eq!(parsed.data["lines"][0]["tax_rate"], 7.5);
        assert_eq!(parsed.data["lines"][0]["uom"], Value::Null);
        assert_eq!(parsed.data.get("_confidence"), None);
        assert_eq!(parsed.confidence["partner_vat"], 0.9);
    }

    #[test]
    fn what_is_not_of_the_kind_is_nothing() {
        let check = |name: &str, value: Value| {
            let parsed = parse_bill(&json!({name: value}));
            let nothing = if name == "lines" { json!([]) } else { Value::Null };
            assert_eq!(parsed.data[name], nothing, "{value}");
            assert_eq!(parsed.problems.len(), 1, "{value}: {:?}", parsed.problems);
        };
        check("document_type", json!("entry"));
        check("document_type", json!(["in_invoice"]));
        check("partner_name", json!({"a": 1}));
        check("partner_vat", json!("see above"));
        check("invoice_date", json!("1.3.2026"));
        check("currency", json!("EURO"));
        check("amount_total", json!("120,00 лв."));
        check("amount_total", json!(1e40));
        check("payment_term_days", json!(-3));
        check("l10n_bg_document_type", json!("01; drop table"));
        check("lines", json!("none of them"));
        check("__proto__", json!({}));
    }

    #[test]
    fn texts_that_say_nothing_are_nothing() {
        let parsed = parse_bill(&json!({"partner_vat": "N/A", "partner_name": " ", "invoice_date": "null"}));
        assert_eq!(parsed.data["partner_vat"], Value::Null);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    }

    #[test]
    fn there_is_an_end_to_everything() {
        let line = json!({"description": "x".repeat(10_000), "quantity": "a"});
        let answer = json!({"lines": vec![line; 3_000], "partner_name": "я".repeat(5_000)});
        let parsed = parse_bill(&answer);
        assert_eq!(parsed.data["lines"].as_array().unwrap().len(), LINES_MAX);
        assert_eq!(parsed.data["lines"][0]["description"].as_str().unwrap().len(), 500);
        assert_eq!(parsed.data["partner_name"].as_str().unwrap().chars().count(), 200);
        assert_eq!(parsed.problems.len(), PROBLEMS_MAX);
        for odd in [json!([]), json!(null), json!("text"), json!(5)] {
            let parsed = parse_bill(&odd);
            assert_eq!(parsed.data["lines"], json!([]), "{odd}");
        }
    }
}
