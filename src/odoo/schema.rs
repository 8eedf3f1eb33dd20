//! Field definitions of a model, as the connected server gives them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::facts::{JsonObject, ModelName, nearest};

/// What is asked of `fields_get`: the whole answer is seven times as large.
pub(super) const ATTRIBUTES: &[&str] = &[
    "string",
    "type",
    "required",
    "readonly",
    "store",
    "relation",
    "relation_field",
    "selection",
    "help",
    "searchable",
    "sortable",
    "translate",
    "digits",
    "currency_field",
    "company_dependent",
    "related",
    "depends",
];

/// Names of records. What they are made of besides shows only where a context asks for it, and such
/// contexts are a matter of the rules.
const MADE_OF_NAMES: &[&str] = &["display_name", "complete_name"];
const NAMES: &[&str] = &["display_name", "complete_name", "name"];

/// How many nearest names an error carries.
pub(super) const NEAREST_COUNT: usize = 3;

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
    /// The field of the other model that points back, for one2many.
    pub relation_field: Option<String>,
    /// Key and label of each choice.
    pub selection: Vec<(String, String)>,
    pub help: Option<String>,
    /// May it stand in a domain?
    pub searchable: bool,
    /// May it stand in an order?
    pub sortable: bool,
    pub translate: bool,
    /// Precision and scale of a number, where they are fixed.
    pub digits: Option<(u32, u32)>,
    /// The field that holds the currency of a monetary field.
    pub currency_field: Option<String>,
    pub company_dependent: bool,
    /// The path whose value it shows.
    pub related: Option<String>,
    /// Fields of the same model that it is computed from; paths into other models are not among them.
    pub depends: Vec<String>,
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

impl FieldType {
    pub fn parse(text: &str) -> Self {
        match text {
            "char" => Self::Char,
            "text" => Self::Text,
            "html" => Self::Html,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "monetary" => Self::Monetary,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::Datetime,
            "binary" => Self::Binary,
            "image" => Self::Image,
            "selection" => Self::Selection,
            "many2one" => Self::Many2one,
            "one2many" => Self::One2many,
            "many2many" => Self::Many2many,
            "reference" => Self::Reference,
            "many2one_reference" => Self::Many2oneReference,
            "json" => Self::Json,
            "properties" => Self::Properties,
            "properties_definition" => Self::PropertiesDefinition,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As Odoo writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Char => "char",
            Self::Text => "text",
            Self::Html => "html",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Monetary => "monetary",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Binary => "binary",
            Self::Image => "image",
            Self::Selection => "selection",
            Self::Many2one => "many2one",
            Self::One2many => "one2many",
            Self::Many2many => "many2many",
            Self::Reference => "reference",
            Self::Many2oneReference => "many2one_reference",
            Self::Json => "json",
            Self::Properties => "properties",
            Self::PropertiesDefinition => "properties_definition",
            Self::Other(other) => other,
        }
    }

    /// A list of records at the other end.
    pub fn is_x2many(&self) -> bool {
        matches!(self, Self::One2many | Self::Many2many)
    }

    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary | Self::Image)
    }
}

impl ModelSchema {
    pub fn field(&self, name: &str) -> Option<&FieldInfo> {
        self.fields.get(name)
    }

    /// The fields of this model that a field is computed from, theirs included: an e-mail address in
    /// another spelling is still that address.
    pub(super) fn computed_from(&self, name: &str) -> BTreeSet<&str> {
        let is_name = MADE_OF_NAMES.contains(&name);
        let mut parts = BTreeSet::new();
        let mut open = vec![name];
        while let Some(next) = open.pop() {
            for part in self.field(next).into_iter().flat_map(|field| field.depends.iter()) {
                if (!is_name || NAMES.contains(&part.as_str())) && part != name && parts.insert(part.as_str())
                {
                    open.push(part);
                }
            }
        }
        parts
    }

    /// The field, or an error that names the nearest ones.
    pub fn expect_field(&self, name: &str) -> Result<&FieldInfo, super::OdooError> {
        self.field(name).ok_or_else(|| super::OdooError::UnknownField {
            model: self.model.clone(),
            field: name.to_owned(),
            nearest: self.nearest(name),
            answered: false,
        })
    }

