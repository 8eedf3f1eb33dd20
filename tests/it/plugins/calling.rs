//! Steps that are called: good answers, bad ones, none at all, in this process and in one of their own.

use std::{
    fs,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use odoo_mcp::plugins::{PluginStep, Plugins};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::fixture::{Echo, Nobody, Place, Spec, check_fate, of, reload, spec, step, told, version_of};

/// One plugin, loaded and ready.
async fn loaded(place: &Place, spec: Spec) -> Plugins {
    place.install(&spec);
    let plugins = place.open();
    let report = reload(&plugins).await;
    check_fate(&report, &spec.name, "loaded", "");
    plugins
}

async fn code(step: &PluginStep, what: &str) -> String {
    match told(step, what).await {
        Ok(answer) => format!("answered {answer:?}"),
        Err(error) => error.code().to_owned(),
    }
}

/// Both ways of running a plugin answer alike.
async fn check_answers(place: Place, mode: &str) {
    let plugins = loaded(&place, spec("fixture")).await;
    let step = step(&plugins, "fixture.run");
    assert_eq!(step.provenance.plugin, "fixture");
    assert_eq!(step.provenance.version, "1.0.0");
    assert_eq!(step.provenance.mode.word(), mode);
    assert_eq!(step.provenance.sha256.len(), 64);
    let answer = told(&step, "answer").await.unwrap();
    assert_eq!(answer.data["version"], "1.0.0");
    assert_eq!(answer.log["seen"], true);
    assert_eq!(answer.abort, None);
    assert_eq!(told(&step, "stop").await.unwrap().abort.unwrap(), "told to");
    assert_eq!(code(&step, "error").await, "no_vendor");
    for bad in ["large", "deep", "not_utf8", "garbage"] {
        assert_eq!(code(&step, bad).await, "bad_answer", "{bad}");
    }
    assert!(step.applies(&json!({"do": "answer"})).await.unwrap());
    assert!(!step.applies(&json!({"do": "never"})).await.unwrap());
    assert_eq!(code(&step, "panic").await, "panicked");
    assert_eq!(version_of(&step).await, "1.0.0", "one panic is forgiven");
}

#[tokio::test]
async fn a_plugin_in_this_process_answers() {
    check_answers(Place::new(), "in_process").await;
}

#[tokio::test]
async fn a_plugin_in_a_process_of_its_own_answers() {
    let place = Place::apart();
    check_answers(place, "process").await;
}

#[tokio::test]
async fn three_panics_in_a_row_set_a_plugin_aside_until_it_is_loaded_again() {
    let place = Place::new();
    let plugins = loaded(&place, spec("fixture")).await;
    let before = step(&plugins, "fixture.run");
    for _ in 0..3 {
        assert_eq!(code(&before, "panic").await, "panicked");
    }
    assert_eq!(code(&before, "answer").await, "quarantined");
    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "loaded", "");
    assert_eq!(version_of(&step(&plugins, "fixture.run")).await, "1.0.0");
    assert_eq!(code(&before, "answer").await, "quarantined", "the old one stays aside");
}

#[tokio::test]
async fn a_step_without_end_costs_its_thread_and_nothing_else() {
    let place = Place::new();
    place.install(&spec("other"));
    let plugins = loaded(&place, spec("fixture").step("fixture.run", 600, 300)).await;
    let (endless, other) = (step(&plugins, "fixture.run"), step(&plugins, "other.run"));
    let started = Instant::now();
    let (outcome, answered) = tokio::join!(code(&endless, "loop"), version_of(&other));
    assert_eq!(outcome, "timeout");
    assert_eq!(answered, "1.0.0");
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(code(&endless, "answer").await, "quarantined");
    assert_eq!(version_of(&other).await, "1.0.0");
}

#[tokio::test]
async fn too_many_threads_that_never_end_switch_plugins_off() {
    let place = Place::new();
    let names = ["one", "two", "three", "four", "five"];
    for name in names {
        place.install(&spec(name).step(&format!("{name}.run"), 600, 100));
    }
    place.install(&spec("good"));
    let plugins = place.open();
    assert_eq!(reload(&plugins).await.loaded.len(), 6);
    let good = step(&plugins, "good.run");
    for name in names {
        assert_eq!(version_of(&good).await, "1.0.0");
        assert_eq!(code(&step(&plugins, &format!("{name}.run")), "loop").await, "timeout");
    }
    assert_eq!(code(&good, "answer").await, "restart_required");
    assert_eq!(reload(&plugins).await.refusal().unwrap().reason.word(), "restart_required");
}

