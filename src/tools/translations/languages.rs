//! The languages a database has switched on: nothing is translated into any other.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    facts::{ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, RecordEffect},
    odoo::{Context, Domain, PageQuery, PermittedOdoo},
    tools::ToolError,
};

/// Most languages that are read; databases with more than a few are rare.
const LANGUAGES_MAX: u32 = 100;
const LANGUAGES: &str = "res.lang";
/// What every value is a translation of, whether or not the language is active.
pub(super) const ENGLISH: &str = "en_US";

/// A language as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Language {
    /// Such as `fr_FR`.
    pub(super) code: String,
    pub(super) name: String,
}

/// The active languages.
#[derive(Debug, Clone)]
pub(super) struct Languages(Vec<Language>);

impl Languages {
    /// The effect of reading them.
    pub(super) fn effect(connection: &ConnectionAlias) -> Effect {
        let model = ModelName::known(LANGUAGES);
        let read = RecordEffect::new(connection, &model, Operation::Read, MethodName::known("search_read"))
            .reading(&fields())
            .filtering(vec!["active".to_owned()])
            .bounded(u64::from(LANGUAGES_MAX));
        Effect::Records(read.auxiliary())
    }

    pub(super) async fn read(odoo: &PermittedOdoo<'_>) -> Result<Self, ToolError> {
        let rows = odoo
            .search_rows(&PageQuery {
                model: ModelName::known(LANGUAGES),
                domain: Domain::parse(json!([["active", "=", true]]))?,
                fields: fields(),
                limit: LANGUAGES_MAX,
                offset: 0,
                order: Some("id".to_owned()),
                context: Context::default(),
            })
            .await?;
        let text = |row: &crate::facts::JsonObject, name: &str| {
            row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Ok(Self(
            rows.iter()
                .map(|row| Language { code: text(row, "code"), name: text(row, "name") })
                .filter(|language| !language.code.is_empty())
                .collect(),
        ))
    }

    pub(super) fn as_slice(&self) -> &[Language] {
        &self.0
    }

    pub(super) fn codes(&self) -> Vec<String> {
        self.0.iter().map(|language| language.code.clone()).collect()
    }

    pub(super) fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.iter().find(|language| language.code == code).map_or(code, |language| &language.name)
    }

    /// Refuses languages that are not switched on.
    pub(super) fn must_have<'c>(&self, codes: impl IntoIterator<Item = &'c str>) -> Result<(), ToolError> {
        let has = |code: &str| self.0.iter().any(|language| language.code == code);
        match codes.into_iter().find(|code| !has(code)) {
            None => Ok(()),
            Some(code) => {
                let shown: String = code.chars().take(20).collect();
                Err(ToolError::arguments_with_hint(
                    format!("language `{shown}` is not active"),
                    format!("active languages: {}", self.codes().join(", ")),
                ))
            }
        }
    }

    /// The source language need not be active when it is English.
    pub(super) fn must_have_source(&self, code: &str) -> Result<(), ToolError> {
        if code == ENGLISH { Ok(()) } else { self.must_have([code]) }
    }
}

fn fields() -> Vec<FieldName> {
    ["code", "name"].iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}
