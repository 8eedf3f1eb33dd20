//! The case files, decided once more: what people wrote down checks the second decision, so that it is
//! worth something where it disagrees with the first.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    decide,
    look::{list, text},
};

/// Calls whose ending is a matter of counters, which the second decision does not keep.
const OF_COUNTERS: &str = "limited";

#[test]
fn the_second_decision_agrees_with_the_case_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let mut calls = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for document in list(&cases, "documents") {
            for call in list(document, "calls") {
                calls +=
                    u32::from(check(&document["policy"], call, &format!("{path:?}, {}", document["name"])));
            }
        }
    }
    assert!(calls > 50, "only {calls} calls");
}

/// True if the call is one that can be compared.
#[track_caller]
fn check(policy: &Value, case: &Value, about: &str) -> bool {
    let expected = match text(case, "expect") {
        "deny" | "no_grant" => "refused",
        other => other,
    };
    // Breakers remember earlier calls, and times of day are other to the second decision.
    let remembers = expected == "paused" || policy.get("time_windows").is_some();
    // Cases that bring facts of their own are read by those who wrote them.
    let plain = [
        "tool",
        "grant",
        "at",
        "times",
        "ends",
        "expect",
        "rule",
        "reason",
        "next",
        "retry_after_ms",
        "remaining",
    ];
    let is_plain = case.as_object().unwrap().keys().all(|key| plain.contains(&key.as_str()));
    if expected == OF_COUNTERS || !is_plain || remembers {
        return false;
    }
    let grant = case.get("grant").cloned().unwrap_or(json!("local"));
    let call = json!({
        "tool": case["tool"], "tool_class": "other", "args": {}, "effects": [], "day": 4, "minute": 600,
        "user": "local", "groups": [], "class": "other", "dry_run": false, "grant": grant, "client": "desk",
    });
    let verdict = decide::decide(policy, &call);
    let kind = match verdict.refusals.iter().map(|(step, _)| *step).min() {
        Some(2) => "unknown",
        Some(8) => return false,
        Some(_) => "refused",
        None if !verdict.asks.is_empty() && expected != "ask" => "refused",
        None if !verdict.asks.is_empty() => "ask",
        None => "allow",
    };
    assert_eq!(kind, expected, "{about}: {case}; {verdict:?}");
    if kind == "unknown" && case.get("rule").is_some() {
        let rules: Vec<&str> = verdict.refusals.iter().map(|(_, rule)| rule.as_str()).collect();
        assert!(rules.contains(&text(case, "rule")), "{about}: {case}; {rules:?}");
    }
    true
}
