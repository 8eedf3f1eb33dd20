//! Who is calling: from what a request shows to a `Caller`.
//!
//! One bearer token per grant, from the settings. Nothing here knows what a caller may do, and no
//! token is kept: only its SHA-256 digest.

mod failures;
mod fetch;
mod gate;
mod openid;
mod operator;

pub use gate::{Gate, IdentityError, Refused};
pub use operator::at_command_line;
