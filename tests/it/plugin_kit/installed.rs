//! What the README of a new plugin says is done word for word: from `plugin new` to a plugin that a
//! server takes.
#![allow(clippy::disallowed_methods, reason = "a shell runs the lines of the documentation")]

use std::{fs, path::Path, process::Command};

use super::built::{library, new_plugin};

/// The lines of the shell blocks of a text.
fn shell_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for block in text.split("```sh\n").skip(1) {
        blocks.push(block.split("```").next().unwrap_or_default().to_owned());
    }
    blocks
}

/// Runs a block as somebody would whose umask lets his group write, with the program in the path.
fn run(folder: &Path, block: &str) -> String {
    let bin = folder.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_odoo-mcp"), bin.join("odoo-mcp")).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ran = Command::new("sh")
        .args(["-euc", &format!("umask 002\n{block}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{block}\n{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    said
}

/// Builds nothing: what follows the building.
fn install_as_written(folder: &Path) {
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let blocks = shell_blocks(&readme);
    let [_, install, sign] = blocks.as_slice() else { panic!("{readme}") };
    let said = run(folder, install);
    assert!(said.contains("packed vendor_hint 0.1.0") && said.contains("good"), "{said}");
    assert!(run(folder, sign).contains("signed by `my-key`"));
    // A server that knows the key takes it, and one that does not know it does not.
    let list = "ODOO_MCP_PLUGINS_DIR=$PWD/installed AI_PLUGIN_TRUSTED_KEYS=$PWD/trusted-keys.toml odoo-mcp plugin list";
    run(folder, "chmod go-w . trusted-keys.toml");
    assert!(run(folder, list).contains("good"));
    run(
        folder,
        "odoo-mcp plugin keygen other --out other.key > trusted-keys.toml; chmod go-w trusted-keys.toml",
    );
    let said = run(folder, &format!("{list} && exit 1 || true"));
    assert!(said.contains("signer_unknown"), "{said}");
}

#[test]
fn a_plugin_in_c_is_built_packed_checked_signed_and_listed() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "vendor_hint", "c");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    run(&folder, &shell_blocks(&readme)[0]);
    install_as_written(&folder);
}

#[test]
fn a_plugin_in_rust_is_packed_checked_signed_and_listed() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "vendor_hint", "rust");
    // Not optimized, for the time of it.
    let built = library(&folder, "vendor_hint");
    fs::create_dir_all(folder.join("target/release")).unwrap();
    fs::copy(built, folder.join("target/release/libvendor_hint.so")).unwrap();
    install_as_written(&folder);
}
