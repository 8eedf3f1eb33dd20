//! Policy documents as JSON: which calls they allow, when, and by which rule; and which documents
//! must not load at all. Only `odoo_mcp::policy` and `odoo_mcp::ledger` are asked.

use std::{fs, path::Path, sync::Arc, time::Duration};

use odoo_mcp::{
    facts::{Arrival, CallFacts, Caller, Class, GrantName, Risk, ToolFacts},
    ledger::{End, Ledger as _, LocalLedger, Settlement},
    policy::{Decision, DenialKind, Names, NextStep, Policy},
};
use serde::Deserialize;
use serde_json::Value;

/// The tools of the test catalogue. `create_charge` stands for tools of other servers.
const TOOLS: &[&str] = &[
    "create_charge",
    "odoo_create",
    "odoo_execute",
    "odoo_read",
    "odoo_search_read",
    "odoo_unlink",
    "odoo_version",
    "odoo_write",
];

/// A file of `tests/policies`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[expect(dead_code, reason = "for the reader of the file")]
    description: String,
    #[serde(default)]
    documents: Vec<Document>,
    #[serde(default)]
    refused: Vec<Refused>,
}

/// A policy that loads, and calls under it in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    policy: Value,
    /// A word of each warning that loading gives, in order.
    #[serde(default)]
    warnings: Vec<String>,
    /// The tools a caller is shown.
    listed: Option<Vec<String>>,
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    tool: String,
    #[serde(default = "local")]
    grant: String,
    /// Time of the call; 2026-11-21T10:00:00Z where it does not matter.
    at: Option<jiff::Timestamp>,
    /// The same call so many times, each with the same answer.
    #[serde(default = "once")]
    times: u32,
    /// How the call ended, for the counters.
    #[serde(default)]
    ends: Ending,
    expect: Expected,
    rule: String,
    reason: Option<String>,
    next: Option<String>,
    retry_after_ms: Option<u64>,
    /// What is left of each counter at a refusal.
    remaining: Option<Vec<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Allow,
    Unknown,
    Refused,
    Limited,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ending {
    #[default]
    Answered,
    NotSent,
    Unknown,
}

/// A document that must not load.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    /// As an object, or as text where JSON itself is the matter.
    policy: Option<Value>,
    text: Option<String>,
    /// Blanks are added up to this size.
    padded_to_bytes: Option<usize>,
    /// Where the problems stand, in order.
    pointers: Vec<String>,
    /// A word of the first message.
    says: Option<String>,
}

fn local() -> String {
    "local".to_owned()
}

fn once() -> u32 {
    1
}

#[test]
fn documents_mean_what_they_say() {
    let mut calls = 0;
    for (file, cases) in case_files() {
        for document in &cases.documents {
            calls += document.calls.len();
            check_document(&file, document);
        }
    }
    assert!(calls > 50, "only {calls} cases found");
}

#[test]
fn documents_that_could_be_misread_do_not_load() {
    let mut refused = 0;
    for (file, cases) in case_files() {
        for document in &cases.refused {
            refused += 1;
            check_refused(&file, document);
        }
    }
    assert!(refused > 30, "only {refused} cases found");
}

/// The order of keys and of entries in `hide` is no part of the meaning.
#[test]
fn the_order_of_a_document_never_changes_a_decision() {
    for (file, cases) in case_files() {
        for mut document in cases.documents {
            reverse(&mut document.policy);
            document.warnings.clear();
            for call in &mut document.calls {
                // A rule's place among its siblings moves; everything else stays.
                call.rule.clear();
                call.remaining = None;
            }
            check_document(&file, &document);
        }
    }
}

/// Adding a denial never turns a refusal into an allow.
#[test]
fn hiding_more_never_allows_more() {
    for (file, cases) in case_files() {
        for mut document in cases.documents {
            let hidden = "odoo_execute";
            match document.policy["hide"].as_array_mut() {
                Some(hide) => hide.push(hidden.into()),
                None => document.policy["hide"] = serde_json::json!([hidden]),
            }
            document.warnings.clear();
            document.listed = None;
            document.calls.retain(|call| call.tool == hidden);
            for call in &mut document.calls {
                call.expect = Expected::Unknown;
                (call.rule, call.reason, call.next) = (String::new(), None, None);
                (call.retry_after_ms, call.remaining) = (None, None);
            }
            check_document(&file, &document);
        }
    }
}

#[track_caller]
fn check_document(file: &str, document: &Document) {
    let about = format!("{file}: {}", document.name);
    let policy = match Policy::load(document.policy.to_string().as_bytes(), &Names(TOOLS)) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{about}: does not load: {error}"),
    };
    if !document.warnings.is_empty() {
        assert_eq!(policy.warnings().len(), document.warnings.len(), "{about}: {:?}", policy.warnings());
        for (warning, word) in policy.warnings().iter().zip(&document.warnings) {
            assert!(warning.contains(word), "{about}: `{warning}` does not say `{word}`");
        }
    }
    if let Some(listed) = &document.listed {
        let shown: Vec<&str> = TOOLS
            .iter()
            .copied()
            .filter(|tool| policy.might_allow(&caller("local"), &tool_facts(tool)))
            .collect();
        assert_eq!(&shown, listed, "{about}: listed");
    }
    let ledger = LocalLedger::default();
    for (number, call) in document.calls.iter().enumerate() {
        for time in 0..call.times {
            check_call(
                &format!("{about}: call {number} ({}), time {time}", call.tool),
                &policy,
                &ledger,
                call,
            );
        }
    }
}

