//! `/json/2/<model>/<method>` of 19: a bearer key, named arguments, a bare result.

use http::{Method, StatusCode, header};
use serde_json::Value;

use super::envelope;
use crate::{
    facts::JsonObject,
    sandbox::{
        errors::OdooError,
        field::SandboxVersion,
        methods::{self, Answer, Arguments, Binding, UNPROCESSABLE},
        server::{Request, Response},
        world::{DATABASE, Origin, World},
    },
};

const CONTENT_TYPE: &str = "application/json; charset=utf-8";

pub(super) fn answer(world: &World, request: &Request, path: &str) -> Response {
    if request.header("x-odoo-database").is_some_and(|name| name != DATABASE) {
        return Response::html(
            StatusCode::NOT_FOUND,
            "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>\n\n<!-- Alternatively, use the X-Odoo-Database header. -->\n",
        );
    }
    let mut parts = path.trim_start_matches("/json/2/").split('/');
    let (Some(model), Some(method), None) = (parts.next(), parts.next(), parts.next()) else {
        return wrong_path();
    };
    if request.method != Method::POST {
        return wrong_path();
    }
    if request.media_type() != "application/json" {
        return wrong_type();
    }
    let Some(user) = user(world, request) else { return unauthorized(request) };
    let Some(body) = &request.json else {
        return error(
            StatusCode::BAD_REQUEST,
            &werkzeug(
                "werkzeug.exceptions.BadRequest",
                400,
                if request.body.starts_with(b"{") {
                    "could not parse the body as json: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
                } else {
                    "could not parse the body as json: Expecting value: line 1 column 1 (char 0)"
                },
            ),
        );
    };
    let mut members = body.as_object().cloned().unwrap_or_default();
    let context = match members.shift_remove("context") {
        Some(Value::Object(context)) => context,
        _ => JsonObject::new(),
    };
    let ids = members.shift_remove("ids").unwrap_or_else(|| Value::Array(Vec::new()));
    let arguments = Arguments { ids: Some(ids), args: Vec::new(), kwargs: members };
    let origin = Origin { route: path, user };
    match world.call(origin, model, method, arguments, Some(context), Binding::Json2) {
        Ok(answer) => Response::new(StatusCode::OK, CONTENT_TYPE, result(method, answer).to_string()),
        Err(failure) => failed(model, method, &failure),
    }
}

/// Results are bare; `create` answers a list whatever it was given.
fn result(method: &str, answer: Answer) -> Value {
    match answer.into_result(SandboxVersion::V19) {
        None => Value::Null,
        Some(id @ Value::Number(_)) if method == "create" => Value::Array(vec![id]),
        Some(value) => value,
    }
}

fn user(world: &World, request: &Request) -> Option<i64> {
    let (scheme, key) = request.header("authorization")?.split_once(' ')?;
    if request.refuse_login || !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    world.user_of_key(key.trim())
}

fn unauthorized(request: &Request) -> Response {
    let has_bearer = request
        .header("authorization")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("bearer "));
    let message = if has_bearer {
        "Invalid apikey"
    } else {
        "User not authenticated, use an API Key with a Bearer Authorization header."
    };
    error(StatusCode::UNAUTHORIZED, &werkzeug("werkzeug.exceptions.Unauthorized", 401, message))
        .with(header::WWW_AUTHENTICATE, "Bearer ")
}

pub(super) fn wrong_path() -> Response {
    error(
        StatusCode::NOT_FOUND,
        &werkzeug("werkzeug.exceptions.NotFound", 404, "Did you mean POST /json/2/<model>/<method>?"),
    )
}

fn wrong_type() -> Response {
    Response::html(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!(
            "<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;{}&#39; is type=&#39;json2&#39;.<br><br>Please verify the Content-Type request header and try again.</p>\n",
            envelope::escape("/json/2/<__model__>/<__method__>")
        ),
    )
    .with(header::ACCEPT, "application/json")
}

/// An exception of the HTTP library: its status is its second argument.
fn werkzeug(class: &'static str, status: u16, message: &str) -> OdooError {
    let mut error = OdooError::new(class, message);
    error.arguments.push(Value::from(status));
    error
}

fn failed(model: &str, method: &str, failure: &OdooError) -> Response {
    let unknown_model = failure.message == OdooError::unknown_model(model).message;
    if unknown_model {
        let message = format!("the model '{model}' does not exist");
        return error(StatusCode::NOT_FOUND, &werkzeug("werkzeug.exceptions.NotFound", 404, &message));
    }
    let unknown_method =
        failure.class == "builtins.AttributeError" && !methods::exists(SandboxVersion::V19, model, method);
    if unknown_method {
        return error(
            StatusCode::NOT_FOUND,
            &werkzeug("werkzeug.exceptions.NotFound", 404, &failure.message),
        );
    }
    let with_ids = failure.message.starts_with("cannot call ") && failure.message.ends_with(" with ids");
    if failure.class == UNPROCESSABLE || with_ids {
        return error(StatusCode::UNPROCESSABLE_ENTITY, &werkzeug(UNPROCESSABLE, 422, &failure.message));
    }
    let status = match failure.class {
        "odoo.exceptions.AccessError" | "odoo.exceptions.AccessDenied" => StatusCode::FORBIDDEN,
        "odoo.exceptions.MissingError" => StatusCode::NOT_FOUND,
        "odoo.exceptions.UserError" | "odoo.exceptions.ValidationError" => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error(status, failure)
}

fn error(status: StatusCode, failure: &OdooError) -> Response {
    Response::new(status, CONTENT_TYPE, failure.data().to_string())
}
