#![doc = include_str!("ARCHITECTURE.md")]

pub mod facts;

pub mod config;
pub mod store;

pub mod policy;

pub mod ledger;

pub mod odoo;

pub mod identity;
pub mod tools;

pub mod reply;

pub mod audit;

pub mod pipeline;

pub mod transport;

pub mod sandbox;

pub mod house;

pub mod cli;
