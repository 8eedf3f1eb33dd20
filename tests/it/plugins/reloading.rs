//! Reloads: what is new, unchanged, kept, retired; one registry or the old one.

use std::fs;

use odoo_mcp::plugins::ReloadRequest;

use super::fixture::{Place, Spec, check_fate, fate, of, reload, spec, step, told, version_of};

#[tokio::test]
async fn a_plugin_comes_changes_and_leaves() {
    let place = Place::new();
    let plugins = place.open();
    place.install(&spec("fixture"));
    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "loaded", "");
    assert!(report.published);
    assert_eq!((report.generation, report.loaded.as_slice()), (1, ["fixture".to_owned()].as_slice()));
    assert_eq!(report.total_steps_registered, 10);

    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "unchanged", "");
    assert!(!report.published && !report.is_error);
    assert_eq!(report.generation, 1);

    // A run keeps what it began with.
    let run = plugins.registry();
    place.install(&spec("fixture").version("2.0.0"));
    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "loaded", "");
    assert_eq!(of(&report, "fixture").previous_version.as_deref(), Some("1.0.0"));
    assert_eq!(version_of(run.step("fixture.run").unwrap()).await, "1.0.0");
    assert_eq!(version_of(&step(&plugins, "fixture.run")).await, "2.0.0");

    fs::remove_dir_all(place.of("fixture")).unwrap();
    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "retired", "directory_missing");
    assert!(report.published && report.loaded.is_empty());
    assert!(plugins.registry().step("fixture.run").is_none());
    assert_eq!(version_of(run.step("fixture.run").unwrap()).await, "1.0.0");

    place.install(&spec("fixture"));
    check_fate(&reload(&plugins).await, "fixture", "loaded", "");
    place.write_manifest(&spec("fixture").saying("enabled = false"));
    check_fate(&reload(&plugins).await, "fixture", "retired", "disabled");
}

/// A second version that is broken leaves the first one in force, in both modes.
async fn check_kept(broken: Spec, change: impl Fn(&Place), reason: &str) {
    for place in [Place::new(), Place::apart()] {
        let plugins = place.open();
        place.install(&spec("fixture"));
        check_fate(&reload(&plugins).await, "fixture", "loaded", "");
        let old = plugins.registry();
        place.install(&broken.clone().version("2.0.0"));
        change(&place);
        let report = reload(&plugins).await;
        check_fate(&report, "fixture", "kept_previous", reason);
        assert!(report.is_error && !report.published);
        assert_eq!(of(&report, "fixture").previous_version.as_deref(), Some("1.0.0"));
        assert_eq!(plugins.registry().generation, old.generation);
        assert_eq!(version_of(&step(&plugins, "fixture.run")).await, "1.0.0");
    }
}

#[tokio::test]
async fn a_broken_new_version_leaves_the_old_one_in_force() {
    let flip = |place: &Place| {
        let mut bytes = fs::read(place.library("fixture")).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(place.library("fixture"), bytes).unwrap();
    };
    check_kept(spec("fixture"), flip, "hash_mismatch").await;
    let unsigned = |place: &Place| {
        fs::write(place.of("fixture").join("plugin.toml.sig"), "ed25519:x").unwrap();
    };
    check_kept(spec("fixture"), unsigned, "signature_invalid").await;
    check_kept(spec("fixture").defining("INIT_CODE=2"), |_| {}, "init_failed").await;
    check_kept(spec("fixture").defining("INIT_CODE=4"), |_| {}, "init_panicked").await;
    check_kept(spec("fixture").defining("NO_INIT"), |_| {}, "symbol_missing").await;
    check_kept(spec("fixture").defining("UNRESOLVED"), |_| {}, "dlopen_failed").await;
    check_kept(spec("fixture").defining("FLAGS=0"), |_| {}, "info_mismatch").await;
    check_kept(spec("fixture").defining("INFO_VERSION=\"9.9.9\""), |_| {}, "info_mismatch").await;
    check_kept(spec("fixture").defining("INFO_TARGET=\"elsewhere\""), |_| {}, "info_mismatch").await;
    check_kept(spec("fixture").saying("target = \"elsewhere\""), |_| {}, "target_mismatch").await;
    check_kept(spec("fixture").saying("abi = \"2.0\""), |_| {}, "abi_mismatch").await;
    check_kept(spec("fixture").saying("abi = \"1.1\""), |_| {}, "abi_mismatch").await;
    let mut other_step = spec("fixture");
    other_step.steps = "[[steps]]\nname = \"fixture.walk\"\nsequence = 600\n".to_owned();
    check_kept(other_step, |_| {}, "describe_mismatch").await;
}

#[tokio::test]
async fn a_plugin_that_changes_the_servers_signals_is_refused() {
    let place = Place::new();
    place.install(&spec("fixture").defining("SIGNALS"));
    check_fate(&reload(&place.open()).await, "fixture", "failed", "init_failed");
}

#[tokio::test]
async fn a_start_without_end_is_given_up() {
    let place = Place::apart();
    place.install(&spec("fixture").defining("INIT_FOREVER"));
    check_fate(&reload(&place.open()).await, "fixture", "failed", "init_timeout");
}

