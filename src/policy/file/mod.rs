//! The policy file as types: what can be written, before anything is decided with it.
//!
//! Reading is strict and reports every problem at once. Nothing here knows how rules are applied.

pub mod document;
