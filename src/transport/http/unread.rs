//! Answers that are there before the request was read to its end: what is short is read then, so that the
//! client can go on with the same connection; after anything longer the connection closes, and the answer
//! says so. A client that is still sending would lose the answer otherwise.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header};
use hyper::body::{Frame, SizeHint};

/// As much of a refused request is read as any first message of a client has, and for no longer than this.
const UNREAD_BYTES_MAX: usize = 64 * 1024;
const UNREAD_WAIT_MS: u64 = 1_000;

/// What is left of a body when whoever read it lets go of it.
type Left = Arc<Mutex<Option<Body>>>;

/// A body that comes back.
struct Lent {
    body: Body,
    left: Left,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            let body = std::mem::take(&mut self.body);
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// Looks after what the answer left unread.
pub(super) async fn read_on(request: Request, next: Next) -> Response {
    let left = Left::default();
    let request = request.map(|body| {
        if body.is_end_stream() { body } else { Body::new(Lent { body, left: Arc::clone(&left) }) }
    });
    let mut response = next.run(request).await;
    let unread = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(unread) = unread else { return response };
    let reading = to_bytes(unread, UNREAD_BYTES_MAX);
    let read = tokio::time::timeout(Duration::from_millis(UNREAD_WAIT_MS), reading).await;
    if !matches!(read, Ok(Ok(_))) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
