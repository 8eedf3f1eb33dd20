//! Policies of the neighbouring formats: read into ours, and written from ours.
//!
//! Text in, JSON out. Whether the result is a good policy is for the reader of policies to say.

mod export;
mod import;
mod yaml;

pub use export::{Exported, LeftOut, export};
pub use import::{ImportError, Imported, import};
