//! What the rules for models say of a call.

use std::sync::Arc;

use serde_json::Value;
use smallvec::SmallVec;

use super::{Deciding, Findings};
use crate::{
    facts::{FieldName, ModelName},
    policy::{RecordQuestion, Shown, plan::Bodies},
};

/// Step 5, and what the rules for models add to steps 6, 7, 8 and 10.
pub(super) fn judge_models<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    let _ = (cx, out);
}

/// Do the rules for models need the effects unfolded?
pub(super) fn needs_definitions(cx: &Deciding<'_>) -> bool {
    let _ = cx;
    false
}

/// Step 9: what has to be asked about records, always in the same order for the same call.
pub(super) fn record_questions(cx: &Deciding<'_>) -> SmallVec<[RecordQuestion; 2]> {
    let _ = cx;
    SmallVec::new()
}

/// The conditions that every read of this model is joined with.
pub(in crate::policy) fn read_domains(bodies: Bodies<'_>, model: &ModelName) -> Vec<Arc<[Value]>> {
    let _ = (bodies, model);
    Vec::new()
}

/// How values of a field come back.
pub(in crate::policy) fn shown(bodies: Bodies<'_>, model: &ModelName, field: &FieldName) -> Shown {
    let _ = (bodies, model, field);
    Shown::Plain
}

/// Does any rule touch the values of this model?
pub(in crate::policy) fn redacts(bodies: Bodies<'_>, model: &ModelName) -> bool {
    let _ = (bodies, model);
    false
}
