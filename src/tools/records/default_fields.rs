//! The fields a read answers with when the caller names none: few, light and useful.
//!
//! "All fields" is never the answer: it is thirty times slower and mostly images.

use crate::{
    facts::{FieldName, ModelName},
    odoo::{FieldInfo, FieldType, ModelSchema, OdooError, PermittedOdoo},
};

/// Fields beside `id` and `display_name`.
const CHOSEN_MAX: usize = 8;

/// Names that tell what a record is about, on most models, most telling first.
const TELLING: [&str; 24] = [
    "default_code",
    "code",
    "reference",
    "ref",
    "login",
    "state",
    "type",
    "move_type",
    "partner_id",
    "product_id",
    "parent_id",
    "date",
    "date_order",
    "invoice_date",
    "date_deadline",
    "quantity",
    "product_uom_qty",
    "price_unit",
    "list_price",
    "amount_total",
    "email",
    "phone",
    "user_id",
    "company_id",
];

/// The fields of one read.
#[derive(Debug)]
pub(in crate::tools) struct Chosen {
    pub(in crate::tools) fields: Vec<FieldName>,
    /// Readable fields that were left out, where the tool chose.
    pub(in crate::tools) omitted: usize,
}

impl Chosen {
    /// What a reader should know about fields that were left out.
    pub(in crate::tools) fn note(&self) -> Option<String> {
        (self.omitted > 0).then(|| {
            "a useful few fields were chosen; name others in `fields` (odoo_fields_get lists them)".to_owned()
        })
    }
}

/// The caller's fields, or a set chosen from the model's list view and field definitions.
pub(in crate::tools) async fn choose(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    asked: &[FieldName],
) -> Result<Chosen, OdooError> {
    if !asked.is_empty() {
        return Ok(Chosen { fields: asked.to_vec(), omitted: 0 });
    }
    let (schema, columns) = futures_util::join!(odoo.schema(model), odoo.list_columns(model));
    Ok(from_schema(&*schema?, &columns))
}

fn from_schema(schema: &ModelSchema, list_view: &[String]) -> Chosen {
    let mut names: Vec<&str> = vec!["id"];
    names.extend(["display_name", "name"].into_iter().find(|name| schema.fields.contains_key(*name)));
    let first = names.len();
    // What a document is waiting for matters more than any column.
    names.extend(schema.field("state").filter(|field| is_light(field)).map(|_| "state"));
    let columns = list_view.iter().map(String::as_str);
    let candidates: Vec<&str> = if list_view.is_empty() { TELLING.to_vec() } else { columns.collect() };
    for name in candidates {
        let fits = schema.fields.get(name).is_some_and(is_light);
        if fits && !says_the_name(name) && !names.contains(&name) && names.len() < first + CHOSEN_MAX {
            names.push(name);
        }
    }
    let fields: Vec<FieldName> = names.iter().filter_map(|name| FieldName::parse(name).ok()).collect();
    Chosen { omitted: schema.fields.len().saturating_sub(fields.len()), fields }
}

/// Shown already, as the display name.
fn says_the_name(name: &str) -> bool {
    matches!(name, "name" | "complete_name" | "display_name")
}

/// Never a field that shows a value of another record: the policy judged this model's own.
fn is_light(field: &FieldInfo) -> bool {
    field.stored
        && field.related.is_none()
        && match field.kind {
            FieldType::Char
            | FieldType::Integer
            | FieldType::Float
            | FieldType::Monetary
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Datetime
            | FieldType::Selection
            | FieldType::Many2one => true,
            FieldType::Text
            | FieldType::Html
            | FieldType::Binary
            | FieldType::Image
            | FieldType::One2many
            | FieldType::Many2many
            | FieldType::Reference
            | FieldType::Many2oneReference
            | FieldType::Json
            | FieldType::Properties
            | FieldType::PropertiesDefinition
            | FieldType::Other(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::odoo::ModelSchema;

    fn schema() -> ModelSchema {
        let fields = json!({
            "id": {"type": "integer"},
            "display_name": {"type": "char", "store": false},
            "name": {"type": "char"},
            "email": {"type": "char"},
            "image_1920": {"type": "image"},
            "comment": {"type": "html"},
            "child_ids": {"type": "one2many"},
            "country_id": {"type": "many2one"},
            "computed": {"type": "char", "store": false},
        });
        ModelSchema::read(&ModelName::parse("res.partner").unwrap(), fields.as_object().unwrap())
    }

    #[track_caller]
    fn check(list_view: &[&str], fields: &[&str], omitted: usize) {
        let columns: Vec<String> = list_view.iter().map(|name| (*name).to_owned()).collect();
        let chosen = from_schema(&schema(), &columns);
        let names: Vec<&str> = chosen.fields.iter().map(FieldName::as_str).collect();
        assert_eq!((names.as_slice(), chosen.omitted), (fields, omitted), "{list_view:?}");
    }

    #[test]
    fn the_list_view_leads_and_heavy_fields_stay_out() {
        let view = ["name", "image_1920", "country_id", "comment", "child_ids", "computed", "gone", "email"];
        check(&view, &["id", "display_name", "country_id", "email"], 5);
    }

    #[test]
    fn without_a_list_view_telling_names_are_chosen() {
        check(&[], &["id", "display_name", "email"], 6);
    }
}
