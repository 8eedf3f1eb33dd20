//! Descriptions of this server for programs.

use axum::{
    handler::Handler,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use serde_json::Value;

/// How long programs may keep a description: it changes with the settings only.
const KEPT: &str = "public, max-age=300";

/// Answers with this description.
pub(super) fn serve<S: Clone + Send + Sync + 'static>(value: &Value) -> impl Handler<((),), S> + use<S> {
    let text = value.to_string();
    move || {
        let text = text.clone();
        async move { description(text) }
    }
}

fn description(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static(KEPT)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}
