//! `/jsonrpc`: the services `common`, `object` and `db`, with a login in every call.

use serde_json::{Value, json};

use super::envelope;
use crate::sandbox::{
    errors::{OdooError, Result},
    field::SandboxVersion,
    methods::{Answer, Arguments, Binding},
    server::{Request, Response},
    world::{DATABASE, Origin, World},
};

pub(super) fn answer(world: &World, request: &Request) -> Response {
    let envelope = match envelope::open(world, request) {
        Ok(envelope) => envelope,
        Err(response) => return response,
    };
    let text = |name: &str| envelope.params.get(name).and_then(Value::as_str).map(str::to_owned);
    let (service, method, args) =
        (text("service"), text("method"), envelope.params.get("args").and_then(Value::as_array));
    let outcome = match (service, method, args) {
        (Some(service), Some(method), Some(args)) => dispatch(
            world,
            &Caller { route: "/jsonrpc", refuse_login: request.refuse_login },
            &service,
            &method,
            args,
        ),
        (service, method, _) => Err(missing_argument(world.version, service.is_none(), method.is_none())),
    };
    envelope::outcome(world, &envelope.id, outcome)
}

fn missing_argument(version: SandboxVersion, service: bool, method: bool) -> OdooError {
    let name = if version == SandboxVersion::V14 { "jsonrpc" } else { "JSONRPC.jsonrpc" };
    let missing: Vec<&str> = [(service, "'service'"), (method, "'method'"), (true, "'args'")]
        .into_iter()
        .filter_map(|(absent, name)| absent.then_some(name))
        .collect();
    envelope::missing_arguments(name, &missing)
}

/// Database, user, password, model and method come first in every call.
const CALL_ARGUMENTS: usize = 5;

fn too_few(version: SandboxVersion, given: usize) -> OdooError {
    match version {
        SandboxVersion::V14 => OdooError::index("list index out of range"),
        SandboxVersion::V19 => OdooError::value(format!(
            "not enough values to unpack (expected at least {CALL_ARGUMENTS}, got {given})"
        )),
    }
}

/// What the services need to know of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'c> {
    pub(super) route: &'c str,
    pub(super) refuse_login: bool,
}

/// One call of a service, from `/jsonrpc` or XML-RPC.
pub(super) fn dispatch(
    world: &World,
    caller: &Caller<'_>,
    service: &str,
    method: &str,
    args: &[Value],
) -> Result<Answer> {
    match (service, method) {
        ("common", "version") => Ok(version_info(world.version).into()),
        ("common", "about") => Ok(json!("See http://openerp.com").into()),
        ("common", "authenticate" | "login") => login(world, caller, args),
        ("common", other) => Err(OdooError::new("builtins.Exception", format!("Method not found: {other}"))),
        ("db", "list") => Ok(json!([DATABASE]).into()),
        ("db", "server_version") => {
            Ok(version_info(world.version).get("server_version").cloned().unwrap_or_default().into())
        }
        ("db", "db_exist") => Ok(json!(args.first().and_then(Value::as_str) == Some(DATABASE)).into()),
        ("db", _) => Err(OdooError::access_denied()),
        ("object", "execute_kw" | "execute") => execute(world, caller, method, args),
        ("object", _) if world.version == SandboxVersion::V19 && args.len() < CALL_ARGUMENTS => {
            Err(too_few(world.version, args.len()))
        }
        ("object", other) => {
            Err(OdooError::new("builtins.NameError", format!("Method not available {other}")))
        }
        (other, _) if world.version == SandboxVersion::V14 => Err(OdooError::new(
            "builtins.UnboundLocalError",
            format!("local variable 'dispatch' referenced before assignment ({other})"),
        )),
        (other, _) => Err(OdooError::new("builtins.KeyError", crate::sandbox::errors::quoted(other))),
    }
}

pub(super) fn version_info(version: SandboxVersion) -> Value {
    let (text, major) = match version {
        SandboxVersion::V14 => ("14.0", 14),
        SandboxVersion::V19 => ("19.0", 19),
    };
    json!({
        "server_version": text,
        "server_version_info": [major, 0, 0, "final", 0, ""],
        "server_serie": text,
        "protocol_version": 1,
    })
}

fn check_database(world: &World, name: &Value) -> Result<()> {
    let name = name.as_str().unwrap_or_default();
    if name == DATABASE {
        return Ok(());
    }
    let reason = format!("FATAL:  database \"{name}\" does not exist\n");
    Err(OdooError::sql(
        "psycopg2.OperationalError",
        match world.version {
            SandboxVersion::V14 => reason,
            SandboxVersion::V19 => {
                format!("connection to server at \"127.0.0.1\", port 5432 failed: {reason}")
            }
        },
    ))
}

fn login(world: &World, caller: &Caller<'_>, args: &[Value]) -> Result<Answer> {
    let [database, login, password, ..] = args else {
        return Err(OdooError::type_error("exp_authenticate() missing required positional arguments"));
    };
    check_database(world, database)?;
    let uid = world
        .authenticate(login.as_str().unwrap_or_default(), password.as_str().unwrap_or_default(), true)
        .filter(|_| !caller.refuse_login);
    Ok(uid.map_or(json!(false), Value::from).into())
}

fn execute(world: &World, caller: &Caller<'_>, method: &str, args: &[Value]) -> Result<Answer> {
    let [database, uid, password, model, name, rest @ ..] = args else {
        return Err(too_few(world.version, args.len()));
    };
    check_database(world, database)?;
    let uid = uid.as_i64().unwrap_or_default();
    let password = password.as_str().unwrap_or_default();
    if uid == 0 || password.is_empty() {
        return Err(OdooError::access_denied());
    }
    if !world.user_exists(uid) {
        return Err(OdooError::missing("res.users", uid, uid));
    }
    if !world.password_fits(uid, password, true) {
        return Err(OdooError::access_denied());
    }
    let arguments = if method == "execute" {
        Arguments { ids: None, args: rest.to_vec(), kwargs: crate::facts::JsonObject::new() }
    } else {
        Arguments {
            ids: None,
            args: rest.first().and_then(Value::as_array).cloned().unwrap_or_default(),
            kwargs: rest.get(1).and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    };
    let origin = Origin { route: caller.route, user: uid };
    let (model, name) = (model.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
    world.call(origin, model, name, arguments, None, Binding::Rpc)
}
