//! Records that a change names must be there before anything is changed.

use std::collections::HashMap;

use super::read;
use crate::{
    facts::{FieldName, JsonObject, ModelName},
    odoo::{Context, PermittedOdoo},
    tools::ToolError,
};

/// Ids that an error repeats; more help nobody.
const IDS_SHOWN: usize = 20;

/// Reads the records; one missing id fails the call, so that a change happens to all or to none.
pub(in crate::tools) async fn all(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    ids: &[i64],
    fields: &[FieldName],
    context: &Context,
) -> Result<HashMap<i64, JsonObject>, ToolError> {
    let found = read::records(odoo, model, ids, fields, context).await?;
    let missing: Vec<i64> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    if missing.is_empty() { Ok(found) } else { Err(not_found(model, &missing)) }
}

fn not_found(model: &ModelName, missing: &[i64]) -> ToolError {
    let shown: Vec<String> = missing.iter().take(IDS_SHOWN).map(ToString::to_string).collect();
    let more = missing.len().saturating_sub(IDS_SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    ToolError::not_found(
        format!("`{model}` has no record with id {}{rest}; nothing was changed", shown.join(", ")),
        "leave these ids out, or find the right ones with odoo_search",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_ids_are_named() {
        let model = ModelName::parse("res.partner").unwrap();
        let many: Vec<i64> = (1..=30).collect();
        assert!(not_found(&model, &[7, 9]).to_string().contains("id 7, 9; nothing"));
        assert!(not_found(&model, &many).to_string().contains("20 and 10 more"));
    }
}
