//! Runs the cases of a file and says where what came out is not what was expected.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    case::{Call, CaseFile, Document, Listed, Refused},
    stage::{Outcome, Stage},
    tools::StageTools,
};
use crate::{
    facts::{Arrival, Caller, GrantName, JsonObject, ModelName},
    policy::{KnownTools as _, Policy},
    tools::Catalog,
};

/// What a run of cases came to.
#[derive(Debug, Default)]
pub struct Report {
    pub documents: usize,
    pub calls: usize,
    pub refused: usize,
    /// Where it did not come out as expected.
    pub findings: Vec<Finding>,
}

/// A case that did not come out as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub document: String,
    /// Which call, from 0; `None` where the document itself is the matter.
    pub call: Option<usize>,
    pub why: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.call {
            Some(call) => write!(f, "{}: call {call}: {}", self.document, self.why),
            None => write!(f, "{}: {}", self.document, self.why),
        }
    }
}

/// Runs all cases of a file. Documents without a policy are run under `policy`.
pub fn check(file: &CaseFile, catalog: &Catalog, policy: Option<&[u8]>) -> Report {
    let tools = match &file.tools {
        Some(named) => StageTools::only(catalog, named),
        None => StageTools::all(catalog),
    };
    let mut report = Report::default();
    for document in &file.documents {
        report.documents += 1;
        report.calls += document.calls.len();
        let findings = check_document(document, &tools, &file.definitions, policy);
        let findings =
            findings.into_iter().map(|(call, why)| Finding { document: document.name.clone(), call, why });
        report.findings.extend(findings);
    }
    for refused in &file.refused {
        report.refused += 1;
        if let Err(why) = check_refused(refused, &tools) {
            report.findings.push(Finding { document: refused.name.clone(), call: None, why });
        }
    }
    report
}

fn check_document(
    document: &Document,
    tools: &StageTools<'_>,
    definitions: &BTreeMap<ModelName, JsonObject>,
    policy: Option<&[u8]>,
) -> Vec<(Option<usize>, String)> {
    let Some(text) = document.policy.as_ref().map(|text| text.get().as_bytes()).or(policy) else {
        return vec![(None, "it holds no policy, and none was named".to_owned())];
    };
    let policy = match Policy::load(text, tools) {
        Ok(policy) => Arc::new(policy),
        Err(error) => return vec![(None, format!("the policy does not load: {error}"))],
    };
    let mut findings: Vec<(Option<usize>, String)> = Vec::new();
    findings.extend(check_warnings(document, &policy).map(|why| (None, why)));
    findings.extend(check_listed(document, &policy, tools).map(|why| (None, why)));
    let stage = Stage::new(policy, tools, definitions);
    for (number, call) in document.calls.iter().enumerate() {
        for time in 0..call.times {
            let why = differences(call, &stage.walk(call)).or_else(|| check_shown(call, &stage, tools));
            if let Some(why) = why {
                let time = if call.times > 1 { format!("time {time}: ") } else { String::new() };
                findings.push((Some(number), format!("`{}`: {time}{why}", call.tool)));
                // The counters are not where the rest of the document expects them.
                break;
            }
        }
    }
    findings
}

fn check_warnings(document: &Document, policy: &Policy) -> Option<String> {
    if document.warnings.is_empty() {
        return None;
    }
    let given = policy.warnings();
    let fits = given.len() == document.warnings.len()
        && given.iter().zip(&document.warnings).all(|(warning, piece)| warning.contains(piece));
    (!fits).then(|| format!("warns {given:?}, expected pieces {:?}", document.warnings))
}

fn check_listed(document: &Document, policy: &Policy, tools: &StageTools<'_>) -> Option<String> {
    let by_grant: Vec<(GrantName, &Vec<String>)> = match document.listed.as_ref()? {
        Listed::Local(names) => vec![(GrantName::local(), names)],
        Listed::ByGrant(lists) => lists.iter().map(|(grant, names)| (grant.clone(), names)).collect(),
    };
    by_grant.into_iter().find_map(|(grant, expected)| {
        let caller = Caller { grant, ..Caller::local(Arrival::Stdio) };
        let shown: Vec<&str> = tools
            .tools()
            .iter()
            .filter(|tool| policy.might_allow(&caller, tool))
            .map(|tool| tool.name)
            .collect();
        (shown != *expected).then(|| format!("lists {shown:?} to `{}`, expected {expected:?}", caller.grant))
    })
}

