//! What a call adds to the numbers of this process.

use std::{sync::Arc, time::Instant};

use super::{Corridor, Walked};
use crate::{
    metrics::{self, CallEnd, CallStatus, Registry},
    policy::DenialKind,
    reply::CallError,
    tools::Found,
};

impl Corridor {
    /// The numbers of this process.
    pub fn numbers(&self) -> &Arc<Registry> {
        &self.numbers
    }

    /// Counts a call that has just ended, in the task that walked it.
    pub(super) fn count_end(&self, name: &str, tool: Option<Found>, how: Ending, began: Instant) {
        let (waited, _) = metrics::current().map(|meter| meter.odoo()).unwrap_or_default();
        let status = match how.status {
            CallStatus::Unknown if self.catalog.is_switched_off(name) => CallStatus::Disabled,
            status => status,
        };
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
