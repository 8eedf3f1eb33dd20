//! The arguments of `odoo_execute` sorted out: records, values, filters, and what is left.
//!
//! Deliberately absent: how arguments are called on the wire. The client knows that.

use serde_json::{Value, json};

use super::{
    execute::Execute,
    unlink::UNLINK_MAX,
    values::{NewRecords, Values},
};
use crate::{
    facts::{Effect, FieldName, JsonObject, MethodName, Operation, RecordEffect},
    odoo::{Argument, Call, MethodCall, Target},
    tools::ToolError,
};

/// A call of a method, understood as far as it can be.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) subject: Subject,
    call: MethodCall,
}

/// Methods that have a tool of their own.
#[derive(Debug)]
pub(super) enum Subject {
    Create(Vec<JsonObject>),
    Write(Vec<i64>, JsonObject),
    Unlink(Vec<i64>),
    Other,
}

impl Request {
    pub(super) fn of(execute: &Execute) -> Result<Self, ToolError> {
        let mut call = MethodCall::understand(
            target(execute),
            execute.ids.as_ref().map(|ids| ids.as_slice().to_vec()),
            execute.args.clone(),
            execute.kwargs.clone(),
            |members| execute.scope.context_over(members),
        )?;
        let ids = call.ids.as_deref();
        let subject = subject_of(execute.method.as_str(), ids, &mut call.positional, &mut call.named)?;
        Ok(Self { subject, call })
    }

    /// What the call will do, in the words of the policy.
    pub(super) fn effects(self, execute: &Execute) -> Vec<Effect> {
        let mut effects = self.call.effects;
        if let Subject::Write(ids, _) | Subject::Unlink(ids) = &self.subject {
            let read = MethodName::known("read");
            let id: Vec<FieldName> = FieldName::parse("id").into_iter().collect();
            let look = RecordEffect::new(&execute.scope.connection, &execute.model, Operation::Read, read);
            effects.push(look.with_ids(ids).reading(&id).bounded(ids.len() as u64).auxiliary());
        }
        effects.into_iter().map(Effect::Records).collect()
    }

    pub(super) fn into_call(self, execute: &Execute) -> Call {
        let mut call = Call::new(&execute.model, execute.method.clone()).within(&self.call.context);
        call.ids = self.call.ids;
        call.named = self.call.named;
        let mut positional = self.call.positional;
        match self.subject {
            Subject::Create(records) => positional.insert(0, json!(records)),
            Subject::Write(_, values) => positional.insert(0, Value::Object(values)),
            Subject::Unlink(_) | Subject::Other => {}
        }
        call.positional = positional.into_iter().map(|value| Argument { name: None, value }).collect();
        call
    }
}

/// The effects of a call that cannot be understood; it ends in `run` with the reason.
pub(super) fn worst_effects(execute: &Execute) -> Vec<Effect> {
    MethodCall::worst(target(execute)).into_iter().map(Effect::Records).collect()
}

fn target(execute: &Execute) -> Target<'_> {
    Target { connection: &execute.scope.connection, model: &execute.model, method: &execute.method }
}

fn subject_of(
    method: &str,
    ids: Option<&[i64]>,
    positional: &mut Vec<Value>,
    named: &mut JsonObject,
) -> Result<Subject, ToolError> {
    let some_ids = || match ids {
        Some(ids) if !ids.is_empty() => Ok(ids.to_vec()),
        _ => Err(ToolError::arguments(format!("`{method}` needs the `ids` of at least one record"))),
    };
    let mut values = |names: &[&str]| {
        let given = names.iter().find_map(|name| named.remove(*name));
        let value = if positional.is_empty() { given } else { Some(positional.remove(0)) };
        value.ok_or_else(|| ToolError::arguments(format!("`{method}` needs values")))
    };
    match method {
        "create" => {
            let records = NewRecords::parse(values(&["vals_list", "vals", "values"])?);
            Ok(Subject::Create(records.map_err(ToolError::arguments)?.as_slice().to_vec()))
        }
        "write" => {
            let values = Values::parse(values(&["vals", "values"])?).map_err(ToolError::arguments)?;
            Ok(Subject::Write(some_ids()?, values.as_object().clone()))
        }
        "unlink" => {
            let ids = some_ids()?;
            if ids.len() > UNLINK_MAX {
                return Err(ToolError::arguments(format!(
                    "`unlink` takes at most {UNLINK_MAX} records per call"
                )));
            }
            Ok(Subject::Unlink(ids))
        }
        _ => Ok(Subject::Other),
    }
}
