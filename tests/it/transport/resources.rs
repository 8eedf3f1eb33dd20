//! Resources over HTTP, in both eras and for two callers: files of each, records under the policy of each.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use odoo_mcp::{
    audit::AuditLog,
    facts::{
        Arrival, Caller, ConnectionAlias, Credential, Definition, GrantName, Limits, Origin, Protocol,
        Secret, SecretSource, Trust, UserName,
    },
    files::{CallerFiles, DownloadArea, FileLimits},
    odoo::Connections,
    pipeline::Corridor,
    policy::Policy,
    sandbox::{self, Sandbox, SandboxOptions, SandboxVersion},
    store::StateDir,
    tools::Catalog,
};
use serde_json::{Value, json};

use super::{
    http::{Door, grant, in_session, open_for, with_token},
    modern, request,
    wire::HttpRequest,
};

pub(super) const ALPHA: &str = "alpha-token-0123456789";
pub(super) const BETA: &str = "beta-token-0123456789";
/// Larger than what one answer holds.
const LARGE_BYTES: usize = 2_500_000;

pub(super) struct House {
    door: Door,
    area: DownloadArea,
    _sandbox: Sandbox,
    session_of_alpha: String,
    session_of_beta: String,
}

/// Everything is allowed but what a test takes away.
pub(super) async fn house(rules: Value) -> House {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox::start(SandboxOptions::new(SandboxVersion::V19)).await.unwrap();
    let connections = Connections::default();
    let password = SecretSource::Inline(Secret::new(sandbox.password().to_owned()));
    connections.add(
        Definition {
            alias: ConnectionAlias::default_alias(),
            url: sandbox.url().parse().unwrap(),
            db: sandbox.database().to_owned(),
            username: sandbox.login().to_owned(),
            credential: Credential::Password(password),
            protocol: Protocol::Auto,
            trust: Trust::System,
            origin: Origin::Sandbox,
        },
        Limits::default(),
    );
    let mut policy = json!({"version": "1", "default": "allow"});
    policy.as_object_mut().unwrap().extend(rules.as_object().cloned().unwrap());
    let policy = Policy::load(policy.to_string().as_bytes(), &Catalog::new()).unwrap();
    let state = StateDir::open(&folder.path().join("state")).unwrap();
    let audit = AuditLog::open(&state.path("audit.jsonl")).unwrap();
    let area = DownloadArea::open(&state, FileLimits::default()).unwrap();
    let corridor = Corridor::new(Catalog::new(), policy, audit, Arc::new(connections));
    let corridor = Arc::new(corridor.keeping_files_in(area.clone()));
    let grants = [grant("alpha", ALPHA), grant("beta", BETA)];
    let door = open_for(corridor, folder, "127.0.0.1:0", &grants).await.unwrap();
    let session_of_alpha = door.session(Some(ALPHA)).await;
    let session_of_beta = door.session(Some(BETA)).await;
    House { door, area, _sandbox: sandbox, session_of_alpha, session_of_beta }
}

impl House {
    fn files(&self, name: &str) -> CallerFiles {
        let caller = Caller {
            user: UserName::parse(name).unwrap(),
            grant: GrantName::parse(name).unwrap(),
            ..Caller::local(Arrival::Http)
        };
        self.area.of(&caller)
    }

    /// The same request in the old era and in the new one. Both answers, without what differs by design.
    pub(super) async fn both(&self, token: &str, method: &str, params: Value) -> [Value; 2] {
        let session = if token == ALPHA { &self.session_of_alpha } else { &self.session_of_beta };
        let old = in_session(&request(1, method, params.clone()), session);
        let old = self.door.send(&with_token(old, Some(token))).await.message();
        let mut with_meta = params;
        with_meta["_meta"] = modern();
        let mut new = HttpRequest::message(&request(2, method, with_meta.clone()));
        if let Some(name) = with_meta["uri"].as_str().or_else(|| with_meta["name"].as_str()) {
            new = new.with("mcp-name", name);
        }
        let new = self.door.send(&with_token(new, Some(token))).await.message();
        [old, new]
    }

    async fn read(&self, token: &str, uri: &str) -> [Value; 2] {
        self.both(token, "resources/read", json!({"uri": uri})).await
    }

    /// The contents, which both eras agree about.
    #[track_caller]
    fn contents([old, new]: &[Value; 2]) -> Value {
        let of = |answer: &Value| answer["result"]["contents"][0].clone();
        assert!(of(old).is_object(), "{old}");
        assert_eq!(of(old), of(new));
        assert_eq!(new["result"]["cacheScope"], "private", "{new}");
        assert!(new["result"]["ttlMs"].is_u64(), "{new}");
        of(new)
    }

