//! Hands the target triple on, which cargo tells to build scripts only.
#![allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=ODOO_MCP_PLUGIN_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
