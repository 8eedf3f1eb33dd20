//! What must hold, written once and run against the sandbox and against real Odoo servers.
//!
//! A scenario makes its own records, looks up what else it needs, and cleans up after itself, so
//! that it holds on any Odoo with demo data. Where two servers differ, the sandbox is wrong.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written in place with `json!`")]

pub(crate) mod harness;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use harness::World;

/// A promise of the program, or rather two of them about what it refuses.
pub(crate) type Scenario = fn(&World);

/// The list of a file: every scenario by its own name.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        pub(crate) const SCENARIOS: &[(&str, $crate::scenarios::Scenario)] = &[$((stringify!($name), $name)),*];
    };
}
use scenarios;

/// A scenario that takes longer is told of.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Runs all scenarios of a group; one that fails does not keep the others from running.
pub(crate) fn hold(group: &[(&str, Scenario)], world: &World, only: Option<&str>) {
    let mut failed = Vec::new();
    harness::tested::begin(world.odoo.major);
    for (name, scenario) in group {
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let started = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| scenario(world))).is_err() {
            failed.push(*name);
        }
        if started.elapsed() > WORTH_TELLING {
            eprintln!("{name} took {:?}", started.elapsed());
        }
    }
    let about = format!("Odoo {} by {:?} via {:?}", world.odoo.major, world.by, world.via);
    assert!(
        failed.is_empty(),
        "on {about}: {} of {} failed: {}",
        failed.len(),
        group.len(),
        failed.join(", ")
    );
}

/// Hands every group to a macro that makes tests of it.
macro_rules! for_each_group {
    ($make:ident) => {
        $make! {
            approvals,
            attachments,
            audit,
            bill_stack,
            cancel,
            certificates,
            concurrency,
            connections,
            errors,
            execute,
            exports,
            bills,
            bill_stops,
            extraction,
            extraction_http,
            hidden_effects,
            hostile,
            limits,
            memory,
            messages,
            modules,
            money,
            outages,
            pipeline_bills,
            personal_connections,
            pipelines,
            plugin_reload,
            plugins,
            policy,
            policy_live,
            portal,
            public_files,
            public_pages,
            records_read,
            records_write,
            refresh,
            rehearsed,
            reports,
            secrets,
            terminal,
            translation_drafts,
            translations,
            two_people,
            usage,
            web_hostile,
            web_request,
            web_session,
            website,
            what_is_seen,
        }
    };
}
pub(crate) use for_each_group;

pub(crate) mod approvals;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod bill_stack;
pub(crate) mod bill_stops;
pub(crate) mod bills;
pub(crate) mod cancel;
pub(crate) mod certificates;
pub(crate) mod concurrency;
pub(crate) mod connections;
pub(crate) mod errors;
pub(crate) mod execute;
pub(crate) mod exports;
pub(crate) mod extraction;
pub(crate) mod extraction_http;
pub(crate) mod hidden_effects;
pub(crate) mod hostile;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod messages;
pub(crate) mod modules;
pub(crate) mod money;
pub(crate) mod outages;
pub(crate) mod personal_connections;
pub(crate) mod pipeline_bills;
pub(crate) mod pipelines;
pub(crate) mod plugin_reload;
pub(crate) mod plugins;
pub(crate) mod policy;
pub(crate) mod policy_live;
pub(crate) mod portal;
pub(crate) mod public_files;
pub(crate) mod public_pages;
pub(crate) mod records_read;
pub(crate) mod records_write;
pub(crate) mod refresh;
pub(crate) mod rehearsed;
pub(crate) mod reports;
pub(crate) mod secrets;
pub(crate) mod terminal;
pub(crate) mod translation_drafts;
pub(crate) mod translations;
pub(crate) mod two_people;
pub(crate) mod usage;
pub(crate) mod web_hostile;
pub(crate) mod web_request;
pub(crate) mod web_session;
pub(crate) mod website;
pub(crate) mod what_is_seen;
