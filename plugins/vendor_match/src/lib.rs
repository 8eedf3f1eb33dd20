//! Who is the vendor of this bill?
//!
//! The step looks for the vendor by what the document says, the surest first, and stops at the first
//! question that has exactly one answer:
//!
//! | By | Score |
//! | --- | --- |
//! | VAT number, with or without the country in front | 1.0 |
//! | company number (EIK), as registry number or as VAT number | 0.95 |
//! | name, without legal form, quotes and case | 0.7 |
//!
//! Contacts count as the company they belong to. The own companies are never proposed, and a VAT number
//! of an own company is not searched: there the reader took the buyer for the seller. Several answers
//! are no answer; they are listed as `candidates`.
//!
//! The proposal stands under `data.plugins.vendor_match` as `partner_id`, `matched_by`, `score` and
//! `reason`. Nothing is written. Reads `res.partner` and `res.company`.

mod names;
mod numbers;
mod search;

use odoo_mcp_plugin_sdk::{Answer, Context, Failure, Host, Plugin, StepInfo, export_plugin, json};
use search::{Found, OwnCompanies};

/// The plugin.
#[derive(Debug)]
struct VendorMatch;

impl Plugin for VendorMatch {
    const STEPS: &'static [StepInfo] = &[StepInfo::new("vendor_match", 500, "Proposes the vendor")];

    fn new(_host: &Host) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn applies(&self, _step: &str, context: &Context) -> bool {
        context.bill.is_purchase() && context.bill.partner_id.is_none() && context.has_extraction()
    }

    fn execute(&self, _step: &str, context: &Context, host: &Host) -> Result<Answer, Failure> {
        let own = OwnCompanies::read(host)?;
        let company = context.bill.company_id;
        let read = &context.extraction;
        let mut tried = Vec::new();
        let mut candidates = Vec::new();
        let questions = [
            read.partner_vat.as_deref().and_then(search::by_vat),
            read.partner_eik.as_deref().and_then(search::by_company_number),
            read.partner_name.as_deref().and_then(search::by_name),
        ];
        for question in questions.into_iter().flatten() {
            if host.cancelled() {
                return Err(Failure::cancelled());
            }
            let by = question.by;
            match question.ask(host, &own, company)? {
                Found::One(partner) => {
                    return Ok(Answer::new()
                        .with("partner_id", partner.id)
                        .with("partner_name", partner.name)
                        .with("matched_by", by.name())
                        .with("score", by.score())
                        .with("reason", format!("the only partner with this {}", by.words())));
                }
                Found::Several(partners) => {
                    tried.push(format!("{} partners have this {}", partners.len(), by.words()));
                    candidates.extend(partners.into_iter().map(|partner| {
                        json!({ "partner_id": partner.id, "partner_name": partner.name, "matched_by": by.name() })
                    }));
                }
                Found::TooMany => tried.push(format!("too many partners to tell by {}", by.words())),
                Found::Own => tried.push(format!("the {} is that of an own company", by.words())),
                Found::None => tried.push(format!("nobody has this {}", by.words())),
            }
        }
        let reason =
            if tried.is_empty() { "the document names no vendor".to_owned() } else { tried.join("; ") };
        Ok(Answer::new()
            .with("partner_id", json!(null))
            .with("candidates", candidates)
            .with("reason", reason))
    }
}

export_plugin!(VendorMatch);

#[cfg(test)]
mod tests;
