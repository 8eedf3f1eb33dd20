//! The doors from outside: real bytes in, real bytes out, and tools that misbehave behind them.
#![expect(clippy::needless_pass_by_value, reason = "messages are written as literals where they are sent")]

mod approval_pages;
mod approvals;
mod clients;
mod hostile;
mod http;
mod http_refusals;
mod oauth;
mod odoo_requests;
mod prompts;
mod resources;
mod stdio;
mod tools;
pub(crate) mod wire;

pub(crate) use http::in_session;

use std::sync::Arc;

use odoo_mcp::{
    audit::AuditLog,
    odoo::Connections,
    pipeline::Corridor,
    policy::Policy,
    tools::{Catalog, Family},
};
use serde_json::{Value, json};

/// The meta members that every request of 2026-07-28 carries.
pub(crate) fn modern() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
    })
}

pub(crate) fn initialize(id: i64, revision: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "test", "version": "0" },
    } })
}

pub(crate) fn request(id: i64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub(crate) fn call(id: i64, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
}

pub(crate) fn modern_call(id: i64, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": tool, "arguments": arguments, "_meta": modern() }))
}

fn policy(text: &Value) -> Policy {
    Policy::load(
        text.to_string().as_bytes(),
        &Catalog::of(&[Family { name: "test", tools: &[tools::TOOLS] }]),
    )
    .unwrap()
}

/// A corridor over the misbehaving tools; `hidden` exists and is shown to nobody.
fn corridor() -> (Arc<Corridor>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
    let family = Family { name: "test", tools: &[tools::TOOLS] };
    let rules = json!({ "version": "1", "default": "deny", "hide": ["hidden"],
        "tools": { "obey": {}, "hidden": {} } });
    let corridor =
        Corridor::new(Catalog::of(&[family]), policy(&rules), audit, Arc::new(Connections::default()));
    (Arc::new(corridor), folder)
}

/// One server on a pair of pipes, as a client of a child process sees it.
fn stdio_server() -> (wire::Lines, Arc<Corridor>, Server) {
    let (corridor, folder) = corridor();
    let (lines, server) = serve(Arc::clone(&corridor), folder);
    (lines, corridor, server)
}

fn serve(corridor: Arc<Corridor>, folder: tempfile::TempDir) -> (wire::Lines, Server) {
    let (client_side, server_side) = tokio::io::duplex(64 * 1024);
    let (input, output) = tokio::io::split(server_side);
    let stop = tokio_util::sync::CancellationToken::new();
    let serving = tokio::spawn(odoo_mcp::transport::serve_streams(
        corridor,
        input,
        output,
        stop.clone(),
        std::time::Duration::from_millis(DRAIN_MS),
    ));
    (wire::Lines::new(client_side), Server { stop, serving, _folder: folder })
}

/// Long enough for a call to end, short enough for a test that waits for it.
const DRAIN_MS: u64 = 300;

struct Server {
    stop: tokio_util::sync::CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), odoo_mcp::transport::TransportError>>,
    _folder: tempfile::TempDir,
}
