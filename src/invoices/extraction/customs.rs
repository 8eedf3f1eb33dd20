//! Answers about customs declarations.

use serde_json::{Value, json};

use super::{
    Confidence,
    confidence::confidence_of,
    fields::{DECLARATION, DECLARATION_CONFIDENCE, DECLARATION_LINE},
    parsing::{Parsed, Problems, read_fields, read_lines, tell_of_others},
};

/// Reads an answer about a customs declaration. Its confidences stand among its fields, and stay
/// there as well.
pub fn parse_declaration(answer: &Value) -> Parsed {
    let mut problems = Problems::default();
    let mut data = read_fields(DECLARATION, answer, "", &mut problems);
    data.insert("lines".to_owned(), read_lines(DECLARATION_LINE, answer.get("lines"), &mut problems));
    let named: serde_json::Map<String, Value> = DECLARATION_CONFIDENCE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), answer.get(name)?.clone())))
        .collect();
    let confidence: Confidence = confidence_of(Some(&Value::Object(named)));
    for name in DECLARATION_CONFIDENCE {
        data.insert((*name).to_owned(), json!(confidence.get(*name)));
    }
    let also: Vec<&str> = DECLARATION_CONFIDENCE.iter().copied().chain(["lines"]).collect();
    tell_of_others(answer, DECLARATION, &also, &mut problems);
    Parsed { data: Value::Object(data), confidence, problems: problems.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read_field_by_field() {
        let parsed = parse_declaration(&json!({
            "mrn": "26BG001000012345R6", "customs_office_code": "BG001000", "declaration_date": "2026-02-03",
            "country_of_dispatch": "tr", "package_count": 12, "exchange_rate": 1.0832,
            "overall_confidence": 0.9, "mrn_confidence": 7, "office_confidence": "NaN",
            "lines": [{"line_number": 1, "hs_code": "847130", "vat_eur": 20.5, "country_of_origin": "Turkey"}],
        }));
        assert_eq!(parsed.data["country_of_dispatch"], "TR");
        assert_eq!(parsed.data["exchange_rate"], 1.0832);
        assert_eq!(parsed.data["lines"][0]["hs_code"], "847130");
        assert_eq!(parsed.data["lines"][0]["country_of_origin"], Value::Null);
        assert_eq!(parsed.data["mrn_confidence"], 1.0);
        assert_eq!(parsed.data["office_confidence"], Value::Null);
        assert_eq!(parsed.confidence.len(), 2);
        assert_eq!(parsed.problems.len(), 1, "{:?}", parsed.problems);
    }
}
