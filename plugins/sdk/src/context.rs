//! What a step is given: a copy of the run without secrets. What is missing is `None` or empty, and
//! what this version does not know yet is in [`Context::raw`].

use serde_json::{Map, Value};

use crate::fields;

/// The run, as one step sees it.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Whose database it is; a short display name.
    pub tenant: Option<String>,
    /// The bill in Odoo.
    pub bill: Bill,
    /// What was read from the document. Empty when nothing was extracted.
    pub extraction: Extraction,
    /// How sure the extraction is, by field, 0 to 1.
    pub confidence: Map<String, Value>,
    /// What is known of the vendor from earlier bills.
    pub history: Map<String, Value>,
    /// What earlier steps found.
    pub data: Map<String, Value>,
    /// Everything, as it came.
    pub raw: Map<String, Value>,
}

/// The bill, `account.move` in Odoo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    pub id: Option<i64>,
    pub state: Option<String>,
    /// `in_invoice`, `in_refund`, ...
    pub move_type: Option<String>,
    pub partner_id: Option<i64>,
    pub company_id: Option<i64>,
    pub reference: Option<String>,
    /// `YYYY-MM-DD`
    pub invoice_date: Option<String>,
    pub amount_total: Option<f64>,
    pub raw: Map<String, Value>,
}

/// What the document says. Nothing of it was checked by a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extraction {
    pub document_type: Option<String>,
    pub partner_name: Option<String>,
    pub partner_vat: Option<String>,
    /// The Bulgarian company number, nine or thirteen digits.
    pub partner_eik: Option<String>,
    pub invoice_number: Option<String>,
    /// `YYYY-MM-DD`
    pub invoice_date: Option<String>,
    pub currency: Option<String>,
    pub amount_untaxed: Option<f64>,
    pub amount_tax: Option<f64>,
    pub amount_total: Option<f64>,
    pub lines: Vec<Line>,
    pub raw: Map<String, Value>,
}

/// One line of the document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    pub description: Option<String>,
    pub quantity: Option<f64>,
    pub price_unit: Option<f64>,
    pub tax_rate: Option<f64>,
    pub amount_subtotal: Option<f64>,
}

impl Context {
    /// Reads a context. Whatever has another shape than expected counts as missing.
    pub fn of(raw: Map<String, Value>) -> Self {
        let object = |name: &str| raw.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        Self {
            tenant: fields::text(&raw, "tenant").or_else(|| fields::text(&object("tenant"), "code")),
            bill: Bill::of(object("move")),
            extraction: Extraction::of(object("extraction")),
            confidence: object("confidence"),
            history: object("history"),
            data: object("data"),
            raw,
        }
    }

    /// How sure the extraction is of a field, where it says so.
    pub fn confidence_of(&self, field: &str) -> Option<f64> {
        fields::number(&self.confidence, field).filter(|share| (0.0..=1.0).contains(share))
    }

    /// What a plugin that ran earlier found.
    pub fn found_by(&self, plugin: &str) -> Option<&Map<String, Value>> {
        self.data.get("plugins")?.get(plugin)?.as_object()
    }

    /// Was anything extracted?
    pub fn has_extraction(&self) -> bool {
        !self.extraction.raw.is_empty()
    }
}

impl Bill {
    fn of(raw: Map<String, Value>) -> Self {
        Self {
            id: fields::id(&raw, "id"),
            state: fields::text(&raw, "state"),
            move_type: fields::text(&raw, "move_type"),
            partner_id: fields::id(&raw, "partner_id"),
            company_id: fields::id(&raw, "company_id"),
            reference: fields::text(&raw, "ref"),
            invoice_date: fields::text(&raw, "invoice_date"),
            amount_total: fields::number(&raw, "amount_total"),
            raw,
        }
    }

    /// A bill or a refund of a vendor, as opposed to one for a customer.
    pub fn is_purchase(&self) -> bool {
        self.move_type.as_deref().is_some_and(|kind| kind.starts_with("in_"))
    }
}

impl Extraction {
    fn of(raw: Map<String, Value>) -> Self {
        Self {
            document_type: fields::text(&raw, "document_type"),
            partner_name: fields::text(&raw, "partner_name"),
            partner_vat: fields::text(&raw, "partner_vat"),
            partner_eik: fields::text(&raw, "partner_eik"),
            invoice_number: fields::text(&raw, "invoice_number"),
            invoice_date: fields::text(&raw, "invoice_date"),
            currency: fields::text(&raw, "currency"),
            amount_untaxed: fields::number(&raw, "amount_untaxed"),
            amount_tax: fields::number(&raw, "amount_tax"),
            amount_total: fields::number(&raw, "amount_total"),
            lines: fields::list(&raw, "lines").into_iter().map(Line::of).collect(),
            raw,
        }
    }
}

impl Line {
    fn of(raw: &Map<String, Value>) -> Self {
        Self {
            description: fields::text(raw, "description"),
            quantity: fields::number(raw, "quantity"),
            price_unit: fields::number(raw, "price_unit"),
            tax_rate: fields::number(raw, "tax_rate"),
            amount_subtotal: fields::number(raw, "amount_subtotal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Context {
        let Value::Object(raw) = value else { panic!("a context is an object") };
        Context::of(raw)
    }

    #[test]
    fn a_full_context_is_typed() {
        let context = read(json!({
            "tenant": {"code": "demo"},
            "move": {"id": 5, "partner_id": [7, "Vendor"], "move_type": "in_invoice", "ref": false},
            "extraction": {"invoice_number": " 42 ", "amount_total": "12.50",
                           "lines": [{"description": "Paper", "quantity": 2}]},
            "confidence": {"invoice_number": 0.9, "amount_total": 7},
            "data": {"plugins": {"other": {"found": 1}}},
        }));
        assert_eq!(context.tenant.as_deref(), Some("demo"));
        assert_eq!((context.bill.id, context.bill.partner_id), (Some(5), Some(7)));
        assert_eq!(context.bill.reference, None);
        assert!(context.bill.is_purchase());
        assert_eq!(context.extraction.invoice_number.as_deref(), Some("42"));
        assert_eq!(context.extraction.amount_total, Some(12.5));
        assert_eq!(context.extraction.lines.len(), 1);
        assert_eq!(context.confidence_of("invoice_number"), Some(0.9));
        assert_eq!(context.confidence_of("amount_total"), None);
        assert_eq!(context.found_by("other").unwrap()["found"], 1);
    }

    #[test]
    fn nothing_and_nonsense_are_missing() {
        for value in [json!({}), json!({"move": 3, "extraction": null, "confidence": [], "data": "x"})] {
            let context = read(value);
            assert_eq!(context.bill, Bill::default());
            assert!(!context.has_extraction());
            assert!(context.data.is_empty());
        }
    }
}
