//! Many runs at once while plugins are replaced, truncated, deleted and made to fail under them.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use odoo_mcp::plugins::Plugins;

use super::fixture::{Place, reload, spec, step, told, version_of};

const RUNS_AT_ONCE: usize = 64;
/// What a call may end with while everything changes.
const DEFINED: &[&str] = &["crashed", "panicked", "quarantined", "busy", "timeout", "no_vendor"];

/// `tests/plugins/storm` asks for a longer one.
fn seconds() -> u64 {
    std::env::var("ODOO_MCP_STORM_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// One run: the registry is taken once, and all of its steps are of that one generation.
async fn run(plugins: &Plugins, what: &str) {
    let registry = plugins.registry();
    let versions: Vec<String> = registry
        .steps
        .iter()
        .map(|step| format!("{}{}", step.provenance.plugin, step.provenance.version))
        .collect();
    for (step, version) in registry.steps.iter().zip(&versions) {
        match told(step, what).await {
            Ok(answer) => {
                let said = answer.data["version"].as_str().unwrap().to_owned();
                assert_eq!(*version, format!("{}{said}", step.provenance.plugin), "a mixed registry");
            }
            Err(error) => assert!(DEFINED.contains(&error.code()), "{error}"),
        }
    }
}

async fn storm(place: Place) {
    for name in ["alpha", "beta"] {
        place.install(&spec(name));
    }
    let plugins = place.open();
    reload(&plugins).await;
    let before = resident_kib();
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let runs: Vec<_> = (0..RUNS_AT_ONCE)
        .map(|number| {
            let (plugins, over, count) = (plugins.clone(), Arc::clone(&over), Arc::clone(&count));
            tokio::spawn(async move {
                let words = ["answer", "answer", "nap", "error", "panic", "answer", "answer", "answer"];
                for round in number.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    run(&plugins, words[round % words.len()]).await;
                    count.fetch_add(1, Ordering::Relaxed);
                    // Runs without a plugin end at once; the reloads need a turn as well.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut round = 0_u32;
    while Instant::now() < end {
        round += 1;
        let name = if round.is_multiple_of(2) { "alpha" } else { "beta" };
        match round % 5 {
            0 => fs::write(place.library(name), b"").unwrap_or_default(),
            1 => fs::remove_dir_all(place.of(name)).unwrap_or_default(),
            _ => place.install(&spec(name).version(&format!("1.0.{round}"))),
        }
        reload(&plugins).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    over.store(true, Ordering::Relaxed);
    for run in runs {
        run.await.unwrap();
    }
    // What stays in this test process is what is mapped for good: at most so many libraries.
    let after = resident_kib();
    if std::env::var_os("ODOO_MCP_STORM_SECONDS").is_some() {
        println!("{} runs, resident before {before} KiB, after {after} KiB", count.load(Ordering::Relaxed));
    }
    assert!(count.load(Ordering::Relaxed) > 0);
    // Whatever happened, a good plugin in a process of its own is taken afterwards.
    if place.settings.unsigned_mode == odoo_mcp::config::UnsignedMode::Process {
        place.install(&spec("alpha").version("9.0.0"));
        reload(&plugins).await;
        assert_eq!(version_of(&step(&plugins, "alpha.run")).await, "9.0.0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_survive_whatever_happens_to_plugins_in_this_process() {
    storm(Place::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_survive_whatever_happens_to_plugins_in_processes() {
    storm(Place::apart()).await;
}
