//! Setting the languages of a field that has one text per language.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    change::{self, Change},
    checks::{self, MARKER},
    languages::{ENGLISH, Languages},
    state::{Kind, State},
    subject::Subject,
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    odoo::{PermittedOdoo, TextChanges},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<TranslateField>()];

/// Most languages of one call.
const LANGUAGES_MAX: usize = 100;
/// All texts of a call together; a product description has a few kilobytes.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Arguments of `odoo_translate_field`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct TranslateField {
    #[serde(flatten)]
    subject: Subject,
    /// Text by language, such as `{"fr_FR": "Boulon"}`. Null takes the translation away, so that the language shows the source; `""` is an empty text.
    translations: BTreeMap<String, Option<String>>,
    /// The language the texts are translated from; placeholders are compared with its text.
    #[serde(default = "english")]
    source_lang: String,
    /// Only say what would change; write nothing.
    #[serde(default)]
    dry_run: bool,
    /// Put an invisible character (U+200B) before a text that is the same as the source. It breaks searching and sorting; off unless asked for.
    #[serde(default)]
    mark_identical_as_translated: bool,
}

pub(super) fn english() -> String {
    ENGLISH.to_owned()
}

/// One language before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct TextDiff {
    pub(super) lang: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// Result of `odoo_translate_field`.
#[derive(Debug, Serialize, JsonSchema)]
struct FieldTranslated {
    /// Every language now has the text that was asked for; on a dry run, that it could.
    success: bool,
    model: String,
    res_id: i64,
    field: String,
    translate: Kind,
    /// Nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Languages that changed, or on a dry run would.
    applied: Vec<TextDiff>,
    /// Languages that had the text already.
    unchanged: Vec<String>,
    /// Languages that were not asked for and show another text now, because they follow the source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    followed: Vec<TextDiff>,
    /// What was read back after writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<BTreeMap<String, Option<String>>>,
    odoo_version: String,
}

impl Tool for TranslateField {
    const NAME: &'static str = "odoo_translate_field";
    const TITLE: &'static str = "Translate a field";
    const DESCRIPTION: &'static str = "Set translations of a field that has one text per language (names, \
         descriptions). Other languages stay as they are. Placeholders must match the source; everything is \
         checked before anything is written, read back afterwards, and put back if it is not stored as sent. \
         `dry_run` shows before and after. For HTML and XML fields use odoo_translate_html.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = FieldTranslated;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = vec![];
        if self.dry_run {
            effects.push(Effect::Records(self.subject.read()));
        } else {
            effects.push(self.subject.write(json!(self.translations)));
            effects.push(Effect::Records(self.subject.read().auxiliary()));
        }
        effects.push(Languages::effect(&self.subject.connection));
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.subject.check()?;
        let refuse = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        if self.translations.is_empty() {
            return refuse("argument `translations`: name at least one language");
        }
        if self.translations.len() > LANGUAGES_MAX {
            return refuse("argument `translations`: too many languages");
        }
        if self.translations.values().flatten().map(String::len).sum::<usize>() > TEXT_BYTES_MAX {
            return refuse("argument `translations`: the texts are larger than 1 MiB");
        }
        if self.translations.get(ENGLISH) == Some(&None) {
            return refuse("argument `translations`: en_US is the source and cannot be taken away");
        }
        Ok(())
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<FieldTranslated, ToolError> {
        let odoo = cx.odoo(&self.subject.connection)?;
        let before = State::read(&odoo, &self.subject).await?;
        let changes = self.checked(&odoo, &before).await?;
        let mut answer = FieldTranslated {
            success: true,
            model: self.subject.model.to_string(),
            res_id: self.subject.res_id,
            field: self.subject.field_name.as_str().to_owned(),
            translate: before.kind,
            dry_run: self.dry_run,
            applied: Vec::new(),
            unchanged: Vec::new(),
            followed: Vec::new(),
            verified: None,
            odoo_version: odoo.version().await.text().to_owned(),
        };
        for (lang, text) in &changes {
            let was = before.text(lang);
            let becomes = text.as_deref().or_else(|| changes.get(ENGLISH)?.as_deref()).or(before.english());
            if was == becomes {
                answer.unchanged.push(lang.clone());
            } else {
                answer.applied.push(diff(lang, was, becomes));
            }
        }
        if self.dry_run {
            return Ok(answer);
        }
        must_be_visible(&odoo, &self.subject)?;
        let change = Change::Texts(changes);
        let after = change::write(&odoo, &self.subject, &before, &change).await?;
        answer.followed = after
            .texts
            .iter()
            .filter(|(lang, _)| !self.translations.contains_key(*lang))
            .filter(|(lang, text)| before.text(lang) != text.as_deref())
            .map(|(lang, text)| diff(lang, before.text(lang), text.as_deref()))
            .collect();
        answer.verified = Some(
            self.translations
                .keys()
                .map(|lang| (lang.clone(), after.text(lang).map(str::to_owned)))
                .collect(),
        );
        Ok(answer)
    }
}

