//! The family `identity`: who is calling, and the connections that are theirs alone.
//!
//! Who somebody is comes from how they came in, never from an argument.

use super::Family;

mod activate;
mod add;
mod delete;
mod list;
mod who;

pub(super) const FAMILY: Family = Family {
    name: "identity",
    tools: &[who::TOOLS, list::TOOLS, add::TOOLS, activate::TOOLS, delete::TOOLS],
};
