//! Writing a draft: record by record and field by field, and nothing whose source or translation is
//! another by now.

use std::collections::BTreeMap;

use super::{
    super::{
        change::{self, Change},
        field::must_be_visible,
        html::must_share_structure,
        languages::Languages,
        state::{Kind, State},
        subject::Subject,
    },
    answer::Status,
    drafts::{Draft, DraftItem},
};
use crate::{
    facts::FieldName,
    odoo::{PermittedOdoo, TermChange},
    tools::{Progress, ToolError},
};

/// What became of each item, by number.
pub(super) type Applied = BTreeMap<u32, (Status, Option<String>)>;

pub(super) async fn apply(
    odoo: &PermittedOdoo<'_>,
    draft: &Draft,
    progress: &Progress,
) -> Result<Applied, ToolError> {
    let languages = Languages::read(odoo).await?;
    languages.must_have([draft.target_lang.as_str()])?;
    let mut groups: BTreeMap<(i64, FieldName), Vec<&DraftItem>> = BTreeMap::new();
    let mut applied = Applied::new();
    for item in &draft.items {
        if item.text.is_none() {
            applied.insert(item.number, (Status::LeftOut, None));
        } else {
            groups.entry((item.id, item.field.clone())).or_default().push(item);
        }
    }
    let total = groups.len();
    let mut stopped: Option<String> = None;
    for (done, ((id, field), items)) in groups.into_iter().enumerate() {
        if let Some(why) = &stopped {
            note(&mut applied, &items, Status::Failed, why);
            continue;
        }
        let subject = Subject {
            connection: draft.connection.clone(),
            model: draft.model.clone(),
            res_id: id,
            field_name: field,
        };
        if let Err(error) = one(odoo, draft, &subject, &languages, &items, &mut applied).await {
            let unknown = matches!(&error, ToolError::Odoo(error) if error.outcome_is_unknown());
            let status = if unknown { Status::Unknown } else { Status::Failed };
            note(&mut applied, &items, status, &error.to_string());
            if unknown {
                stopped = Some("not tried: an earlier change got no answer".to_owned());
            }
        }
        progress.report((done + 1) as f64, Some(total as f64), "writing");
    }
    Ok(applied)
}

fn note(applied: &mut Applied, items: &[&DraftItem], status: Status, why: &str) {
    for item in items {
        applied.entry(item.number).or_insert_with(|| (status, Some(why.to_owned())));
    }
}

/// One field of one record.
async fn one(
    odoo: &PermittedOdoo<'_>,
    draft: &Draft,
    subject: &Subject,
    languages: &Languages,
    items: &[&DraftItem],
    applied: &mut Applied,
) -> Result<(), ToolError> {
    must_be_visible(odoo, subject)?;
    let before = State::read_knowing(odoo, subject, Some(languages)).await?;
    let (source_lang, target_lang) = (draft.source_lang.as_str(), draft.target_lang.as_str());
    let mut accepted = Vec::new();
    for item in items {
        let Some(text) = item.text.as_deref() else { continue };
        let now = seen(&before, item, source_lang, target_lang);
        match now {
            Some((source, _)) if source != item.source => {
                let why = "its source is another text by now".to_owned();
                applied.insert(item.number, (Status::SourceChanged, Some(why)));
            }
            Some((_, existing)) if existing == Some(text) => {
                applied.insert(item.number, (Status::Unchanged, None));
            }
            Some((_, existing)) if existing != item.existing.as_deref() => {
                let why = "somebody translated it meanwhile".to_owned();
                applied.insert(item.number, (Status::TranslationChanged, Some(why)));
            }
            Some(_) => accepted.push((*item, text)),
            None => {
                let why = "its source is gone".to_owned();
                applied.insert(item.number, (Status::SourceChanged, Some(why)));
            }
        }
    }
    if accepted.is_empty() {
        return Ok(());
    }
    let change = if before.kind == Kind::Simple {
        let texts = accepted.iter().map(|(_, text)| (target_lang.to_owned(), Some((*text).to_owned())));
        Change::Texts(texts.collect())
    } else {
        must_share_structure(odoo, subject, &before, target_lang).await?;
        let terms = accepted.iter().map(|(item, text)| {
            let text = (*text != item.term).then(|| (*text).to_owned());
            (item.term.clone(), TermChange { current: item.existing.clone(), text })
        });
        Change::Terms([(target_lang.to_owned(), terms.collect())].into())
    };
    change::write(odoo, subject, &before, &change).await?;
    for (item, _) in accepted {
        applied.insert(item.number, (Status::Written, None));
    }
    Ok(())
}

/// What the source and the target say of an item now.
fn seen<'a>(
    state: &'a State,
    item: &DraftItem,
    source_lang: &str,
    target_lang: &str,
) -> Option<(&'a str, Option<&'a str>)> {
    if item.kind != state.kind {
        return None;
    }
    if state.kind == Kind::Simple {
        let source = state.text(source_lang).unwrap_or_default();
        let existing = state.text(target_lang).filter(|text| *text != source && !text.is_empty());
        return Some((source, existing));
    }
    let term = state.term(&item.term)?;
    Some((term.text(source_lang), term.texts.get(target_lang).map(String::as_str)))
}
