//! Reading and setting the terms of a page: fields that are HTML or XML.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    change::{self, Change},
    field::{english, must_be_visible},
    get::{Coverage, covered},
    languages::{ENGLISH, Languages},
    state::{Kind, State},
    subject::Subject,
    term_changes::{LanguageReport, Plan, Rules, Wanted, plan},
};
use crate::{
    facts::{Caller, Class, Effect, JsonObject, Risk},
    markup::Parts,
    odoo::{Context, PermittedOdoo},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<TranslateHtml>()];

/// Most terms of one call over all languages.
const TERMS_MAX: usize = 2_000;
/// All texts of a call together.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Arguments of `odoo_translate_html`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct TranslateHtml {
    #[serde(flatten)]
    subject: Subject,
    /// `terms`: `{"fr_FR": {"source term": "translation"}}`, null takes a translation away. `replace`: `{"fr_FR": "<p>whole markup</p>"}` with the structure of the source.
    #[serde(default)]
    translations: JsonObject,
    /// `extract` lists the terms, `terms` sets some, `replace` pairs a whole translated text with the source.
    #[serde(default)]
    mode: Mode,
    /// The language of the source terms.
    #[serde(default = "english")]
    source_lang: String,
    /// Only say what would change; write nothing.
    #[serde(default)]
    dry_run: bool,
    /// Put an invisible character (U+200B) before a term that is the same as its source, so that Odoo counts it as translated; off unless asked for.
    #[serde(default)]
    mark_identical_as_translated: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Extract,
    #[default]
    Terms,
    Replace,
}

/// Result of `odoo_translate_html`.
#[derive(Debug, Serialize, JsonSchema)]
struct HtmlTranslated {
    /// Everything that was asked for is there now; false where terms are unmatched.
    success: bool,
    model: String,
    res_id: i64,
    field: String,
    translate: Kind,
    mode: Mode,
    source_lang: String,
    /// Nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    terms_count: u64,
    /// The terms of the source, in the order of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Vec<String>>,
    /// What each language says of its own: source term to text.
    #[serde(skip_serializing_if = "Option::is_none")]
    translations_by_lang: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// What happened, or on a dry run would, in each language.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    languages: Vec<LanguageReport>,
    /// How much each language has now.
    coverage: Vec<Coverage>,
    odoo_version: String,
}

