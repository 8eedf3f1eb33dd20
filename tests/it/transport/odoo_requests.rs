//! A cancelled call lets go of its request to Odoo, whichever way it is taken back.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use odoo_mcp::{
    audit::AuditLog,
    config::HttpSettings,
    facts::{ConnectionAlias, Credential, Definition, Limits, Origin, Protocol, Secret, SecretSource, Trust},
    identity::Gate,
    odoo::Connections,
    pipeline::Corridor,
    policy::Policy,
    tools::Catalog,
    transport::{serve_http, serve_streams},
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    call,
    http::{in_session, settings},
    initialize, modern_call,
    wire::{HttpRequest, Lines, in_time},
};

/// What happens at the other end of the connection to Odoo.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Request,
    HungUp,
}

/// An Odoo that reads requests and never answers.
async fn silent_odoo() -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, seen) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                let mut piece = [0; 4096];
                let mut asked = false;
                while tcp.read(&mut piece).await.is_ok_and(|count| count > 0) {
                    if !std::mem::replace(&mut asked, true) {
                        let _ = told.send(Seen::Request);
                    }
                }
                let _ = told.send(Seen::HungUp);
            });
        }
    });
    (address, seen)
}

fn corridor(odoo: SocketAddr) -> (Arc<Corridor>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let connections = Connections::default();
    let definition = Definition {
        alias: ConnectionAlias::default_alias(),
        url: format!("http://{odoo}").parse().unwrap(),
        db: "test".to_owned(),
        username: "test".to_owned(),
        credential: Credential::Password(SecretSource::Inline(Secret::new("canary-password".to_owned()))),
        protocol: Protocol::JsonRpc,
        trust: Trust::System,
        origin: Origin::Settings,
    };
    connections.add(definition, Limits::default());
    let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
    let policy =
        Policy::load(br#"{"version":"1","default":"allow"}"#, &odoo_mcp::policy::Names(&[])).unwrap();
    (Arc::new(Corridor::new(Catalog::new(), policy, audit, Arc::new(connections))), folder)
}

fn count() -> (&'static str, Value) {
    ("odoo_search_count", json!({ "model": "res.partner" }))
}

fn cancel(id: i64) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })
}

#[tokio::test]
async fn by_notification_on_a_stream() {
    for modern in [false, true] {
        let (odoo, mut seen) = silent_odoo().await;
        let (corridor, _folder) = corridor(odoo);
        let (client, server) = tokio::io::duplex(4096);
        let (input, output) = tokio::io::split(server);
        let drain = Duration::from_millis(super::DRAIN_MS);
        tokio::spawn(serve_streams(corridor, input, output, CancellationToken::new(), drain));
        let mut client = Lines::new(client);
        let (tool, arguments) = count();
        if modern {
            client.send(&modern_call(7, tool, arguments)).await;
        } else {
            client.initialize("2025-11-25").await;
            client.send(&call(7, tool, arguments)).await;
        }
        assert_eq!(in_time(seen.recv()).await, Some(Seen::Request));
        client.send(&cancel(7)).await;
        assert_eq!(in_time(seen.recv()).await, Some(Seen::HungUp), "modern: {modern}");
    }
}

#[tokio::test]
async fn by_hanging_up_or_by_notification_over_http() {
    for modern in [false, true] {
        let (odoo, mut seen) = silent_odoo().await;
        let (corridor, _folder) = corridor(odoo);
        let http: HttpSettings = settings("127.0.0.1:0");
        let drain = Duration::from_millis(super::DRAIN_MS);
        let stop = CancellationToken::new();
        let bound = serve_http(corridor, &http, Arc::new(Gate::open()), stop, drain).await.unwrap();
        let (tool, arguments) = count();
        if modern {
            let connection =
                HttpRequest::message(&modern_call(7, tool, arguments)).open(bound.address()).await;
            assert_eq!(in_time(seen.recv()).await, Some(Seen::Request));
            drop(connection);
        } else {
            let hello = HttpRequest::message(&initialize(0, "2025-11-25")).send(bound.address()).await;
            let session = hello.header("mcp-session-id").unwrap().to_owned();
            let _connection = in_session(&call(7, tool, arguments), &session).open(bound.address()).await;
            assert_eq!(in_time(seen.recv()).await, Some(Seen::Request));
            in_session(&cancel(7), &session).send(bound.address()).await;
            assert_eq!(in_time(seen.recv()).await, Some(Seen::HungUp), "modern: {modern}");
            continue;
        }
        assert_eq!(in_time(seen.recv()).await, Some(Seen::HungUp), "modern: {modern}");
    }
}
