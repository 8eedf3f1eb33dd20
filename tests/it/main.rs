//! The integration binary: one program, many modules, linked once.
#![cfg(test)]

mod catalogue;
mod cli;
mod contract;
mod policies;
mod readme;
mod records;
mod tidy;
mod transport;

#[path = "../scenarios/mod.rs"]
mod scenarios;