#[tokio::test]
async fn files_that_change_under_a_running_plugin_do_not_reach_it() {
    for place in [Place::new(), Place::apart()] {
        let plugins = place.open();
        place.install(&spec("fixture"));
        check_fate(&reload(&plugins).await, "fixture", "loaded", "");
        let step = step(&plugins, "fixture.run");
        for round in 0..1_000_u32 {
            match round % 3 {
                0 => fs::write(place.library("fixture"), b"").unwrap(),
                1 => fs::write(place.library("fixture"), vec![0xcc; 20_000]).unwrap(),
                _ => {}
            }
            assert_eq!(version_of(&step).await, "1.0.0");
        }
    }
}

#[tokio::test]
async fn names_of_steps_belong_to_one_plugin() {
    let place = Place::new();
    place.install(&spec("alpha").step("shared", 700, 1000));
    place.install(&spec("beta").step("shared", 700, 1000));
    let plugins = place.open();
    let report = reload(&plugins).await;
    check_fate(&report, "alpha", "loaded", "");
    check_fate(&report, "beta", "failed", "duplicate_step");
    assert!(report.published && !report.is_error);
    assert_eq!(step(&plugins, "shared").provenance.plugin, "alpha");
}

#[tokio::test]
async fn steps_run_by_sequence_and_name() {
    let place = Place::new();
    place.install(&spec("alpha").step("zulu", 900, 1000));
    place.install(&spec("beta").step("late", 700, 1000));
    place.install(&spec("gamma").step("early", 700, 1000));
    let plugins = place.open();
    reload(&plugins).await;
    let names: Vec<String> = plugins.registry().steps.iter().map(|step| step.name.clone()).collect();
    assert_eq!(names, ["early", "late", "zulu"]);
}

#[tokio::test]
async fn a_dry_run_plans_what_the_real_one_does() {
    let place = Place::new();
    place.install(&spec("fixture"));
    place.install(&spec("broken").saying("target = \"elsewhere\""));
    let plugins = place.open();
    let dry = plugins.reload(ReloadRequest { dry_run: true, ..ReloadRequest::default() }).await;
    assert!(dry.dry_run && !dry.published && !dry.is_error);
    assert!(!place.marker().exists() && plugins.registry().steps.is_empty());
    let real = reload(&plugins).await;
    for name in ["fixture", "broken"] {
        assert_eq!(fate(&dry, name), fate(&real, name));
    }
    assert_eq!(dry.counts, real.counts);
    assert!(place.marker().exists());
}

#[tokio::test]
async fn strict_publishes_all_or_nothing() {
    let place = Place::new();
    place.install(&spec("fixture"));
    place.install(&spec("broken").saying("target = \"elsewhere\""));
    let plugins = place.open();
    let report = plugins.reload(ReloadRequest { strict: true, ..ReloadRequest::default() }).await;
    assert!(report.is_error && !report.published);
    assert_eq!(plugins.registry().generation, 0);
    fs::remove_dir_all(place.of("broken")).unwrap();
    let report = plugins.reload(ReloadRequest { strict: true, ..ReloadRequest::default() }).await;
    assert!(!report.is_error && report.published);
}

#[tokio::test]
async fn only_the_named_plugins_are_looked_at() {
    let place = Place::new();
    place.install(&spec("alpha"));
    let plugins = place.open();
    reload(&plugins).await;
    place.install(&spec("alpha").version("2.0.0"));
    place.install(&spec("beta"));
    place.install(&spec("gamma"));
    let only = vec!["beta".to_owned(), "nobody".to_owned()];
    let report = plugins.reload(ReloadRequest { only, ..ReloadRequest::default() }).await;
    check_fate(&report, "alpha", "unchanged", "");
    check_fate(&report, "beta", "loaded", "");
    check_fate(&report, "gamma", "skipped", "");
    check_fate(&report, "nobody", "failed", "not_found");
    assert_eq!(report.loaded, ["alpha", "beta"]);
    assert_eq!(version_of(&step(&plugins, "alpha.run")).await, "1.0.0");
}

#[tokio::test]
async fn one_reload_at_a_time() {
    let place = Place::apart();
    place.install(&spec("fixture").defining("INIT_FOREVER"));
    let plugins = place.open();
    let (slow, refused) = tokio::join!(reload(&plugins), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        reload(&plugins).await
    });
    check_fate(&slow, "fixture", "failed", "init_timeout");
    assert_eq!(refused.refusal().unwrap().reason.word(), "reload_in_progress");
}

#[tokio::test]
async fn libraries_are_never_closed_so_there_is_an_end_to_them() {
    let place = Place::new();
    let plugins = place.open();
    for version in 0..32 {
        place.install(&spec("fixture").version(&format!("1.0.{version}")));
        check_fate(&reload(&plugins).await, "fixture", "loaded", "");
    }
    place.install(&spec("fixture").version("2.0.0"));
    check_fate(&reload(&plugins).await, "fixture", "kept_previous", "generation_limit");
    assert_eq!(version_of(&step(&plugins, "fixture.run")).await, "1.0.31");
    assert!(told(&step(&plugins, "fixture.run"), "error").await.is_err());
}

#[tokio::test]
async fn a_strict_start_stops_and_another_does_not() {
    let mut place = Place::new();
    place.install(&spec("fixture").saying("target = \"elsewhere\""));
    place.open().start().await.unwrap();
    place.settings.strict = true;
    let error = place.open().start().await.unwrap_err().to_string();
    assert!(error.contains("`fixture`") && error.contains("elsewhere"), "{error}");
}
