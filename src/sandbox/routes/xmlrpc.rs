//! `/xmlrpc/2/*`.

use http::StatusCode;

use crate::sandbox::{
    server::{Request, Response},
    world::World,
};

pub(super) fn answer(_world: &World, _request: &Request) -> Response {
    Response::html(StatusCode::NOT_FOUND, "")
}

pub(super) fn target(_request: &Request) -> (String, String) {
    (String::new(), String::new())
}
