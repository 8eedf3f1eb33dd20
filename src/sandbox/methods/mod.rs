//! The methods a client may call: one table, and the binding of arguments to the names Python would give them.
//!
//! What a method does is in the file of its family; how a result reaches the wire is the route's affair.

mod account;
mod archive;
mod messages;
mod meta;
mod names;
mod reading;
mod sale;
mod views;
mod writing;

use serde_json::Value;

use super::{
    access,
    env::Env,
    errors::{OdooError, Result},
    field::SandboxVersion,
    groups,
};
use crate::facts::JsonObject;

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

/// What a method works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The model: no ids.
    Model,
    /// Records: the first argument is their ids.
    Records,
}

type Run = fn(&mut Env<'_>, &Call) -> Result<Answer>;

/// One method.
#[derive(Debug)]
struct Method {
    name: &'static str,
    /// Models that have it; empty means all.
    models: &'static [&'static str],
    only: Option<SandboxVersion>,
    on: On,
    /// Names in order; a name with `!` in front must be given.
    parameters: &'static [&'static str],
    /// Whether it takes arguments of any name.
    open: bool,
    run: Run,
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

const fn method(name: &'static str, on: On, parameters: &'static [&'static str], run: Run) -> Method {
    Method { name, models: &[], only: None, on, parameters, open: false, run }
}

impl Method {
    const fn of(mut self, models: &'static [&'static str]) -> Self {
        self.models = models;
        self
    }

    const fn only14(mut self) -> Self {
        self.only = Some(SandboxVersion::V14);
        self
    }

    const fn only19(mut self) -> Self {
        self.only = Some(SandboxVersion::V19);
        self
    }

    const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The first parameter that must be given and was not.
    fn missing(&self, bound: &JsonObject) -> Option<&'static str> {
        let required = self.parameters.iter().filter_map(|parameter| parameter.strip_prefix('!'));
        required.into_iter().find(|parameter| !bound.contains_key(*parameter))
    }
}

/// Models with a chatter.
const THREADS: &[&str] =
    &["res.partner", "product.template", "product.product", "sale.order", "account.move", "crm.lead"];
const ORDERS: &[&str] = &["sale.order"];
const MOVES: &[&str] = &["account.move"];
const USERS: &[&str] = &["res.users"];

