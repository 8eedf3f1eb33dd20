//! What this process counts about its calls, doors and Odoos, as text that Prometheus reads.
//!
//! A label is a word that this program knows: a tool of the catalogue, a class, an outcome, a route, the
//! name of a shared connection; those of single users are counted together as `own`. What a caller makes up is counted as `other`, and every family of numbers
//! has a bound. Nothing here asks anybody anything: numbers that have to be fetched come with the request
//! for the page.

mod counters;
mod histogram;
mod labels;
mod meter;
mod page;
mod registry;

pub use histogram::Histogram;
pub use labels::{AuthFailure, CallStatus, RouteGroup, method_word};
pub use meter::{OdooRequest, current, in_call};
pub use page::Page;
pub use registry::{CallEnd, Gauges, Registry};

/// The word for the connections of single users: what they call them is nobody's business, and there may be
/// any number of them.
pub const OWN: &str = "own";
/// The word for everything that has no number of its own.
pub const OTHER: &str = "other";
