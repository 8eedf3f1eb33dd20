//! The record tools from the corridor to a sandbox Odoo: shapes, budgets, and what is never sent.
//!
//! Every result is checked against the tool's own output schema on the way.

mod executing;
mod methods;
mod reading;
mod writing;

use std::sync::Arc;

use odoo_mcp::{
    audit::AuditLog,
    facts::{
        Arrival, Caller, ConnectionAlias, Credential, Definition, Limits, Origin, Protocol, Secret,
        SecretSource, Trust,
    },
    odoo::Connections,
    pipeline::{Corridor, RawCall},
    policy::Policy,
    reply::Reply,
    sandbox::{self, Sandbox, SandboxOptions, SandboxVersion},
    tools::{Catalog, Progress},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Methods that change something.
const CHANGING: [&str; 4] = ["create", "write", "unlink", "copy"];

/// A corridor and the Odoo at its end.
struct Bench {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
    corridor: Corridor,
    catalog: Catalog,
    _folder: tempfile::TempDir,
}

/// Runs the check over every route: a password and a key on 19, a key on 14.
#[track_caller]
fn everywhere(check: fn(&Bench)) {
    for (version, with_key) in
        [(SandboxVersion::V19, true), (SandboxVersion::V19, false), (SandboxVersion::V14, true)]
    {
        let bench = Bench::new(version, with_key);
        check(&bench);
    }
}

impl Bench {
    fn new(version: SandboxVersion, with_key: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sandbox = runtime.block_on(sandbox::start(SandboxOptions::new(version))).unwrap();
        let secret = |text: &str| SecretSource::Inline(Secret::new(text.to_owned()));
        let connections = Connections::default();
        connections.add(
            Definition {
                alias: ConnectionAlias::default_alias(),
                url: sandbox.url().parse().unwrap(),
                db: sandbox.database().to_owned(),
                username: sandbox.login().to_owned(),
                credential: if with_key {
                    Credential::ApiKey(secret(sandbox.api_key()))
                } else {
                    Credential::Password(secret(sandbox.password()))
                },
                protocol: Protocol::Auto,
                trust: Trust::System,
                origin: Origin::Sandbox,
            },
            Limits::default(),
        );
        let folder = tempfile::tempdir().unwrap();
        let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
        let catalog = Catalog::new();
        let policy = Policy::load(br#"{"version": "1", "default": "allow"}"#, &catalog).unwrap();
        let corridor = Corridor::new(Catalog::new(), policy, audit, Arc::new(connections));
        Self { runtime, sandbox, corridor, catalog, _folder: folder }
    }

    #[track_caller]
    fn reply(&self, tool: &str, arguments: Value) -> Reply {
        let call = RawCall {
            tool: tool.to_owned(),
            arguments: arguments.as_object().cloned().expect("arguments are an object"),
            caller: Caller::local(Arrival::CommandLine),
            progress: Progress::silent(),
            cancelled: CancellationToken::new(),
            can_ask: odoo_mcp::approvals::CanAsk::default(),
            answer: None,
        };
        let reply = self.runtime.block_on(self.corridor.call(call)).expect("a known tool");
        if !reply.is_error {
            let schema = Value::Object(self.catalog.find(tool).unwrap().entry.output_schema());
            if let Err(error) = jsonschema::validate(&schema, &reply.structured) {
                panic!("{tool}: {error}: {}", reply.structured);
            }
        }
        reply
    }

    #[track_caller]
    fn ok(&self, tool: &str, arguments: Value) -> Value {
        let reply = self.reply(tool, arguments.clone());
        assert!(!reply.is_error, "{tool} {arguments}: {}", reply.structured);
        reply.structured
    }

    #[track_caller]
    fn refused(&self, tool: &str, arguments: Value, code: &str) -> String {
        let reply = self.reply(tool, arguments.clone());
        assert!(reply.is_error, "{tool} {arguments}: {}", reply.structured);
        assert_eq!(reply.code, Some(code), "{tool} {arguments}: {}", reply.structured);
        reply.text
    }

    /// The id of a new contact.
    #[track_caller]
    fn contact(&self, values: Value) -> i64 {
        let created = self.ok("odoo_create", json!({"model": "res.partner", "values": values}));
        created["created_ids"][0].as_i64().expect("an id")
    }

    /// Calls that changed something, since the last `clear_received`.
    fn changes(&self) -> usize {
        self.sandbox.received().iter().filter(|call| CHANGING.contains(&call.method.as_str())).count()
    }

    fn received(&self, method: &str) -> usize {
        self.sandbox.received().iter().filter(|call| call.method == method).count()
    }
}
