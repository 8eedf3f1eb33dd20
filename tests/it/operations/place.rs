//! A whole server with a practice Odoo behind it, on a port of its own.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use odoo_mcp::{
    config::{Config, Environment, Flags, GrantSettings, HttpSettings},
    facts::{GrantName, Role, Scopes, Secret, SecretSource, UserName},
    house::House,
    identity::Gate,
    transport::{BoundHttp, serve_http},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::transport::{
    modern_call,
    wire::{HttpAnswer, HttpRequest},
};

pub(super) const OPERATOR: &str = "token-of-the-operator";
pub(super) const MEMBER: &str = "token-of-a-member-here";

pub(super) struct Place {
    pub(super) address: SocketAddr,
    pub(super) house: House,
    pub(super) folder: tempfile::TempDir,
    pub(super) stop: CancellationToken,
    _bound: BoundHttp,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The settings that these lines of a settings file make.
pub(super) fn config(folder: &tempfile::TempDir, lines: &str) -> Config {
    let file = folder.path().join("odoo-mcp.toml");
    std::fs::write(&file, lines).unwrap();
    let flags = Flags {
        config: Some(file),
        state_dir: Some(folder.path().join("state")),
        sandbox: true,
        http: Some("127.0.0.1:0".parse().unwrap()),
        ..Flags::default()
    };
    Config::load(&flags, &Environment::of(&[])).unwrap()
}

pub(super) async fn open(lines: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder, lines);
    let http = config.http.clone();
    let grants = [grant("operator", OPERATOR, Role::Operator), grant("member", MEMBER, Role::Member)];
    open_with(folder, config, http, &grants).await
}

pub(super) async fn open_with(
    folder: tempfile::TempDir,
    config: Config,
    http: HttpSettings,
    grants: &[GrantSettings],
) -> Place {
    let house = House::build(config).await.unwrap();
    let gate = Arc::new(Gate::new(grants).await.unwrap());
    let stop = CancellationToken::new();
    let corridor = Arc::clone(&house.corridor);
    let bound = serve_http(corridor, &http, gate, stop.clone(), Duration::from_millis(100)).await.unwrap();
    Place { address: bound.address(), house, folder, stop, _bound: bound }
}

pub(super) fn grant(name: &str, token: &str, role: Role) -> GrantSettings {
    GrantSettings {
        grant: GrantName::parse(name).unwrap(),
        user: UserName::parse(name).unwrap(),
        token: SecretSource::Inline(Secret::new(token.to_owned())),
        scopes: Scopes::ALL,
        role,
    }
}

impl Place {
    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(super) async fn get(&self, path: &str, token: Option<&str>) -> HttpAnswer {
        self.send(HttpRequest::get(path), token).await
    }

    pub(super) async fn send(&self, request: HttpRequest, token: Option<&str>) -> HttpAnswer {
        let request = match token {
            Some(token) => request.with("authorization", &format!("Bearer {token}")),
            None => request,
        };
        request.send(self.address).await
    }

    pub(super) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let message = modern_call(1, tool, arguments);
        self.send(HttpRequest::message(&message), Some(MEMBER)).await.message()
    }

    pub(super) async fn count_partners(&self) -> Value {
        self.call("odoo_search_count", json!({ "model": "res.partner" })).await
    }
}