impl TranslateField {
    /// The texts to write, all of them checked.
    async fn checked(&self, odoo: &PermittedOdoo<'_>, before: &State) -> Result<TextChanges, ToolError> {
        if before.kind != Kind::Simple {
            return Err(ToolError::Stopped {
                code: "wrong_kind",
                message: format!("field `{}` is translated term by term", self.subject.field_name.as_str()),
                hint: Some("use odoo_translate_html".to_owned()),
            });
        }
        before.languages.must_have(self.translations.keys().map(String::as_str))?;
        before.languages.must_have_source(&self.source_lang)?;
        let source = before.text(&self.source_lang).unwrap_or_default();
        let new_source = self.translations.get(&self.source_lang).cloned().flatten();
        let source = new_source.as_deref().unwrap_or(source);
        let becomes_source = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if source.is_empty()
            && before.languages.must_have([self.source_lang.as_str()]).is_ok()
            && self.translations.values().any(becomes_source)
        {
            return Err(ToolError::Stopped {
                code: "no_source",
                message: format!(
                    "{} has no text in {}; Odoo would take the translation for the source",
                    self.subject.named(),
                    self.source_lang
                ),
                hint: Some(format!("give `{}` a text in the same call", self.source_lang)),
            });
        }
        let keeps_empty = odoo.keeps_empty_translations().await;
        let mut changes = TextChanges::new();
        for (lang, text) in &self.translations {
            let Some(text) = text else {
                changes.insert(lang.clone(), None);
                continue;
            };
            if text.is_empty() && !keeps_empty {
                return Err(ToolError::Stopped {
                    code: "version_unsupported",
                    message: format!(
                        "this version of Odoo keeps no empty translation; `{lang}` would show the source"
                    ),
                    hint: Some("pass null to take the translation away".to_owned()),
                });
            }
            if *lang != self.source_lang && !text.is_empty() {
                checks::check(source, text, before.form())
                    .map_err(|why| ToolError::arguments(format!("the text in {lang} is refused: {why}")))?;
            }
            let marked = self.mark_identical_as_translated && *lang != self.source_lang && text == source;
            let text = if marked && !text.is_empty() { format!("{MARKER}{text}") } else { text.clone() };
            changes.insert(lang.clone(), Some(text));
        }
        Ok(changes)
    }
}

/// What is masked for the caller could be neither compared nor put back.
pub(super) fn must_be_visible(odoo: &PermittedOdoo<'_>, subject: &Subject) -> Result<(), ToolError> {
    if odoo.shows_plainly(&subject.model, &subject.field_name) {
        return Ok(());
    }
    Err(ToolError::Stopped {
        code: "denied",
        message: format!(
            "the policy masks {}; what cannot be seen cannot be compared or put back",
            subject.named()
        ),
        hint: None,
    })
}

pub(super) fn diff(lang: &str, before: Option<&str>, after: Option<&str>) -> TextDiff {
    TextDiff { lang: lang.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}
