//! The invoice engine: from a bill's attachment to a filled draft, in steps that are never done twice.
//!
//! Deliberately absent: MCP types, wording of errors, policy.

pub mod extraction;
pub mod inspect;
