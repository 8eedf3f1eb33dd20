//! The languages of one field as they are now, in one shape for every version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    checks::Form,
    languages::{ENGLISH, Languages},
    subject::Subject,
};
use crate::{
    markup::Mode,
    odoo::{FieldInfo, FieldTranslations, FieldType, PermittedOdoo},
    tools::ToolError,
};

/// Text fields that hold whole views.
const XML_FIELDS: [&str; 5] = ["arch", "arch_db", "arch_fs", "arch_base", "arch_prev"];

/// How a field is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// One text per language.
    Simple,
    /// HTML, term by term.
    Html,
    /// XML, term by term.
    Xml,
}

impl Kind {
    /// What the definition alone tells.
    pub(super) fn guessed(field: &FieldInfo) -> Self {
        match field.kind {
            FieldType::Html => Self::Html,
            FieldType::Text if XML_FIELDS.contains(&field.name.as_str()) => Self::Xml,
            _ => Self::Simple,
        }
    }

    fn known(field: &FieldInfo, by_term: bool) -> Self {
        match (by_term, &field.kind) {
            (false, _) => Self::Simple,
            (true, FieldType::Html) => Self::Html,
            (true, _) => Self::Xml,
        }
    }

    pub(super) fn mode(self) -> Mode {
        if self == Self::Xml { Mode::Xml } else { Mode::Html }
    }
}

/// One term and what each language says; a language that says the same is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) source: String,
    pub(super) texts: BTreeMap<String, String>,
}

impl Term {
    pub(super) fn text<'a>(&'a self, lang: &str) -> &'a str {
        self.texts.get(lang).unwrap_or(&self.source)
    }
}

/// The field in all languages.
#[derive(Debug)]
pub(super) struct State {
    pub(super) kind: Kind,
    pub(super) languages: Languages,
    /// Whole texts; empty for a field of terms.
    pub(super) texts: BTreeMap<String, Option<String>>,
    /// In the order of the page; empty for a simple field.
    pub(super) terms: Vec<Term>,
    /// The field is HTML and yet one text per language.
    is_whole_html: bool,
}

impl State {
    pub(super) async fn read(odoo: &PermittedOdoo<'_>, subject: &Subject) -> Result<Self, ToolError> {
        Self::read_knowing(odoo, subject, None).await
    }

    /// The same with languages that are known already.
    pub(super) async fn read_knowing(
        odoo: &PermittedOdoo<'_>,
        subject: &Subject,
        languages: Option<&Languages>,
    ) -> Result<Self, ToolError> {
        let schema = odoo.schema(&subject.model).await?;
        let field = schema.expect_field(subject.field_name.as_str())?;
        if !field.translate {
            return Err(ToolError::Stopped {
                code: "not_translated",
                message: format!("field `{}` of `{}` is not translated", field.name, subject.model),
                hint: Some("odoo_list_translatable_fields lists those that are".to_owned()),
            });
        }
        let languages = match languages {
            Some(languages) => languages.clone(),
            None => Languages::read(odoo).await?,
        };
        let found = odoo.field_translations(&subject.model, subject.res_id, &subject.field_name).await?;
        let kind = Kind::known(field, found.by_term);
        let is_whole_html = kind == Kind::Simple && field.kind == FieldType::Html;
        let (texts, terms) = shaped(found);
        Ok(Self { kind, languages, texts, terms, is_whole_html })
    }

    /// The same field, looked at once more.
    pub(super) async fn read_again(
        &self,
        odoo: &PermittedOdoo<'_>,
        subject: &Subject,
    ) -> Result<Self, ToolError> {
        let found = odoo.field_translations(&subject.model, subject.res_id, &subject.field_name).await?;
        let (texts, terms) = shaped(found);
        Ok(Self { texts, terms, languages: self.languages.clone(), ..*self })
    }

    pub(super) fn form(&self) -> Form {
        match self.kind {
            Kind::Simple if self.is_whole_html => Form::WholeHtml,
            Kind::Simple => Form::Plain,
            kind => Form::Term(kind.mode()),
        }
    }

    /// The whole text of a language, where it is set.
    pub(super) fn text(&self, lang: &str) -> Option<&str> {
        self.texts.get(lang)?.as_deref()
    }

    /// What a language without a text of its own shows.
    pub(super) fn english(&self) -> Option<&str> {
        self.text(ENGLISH)
    }

    pub(super) fn term(&self, source: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.source == source)
    }

    /// Does a language say anything of its own?
    pub(super) fn has_own_terms(&self, lang: &str) -> bool {
        self.terms.iter().any(|term| term.texts.contains_key(lang))
    }
}

type Shaped = (BTreeMap<String, Option<String>>, Vec<Term>);

fn shaped(found: FieldTranslations) -> Shaped {
    let (mut texts, mut terms): Shaped = Default::default();
    if !found.by_term {
        for row in found.rows {
            // The source stands in every row, also where its language is not active.
            if !texts.contains_key(ENGLISH) && !row.source.is_empty() {
                texts.insert(ENGLISH.to_owned(), Some(row.source));
            }
            texts.insert(row.lang, row.value);
        }
        return (texts, terms);
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for row in found.rows {
        let place = *places.entry(row.source.clone()).or_insert_with(|| {
            terms.push(Term { source: row.source.clone(), texts: BTreeMap::new() });
            terms.len() - 1
        });
        let own = row.value.filter(|text| !text.is_empty() && *text != row.source);
        if let (Some(term), Some(text)) = (terms.get_mut(place), own) {
            term.texts.insert(row.lang, text);
        }
    }
    (texts, terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::TranslationRow;

    fn row(lang: &str, source: &str, value: Option<&str>) -> TranslationRow {
        TranslationRow { lang: lang.to_owned(), source: source.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn rows_become_texts_or_terms() {
        let rows = vec![row("fr_FR", "Bolt", Some("Boulon")), row("de_DE", "Bolt", None)];
        let (texts, terms) = shaped(FieldTranslations { by_term: false, rows });
        assert_eq!(texts["fr_FR"].as_deref(), Some("Boulon"));
        assert_eq!((texts["de_DE"].as_deref(), texts["en_US"].as_deref()), (None, Some("Bolt")));
        assert!(terms.is_empty());
        let rows = vec![
            row("fr_FR", "Zebra", Some("Zèbre")),
            row("fr_FR", "Apple", Some("")),
            row("de_DE", "Zebra", Some("Zebra")),
        ];
        let (_, terms) = shaped(FieldTranslations { by_term: true, rows });
        assert_eq!(terms.iter().map(|term| &*term.source).collect::<Vec<_>>(), ["Zebra", "Apple"]);
        assert_eq!((terms[0].text("fr_FR"), terms[0].text("de_DE")), ("Zèbre", "Zebra"));
        assert_eq!(terms[1].text("fr_FR"), "Apple");
    }
}
