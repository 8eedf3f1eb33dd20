//! The registry over real files, real handshakes and an Odoo that knows one password.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::*;
use crate::{
    facts::{Credential, Protocol, Secret, SecretSource, Trust, hex},
    odoo::tls::testing::{Identity, TlsServer},
};

const CANARY: &str = "canary-7f31";

/// An Odoo 19 with one database, for the login only.
fn odoo(request: &str) -> String {
    let result = if request.starts_with("POST /web/database/list") {
        json!(["lab"])
    } else if request.starts_with("POST /web/session/authenticate") && request.contains(CANARY) {
        json!({"uid": 2, "name": "Admin", "username": "admin", "is_admin": true, "server_version": "19.0",
            "server_version_info": [19, 0, 0, "final", 0, ""],
            "user_companies": {"current_company": 1, "allowed_companies": {"1": {"id": 1, "name": "Co"}}}})
    } else if request.starts_with("POST /web/session/authenticate") {
        let error = json!({"code": 0, "message": "Odoo Server Error",
            "data": {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied", "debug": ""}});
        return json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string();
    } else {
        json!(false)
    };
    json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string()
}

struct Home {
    _folder: tempfile::TempDir,
    config: Config,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::with_state_dir(folder.path().join("state"));
        Self { _folder: folder, config }
    }

    /// A process that starts now.
    fn open(&self) -> Connections {
        let state = StateDir::open(&self.config.state_dir).unwrap();
        Connections::open(&self.config, &state).unwrap()
    }

    fn file(&self) -> std::path::PathBuf {
        self.config.state_dir.join(record::FILE)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }
}

fn alias(name: &str) -> ConnectionAlias {
    ConnectionAlias::parse(name).unwrap()
}

fn request(server: &TlsServer, name: &str) -> ConnectRequest {
    ConnectRequest {
        alias: alias(name),
        url: server.url(),
        db: Some("lab".to_owned()),
        username: "admin".to_owned(),
        password: Some(Secret::new(CANARY.to_owned())),
        api_key: None,
        secret_ref: None,
        secret_kind: SecretKind::Password,
        protocol: ProtocolName::Auto,
        verify_ssl: false,
        ca_file: None,
        replace: false,
        dry_run: false,
    }
}

fn fixed(name: &str, url: &str) -> Definition {
    Definition {
        alias: alias(name),
        url: url::Url::parse(url).unwrap(),
        db: "lab".to_owned(),
        username: "admin".to_owned(),
        credential: Credential::Password(SecretSource::Inline(Secret::new(CANARY.to_owned()))),
        protocol: Protocol::Auto,
        trust: Trust::System,
        origin: Origin::Settings,
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, OdooError>, code: &str, part: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains(CANARY), "{error}");
}

#[tokio::test]
async fn a_connection_is_saved_after_the_login_only_and_other_processes_see_it() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let home = Home::new();
    let (ours, theirs) = (home.open(), home.open());
    assert!(theirs.aliases().is_empty());

    let mut wrong = request(&server, "shop");
    wrong.password = Some(Secret::new("wrong".to_owned()));
    refused(ours.connect(wrong).await, "auth_failed", "");
    assert!(!home.file().exists());
    let mut look = request(&server, "shop");
    look.dry_run = true;
    look.db = None;
    assert_eq!(ours.connect(look).await.unwrap().db, "lab");
    assert!(!home.file().exists());

    let connected = ours.connect(request(&server, "shop")).await.unwrap();
    assert_eq!(connected.sign_in.unwrap().uid, 2);
    assert!(connected.pinned.unwrap().public_key_sha256.starts_with("sha256:"));
    assert_eq!(theirs.aliases(), [alias("shop")]);
    assert_eq!(theirs.get(&alias("shop")).unwrap().sign_in().await.unwrap().uid, 2);
    assert!(!home.text().contains(CANARY));
    assert!(!format!("{ours:?}").contains(CANARY));
}

#[tokio::test]
async fn an_alias_is_pointed_elsewhere_only_on_purpose_and_after_a_login() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let home = Home::new();
    let ours = home.open();
    ours.connect(request(&server, "shop")).await.unwrap();
    assert!(ours.connect(request(&server, "shop")).await.unwrap().replaced, "the same account needs no word");

    let before = home.text();
    let mut other = request(&server, "shop");
    other.username = "demo".to_owned();
    refused(ours.connect(other).await, "alias_in_use", "as `admin`");
    let mut failing = request(&server, "shop");
    failing.replace = true;
    failing.password = Some(Secret::new("wrong".to_owned()));
    refused(ours.connect(failing).await, "auth_failed", "");
    assert_eq!(home.text(), before);
    assert!(ours.get(&alias("shop")).unwrap().sign_in().await.is_ok(), "the old one stays in use");

    let mut other = request(&server, "shop");
    other.username = "demo".to_owned();
    other.replace = true;
    assert!(ours.connect(other).await.unwrap().replaced);
    assert_eq!(ours.get(&alias("shop")).unwrap().definition().username, "demo");
}

