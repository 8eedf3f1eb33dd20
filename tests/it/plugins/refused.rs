//! Plugins that are refused, each for its reason, and none of them runs.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

use odoo_mcp::{config::SignaturePolicy, plugins::ReloadRequest};

use super::fixture::{Place, Spec, check_fate, reload, spec};

/// Installs a plugin, changes something, and expects that it is refused without having run.
#[track_caller]
fn check(spec: Spec, change: impl FnOnce(&Place), reason: &str) {
    check_in(Place::new(), spec, change, reason);
}

#[track_caller]
fn check_in(place: Place, spec: Spec, change: impl FnOnce(&Place), reason: &str) {
    place.install(&spec);
    change(&place);
    let report = tokio::runtime::Runtime::new().unwrap().block_on(reload(&place.open()));
    check_fate(&report, &spec.name, "failed", reason);
    assert!(report.is_error, "{report:#?}");
    assert!(!place.marker().exists(), "code of a refused plugin ran");
    let text = serde_json::to_string(&report.plugins).unwrap();
    assert!(!text.contains(place.dir.path().to_str().unwrap()), "{text}");
}

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_fixture_leaves_its_marker_when_it_is_loaded() {
    let place = Place::new();
    place.install(&spec("fixture"));
    let report = tokio::runtime::Runtime::new().unwrap().block_on(reload(&place.open()));
    check_fate(&report, "fixture", "loaded", "");
    assert!(place.marker().exists());
}

#[test]
fn files_that_others_could_have_changed() {
    let fixture = || spec("fixture");
    check(fixture(), |place| mode(&place.of("fixture"), 0o777), "directory_insecure");
    check(fixture(), |place| mode(&place.library("fixture"), 0o664), "insecure_permissions");
    check(fixture(), |place| mode(&place.of("fixture").join("plugin.toml"), 0o666), "insecure_permissions");
    let hard_link = |place: &Place| {
        fs::hard_link(place.library("fixture"), place.dir.path().join("other.so")).unwrap();
    };
    check(fixture(), hard_link, "insecure_permissions");
    let linked_library = |place: &Place| {
        let library = place.library("fixture");
        let moved = place.dir.path().join("moved.so");
        fs::rename(&library, &moved).unwrap();
        symlink(&moved, &library).unwrap();
    };
    check(fixture(), linked_library, "symlink");
    let linked_directory = |place: &Place| {
        let moved = place.dir.path().join("moved");
        fs::rename(place.of("fixture"), &moved).unwrap();
        symlink(&moved, place.of("fixture")).unwrap();
    };
    check(fixture(), linked_directory, "symlink");
    let pipe = |place: &Place| {
        fs::remove_file(place.library("fixture")).unwrap();
        let made = Command::new("mkfifo").arg(place.library("fixture")).status().unwrap();
        assert!(made.success());
    };
    check(fixture(), pipe, "not_regular_file");
    let directory = |place: &Place| {
        fs::remove_file(place.library("fixture")).unwrap();
        fs::create_dir(place.library("fixture")).unwrap();
    };
    check(fixture(), directory, "not_regular_file");
    check(fixture(), |place| fs::remove_file(place.library("fixture")).unwrap(), "library_missing");
    let no_manifest = |place: &Place| fs::remove_file(place.of("fixture").join("plugin.toml")).unwrap();
    check(fixture(), no_manifest, "manifest_missing");
}

#[test]
fn libraries_that_are_not_what_the_manifest_means() {
    let damage = |place: &Place| {
        let library = place.library("fixture");
        let mut bytes = fs::read(&library).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&library, bytes).unwrap();
    };
    check(spec("fixture"), damage, "hash_mismatch");
    check(spec("fixture").saying("target = \"armv7-unknown-linux-gnueabihf\""), |_| {}, "target_mismatch");
    check(spec("fixture").saying("abi = \"2.0\""), |_| {}, "abi_mismatch");
    check(spec("fixture").saying("abi = \"1.9\""), |_| {}, "abi_mismatch");
    check(spec("fixture").saying("host = \">=99\""), |_| {}, "host_version");
    check(spec("fixture").step("run", 600, 1000).saying("name = \"another\""), |_| {}, "name_mismatch");
    check(spec("fixture").saying("more = 1"), |_| {}, "manifest_invalid");
    check(spec("fixture").step("extract_vision", 600, 1000), |_| {}, "reserved_step");
    check(spec("fixture").step("fixture.run", 10, 1000), |_| {}, "sequence_out_of_range");
}

