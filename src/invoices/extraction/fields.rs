//! The fields of an answer: one table from which the schema is made and by which an answer is read.

use serde_json::{Value, json};

use super::{PromptVersion, cleaning};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, up to so many characters.
    Text(usize),
    /// A number of a firm or a document, with letters and few other characters.
    Identifier(usize),
    /// A technical code.
    Code(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `YYYY-MM-DD`.
    Date,
    /// Three letters.
    Currency,
    /// Two letters.
    Country,
    Amount,
    /// A whole number up to this.
    Count(u64),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) since: PromptVersion,
    /// What the model is told of it; empty where the name says it all.
    pub(super) meaning: &'static str,
}

const fn field(name: &'static str, kind: Kind, since: PromptVersion, meaning: &'static str) -> Field {
    Field { name, kind, since, meaning }
}

use Kind::{Amount, Code, Count, Country, Currency, Date, Identifier, OneOf, Text};
use PromptVersion::{V1, V3, V4};

pub(super) const BILL: &[Field] = &[
    field("document_type", OneOf(&["in_invoice", "in_refund", "out_invoice", "out_refund"]), V1, ""),
    field("l10n_bg_document_type", Code(40), V1, "code of the kind of document in Bulgaria's VAT ledgers"),
    field(
        "l10n_bg_type_vat",
        Code(60),
        V3,
        "code of the kind of VAT handling, such as a protocol of art. 117",
    ),
    field("partner_name", Text(200), V1, "the other firm, as printed"),
    field("partner_vat", Identifier(40), V1, "its VAT number, as printed"),
    field("partner_eik", Identifier(40), V3, "its Bulgarian company number of 9 or 13 digits, as printed"),
    field("partner_address", Text(400), V1, ""),
    field("invoice_number", Text(64), V1, "as printed, with leading zeros"),
    field("invoice_date", Date, V1, ""),
    field("delivery_date", Date, V1, "day of the tax event or delivery"),
    field("payment_term_days", Count(3_650), V1, ""),
    field("currency", Currency, V1, "ISO 4217"),
    field("amount_untaxed", Amount, V1, ""),
    field("amount_tax", Amount, V1, ""),
    field("amount_total", Amount, V1, ""),
    field("second_currency", Currency, V4, "where totals are printed in two currencies: the other one"),
    field("second_amount_total", Amount, V4, "the total in that other currency"),
    field("customs_mrn", Identifier(40), V3, "only on a customs declaration"),
];

pub(super) const BILL_LINE: &[Field] = &[
    field("description", Text(500), V1, "as printed"),
    field("quantity", Amount, V1, ""),
    field("uom", Text(40), V1, "unit, as printed"),
    field("price_unit", Amount, V1, "without tax"),
    field("tax_rate", Amount, V1, "percent"),
    field("amount_subtotal", Amount, V1, "without tax"),
];

pub(super) const DECLARATION: &[Field] = &[
    field("mrn", Identifier(40), V1, "reference number of the declaration, 18 characters"),
    field("declaration_number", Identifier(64), V1, ""),
    field("lrn", Identifier(64), V1, "12 09"),
    field("customs_office_code", Code(8), V1, "8 characters"),
    field("declaration_date", Date, V1, ""),
    field("package_count", Count(100_000_000), V1, ""),
    field("package_type", Text(40), V1, ""),
    field("country_of_dispatch", Country, V1, "16 06"),
    field("total_invoiced_value", Amount, V1, "14 06"),
    field("currency", Currency, V1, "14 05"),
    field("exchange_rate", Amount, V1, ""),
    field("total_gross_weight", Amount, V1, "18 04, in kilograms"),
    field("transit_mrn", Identifier(40), V1, "the row N821 of the documents"),
    field("importer_name", Text(200), V1, "13 04"),
    field("importer_vat", Identifier(40), V1, "13 04"),
    field("total_customs_value", Amount, V1, "in euros"),
    field("total_vat_eur", Amount, V1, ""),
];

pub(super) const DECLARATION_LINE: &[Field] = &[
    field("line_number", Count(100_000), V1, ""),
    field("hs_code", Code(10), V1, "18 09 056"),
    field("cn_code", Code(10), V1, "18 09 057"),
    field("taric_code", Code(12), V1, "18 09 058"),
    field("description", Text(500), V1, "18 05"),
    field("gross_weight_kg", Amount, V1, "18 04"),
    field("net_weight_kg", Amount, V1, "18 01"),
    field("customs_value_eur", Amount, V1, ""),
    field("statistical_value_eur", Amount, V1, ""),
    field("country_of_origin", Country, V1, "16 08"),
    field("customs_duty_eur", Amount, V1, "A00"),
    field("vat_eur", Amount, V1, "B00"),
];

/// Fields of an answer about how sure the model is of a declaration.
pub(super) const DECLARATION_CONFIDENCE: &[&str] =
    &["overall_confidence", "mrn_confidence", "declaration_confidence", "office_confidence"];

impl Kind {
    /// What a value of an answer says, if it says anything of this kind.
    pub(super) fn read(self, value: &Value) -> Option<Value> {
        match self {
            Text(chars_max) => cleaning::text(value, chars_max).map(Value::String),
            Identifier(chars_max) => cleaning::identifier(value, chars_max).map(Value::String),
            Code(chars_max) => cleaning::code(value, chars_max).map(Value::String),
            OneOf(words) => words.iter().find(|word| value == **word).map(|word| json!(word)),
            Date => cleaning::date(value).map(Value::String),
            Currency => cleaning::currency(value).map(Value::String),
            Country => {
                let code = cleaning::code(value, 2)?.to_ascii_uppercase();
                let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
                is_code.then_some(Value::String(code))
            }
            Amount => cleaning::decimal(value).map(cleaning::number),
            Count(max) => cleaning::count(value, max).map(|count| json!(count)),
        }
    }

    /// Its JSON schema. Everything may be null: better nothing than a guess.
    fn schema(self) -> Value {
        match self {
            OneOf(words) => json!({"type": "string", "enum": words}),
            Amount => json!({"type": ["number", "null"]}),
            Count(_) => json!({"type": ["integer", "null"]}),
            Text(_) | Identifier(_) | Code(_) | Date | Currency | Country => {
                json!({"type": ["string", "null"]})
            }
        }
    }
}

impl Field {
    pub(super) fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        let meaning = match (self.kind, self.meaning) {
            (Date, "") => "YYYY-MM-DD",
            (_, meaning) => meaning,
        };
        if let (false, Some(schema)) = (meaning.is_empty(), schema.as_object_mut()) {
            schema.insert("description".to_owned(), json!(meaning));
        }
        schema
    }
}
