//! What callers say of terms, held against the terms that are there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    checks::{self, MARKER},
    languages::ENGLISH,
    state::{State, Term},
};
use crate::{
    facts::nearest,
    markup::says_the_same,
    odoo::{TermChange, TermChanges},
    tools::ToolError,
};

/// Terms of one list in an answer; the counts beside it are complete.
const LISTED_MAX: usize = 100;
/// Similar terms that are suggested.
const NEAREST_MAX: usize = 2;

/// What a caller wants of one language: source term to text, or nothing to take it away.
pub(super) type Wanted = BTreeMap<String, Option<String>>;

/// A term before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct TermDiff {
    pub(super) source: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// A term that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Unmatched {
    pub(super) term: String,
    /// Similar terms that are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) nearest: Vec<String>,
}

/// What happened to one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct LanguageReport {
    pub(super) lang: String,
    /// Terms that changed; the first hundred.
    pub(super) applied: Vec<TermDiff>,
    pub(super) applied_count: u64,
    /// Terms that said so already.
    pub(super) unchanged: Vec<String>,
    pub(super) unchanged_count: u64,
    /// Terms that the field does not have.
    pub(super) unmatched: Vec<Unmatched>,
    pub(super) unmatched_count: u64,
}

/// Terms to write, and what is said of them.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) changes: TermChanges,
    pub(super) reports: Vec<LanguageReport>,
}

impl Plan {
    pub(super) fn has_unmatched(&self) -> bool {
        self.reports.iter().any(|report| report.unmatched_count > 0)
    }
}

/// How a call wants its terms understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The language of the terms' names.
    pub(super) source_lang: &'a str,
    pub(super) marks_identical: bool,
    /// The server knows a term by what the target language has now.
    pub(super) by_current: bool,
}

/// Checks everything that is wanted; nothing is written yet.
pub(super) fn plan(
    state: &State,
    wanted: &BTreeMap<String, Wanted>,
    rules: Rules<'_>,
) -> Result<Plan, ToolError> {
    let mut plan = Plan::default();
    for (lang, terms) in wanted {
        if lang == ENGLISH || lang == rules.source_lang {
            return Err(ToolError::arguments_with_hint(
                format!("`{lang}` is the source: changing its terms is editing the text itself"),
                "change the text of the field; its translations follow where they can",
            ));
        }
        let mut report = LanguageReport { lang: lang.clone(), ..LanguageReport::default() };
        let changes = plan.changes.entry(lang.clone()).or_default();
        for (name, text) in terms {
            let Some(term) = found(state, name, rules.source_lang) else {
                report.unmatched_count += 1;
                if report.unmatched.len() < LISTED_MAX {
                    let known = state.terms.iter().map(|term| term.text(rules.source_lang));
                    let near = nearest(name, known, NEAREST_MAX).into_iter().map(str::to_owned).collect();
                    report.unmatched.push(Unmatched { term: name.clone(), nearest: near });
                }
                continue;
            };
            let change = one(state, term, lang, text.as_deref(), rules)?;
            note(&mut report, term, lang, change.text.as_deref());
            if change.text.as_deref() != term.texts.get(lang).map(String::as_str) {
                changes.insert(term.source.clone(), change);
            }
        }
        if changes.is_empty() {
            plan.changes.remove(lang);
        }
        plan.reports.push(report);
    }
    Ok(plan)
}

fn found<'a>(state: &'a State, name: &str, source_lang: &str) -> Option<&'a Term> {
    let exact = state.terms.iter().find(|term| term.text(source_lang) == name);
    let mode = state.kind.mode();
    exact.or_else(|| {
        let mut alike = state.terms.iter().filter(|term| says_the_same(term.text(source_lang), name, mode));
        alike.next().filter(|_| alike.next().is_none())
    })
}

fn one(
    state: &State,
    term: &Term,
    lang: &str,
    text: Option<&str>,
    rules: Rules<'_>,
) -> Result<TermChange, ToolError> {
    let current = term.texts.get(lang).cloned();
    let source = term.text(rules.source_lang);
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if let Some(text) = text {
        checks::check(source, text, state.form()).map_err(|why| {
            let shown: String = term.source.chars().take(60).collect();
            ToolError::arguments(format!("the text of `{shown}` in {lang} is refused: {why}"))
        })?;
    }
    let text = match text {
        Some(text) if text == term.source => rules.marks_identical.then(|| format!("{MARKER}{text}")),
        other => other.map(str::to_owned),
    };
    if rules.by_current {
        let shared = |other: &&Term| other.source != term.source && other.text(lang) == term.text(lang);
        if let Some(other) = state.terms.iter().find(shared) {
            let shown: String = other.source.chars().take(60).collect();
            return Err(ToolError::conflict(
                format!("`{shown}` says the same in {lang}; this version of Odoo cannot tell the two apart"),
                "translate one of them in Odoo first",
            ));
        }
    }
    Ok(TermChange { current, text })
}

fn note(report: &mut LanguageReport, term: &Term, lang: &str, text: Option<&str>) {
    let (before, after) = (term.text(lang), text.unwrap_or(&term.source));
    if before == after {
        report.unchanged_count += 1;
        if report.unchanged.len() < LISTED_MAX {
            report.unchanged.push(term.source.clone());
        }
        return;
    }
    report.applied_count += 1;
    if report.applied.len() < LISTED_MAX {
        report.applied.push(TermDiff {
            source: term.source.clone(),
            before: before.to_owned(),
            after: after.to_owned(),
        });
    }
}
