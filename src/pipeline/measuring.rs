//! What a call adds to the numbers of this process, and to its span.

use std::{sync::Arc, time::Instant};

use super::{Corridor, RawCall, Walked};
use crate::{
    facts::{CallFacts, Effect},
    metrics::{self, CallEnd, CallStatus, OTHER, Registry},
    odoo::Connections,
    policy::{DenialKind, RuleId},
    reply::CallError,
    tools::Found,
    traces::{self, Kind, Span, Word},
};

/// What all connections of single users are called.
const OWN: &str = "own";

impl Corridor {
    /// The numbers of this process.
    pub fn numbers(&self) -> &Arc<Registry> {
        &self.numbers
    }

    /// The span of a call: below the request that led to it, or the first of a trace.
    pub(super) fn span_of(&self, call: &RawCall) -> Option<Arc<Span>> {
        let tracer = self.numbers.tracer()?;
        // A name that means nothing may hold anything.
        let name = self.catalog.find(&call.tool).map_or(OTHER, |found| found.facts().name);
        let span = match traces::current() {
            Some(place) => place.child(name, Kind::Internal),
            None => tracer.begin(None, name, Kind::Internal),
        }?;
        span.note("odoo_mcp.tool", Word::Known(name));
        span.note("odoo_mcp.arrival", Word::Known(call.caller.arrived_by.as_str()));
        Some(Arc::new(span))
    }

    /// Counts a call that has just ended, in the task that walked it.
    pub(super) fn count_end(&self, name: &str, tool: Option<Found>, how: Ending, began: Instant) {
        let (waited, _) = metrics::current().map(|meter| meter.odoo()).unwrap_or_default();
        let status = match how.status {
            CallStatus::Unknown if self.catalog.is_switched_off(name) => CallStatus::Disabled,
            status => status,
        };
        traces::note("odoo_mcp.outcome", || Word::Known(status.as_str()));
        if let Some(code) = how.code {
            traces::note("error.type", || Word::Known(code));
        }
        if status == CallStatus::Error {
            traces::failed();
        }
        self.numbers.call_ended(&CallEnd {
            tool: name,
            class: tool.map_or("other", |tool| tool.entry.class().as_str()),
            status,
            code: how.code,
            took: began.elapsed(),
            odoo: waited,
        });
    }
}

/// What the span of a call may say of it.
pub(super) fn note_facts(facts: &CallFacts, connections: &Connections) {
    traces::event("decoded");
    traces::note("odoo_mcp.class", || Word::Known(facts.class.as_str()));
    let connection = facts.effects.iter().find_map(|effect| match effect {
        Effect::Records(records) => Some(&records.connection),
        Effect::Connection { connection, .. } => Some(connection),
        Effect::AllConnections { .. } | Effect::Memory { .. } | Effect::Own { .. } => None,
    });
    let Some(alias) = connection else { return };
    traces::note("odoo_mcp.connection", || match alias {
        own if facts.found.own_connections.contains(own) => Word::Known(OWN),
        shared if connections.aliases().contains(shared) => Word::Named(shared.as_str().into()),
        // Nobody but the caller ever heard of it.
        _ => Word::Known(OTHER),
    });
}

/// The rule that decided.
pub(super) fn note_rule(rule: &RuleId) {
    traces::event("decided");
    traces::note("odoo_mcp.rule", || Word::Named(Arc::clone(&rule.0)));
}

/// How a call ended, as the numbers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) status: CallStatus,
    pub(super) code: Option<&'static str>,
}

impl Ending {
    pub(super) const UNKNOWN: Self = Self { status: CallStatus::Unknown, code: None };
    pub(super) const NO_GRANT: Self = Self { status: CallStatus::Denied, code: None };

    pub(super) fn of(walked: &Result<Walked, CallError>) -> Self {
        let error = match walked {
            Ok(Walked::Reply(_)) => return Self { status: CallStatus::Ok, code: None },
            Ok(Walked::Question(_)) => return Self { status: CallStatus::Asked, code: None },
            Err(error) => error,
        };
        let status = match error {
            CallError::Waiting { .. } => CallStatus::Asked,
            CallError::Denied(denial) if denial.kind == DenialKind::NeedsApproval => CallStatus::Asked,
            CallError::Denied(_) => CallStatus::Denied,
            _ => CallStatus::Error,
        };
        Self { status, code: Some(error.code()) }
    }
}
