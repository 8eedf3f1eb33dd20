//! Arguments in their places: by position and by name over RPC, by name only over JSON-2.

use serde_json::Value;

use super::{
    Call,
    table::{Method, On},
};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::truthy,
        errors::{OdooError, Result},
        field::SandboxVersion,
    },
};

/// Which errors a caller wants for arguments that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Positional and named arguments, errors as Python raises them.
    Rpc,
    /// Named arguments only, errors as JSON-2 words them.
    Json2,
}

/// Arguments as they came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    /// JSON-2 names ids apart; over RPC they are the first of `args`.
    pub(crate) ids: Option<Value>,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: JsonObject,
}

pub(super) fn bind(
    version: SandboxVersion,
    model: &'static str,
    name: &str,
    method: &Method,
    arguments: Arguments,
    binding: Binding,
) -> Result<Call> {
    let Arguments { ids, mut args, kwargs } = arguments;
    let given_ids = match (method.on, ids, binding) {
        (On::Model, Some(ids), Binding::Json2) if truthy(&ids) => {
            return Err(OdooError::user(format!("cannot call {model}.{name} with ids")));
        }
        (On::Model, ..) => None,
        (On::Records, ids, Binding::Json2) => ids,
        (On::Records, _, Binding::Rpc) => {
            if args.is_empty() {
                let kind = if version == SandboxVersion::V14 { "tuple" } else { "list" };
                return Err(OdooError::index(format!("{kind} index out of range")));
            }
            Some(args.remove(0))
        }
    };
    let ids = given_ids.map(|ids| read_ids(&ids)).transpose()?.unwrap_or_default();
    let shown = qualified(version, model, name);
    let positional = method.parameters.len();
    if args.len() > positional {
        return Err(OdooError::type_error(format!(
            "{shown}() takes {} positional arguments but {} were given",
            positional + 1,
            args.len() + 1
        )));
    }
    let mut bound = JsonObject::new();
    for (parameter, value) in method.parameters.iter().zip(args) {
        bound.insert(parameter.trim_start_matches('!').to_owned(), value);
    }
    for (key, value) in kwargs {
        let known = method.parameters.iter().any(|parameter| parameter.trim_start_matches('!') == key);
        if known && bound.contains_key(&key) {
            return Err(OdooError::type_error(format!("{shown}() got multiple values for argument '{key}'")));
        }
        if !known && !method.open {
            let missing = method.missing(&bound).filter(|_| binding == Binding::Json2);
            return Err(missing.map_or_else(|| unexpected(binding, &shown, &key), missing_argument));
        }
        if !known && name == "search_read" && key != "load" {
            return Err(OdooError::type_error(format!(
                "BaseModel._read_format() got an unexpected keyword argument '{key}'"
            )));
        }
        bound.insert(key, value);
    }
    if let Some(parameter) = method.missing(&bound) {
        return Err(match binding {
            Binding::Json2 => missing_argument(parameter),
            Binding::Rpc => OdooError::type_error(format!(
                "{shown}() missing 1 required positional argument: '{parameter}'"
            )),
        });
    }
    Ok(Call { model, ids, arguments: bound })
}

fn missing_argument(parameter: &str) -> OdooError {
    OdooError::new(UNPROCESSABLE, format!("missing a required argument: '{parameter}'"))
}

/// A method with the class that defines it, which 19 shows in errors.
fn qualified(version: SandboxVersion, model: &str, name: &str) -> String {
    let class = match (version, model, name) {
        (SandboxVersion::V14, ..) => return name.to_owned(),
        (_, "res.partner", "write" | "create" | "name_create") => "ResPartner",
        (_, _, "web_search_read" | "web_read" | "web_save") => "Base",
        _ => "BaseModel",
    };
    format!("{class}.{name}")
}

/// The class that JSON-2 gives to arguments that do not fit.
pub(crate) const UNPROCESSABLE: &str = "werkzeug.exceptions.UnprocessableEntity";

fn unexpected(binding: Binding, shown: &str, key: &str) -> OdooError {
    match binding {
        Binding::Json2 => {
            OdooError::new(UNPROCESSABLE, format!("got an unexpected keyword argument '{key}'"))
        }
        Binding::Rpc => {
            OdooError::type_error(format!("{shown}() got an unexpected keyword argument '{key}'"))
        }
    }
}

/// Ids as an integer, a list, or nothing.
pub(crate) fn read_ids(value: &Value) -> Result<Vec<i64>> {
    let one = |item: &Value| match item {
        Value::Number(number) => Ok(number.as_i64()),
        Value::String(text) => Err(OdooError::sql(
            "psycopg2.errors.InvalidTextRepresentation",
            format!(
                "invalid input syntax for type integer: \"{text}\"\nLINE 1: ...res_partner\".\"id\" IN ('{text}')\n"
            ),
        )),
        other if !truthy(other) => Ok(None),
        other => Err(OdooError::type_error(format!(
            "unhashable type: '{}'",
            if other.is_array() { "list" } else { "dict" }
        ))),
    };
    match value {
        Value::Array(items) => {
            Ok(items.iter().map(one).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        }
        other => Ok(one(other)?.into_iter().collect()),
    }
}