    pub fn nearest(&self, name: &str) -> Vec<String> {
        nearest(name, self.fields.keys().map(String::as_str), NEAREST_COUNT)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// Reads an answer of `fields_get`.
    pub(crate) fn read(model: &ModelName, answer: &JsonObject) -> Self {
        let fields = answer
            .iter()
            .filter_map(|(name, attributes)| {
                Some((name.clone(), FieldInfo::read(name, attributes.as_object()?)))
            })
            .collect();
        Self { model: model.clone(), fields }
    }
}

impl FieldInfo {
    fn read(name: &str, attributes: &JsonObject) -> Self {
        let text = |key: &str| {
            let text = attributes.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let flag = |key: &str, otherwise: bool| match attributes.get(key) {
            Some(Value::Bool(flag)) => *flag,
            // `translate` is now and then the name of a function.
            Some(Value::String(_)) => true,
            _ => otherwise,
        };
        Self {
            name: name.to_owned(),
            label: text("string").unwrap_or_else(|| name.to_owned()),
            kind: FieldType::parse(&text("type").unwrap_or_default()),
            required: flag("required", false),
            readonly: flag("readonly", false),
            stored: flag("store", true),
            relation: text("relation").and_then(|model| ModelName::parse(&model).ok()),
            relation_field: text("relation_field"),
            selection: attributes.get("selection").map(choices).unwrap_or_default(),
            help: text("help"),
            searchable: flag("searchable", true),
            sortable: flag("sortable", true),
            translate: flag("translate", false),
            digits: attributes.get("digits").and_then(digits),
            currency_field: text("currency_field"),
            company_dependent: flag("company_dependent", false),
            related: related(attributes.get("related")),
            depends: depends(attributes.get("depends")),
        }
    }
}

fn choices(selection: &Value) -> Vec<(String, String)> {
    let pairs = selection.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs
        .iter()
        .filter_map(|pair| {
            let key = match pair.get(0)? {
                Value::String(key) => key.clone(),
                other => other.to_string(),
            };
            let label = pair.get(1).and_then(Value::as_str).unwrap_or(&key).to_owned();
            Some((key, label))
        })
        .collect()
}

fn digits(value: &Value) -> Option<(u32, u32)> {
    let part = |index: usize| u32::try_from(value.get(index)?.as_u64()?).ok();
    Some((part(0)?, part(1)?))
}

fn depends(value: Option<&Value>) -> Vec<String> {
    let paths = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let own = paths.iter().filter_map(Value::as_str).filter(|path| !path.contains('.') && *path != "id");
    own.map(str::to_owned).collect()
}

/// A path as text, in old versions as a list.
fn related(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(path) if !path.is_empty() => Some(path.clone()),
        Value::Array(steps) => {
            let steps: Vec<&str> = steps.iter().filter_map(Value::as_str).collect();
            (!steps.is_empty()).then(|| steps.join("."))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    fn read(attributes: Value) -> FieldInfo {
        FieldInfo::read("x", attributes.as_object().unwrap())
    }

    #[test]
    fn attributes_of_all_versions_are_read() {
        let field = read(json!({"type": "many2one", "string": "Country", "relation": "res.country",
            "required": true, "store": true, "related": ["partner_id", "country_id"]}));
        assert_eq!(field.kind, FieldType::Many2one);
        assert_eq!(field.relation.as_ref().map(ModelName::as_str), Some("res.country"));
        assert_eq!(field.related.as_deref(), Some("partner_id.country_id"));
        let field = read(json!({"type": "selection", "selection": [["a", "A"], [1, "One"], [false, ""]]}));
        assert_eq!(field.selection.len(), 3);
        assert_eq!(read(json!({"type": "float", "digits": [16, 2]})).digits, Some((16, 2)));
    }

    #[test]
    fn odd_attributes_do_no_harm() {
        let field = read(
            json!({"type": "new_kind", "digits": "Product Price", "selection": "no", "relation": "A B"}),
        );
        assert_eq!(field.kind, FieldType::Other("new_kind".to_owned()));
        assert_eq!((field.digits, field.selection.len(), field.relation), (None, 0, None));
        assert_eq!(read(json!({})).label, "x");
    }
}
