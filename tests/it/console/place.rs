//! A whole house with people, a policy file and a practice Odoo, and a browser before its door.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use odoo_mcp::{
    config::{Config, HttpSettings},
    facts::{Caller, JsonObject, Role, Scopes, Secret, UserName},
    house::House,
    identity::{Gate, local_name},
    pipeline::RawCall,
    tools::Progress,
    transport::{BoundHttp, serve_http_with_desk},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::transport::wire::{HttpAnswer, HttpRequest};

pub(super) const PASSWORD: &str = "a password for the console";
/// Every address of the console that shows a page.
pub(super) const PAGES: &[&str] = &[
    "/console",
    "/console/approvals",
    "/console/activity",
    "/console/tools",
    "/console/policy",
    "/console/connections",
    "/console/mine",
    "/console/people",
    "/console/people/own",
    "/console/plugins",
    "/console/usage",
];

pub(super) struct Place {
    pub(super) address: SocketAddr,
    pub(super) house: House,
    pub(super) folder: tempfile::TempDir,
    stop: CancellationToken,
    _bound: BoundHttp,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn policy() -> Value {
    json!({
        "version": "1", "default": "allow",
        "tools": { "odoo_write": { "action": "require_approval", "reason": "A person looks first." } },
    })
}

/// Four people, one in each role, and a write that needs an approval.
pub(super) async fn open() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    std::fs::write(&file, format!("{:#}\n", policy())).unwrap();
    let mut config = Config::with_state_dir(folder.path().join("state"));
    config.policy = Some(file);
    config.sandbox = true;
    let house = House::build(config).await.unwrap();
    for (user, role) in
        [("olga", Role::Owner), ("oskar", Role::Operator), ("aude", Role::Auditor), ("mia", Role::Member)]
    {
        let password = Secret::new(PASSWORD.to_owned());
        house.people.accounts().add(&name(user), role, None, Some(&password)).await.unwrap();
    }
    let gate = Arc::new(Gate::open().for_people(house.people.clone()));
    let settings = HttpSettings { listen: Some("127.0.0.1:0".parse().unwrap()), ..HttpSettings::default() };
    let stop = CancellationToken::new();
    let (corridor, desk) = (Arc::clone(&house.corridor), Arc::clone(&house.desk));
    let drain = Duration::from_millis(100);
    let bound = serve_http_with_desk(corridor, &settings, gate, desk, stop.clone(), drain).await.unwrap();
    Place { address: bound.address(), house, folder, stop, _bound: bound }
}

pub(super) fn name(text: &str) -> UserName {
    local_name(text).unwrap()
}

impl Place {
    pub(super) fn policy_file(&self) -> PathBuf {
        self.folder.path().join("policy.json")
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("state/audit.jsonl")).unwrap()
    }

    /// A call of this person, as their client would make it; the answer's text.
    pub(super) async fn call(&self, user: &str, tool: &str, arguments: Value) -> String {
        let account = self.house.people.accounts().get(&name(user)).await.unwrap().unwrap();
        let caller: Caller = self.house.people.caller_of(&account, Scopes::ALL);
        let Value::Object(arguments): Value = arguments else { panic!("not an object") };
        let arguments: JsonObject = arguments;
        let call = RawCall {
            tool: tool.to_owned(),
            arguments,
            caller,
            progress: Progress::silent(),
            cancelled: CancellationToken::new(),
            can_ask: Default::default(),
            answer: None,
        };
        let reply = self.house.corridor.call(call).await.unwrap();
        format!("{} {}", reply.text, reply.structured)
    }

    /// Asks for a write that needs an approval, and says which question it became.
    pub(super) async fn ask(&self, user: &str, value: &str) -> String {
        self.call(user, "odoo_write", write(value)).await;
        let now = jiff::Timestamp::now();
        let open = self.house.corridor.approvals().unwrap().list().unwrap();
        open.iter().rfind(|entry| entry.is_pending(now)).expect("a question").id.to_string()
    }

    /// The value in Odoo itself, as the owner reads it.
    pub(super) async fn name_in_odoo(&self) -> String {
        let arguments = json!({"model": "res.partner", "ids": [1], "fields": ["name"]});
        self.call("olga", "odoo_read", arguments).await
    }
}

pub(super) fn write(value: &str) -> Value {
    json!({"model": "res.partner", "ids": [1], "values": {"name": value}})
}

/// A browser with one person signed in.
pub(super) struct Browser {
    address: SocketAddr,
    pub(super) cookies: Vec<(String, String)>,
    pub(super) origin: String,
}

impl Browser {
    pub(super) fn new(place: &Place) -> Self {
        let origin = format!("http://{}", place.address);
        Self { address: place.address, cookies: Vec::new(), origin }
    }

    pub(super) async fn of(place: &Place, user: &str) -> Self {
        let mut browser = Self::new(place);
        let form = browser.get("/sign-in").await;
        let token = field(&form.body, "form");
        let fields = [
            ("form", token.as_str()),
            ("step", "password"),
            ("place", ""),
            ("login", user),
            ("password", PASSWORD),
            ("next", "/console"),
        ];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{}", answer.body);
        browser
    }

    pub(super) async fn get(&mut self, path: &str) -> HttpAnswer {
        let request = self.dressed(HttpRequest::get(path));
        self.keep(request.send(self.address).await)
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = HttpRequest::post(body)
            .path(path)
            .with("content-type", "application/x-www-form-urlencoded")
            .with("host", &self.address.to_string())
            .with("origin", &self.origin);
        let request = self.dressed(request);
        self.keep(request.send(self.address).await)
    }

    /// The token that stands in every form of this session.
    pub(super) async fn csrf(&mut self) -> String {
        field(&self.get("/console").await.body, "csrf")
    }

    /// Presses a button of a page of this session.
    pub(super) async fn press(&mut self, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        let csrf = self.csrf().await;
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    fn dressed(&self, request: HttpRequest) -> HttpRequest {
        let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if line.is_empty() { request } else { request.with("cookie", &line.join("; ")) }
    }

    fn keep(&mut self, answer: HttpAnswer) -> HttpAnswer {
        for line in answer.head.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            if !key.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let (pair, rest) = value.trim().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(own, _)| own != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }
}

/// The value of a hidden field, unescaped as far as our own values need it.
#[track_caller]
pub(super) fn field(html: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = html.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {html}"));
    rest.split('"').next().unwrap().replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
