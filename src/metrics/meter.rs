//! The time of one call: all of it, and what of it was spent waiting for Odoo.
//!
//! The meter travels with the task that walks the call, so that the rooms in between need not carry it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Registry, labels};
use crate::traces::{self, Kind, Span, SpanContext, Word};

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// What is measured of one call.
#[derive(Debug)]
pub struct Meter {
    registry: Arc<Registry>,
    odoo: Mutex<Waiting>,
}

/// Requests of one call may be under way together; the time counts once.
#[derive(Debug, Default)]
struct Waiting {
    requests: usize,
    since: Option<Instant>,
    waited: Duration,
    sent: u64,
}

impl Meter {
    /// The numbers that the call is counted in.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How long the call waited for Odoo so far, and how many requests it sent.
    pub fn odoo(&self) -> (Duration, u64) {
        let odoo = self.odoo.lock().unwrap_or_else(PoisonError::into_inner);
        let running = odoo.since.map(|since| since.elapsed()).unwrap_or_default();
        (odoo.waited + running, odoo.sent)
    }
}

/// Does the work with a meter of its own.
pub async fn in_call<T>(registry: &Arc<Registry>, work: impl Future<Output = T>) -> T {
    let meter = Meter { registry: Arc::clone(registry), odoo: Mutex::default() };
    METER.scope(Arc::new(meter), work).await
}

/// The meter of the call that this task walks; none outside of calls.
pub fn current() -> Option<Arc<Meter>> {
    METER.try_with(Arc::clone).ok()
}

/// One request to an Odoo while it is under way. Dropping it without an end counts its time alone.
#[derive(Debug)]
pub struct OdooRequest {
    meter: Arc<Meter>,
    began: Instant,
    span: Option<Span>,
}

impl OdooRequest {
    /// Begins to measure, where somebody measures.
    pub fn begin() -> Option<Self> {
        let meter = current()?;
        let began = Instant::now();
        let mut odoo = meter.odoo.lock().unwrap_or_else(PoisonError::into_inner);
        odoo.requests += 1;
        odoo.sent += 1;
        odoo.since.get_or_insert(began);
        drop(odoo);
        let span = traces::current().and_then(|place| place.child("odoo", Kind::Client));
        Some(Self { meter, began, span })
    }

    /// What the Odoo is told of the trace, where the operator wants that.
    pub fn trace(&self) -> Option<SpanContext> {
        self.span.as_ref()?.for_odoo()
    }

    /// The answer is here, or there will be none.
    pub fn end(self, connection: &str, model: &str, operation: &str, reached: bool) {
        self.meter.registry.odoo_answered(connection, model, operation, reached, self.began.elapsed());
        let Some(span) = &self.span else { return };
        span.note("odoo_mcp.connection", Word::Named(connection.into()));
        span.note("odoo_mcp.model", Word::Known(labels::model_word(model)));
        span.note("odoo_mcp.operation", Word::Known(labels::operation_word(operation)));
        span.note("odoo_mcp.reached", Word::Known(if reached { "yes" } else { "no" }));
        if !reached {
            span.failed();
        }
    }
}

impl Drop for OdooRequest {
    fn drop(&mut self) {
        let mut odoo = self.meter.odoo.lock().unwrap_or_else(PoisonError::into_inner);
        odoo.requests = odoo.requests.saturating_sub(1);
        if odoo.requests == 0
            && let Some(since) = odoo.since.take()
        {
            odoo.waited += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_together_count_once_and_outside_of_calls_not_at_all() {
        assert!(OdooRequest::begin().is_none());
        let registry = Arc::new(Registry::new([]));
        in_call(&registry, async {
            let first = OdooRequest::begin().unwrap();
            let second = OdooRequest::begin().unwrap();
            first.end("default", "res.partner", "read", true);
            drop(second);
            let meter = current().unwrap();
            let (waited, sent) = meter.odoo();
            assert_eq!(sent, 2);
            assert_eq!(meter.odoo().0, waited, "nothing is under way any more");
        })
        .await;
    }
}
