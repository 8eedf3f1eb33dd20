//! Is a first reading doubtful enough for a second one?

use super::super::{
    context::RunContext,
    extraction::{Confidence, Extraction},
};
use crate::config::{Escalation, InvoiceSettings};

/// Fields whose confidence counts.
const LOOKED_AT: [&str; 3] = ["partner_vat", "invoice_date", "amount_total"];

/// Why a second look is due, if one is.
pub(super) fn reason(settings: &InvoiceSettings, first: &Extraction) -> Option<String> {
    (first.model == settings.routing.small_model)
        .then(|| doubts(&first.confidence, settings.escalation_percent))?
}

fn doubts(confidence: &Confidence, percent: u8) -> Option<String> {
    let threshold = f64::from(percent) / 100.0;
    let low: Vec<String> = LOOKED_AT
        .iter()
        .filter_map(|field| confidence.get(*field).map(|sure| (field, *sure)))
        .filter(|(_, sure)| *sure < threshold)
        .map(|(field, sure)| format!("{field} {sure:.2}"))
        .collect();
    (!low.is_empty()).then(|| format!("low confidence: {}", low.join(", ")))
}

/// Is a second look wanted here?
pub(super) fn is_on(settings: &InvoiceSettings, context: &RunContext) -> bool {
    match settings.escalation {
        Escalation::Always => true,
        Escalation::Never => false,
        Escalation::Company => context.company.as_ref().and_then(|company| company.two_pass).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_about_number_date_and_total_count() {
        let check = |fields: &[(&str, f64)], word: Option<&str>| {
            let confidence: Confidence =
                fields.iter().map(|(field, sure)| ((*field).to_owned(), *sure)).collect();
            let found = doubts(&confidence, 75);
            assert_eq!(found.is_some(), word.is_some(), "{found:?}");
            assert!(word.is_none_or(|word| found.unwrap().contains(word)));
        };
        check(&[("partner_vat", 0.9), ("invoice_date", 0.95), ("amount_total", 0.9)], None);
        check(&[("partner_vat", 0.5), ("amount_total", 0.9)], Some("partner_vat"));
        check(&[("amount_total", 0.6)], Some("amount_total"));
        check(&[("partner_name", 0.1)], None);
        check(&[], None);
    }
}
