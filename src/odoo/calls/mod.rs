//! Calls of model methods as callers write them, sorted into records, arguments and context, and
//! what they do in the words of the policy.
//!
//! Every tool that passes a method on meets this one place, so `write`, `web_save` and a federated
//! tool that ends in either state the same effect. Deliberately absent: field definitions. What only
//! they can tell is unfolded later.

mod arguments;
mod changing;
mod effects;
mod grouping;
mod loading;
mod paths;
mod snippets;
mod sorting;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::{Context, Domain, OdooError, with_names_searched};
use crate::facts::{ConnectionAlias, JsonObject, MethodName, ModelName, Operation, RecordEffect};
use arguments::Arguments;
pub(super) use paths::{DATABASE_ID, EXTERNAL_ID, column, term_path};
pub(super) use snippets::shows_snippets;

/// Most records one call may name.
const IDS_MAX: usize = 1000;

/// What is called, and where.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub connection: &'a ConnectionAlias,
    pub model: &'a ModelName,
    pub method: &'a MethodName,
}

/// A call, understood as far as it can be. What it does was stated from exactly these parts.
#[derive(Debug)]
pub struct MethodCall {
    /// The records, parsed once to positive numbers; `None` where the call names none.
    pub ids: Option<Vec<i64>>,
    /// The arguments behind the records.
    pub positional: Vec<Value>,
    pub named: JsonObject,
    pub context: Context,
    pub effects: Vec<RecordEffect>,
}

impl MethodCall {
    /// Sorts the arguments. `ids` are records that the caller named apart from the arguments; `merge`
    /// makes the context to send out of the one among the named arguments.
    pub fn understand(
        target: Target<'_>,
        ids: Option<Vec<i64>>,
        mut positional: Vec<Value>,
        mut named: JsonObject,
        merge: impl FnOnce(JsonObject) -> Result<Context, OdooError>,
    ) -> Result<Self, OdooError> {
        let method = target.method.as_str();
        let context = merge(sorting::taken_context(&mut named)?)?;
        let ids = sorting::taken_ids(method, ids, &mut positional, &mut named)?;
        sorting::check_domains(method, &mut positional, &mut named)?;
        let asked = Asked {
            target,
            ids: ids.as_deref(),
            arguments: Arguments { positional: &positional, named: &named },
            context: Arc::new(context.as_object().clone()),
        };
        let effects = asked.effects()?.into_iter().map(with_names_searched).collect();
        Ok(Self { ids, positional, named, context, effects })
    }

    /// The effects of a call that could not be understood: the worst that its method may do.
    pub fn worst(target: Target<'_>) -> Vec<RecordEffect> {
        let operation = Operation::of_method(target.method.as_str(), true);
        let effect = RecordEffect::new(target.connection, target.model, operation, target.method.clone());
        vec![if operation == Operation::Read { effect.reading_every_field() } else { effect }]
    }
}

/// The parts of a call while its effects are stated.
struct Asked<'a> {
    target: Target<'a>,
    ids: Option<&'a [i64]>,
    arguments: Arguments<'a>,
    context: Arc<JsonObject>,
}

fn refuse(why: impl Into<String>) -> OdooError {
    OdooError::BadCall { why: why.into(), hint: None }
}

/// A domain that was checked when the arguments were sorted.
fn domain_of(value: &Value) -> Result<Domain, OdooError> {
    Domain::parse(value.clone())
}