static METHODS: &[Method] = &[
    method("search", On::Model, &["!args", "offset", "limit", "order", "count"], reading::search).only14(),
    method("search", On::Model, &["!domain", "offset", "limit", "order"], reading::search).only19(),
    method("search_count", On::Model, &["!args"], reading::search_count).only14(),
    method("search_count", On::Model, &["!domain", "limit"], reading::search_count).only19(),
    method("search_read", On::Model, &["domain", "fields", "offset", "limit", "order"], reading::search_read)
        .only14(),
    method("search_read", On::Model, &["domain", "fields", "offset", "limit", "order"], reading::search_read)
        .only19()
        .open(),
    method("read", On::Records, &["fields", "load"], reading::read),
    method(
        "web_search_read",
        On::Model,
        &["domain", "fields", "offset", "limit", "order"],
        reading::web_search_read_14,
    )
    .only14(),
    method(
        "web_search_read",
        On::Model,
        &["!domain", "!specification", "offset", "limit", "order", "count_limit"],
        reading::web_search_read_19,
    )
    .only19(),
    method("web_read", On::Records, &["!specification"], reading::web_read).only19(),
    method("web_save", On::Records, &["!vals", "!specification", "next_id"], writing::web_save).only19(),
    method("name_search", On::Model, &["name", "args", "operator", "limit"], names::name_search).only14(),
    method("name_search", On::Model, &["name", "domain", "operator", "limit"], names::name_search).only19(),
    method("name_create", On::Model, &["!name"], names::name_create),
    method("name_get", On::Records, &[], names::name_get).only14(),
    method("fields_get", On::Model, &["allfields", "attributes"], meta::fields_get),
    method("default_get", On::Model, &["!fields_list"], meta::default_get).only14(),
    method("default_get", On::Model, &["!fields"], meta::default_get).only19(),
    method("create", On::Model, &["!vals_list"], writing::create),
    method("write", On::Records, &["!vals"], writing::write),
    method("unlink", On::Records, &[], writing::unlink),
    method("copy", On::Records, &["default"], writing::copy),
    method(
        "read_group",
        On::Model,
        &["!domain", "!fields", "!groupby", "offset", "limit", "orderby", "lazy"],
        groups::read_group,
    ),
    method(
        "formatted_read_group",
        On::Model,
        &["!domain", "groupby", "aggregates", "having", "offset", "limit", "order"],
        groups::formatted_read_group,
    )
    .only19(),
    method(
        "fields_view_get",
        On::Model,
        &["view_id", "view_type", "toolbar", "submenu"],
        views::fields_view_get,
    )
    .only14(),
    method("load_views", On::Model, &["!views", "options"], views::load_views).only14(),
    method("get_view", On::Model, &["view_id", "view_type"], views::get_view).only19().open(),
    method("get_views", On::Model, &["!views", "options"], views::get_views).only19(),
    method("check_access_rights", On::Model, &["!operation", "raise_exception"], meta::check_access_rights),
    method("check_access_rule", On::Records, &["!operation"], meta::check_access_rule),
    method("has_access", On::Records, &["!operation"], meta::has_access).only19(),
    method("get_metadata", On::Records, &[], meta::get_metadata),
    method("export_data", On::Records, &["!fields_to_export"], meta::export_data),
    method("exists", On::Records, &[], meta::exists).only14(),
    method("browse", On::Records, &["ids"], meta::browse).only14(),
    method("action_archive", On::Records, &[], archive::action_archive),
    method("action_unarchive", On::Records, &[], archive::action_unarchive),
    method("toggle_active", On::Records, &[], archive::toggle_active),
    method("message_post", On::Records, &[], messages::message_post).of(THREADS).open(),
    method("message_unsubscribe", On::Records, &["partner_ids"], messages::message_unsubscribe)
        .of(THREADS)
        .open(),
    method("action_confirm", On::Records, &[], sale::action_confirm).of(ORDERS),
    method("action_cancel", On::Records, &[], sale::action_cancel).of(ORDERS),
    method("action_draft", On::Records, &[], sale::action_draft).of(ORDERS),
    method("action_quotation_send", On::Records, &[], sale::action_quotation_send).of(ORDERS),
    method("action_post", On::Records, &[], account::action_post).of(MOVES),
    method("button_draft", On::Records, &[], account::button_draft).of(MOVES),
    method("button_cancel", On::Records, &[], account::button_cancel).of(MOVES),
    method("action_register_payment", On::Records, &[], account::action_register_payment).of(MOVES),
    method(
        "get_portal_url",
        On::Records,
        &["suffix", "report_type", "download", "query_string", "anchor"],
        meta::get_portal_url,
    )
    .of(&["sale.order", "account.move"]),
    method("has_group", On::Model, &["!group_ext_id"], meta::has_group).of(USERS).only14(),
    method("has_group", On::Records, &["!group_ext_id"], meta::has_group).of(USERS).only19(),
    method("context_get", On::Model, &[], meta::context_get).of(USERS),
    method("get_installed", On::Model, &[], meta::get_installed).of(&["res.lang"]),
    method("get_param", On::Model, &["!key", "default"], meta::get_param).of(&["ir.config_parameter"]),
    method("set_param", On::Model, &["!key", "!value"], meta::set_param).of(&["ir.config_parameter"]),
];

/// Public in 14, marked private in 19.
const PRIVATE_IN_19: &[&str] = &[
    "exists",
    "browse",
    "sudo",
    "with_context",
    "with_company",
    "with_user",
    "mapped",
    "filtered",
    "filtered_domain",
    "ensure_one",
    "sorted",
    "check_access",
    "search_fetch",
    "fetch",
    "concat",
    "union",
    "flush_model",
    "invalidate_model",
];

fn find(version: SandboxVersion, model: &str, name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| {
        method.name == name
            && method.only.is_none_or(|only| only == version)
            && (method.models.is_empty() || method.models.contains(&model))
    })
}

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
    check_private(version, model, method)?;
    let Some(found) = find(version, model, method) else {
        return Err(OdooError::attribute(match version {
            SandboxVersion::V14 => format!("type object '{model}' has no attribute '{method}'"),
            SandboxVersion::V19 => format!("The method '{model}.{method}' does not exist"),
        }));
    };
    access::check_companies(env)?;
    let call = bind(version, model, method, found, arguments, binding)?;
    (found.run)(env, &call)
}

pub(crate) fn check_private(version: SandboxVersion, model: &str, method: &str) -> Result<()> {
    let private =
        method.starts_with('_') || (version == SandboxVersion::V19 && PRIVATE_IN_19.contains(&method));
    if !private {
        return Ok(());
    }
    Err(OdooError::access(match version {
        SandboxVersion::V14 => format!("Private methods (such as {method}) cannot be called remotely."),
        SandboxVersion::V19 => {
            format!("Private methods (such as '{model}.{method}') cannot be called remotely.")
        }
    }))
}

pub(crate) fn exists(version: SandboxVersion, model: &str, method: &str) -> bool {
    find(version, model, method).is_some()
}

fn bind(
    version: SandboxVersion,
    model: &'static str,
    name: &str,
    method: &Method,
    arguments: Arguments,
    binding: Binding,
) -> Result<Call> {
    let Arguments { ids, mut args, kwargs } = arguments;
    let given_ids = match (method.on, ids, binding) {
        (On::Model, Some(ids), Binding::Json2) if super::env::truthy(&ids) => {
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
        other if !super::env::truthy(other) => Ok(None),
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
