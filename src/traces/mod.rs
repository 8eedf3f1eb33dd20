//! Traces for an OpenTelemetry collector, where the operator names one: which request led to which call,
//! and that to which requests to Odoo.
//!
//! A span holds words that this program knows and never what somebody typed: no argument, no value, no
//! name of a user. A call neither waits for a collector nor fails with it; what does not fit into the
//! queue is left out and counted.

mod context;
mod encoding;
mod exporter;
mod span;

pub use context::{SpanContext, TRACEPARENT};
pub use exporter::{Exporter, TraceError, Tracer};
pub use span::{Kind, Place, Span, Word, at, current, event, failed, note, within};