#[tokio::test]
async fn a_changed_key_stops_everything_until_it_is_accepted() {
    let (old, new) = (Identity::new(), Identity::new());
    let server = TlsServer::answering(&old, odoo).await;
    let home = Home::new();
    let (ours, theirs) = (home.open(), home.open());
    let shop = alias("shop");
    ours.connect(request(&server, "shop")).await.unwrap();
    theirs.get(&shop).unwrap().sign_in().await.unwrap();

    server.rotate(&new);
    let (before, told) = (home.text(), server.bytes_received());
    refused(home.open().get(&shop).unwrap().sign_in().await, "untrusted_certificate", "key changed");
    refused(ours.connect(request(&server, "shop")).await, "untrusted_certificate", "odoo_cert_refresh");
    refused(ours.connect(request(&server, "second")).await, "untrusted_certificate", "odoo_cert_refresh");
    let report = ours.certificate(&shop).await.unwrap();
    assert_eq!((report.status, report.pin_matches), (PinStatus::PinMismatch, Some(false)));
    refused(ours.repin(&shop, Some("abc"), false).await, "invalid_arguments", "fingerprint");
    refused(
        ours.repin(&shop, Some(&hex(&old.spki())), false).await,
        "fingerprint_mismatch",
        "nothing was changed",
    );
    assert!(!ours.repin(&shop, None, true).await.unwrap().saved);
    assert_eq!(home.text(), before);
    assert_eq!(server.bytes_received(), told, "no byte of a request arrived");

    let repinned = ours.repin(&shop, Some(&hex(&new.spki())), false).await.unwrap();
    assert_eq!(repinned.old.public_key_sha256, format!("sha256:{}", hex(&old.spki())));
    assert_eq!(repinned.previous_pins, 1);
    assert_eq!(ours.certificate(&shop).await.unwrap().status, PinStatus::Trusted);
    ours.get(&shop).unwrap().sign_in().await.unwrap();
    theirs.get(&shop).unwrap().sign_in().await.unwrap();
}

#[tokio::test]
async fn a_check_asks_the_server_again() {
    let identity = Identity::new();
    let server = TlsServer::answering(&identity, odoo).await;
    let home = Home::new();
    let connections = home.open();
    connections.add(fixed("away", "https://127.0.0.1:1"), Limits::default());
    connections.connect(request(&server, "shop")).await.unwrap();
    let check = async || {
        let rows = connections.overview(true).await.connections;
        rows.into_iter().map(|row| (row.check, row.version, row.last_error)).collect::<Vec<_>>()
    };
    let rows = check().await;
    assert_eq!(rows[1], (Some(CheckResult::Ok), Some("19.0".to_owned()), None));
    assert_eq!(rows[0].0, Some(CheckResult::Failed));
    assert!(rows[0].2.as_deref().unwrap().starts_with("unreachable: "));
    server.rotate(&Identity::new());
    let rows = check().await;
    assert_eq!(rows[1].0, Some(CheckResult::Failed));
    assert!(rows[1].2.as_deref().unwrap().starts_with("untrusted_certificate: "));
}

#[tokio::test]
async fn what_was_disconnected_is_gone_everywhere_at_once() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let mut home = Home::new();
    home.config.connections.push(fixed("default", "https://127.0.0.1:1"));
    let (ours, theirs) = (home.open(), home.open());
    ours.connect(request(&server, "shop")).await.unwrap();
    theirs.get(&alias("shop")).unwrap();

    refused(ours.disconnect(&alias("nope")).await, "unknown_connection", "nope");
    refused(ours.disconnect(&alias("default")).await, "connection_is_fixed", "settings file");
    refused(ours.connect(request(&server, "default")).await, "connection_is_fixed", "settings file");
    assert_eq!(ours.disconnect(&alias("shop")).await.unwrap(), [alias("default")]);
    refused(theirs.get(&alias("shop")), "unknown_connection", "shop");
    refused(ours.disconnect(&alias("shop")).await, "unknown_connection", "shop");
    assert!(!home.text().contains("sealed"));
}

