//! What an approval is for: one exact call, by one caller, under one policy, on records in one state.

use super::{canonical::Canonical, preview::Preview};
use crate::facts::CallFacts;

/// Changes when the meaning of the bytes changes, so that no old approval fits by accident.
const FORMAT: &str = "odoo-mcp approval 1";

/// Everything that must stay as it is between asking and running, in one spelling.
pub fn bound_to(facts: &CallFacts, policy: &str, preview: &Preview) -> Vec<u8> {
    let mut out = Canonical::default();
    out.text(FORMAT);
    out.text(facts.caller.user.as_str());
    out.text(facts.caller.grant.as_str());
    out.text(facts.tool.name);
    out.text(facts.class.as_str());
    out.yes_or_no(facts.dry_run);
    out.text(policy);
    // The effects hold what rules see; a method may take arguments that no effect repeats.
    out.object(&facts.arguments);
    out.effects(&facts.effects);
    out.count(preview.records.len());
    for record in &preview.records {
        out.count(record.effect);
        out.text(record.connection.as_str());
        out.text(record.model.as_str());
        out.text(&record.id.to_string());
        out.yes_or_no(record.exists);
        out.optional(record.write_date.as_deref(), Canonical::text);
        // Odoo tells full seconds, so what is shown as "before" counts as well.
        out.optional(record.name.as_deref(), Canonical::text);
        out.object(&record.values);
    }
    out.count(preview.more);
    out.into_bytes()
}

#[cfg(test)]
mod tests;
