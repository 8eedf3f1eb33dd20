//! Binary fields as links: content of files never travels inside an answer.
//!
//! Records are read with `bin_size`, so a binary arrives as a text such as `6.61 Kb`. Only when a
//! value looks like that are the field definitions asked whether it is one.

use serde_json::{Value, json};

use crate::{
    facts::{ConnectionAlias, JsonObject, ModelName},
    odoo::{FieldType, ModelSchema, OdooError, PermittedOdoo},
};

/// Puts `{ "link", "size" }` where a binary field is.
pub(super) async fn replace_binaries(
    odoo: &PermittedOdoo<'_>,
    connection: &ConnectionAlias,
    model: &ModelName,
    records: &mut [JsonObject],
) -> Result<(), OdooError> {
    if records.iter().flat_map(JsonObject::values).any(is_size) {
        let schema = odoo.schema(model).await?;
        replace(&schema, connection, model, records);
    }
    Ok(())
}

fn replace(
    schema: &ModelSchema,
    connection: &ConnectionAlias,
    model: &ModelName,
    records: &mut [JsonObject],
) {
    for record in records {
        let Some(id) = record.get("id").and_then(Value::as_i64) else { continue };
        for (name, value) in record.iter_mut() {
            let is_binary = schema
                .fields
                .get(name)
                .is_some_and(|field| matches!(field.kind, FieldType::Binary | FieldType::Image));
            if is_binary && value.is_string() {
                let size = value.take();
                *value = json!({ "link": format!("odoo://{connection}/{model}/{id}/{name}"), "size": size });
            }
        }
    }
}

/// `6.61 Kb`, as Odoo writes the size of a binary.
fn is_size(value: &Value) -> bool {
    let Some((number, unit)) = value.as_str().and_then(|text| text.split_once(' ')) else { return false };
    matches!(unit, "bytes" | "Kb" | "Mb" | "Gb" | "Tb")
        && number.split_once('.').is_some_and(|(whole, rest)| {
            rest.len() == 2
                && !whole.is_empty()
                && whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_from_other_text() {
        for size in ["6.61 Kb", "12.00 bytes", "1.50 Mb"] {
            assert!(is_size(&json!(size)), "{size}");
        }
        for other in [
            json!("6 Kb"),
            json!("x.yz Kb"),
            json!("6.61 km"),
            json!(""),
            json!(false),
            json!(5),
            json!(".61 Kb"),
        ] {
            assert!(!is_size(&other), "{other}");
        }
    }
}
