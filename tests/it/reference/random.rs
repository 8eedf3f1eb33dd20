//! Random pairs of a policy and a call: the product decides each as the contract does.
//!
//! `ODOO_MCP_CASES` sets how many policies are tried, `ODOO_MCP_SEED` where the numbers begin; a
//! disagreement names its number and prints the smallest pair that still shows it. Besides the numbers
//! that are always the same, a few new ones are tried in every run.

use std::{collections::BTreeMap, sync::Arc};

use odoo_mcp::policy::Policy;
use serde_json::Value;

use super::{
    calls,
    decide::{self, Verdict},
    generate::{self, Dice},
    outcome::{Outcome, load, outcome},
    smaller,
};

/// Policies of a usual run, each with a few calls.
const POLICIES: u64 = 2_500;
/// Of those, so many are new in every run.
const NEW_POLICIES: u64 = 300;
const CALLS: usize = 6;
/// Of the random policies, so many of a hundred have to load: the rest hold conditions that the
/// product refuses to load because they can never be true.
const LOADED_PERCENT_MIN: u64 = 50;

pub(super) use super::outcome::pin;

#[test]
fn random_policies_decide_as_the_contract_says() {
    let mut kinds = BTreeMap::new();
    let first = number("ODOO_MCP_SEED", 0);
    try_all(first, number("ODOO_MCP_CASES", POLICIES), &mut kinds);
    let new = jiff::Timestamp::now().as_nanosecond() as u64 % 1_000_000_000_000;
    println!("and from ODOO_MCP_SEED={new} on");
    try_all(new, NEW_POLICIES, &mut kinds);
    println!("{kinds:?}");
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    let all: u64 = kinds.values().sum();
    assert!(of("not loaded") * 100 <= all * (100 - LOADED_PERCENT_MIN), "{kinds:?}");
    for kind in ["allow", "deny", "ask", "unknown"] {
        assert!(of(kind) * 200 > all, "hardly a case ends as `{kind}`: {kinds:?}");
    }
}

fn try_all(first: u64, policies: u64, kinds: &mut BTreeMap<&'static str, u64>) {
    for seed in first..first + policies {
        let mut dice = Dice::new(seed);
        let policy = generate::policy(&mut dice);
        let Some(loaded) = load(&policy) else {
            *kinds.entry("not loaded").or_default() += CALLS as u64;
            continue;
        };
        for _ in 0..CALLS {
            let call = calls::call(&mut dice);
            match compare(&policy, &loaded, &call) {
                Ok(kind) => *kinds.entry(kind).or_default() += 1,
                Err(_) => smaller::report(seed, &policy, &call),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the product")]
pub(super) fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Compares both decisions; the kind they agree on, or what they disagree about.
pub(super) fn compare(policy: &Value, loaded: &Arc<Policy>, call: &Value) -> Result<&'static str, String> {
    let expected = decide::decide(policy, call);
    let found = outcome(loaded, call, false);
    let kind = kind_of(&expected);
    if found.kind != kind {
        return Err(format!("expected `{kind}`, found {found:?}; the contract gives {expected:#?}"));
    }
    let first = expected.refusals.iter().map(|(step, _)| *step).min();
    let refusing = expected.refusals.iter().filter(|(step, _)| Some(*step) == first);
    let mut refusing = refusing.map(|(_, rule)| rule.as_str());
    if first.is_some() {
        return match refusing.any(|rule| about_the_same(rule, &found.rule)) {
            true => Ok(kind),
            false => Err(format!("refused by `{}`; the contract gives {:?}", found.rule, expected.refusals)),
        };
    }
    compare_allowed(&expected, &found)?;
    if kind == "ask" {
        for rule in &expected.asks {
            if !found.asks.iter().any(|found| about_the_same(rule, found)) {
                return Err(format!("`{rule}` asks as well: {:?}", found.asks));
            }
        }
        for rule in &found.asks {
            if !expected.asks.iter().any(|expected| about_the_same(expected, rule)) {
                return Err(format!("`{rule}` asks, and not: {:?}", expected.asks));
            }
        }
        if found.terms != expected.joined_terms() {
            return Err(format!(
                "asked as {:?}; the contract gives {:?}",
                found.terms,
                expected.joined_terms()
            ));
        }
        let approved = outcome(loaded, call, true);
        if approved.kind != "allow" {
            return Err(format!("an approval is not enough: {approved:?}"));
        }
        return compare_allowed(&expected, &approved).map(|()| kind);
    }
    Ok(kind)
}

/// What is not refused costs the same, asks Odoo about the same rules, and leaves the same notes.
fn compare_allowed(expected: &Verdict, found: &Outcome) -> Result<(), String> {
    for (name, wanted, found) in [
        ("charges", &expected.charges, &found.charges),
        ("charges in shadow", &expected.shadow_charges, &found.shadow_charges),
    ] {
        let wanted: BTreeMap<_, _> = wanted.iter().filter(|(_, amount)| **amount != 0).collect();
        let found: BTreeMap<_, _> = found.iter().collect();
        if wanted != found {
            return Err(format!("{name} {found:?}; the contract gives {wanted:?}"));
        }
    }
    for question in &found.questions {
        if !expected.questions.iter().any(|rule| about_the_same(rule, question)) {
            return Err(format!("Odoo is asked {question}, and not {:?}", expected.questions));
        }
    }
    if found.questions.is_empty() != expected.questions.is_empty() {
        return Err(format!("Odoo is asked nothing, and not {:?}", expected.questions));
    }
    if found.kind == "allow" {
        let has = |rules: &[String], rule: &String| rules.iter().any(|one| about_the_same(one, rule));
        // Of several reasons why a tool is not there, one is named.
        let of_standing =
            |rule: &str| ["/hide/", "/pins/", "/default"].iter().any(|part| rule.contains(part));
        let missing: Vec<_> =
            expected.would.iter().filter(|rule| !has(&found.shadow, rule) && !of_standing(rule)).collect();
        let more: Vec<_> = found.shadow.iter().filter(|rule| !has(&expected.would, rule)).collect();
        if !missing.is_empty() || !more.is_empty() {
            return Err(format!("in shadow, not noted: {missing:?}, noted for nothing: {more:?}"));
        }
    }
    Ok(())
}

fn kind_of(verdict: &Verdict) -> &'static str {
    match verdict.refusals.iter().map(|(step, _)| *step).min() {
        Some(2) => "unknown",
        Some(_) => "deny",
        None if verdict.asks.is_empty() => "allow",
        None => "ask",
    }
}

/// A rule may be named by itself or by the member of it that decided. Rules that are built in have no
/// place in the file.
fn about_the_same(expected: &str, found: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if expected.is_empty() || found.is_empty() {
        return expected == found;
    }
    within(expected, found) || within(found, expected)
}
