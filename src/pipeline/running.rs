//! Running a tool so that whatever happens is an answer.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::new_reference;
use crate::{
    facts::{CallFacts, Class},
    policy::Permit,
    reply::CallError,
    tools::{CallContext, DecodedCall, Output, ToolError},
};

/// Runs the tool; a panic becomes an answer with a reference number, a cancelled call drops its
/// requests to Odoo.
pub(super) async fn run_guarded(
    request: Box<dyn DecodedCall>,
    cx: &CallContext<'_>,
    cancelled: &CancellationToken,
) -> Result<Output, CallError> {
    let run = AssertUnwindSafe(request.run(cx)).catch_unwind();
    let finished = tokio::select! {
        finished = run => finished,
        () = cancelled.cancelled() => return Err(CallError::Cancelled),
    };
    match finished {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(ToolError::Internal { detail })) => {
            let reference = new_reference();
            tracing::error!(%reference, %detail, "a tool failed inside");
            Err(CallError::Internal { reference })
        }
        Ok(Err(error)) => Err(CallError::Tool(error)),
        Err(_panic) => {
            let reference = new_reference();
            tracing::error!(%reference, "a tool panicked");
            Err(CallError::Internal { reference })
        }
    }
}

/// What was read and is larger than the policy lets an answer be is not passed on. What a change
/// answers always is: the change is made.
pub(super) fn within_size(permit: &Permit, facts: &CallFacts, output: Output) -> Result<Output, CallError> {
    if facts.class != Class::Read {
        return Ok(output);
    }
    match permit.too_large(|| output.bytes()) {
        Some(denial) => Err(CallError::Denied(denial)),
        None => Ok(output),
    }
}
