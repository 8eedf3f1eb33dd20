//! The scenarios against the sandbox, as Odoo 14 and as Odoo 19, with a password and with a key.
//!
//! Every group has a sandbox of its own, so that groups may run at the same time.

use std::sync::OnceLock;

use odoo_mcp::sandbox::{self, Sandbox, SandboxOptions, SandboxVersion};
use tokio::runtime::Runtime;

use crate::scenarios::{
    self, Scenario,
    harness::{OdooUnderTest, SignInBy, Via, World},
};

/// Runs one group against a fresh sandbox.
#[track_caller]
fn run(group: &[(&str, Scenario)], version: SandboxVersion, by: SignInBy, via: Via) {
    let sandbox = start(version);
    scenarios::hold(group, &world(&sandbox, version, by, via), only().as_deref());
}

/// A sandbox as scenarios see it.
pub(crate) fn world(sandbox: &Sandbox, version: SandboxVersion, by: SignInBy, via: Via) -> World {
    let odoo = OdooUnderTest {
        url: sandbox.url(),
        db: sandbox.database().to_owned(),
        login: sandbox.login().to_owned(),
        password: sandbox.password().to_owned(),
        api_key: sandbox.api_key().to_owned(),
        demo_login: "demo".to_owned(),
        demo_password: "demo".to_owned(),
        major: match version {
            SandboxVersion::V14 => 14,
            SandboxVersion::V19 => 19,
        },
    };
    World { odoo, by, via, is_real: false }
}

/// The sandboxes live on threads of their own; the scenarios block theirs.
#[track_caller]
pub(crate) fn start(version: SandboxVersion) -> Sandbox {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"));
    let _entered = runtime.enter();
    runtime.block_on(sandbox::start(SandboxOptions::new(version))).expect("a sandbox")
}

/// While a scenario is being written it may run alone.
#[expect(clippy::disallowed_methods, reason = "a filter for the person who writes a scenario")]
fn only() -> Option<String> {
    std::env::var("SCENARIO").ok()
}

macro_rules! tests {
    ($($group:ident),* $(,)?) => {
        $(mod $group {
            use super::{SandboxVersion, SignInBy, Via, run};
            use crate::scenarios::$group::SCENARIOS;

            #[test]
            fn as_19_with_password() {
                run(SCENARIOS, SandboxVersion::V19, SignInBy::Password, Via::Stdio);
            }

            #[test]
            fn as_19_with_api_key() {
                run(SCENARIOS, SandboxVersion::V19, SignInBy::ApiKey, Via::Http);
            }

            #[test]
            fn as_14_with_password() {
                run(SCENARIOS, SandboxVersion::V14, SignInBy::Password, Via::Stdio);
            }

            #[test]
            fn as_14_with_api_key() {
                run(SCENARIOS, SandboxVersion::V14, SignInBy::ApiKey, Via::Http);
            }
        })*
    };
}

scenarios::for_each_group!(tests);