#[tokio::test]
async fn the_settings_hide_a_saved_connection_and_keep_it() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let mut home = Home::new();
    home.open().connect(request(&server, "shop")).await.unwrap();
    home.config.connections.push(fixed("shop", "https://127.0.0.1:1"));
    let connections = home.open();
    assert_eq!(connections.get(&alias("shop")).unwrap().definition().origin, Origin::Settings);
    let overview = connections.overview(false).await;
    let rows: Vec<_> = overview.connections.iter().map(|row| (row.origin, row.shadowed)).collect();
    assert_eq!(rows, [("settings", false), ("saved", true)]);
    assert!(!serde_json::to_string(&overview).unwrap().contains(CANARY));
}

#[tokio::test]
async fn a_wrong_key_is_told_for_that_connection_and_changes_nothing() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let mut home = Home::new();
    home.config.seal_key = Some(Secret::new("11".repeat(32)));
    home.open().connect(request(&server, "shop")).await.unwrap();
    let before = home.text();
    home.config.seal_key = Some(Secret::new("22".repeat(32)));
    let connections = home.open();
    refused(connections.get(&alias("shop")), "setup", "sealed with another key");
    assert_eq!(connections.overview(true).await.connections[0].check, Some(CheckResult::Failed));
    refused(connections.repin(&alias("shop"), None, false).await, "setup", "another key");
    assert_eq!(home.text(), before);

    home.config.seal_key = Some(Secret::new("hunter2".to_owned()));
    let state = StateDir::open(&home.config.state_dir).unwrap();
    refused(Connections::open(&home.config, &state), "setup", "64 hexadecimal digits");
    home.config.seal_key = None;
    refused(home.open().get(&alias("shop")), "setup", "`sealing.key` is gone");
}

#[tokio::test]
async fn a_damaged_file_is_told_and_never_overwritten() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let mut home = Home::new();
    home.config.connections.push(fixed("default", "https://127.0.0.1:1"));
    let connections = home.open();
    connections.connect(request(&server, "shop")).await.unwrap();
    let good = home.text();
    for bad in ["", "{", "[]", "{\"version\": 99, \"connections\": []}", good.get(..good.len() / 2).unwrap()]
    {
        fs::write(home.file(), bad).unwrap();
        refused(connections.get(&alias("shop")), "setup", "connections.json");
        refused(connections.connect(request(&server, "new")).await, "setup", "connections.json");
        refused(connections.disconnect(&alias("shop")).await, "setup", "connections.json");
        assert!(connections.get(&alias("default")).is_ok());
        assert!(
            connections.overview(false).await.problem.unwrap().contains("connections.json") || bad.is_empty()
        );
        assert_eq!(home.text(), bad);
    }
    fs::write(home.file(), &good).unwrap();
    assert!(connections.get(&alias("shop")).is_ok());
}

#[tokio::test]
async fn a_secret_does_not_open_for_an_edited_record() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let home = Home::new();
    home.open().connect(request(&server, "shop")).await.unwrap();
    let good: Value = serde_json::from_str(&home.text()).unwrap();
    let edit = |path: &str, value: Value| {
        let mut edited = good.clone();
        *edited.pointer_mut(path).unwrap() = value;
        fs::write(home.file(), edited.to_string()).unwrap();
    };
    edit("/connections/0/username", json!("demo"));
    refused(home.open().get(&alias("shop")), "setup", "changed after it was sealed");
    edit("/connections/0/url", json!("https://attacker.example/"));
    refused(home.open().get(&alias("shop")), "setup", "changed after it was sealed");
    edit("/connections/0/trust", json!("system"));
    refused(home.open().get(&alias("shop")), "setup", "changed after it was sealed");
    edit("/connections/0/alias", json!("other"));
    refused(home.open().get(&alias("other")), "setup", "changed after it was sealed");
}

#[tokio::test]
async fn changes_of_several_processes_add_up() {
    let server = TlsServer::answering(&Identity::new(), odoo).await;
    let home = Home::new();
    let (one, two) = (home.open(), home.open());
    let connects = (0..6).map(|n| {
        let connections = if n % 2 == 0 { &one } else { &two };
        connections.connect(request(&server, &format!("c{n}")))
    });
    for outcome in futures_util::future::join_all(connects).await {
        outcome.unwrap();
    }
    assert_eq!(one.aliases().len(), 6);
    assert_eq!(two.aliases().len(), 6);
}

#[test]
fn opening_reads_and_makes_no_file() {
    let home = Home::new();
    drop(home.open());
    assert_eq!(fs::read_dir::<&Path>(&home.config.state_dir).unwrap().count(), 0);
}
