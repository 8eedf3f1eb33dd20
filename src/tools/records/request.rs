//! The arguments of `odoo_execute` sorted out: records, values, filters, and what is left.
//!
//! Deliberately absent: how arguments are called on the wire. The client knows that.

use serde_json::{Value, json};

use super::{
    execute::Execute,
    ids::Ids,
    unlink::UNLINK_MAX,
    values::{NewRecords, Values},
};
use crate::{
    facts::MethodName,
    facts::{Effect, FieldName, JsonObject, Operation, RecordEffect},
    odoo::{Argument, Call, Domain, parameter_names},
    tools::ToolError,
};

/// A call of a method, understood as far as it can be.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) subject: Subject,
    ids: Option<Vec<i64>>,
    positional: Vec<Value>,
    named: JsonObject,
    context: JsonObject,
}

/// Methods that have a tool of their own.
#[derive(Debug)]
pub(super) enum Subject {
    Create(Vec<JsonObject>),
    Write(Vec<i64>, JsonObject),
    Unlink(Vec<i64>),
    Other,
}

/// Methods of the model itself, whose first argument is no list of ids.
const MODEL_METHODS: [&str; 26] = [
    "check_access_rights",
    "create",
    "default_get",
    "execute_import",
    "fields_get",
    "fields_view_get",
    "formatted_read_group",
    "get_import_templates",
    "get_view",
    "get_views",
    "load",
    "load_views",
    "message_new",
    "message_process",
    "name_create",
    "name_search",
    "read_group",
    "read_progress_bar",
    "search",
    "search_count",
    "search_panel_select_multi_range",
    "search_panel_select_range",
    "search_read",
    "web_read_group",
    "web_search_read",
    "get_empty_list_help",
];

impl Request {
    pub(super) fn of(execute: &Execute) -> Result<Self, ToolError> {
        let method = execute.method.as_str();
        let mut positional = execute.args.clone();
        let mut named = execute.kwargs.clone();
        let context = taken_context(&mut named)?;
        let ids = match &execute.ids {
            Some(_) if MODEL_METHODS.contains(&method) => {
                return Err(ToolError::arguments(format!(
                    "`{method}` is a method of the model: it takes no `ids`"
                )));
            }
            Some(ids) => Some(ids.as_slice().to_vec()),
            None if MODEL_METHODS.contains(&method) => None,
            None => taken_ids(&mut positional, &mut named)?,
        };
        check_domain(method, &mut positional, &mut named)?;
        let subject = subject_of(method, ids.as_deref(), &mut positional, &mut named)?;
        Ok(Self { subject, ids, positional, named, context })
    }

    /// What the call will do, in the words of the policy.
    pub(super) fn effects(&self, execute: &Execute) -> Vec<Effect> {
        let operation = Operation::of_method(execute.method.as_str(), self.ids.is_some());
        let effect = |operation, method: MethodName| {
            let effect = RecordEffect::new(&execute.scope.connection, &execute.model, operation, method);
            match &self.ids {
                Some(ids) => effect.with_ids(ids).bounded(ids.len() as u64),
                None => effect,
            }
        };
        let call = effect(operation, execute.method.clone());
        match &self.subject {
            Subject::Create(records) => {
                let effect = call.writing(names_of(records)).bounded(records.len() as u64);
                vec![Effect::Records(effect)]
            }
            Subject::Write(_, values) => {
                let look = effect(Operation::Read, MethodName::known("read"));
                vec![Effect::Records(call.writing(names_of([values]))), Effect::Records(look)]
            }
            Subject::Unlink(_) => {
                let look = effect(Operation::Read, MethodName::known("read"));
                vec![Effect::Records(call), Effect::Records(look)]
            }
            Subject::Other => {
                let effect = call.filtering(self.paths(execute)).reading(&self.fields_read(execute));
                vec![Effect::Records(effect)]
            }
        }
    }

    pub(super) fn into_call(self, execute: &Execute) -> Result<Call, ToolError> {
        let mut call = Call::new(&execute.model, execute.method.clone())
            .within(&execute.scope.context_over(self.context)?);
        call.ids = self.ids;
        call.named = self.named;
        let mut positional = self.positional;
        match self.subject {
            Subject::Create(records) => positional.insert(0, json!(records)),
            Subject::Write(_, values) => positional.insert(0, Value::Object(values)),
            Subject::Unlink(_) | Subject::Other => {}
        }
        call.positional = positional.into_iter().map(|value| Argument { name: None, value }).collect();
        Ok(call)
    }

    /// The field paths that choose the records of a known search.
    fn paths(&self, execute: &Execute) -> Vec<String> {
        let domain = self.argument(execute, "domain").cloned();
        let domain = domain.and_then(|domain| serde_json::from_value::<Domain>(domain).ok());
        domain.map(|domain| domain.paths()).unwrap_or_default()
    }

    fn fields_read(&self, execute: &Execute) -> Vec<FieldName> {
        let names = self.argument(execute, "fields").and_then(Value::as_array);
        let texts = names.into_iter().flatten().filter_map(Value::as_str);
        texts.filter_map(|name| FieldName::parse(name).ok()).collect()
    }

    /// An argument of a known method, wherever it was given.
    fn argument(&self, execute: &Execute, name: &str) -> Option<&Value> {
        let place = parameter_names(execute.method.as_str()).iter().position(|known| *known == name);
        self.named.get(name).or_else(|| self.positional.get(place?))
    }
}

fn taken_context(named: &mut JsonObject) -> Result<JsonObject, ToolError> {
    match named.remove("context") {
        None | Some(Value::Null) => Ok(JsonObject::new()),
        Some(Value::Object(context)) => Ok(context),
        Some(_) => Err(ToolError::arguments("`context` in `kwargs` is an object")),
    }
}

/// A filter of a known search is checked like that of the search tools.
fn check_domain(method: &str, positional: &mut [Value], named: &mut JsonObject) -> Result<(), ToolError> {
    let place = parameter_names(method).iter().position(|known| *known == "domain");
    let given = match (named.get_mut("domain"), place) {
        (Some(domain), Some(_)) => Some(domain),
        (None, Some(place)) => positional.get_mut(place),
        (_, None) => None,
    };
    if let Some(domain) = given {
        *domain = Domain::parse(domain.take())?.into();
    }
    Ok(())
}

/// The records of a record method: `ids` by name, or a first positional argument that is an id or a list of ids.
fn taken_ids(positional: &mut Vec<Value>, named: &mut JsonObject) -> Result<Option<Vec<i64>>, ToolError> {
    if let Some(ids) = named.remove("ids") {
        return parsed(&ids).map(Some);
    }
    let ids = match positional.first() {
        Some(Value::Array(items)) if items.is_empty() => Vec::new(),
        Some(first @ Value::Number(_)) => parsed(first)?,
        Some(first @ Value::Array(items)) if items.iter().all(Value::is_number) => parsed(first)?,
        _ => return Ok(None),
    };
    positional.remove(0);
    Ok(Some(ids))
}

fn parsed(value: &Value) -> Result<Vec<i64>, ToolError> {
    Ids::<{ super::ids::IDS_MAX }>::parse(value)
        .map(|ids| ids.as_slice().to_vec())
        .map_err(ToolError::arguments)
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

fn names_of<'a>(records: impl IntoIterator<Item = &'a JsonObject>) -> Vec<FieldName> {
    let names: std::collections::BTreeSet<FieldName> = records
        .into_iter()
        .flat_map(JsonObject::keys)
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    names.into_iter().collect()
}
