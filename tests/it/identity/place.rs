//! A server for people on a port of its own, with a practice Odoo behind it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use odoo_mcp::{
    approvals::Approvals,
    audit::AuditLog,
    config::{AuthSettings, Config, HttpSettings},
    facts::{
        ConnectionAlias, Credential, Definition, GrantName, Limits, Origin, Protocol, Role, Scopes, Secret,
        SecretSource, Trust, UserName,
    },
    identity::{Gate, NewToken, People, Token, local_name},
    odoo::Connections,
    pipeline::Corridor,
    policy::Policy,
    sandbox::{self, Sandbox, SandboxOptions, SandboxVersion},
    store::{Cabinet, SealKeys, StateDir},
    tools::Catalog,
    transport::{BoundHttp, serve_http},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::transport::wire::{HttpAnswer, HttpRequest};

pub(super) const PASSWORD: &str = "a password for anna";

pub(super) struct Place {
    pub(super) address: SocketAddr,
    pub(super) people: People,
    pub(super) sandbox: Sandbox,
    pub(super) folder: tempfile::TempDir,
    stop: CancellationToken,
    _bound: BoundHttp,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Everybody may do everything that a test does not take away.
pub(super) async fn open() -> Place {
    open_under(json!({}), AuthSettings::default()).await
}

pub(super) async fn open_under(rules: Value, auth: AuthSettings) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox::start(SandboxOptions::new(SandboxVersion::V19)).await.unwrap();
    let state = StateDir::open(&folder.path().join("state")).unwrap();
    let config = Config::with_state_dir(state.root().to_owned());
    let connections = Connections::open(&config, &state).unwrap();
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
    let connections = Arc::new(connections);
    let mut policy = json!({"version": "1", "default": "allow"});
    policy.as_object_mut().unwrap().extend(rules.as_object().cloned().unwrap());
    let policy = Policy::load(policy.to_string().as_bytes(), &Catalog::new()).unwrap();
    let audit = AuditLog::open(&state.path("audit.jsonl")).unwrap();
    let approvals = Approvals::open(&state, SealKeys::in_file(&state)).unwrap();
    let corridor =
        Corridor::new(Catalog::new(), policy, audit, Arc::clone(&connections)).approved_in(approvals);
    let people = people_of(&state, &auth).with_connections(connections);
    let gate = Gate::open().for_people(people.clone());
    let stop = CancellationToken::new();
    let settings = HttpSettings { listen: Some("127.0.0.1:0".parse().unwrap()), ..HttpSettings::default() };
    let drain = Duration::from_millis(100);
    let bound = serve_http(Arc::new(corridor), &settings, Arc::new(gate), stop.clone(), drain).await.unwrap();
    Place { address: bound.address(), people, sandbox, folder, stop, _bound: bound }
}

fn people_of(state: &StateDir, auth: &AuthSettings) -> People {
    People::new(&Cabinet::open(state), auth, Arc::new(SealKeys::in_file(state)))
}

pub(super) fn name(text: &str) -> UserName {
    local_name(text).unwrap()
}

impl Place {
    /// The same accounts as another process sees them.
    pub(super) fn elsewhere(&self) -> People {
        people_of(&StateDir::open(&self.state()).unwrap(), self.people.settings())
    }

    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(super) async fn add(&self, user: &str, role: Role) {
        self.people.accounts().add(&name(user), role, None, Some(&password())).await.unwrap();
    }

    pub(super) async fn token(&self, user: &str, scopes: &str) -> (String, Token) {
        let new = NewToken {
            user: name(user),
            label: "test".to_owned(),
            grant: Some(GrantName::parse(&format!("grant-of-{user}")).unwrap()),
            scopes: Scopes::parse(scopes).unwrap(),
            days: 1,
        };
        let (secret, token) = self.people.tokens().create(new, self.people.settings()).await.unwrap();
        (secret.reveal().to_owned(), token)
    }

    pub(super) async fn send(&self, request: &HttpRequest) -> HttpAnswer {
        request.send(self.address).await
    }

    /// One call with this token, in the era without sessions.
    pub(super) async fn call(&self, token: &str, tool: &str, arguments: Value) -> HttpAnswer {
        let message = crate::transport::modern_call(1, tool, arguments);
        self.send(&bearing(HttpRequest::message(&message), token)).await
    }

    pub(super) async fn listed(&self, token: &str) -> Vec<String> {
        let params = json!({ "_meta": crate::transport::modern() });
        let message = crate::transport::request(1, "tools/list", params);
        let answer = self.send(&bearing(HttpRequest::message(&message), token)).await.message();
        let tools = answer["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The bytes of everything in the state directory.
    pub(super) fn all_bytes(&self) -> Vec<u8> {
        fn gather(dir: &std::path::Path, bytes: &mut Vec<u8>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { gather(&path, bytes) } else { bytes.extend(std::fs::read(&path).unwrap()) }
            }
        }
        let mut bytes = Vec::new();
        gather(&self.state(), &mut bytes);
        bytes
    }

    #[track_caller]
    pub(super) fn is_nowhere(&self, secret: &str) {
        let all = self.all_bytes();
        assert!(!all.windows(secret.len()).any(|part| part == secret.as_bytes()), "a secret is on the disk");
    }
}

pub(super) fn password() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

pub(super) fn bearing(request: HttpRequest, token: &str) -> HttpRequest {
    request.with("authorization", &format!("Bearer {token}"))
}

/// A browser: it keeps cookies, sends forms and says where they come from.
#[derive(Default)]
pub(super) struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    pub(super) async fn get(&mut self, place: &Place, path: &str) -> HttpAnswer {
        let request = self.dressed(HttpRequest::get(path));
        self.keep(place.send(&request).await)
    }

    pub(super) async fn post(&mut self, place: &Place, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let own = format!("http://{}", place.address);
        let request = HttpRequest::post(body)
            .path(path)
            .with("content-type", "application/x-www-form-urlencoded")
            .with("host", &place.address.to_string())
            .with("origin", &own);
        let request = self.dressed(request);
        self.keep(place.send(&request).await)
    }

    /// Asks for the form and sends it back filled in.
    pub(super) async fn sign_in(&mut self, place: &Place, login: &str, password: &str) -> HttpAnswer {
        self.sign_in_at(place, "", login, password, "").await
    }

    pub(super) async fn sign_in_at(
        &mut self,
        place: &Place,
        at: &str,
        login: &str,
        password: &str,
        next: &str,
    ) -> HttpAnswer {
        let form = self.get(place, "/sign-in").await;
        let token = field(&form.body, "form");
        let fields = [
            ("form", token.as_str()),
            ("step", "password"),
            ("place", at),
            ("login", login),
            ("password", password),
            ("next", next),
        ];
        self.post(place, "/sign-in", &fields).await
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(own, _)| own != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.cookies.retain(|(own, _)| own != name);
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
            assert!(value.contains("; HttpOnly") && value.contains("; Path=/"), "{value}");
            let (pair, rest) = value.trim().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") { self.forget(name) } else { self.set(name, value) }
        }
        answer
    }
}

/// The value of a hidden field.
#[track_caller]
pub(super) fn field(html: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = html.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {html}"));
    rest.split('"').next().unwrap().to_owned()
}
