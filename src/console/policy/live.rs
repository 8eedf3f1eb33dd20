//! What the editor asks while somebody types: what is wrong with the text, and what may stand at the
//! cursor. Nothing is done, so nothing is written down.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Found, in_thread, places};
use crate::{
    console::{Answer, Console, Fields, Visit},
    policy::file::{
        POLICY_BYTES_MAX,
        completion::{Vocabulary, complete},
    },
};

/// Problems of one answer; who has more begins with these.
const PROBLEMS_MAX: usize = 100;
/// So long the names of models are offered that the log named.
const MODELS_KEPT_FOR: Duration = Duration::from_secs(60);

/// Models that calls of late were about.
#[derive(Debug, Default)]
pub(in crate::console) struct ModelsSeen(Mutex<Option<(Instant, Vec<String>)>>);

impl ModelsSeen {
    fn kept(&self) -> Option<Vec<String>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| at.elapsed() < MODELS_KEPT_FOR).map(|(_, names)| names.clone())
    }

    fn keep(&self, names: &[String]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), names.to_vec()));
    }
}

impl Console {
    /// Every problem and every warning, each with its place.
    pub(in crate::console) async fn policy_lint(&self, visit: &Visit, fields: &Fields) -> Answer {
        let Some(_place) = self.pace.enter(visit.session()).await else { return Answer::TooMany };
        let text = fields.get("text").to_owned();
        let corridor = std::sync::Arc::clone(&self.corridor);
        let looked = in_thread(move || {
            let (problems, warnings) = match super::lint(&corridor, &text) {
                Ok(policy) => {
                    let warning = |text_of: &String| warning(&text, text_of);
                    (Vec::new(), policy.warnings().iter().map(warning).collect())
                }
                Err(problems) => (problems, Vec::new()),
            };
            let count = problems.len();
            let told = |found: &[Found]| -> Vec<Value> {
                found.iter().take(PROBLEMS_MAX).map(|found| told(&text, found)).collect()
            };
            Ok(json!({ "count": count, "problems": told(&problems), "warnings": told(&warnings) }))
        });
        looked.await.map_or(Answer::TooMany, Answer::Data)
    }

    /// What may be written at the cursor.
    pub(in crate::console) async fn policy_complete(&self, visit: &Visit, fields: &Fields) -> Answer {
        let Some(_place) = self.pace.enter(visit.session()).await else { return Answer::TooMany };
        let text = fields.get("text").to_owned();
        let Ok(cursor) = fields.get("at").parse::<usize>() else {
            return Answer::Data(json!({ "offers": [] }));
        };
        if text.len() > POLICY_BYTES_MAX {
            return Answer::Data(json!({ "offers": [] }));
        }
        let vocabulary = self.vocabulary().await;
        let corridor = std::sync::Arc::clone(&self.corridor);
        let found = in_thread(move || {
            let found = complete(&text, byte_at(&text, cursor), corridor.catalog(), &vocabulary);
            let offers = found.offers.iter().map(|offer| {
                json!({
                    "label": offer.label, "about": offer.about, "insert": offer.insert,
                    "caret": units_before(&offer.insert, offer.caret),
                })
            });
            let offers: Vec<Value> = offers.collect();
            let (from, to) = (units_before(&text, found.from), units_before(&text, found.to));
            Ok(json!({ "from": from, "to": to, "offers": offers }))
        });
        found.await.map_or(Answer::TooMany, Answer::Data)
    }

    async fn vocabulary(&self) -> Vocabulary {
        let connections = self.corridor.connections().aliases().iter().map(ToString::to_string).collect();
        let accounts = self.people.accounts().list().await.unwrap_or_default();
        let tokens = self.people.tokens().list().await.unwrap_or_default();
        let settings = self.people.settings();
        let grants: BTreeSet<String> = accounts
            .iter()
            .map(|account| account.grant(settings).to_string())
            .chain(tokens.iter().map(|token| token.grant.to_string()))
            .collect();
        let users = accounts.iter().map(|account| account.name.to_string()).collect();
        Vocabulary { connections, grants: grants.into_iter().collect(), models: self.models().await, users }
    }

    async fn models(&self) -> Vec<String> {
        if let Some(kept) = self.models_seen.kept() {
            return kept;
        }
        let log = self.log().await.unwrap_or_default();
        let effects = log.lines.iter().filter_map(|line| line.get("effects").and_then(Value::as_array));
        let models = effects.flatten().filter_map(|effect| effect.get("model").and_then(Value::as_str));
        let models: BTreeSet<&str> = models.collect();
        let models: Vec<String> = models.into_iter().map(str::to_owned).collect();
        self.models_seen.keep(&models);
        models
    }
}

/// A warning is told as `/pointer: what`.
fn warning(text: &str, told: &str) -> Found {
    let (pointer, message) = told.split_once(": ").unwrap_or(("", told));
    let (line, column) = places::place_of(text, pointer);
    Found { line, column, pointer: pointer.to_owned(), message: message.to_owned() }
}

fn told(text: &str, found: &Found) -> Value {
    let at = units_before(text, places::byte_of(text, found.line, found.column));
    json!({
        "line": found.line, "column": found.column, "at": at, "pointer": found.pointer,
        "message": found.message, "suggestion": suggestion(&found.message),
    })
}

/// The word that the reader thinks was meant.
fn suggestion(message: &str) -> Option<&str> {
    let (_, meant) = message.split_once("did you mean ")?;
    let quote = meant.chars().next().filter(|quote| matches!(quote, '"' | '`'))?;
    meant.get(1..)?.split_once(quote).map(|(word, _)| word)
}

/// Browsers count a text in units of UTF-16.
fn units_before(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).encode_utf16().count()
}

fn byte_at(text: &str, units: usize) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        if passed >= units {
            return at;
        }
        passed += c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_browsers_count() {
        let text = "a\u{1f600}ü{";
        for (byte, units) in [(0, 0), (1, 1), (5, 3), (7, 4), (8, 5)] {
            assert_eq!((units_before(text, byte), byte_at(text, units)), (units, byte));
        }
        assert_eq!((byte_at(text, 99), byte_at(text, 2)), (8, 5));
    }

    #[test]
    fn what_was_meant_is_told_apart() {
        for (message, meant) in [
            ("`perhaps` is not known here; did you mean \"allow\"?", Some("allow")),
            ("there is no tool `odoo_raed`; did you mean `odoo_read`?", Some("odoo_read")),
            ("use a text, not a number", None),
            ("did you mean ", None),
        ] {
            assert_eq!(suggestion(message), meant, "{message}");
        }
    }

    #[test]
    fn a_warning_has_its_place() {
        let found = warning("{\n \"tools\": {}}", "/tools: it lists nothing: really");
        assert_eq!(
            (found.line, found.pointer.as_str(), found.message.as_str()),
            (2, "/tools", "it lists nothing: really")
        );
    }
}
