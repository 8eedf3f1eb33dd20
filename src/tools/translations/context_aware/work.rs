//! The work list: every text that is to be translated, with what is there already.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{
        checks,
        languages::Languages,
        state::{Kind, State},
        subject::Subject,
    },
    ITEMS_MAX, ItemText, TranslateContextAware,
    drafts::DraftItem,
};
use crate::{
    facts::FieldName,
    odoo::{Context, PermittedOdoo},
    tools::{ToolError, translations::checks::Form},
};

/// Existing translations that a model may learn from.
const GLOSSARY_MAX: usize = 60;
/// A pair that is longer teaches no words.
const GLOSSARY_CHARS_MAX: usize = 80;

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) items: Vec<DraftItem>,
    pub(super) kinds: BTreeMap<String, Kind>,
    /// How people call the records.
    pub(super) records: BTreeMap<i64, String>,
    /// Texts that are empty, hold no words, or are translated already.
    pub(super) left_out: u64,
    /// Source to translation, from the database and the caller.
    pub(super) glossary: BTreeMap<String, String>,
    pub(super) language_names: (String, String),
}

pub(super) async fn gather(
    odoo: &PermittedOdoo<'_>,
    call: &TranslateContextAware,
    languages: &Languages,
) -> Result<Gathered, ToolError> {
    let mut gathered = Gathered {
        records: names(odoo, call).await?,
        glossary: call.glossary.clone(),
        language_names: (
            languages.name(&call.source_lang).to_owned(),
            languages.name(&call.target_lang).to_owned(),
        ),
        ..Gathered::default()
    };
    for id in call.ids.as_slice() {
        for field in &call.field_names {
            let subject = subject(call, *id, field);
            let state = State::read_knowing(odoo, &subject, Some(languages)).await?;
            gathered.kinds.insert(field.as_str().to_owned(), state.kind);
            gathered.add(call, *id, field, &state);
            if gathered.items.len() > ITEMS_MAX {
                return Err(ToolError::too_large(
                    format!("there are more than {ITEMS_MAX} texts"),
                    "name fewer records or fields",
                ));
            }
        }
    }
    for (place, item) in gathered.items.iter_mut().enumerate() {
        item.number = u32::try_from(place + 1).unwrap_or(u32::MAX);
    }
    Ok(gathered)
}

fn subject(call: &TranslateContextAware, id: i64, field: &FieldName) -> Subject {
    Subject {
        connection: call.connection.clone(),
        model: call.model.clone(),
        res_id: id,
        field_name: field.clone(),
    }
}

impl Gathered {
    fn add(&mut self, call: &TranslateContextAware, id: i64, field: &FieldName, state: &State) {
        let (source_lang, target_lang) = (call.source_lang.as_str(), call.target_lang.as_str());
        let texts: Vec<(String, String, Option<String>)> = if state.kind == Kind::Simple {
            let source = state.text(source_lang).unwrap_or_default().to_owned();
            let existing = state.text(target_lang).filter(|text| *text != source && !text.is_empty());
            vec![(source.clone(), source, existing.map(str::to_owned))]
        } else {
            let terms = state.terms.iter().map(|term| {
                let existing = term.texts.get(target_lang).cloned();
                (term.text(source_lang).to_owned(), term.source.clone(), existing)
            });
            terms.collect()
        };
        for (source, term, existing) in texts {
            if let Some(existing) = &existing
                && self.glossary.len() < GLOSSARY_MAX
                && source.chars().count() <= GLOSSARY_CHARS_MAX
            {
                self.glossary.entry(source.clone()).or_insert_with(|| existing.clone());
            }
            let has_words = source.chars().filter(|c| c.is_alphabetic()).nth(1).is_some();
            if !has_words || (call.only_missing && existing.is_some() && call.items.is_empty()) {
                self.left_out += 1;
                continue;
            }
            self.items.push(DraftItem {
                number: 0,
                id,
                field: field.clone(),
                kind: state.kind,
                source,
                term,
                existing,
                text: None,
            });
        }
    }
}

/// How people call the records, in the source language. Names that may not be seen are missing.
async fn names(
    odoo: &PermittedOdoo<'_>,
    call: &TranslateContextAware,
) -> Result<BTreeMap<i64, String>, ToolError> {
    let fields: Vec<FieldName> = FieldName::parse("display_name").into_iter().collect();
    let context = Context::default().with_lang(&call.source_lang).map_err(crate::odoo::OdooError::from)?;
    let rows = odoo.read(&call.model, call.ids.as_slice(), &fields, &context).await?;
    let found: BTreeMap<i64, String> = rows
        .iter()
        .filter_map(|row| {
            let name = row.get("display_name").and_then(Value::as_str).unwrap_or_default();
            Some((row.get("id")?.as_i64()?, name.to_owned()))
        })
        .collect();
    match call.ids.as_slice().iter().find(|id| !found.contains_key(id)) {
        None => Ok(found),
        Some(missing) => Err(ToolError::not_found(
            format!("`{}` has no record with id {missing}", call.model),
            "leave this id out, or find the right one with odoo_search",
        )),
    }
}

/// Puts the caller's texts into the items, each of them checked. What fits no item, and what is no
/// translation of its source, is told and changes nothing.
pub(super) fn take(items: &mut [DraftItem], texts: &[ItemText]) -> Result<Vec<String>, ToolError> {
    let mut problems = Vec::new();
    for (place, given) in texts.iter().enumerate() {
        let Some(item) = items.iter_mut().find(|item| is_meant(item, given)) else {
            problems.push(format!("`items[{place}]` is not in the draft"));
            continue;
        };
        match &given.text {
            None => item.text = None,
            Some(text) => match fitting(item, text) {
                Ok(text) => item.text = Some(text),
                Err(why) => {
                    problems.push(format!("`items[{place}]` (item {}) is refused: {why}", item.number))
                }
            },
        }
    }
    Ok(problems)
}

fn is_meant(item: &DraftItem, given: &ItemText) -> bool {
    if let Some(number) = given.number {
        return item.number == number;
    }
    given.id == Some(item.id)
        && given.field.as_deref() == Some(item.field.as_str())
        && match &given.source {
            Some(source) => *source == item.source,
            None => item.kind == Kind::Simple,
        }
}

/// A text that may stand for the item's source.
pub(super) fn fitting(item: &DraftItem, text: &str) -> Result<String, String> {
    let form = if item.kind == Kind::Simple { Form::Plain } else { Form::Term(item.kind.mode()) };
    if text.trim().is_empty() {
        return Err("it is empty; null leaves an item out".to_owned());
    }
    checks::check(&item.source, text, form)?;
    Ok(text.to_owned())
}
