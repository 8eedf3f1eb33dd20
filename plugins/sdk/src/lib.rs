//! Write a plugin for odoo-mcp as one trait; the C interface is made by a macro.
//!
//! ```no_run
//! use odoo_mcp_plugin_sdk::{Answer, Context, Failure, Host, Plugin, StepInfo, export_plugin};
//!
//! struct Greeting;
//!
//! impl Plugin for Greeting {
//!     const STEPS: &'static [StepInfo] = &[StepInfo::new("greeting", 500, "Greets the vendor")];
//!
//!     fn new(_host: &Host) -> Result<Self, Failure> {
//!         Ok(Self)
//!     }
//!
//!     fn execute(&self, _step: &str, context: &Context, _host: &Host) -> Result<Answer, Failure> {
//!         let vendor = context.extraction.partner_name.as_deref().unwrap_or("nobody");
//!         Ok(Answer::new().with("greeting", format!("hello {vendor}")))
//!     }
//! }
//!
//! export_plugin!(Greeting, name = "greeting");
//! # fn main() {}
//! ```
//!
//! A panic is caught at every function that the host calls and becomes an error of the step; for that
//! the stack has to unwind, so `panic = "abort"` does not compile.

#[cfg(panic = "abort")]
compile_error!("a plugin has to catch its panics: remove `panic = \"abort\"` from the profile");

mod answer;
mod context;
#[doc(hidden)]
pub mod exports;
mod fields;
mod host;
mod plugin;

pub use answer::{Answer, Failure, FailureKind};
pub use context::{Bill, Context, Extraction, Line};
pub use fields::{flag, id, list, number, text};
pub use host::{Host, LogLevel, Query};
pub use plugin::{OnError, Plugin, StepInfo};

/// The JSON types that plugins speak.
pub use serde_json::{self, Map, Value, json};