#[test]
fn libraries_whose_header_says_no() {
    check(spec("fixture").defining("NOTE_MAJOR=2"), |_| {}, "abi_mismatch");
    check(spec("fixture").defining("NO_NOTE"), |_| {}, "header_rejected");
    check(spec("fixture").defining("NO_INIT"), |_| {}, "symbol_missing");
    check(spec("fixture").linked("-Wl,-rpath,/opt"), |_| {}, "header_rejected");
    check(spec("fixture").linked("-Wl,-z,execstack"), |_| {}, "header_rejected");
    // A library that everybody has and no plugin may use.
    check(spec("fixture").linked("-Wl,--no-as-needed").linked("-lstdc++"), |_| {}, "header_rejected");
    let not_a_library = |place: &Place| {
        fs::write(place.library("fixture"), b"#!/bin/sh\n").unwrap();
        place.write_manifest(&spec("fixture"));
    };
    check(spec("fixture"), not_a_library, "header_rejected");
    let foreign = |place: &Place| {
        let mut bytes = fs::read(place.library("fixture")).unwrap();
        // The machine in the header: 32-bit ARM.
        bytes[18] = 40;
        fs::write(place.library("fixture"), bytes).unwrap();
        place.write_manifest(&spec("fixture"));
    };
    check(spec("fixture"), foreign, "header_rejected");
    let truncated = |place: &Place| {
        let bytes = fs::read(place.library("fixture")).unwrap();
        fs::write(place.library("fixture"), &bytes[..bytes.len() / 2]).unwrap();
        place.write_manifest(&spec("fixture"));
    };
    check(spec("fixture"), truncated, "header_rejected");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_library_that_changes_its_own_code() {
    let relocated = spec("fixture").defining("TEXT_RELOCATIONS").linked("-Wl,-z,notext");
    check(relocated, |_| {}, "header_rejected");
}

#[test]
fn plugins_without_the_signature_that_is_required() {
    let required = || {
        let mut place = Place::new();
        place.settings.signature = Some(SignaturePolicy::Required);
        place
    };
    check_in(required(), spec("fixture"), |_| {}, "signature_missing");
    let nonsense = |place: &Place| {
        fs::write(place.of("fixture").join("plugin.toml.sig"), "ed25519:office:AAAA").unwrap();
    };
    check_in(required(), spec("fixture"), nonsense, "signature_invalid");
}

#[tokio::test]
async fn directories_that_the_operator_did_not_allow() {
    let place = Place::new();
    place.install(&spec("fixture"));
    let sibling = place.dir.path().join("plugins-of-others");
    fs::create_dir(&sibling).unwrap();
    symlink(&sibling, place.dir.path().join("link")).unwrap();
    let plugins = place.open();
    let root = place.root().to_str().unwrap().to_owned();
    let inside = |name: &str| format!("{}/{name}", place.dir.path().to_str().unwrap());
    for dir in [
        "../x".to_owned(),
        "plugins".to_owned(),
        "/".to_owned(),
        format!("{root}/../plugins-of-others"),
        format!("{root}/fixture"),
        inside("plugins-of-others"),
        inside("link"),
        inside("nothing-here"),
        format!("{root}\0"),
    ] {
        let request = ReloadRequest { plugins_dir: dir.clone(), ..ReloadRequest::default() };
        let report = plugins.reload(request).await;
        let refusal = report.refusal().unwrap();
        assert_eq!(refusal.reason.word(), "directory_not_allowed", "{dir}");
        assert!(report.is_error && report.plugins_dir.is_empty());
        assert_eq!(refusal.message, "`plugins_dir` is none of the directories that the operator allows");
    }
    assert!(!place.marker().exists());
    let request = ReloadRequest { plugins_dir: root, ..ReloadRequest::default() };
    check_fate(&plugins.reload(request).await, "fixture", "loaded", "");
}

#[tokio::test]
async fn an_allowed_directory_may_be_named() {
    let mut place = Place::new();
    place.install(&spec("fixture"));
    let other = place.dir.path().join("second");
    fs::rename(place.root(), &other).unwrap();
    fs::create_dir(place.root()).unwrap();
    place.settings.allowed_dirs = vec![other.clone()];
    let plugins = place.open();
    let request =
        ReloadRequest { plugins_dir: other.to_str().unwrap().to_owned(), ..ReloadRequest::default() };
    check_fate(&plugins.reload(request).await, "fixture", "loaded", "");
}

#[tokio::test]
async fn a_directory_that_everybody_may_write_or_that_is_not_there() {
    let place = Place::new();
    mode(&place.root(), 0o777);
    let refusal = reload(&place.open()).await.refusal().unwrap();
    assert_eq!(refusal.reason.word(), "directory_insecure");
    fs::remove_dir(place.root()).unwrap();
    let plugins = place.open();
    assert_eq!(reload(&plugins).await.refusal().unwrap().reason.word(), "directory_missing");
    // At start that is no error: nobody has installed a plugin yet.
    plugins.start().await.unwrap();
}

#[tokio::test]
async fn plugins_that_are_off() {
    let mut place = Place::new();
    place.settings.enabled = false;
    place.install(&spec("fixture"));
    let plugins = place.open();
    plugins.start().await.unwrap();
    assert_eq!(reload(&plugins).await.refusal().unwrap().reason.word(), "disabled");
    assert!(!place.marker().exists());
}

#[tokio::test]
async fn names_that_are_left_out() {
    let place = Place::new();
    place.install(&spec("fixture").saying("enabled = false"));
    fs::create_dir(place.of("_draft")).unwrap();
    fs::create_dir(place.of(".hidden")).unwrap();
    fs::create_dir(place.of("Capital")).unwrap();
    fs::write(place.of("README"), "text").unwrap();
    let report = reload(&place.open()).await;
    check_fate(&report, "fixture", "skipped", "disabled");
    check_fate(&report, "_draft", "skipped", "ignored_name");
    check_fate(&report, ".hidden", "skipped", "ignored_name");
    check_fate(&report, "README", "skipped", "ignored_name");
    check_fate(&report, "Capital", "failed", "name_mismatch");
    assert!(!place.marker().exists());
}
