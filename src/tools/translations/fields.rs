//! Which fields of a model have translations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    languages::{Language, Languages},
    state::Kind,
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect, Risk},
    odoo::FieldInfo,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ListTranslatableFields>()];

/// Longest help text that is returned.
const HELP_CHARS_MAX: usize = 200;

/// Arguments of `odoo_list_translatable_fields`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListTranslatableFields {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Technical model name, such as `product.template`.
    model: ModelName,
}

/// A field with translations.
#[derive(Debug, Serialize, JsonSchema)]
struct TranslatedField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// `simple`: one text per language (odoo_translate_field). `html`, `xml`: term by term (odoo_translate_html).
    translate: Kind,
    /// The label.
    string: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    readonly: bool,
    store: bool,
    /// The path whose value it shows; on old versions translate it where it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<String>,
    /// Computed and not stored: it cannot be translated, only what it is computed from.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    computed: bool,
}

/// Result of `odoo_list_translatable_fields`.
#[derive(Debug, Serialize, JsonSchema)]
struct TranslatableFields {
    model: ModelName,
    count: u64,
    /// Simple fields first, then by name.
    fields: Vec<TranslatedField>,
    /// The active languages.
    languages: Vec<Language>,
}

impl Tool for ListTranslatableFields {
    const NAME: &'static str = "odoo_list_translatable_fields";
    const TITLE: &'static str = "List translated fields";
    const DESCRIPTION: &'static str = "List the translated fields of a model, how each is translated (one text \
         per language, or term by term in HTML and XML), and the active languages.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = TranslatableFields;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let method = MethodName::known("fields_get");
        let definitions =
            RecordEffect::new(&self.connection, &self.model, Operation::Read, method).bounded(0);
        vec![Effect::Records(definitions), Languages::effect(&self.connection)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<TranslatableFields, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let schema = odoo.schema(&self.model).await?;
        let mut fields: Vec<TranslatedField> =
            schema.fields.values().filter(|field| field.translate).map(described).collect();
        fields.sort_by(|a, b| (a.translate, &a.name).cmp(&(b.translate, &b.name)));
        let languages = Languages::read(&odoo).await?;
        Ok(TranslatableFields {
            model: self.model,
            count: fields.len() as u64,
            fields,
            languages: languages.as_slice().to_vec(),
        })
    }
}

fn described(field: &FieldInfo) -> TranslatedField {
    TranslatedField {
        name: field.name.clone(),
        kind: field.kind.as_str().to_owned(),
        translate: Kind::guessed(field),
        string: field.label.clone(),
        help: field.help.as_ref().map(|help| help.chars().take(HELP_CHARS_MAX).collect()),
        readonly: field.readonly,
        store: field.stored,
        related: field.related.clone(),
        computed: !field.stored && field.related.is_none(),
    }
}
