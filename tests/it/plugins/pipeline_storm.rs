//! The same storm from outside: runs of whole bills at the door of the program, against a practice Odoo
//! and a model of the tests, while the plugins of its pipeline are replaced, truncated, deleted and made
//! to fail. The program is a process of its own, so that its memory is its own.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use odoo_mcp::sandbox::SandboxVersion;
use serde_json::{Value, json};

use super::{
    fixture::{Place, spec},
    storm::{DEFINED, PAUSE, ROUNDS_HERE, RUNS_AT_ONCE, TELLING, asked_seconds},
};
use crate::{
    contract,
    scenarios::{
        bills::{RUN, draft, fields},
        extraction::settings_with,
        harness::{Door, ModelServer, Says, SignInBy, Tokens, Via, World},
    },
};

const RELOAD: &str = "ai_invoice_plugins_reload";
/// Bills at once in a short storm: this one runs with every test.
const RUNS_AT_ONCE_USUALLY: usize = 16;
/// Caches of connections, databases and the allocator grow with the first runs; a leak goes on.
const GROWTH_MAX_KIB: u64 = 96 * 1024;

/// What happened so far.
#[derive(Debug, Default)]
struct Figures {
    /// Runs by how they ended.
    runs: BTreeMap<String, u64>,
    /// Steps of plugins by how they ended.
    steps: BTreeMap<String, u64>,
    /// Plugins by what a reload made of them.
    fates: BTreeMap<String, u64>,
    reloads: u64,
    /// The version of each plugin in each set of plugins.
    versions: BTreeMap<(u64, String), String>,
}

fn count(counts: &mut BTreeMap<String, u64>, what: &str) {
    *counts.entry(what.to_owned()).or_default() += 1;
}

impl Figures {
    fn ran(&mut self, run: &Value) {
        let status = run["status"].as_str().unwrap_or_else(|| panic!("no record: {run}"));
        count(&mut self.runs, status);
        let generation = run["registry_generation"].as_u64().expect("a generation");
        for step in run["step_runs"].as_array().expect("steps") {
            let Some((plugin, _)) = step["step_name"].as_str().and_then(|name| name.split_once('.')) else {
                assert_ne!(step["status"], "error", "a plugin disturbed another step: {run}");
                continue;
            };
            match (step["status"].as_str(), step["error"]["code"].as_str()) {
                (Some("error"), Some(code)) => {
                    assert!(DEFINED.contains(&code), "{run}");
                    count(&mut self.steps, code);
                }
                (Some("ok"), _) => {
                    count(&mut self.steps, "ok");
                    let version = step["output"]["data"]["version"].as_str().expect("a version").to_owned();
                    let known = self.versions.entry((generation, plugin.to_owned()));
                    assert_eq!(*known.or_insert_with(|| version.clone()), version, "a mixed registry: {run}");
                }
                other => panic!("{other:?}: {run}"),
            }
        }
    }

    fn reloaded(&mut self, report: &Value) {
        self.reloads += 1;
        for plugin in report["plugins"].as_array().unwrap_or_else(|| panic!("no report: {report}")) {
            let word = |key: &str| plugin[key].as_str().unwrap_or_default();
            count(&mut self.fates, format!("{} {}", word("status"), word("reason_code")).trim());
        }
    }

    fn told(&self) -> String {
        let Self { runs, steps, fates, reloads, versions } = self;
        let sets =
            versions.keys().map(|(generation, _)| generation).collect::<std::collections::BTreeSet<_>>();
        format!(
            "runs {runs:?}, steps {steps:?}, {reloads} reloads: {fates:?}; {} sets of plugins were used",
            sets.len()
        )
    }
}

/// One bill of its own after the other, each told to do something.
fn bills(
    world: &World,
    door: &Door,
    server: &ModelServer,
    words: &[&str],
    first: usize,
    over: &AtomicBool,
    figures: &Mutex<Figures>,
) {
    for round in first.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let draft = draft(world);
        let mut read = fields();
        read["partner_name"] = json!(words[round % words.len()]);
        server.next([Says::Fields(read, Tokens::default())]);
        // As it came: that a plugin `panicked` is a word that other answers never hold.
        let response = door.begin(RUN, json!({"move_id": draft.bill.id})).response();
        let run = response["result"]["structuredContent"].clone();
        assert!(run["run_id"].is_string(), "{response}");
        figures.lock().unwrap().ran(&run);
    }
}

