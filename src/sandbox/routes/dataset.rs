//! `/web/dataset/*`: calls within a session.

use http::StatusCode;
use serde_json::{Value, json};

use super::{envelope, session};
use crate::{
    facts::JsonObject,
    sandbox::{
        errors::{OdooError, Result},
        field::SandboxVersion,
        methods::{Answer, Arguments, Binding},
        server::{Request, Response},
        world::{Origin, World},
    },
};

pub(super) fn answer(world: &World, request: &Request) -> Response {
    let envelope = match envelope::open(world, request) {
        Ok(envelope) => envelope,
        Err(response) => return response,
    };
    let model = envelope.params.get("model").and_then(Value::as_str).unwrap_or_default();
    if world.version == SandboxVersion::V19 && !world.has_model(model) {
        // The route itself depends on the model, so it is looked up before the session.
        return envelope::not_found(world.version, &Value::Null, StatusCode::OK);
    }
    let outcome = session::user(world, request).and_then(|user| {
        if model.is_empty() || world.has_model(model) {
            call(world, request, user, &envelope.params)
        } else {
            Err(OdooError::new("builtins.KeyError", model))
        }
    });
    envelope::outcome(world, &envelope.id, outcome)
}

fn call(world: &World, request: &Request, user: i64, params: &JsonObject) -> Result<Answer> {
    let button = request.path.starts_with("/web/dataset/call_button");
    if request.path == "/web/dataset/search_read" {
        return search_read(world, request, user, params);
    }
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let (Some(model), Some(method), Some(args), Some(kwargs)) =
        (text("model"), text("method"), params.get("args"), params.get("kwargs"))
    else {
        return Err(missing(world.version, params, button));
    };
    let arguments = Arguments {
        ids: None,
        args: args.as_array().cloned().unwrap_or_default(),
        kwargs: kwargs.as_object().cloned().unwrap_or_default(),
    };
    let origin = Origin { route: &request.path, user };
    let answer = world.call(origin, model, method, arguments, None, Binding::Rpc)?;
    // A button answers an action or `false`, never its other results.
    Ok(match answer {
        Answer::Value(action @ Value::Object(_)) if button && action.get("type").is_some() => action.into(),
        _ if button => json!(false).into(),
        other => other,
    })
}

fn missing(version: SandboxVersion, params: &JsonObject, button: bool) -> OdooError {
    let function = if button { "call_button" } else { "call_kw" };
    let name =
        if version == SandboxVersion::V14 { function.to_owned() } else { format!("DataSet.{function}") };
    let absent: Vec<String> = ["model", "method", "args", "kwargs"]
        .iter()
        .filter(|name| !params.contains_key(**name))
        .map(|name| format!("'{name}'"))
        .collect();
    let absent: Vec<&str> = absent.iter().map(String::as_str).collect();
    envelope::missing_arguments(&name, &absent)
}

/// The shortcut of 14 for lists.
fn search_read(world: &World, request: &Request, user: i64, params: &JsonObject) -> Result<Answer> {
    let mut kwargs = JsonObject::new();
    for (from, to) in [
        ("domain", "domain"),
        ("fields", "fields"),
        ("offset", "offset"),
        ("limit", "limit"),
        ("sort", "order"),
        ("context", "context"),
    ] {
        if let Some(value) = params.get(from) {
            kwargs.insert(to.to_owned(), value.clone());
        }
    }
    let model = params.get("model").and_then(Value::as_str).unwrap_or_default();
    let arguments = Arguments { ids: None, args: Vec::new(), kwargs };
    world.call(Origin { route: &request.path, user }, model, "web_search_read", arguments, None, Binding::Rpc)
}
