//! Field definitions of a model, as the connected server gives them.

use std::collections::BTreeMap;

use crate::facts::ModelName;

/// The fields of a model, cached per connection.
#[derive(Debug, Clone)]
pub struct ModelSchema {
    pub model: ModelName,
    pub fields: BTreeMap<String, FieldInfo>,
}

/// One field.
#[derive(Debug, Clone)]
pub struct FieldInfo {
    pub name: String,
    pub label: String,
    pub kind: FieldType,
    pub required: bool,
    pub readonly: bool,
    pub stored: bool,
    /// The model at the other end of a relation.
    pub relation: Option<ModelName>,
    /// Key and label of each choice.
    pub selection: Vec<(String, String)>,
    pub help: Option<String>,
}

/// Field types of Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    Char,
    Text,
    Html,
    Integer,
    Float,
    Monetary,
    Boolean,
    Date,
    Datetime,
    Binary,
    Image,
    Selection,
    Many2one,
    One2many,
    Many2many,
    Reference,
    Many2oneReference,
    Json,
    Properties,
    PropertiesDefinition,
    Other(String),
}

impl super::OdooClient {
    /// Field definitions of a model, cached.
    pub async fn schema(&self, model: &ModelName) -> Result<std::sync::Arc<ModelSchema>, super::OdooError> {
        let _ = model;
        Err(super::OdooError::Setup { why: "not there yet".to_owned(), hint: None })
    }
}
