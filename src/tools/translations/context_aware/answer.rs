//! What the caller is told: the items, and what became of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::state::Kind,
    applying::Applied,
    asking::Asked,
    drafts::{Draft, DraftItem},
};
use crate::language::Usage;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It has a text that can be written.
    Proposed,
    /// It has no text yet.
    Open,
    Written,
    /// Odoo said so already.
    Unchanged,
    /// It has no text, so nothing was written.
    LeftOut,
    /// The source is another text by now.
    SourceChanged,
    /// Somebody translated it meanwhile.
    TranslationChanged,
    Failed,
    /// No answer came: it may or may not be written.
    Unknown,
}

/// One text.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Item {
    number: u32,
    id: i64,
    /// How people call the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    field: String,
    kind: Kind,
    source: String,
    existing_translation: Option<String>,
    proposed_translation: Option<String>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Result of `odoo_translate_context_aware`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Translated {
    /// Nothing was written.
    dry_run: bool,
    /// A draft: that there is one. Writing: that every item with a text is in Odoo now.
    success: bool,
    model: String,
    source_lang: String,
    target_lang: String,
    /// Pass this with `dry_run` false to write the draft, or with `items` to change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    field_kinds: BTreeMap<String, Kind>,
    items: Vec<Item>,
    /// Texts that are empty, hold no words or are translated already.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u64>,
    /// Words and their translations, from existing translations and from the call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    glossary: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    translations_written: Option<u64>,
    /// Provider and model that made the proposals.
    #[serde(skip_serializing_if = "Option::is_none")]
    translated_by: Option<String>,
    /// What the language model used.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    /// What the language model said besides what it was asked; it was dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    /// Texts of the call that were not taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    note: String,
}

impl Translated {
    pub(super) fn of_draft(target: &str, id: Option<String>, draft: &Draft, problems: Vec<String>) -> Self {
        let status = |item: &DraftItem| if item.text.is_some() { Status::Proposed } else { Status::Open };
        let items: Vec<Item> = draft.items.iter().map(|item| shown(item, status(item), None)).collect();
        let open = draft.items.iter().filter(|item| item.text.is_none()).count();
        let note = if items.is_empty() {
            "nothing is to be translated; `only_missing` false lists what is translated already".to_owned()
        } else if open == 0 {
            format!(
                "nothing is written yet: review the texts, then pass `proposal_id` with `dry_run` false to write them in {target}"
            )
        } else {
            format!(
                "nothing is written yet, and {open} items have no text: translate them into {target} and pass \
                 `proposal_id` with `items` (number and text); keep tags and placeholders of each source"
            )
        };
        Self {
            dry_run: true,
            success: !items.is_empty(),
            expires_at: id.as_ref().map(|_| moment(draft.expires_at)),
            proposal_id: id,
            items,
            problems,
            note,
            ..Self::empty(draft)
        }
    }

    pub(super) fn of_applied(draft: &Draft, applied: Applied, problems: Vec<String>) -> Self {
        let mut applied = applied;
        let items: Vec<Item> = draft
            .items
            .iter()
            .map(|item| {
                let (status, problem) = applied.remove(&item.number).unwrap_or((Status::LeftOut, None));
                shown(item, status, problem)
            })
            .collect();
        let count = |wanted: &[Status]| items.iter().filter(|item| wanted.contains(&item.status)).count();
        let (written, done) =
            (count(&[Status::Written]), count(&[Status::Written, Status::Unchanged, Status::LeftOut]));
        let missed = items.len() - done;
        let note = match missed {
            0 => format!("{written} texts are written and were read back"),
            missed => format!("{written} texts are written; {missed} are not: make a new draft for them"),
        };
        Self {
            dry_run: false,
            success: missed == 0 && problems.is_empty(),
            translations_written: Some(written as u64),
            items,
            problems,
            note,
            ..Self::empty(draft)
        }
    }

    fn empty(draft: &Draft) -> Self {
        Self {
            dry_run: true,
            success: false,
            model: draft.model.to_string(),
            source_lang: draft.source_lang.clone(),
            target_lang: draft.target_lang.clone(),
            proposal_id: None,
            expires_at: None,
            field_kinds: BTreeMap::new(),
            items: Vec::new(),
            left_out: None,
            glossary: BTreeMap::new(),
            translations_written: None,
            translated_by: None,
            usage: None,
            dropped: Vec::new(),
            problems: Vec::new(),
            note: String::new(),
        }
    }

    /// What is known only where the draft was made.
    pub(super) fn tell(
        &mut self,
        records: &BTreeMap<i64, String>,
        kinds: BTreeMap<String, Kind>,
        left_out: u64,
        glossary: BTreeMap<String, String>,
        mut asked: Asked,
    ) {
        for item in &mut self.items {
            item.record = records.get(&item.id).cloned().filter(|name| !name.is_empty());
            item.problem = asked.problems.remove(&item.number);
        }
        self.field_kinds = kinds;
        self.left_out = Some(left_out);
        self.glossary = glossary;
        self.translated_by = asked.by.map(|(provider, model)| format!("{provider} {model}"));
        self.usage = (!asked.usage.is_nothing()).then_some(asked.usage);
        self.dropped = asked.dropped;
    }
}

fn shown(item: &DraftItem, status: Status, problem: Option<String>) -> Item {
    Item {
        number: item.number,
        id: item.id,
        record: None,
        field: item.field.as_str().to_owned(),
        kind: item.kind,
        source: item.source.clone(),
        existing_translation: item.existing.clone(),
        proposed_translation: item.text.clone(),
        status,
        problem,
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
