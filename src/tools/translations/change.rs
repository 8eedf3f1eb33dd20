//! Writing translations so that nothing is lost: what was there is kept, what was written is read
//! back, and what did not become as asked is put back.

use super::{
    languages::ENGLISH,
    state::{Kind, State},
    subject::Subject,
};
use crate::{
    markup::says_the_same,
    odoo::{OdooError, PermittedOdoo, TermChange, TermChanges, TextChanges},
    tools::ToolError,
};

/// What is to be changed.
#[derive(Debug)]
pub(super) enum Change {
    Texts(TextChanges),
    Terms(TermChanges),
}

impl Change {
    fn languages(&self) -> Vec<&String> {
        match self {
            Self::Texts(texts) => texts.keys().collect(),
            Self::Terms(terms) => terms.keys().collect(),
        }
    }

    async fn write(&self, odoo: &PermittedOdoo<'_>, subject: &Subject) -> Result<(), OdooError> {
        let (model, id, field) = (&subject.model, subject.res_id, &subject.field_name);
        match self {
            Self::Texts(texts) => odoo.write_texts(model, id, field, texts).await,
            Self::Terms(terms) => odoo.write_terms(model, id, field, terms).await,
        }
    }

    /// What undoes it, seen from what was there before. `now` is what stands there at the moment.
    fn undone(&self, before: &State, now: &State) -> Self {
        match self {
            Self::Texts(texts) => Self::Texts(
                texts
                    .keys()
                    .map(|lang| {
                        let was = before.text(lang).map(str::to_owned);
                        // A text like the source may have been no text at all, which looks the same.
                        let follows = lang != ENGLISH && was.as_deref() == before.english();
                        (lang.clone(), if follows { None } else { was })
                    })
                    .collect(),
            ),
            Self::Terms(terms) => Self::Terms(
                terms
                    .iter()
                    .map(|(lang, changes)| {
                        let back = changes.keys().map(|source| {
                            let was = before.term(source).and_then(|term| term.texts.get(lang)).cloned();
                            let current = now.term(source).and_then(|term| term.texts.get(lang)).cloned();
                            (source.clone(), TermChange { current, text: was })
                        });
                        (lang.clone(), back.collect())
                    })
                    .collect(),
            ),
        }
    }

    /// The first text that is not as it was asked for.
    fn missed(&self, before: &State, after: &State) -> Option<String> {
        match self {
            Self::Texts(texts) => texts.iter().find_map(|(lang, text)| {
                let wanted = match text {
                    Some(text) => Some(text.as_str()),
                    None => after.english(),
                };
                (!same(wanted, after.text(lang), before)).then(|| format!("the text in {lang}"))
            }),
            Self::Terms(terms) => terms.iter().find_map(|(lang, changes)| {
                changes.iter().find_map(|(source, change)| {
                    let wanted = change.text.as_deref().unwrap_or(source);
                    let found = after.term(source).map(|term| term.text(lang));
                    (!same(Some(wanted), found, before))
                        .then(|| format!("the term `{}` in {lang}", short(source)))
                })
            }),
        }
    }
}

/// Markup comes back in the server's own spelling.
fn same(wanted: Option<&str>, found: Option<&str>, of: &State) -> bool {
    let (wanted, found) = (wanted.unwrap_or_default(), found.unwrap_or_default());
    let is_markup = of.kind != Kind::Simple || of.form() == super::checks::Form::WholeHtml;
    wanted == found || (is_markup && says_the_same(wanted, found, of.kind.mode()))
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Writes, reads back, and puts everything back when something is not as asked.
pub(super) async fn write(
    odoo: &PermittedOdoo<'_>,
    subject: &Subject,
    before: &State,
    change: &Change,
) -> Result<State, ToolError> {
    let failed = match change.write(odoo, subject).await {
        Ok(()) => match before.read_again(odoo, subject).await {
            Ok(after) => match change.missed(before, &after) {
                None => return Ok(after),
                Some(what) => Failed {
                    code: "not_stored",
                    why: format!("{} of {} is not stored as it was sent", what, subject.named()),
                },
            },
            Err(error) => {
                return Err(ToolError::Stopped {
                    code: "not_verified",
                    message: format!("written, but it could not be read back: {error}"),
                    hint: Some("read it with odoo_get_field_translations".to_owned()),
                });
            }
        },
        // Nobody knows what happened, so nothing is guessed.
        Err(error) if error.outcome_is_unknown() => return Err(error.into()),
        Err(error) => match untouched(odoo, subject, before, change).await {
            true => return Err(error.into()),
            false => Failed { code: error.code(), why: error.to_string() },
        },
    };
    Err(put_back(odoo, subject, before, change, failed).await)
}

struct Failed {
    code: &'static str,
    why: String,
}

/// Is everything still as it was? Most refusals come before anything is written.
async fn untouched(odoo: &PermittedOdoo<'_>, subject: &Subject, before: &State, change: &Change) -> bool {
    match before.read_again(odoo, subject).await {
        Ok(now) => change.languages().into_iter().all(|lang| is_as_before(lang, before, &now)),
        Err(_) => false,
    }
}

fn is_as_before(lang: &str, before: &State, now: &State) -> bool {
    before.text(lang) == now.text(lang)
        && before
            .terms
            .iter()
            .all(|term| now.term(&term.source).is_some_and(|now| now.text(lang) == term.text(lang)))
}

async fn put_back(
    odoo: &PermittedOdoo<'_>,
    subject: &Subject,
    before: &State,
    change: &Change,
    failed: Failed,
) -> ToolError {
    let restored = async {
        let now = before.read_again(odoo, subject).await?;
        change.undone(before, &now).write(odoo, subject).await?;
        let now = before.read_again(odoo, subject).await?;
        Ok::<_, ToolError>(change.languages().into_iter().all(|lang| is_as_before(lang, before, &now)))
    };
    let (outcome, hint) = match restored.await {
        Ok(true) => {
            ("what was written has been put back", "nothing is changed; correct the texts and try again")
        }
        Ok(false) | Err(_) => (
            "not everything could be put back",
            "look at the languages with odoo_get_field_translations before anything else",
        ),
    };
    ToolError::Stopped {
        code: failed.code,
        message: format!("{}; {outcome}", failed.why),
        hint: Some(hint.to_owned()),
    }
}