impl Tool for TranslateHtml {
    const NAME: &'static str = "odoo_translate_html";
    const TITLE: &'static str = "Translate an HTML or XML field";
    const DESCRIPTION: &'static str = "List or set the translated terms of an HTML or XML field (descriptions, \
         pages, views). The structure, the source and other languages are never changed: tags, links and \
         placeholders of a term must stay. Unknown terms are reported as `unmatched`. Everything is checked \
         before anything is written and read back afterwards.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = HtmlTranslated;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = vec![];
        if self.only_looks() {
            effects.push(Effect::Records(self.subject.read()));
        } else {
            effects.push(self.subject.write(json!(self.translations)));
            effects.push(Effect::Records(self.subject.read().auxiliary()));
        }
        if self.mode != Mode::Extract {
            effects.push(self.subject.look());
        }
        effects.push(Languages::effect(&self.subject.connection));
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.subject.check()?;
        let refuse = |message: String| Err(ArgumentsError { message, hint: None });
        match (self.mode, self.translations.is_empty()) {
            (Mode::Extract, false) => {
                return refuse("`translations` is for the modes `terms` and `replace`".to_owned());
            }
            (Mode::Terms | Mode::Replace, true) => {
                return refuse("argument `translations`: name at least one language".to_owned());
            }
            _ => {}
        }
        match self.mode {
            Mode::Extract => {}
            Mode::Terms => match self.wanted_terms() {
                Ok(wanted) if wanted.values().map(BTreeMap::len).sum::<usize>() > TERMS_MAX => {
                    return refuse(format!("argument `translations`: more than {TERMS_MAX} terms"));
                }
                Ok(_) => {}
                Err(why) => return refuse(why),
            },
            Mode::Replace => {
                if let Err(why) = self.wanted_markup() {
                    return refuse(why);
                }
            }
        }
        if serde_json::to_vec(&self.translations).map_or(usize::MAX, |bytes| bytes.len()) > TEXT_BYTES_MAX {
            return refuse("argument `translations`: the texts are larger than 2 MiB".to_owned());
        }
        Ok(())
    }

    fn class(&self) -> Class {
        if self.only_looks() { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run && self.mode != Mode::Extract
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<HtmlTranslated, ToolError> {
        let odoo = cx.odoo(&self.subject.connection)?;
        let before = State::read(&odoo, &self.subject).await?;
        self.must_fit(&before)?;
        if self.mode == Mode::Extract {
            return self.answer(&odoo, &before, Plan::default()).await;
        }
        let wanted = match self.mode {
            Mode::Replace => self.paired(&odoo, &before).await?,
            Mode::Terms | Mode::Extract => self.wanted_terms().map_err(ToolError::arguments)?,
        };
        let rules = Rules {
            source_lang: &self.source_lang,
            marks_identical: self.mark_identical_as_translated,
            by_current: odoo.knows_terms_by_current().await,
        };
        let planned = plan(&before, &wanted, rules)?;
        for lang in planned.changes.keys() {
            must_share_structure(&odoo, &self.subject, &before, lang).await?;
        }
        if self.dry_run || planned.changes.is_empty() {
            return self.answer(&odoo, &before, planned).await;
        }
        must_be_visible(&odoo, &self.subject)?;
        let change = Change::Terms(planned.changes.clone());
        let after = change::write(&odoo, &self.subject, &before, &change).await?;
        self.answer(&odoo, &after, planned).await
    }
}

impl TranslateHtml {
    fn only_looks(&self) -> bool {
        self.dry_run || self.mode == Mode::Extract
    }

    fn must_fit(&self, state: &State) -> Result<(), ToolError> {
        if state.kind == Kind::Simple {
            return Err(ToolError::Stopped {
                code: "wrong_kind",
                message: format!("field `{}` has one text per language", self.subject.field_name.as_str()),
                hint: Some("use odoo_translate_field".to_owned()),
            });
        }
        state.languages.must_have(self.translations.keys().map(String::as_str))?;
        state.languages.must_have_source(&self.source_lang)
    }

    /// Terms by language, as the mode `terms` takes them.
    fn wanted_terms(&self) -> Result<BTreeMap<String, Wanted>, String> {
        let of_lang = |(lang, terms): (&String, &Value)| match terms {
            Value::Object(terms) => {
                let terms: Result<Wanted, String> = terms
                    .iter()
                    .map(|(term, text)| match text {
                        Value::String(text) => Ok((term.clone(), Some(text.clone()))),
                        Value::Null => Ok((term.clone(), None)),
                        _ => Err(format!("argument `translations.{lang}`: each translation is text or null")),
                    })
                    .collect();
                Ok((lang.clone(), terms?))
            }
            _ => Err(format!(
                "argument `translations.{lang}`: an object of source terms and their translations"
            )),
        };
        self.translations.iter().map(of_lang).collect()
    }

    /// Whole texts by language, as the mode `replace` takes them.
    fn wanted_markup(&self) -> Result<BTreeMap<String, String>, String> {
        let of_lang = |(lang, markup): (&String, &Value)| match markup {
            Value::String(markup) => Ok((lang.clone(), markup.clone())),
            _ => Err(format!("argument `translations.{lang}`: the whole translated markup as text")),
        };
        self.translations.iter().map(of_lang).collect()
    }

    /// The terms of whole texts, paired with those of the source by their places.
    async fn paired(
        &self,
        odoo: &PermittedOdoo<'_>,
        before: &State,
    ) -> Result<BTreeMap<String, Wanted>, ToolError> {
        let rules = odoo.term_rules(before.kind.mode()).await;
        let source = value_in(odoo, &self.subject, &self.source_lang).await?;
        let source = Parts::of(&source, rules).map_err(|error| {
            ToolError::conflict(format!("the source cannot be taken apart: {error}"), "use the mode `terms`")
        })?;
        let mut wanted = BTreeMap::new();
        for (lang, markup) in self.wanted_markup().map_err(ToolError::arguments)? {
            let refused = |why: &dyn std::fmt::Display| ToolError::Stopped {
                code: "structure_changed",
                message: format!("the text in {lang} does not have the structure of the source: {why}"),
                hint: Some("translate only the words; to change the page itself, edit the source".to_owned()),
            };
            let parts = Parts::of(&markup, rules).map_err(|error| refused(&error))?;
            let mut terms = Wanted::new();
            for (term, text) in source.paired(&parts).map_err(|error| refused(&error))? {
                let known = terms.insert(term.to_owned(), Some(text.to_owned()));
                if known.flatten().is_some_and(|known| known != text) {
                    let shown: String = term.chars().take(60).collect();
                    return Err(ToolError::arguments(format!(
                        "`{shown}` stands in the source more than once and is translated in two ways in {lang}; Odoo keeps one"
                    )));
                }
            }
            wanted.insert(lang, terms);
        }
        Ok(wanted)
    }

    async fn answer(
        &self,
        odoo: &PermittedOdoo<'_>,
        state: &State,
        planned: Plan,
    ) -> Result<HtmlTranslated, ToolError> {
        let extracts = self.mode == Mode::Extract;
        let source = |term: &super::state::Term| term.text(&self.source_lang).to_owned();
        let own = |lang: &String| {
            let of_lang = |term: &super::state::Term| Some((source(term), term.texts.get(lang)?.clone()));
            (lang.clone(), state.terms.iter().filter_map(of_lang).collect())
        };
        let codes = state.languages.codes();
        Ok(HtmlTranslated {
            success: !planned.has_unmatched(),
            model: self.subject.model.to_string(),
            res_id: self.subject.res_id,
            field: self.subject.field_name.as_str().to_owned(),
            translate: state.kind,
            mode: self.mode,
            source_lang: self.source_lang.clone(),
            dry_run: self.is_rehearsal(),
            terms_count: state.terms.len() as u64,
            terms: extracts.then(|| state.terms.iter().map(source).collect()),
            translations_by_lang: extracts.then(|| {
                codes.iter().filter(|lang| *lang != ENGLISH && **lang != self.source_lang).map(own).collect()
            }),
            languages: planned.reports,
            coverage: codes.iter().map(|lang| covered(state, lang)).collect(),
            odoo_version: odoo.version().await.text().to_owned(),
        })
    }
}

/// A language whose text has another structure would lose it to that of the source.
pub(super) async fn must_share_structure(
    odoo: &PermittedOdoo<'_>,
    subject: &Subject,
    before: &State,
    lang: &str,
) -> Result<(), ToolError> {
    // One term of its own shows that Odoo could pair the language with the source.
    if before.has_own_terms(lang) || !odoo.keeps_empty_translations().await {
        return Ok(());
    }
    let (own, source) = (value_in(odoo, subject, lang).await?, value_in(odoo, subject, ENGLISH).await?);
    if own == source || crate::markup::says_the_same(&own, &source, before.kind.mode()) {
        return Ok(());
    }
    Err(ToolError::conflict(
        format!(
            "the text of {} in {lang} has another structure than the source; translating terms would lose it",
            subject.named()
        ),
        "bring both languages to one structure in Odoo first",
    ))
}

async fn value_in(odoo: &PermittedOdoo<'_>, subject: &Subject, lang: &str) -> Result<String, ToolError> {
    let context = Context::default().with_lang(lang).map_err(crate::odoo::OdooError::from)?;
    let fields = [subject.field_name.clone()];
    let rows = odoo.read(&subject.model, &[subject.res_id], &fields, &context).await?;
    let value = rows.first().and_then(|row| row.get(subject.field_name.as_str()));
    Ok(value.and_then(Value::as_str).unwrap_or_default().to_owned())
}
