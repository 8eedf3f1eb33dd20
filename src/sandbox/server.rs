//! The HTTP side: one loopback port, requests in, answers out, and the faults that befall both.
//!
//! hyper is used directly and not through a framework, because a service that returns an error closes the connection
//! without an answer, which is what two of the faults are.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full, Limited, StreamBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    faults::{FaultKind, Target},
    routes,
    world::World,
};

/// The limit of a real server.
const BODY_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body as JSON, if it is JSON.
    pub(crate) json: Option<Value>,
    /// A fault that refuses logins is on this request.
    pub(crate) refuse_login: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type without its parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type")
            .and_then(|value| value.split(';').next())
            .map(str::trim)
            .unwrap_or_default()
    }

    pub(crate) fn session_cookie(&self) -> Option<&str> {
        let cookies =
            self.headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix("session_id="))
    }
}

/// An answer before it becomes bytes.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(header::HeaderName, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: StatusCode, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![(header::CONTENT_TYPE, content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn html(status: StatusCode, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type PacedBody =
    StreamBody<std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;
type Body = Either<Full<Bytes>, PacedBody>;

/// Closes the connection without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped")
    }
}

impl std::error::Error for Dropped {}

/// Serves connections until the task is aborted, which ends the open ones as well.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely; the next moment may be better.
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&world)));
            // A connection that ends in an error has already told its client.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "the sandbox listens on loopback addresses only",
        ));
    }
    TcpListener::bind(address).await
}

async fn answer(
    request: http::Request<Incoming>,
    world: Arc<World>,
) -> Result<http::Response<Body>, Dropped> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return Ok(whole(Response::html(StatusCode::PAYLOAD_TOO_LARGE, "<h1>Request Entity Too Large</h1>")));
    };
    let body = body.to_bytes();
    let mut request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        json: serde_json::from_slice(&body).ok(),
        headers: head.headers,
        body,
        refuse_login: false,
    };
    let fault = take_fault(&world, &request);
    match &fault {
        Some(FaultKind::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(FaultKind::DropBefore) => return Err(Dropped),
        Some(FaultKind::RefuseLogin) => request.refuse_login = true,
        Some(FaultKind::SessionExpired) => {
            if let Some(id) = request.session_cookie() {
                world.close_session(id);
            }
        }
        Some(kind) => {
            if let Some(page) = canned(kind) {
                return Ok(whole(page));
            }
        }
        None => {}
    }
    let mut response = routes::answer(&world, &request);
    match fault {
        Some(FaultKind::DropAfterCommit) => Err(Dropped),
        Some(FaultKind::Oversized { bytes }) => {
            // White space after a JSON value keeps it correct.
            response.body.resize(response.body.len() + bytes, b' ');
            Ok(whole(response))
        }
        Some(FaultKind::SlowBody { pieces, pause_ms }) => Ok(paced(&response, pieces, pause_ms)),
        _ => Ok(whole(response)),
    }
}

fn take_fault(world: &World, request: &Request) -> Option<FaultKind> {
    if request.path.starts_with("/_sandbox") {
        return None;
    }
    let (model, method) = routes::target(request);
    world.faults.take(&Target { model: &model, method: &method })
}

/// Answers that come instead of the real one.
fn canned(kind: &FaultKind) -> Option<Response> {
    Some(match kind {
        FaultKind::Http500 => Response::html(
            StatusCode::INTERNAL_SERVER_ERROR,
            "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was unable to complete your request.</p>\n",
        ),
        FaultKind::Http502 => Response::html(
            StatusCode::BAD_GATEWAY,
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
        ),
        FaultKind::TooManyRequests => {
            Response::html(StatusCode::TOO_MANY_REQUESTS, "<h1>Too Many Requests</h1>")
                .with(header::RETRY_AFTER, "1")
        }
        FaultKind::LoginPage => Response::html(StatusCode::OK, routes::web::LOGIN_PAGE),
        FaultKind::GarbageJson => {
            Response::new(StatusCode::OK, "application/json", "{\"jsonrpc\": \"2.0\", \"id\": 1, \"resu")
        }
        _ => return None,
    })
}

fn head(response: &Response) -> http::response::Builder {
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder
}

fn whole(response: Response) -> http::Response<Body> {
    let builder = head(&response);
    let body = Either::Left(Full::new(Bytes::from(response.body)));
    builder.body(body).unwrap_or_else(|_| http::Response::new(Either::Left(Full::default())))
}

fn paced(response: &Response, pieces: usize, pause_ms: u64) -> http::Response<Body> {
    let builder = head(response);
    let size = response.body.len().div_ceil(pieces.max(1)).max(1);
    let chunks: Vec<Bytes> = response.body.chunks(size).map(Bytes::copy_from_slice).collect();
    let stream = futures_util::stream::iter(chunks).then(move |chunk| async move {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(Frame::data(chunk))
    });
    builder
        .body(Either::Right(StreamBody::new(stream.boxed())))
        .unwrap_or_else(|_| http::Response::new(Either::Left(Full::default())))
}
