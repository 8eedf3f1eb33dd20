//! The integration binary: one program, many modules, linked once.
#![cfg(test)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "the helpers of tests take their cases by value, to keep a case on one line"
)]

mod allocations;
mod catalogue;
mod cli;
mod console;
mod contract;
mod documents;
mod identity;
mod journal;
mod large_policy;
mod operations;
mod plugin_kit;
mod plugins;
mod policies;
mod policy_file;
mod readme;
mod records;
mod reference;
mod sandbox;
mod tidy;
mod transport;

#[path = "../scenarios/mod.rs"]
mod scenarios;
