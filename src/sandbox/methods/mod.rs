//! The methods a client may call: one table, and the binding of arguments to the names Python would give them.
//!
//! What a method does is in the file of its family; how a result reaches the wire is the route's affair.

mod account;
mod ai;
mod archive;
mod binding;
mod bus;
mod loading;
mod messages;
mod meta;
mod names;
mod reading;
mod sale;
mod table;
mod translations;
mod views;
pub(crate) mod website;
mod writing;

use serde_json::Value;

use super::{
    access,
    env::Env,
    errors::{OdooError, Result},
    field::SandboxVersion,
};

use crate::facts::JsonObject;

pub(crate) use self::{
    binding::{Arguments, Binding, UNPROCESSABLE, read_ids},
    table::exists,
};

/// What a method returns, before it is put on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Value(Value),
    /// Python's `None`.
    Nothing,
    /// A recordset: its text in 14, its ids in 19.
    Records(&'static str, Vec<i64>),
}

impl Answer {
    /// The result as JSON-RPC shows it; `None` for no result at all.
    pub(crate) fn into_result(self, version: SandboxVersion) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing => None,
            Self::Records(model, ids) => Some(match version {
                SandboxVersion::V14 => {
                    let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
                    Value::from(format!(
                        "{model}{}",
                        if ids.is_empty() { "()".to_owned() } else { super::errors::python_tuple(&ids) }
                    ))
                }
                SandboxVersion::V19 => Value::from(ids),
            }),
        }
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// A call with its arguments in place.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) model: &'static str,
    pub(crate) ids: Vec<i64>,
    arguments: JsonObject,
}

impl Call {
    /// An argument, unless it was left out or is null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.arguments.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn domain(&self) -> Value {
        self.get("domain")
            .or_else(|| self.get("args"))
            .filter(|domain| super::env::truthy(domain))
            .cloned()
            .unwrap_or_else(|| Value::Array(Vec::new()))
    }

    /// The domain exactly as given, for methods that do not put an empty one in the place of nothing.
    pub(crate) fn given_domain(&self) -> Value {
        let given = self.arguments.get("domain").or_else(|| self.arguments.get("args"));
        given.cloned().unwrap_or_else(|| Value::Array(Vec::new()))
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn argument_names(&self) -> impl Iterator<Item = &str> {
        self.arguments.keys().map(String::as_str)
    }

    pub(crate) fn object(&self, name: &str) -> JsonObject {
        self.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// A list of names; a text counts as the list of its letters, as in Python.
    pub(crate) fn names(&self, name: &str) -> Option<Vec<String>> {
        match self.get(name)? {
            Value::Array(items) => Some(
                items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| super::errors::python(item), str::to_owned))
                    .collect(),
            ),
            Value::String(text) => Some(text.chars().map(String::from).collect()),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).map_or(default, super::env::truthy)
    }

    /// A count such as `limit`; text is refused in the words of the version's database driver.
    pub(crate) fn count(&self, name: &str, version: SandboxVersion) -> Result<Option<usize>> {
        match self.get(name) {
            None | Some(Value::Bool(false)) => Ok(None),
            Some(Value::Bool(true)) => Ok(Some(1)),
            Some(Value::Number(number)) => {
                match number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)) {
                    Some(number) if number < 0 => Err(OdooError::sql(
                        if name == "limit" {
                            "psycopg2.errors.InvalidRowCountInLimitClause"
                        } else {
                            "psycopg2.errors.InvalidRowCountInResultOffsetClause"
                        },
                        format!("{} must not be negative\n", name.to_uppercase()),
                    )),
                    Some(number) => Ok(usize::try_from(number).ok()),
                    None => Ok(None),
                }
            }
            Some(other) => Err(match version {
                SandboxVersion::V14 => OdooError::type_error("%d format: a number is required, not str"),
                SandboxVersion::V19 => OdooError::sql(
                    "psycopg2.errors.InvalidTextRepresentation",
                    format!(
                        "invalid input syntax for type bigint: {}\nLINE 1: ... ORDER BY \"res_partner\".\"id\" LIMIT '{}'\n",
                        other,
                        other.as_str().unwrap_or_default()
                    ),
                ),
            }),
        }
    }
}

/// Looks the method up, binds the arguments and runs it.
pub(crate) fn run(
    env: &mut Env<'_>,
    model: &str,
    method: &str,
    arguments: Arguments,
    binding: Binding,
) -> Result<Answer> {
    let model = env.name_of(model)?;
    let version = env.version();
    table::check_private(version, model, method)?;
    let Some(found) = table::find(version, model, method) else {
        return Err(OdooError::attribute(match version {
            SandboxVersion::V14 => format!("type object '{model}' has no attribute '{method}'"),
            SandboxVersion::V19 => format!("The method '{model}.{method}' does not exist"),
        }));
    };
    access::check_companies(env)?;
    let call = binding::bind(version, model, method, found, arguments, binding)?;
    (found.run)(env, &call)
}
