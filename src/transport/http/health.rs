//! `/livez`, `/readyz` and `/health`: is this process alive, can it take calls, and how is it?
//!
//! Strangers learn yes or no and a few fixed words. What there is here is told to those who run it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{door::Door, numbers::may_look};
use crate::pipeline::{Corridor, NotReady};

/// Anybody may ask, and each look costs a few reads of the disk.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks at most once a second, however many ask.
#[derive(Debug)]
struct Probe {
    corridor: Arc<Corridor>,
    stop: CancellationToken,
    last: Mutex<Option<(Instant, Vec<NotReady>)>>,
}

/// The two probes. They say nothing that a page in a browser could use, so any name will do.
pub(super) fn probes(corridor: Arc<Corridor>, stop: CancellationToken) -> Router {
    let probe = Arc::new(Probe { corridor, stop, last: Mutex::default() });
    Router::new()
        .route("/livez", get(|| async { plain("ok\n") }))
        .route("/readyz", get(ready))
        .with_state(probe)
}

async fn ready(State(probe): State<Arc<Probe>>) -> Response {
    answer(&probe.look().await)
}

fn answer(reasons: &[NotReady]) -> Response {
    let words: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
    let (status, word) = if words.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let body = Json(json!({ "status": word, "reasons": words }));
    (status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body).into_response()
}

impl Probe {
    async fn look(&self) -> Vec<NotReady> {
        // A load balancer has to know it at once: who is sent here now is sent away.
        if self.stop.is_cancelled() {
            return vec![NotReady::Stopping];
        }
        let mut last = self.last.lock().await;
        if let Some((at, reasons)) = &*last
            && at.elapsed() < LOOK_EVERY
        {
            return reasons.clone();
        }
        let reasons = self.corridor.not_ready().await;
        *last = Some((Instant::now(), reasons.clone()));
        reasons
    }
}

/// `/health` says `ok` to strangers, and to those who run the server how each part of it is.
pub(super) fn routes(door: Arc<Door>, corridor: Arc<Corridor>) -> Router {
    Router::new().route("/health", get(health)).with_state(Arc::new(Health { door, corridor }))
}

#[derive(Debug)]
struct Health {
    door: Arc<Door>,
    corridor: Arc<Corridor>,
}

async fn health(State(health): State<Arc<Health>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        return plain("ok\n");
    }
    match health.door.caller(&parts.headers, &parts.extensions).await {
        Ok(caller) if may_look(&caller) => {
            let report = health.report().await;
            ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(report)).into_response()
        }
        Ok(_) => plain("ok\n"),
        Err(refused) => health.door.unauthorized(refused),
    }
}

impl Health {
    async fn report(&self) -> Value {
        let corridor = &self.corridor;
        let reasons: Vec<&str> = corridor.not_ready().await.iter().map(|reason| reason.as_str()).collect();
        let connections: Vec<Value> = corridor
            .connections()
            .aliases()
            .iter()
            .filter_map(|alias| {
                let state = corridor.connections().get(alias).ok()?.state();
                Some(json!({
                    "alias": alias.as_str(),
                    "signed_in": state.signed_in.is_some(),
                    "last_used": state.last_used.map(|at| at.to_string()),
                    "last_error": state.last_error.map(|(code, _)| code),
                }))
            })
            .collect();
        json!({
            "status": if reasons.is_empty() { "ready" } else { "not_ready" },
            "reasons": reasons,
            "version": env!("CARGO_PKG_VERSION"),
            "policy": corridor.policy().digest().0,
            "connections": connections,
        })
    }
}

fn plain(text: &'static str) -> Response {
    text.into_response()
}