#[track_caller]
fn check_call(about: &str, policy: &Arc<Policy>, ledger: &LocalLedger, call: &Call) {
    let outcome = walk(policy, ledger, call);
    assert_eq!(outcome.decision, call.expect, "{about}: {outcome:?}");
    if !call.rule.is_empty() {
        assert_eq!(outcome.rule, call.rule, "{about}");
    }
    if let Some(reason) = &call.reason {
        assert_eq!(outcome.reason.as_ref(), Some(reason), "{about}");
    }
    if let Some(next) = &call.next {
        assert_eq!(outcome.next, Some(next.as_str()), "{about}");
    }
    if let Some(wait) = call.retry_after_ms {
        assert_eq!(outcome.retry_after, Some(Duration::from_millis(wait)), "{about}");
    }
    if let Some(remaining) = &call.remaining {
        assert_eq!(&outcome.remaining, remaining, "{about}");
    }
    let listed = policy.might_allow(&caller(&call.grant), &tool_facts(&call.tool));
    assert_eq!(listed, call.expect != Expected::Unknown, "{about}: the list and the decision disagree");
}

#[derive(Debug)]
struct Outcome {
    decision: Expected,
    rule: String,
    reason: Option<String>,
    next: Option<&'static str>,
    retry_after: Option<Duration>,
    remaining: Vec<u64>,
}

/// Decide, reserve, settle: what the corridor does with a call.
fn walk(policy: &Arc<Policy>, ledger: &LocalLedger, call: &Call) -> Outcome {
    let at = call.at.unwrap_or_else(|| "2026-11-21T10:00:00Z".parse().unwrap());
    let facts = CallFacts {
        caller: caller(&call.grant),
        tool: tool_facts(&call.tool),
        class: Class::Write,
        dry_run: false,
        arguments: Arc::default(),
        effects: Arc::from([]),
        at,
        found: odoo_mcp::facts::Found::default(),
    };
    let permit = match policy.decide(&facts) {
        Decision::Allow(permit) => permit,
        Decision::Deny(denial) => {
            let decision = match denial.kind {
                DenialKind::Unknown => Expected::Unknown,
                DenialKind::Refused => Expected::Refused,
                DenialKind::Limited => Expected::Limited,
                other => panic!("not expected here: {other:?}"),
            };
            return Outcome {
                decision,
                rule: denial.rule.0.to_string(),
                reason: Some(denial.reason.clone()),
                next: Some(denial.next.as_str()),
                retry_after: denial.retry_after,
                remaining: Vec::new(),
            };
        }
        other => panic!("not expected here: {other:?}"),
    };
    match ledger.reserve(permit.charges(), at) {
        Ok(reservation) => {
            let settlement = match call.ends {
                Ending::Answered => Settlement::Done,
                Ending::NotSent => Settlement::NotSent,
                Ending::Unknown => Settlement::Unknown,
            };
            ledger.settle(reservation, &End::of(settlement));
            let rule = permit.rule().0.to_string();
            let (reason, next, retry_after) = (None, None, None);
            Outcome { decision: Expected::Allow, rule, reason, next, retry_after, remaining: Vec::new() }
        }
        Err(exhausted) => Outcome {
            decision: Expected::Limited,
            rule: exhausted.charge.limit.rule.0.to_string(),
            reason: exhausted.charge.limit.reason.as_deref().map(str::to_owned),
            next: Some(
                if exhausted.retry_after.is_some() { NextStep::Wait } else { NextStep::Stop }.as_str(),
            ),
            retry_after: exhausted.retry_after,
            remaining: exhausted.remaining.iter().map(|(_, left)| left.parse().unwrap()).collect(),
        },
    }
}

#[track_caller]
fn check_refused(file: &str, document: &Refused) {
    let about = format!("{file}: {}", document.name);
    let mut text = match (&document.policy, &document.text) {
        (Some(policy), None) => policy.to_string(),
        (None, Some(text)) => text.clone(),
        _ => panic!("{about}: give either `policy` or `text`"),
    };
    if let Some(size) = document.padded_to_bytes {
        text.push_str(&" ".repeat(size - text.len()));
    }
    let Err(error) = Policy::load(text.as_bytes(), &Names(TOOLS)) else { panic!("{about}: loads") };
    let pointers: Vec<&str> = error.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, document.pointers, "{about}: {error}");
    if let Some(word) = &document.says {
        let message = &error.problems[0].message;
        assert!(message.contains(word), "{about}: `{message}` does not say `{word}`");
    }
}

fn caller(grant: &str) -> Caller {
    Caller { grant: GrantName::parse(grant).unwrap(), ..Caller::local(Arrival::Stdio) }
}

fn tool_facts(name: &str) -> ToolFacts {
    let name = TOOLS.iter().copied().find(|tool| *tool == name);
    let name = name.expect("a tool of the test catalogue");
    ToolFacts { name, family: "records", class: Class::Write, risk: Risk::Medium }
}

fn reverse(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let entries: Vec<(String, Value)> = std::mem::take(object).into_iter().collect();
            for (key, mut value) in entries.into_iter().rev() {
                reverse(&mut value);
                object.insert(key, value);
            }
        }
        Value::Array(items) => {
            items.reverse();
            items.iter_mut().for_each(reverse);
        }
        _ => {}
    }
}

fn case_files() -> Vec<(String, CaseFile)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "no case files in {}", folder.display());
    files
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let cases = serde_json::from_str(&fs::read_to_string(path).unwrap());
            let cases = cases.unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, cases)
        })
        .collect()
}
