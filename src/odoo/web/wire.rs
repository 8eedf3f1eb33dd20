//! Requests of a web session whose answers are small and read whole.

use http::{HeaderMap, header};
use serde::Serialize;

use super::cookies::CookieJar;
use crate::odoo::{
    Failure,
    http::{Answer, Http, Outgoing},
};

/// What an answer may hold that is none of the caller's: session information, a login page.
const SMALL_ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An answer with its headers.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) answer: Answer,
    pub(super) headers: HeaderMap,
}

/// Sends JSON, or asks for a page.
pub(super) async fn ask<T: Serialize>(
    http: &Http,
    jar: &CookieJar,
    path: &str,
    body: Option<T>,
) -> Result<Heard, Failure> {
    let body = body.map(|body| json(&body)).transpose()?;
    // On a connection of its own a login cannot be half done.
    exchange(http, jar, path, body, true).await
}

/// A body of JSON.
pub(super) fn json(body: &impl Serialize) -> Result<Outgoing, Failure> {
    let bytes = serde_json::to_vec(body)
        .map_err(|error| Failure::NotSent { why: format!("the request cannot be written: {error}") })?;
    Ok(Outgoing {
        content_type: "application/json".to_owned(),
        length: bytes.len() as u64,
        content: bytes.into(),
    })
}

pub(super) async fn exchange(
    http: &Http,
    jar: &CookieJar,
    path: &str,
    body: Option<Outgoing>,
    changes: bool,
) -> Result<Heard, Failure> {
    let cookies = jar.header().map(|value| (header::COOKIE, value));
    let response = http.open(path, body, cookies.into_iter().collect(), changes).await?;
    whole(http, response, SMALL_ANSWER_BYTES_MAX).await
}

/// Reads the rest of an answer.
pub(super) async fn whole(
    http: &Http,
    mut response: reqwest::Response,
    limit_bytes: usize,
) -> Result<Heard, Failure> {
    let text = |name: header::HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let mut answer = Answer {
        status: response.status(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
        location: text(header::LOCATION),
        session_cookie: None,
        body: Vec::new(),
    };
    while let Some(piece) = http.piece(&mut response).await? {
        if answer.body.len() + piece.len() > limit_bytes {
            return Err(Failure::TooLarge { limit_bytes });
        }
        answer.body.extend_from_slice(&piece);
    }
    Ok(Heard { answer, headers: response.headers().clone() })
}
