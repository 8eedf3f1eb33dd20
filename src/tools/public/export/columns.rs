//! The columns of a file: what stands at the end of each path, and how it is called.

use crate::{
    facts::ModelName,
    odoo::{FieldInfo, FieldType, PermittedOdoo},
    sheets::Column,
    tools::ToolError,
};

/// The id in the database, by its name in exports.
const DATABASE_ID: &str = ".id";
const EXTERNAL_ID: &str = "id";
/// Digits behind the point of an amount.
const MONETARY_DIGITS: u32 = 2;

/// One column.
#[derive(Debug, Clone)]
pub(super) struct ExportColumn {
    pub(super) kind: FieldType,
    /// A number of the record itself, which is never missing.
    pub(super) is_own_number: bool,
    pub(super) sheet: Column,
}

/// Follows every path through the field definitions.
pub(super) async fn columns(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    paths: &[String],
    technical_headers: bool,
) -> Result<Vec<ExportColumn>, ToolError> {
    let mut columns = Vec::with_capacity(paths.len());
    for path in paths {
        let (labels, end) = followed(odoo, model, path).await?;
        let header = if technical_headers { path.clone() } else { labels.join("/") };
        let (kind, digits) = match end {
            End::Id => (FieldType::Integer, None),
            End::ExternalId => (FieldType::Char, None),
            End::Field(field) if field.kind.is_binary() => return Err(no_binaries(path)),
            End::Field(field) => {
                let digits = match field.kind {
                    FieldType::Monetary => Some(MONETARY_DIGITS),
                    FieldType::Float => field.digits.map(|(_, scale)| scale),
                    _ => None,
                };
                (field.kind, digits)
            }
        };
        let is_own_number = !path.contains('/')
            && matches!(kind, FieldType::Integer | FieldType::Float | FieldType::Monetary);
        columns.push(ExportColumn { kind, is_own_number, sheet: Column { header, digits } });
    }
    Ok(columns)
}

/// What a path ends with.
enum End {
    Id,
    ExternalId,
    Field(Box<FieldInfo>),
}

async fn followed(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    path: &str,
) -> Result<(Vec<String>, End), ToolError> {
    let steps: Vec<&str> = path.split('/').collect();
    let mut labels = Vec::new();
    let mut model = model.clone();
    for (place, step) in steps.iter().enumerate() {
        let is_last = place + 1 == steps.len();
        match *step {
            DATABASE_ID if is_last => {
                labels.push("ID".to_owned());
                return Ok((labels, End::Id));
            }
            EXTERNAL_ID if is_last => {
                labels.push("External ID".to_owned());
                return Ok((labels, End::ExternalId));
            }
            _ => {}
        }
        let schema = odoo.schema(&model).await?;
        let field = schema.expect_field(step)?;
        labels.push(field.label.clone());
        if is_last {
            return Ok((labels, End::Field(Box::new(field.clone()))));
        }
        model = field.relation.clone().ok_or_else(|| {
            ToolError::arguments(format!("`{step}` in `{path}` is no relation, so nothing stands behind it"))
        })?;
    }
    Err(ToolError::arguments(format!("`{path}` is no path of fields")))
}

fn no_binaries(path: &str) -> ToolError {
    ToolError::arguments_with_hint(
        format!("`{path}` holds files, which do not fit into a cell"),
        "leave it out; public_access_image and odoo_attachment_download fetch files",
    )
}
