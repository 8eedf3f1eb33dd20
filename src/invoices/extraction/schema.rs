//! The shape of an answer, which the provider holds the model to.

use serde_json::{Map, Value, json};

use super::{
    PromptVersion, Wanted,
    fields::{BILL, BILL_LINE, DECLARATION, DECLARATION_CONFIDENCE, DECLARATION_LINE, Field},
};

/// Fields of a bill of which the model says how sure it is.
const CONFIDENCE: &[&str] = &[
    "document_type",
    "partner_name",
    "partner_vat",
    "invoice_number",
    "invoice_date",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "lines_overall",
];

/// The schema of one version. Where the codes of documents are known, no other can be answered.
pub(super) fn answer_schema(wanted: Wanted, version: PromptVersion, document_codes: &[String]) -> Value {
    let (fields, line) = match wanted {
        Wanted::Bill => (BILL, BILL_LINE),
        Wanted::CustomsDeclaration => (DECLARATION, DECLARATION_LINE),
    };
    let mut properties = properties_of(fields, version);
    if let (false, Some(codes)) = (
        document_codes.is_empty(),
        properties.get_mut("l10n_bg_document_type").and_then(Value::as_object_mut),
    ) {
        let allowed: Vec<Value> =
            document_codes.iter().map(|code| json!(code)).chain([Value::Null]).collect();
        codes.insert("enum".to_owned(), Value::Array(allowed));
    }
    properties
        .insert("lines".to_owned(), json!({"type": "array", "items": object(&properties_of(line, version))}));
    match wanted {
        Wanted::Bill if version.has_confidence() => {
            let numbers = CONFIDENCE.iter().map(|name| ((*name).to_owned(), sure())).collect();
            let mut confidence = object(&numbers);
            // What is null has no confidence, so none of them must be there.
            if let Some(confidence) = confidence.as_object_mut() {
                confidence.remove("required");
            }
            properties.insert("_confidence".to_owned(), confidence);
        }
        Wanted::Bill => {}
        Wanted::CustomsDeclaration => {
            properties.extend(DECLARATION_CONFIDENCE.iter().map(|name| ((*name).to_owned(), sure())));
        }
    }
    object(&properties)
}

fn properties_of(fields: &[Field], version: PromptVersion) -> Map<String, Value> {
    let known = fields.iter().filter(|field| field.since <= version);
    known.map(|field| (field.name.to_owned(), field.schema())).collect()
}

fn object(properties: &Map<String, Value>) -> Value {
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn sure() -> Value {
    json!({"type": ["number", "null"], "description": "0 to 1"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_asks_for_its_own_fields() {
        let names = |version| {
            let schema = answer_schema(Wanted::Bill, version, &[]);
            schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let has = |version, name: &str| names(version).iter().any(|known| known == name);
        assert!(!has(PromptVersion::V1, "_confidence") && has(PromptVersion::V2, "_confidence"));
        assert!(!has(PromptVersion::V2, "partner_eik") && has(PromptVersion::V3, "partner_eik"));
        assert!(has(PromptVersion::V3, "customs_mrn") && has(PromptVersion::V1, "lines"));
        assert!(!has(PromptVersion::V3, "second_currency") && has(PromptVersion::V4, "second_currency"));
    }

    #[test]
    fn known_codes_are_the_only_ones() {
        let schema = answer_schema(Wanted::Bill, PromptVersion::V4, &["01".to_owned(), "03".to_owned()]);
        assert_eq!(schema["properties"]["l10n_bg_document_type"]["enum"], json!(["01", "03", null]));
    }

    #[test]
    fn a_declaration_has_its_own_shape() {
        let schema = answer_schema(Wanted::CustomsDeclaration, PromptVersion::V4, &[]);
        assert!(schema["properties"]["mrn"].is_object());
        assert!(schema["properties"]["lines"]["items"]["properties"]["taric_code"].is_object());
        assert!(schema["properties"]["overall_confidence"].is_object());
        assert_eq!(schema["properties"].get("partner_name"), None);
    }
}
