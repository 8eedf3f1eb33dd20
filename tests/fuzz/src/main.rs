//! One instrumented program with all fuzz targets; `FUZZ_TARGET` names the one to run.
//!
//! One program instead of one for each target, because linking is the slow part of the build. Inputs are
//! JSON wherever the product reads JSON, so the mutator changes values as often as bytes.
#![no_main]

mod mutate;
mod second_reader;
mod targets;

use std::sync::OnceLock;

type Target = fn(&[u8]);

/// Every target, and what it takes as input.
const TARGETS: &[(&str, Target)] = &[
    ("strict_json", targets::strict_json::run),
    ("policy_file", targets::policy_file::run),
    ("approval", targets::approval::run),
    ("arguments", targets::arguments::run),
    ("decide", targets::decide::run),
    ("unfolding", targets::unfolding::run),
    ("documents", targets::documents::run),
    ("domain", targets::domain::run),
    ("log", targets::log::run),
    ("decimal", targets::decimal::run),
    ("manifest", targets::manifest::run),
    ("markup", targets::markup::run),
    ("extraction", targets::extraction::run),
];

fn target() -> Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        let names: Vec<&str> = TARGETS.iter().map(|(known, _)| *known).collect();
        found.unwrap_or_else(|| panic!("FUZZ_TARGET is one of {}", names.join(", "))).1
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| target()(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::mutate(data, size, max_size, seed)
});
