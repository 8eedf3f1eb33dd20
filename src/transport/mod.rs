//! The two doors: standard input and output, and HTTP. Bytes in, `RawCall` out; `Reply` in, bytes out.
//!
//! Nothing but this room knows MCP types. It decides nothing about a call: who may do what is the
//! policy's business, and arguments are read by the tool itself.

mod completion;
#[cfg(feature = "conformance")]
mod conformance;
mod frame;
mod http;
mod lines;
mod memory_resources;
mod prompts;
mod questions;
mod resources;
mod server;
mod stdio;
mod tool_list;
mod watchers;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    config::HttpSettings,
    console::PolicyDesk,
    facts::Secret,
    identity::{Gate, People},
    pipeline::Corridor,
};

pub use http::BoundHttp;

/// Why a door did not open, or closed by itself.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A setting that must be changed; the process ends with exit code 64.
    #[error(
        "will not listen on `{address}` without a bearer token: set one under `grants` in the settings, \
         or listen on a loopback address such as `127.0.0.1:{port}`", port = address.port()
    )]
    OpenDoor { address: SocketAddr },
    #[error("cannot listen on `{address}`")]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the client's stream failed: {0}")]
    Stream(String),
}

impl TransportError {
    /// True where only another setting helps, as opposed to trying again.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::OpenDoor { .. })
    }
}

/// Serves one client on standard input and output, until the input ends or `stop` fires.
/// Calls under way then have `drain` to finish.
pub async fn serve_stdio(
    corridor: Arc<Corridor>,
    stop: CancellationToken,
    drain: Duration,
) -> Result<(), TransportError> {
    let (input, output) = rmcp::transport::stdio_pipes();
    serve_streams(corridor, input, output, stop, drain).await
}

/// The same over any two streams; tests use it in one process.
pub async fn serve_streams<R, W>(
    corridor: Arc<Corridor>,
    input: R,
    output: W,
    stop: CancellationToken,
    drain: Duration,
) -> Result<(), TransportError>
where
    R: tokio::io::AsyncRead + Send + Unpin + 'static,
    W: tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    stdio::serve(corridor, input, output, stop, drain).await
}

/// Listens for HTTP clients and answers at `/mcp`. The port is open when this returns.
pub async fn serve_http(
    corridor: Arc<Corridor>,
    settings: &HttpSettings,
    gate: Arc<Gate>,
    stop: CancellationToken,
    drain: Duration,
) -> Result<BoundHttp, TransportError> {
    http::serve(corridor, settings, gate, None, stop, drain).await
}

/// The same with a console that can change the policy.
pub async fn serve_http_with_desk(
    corridor: Arc<Corridor>,
    settings: &HttpSettings,
    gate: Arc<Gate>,
    desk: Arc<dyn PolicyDesk>,
    stop: CancellationToken,
    drain: Duration,
) -> Result<BoundHttp, TransportError> {
    http::serve(corridor, settings, gate, Some(desk), stop, drain).await
}

/// Serves numbers and probes at an address of their own, and says which it is. They close with `stop`.
pub async fn serve_numbers(
    corridor: Arc<Corridor>,
    people: Option<People>,
    address: SocketAddr,
    token: Option<Secret>,
    stop: CancellationToken,
) -> Result<SocketAddr, TransportError> {
    http::serve_numbers(corridor, people, address, token, stop).await
}
