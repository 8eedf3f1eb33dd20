//! The scenarios against real Odoo servers. Asked for without an address, they fail and say which
//! variable is missing.
//!
//! There are two versions and two ways to sign in. With `ODOO_E2E_WAYS=one` each scenario is held once
//! on each version: by password on the one and by API key on the other, and the next the other way
//! round. Groups in which the way to sign in decides what is seen are held all ways.
#![cfg(test)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "the helpers of tests take their cases by value, to keep a case on one line"
)]

#[path = "../scenarios/mod.rs"]
mod scenarios;

use std::{collections::HashMap, fs, path::Path};

use scenarios::{
    Scenario,
    harness::{OdooUnderTest, SignInBy, Via, World},
};

/// Groups whose scenarios differ by the way to sign in.
const BOTH_WAYS: &[&str] =
    &["bills", "connections", "errors", "pipeline_bills", "reports", "secrets", "web_request", "web_session"];

/// Runs one group against the server whose variables stand in the file that `variable` names.
#[track_caller]
fn run(name: &str, group: &[(&str, Scenario)], variable: &str, by: SignInBy, via: Via) {
    let odoo = server(variable);
    let mut group = group.to_vec();
    if setting("ODOO_E2E_WAYS").as_deref() == Some("one") && !BOTH_WAYS.contains(&name) {
        let turn = usize::from(odoo.major >= 19) + usize::from(by == SignInBy::ApiKey);
        let mut position = turn;
        group.retain(|_| {
            position += 1;
            position % 2 == 0
        });
    }
    let world = World { odoo, by, via, is_real: true };
    scenarios::hold(&group, &world, setting("SCENARIO").as_deref());
    if let Some(file) = setting("ODOO_E2E_TESTED") {
        scenarios::harness::tested::tell(Path::new(&file));
    }
}

/// Lines such as `URL=http://127.0.0.1:8069`, with `DB LOGIN PASSWORD API_KEY DEMO_LOGIN DEMO_PASSWORD`.
#[track_caller]
fn server(variable: &str) -> OdooUnderTest {
    let file = setting(variable).unwrap_or_else(|| {
        panic!("`{variable}` is missing: it names a file with the lines URL= DB= LOGIN= PASSWORD= API_KEY= DEMO_LOGIN= DEMO_PASSWORD=")
    });
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("`{variable}` = {file}: {error}"));
    let lines: HashMap<&str, &str> = text.lines().filter_map(|line| line.trim().split_once('=')).collect();
    let value = |name: &str| match lines.get(name) {
        Some(value) => value.trim_matches(['"', '\'']).to_owned(),
        None => panic!("{file} has no line `{name}=`"),
    };
    let mut odoo = OdooUnderTest {
        url: value("URL"),
        db: value("DB"),
        login: value("LOGIN"),
        password: value("PASSWORD"),
        api_key: value("API_KEY"),
        demo_login: value("DEMO_LOGIN"),
        demo_password: value("DEMO_PASSWORD"),
        major: 0,
    };
    odoo.major = scenarios::harness::Oracle::new(&odoo).major();
    odoo
}

#[expect(clippy::disallowed_methods, reason = "which servers to test is told by the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

macro_rules! tests {
    ($($group:ident),* $(,)?) => {
        $(mod $group {
            use super::{SignInBy, Via, run, scenarios::$group::SCENARIOS};

            const NAME: &str = stringify!($group);

            #[test]
            fn on_19_with_password() {
                run(NAME, SCENARIOS, "ODOO_E2E_19", SignInBy::Password, Via::Stdio);
            }

            #[test]
            fn on_19_with_api_key() {
                run(NAME, SCENARIOS, "ODOO_E2E_19", SignInBy::ApiKey, Via::Http);
            }

            #[test]
            fn on_14_with_password() {
                run(NAME, SCENARIOS, "ODOO_E2E_14", SignInBy::Password, Via::Stdio);
            }

            #[test]
            fn on_14_with_api_key() {
                run(NAME, SCENARIOS, "ODOO_E2E_14", SignInBy::ApiKey, Via::Http);
            }
        })*
    };
}

scenarios::for_each_group!(tests);
