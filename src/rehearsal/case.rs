//! The form of case files: policies, calls under them, and what must come of each.
//!
//! Everything a rule may look at can be given here, so that a case needs no Rust. Unknown keys are
//! errors; `description` says what a case is for.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{effects::EffectNotes, tools::ToolNotes};
use crate::facts::{Class, Currencies, GrantName, JsonObject, ModelName, UserName, check_strict_json};

/// As deep as arguments of calls may be.
pub(super) const DEPTH_MAX: usize = 127;
/// The same call at most so often: more would be a test of patience.
const TIMES_MAX: u32 = 100_000;

/// Why a case file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(String);

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    #[serde(default)]
    pub description: Option<String>,
    /// The tools that exist; without it those of this program. A name with `{}` that this program
    /// has is its own tool, any other stands for a tool of another server.
    #[serde(default)]
    pub tools: Option<BTreeMap<String, ToolNotes>>,
    /// Field definitions by model, as `fields_get` answers them.
    #[serde(default)]
    pub definitions: BTreeMap<ModelName, JsonObject>,
    #[serde(default)]
    pub documents: Vec<Document>,
    #[serde(default)]
    pub refused: Vec<Refused>,
}

/// A policy that loads, and calls under it in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// The policy; without it the one the cases are run under.
    #[serde(default)]
    pub policy: Option<Box<RawValue>>,
    /// A piece of each warning that loading gives, in order.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The tools that a caller is shown; or the same for several grants.
    #[serde(default)]
    pub listed: Option<Listed>,
    pub calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Listed {
    Local(Vec<String>),
    ByGrant(BTreeMap<GrantName, Vec<String>>),
}

/// A call, the facts about it, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    #[serde(default)]
    pub description: Option<String>,
    pub tool: String,
    /// The arguments. Those of a tool of this program give the effects, unless those stand here.
    #[serde(default)]
    pub args: Option<JsonObject>,
    /// The arguments as bytes on the wire, where JSON itself is the matter.
    #[serde(default)]
    pub args_text: Option<String>,
    #[serde(default)]
    pub grant: Option<GrantName>,
    #[serde(default)]
    pub user: Option<UserName>,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub client: Option<String>,
    /// Time of the call; without it a fixed time, so that cases come out the same every day.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The class of this very call; without it that of the tool.
    #[serde(default)]
    pub class: Option<Class>,
    #[serde(default)]
    pub dry_run: Option<bool>,
    #[serde(default)]
    pub effects: Option<Vec<EffectNotes>>,
    /// The effects as they stand are unfolded: nothing hides in them.
    #[serde(default)]
    pub unfolded: bool,
    /// Are the records within the domains that the policy asks about: for all questions, or for each.
    #[serde(default)]
    pub records: Option<Records>,
    /// What ids of currencies and companies mean, by connection.
    #[serde(default)]
    pub currencies: Option<Arc<Currencies>>,
    /// A person has approved this call.
    #[serde(default)]
    pub approved: bool,
    /// Somebody has stopped this caller.
    #[serde(default)]
    pub paused: bool,
    /// The same call so many times, each with the same answer.
    #[serde(default = "once")]
    pub times: u32,
    /// How the call ended, for the counters.
    #[serde(default)]
    pub ends: Ending,
    /// Rows and bytes of the result.
    #[serde(default)]
    pub rows: Option<u64>,
    #[serde(default)]
    pub bytes: Option<u64>,
    /// `allow`, `ask`, `deny` and so on: the words of `Outcome::outcome`.
    #[serde(default)]
    pub expect: Option<String>,
    #[serde(default)]
    pub rule: Option<String>,
    #[serde(default)]
    pub rule_name: Option<String>,
    /// A piece of the reason.
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub next: Option<String>,
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// What is left of each counter at a refusal: in order, or by name.
    #[serde(default)]
    pub remaining: Option<Value>,
    /// What the call is charged: counter name to amount.
    #[serde(default)]
    pub charges: Option<BTreeMap<String, Value>>,
    /// Rules in shadow that would have refused or asked.
    #[serde(default)]
    pub would_deny: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Records {
    All(RecordsWord),
    Each(Vec<RecordsWord>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordsWord {
    Within,
    Outside,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    #[default]
    Answered,
    NotSent,
    /// Odoo answered with a fault.
    Rejected,
    Unknown,
}

/// A document that must not load.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub name: String,
    /// As an object, or as text where JSON itself is the matter.
    #[serde(default)]
    pub policy: Option<Box<RawValue>>,
    #[serde(default)]
    pub text: Option<String>,
    /// Blanks are added up to this size.
    #[serde(default)]
    pub padded_to_bytes: Option<usize>,
    /// Where the problems stand, in order.
    pub pointers: Vec<String>,
    /// A piece of the first message.
    #[serde(default)]
    pub says: Option<String>,
}

fn once() -> u32 {
    1
}

/// Reads a case file as strictly as a policy.
pub fn read(text: &[u8]) -> Result<CaseFile, CaseError> {
    let file: CaseFile = read_as(text)?;
    if file.documents.is_empty() && file.refused.is_empty() {
        return Err(CaseError("it holds neither `documents` nor `refused`".to_owned()));
    }
    for call in file.documents.iter().flat_map(|document| &document.calls) {
        if call.times > TIMES_MAX {
            return Err(CaseError(format!("`times` is at most {TIMES_MAX}")));
        }
        if call.expect.is_none() {
            return Err(CaseError(format!("a call of `{}` does not say what it expects", call.tool)));
        }
    }
    Ok(file)
}

impl Call {
    /// A call by itself, as `policy simulate` and `policy explain` take it.
    pub fn read(text: &[u8]) -> Result<Self, CaseError> {
        read_as(text)
    }

    /// Several of them.
    pub fn read_list(text: &[u8]) -> Result<Vec<Self>, CaseError> {
        read_as(text)
    }
}

/// Field definitions by model, as `fields_get` answers them.
pub fn read_definitions(text: &[u8]) -> Result<BTreeMap<ModelName, JsonObject>, CaseError> {
    read_as(text)
}

fn read_as<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, CaseError> {
    check_strict_json(text, DEPTH_MAX).map_err(|errors| {
        let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
        CaseError(sentences.join("; "))
    })?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        CaseError(format!("at `{place}`: {}", error.into_inner()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, piece: &str) {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(piece), "{text}: {error}");
    }

    #[test]
    fn a_case_file_with_a_slip_is_not_read() {
        check_refused("{}", "neither");
        check_refused(r#"{"documents":[]}"#, "neither");
        check_refused(r#"{"document":[]}"#, "unknown field");
        let with = |call: &str| format!(r#"{{"documents":[{{"name":"n","policy":{{}},"calls":[{call}]}}]}}"#);
        check_refused(&with(r#"{"tool":"t"}"#), "does not say what it expects");
        check_refused(&with(r#"{"tool":"t","expects":"allow"}"#), "documents[0].calls[0]");
        check_refused(&with(r#"{"tool":"t","expect":"allow","expect":"deny"}"#), "expect");
        check_refused(&with(r#"{"tool":"t","expect":"allow","times":100001}"#), "at most");
        check_refused(&with(r#"{"tool":"t","expect":"allow","effects":[{"modle":"x"}]}"#), "modle");
        check_refused(&with(r#"{"tool":"t","expect":"allow","records":"perhaps"}"#), "records");
        assert!(
            read(with(r#"{"tool":"t","expect":"allow","records":["within","outside"]}"#).as_bytes()).is_ok()
        );
    }
}
