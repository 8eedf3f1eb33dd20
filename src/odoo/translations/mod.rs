//! Translations of one field of one record, the same for every version.
//!
//! From 16 on a model has methods for them. Before, they are records of a model of their own; calls
//! of those methods are then carried out on these records, so that what a policy says of a field
//! holds for its translations in every version.

mod old;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, OdooError, PermittedOdoo};
use crate::{
    facts::{FieldName, JsonObject, MethodName, ModelName},
    markup::{Mode, TermRules},
    policy::Shown,
};

pub(super) use old::placed;

const GET: &str = "get_field_translations";
const UPDATE: &str = "update_field_translations";
/// The first version whose models have the methods.
const METHODS_SINCE: u16 = 16;
/// The first version that takes terms of the source language for every language.
const SOURCE_TERMS_SINCE: u16 = 18;
/// A version nobody knows is taken for a new one.
const NEWEST: u16 = 20;

/// What a server knows of one field.
#[derive(Debug, Clone, Default)]
pub struct FieldTranslations {
    /// The value is markup, and each of its terms has translations of its own.
    pub by_term: bool,
    pub rows: Vec<TranslationRow>,
}

/// A text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslationRow {
    pub lang: String,
    /// The text, or the term, in the source language.
    pub source: String,
    /// `None` for a value that is not set. A term that says the same as its source is empty.
    pub value: Option<String>,
}

/// The new text of one term in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermChange {
    /// What the language has now, where that is not the source.
    pub current: Option<String>,
    /// `None` makes it follow the source again.
    pub text: Option<String>,
}

/// Texts by language.
pub type TextChanges = BTreeMap<String, Option<String>>;
/// Changes of terms by language and by their source.
pub type TermChanges = BTreeMap<String, BTreeMap<String, TermChange>>;