/// A tool that is not listed has no call but an unknown one, and the other way round.
fn check_shown(call: &Call, stage: &Stage<'_>, tools: &StageTools<'_>) -> Option<String> {
    let tool = tools.facts(&call.tool)?;
    let grant = call.grant.clone().unwrap_or_else(GrantName::local);
    let caller = Caller { grant, ..Caller::local(Arrival::Stdio) };
    let shown = stage.policy().might_allow(&caller, &tool);
    let expected = call.expect.as_deref().unwrap_or_default();
    let disagree = match expected {
        "unknown" => shown,
        // A caller who is stopped or has no grant may have an empty list.
        "no_grant" | "paused" => false,
        "invalid_arguments" | "invalid_call" => false,
        _ => !shown,
    };
    disagree.then(|| "the list and the decision disagree".to_owned())
}

/// What was expected and did not come; `None` where all of it did.
fn differences(call: &Call, outcome: &Outcome) -> Option<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, expected: Option<&str>, got: &str| {
        if let Some(expected) = expected
            && expected != got
        {
            wrong.push(format!("{what} is `{got}`, expected `{expected}`"));
        }
    };
    let expected = match call.expect.as_deref() {
        // The word of older case files.
        Some("refused") => Some("deny"),
        other => other,
    };
    compare("the outcome", expected, outcome.outcome);
    compare("the rule", call.rule.as_deref(), &outcome.rule);
    compare("the rule's name", call.rule_name.as_deref(), &outcome.rule_name);
    compare("the next step", call.next.as_deref(), outcome.next.unwrap_or_default());
    if let Some(piece) = &call.reason
        && !outcome.reason.as_ref().is_some_and(|reason| reason.contains(piece))
    {
        wrong.push(format!("the reason does not say `{piece}`"));
    }
    if call.retry_after_ms.is_some() && call.retry_after_ms != outcome.retry_after_ms {
        wrong.push(format!("the wait is {:?}, expected {:?}", outcome.retry_after_ms, call.retry_after_ms));
    }
    if let Some(expected) = &call.remaining
        && !fits_remaining(expected, &outcome.remaining)
    {
        wrong.push(format!("{:?} remain, expected {expected}", outcome.remaining));
    }
    if let Some(expected) = &call.charges {
        let expected: BTreeMap<&str, String> =
            expected.iter().map(|(name, amount)| (name.as_str(), plain(amount))).collect();
        let got: BTreeMap<&str, String> =
            outcome.charges.iter().map(|(name, amount)| (name.as_str(), amount.clone())).collect();
        if expected != got {
            wrong.push(format!("the charges are {got:?}, expected {expected:?}"));
        }
    }
    if let Some(expected) = &call.would_deny
        && *expected != outcome.would_deny
    {
        wrong.push(format!("in shadow {:?} would deny, expected {expected:?}", outcome.would_deny));
    }
    if wrong.is_empty() {
        return None;
    }
    // The whole outcome tells more than the first difference.
    let got = serde_json::to_string(outcome).unwrap_or_default();
    Some(format!("{}; got {got}", wrong.join("; ")))
}

fn fits_remaining(expected: &Value, got: &[(String, String)]) -> bool {
    match expected {
        Value::Array(amounts) => {
            let texts: Vec<String> = amounts.iter().map(plain).collect();
            texts.iter().eq(got.iter().map(|(_, left)| left))
        }
        Value::Object(by_name) => {
            let got: BTreeMap<&String, &String> = got.iter().map(|(name, left)| (name, left)).collect();
            by_name.len() == got.len()
                && by_name.iter().all(|(name, left)| got.get(name).is_some_and(|got| **got == plain(left)))
        }
        _ => false,
    }
}

/// A number or a text as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn check_refused(refused: &Refused, tools: &StageTools<'_>) -> Result<(), String> {
    let mut text = match (&refused.policy, &refused.text) {
        (Some(policy), None) => policy.get().to_owned(),
        (None, Some(text)) => text.clone(),
        _ => return Err("give either `policy` or `text`".to_owned()),
    };
    if let Some(size) = refused.padded_to_bytes {
        text.push_str(&" ".repeat(size.saturating_sub(text.len())));
    }
    let Err(error) = Policy::load(text.as_bytes(), tools) else { return Err("it loads".to_owned()) };
    let pointers: Vec<&str> = error.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    if pointers != refused.pointers {
        return Err(format!("problems at {pointers:?}, expected {:?}: {error}", refused.pointers));
    }
    let first = error.problems.first().map(|problem| problem.message.as_str()).unwrap_or_default();
    match &refused.says {
        Some(piece) if !first.contains(piece.as_str()) => Err(format!("`{first}` does not say `{piece}`")),
        _ => Ok(()),
    }
}
