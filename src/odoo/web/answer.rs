//! A page or a file on its way to us: its head is known, its body comes piece by piece.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use tokio::sync::OwnedSemaphorePermit;

use super::{OdooError, disposition, sessions::RunGuard};
use crate::{
    facts::{MethodName, ModelName},
    odoo::{Failure, OdooClient, http::Http},
};

/// A body may take longer than other calls, as long as it keeps coming at this rate on average:
/// slower than any line that is of use, faster than somebody who holds us on purpose.
const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;

/// The answer to a page request. Dropping it closes the connection.
#[derive(Debug)]
pub struct PageAnswer {
    pub status: u16,
    /// Media type with its parameters, lower case.
    pub content_type: String,
    /// The name that Odoo gives the file.
    pub file_name: Option<String>,
    /// Bytes, where the head says how many.
    pub length: Option<u64>,
    /// The path that answered in the end.
    pub final_path: String,
    pub(super) body: Body,
}

/// The part of an answer that has not been read.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) client: Arc<OdooClient>,
    pub(super) http: Arc<Http>,
    pub(super) response: reqwest::Response,
    /// Read already, to see what it is.
    pub(super) seen: Option<Bytes>,
    pub(super) received: u64,
    pub(super) bytes_max: u64,
    pub(super) since: Instant,
    pub(super) changes: bool,
    pub(super) _slot: OwnedSemaphorePermit,
    pub(super) _run: Option<RunGuard>,
}

impl PageAnswer {
    pub(super) fn new(final_path: String, body: Body) -> Result<Self, OdooError> {
        let headers = body.response.headers();
        let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let length = body.response.content_length();
        if let Some(length) = length.filter(|length| *length > body.bytes_max) {
            return Err(
                body.failed(Failure::TooLarge { limit_bytes: to_usize(body.bytes_max) }, Some(length))
            );
        }
        if let Some(coding) = text(headers, header::CONTENT_ENCODING).filter(|coding| coding != "identity") {
            let shown: String = coding.chars().take(20).collect();
            return Err(body
                .client
                .bad_answer(&format!("its body is coded as `{shown}`, which nobody asked for")));
        }
        Ok(Self {
            status: body.response.status().as_u16(),
            content_type,
            file_name: text(headers, header::CONTENT_DISPOSITION).as_deref().and_then(disposition::file_name),
            length,
            final_path,
            body,
        })
    }

    /// The media type alone, such as `application/pdf`.
    pub fn media_type(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default().trim()
    }

    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OdooError> {
        self.body.next().await
    }

    /// The rest of the body, if it is no larger than this.
    pub async fn bytes(mut self, bytes_max: u64) -> Result<Vec<u8>, OdooError> {
        self.body.bytes_max = self.body.bytes_max.min(bytes_max);
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// The rest of the body as text; bytes that are no UTF-8 are replaced.
    pub async fn text(self, bytes_max: u64) -> Result<String, OdooError> {
        let bytes = self.bytes(bytes_max).await?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

impl Body {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, OdooError> {
        if let Some(seen) = self.seen.take() {
            return Ok(Some(seen));
        }
        let earned = Duration::from_secs(self.received / BYTES_PER_SECOND_MIN);
        let deadline = self.since + self.client.total_timeout() + earned;
        let next = tokio::time::timeout_at(deadline.into(), self.http.piece(&mut self.response)).await;
        let piece = next.unwrap_or(Err(Failure::TimedOut)).map_err(|failure| self.failed(failure, None))?;
        if let Some(piece) = &piece {
            self.received += piece.len() as u64;
            if self.received > self.bytes_max {
                return Err(self.failed(Failure::TooLarge { limit_bytes: to_usize(self.bytes_max) }, None));
            }
        }
        Ok(piece)
    }

    fn failed(&self, failure: Failure, length: Option<u64>) -> OdooError {
        if let Some(length) = length.filter(|_| !self.changes) {
            tracing::debug!(length, "an answer is larger than the limit");
        }
        page_error(&self.client, failure, self.changes)
    }
}

/// The failure of a page request in the words of the room.
pub(super) fn page_error(client: &OdooClient, failure: Failure, changes: bool) -> OdooError {
    let connection = client.alias();
    let unknown = |why: String| OdooError::OutcomeUnknown {
        model: ModelName::known("web.page"),
        method: MethodName::known("post"),
        why,
    };
    match failure {
        Failure::NotSent { why } => OdooError::Unreachable { connection, why },
        Failure::Untrusted { why } => OdooError::Untrusted { connection, why },
        Failure::NoAnswer { why } if changes => unknown(why),
        Failure::NoAnswer { why } => OdooError::NoAnswer { connection, why },
        Failure::TimedOut if changes => unknown("the time for the answer is over".to_owned()),
        Failure::TimedOut => OdooError::Timeout { connection, what: "the page" },
        Failure::TooLarge { limit_bytes } if changes => {
            unknown(format!("the answer is larger than {limit_bytes} bytes"))
        }
        Failure::TooLarge { limit_bytes } => OdooError::TooLarge { connection, limit_bytes },
        Failure::Strange { why, maybe_done: true } if changes => unknown(why),
        Failure::Strange { why, .. } => OdooError::BadAnswer { connection, why },
        Failure::Done(error) => error,
        Failure::SessionGone | Failure::KeyRefused { .. } | Failure::NoRoute | Failure::Fault(_) => {
            OdooError::BadAnswer { connection, why: "it answers as no page of Odoo does".to_owned() }
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