impl PermittedOdoo<'_> {
    /// All translations of a field, in every active language.
    pub async fn field_translations(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
    ) -> Result<FieldTranslations, OdooError> {
        let call = Call::new(model, MethodName::known(GET)).on(&[id]).arg("field_name", json!(field));
        let answer = self.call(call).await?;
        read(&answer).ok_or_else(|| OdooError::BadAnswer {
            connection: self.client.definition().alias.clone(),
            why: "translations are not of the expected shape".to_owned(),
        })
    }

    /// Sets whole texts, in one transaction from 16 on.
    pub async fn write_texts(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
        changes: &TextChanges,
    ) -> Result<(), OdooError> {
        let texts: JsonObject =
            changes.iter().map(|(lang, text)| (lang.clone(), text_or_false(text.as_deref()))).collect();
        self.update(model, id, field, texts).await
    }

    /// Sets terms, in one transaction from 16 on.
    pub async fn write_terms(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
        changes: &TermChanges,
    ) -> Result<(), OdooError> {
        let terms = as_sent(changes, self.knows_terms_by_current().await);
        self.update(model, id, field, terms).await
    }

    async fn update(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
        translations: JsonObject,
    ) -> Result<(), OdooError> {
        let call = Call::new(model, MethodName::known(UPDATE))
            .on(&[id])
            .arg("field_name", json!(field))
            .arg("translations", Value::Object(translations));
        match self.call(call).await? {
            Value::Bool(false) => Err(OdooError::InvalidValue {
                model: model.clone(),
                field: field.as_str().to_owned(),
                why: "the server took no translation of it: it is not translated, is not stored, or is empty"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// The major version that decides how translations are kept.
    pub async fn translation_major(&self) -> u16 {
        self.version().await.major().unwrap_or(NEWEST)
    }

    /// Does the version know a term by what the target language has now, and not by its source?
    pub async fn knows_terms_by_current(&self) -> bool {
        (METHODS_SINCE..SOURCE_TERMS_SINCE).contains(&self.translation_major().await)
    }

    /// Does the version keep one empty text apart from no text?
    pub async fn keeps_empty_translations(&self) -> bool {
        self.translation_major().await >= METHODS_SINCE
    }

    /// How this server finds the terms of markup.
    pub async fn term_rules(&self, mode: Mode) -> TermRules {
        TermRules { mode, major: self.translation_major().await }
    }

    /// May the caller see the values of a field as they are? What is masked cannot be put back.
    pub fn shows_plainly(&self, model: &ModelName, field: &FieldName) -> bool {
        self.permit.sight().shown(model, field) == Shown::Plain
    }

    /// Calls about translations, where the server has no such methods.
    pub(super) async fn translated(&self, call: &Call) -> Result<Option<Value>, OdooError> {
        if !matches!(call.method.as_str(), GET | UPDATE) {
            return Ok(None);
        }
        match self.client.major_version().await? {
            Some(major) if major < METHODS_SINCE => {}
            _ => return Ok(None),
        }
        if call.method.as_str() == GET {
            self.client.old_translations(call).await.map(Some)
        } else {
            self.client.update_old_translations(call).await.map(Some)
        }
    }
}

/// Terms in the words of the version.
fn as_sent(changes: &TermChanges, by_current: bool) -> JsonObject {
    let of_term = |(source, change): (&String, &TermChange)| {
        if by_current {
            // These versions cannot take a translation away; the source itself says the same.
            let text = change.text.as_ref().unwrap_or(source);
            (change.current.as_ref().unwrap_or(source).clone(), json!(text))
        } else {
            (source.clone(), text_or_false(change.text.as_deref()))
        }
    };
    let of_lang = |(lang, terms): (&String, &BTreeMap<String, TermChange>)| {
        (lang.clone(), Value::Object(terms.iter().map(of_term).collect()))
    };
    changes.iter().map(of_lang).collect()
}

fn text_or_false(text: Option<&str>) -> Value {
    text.map_or(Value::Bool(false), Value::from)
}

/// `[[{"lang", "source", "value"}], {"translation_show_source"}]`.
fn read(answer: &Value) -> Option<FieldTranslations> {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let rows = answer.get(0)?.as_array()?.iter().map(|row| {
        Some(TranslationRow {
            lang: text(row, "lang")?,
            source: text(row, "source").unwrap_or_default(),
            value: text(row, "value"),
        })
    });
    let by_term = answer.get(1).and_then(|info| info.get("translation_show_source"));
    Some(FieldTranslations {
        by_term: by_term.and_then(Value::as_bool).unwrap_or(false),
        rows: rows.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_named_as_the_version_wants_them() {
        let change = |current: Option<&str>, text: Option<&str>| TermChange {
            current: current.map(str::to_owned),
            text: text.map(str::to_owned),
        };
        let terms = [
            ("Hello".to_owned(), change(Some("Salut"), Some("Bonjour"))),
            ("Day".to_owned(), change(Some("Jour"), None)),
            ("New".to_owned(), change(None, Some("Nouveau"))),
        ];
        let changes = [("fr_FR".to_owned(), terms.into())].into();
        let by_source = json!({"fr_FR": {"Day": false, "Hello": "Bonjour", "New": "Nouveau"}});
        assert_eq!(Value::Object(as_sent(&changes, false)), by_source);
        let by_current = json!({"fr_FR": {"Jour": "Day", "Salut": "Bonjour", "New": "Nouveau"}});
        assert_eq!(Value::Object(as_sent(&changes, true)), by_current);
    }

    #[test]
    fn answers_are_read_and_odd_ones_are_not() {
        let found = read(&json!([
            [{"lang": "fr_FR", "source": "Bolt", "value": "Boulon"}, {"lang": "de_DE", "source": false, "value": false}],
            {"translation_type": "char", "translation_show_source": true}
        ]))
        .unwrap();
        assert!(found.by_term);
        assert_eq!(found.rows[0].value.as_deref(), Some("Boulon"));
        assert_eq!((found.rows[1].source.as_str(), found.rows[1].value.as_deref()), ("", None));
        for odd in [json!(null), json!([]), json!([[1], {}]), json!([[{"source": "x"}], {}]), json!("x")] {
            assert!(read(&odd).is_none(), "{odd}");
        }
    }
}
