//! The translations of one field of one record.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    languages::{ENGLISH, Languages},
    state::{Kind, State},
    subject::Subject,
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<GetFieldTranslations>()];

/// Terms of one answer; a long page has a few hundred.
const TERMS_DEFAULT: u32 = 200;
const TERMS_MAX: u32 = 1_000;

/// Arguments of `odoo_get_field_translations`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct GetFieldTranslations {
    #[serde(flatten)]
    subject: Subject,
    /// Only these languages, such as `["fr_FR"]`; all active ones when empty.
    #[serde(default)]
    langs: Vec<String>,
    /// Most terms to return, for HTML and XML fields.
    #[serde(default = "terms_default")]
    limit: u32,
    /// Terms to skip.
    #[serde(default)]
    offset: u32,
}

fn terms_default() -> u32 {
    TERMS_DEFAULT
}

/// One term of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShownTerm {
    pub(super) source: String,
    /// By language; null where it says the same as the source, translated or not.
    pub(super) translations: BTreeMap<String, Option<String>>,
}

/// How much of a field one language has.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Coverage {
    pub(super) lang: String,
    /// Texts or terms that differ from the source.
    pub(super) translated: u64,
    /// Texts or terms that say the same as the source.
    pub(super) as_source: u64,
}

/// Result of `odoo_get_field_translations`.
#[derive(Debug, Serialize, JsonSchema)]
struct FieldTranslations {
    model: String,
    res_id: i64,
    field: String,
    /// `simple` has `values`, `html` and `xml` have `terms`.
    translate: Kind,
    source_lang: String,
    languages: Vec<String>,
    /// Text by language; null where nothing is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<BTreeMap<String, Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Vec<ShownTerm>>,
    coverage: Vec<Coverage>,
    /// Terms in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    odoo_version: String,
}

impl Tool for GetFieldTranslations {
    const NAME: &'static str = "odoo_get_field_translations";
    const TITLE: &'static str = "Read translations of a field";
    const DESCRIPTION: &'static str = "Read all languages of a translated field of one record: `values` by \
         language, or for HTML and XML fields `terms` with their translations. The same shape on every \
         version of Odoo.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = FieldTranslations;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Records(self.subject.read()), Languages::effect(&self.subject.connection)]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.subject.check()?;
        if !(1..=TERMS_MAX).contains(&self.limit) {
            return Err(ArgumentsError {
                message: format!("argument `limit`: a whole number from 1 to {TERMS_MAX}"),
                hint: None,
            });
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<FieldTranslations, ToolError> {
        let odoo = cx.odoo(&self.subject.connection)?;
        let state = State::read(&odoo, &self.subject).await?;
        state.languages.must_have(self.langs.iter().map(String::as_str))?;
        let langs = if self.langs.is_empty() { state.languages.codes() } else { self.langs.clone() };
        let coverage = langs.iter().map(|lang| covered(&state, lang)).collect();
        let mut answer = FieldTranslations {
            model: self.subject.model.to_string(),
            res_id: self.subject.res_id,
            field: self.subject.field_name.as_str().to_owned(),
            translate: state.kind,
            source_lang: ENGLISH.to_owned(),
            languages: langs.clone(),
            values: None,
            terms: None,
            coverage,
            total: None,
            has_more: false,
            next_offset: None,
            odoo_version: odoo.version().await.text().to_owned(),
        };
        if state.kind == Kind::Simple {
            let value = |lang: &String| (lang.clone(), state.text(lang).map(str::to_owned));
            answer.values = Some(langs.iter().map(value).collect());
            return Ok(answer);
        }
        let (total, offset) = (state.terms.len(), self.offset as usize);
        let page = state.terms.iter().skip(offset).take(self.limit as usize);
        let shown: Vec<ShownTerm> = page
            .map(|term| ShownTerm {
                source: term.source.clone(),
                translations: langs
                    .iter()
                    .filter(|lang| *lang != ENGLISH)
                    .map(|lang| (lang.clone(), term.texts.get(lang).cloned()))
                    .collect(),
            })
            .collect();
        let next = offset + shown.len();
        answer.has_more = next < total && !shown.is_empty();
        answer.next_offset = answer.has_more.then_some(next as u64);
        answer.total = Some(total as u64);
        answer.terms = Some(shown);
        Ok(answer)
    }
}

pub(super) fn covered(state: &State, lang: &str) -> Coverage {
    let (translated, all) = if state.kind == Kind::Simple {
        let own = state.text(lang);
        let is_own = own.is_some() && (lang == ENGLISH || own != state.english());
        (u64::from(is_own), u64::from(own.is_some()))
    } else if lang == ENGLISH {
        (state.terms.len() as u64, state.terms.len() as u64)
    } else {
        let own = state.terms.iter().filter(|term| term.texts.contains_key(lang)).count();
        (own as u64, state.terms.len() as u64)
    };
    Coverage { lang: lang.to_owned(), translated, as_source: all - translated }
}
