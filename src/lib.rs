#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(
    test,
    allow(
        clippy::needless_pass_by_value,
        reason = "the helpers of tests take their cases by value, to keep a case on one line"
    )
)]

pub mod facts;

pub mod config;
pub mod metrics;
pub mod store;
pub mod traces;

pub mod documents;
pub mod files;
pub mod identifiers;
pub mod language;
pub mod markup;
pub mod memory;
pub mod plugins;
pub mod secrets;
pub mod sheets;
pub mod usage;

pub mod policy;

pub mod ledger;

pub mod approvals;
pub mod operator;

pub mod odoo;

pub mod invoices;

pub mod identity;
pub mod tools;

pub mod reply;

pub mod audit;

pub mod pipeline;

pub mod console;
pub mod prompts;
pub mod rehearsal;
pub mod transport;

pub mod sandbox;

pub mod house;

pub mod cli;