    /// The error of both eras; `codes` are those of the old and of the new one.
    #[track_caller]
    pub(super) fn refused([old, new]: &[Value; 2], codes: [i64; 2]) -> String {
        assert_eq!(old["error"]["code"], codes[0], "{old}");
        assert_eq!(new["error"]["code"], codes[1], "{new}");
        assert_eq!(old["error"]["message"], new["error"]["message"]);
        new["error"]["message"].as_str().unwrap().to_owned()
    }
}

const NOT_FOUND: [i64; 2] = [-32002, -32602];
const REFUSED: [i64; 2] = [-32600, -32600];
pub(super) const INVALID: [i64; 2] = [-32602, -32602];

#[tokio::test]
async fn the_list_holds_the_files_of_the_caller_alone() {
    let house = house(json!({})).await;
    let hello = with_token(HttpRequest::message(&super::initialize(0, "2025-11-25")), Some(ALPHA));
    let hello = house.door.send(&hello).await.message();
    assert!(hello["result"]["capabilities"]["resources"].is_object(), "{hello}");

    let stored = house.files("alpha").keep("Bericht 1.csv", None, "text/csv", b"a,b\n").await.unwrap();
    for answer in house.both(ALPHA, "resources/list", json!({})).await {
        let listed = &answer["result"]["resources"];
        assert_eq!(listed[0]["uri"], "odoo-mcp://files/Bericht%201.csv", "{answer}");
        assert_eq!((&listed[0]["mimeType"], &listed[0]["size"]), (&json!("text/csv"), &json!(4)));
        assert_eq!(listed.as_array().unwrap().len(), 1);
    }
    for answer in house.both(BETA, "resources/list", json!({})).await {
        assert_eq!(answer["result"]["resources"], json!([]), "{answer}");
    }
    House::refused(&house.read(BETA, &stored.uri).await, NOT_FOUND);
    let contents = House::contents(&house.read(ALPHA, &stored.uri).await);
    assert_eq!(contents["text"], "a,b\n");
    assert_eq!((&contents["uri"], &contents["mimeType"]), (&json!(stored.uri), &json!("text/csv")));
    let wrong = json!({"cursor": "*"});
    House::refused(&house.both(ALPHA, "resources/list", wrong).await, INVALID);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let house = house(json!({})).await;
    let files = house.files("alpha");
    for number in 0..203 {
        files.keep("", Some(&format!("n/{number:03}.txt")), "text/plain", b"x").await.unwrap();
    }
    let first = house.both(ALPHA, "resources/list", json!({})).await;
    let cursor = first[1]["result"]["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(first[1]["result"]["resources"].as_array().unwrap().len(), 200);
    let rest = house.both(ALPHA, "resources/list", json!({"cursor": cursor})).await;
    assert_eq!(rest[0]["result"]["resources"].as_array().unwrap().len(), 3);
    assert_eq!(rest[0]["result"]["resources"][0]["name"], "n/200.txt");
    assert!(rest[1]["result"].get("nextCursor").is_none());
}

#[tokio::test]
async fn a_large_file_is_read_in_parts() {
    let house = house(json!({})).await;
    let bytes: Vec<u8> = (0..LARGE_BYTES).map(|at| u8::try_from(at % 253).unwrap()).collect();
    let stored = house.files("alpha").keep("large.bin", None, "", &bytes).await.unwrap();
    let why = House::refused(&house.read(ALPHA, &stored.uri).await, INVALID);
    assert!(why.contains("too_large") && why.contains("?offset=0&length=1048576"), "{why}");

    let (mut read, mut offset) = (Vec::new(), 0);
    loop {
        let uri = format!("{}?offset={offset}&length=1048576", stored.uri);
        let contents = House::contents(&house.read(ALPHA, &uri).await);
        read.extend(STANDARD.decode(contents["blob"].as_str().unwrap()).unwrap());
        let part = &contents["_meta"]["odoo-mcp/part"];
        assert_eq!(part["size"], LARGE_BYTES, "{part}");
        match part["next_offset"].as_u64() {
            Some(next) => offset = next,
            None => break,
        }
    }
    assert!(read == bytes);
    let short = House::contents(&house.read(ALPHA, &format!("{}?offset=10&length=3", stored.uri)).await);
    assert_eq!(STANDARD.decode(short["blob"].as_str().unwrap()).unwrap(), bytes[10..13]);
    House::refused(&house.read(ALPHA, &format!("{}?offset={LARGE_BYTES}", stored.uri)).await, INVALID);
    for query in ["?offset=-1", "?length=x", "?page=1", "?offset=1&offset"] {
        House::refused(&house.read(ALPHA, &format!("{}{query}", stored.uri)).await, NOT_FOUND);
    }
}

#[tokio::test]
async fn records_schemas_and_attachments_have_addresses() {
    let house = house(json!({})).await;
    let record = House::contents(&house.read(ALPHA, "odoo://default/res.partner/1").await);
    let record: Value = serde_json::from_str(record["text"].as_str().unwrap()).unwrap();
    assert_eq!(record["id"], 1);
    let schema = House::contents(&house.read(ALPHA, "odoo://default/res.partner/schema").await);
    assert!(schema["text"].as_str().unwrap().contains("\"email\""));
    let file = House::contents(&house.read(ALPHA, "odoo://default/ir.attachment/1/content").await);
    assert_eq!((&file["text"], &file["mimeType"]), (&json!("Price list"), &json!("text/plain")));

    let [old, new] = house.both(ALPHA, "resources/templates/list", json!({})).await;
    let uris = |answer: &Value| -> Vec<String> {
        let templates = answer["result"]["resourceTemplates"].as_array().unwrap();
        templates.iter().map(|template| template["uriTemplate"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(uris(&old), uris(&new));
    assert_eq!(new["result"]["cacheScope"], "private");
    assert_eq!(
        uris(&new),
        [
            "odoo://{connection}/{model}/{id}",
            "odoo://{connection}/{model}/schema",
            "odoo://{connection}/ir.attachment/{id}/content",
            "odoo-mcp://files/{path}",
            "memory://{scope}/{name}",
        ]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = house(json!({})).await;
    for uri in [
        "odoo://default/res.partner/2147483647",
        "odoo://default/no.such.model/1",
        "odoo://default/no.such.model/schema",
        "odoo://elsewhere/res.partner/1",
        "odoo://default/ir.attachment/2147483647/content",
        "odoo://default/res.partner/7/content",
        "odoo://default/res.partner/0",
        "odoo://default/res.partner/x",
        "odoo-mcp://files/none.txt",
        "odoo-mcp://files/../audit.jsonl",
        "odoo-mcp://files/%2e%2e/audit.jsonl",
        "odoo-mcp://files//etc/passwd",
        "odoo-mcp://files/.about/x",
        "file:///etc/passwd",
        "",
    ] {
        let answers = house.read(ALPHA, uri).await;
        let why = House::refused(&answers, NOT_FOUND);
        assert!(!why.contains("state") && !why.contains("No such file"), "{uri}: {why}");
    }
    // Parameters that are none.
    for params in [json!({}), json!({"uri": 7})] {
        House::refused(&house.both(ALPHA, "resources/read", params).await, INVALID);
    }
}

#[tokio::test]
async fn resources_meet_the_policy_of_their_tools() {
    let hidden = house(json!({"hide": ["odoo_read", "odoo_attachment_download"]})).await;
    for uri in ["odoo://default/res.partner/1", "odoo://default/ir.attachment/1/content"] {
        House::refused(&hidden.read(ALPHA, uri).await, NOT_FOUND);
    }
    let [_, templates] = hidden.both(ALPHA, "resources/templates/list", json!({})).await;
    assert_eq!(templates["result"]["resourceTemplates"].as_array().unwrap().len(), 3, "{templates}");
    House::contents(&hidden.read(ALPHA, "odoo://default/res.partner/schema").await);

    let closed = house(json!({"models": {"res.country": {}, "res.partner": {
        "domain": [["id", "=", 1]], "fields": {"email": {"read": "deny"}},
    }}}))
    .await;
    let why = House::refused(&closed.read(ALPHA, "odoo://default/sale.order/1").await, REFUSED);
    assert!(why.starts_with("denied: the policy does not open `sale.order`"), "{why}");
    House::refused(&closed.read(ALPHA, "odoo://default/ir.attachment/1/content").await, REFUSED);
    House::refused(&closed.read(ALPHA, "odoo://default/res.partner/7").await, NOT_FOUND);
    let record = House::contents(&closed.read(ALPHA, "odoo://default/res.partner/1").await);
    assert!(!record["text"].as_str().unwrap().contains("\"email\""), "{record}");
    let schema = House::contents(&closed.read(ALPHA, "odoo://default/res.partner/schema").await);
    assert!(!schema["text"].as_str().unwrap().contains("\"email\""), "{schema}");

    let limited =
        house(json!({"tools": {"odoo_read": {"limits": [{"counter": "r", "window": 3600, "max": 1}]}}}));
    let [_, second] = limited.await.read(ALPHA, "odoo://default/res.country/1").await;
    assert_eq!(second["error"]["code"], REFUSED[1], "every read is a call that counts: {second}");
}

#[tokio::test]
async fn a_grant_without_rules_has_no_resources() {
    let house = house(json!({"grants": {"alpha": {}}})).await;
    House::contents(&house.read(ALPHA, "odoo://default/res.country/1").await);
    house.files("beta").keep("a.txt", None, "text/plain", b"x").await.unwrap();
    for (method, params) in
        [("resources/list", json!({})), ("resources/read", json!({"uri": "odoo-mcp://files/a.txt"}))]
    {
        House::refused(&house.both(BETA, method, params).await, REFUSED);
    }
}
