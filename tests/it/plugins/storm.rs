//! Many runs at once while plugins are replaced, truncated, deleted and made to fail under them.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use odoo_mcp::plugins::{Plugins, ReloadReport};

use super::fixture::{Place, reload, spec, step, told, version_of};

pub(super) const RUNS_AT_ONCE: usize = 64;
/// What a call may end with while everything changes.
pub(super) const DEFINED: &[&str] =
    &["crashed", "panicked", "quarantined", "busy", "timeout", "no_vendor", "restart_required"];
/// A run waits for its turn at most a minute per step, so that this is the end of any.
const ENDING: Duration = Duration::from_secs(150);
/// How often a long storm says how it goes.
pub(super) const TELLING: Duration = Duration::from_secs(5);
/// Rounds in which this process can open other versions: every round but two of five brings one, and
/// there is a limit of 32 images for as long as a process lives.
pub(super) const ROUNDS_HERE: u32 = 48;
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// `tests/plugins/storm` asks for a longer one, and wants to see something.
pub(super) fn asked_seconds() -> Option<u64> {
    std::env::var("ODOO_MCP_STORM_SECONDS").ok().map(|text| text.parse().expect("a number of seconds"))
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What happened so far.
#[derive(Default)]
struct Figures {
    runs: u64,
    reloads: u64,
    /// Steps by how they ended.
    steps: BTreeMap<String, u64>,
    /// Plugins by what a reload made of them.
    fates: BTreeMap<String, u64>,
}

impl Figures {
    fn reloaded(&mut self, report: &ReloadReport) {
        self.reloads += 1;
        for plugin in &report.plugins {
            let status = serde_json::to_value(plugin.status).unwrap();
            let reason = plugin.reason_code.map(|reason| format!(":{reason}")).unwrap_or_default();
            let fate = format!("{}{reason}", status.as_str().unwrap_or_default());
            *self.fates.entry(fate).or_default() += 1;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs, {} reloads, steps {:?}, plugins {:?}",
            self.runs, self.reloads, self.steps, self.fates
        )
    }
}

/// One run: the registry is taken once, and all of its steps are of that one generation.
async fn run(plugins: &Plugins, what: &str, figures: &Mutex<Figures>) {
    let registry = plugins.registry();
    let versions: Vec<String> = registry
        .steps
        .iter()
        .map(|step| format!("{}{}", step.provenance.plugin, step.provenance.version))
        .collect();
    for (step, version) in registry.steps.iter().zip(&versions) {
        let ended = match told(step, what).await {
            Ok(answer) => {
                let said = answer.data["version"].as_str().unwrap().to_owned();
                assert_eq!(*version, format!("{}{said}", step.provenance.plugin), "a mixed registry");
                "ok".to_owned()
            }
            Err(error) => {
                assert!(DEFINED.contains(&error.code()), "{error}");
                error.code().to_owned()
            }
        };
        *figures.lock().unwrap().steps.entry(ended).or_default() += 1;
    }
    figures.lock().unwrap().runs += 1;
}

/// One storm; `words` is what the steps are told to do, in turn.
async fn storm(mode: &str, place: Place, words: &'static [&'static str]) {
    let asked = asked_seconds();
    let lasting = Duration::from_secs(asked.unwrap_or(3));
    let is_apart = place.settings.unsigned_mode == odoo_mcp::config::UnsignedMode::Process;
    // Said on the other output, at once: whoever looks at it through a pipe sees it as well.
    let tell = |text: String| {
        if asked.is_some() {
            eprintln!("storm {mode}: {text}");
        }
    };
    for name in ["alpha", "beta"] {
        place.install(&spec(name));
    }
    let plugins = place.open();
    reload(&plugins).await;
    let figures = Arc::new(Mutex::new(Figures::default()));
    run(&plugins, "answer", &figures).await;
    let before = resident_kib();
    tell(format!("{} s, {RUNS_AT_ONCE} runs at once, resident {before} KiB", lasting.as_secs()));
    let over = Arc::new(AtomicBool::new(false));
    let runs: Vec<_> = (0..RUNS_AT_ONCE)
        .map(|number| {
            let (plugins, over, figures) = (plugins.clone(), Arc::clone(&over), Arc::clone(&figures));
            tokio::spawn(async move {
                for round in number.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    run(&plugins, words[round % words.len()], &figures).await;
                    // Runs without a plugin end at once; the reloads need a turn as well.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    let began = Instant::now();
    // Where images stay for good, their number is spread over the whole time.
    let pause = if is_apart { PAUSE } else { PAUSE.max(lasting / ROUNDS_HERE) };
    let (mut round, mut told_at, mut most) = (0_u32, began, before);
    while began.elapsed() < lasting {
        round += 1;
        let name = if round.is_multiple_of(2) { "alpha" } else { "beta" };
        match round % 5 {
            0 => fs::write(place.library(name), b"").unwrap_or_default(),
            1 => fs::remove_dir_all(place.of(name)).unwrap_or_default(),
            _ => place.install(&spec(name).version(&format!("1.0.{round}"))),
        }
        let report = reload(&plugins).await;
        figures.lock().unwrap().reloaded(&report);
        most = most.max(resident_kib());
        if told_at.elapsed() >= TELLING {
            told_at = Instant::now();
            let so_far = figures.lock().unwrap().to_string();
            tell(format!("{} s: {so_far}; resident {} KiB", began.elapsed().as_secs(), resident_kib()));
        }
        tokio::time::sleep(pause).await;
    }
    over.store(true, Ordering::Relaxed);
    // Ends by itself: a run that never does is named instead of waited for.
    let all = futures_util::future::join_all(runs);
    let ended = tokio::time::timeout(ENDING, all).await;
    let ended = ended.unwrap_or_else(|_| panic!("runs did not end: {}", figures.lock().unwrap()));
    for run in ended {
        run.unwrap();
    }
    let after = resident_kib();
    tell(format!(
        "over after {} s: {}; resident before {before} KiB, at most {most} KiB, after {after} KiB",
        began.elapsed().as_secs(),
        figures.lock().unwrap()
    ));
    {
        let figures = figures.lock().unwrap();
        assert!(figures.runs > RUNS_AT_ONCE as u64 && figures.reloads > 0, "{figures}");
        assert!(figures.steps.get("ok").is_some_and(|count| *count > 0), "{figures}");
    }
    // What stays is what is mapped for good: at most so many small libraries, and what the allocator keeps.
    let grown = after.saturating_sub(before);
    assert!(grown < GROWTH_MAX_KIB, "memory grew by {grown} KiB: {}", figures.lock().unwrap());
    // Whatever happened, a good plugin in a process of its own is taken afterwards.
    if is_apart {
        place.install(&spec("alpha").version("9.0.0"));
        reload(&plugins).await;
        assert_eq!(version_of(&step(&plugins, "alpha.run")).await, "9.0.0");
    }
}

/// Other tests of this binary run beside a short storm and grow too; a leak of a storm is larger.
const GROWTH_MAX_KIB: u64 = 256 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_survive_whatever_happens_to_plugins_in_this_process() {
    let words = &["answer", "answer", "nap", "error", "panic", "answer", "answer", "answer"];
    storm("in process", Place::new(), words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_survive_whatever_happens_to_plugins_in_processes() {
    let words = &["answer", "answer", "nap", "error", "panic", "answer", "segfault", "answer", "answer"];
    storm("in processes", Place::apart(), words).await;
}
