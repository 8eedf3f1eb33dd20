//! Keys, signatures and manifests that are made by the same program.

use std::{fs, process::Command};

use odoo_mcp::{
    config::SignaturePolicy,
    plugins::{make_key, pack, sign},
};

use super::fixture::{Place, check_fate, of, reload, spec};

#[tokio::test]
async fn a_plugin_is_packed_signed_and_trusted() {
    let mut place = Place::apart();
    place.install(&spec("fixture").saying("target = \"elsewhere\""));
    let key = place.dir.path().join("office.key");
    let entry = make_key("office", &key).unwrap();
    let trusted = place.dir.path().join("keys.toml");
    fs::write(&trusted, entry).unwrap();
    place.settings.trusted_keys = Some(trusted);
    place.settings.signature = None;
    assert_eq!(place.settings.signature_policy(), SignaturePolicy::Required);

    let manifest = pack(&place.of("fixture"), &place.library("fixture")).unwrap();
    assert_eq!(manifest.target, odoo_mcp::plugins::host_target());
    let plugins = place.open();
    check_fate(&reload(&plugins).await, "fixture", "failed", "signature_missing");
    assert_eq!(sign(&place.of("fixture"), &key).unwrap(), "office");
    let report = reload(&plugins).await;
    check_fate(&report, "fixture", "loaded", "");
    assert_eq!(of(&report, "fixture").mode.as_deref(), Some("in_process"), "signed, so as it says");

    let path = place.of("fixture").join("plugin.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("# altered\n{text}")).unwrap();
    check_fate(&reload(&plugins).await, "fixture", "kept_previous", "signature_invalid");
    assert!(make_key("office", &key).is_err(), "a key is not overwritten");
}

#[test]
fn the_command_line_checks_a_plugin() {
    let place = Place::new();
    place.install(&spec("fixture"));
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_odoo-mcp"))
            .args(["plugin", "check"])
            .arg(place.of("fixture"))
            .args(more)
            .env("ODOO_MCP_STATE_DIR", place.dir.path().join("state"))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (good, text) = run(&[]);
    assert!(good && text.contains("good"), "{text}");
    assert!(!place.marker().exists());
    fs::write(place.library("fixture"), "text").unwrap();
    let (good, text) = run(&["--load"]);
    assert!(!good && text.contains("hash_mismatch"), "{text}");
}
