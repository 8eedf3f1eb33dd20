//! What Odoo keeps of an attachment beside its content, and whether the caller may have that.

use serde_json::Value;

use crate::{
    facts::{ConnectionAlias, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    odoo::{Context, PermittedOdoo},
    tools::{ToolError, records::existing},
};

/// Where Odoo keeps files.
pub(super) fn attachments() -> ModelName {
    ModelName::known("ir.attachment")
}

/// Read before any content is: who owns it, and what it ought to be.
const FACTS: &[&str] =
    &["name", "mimetype", "file_size", "checksum", "type", "url", "res_model", "res_id", "res_field"];

pub(super) fn facts_read() -> Vec<FieldName> {
    field_names(FACTS)
}

pub(super) fn field_names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

/// One attachment, without its content.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) mimetype: Option<String>,
    /// Absent where a rule hides it.
    pub(super) size: Option<u64>,
    /// SHA-1 of the content; absent for links, and where a rule hides it.
    pub(super) checksum: Option<String>,
    pub(super) url: Option<String>,
    pub(super) is_link: bool,
    pub(super) owner: Option<(ModelName, i64)>,
    field: Option<FieldName>,
}

impl Kept {
    /// The effect of reading facts and content of these attachments.
    pub(super) fn effect(connection: &ConnectionAlias, ids: &[i64]) -> RecordEffect {
        let mut fields = facts_read();
        fields.extend(field_names(&["datas"]));
        RecordEffect::new(connection, &attachments(), Operation::Read, MethodName::known("read"))
            .with_ids(ids)
            .reading(&fields)
            .bounded(ids.len() as u64)
    }

    /// Reads the facts, and refuses where a rule keeps the owner's record, or the field that the file
    /// is the value of, from this caller.
    pub(super) async fn read(
        odoo: &PermittedOdoo<'_>,
        id: i64,
        context: &Context,
    ) -> Result<Self, ToolError> {
        let mut found = existing::all(odoo, &attachments(), &[id], &facts_read(), context).await?;
        let kept = Self::of(id, &found.remove(&id).unwrap_or_default());
        kept.check_owner(odoo, context).await?;
        Ok(kept)
    }

    fn of(id: i64, row: &JsonObject) -> Self {
        let text = |name: &str| {
            row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let model = text("res_model").and_then(|model| ModelName::parse(&model).ok());
        let owner_id = row.get("res_id").and_then(Value::as_i64).filter(|id| *id > 0);
        Self {
            id,
            name: text("name").unwrap_or_else(|| format!("attachment {id}")),
            mimetype: text("mimetype"),
            size: row.get("file_size").and_then(Value::as_u64),
            checksum: text("checksum")
                .filter(|sum| sum.len() == 40 && sum.bytes().all(|b| b.is_ascii_hexdigit())),
            url: text("url"),
            is_link: text("type").as_deref() == Some("url"),
            owner: model.zip(owner_id),
            field: text("res_field").and_then(|field| FieldName::parse(&field).ok()),
        }
    }

    /// A file belongs to its record: what the rules say of that holds for the file.
    async fn check_owner(&self, odoo: &PermittedOdoo<'_>, context: &Context) -> Result<(), ToolError> {
        let Some((model, id)) = &self.owner else { return Ok(()) };
        odoo.check_record(model, *id, context).await?;
        if let Some(field) = &self.field {
            odoo.check_sight(model, *id, field, context).await?;
        }
        Ok(())
    }
}