#[tokio::test]
async fn a_step_hears_that_nobody_waits() {
    for place in [Place::new(), Place::apart()] {
        let plugins = loaded(&place, spec("fixture")).await;
        let step = step(&plugins, "fixture.run");
        let cancel = CancellationToken::new();
        let context = json!({"do": "wait"});
        let run = step.execute(&context, &Nobody, &cancel);
        let (outcome, ()) = tokio::join!(run, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cancel.cancel();
        });
        assert_eq!(outcome.unwrap_err().code(), "cancelled");
        assert_eq!(version_of(&step).await, "1.0.0", "a cancelled call is nobody's fault");
    }
}

#[tokio::test]
async fn a_crash_ends_the_plugins_process_and_nothing_else() {
    let place = Place::apart();
    let plugins = loaded(&place, spec("fixture")).await;
    let step = step(&plugins, "fixture.run");
    for crash in ["abort", "segfault"] {
        assert_eq!(code(&step, crash).await, "crashed");
        assert_eq!(version_of(&step).await, "1.0.0", "it was started again");
    }
    assert_eq!(code(&step, "loop").await, "timeout");
    assert_eq!(version_of(&step).await, "1.0.0");
    assert!(code(&step, "print").await.starts_with("answered"), "its output is not ours");
    for _ in 0..3 {
        assert_eq!(code(&step, "abort").await, "crashed");
    }
    assert_eq!(code(&step, "answer").await, "quarantined");
}

#[tokio::test]
async fn a_process_of_its_own_reaches_no_files_and_no_variables() {
    let place = Place::apart();
    let plugins = loaded(&place, spec("fixture")).await;
    let seen = told(&step(&plugins, "fixture.run"), "look").await.unwrap().data;
    assert_ne!(seen["pid"], std::process::id());
    assert_eq!(seen["environment"], 0);
    assert_eq!(seen["writes"], 0);
    // Where the kernel can keep it from that.
    if fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|list| list.contains("landlock")) {
        assert_eq!(seen["reads"], 0);
    }
}

#[tokio::test]
async fn requests_reach_the_broker_only_within_the_capabilities() {
    for mut place in [Place::new(), Place::apart()] {
        place.settings.capabilities =
            vec!["odoo.read:res.partner".to_owned(), "odoo.write:account.move:ref".to_owned()];
        let asks =
            r#"capabilities = ["odoo.read:res.partner", "odoo.write:account.move:narration", "ledger.read"]"#;
        let plugins = loaded(&place, spec("fixture").saying(asks)).await;
        assert_eq!(plugins.registry().capabilities, ["odoo.read:res.partner"]);
        let step = step(&plugins, "fixture.run");
        let broker = Echo::default();
        let cancel = CancellationToken::new();
        let check = async |request: serde_json::Value, expected: Result<&str, &str>| {
            let context = json!({"ask": request});
            let data = step.execute(&context, &broker, &cancel).await.unwrap().data;
            match expected {
                Ok(plugin) => {
                    assert_eq!(data["code"], 0);
                    assert_eq!(data["answer"]["ok"], json!({"plugin": plugin, "request": request}));
                }
                Err(code) => {
                    assert_eq!(data["code"], 2);
                    assert_eq!(data["answer"]["error"]["code"], code);
                }
            }
        };
        check(json!({"capability": "odoo.read", "model": "res.partner"}), Ok("fixture")).await;
        check(json!({"capability": "odoo.read", "model": "res.users"}), Err("capability_denied")).await;
        let write = |field: &str| json!({"capability": "odoo.write", "model": "account.move", "ids": [1], "values": {field: "x"}});
        check(write("narration"), Err("capability_denied")).await;
        check(write("ref"), Err("capability_denied")).await;
        check(json!({"capability": "ledger.read"}), Err("capability_denied")).await;
        check(json!({"capability": "nonsense"}), Err("bad_request")).await;
        assert_eq!(broker.0.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_thread_safe_has_one_call_at_a_time() {
    let place = Place::new();
    place.install(&spec("safe").defining("FLAGS=3"));
    let plugins = loaded(&place, spec("fixture")).await;
    assert_eq!(of(&reload(&plugins).await, "safe").steps.len(), 1);
    for name in ["fixture.run", "safe.run"] {
        let step = step(&plugins, name);
        let calls = (0..20).map(|_| async { told(&step, "nap").await.unwrap() });
        assert_eq!(futures_util::future::join_all(calls).await.len(), 20);
    }
}
