//! `/_sandbox/*`: steering a sandbox that runs in another process. Without the right token these routes do not exist.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::web;
use crate::sandbox::{
    faults::Fault,
    server::{Request, Response},
    world::World,
};

/// Header that carries the token.
const TOKEN_HEADER: &str = "x-sandbox-token";

pub(super) fn answer(world: &World, request: &Request, path: &str) -> Response {
    let known = match (&world.control_token, request.header(TOKEN_HEADER)) {
        (Some(token), Some(given)) => token.same_as(given),
        _ => false,
    };
    if !known {
        return web::not_found(world, request);
    }
    match (&request.method, path) {
        (&Method::POST, "/_sandbox/faults") => arm(world, request),
        (&Method::GET, "/_sandbox/faults") => reply(&json!(world.faults.armed())),
        (&Method::DELETE, "/_sandbox/faults") => {
            world.faults.clear();
            reply(&json!([]))
        }
        (&Method::GET, "/_sandbox/account") => reply(
            &json!({ "db": crate::sandbox::world::DATABASE, "login": "admin", "password": world.password() }),
        ),
        (&Method::GET, "/_sandbox/received") => reply(&json!(world.recorder.all())),
        (&Method::DELETE, "/_sandbox/received") => {
            world.recorder.clear();
            reply(&json!([]))
        }
        (&Method::POST, "/_sandbox/reset") => {
            world.reset();
            reply(&json!(true))
        }
        _ => web::not_found(world, request),
    }
}

/// One fault, or a list of them.
fn arm(world: &World, request: &Request) -> Response {
    let faults = match request.json.clone() {
        Some(list @ Value::Array(_)) => serde_json::from_value::<Vec<Fault>>(list),
        Some(one) => serde_json::from_value::<Fault>(one).map(|fault| vec![fault]),
        None => Ok(Vec::new()),
    };
    match faults {
        Ok(faults) => {
            for fault in faults {
                world.faults.arm(fault);
            }
            reply(&json!(world.faults.armed()))
        }
        Err(error) => Response::new(
            StatusCode::BAD_REQUEST,
            "application/json",
            json!({"error": error.to_string()}).to_string(),
        ),
    }
}

fn reply(body: &Value) -> Response {
    Response::new(StatusCode::OK, "application/json", body.to_string())
}
