//! OAuth through the real door: a browser without a screen, a client, and everybody who should not come in.

mod flow;
mod provider;
mod refusals;

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use odoo_mcp::{
    config::{Config, HttpSettings, OauthSettings, OpenIdSettings},
    facts::{Caller, Role, Secret, UserName},
    identity::{Bearer, BearerTokens, Gate, Issuers, People},
    store::{Cabinet, SealKeys, StateDir},
    transport::{BoundHttp, serve_http},
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    corridor, http, modern_call,
    wire::{HttpAnswer, HttpRequest},
};

const HOST: &str = "mcp.example.com";
const ORIGIN: &str = "https://mcp.example.com";
const RESOURCE: &str = "https://mcp.example.com/mcp";
const CALLBACK: &str = "https://client.example.com/cb";
const PASSWORD: &str = "a long pass phrase, nine words";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";

/// A server with two accounts, `anna` and `bert`, and an authorization server.
struct Server {
    bound: BoundHttp,
    issuers: Issuers,
    people: People,
    _stop: CancellationToken,
    _folders: [tempfile::TempDir; 2],
}

impl Server {
    async fn open() -> Self {
        Self::with(OpenIdSettings::default()).await
    }

    async fn with(openid: OpenIdSettings) -> Self {
        let (corridor, folder) = corridor();
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let cabinet = Cabinet::open(&state);
        let settings =
            HttpSettings { public_url: Some(ORIGIN.parse().unwrap()), ..http::settings("127.0.0.1:0") };
        let mut config = Config::with_state_dir(dir.path().to_owned());
        config.http = settings.clone();
        config.oauth = OauthSettings { enabled: true, loopback_documents: true, ..OauthSettings::default() };
        config.openid = openid;
        let people = People::new(&cabinet, &config.auth, Arc::new(SealKeys::in_file(&state)));
        for name in ["anna", "bert"] {
            let name = UserName::parse(name).unwrap();
            let password = Secret::new(PASSWORD.to_owned());
            people.accounts().add(&name, Role::Member, None, Some(&password)).await.unwrap();
        }
        let issuers = Issuers::of(&config, &cabinet, Some(&people)).unwrap().unwrap();
        let gate = Gate::open().for_people(people.clone()).trusting(issuers.clone());
        let stop = CancellationToken::new();
        let drain = std::time::Duration::from_millis(super::DRAIN_MS);
        let bound = serve_http(corridor, &settings, Arc::new(gate), stop.clone(), drain).await.unwrap();
        Self { bound, issuers, people, _stop: stop, _folders: [folder, dir] }
    }

    async fn send(&self, request: HttpRequest) -> HttpAnswer {
        request.with("host", HOST).send(self.bound.address()).await
    }

    async fn get(&self, path: &str) -> HttpAnswer {
        self.send(HttpRequest::get(path)).await
    }

    async fn register(&self, redirect: &str) -> String {
        let body = json!({ "client_name": "A <client>", "redirect_uris": [redirect] }).to_string();
        let answer = self.send(HttpRequest::post(body).path("/oauth/register")).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.message()["token_endpoint_auth_method"], "none");
        assert!(answer.message().get("client_secret").is_none());
        answer.message()["client_id"].as_str().unwrap().to_owned()
    }

    async fn token(&self, form: &[(&str, &str)]) -> HttpAnswer {
        self.send(posted("/oauth/token", form)).await
    }

    /// The code that this browser gets for its person's consent.
    async fn code(&self, browser: &mut Browser, client: &str) -> String {
        let page = browser.get(self, &authorize(client, &[])).await;
        let answer = browser.submit(self, &page, &[("scope", "odoo:read"), ("answer", "allow")]).await;
        member(answer.header("location").unwrap(), "code").unwrap()
    }

    async fn redeem(&self, client: &str, code: &str) -> HttpAnswer {
        self.token(&redeeming(client, code)).await
    }

    /// Calls a tool with this token.
    async fn call(&self, token: &str) -> HttpAnswer {
        let call = modern_call(1, "obey", json!({ "order": "answer" }));
        self.send(HttpRequest::message(&call).with("authorization", &format!("Bearer {token}"))).await
    }

    async fn caller(&self, token: &str) -> Caller {
        good(self.issuers.server.as_deref().unwrap(), token).await
    }
}

/// The caller behind a token that is good.
async fn good(tokens: &dyn BearerTokens, token: &str) -> Caller {
    match tokens.bearer(token).await.unwrap() {
        Bearer::Good(caller) => caller,
        other => panic!("{other:?}"),
    }
}

/// A browser: it keeps cookies and sends what a browser sends.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser whose person is signed in.
    async fn of(server: &Server, name: &str) -> Self {
        let mut browser = Self::default();
        let page = browser.get(server, "/sign-in").await;
        let answer = browser.submit(server, &page, &[("login", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        browser
    }

    async fn get(&mut self, server: &Server, path: &str) -> HttpAnswer {
        self.send(server, HttpRequest::get(path).without("content-type")).await
    }

    /// Sends the form of this page, with these fields changed or added.
    async fn submit(&mut self, server: &Server, page: &HttpAnswer, fields: &[(&str, &str)]) -> HttpAnswer {
        assert_eq!(page.status, 200, "{page:?}");
        let (action, mut members) = form(&page.body);
        members.retain(|(name, _)| fields.iter().all(|(own, _)| own != name));
        members.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let members: Vec<(&str, &str)> =
            members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.send(server, posted(&action, &members).with("origin", ORIGIN)).await
    }

    async fn send(&mut self, server: &Server, request: HttpRequest) -> HttpAnswer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.with("cookie", &cookies.join("; ")) };
        let answer = server.send(request).await;
        for line in answer.head.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().trim().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.cookies.retain(|_, value| !value.is_empty());
        answer
    }
}

/// Where the first form of a page goes, and its hidden fields.
fn form(html: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split('"').next().map(|text| text.replace("&amp;", "&").replace("&quot;", "\""))
    };
    let form = html.split("<form").nth(1).unwrap_or_else(|| panic!("no form in {html}"));
    let form = form.split("</form>").next().unwrap();
    let action = attribute(form.split('>').next().unwrap(), "action").unwrap_or_default();
    let fields = form.split("<input").skip(1).filter_map(|tag| {
        let tag = tag.split('>').next()?;
        let hidden = attribute(tag, "type").as_deref() == Some("hidden");
        hidden.then(|| Some((attribute(tag, "name")?, attribute(tag, "value")?)))?
    });
    (action, fields.collect())
}

fn posted(path: &str, form: &[(&str, &str)]) -> HttpRequest {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(form);
    HttpRequest::post(encoded.finish()).path(path).with("content-type", "application/x-www-form-urlencoded")
}

/// The address of a good request for access, but for these changes.
fn authorize(client: &str, changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let good = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "a state"),
        ("scope", "odoo:read odoo:write odoo:admin"),
        ("resource", RESOURCE),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(good.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name)));
    query.extend_pairs(changes);
    format!("/oauth/authorize?{}", query.finish())
}

fn redeeming<'a>(client: &'a str, code: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", RESOURCE),
    ]
}

fn refreshing<'a>(client: &'a str, token: &'a str) -> [(&'a str, &'a str); 3] {
    [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]
}

fn member(address: &str, name: &str) -> Option<String> {
    let address = url::Url::parse(address).unwrap();
    address.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// A token without its last four characters.
fn cut(token: &str) -> &str {
    token.split_at(token.len() - 4).0
}
