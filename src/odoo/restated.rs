//! What is executed is what was decided: right before a call leaves, what it does is stated once more
//! from its own arguments and held against the effects of the permit.
//!
//! The tools state their effects from their arguments and make their calls from them too; should the
//! two ever differ, this is where the call ends. Deliberately absent: values, which are put into
//! Odoo's spelling on the way, and what hides in them, which was unfolded before the decision.

use serde_json::Value;

use super::{Call, Domain, MethodCall, OdooError, PageQuery, Target};
use crate::facts::{ConnectionAlias, Effect, FieldName, ModelName, Operation, Part, RecordEffect};

/// Always there, and never a secret.
const ID: &str = "id";
const DEFAULT_PREFIX: &str = "default_";

/// Refuses a call that does more than the effects say.
pub(super) fn check(call: &Call, connection: &ConnectionAlias, declared: &[Effect]) -> Result<(), OdooError> {
    let target = Target { connection, model: &call.model, method: &call.method };
    let positional: Vec<Value> = call.positional.iter().map(|argument| argument.value.clone()).collect();
    let restated = MethodCall::understand(target, call.ids.clone(), positional, call.named.clone(), |_| {
        Ok(call.context.clone())
    })?;
    match restated.effects.iter().find(|effect| !declared.iter().any(|declared| covers(declared, effect))) {
        None => Ok(()),
        Some(effect) => Err(OdooError::NotPermitted {
            what: format!("what `{}` does with {}", effect.method, effect.model),
        }),
    }
}

/// Refuses a search that reads or compares more than the effects say.
pub(super) fn check_query(
    query: &PageQuery,
    connection: &ConnectionAlias,
    declared: &[Effect],
) -> Result<(), OdooError> {
    let covered = declared.iter().filter_map(records).any(|declared| {
        declared.connection == *connection
            && declared.model == query.model
            && declared.operation == Operation::Read
            && reads(declared, &query.fields)
            && filters(declared, &query.domain)
    });
    if covered { Ok(()) } else { Err(OdooError::NotPermitted { what: more_of(&query.model) }) }
}

fn more_of(model: &ModelName) -> String {
    format!("these fields of {model}")
}

fn records(effect: &Effect) -> Option<&RecordEffect> {
    match effect {
        // What hides in a call is done by Odoo; it opens nothing.
        Effect::Records(records) if records.part != Part::Nested => Some(records),
        Effect::Records(_)
        | Effect::Connection { .. }
        | Effect::AllConnections { .. }
        | Effect::Memory { .. }
        | Effect::Own { .. } => None,
    }
}

fn covers(declared: &Effect, effect: &RecordEffect) -> bool {
    let Some(declared) = records(declared) else { return false };
    declared.connection == effect.connection
        && declared.model == effect.model
        && declared.operation == effect.operation
        && (effect.operation == Operation::Read || declared.method == effect.method)
        && (declared.reads_every_field || !effect.reads_every_field)
        && reads(declared, &effect.fields_read)
        && (declared.reads_every_field || all_in(&effect.paths_read, &declared.paths_read))
        && all_in(&effect.fields_filtered, &declared.fields_filtered)
        && all_in(&effect.fields_written, &declared.fields_written)
        && effect
            .context
            .keys()
            .all(|key| !key.starts_with(DEFAULT_PREFIX) || declared.context.contains_key(key))
}

fn reads(declared: &RecordEffect, fields: &[FieldName]) -> bool {
    declared.reads_every_field
        || fields.iter().all(|field| field.as_str() == ID || declared.fields_read.contains(field))
}

/// The tools look for records by their ids, which says nothing more than reading those does.
fn filters(declared: &RecordEffect, domain: &Domain) -> bool {
    domain.paths().iter().all(|path| path == ID || declared.fields_filtered.contains(path))
}

fn all_in<T: PartialEq>(wanted: &[T], declared: &[T]) -> bool {
    wanted.iter().all(|one| declared.contains(one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::MethodName;

    fn declared(method: &str, args: Value, kwargs: Value) -> Vec<Effect> {
        let (shop, model) = names();
        let method = MethodName::parse(method).unwrap();
        let target = Target { connection: &shop, model: &model, method: &method };
        let args = args.as_array().unwrap().clone();
        let kwargs = kwargs.as_object().unwrap().clone();
        let merge = |members| super::super::Context::new(members).map_err(OdooError::from);
        let call = MethodCall::understand(target, None, args, kwargs, merge).unwrap();
        call.effects.into_iter().map(Effect::Records).collect()
    }

    fn names() -> (ConnectionAlias, ModelName) {
        (ConnectionAlias::parse("shop").unwrap(), ModelName::parse("res.partner").unwrap())
    }

    fn call(method: &str, ids: Option<&[i64]>, args: Value, kwargs: Value) -> Call {
        let mut call = Call::new(&names().1, MethodName::parse(method).unwrap());
        call.ids = ids.map(<[i64]>::to_vec);
        for argument in args.as_array().unwrap() {
            call = call.unnamed_arg(argument.clone());
        }
        call.named = kwargs.as_object().unwrap().clone();
        call
    }

    #[track_caller]
    fn check_call(declared: &[Effect], call: &Call, passes: bool) {
        assert_eq!(check(call, &names().0, declared).is_ok(), passes, "{call:?}");
    }

    #[test]
    fn a_call_that_was_declared_passes() {
        let read = declared("read", json!([[7], ["name", "email"]]), json!({}));
        check_call(&read, &call("read", Some(&[7]), json!([["name", "email"]]), json!({})), true);
        check_call(&read, &call("read", Some(&[7]), json!([]), json!({"fields": ["id", "name"]})), true);
        let search =
            declared("search_read", json!([[["name", "=", "x"]], ["name"]]), json!({"order": "city"}));
        let same =
            call("search_read", None, json!([[["name", "=", "y"]], ["name"]]), json!({"order": "city desc"}));
        check_call(&search, &same, true);
        let write = declared("write", json!([[7], {"name": "x", "city": "y"}]), json!({}));
        check_call(&write, &call("write", Some(&[7]), json!([{"name": "x"}]), json!({})), true);
    }

    #[test]
    fn a_call_that_does_more_does_not() {
        let read = declared("read", json!([[7], ["name"]]), json!({}));
        check_call(&read, &call("read", Some(&[7]), json!([["name", "email"]]), json!({})), false);
        check_call(&read, &call("read", Some(&[7]), json!([]), json!({})), false);
        check_call(&read, &call("write", Some(&[7]), json!([{"name": "x"}]), json!({})), false);
        let search = declared("search_read", json!([[["name", "=", "x"]], ["name"]]), json!({}));
        for (args, kwargs) in [
            (json!([[["email", "=", "x"]], ["name"]]), json!({})),
            (json!([[["name", "=", "x"]], ["name"]]), json!({"order": "email"})),
            (json!([[["name", "=", "x"]]]), json!({})),
        ] {
            check_call(&search, &call("search_read", None, args, kwargs), false);
        }
        let write = declared("write", json!([[7], {"name": "x"}]), json!({}));
        check_call(&write, &call("write", Some(&[7]), json!([{"email": "x"}]), json!({})), false);
        check_call(&write, &call("unlink", Some(&[7]), json!([]), json!({})), false);
        let mut with_default = call("write", Some(&[7]), json!([{"name": "x"}]), json!({}));
        with_default.context =
            super::super::Context([("default_email".to_owned(), json!("x"))].into_iter().collect());
        check_call(&write, &with_default, false);
    }
}