fn storm(mode: &str, place: &Place, in_process: bool, words: &[&str]) {
    let asked = asked_seconds();
    let lasting = Duration::from_secs(asked.unwrap_or(3));
    let at_once = if asked.is_some() { RUNS_AT_ONCE } else { RUNS_AT_ONCE_USUALLY };
    let tell = |text: String| {
        if asked.is_some() {
            eprintln!("storm of bills {mode}: {text}");
        }
    };
    for name in ["alpha", "beta"] {
        place.install(&spec(name));
    }
    let sandbox = contract::start(SandboxVersion::V19);
    let world = contract::world(&sandbox, SandboxVersion::V19, SignInBy::ApiKey, Via::Stdio);
    let server = ModelServer::new(fields());
    let settings = settings_with(&world, &server, "anthropic")
        .variable("AI_PLUGINS_ENABLED", "1")
        .variable("ODOO_MCP_PLUGINS_ALLOW_ROOT", "1")
        .variable("AI_INVOICE_PLUGINS_DIR", &place.root().to_string_lossy())
        .variable("AI_PLUGIN_UNSIGNED_MODE", if in_process { "declared" } else { "process" });
    let mut door = Door::open(settings);
    let (over, figures) = (AtomicBool::new(false), Mutex::new(Figures::default()));
    let pause = if in_process { PAUSE.max(lasting / ROUNDS_HERE) } else { PAUSE * 5 };
    let (began, mut told_at) = (Instant::now(), Instant::now());
    let (mut before, mut most) = (None, 0);
    thread::scope(|scope| {
        for first in 0..at_once {
            let (world, door, server, over, figures) = (&world, &door, &server, &over, &figures);
            scope.spawn(move || bills(world, door, server, words, first, over, figures));
        }
        let mut round = 0_u32;
        while began.elapsed() < lasting {
            round += 1;
            let name = if round.is_multiple_of(2) { "alpha" } else { "beta" };
            match round % 5 {
                0 => fs::write(place.library(name), b"").unwrap_or_default(),
                1 => fs::remove_dir_all(place.of(name)).unwrap_or_default(),
                _ => place.install(&spec(name).version(&format!("1.0.{round}"))),
            }
            let report = match door.call(RELOAD, json!({})) {
                Ok(report) => report,
                Err(report) => {
                    assert_eq!(report["code"], "nothing_published", "{report}");
                    report
                }
            };
            figures.lock().unwrap().reloaded(&report);
            let (resident, children) = door.memory_and_children();
            // What a running server holds: after the first tenth.
            if before.is_none() && began.elapsed() >= lasting / 10 {
                before = Some(resident);
            }
            most = most.max(resident);
            if told_at.elapsed() >= TELLING {
                told_at = Instant::now();
                let so_far = figures.lock().unwrap().told();
                tell(format!(
                    "{} s: {so_far}; resident {resident} KiB, {children} processes",
                    began.elapsed().as_secs()
                ));
            }
            thread::sleep(pause);
        }
        over.store(true, Ordering::Relaxed);
    });
    // A server at rest lets go of what runs held.
    thread::sleep(Duration::from_millis(500));
    let (after, children) = door.memory_and_children();
    let before = before.unwrap_or(after);
    let figures = figures.into_inner().unwrap();
    tell(format!(
        "over after {} s: {}; resident {before} KiB at first, at most {most} KiB, {after} KiB at the end; {children} processes",
        began.elapsed().as_secs(),
        figures.told()
    ));
    assert!(door.is_alive(), "{}", door.log());
    assert!(figures.steps.get("ok").is_some_and(|count| *count > 0), "{}", figures.told());
    assert!(children <= 2, "{children} processes of plugins are left: {}", figures.told());
    assert!(after.saturating_sub(before) < GROWTH_MAX_KIB, "memory grew: {}", figures.told());
    // Whatever happened, a bill is still read and filled.
    let draft = draft(&world);
    let read = fields();
    server.next([Says::Fields(read.clone(), Tokens::default())]);
    let _ = door.begin(RUN, json!({"move_id": draft.bill.id})).response();
    assert_eq!(world.oracle().field("account.move", draft.bill.id, "ref"), read["invoice_number"]);
}

#[test]
fn bills_survive_whatever_happens_to_plugins_in_this_process() {
    let words = ["answer", "answer", "nap", "error", "answer", "panic", "answer", "answer"];
    storm("in process", &Place::new(), true, &words);
}

#[test]
fn bills_survive_whatever_happens_to_plugins_in_processes() {
    let words = ["answer", "answer", "nap", "error", "answer", "panic", "answer", "segfault", "answer"];
    storm("in processes", &Place::apart(), false, &words);
}
