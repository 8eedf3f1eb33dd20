//! Tokens of an OpenID provider that knows nothing of us: its own keys, its own way to sign.

use std::sync::{Mutex, PoisonError};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// A web server with pages of JSON.
pub(super) struct Pages {
    pub(super) url: String,
    pages: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages = Arc::new(Mutex::new(BTreeMap::<String, String>::new()));
        let asked = Arc::new(Mutex::new(Vec::<String>::new()));
        let (own, seen) = (Arc::clone(&pages), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                let mut head = vec![0; 8192];
                let read = tcp.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let page = own.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(path);
                let status = if page.is_some() { "200 OK" } else { "404 Not Found" };
                let body = page.unwrap_or_default();
                let head = "content-type: application/json\r\nconnection: close";
                let answer =
                    format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = tcp.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, pages, asked }
    }

    pub(super) fn show(&self, path: &str, page: &Value) {
        self.pages.lock().unwrap().insert(path.to_owned(), page.to_string());
    }

    pub(super) fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

/// A key of the provider, made by another library than the one that checks.
struct Key(KeyPair);

impl Key {
    fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn jwk(&self, kid: &str) -> Value {
        let point = self.0.der_bytes();
        let (x, y) = point[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let der = self.0.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).unwrap();
        let signature = key.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

struct Case {
    server: Server,
    pages: Pages,
    key: Key,
}

impl Case {
    async fn new() -> Self {
        let (pages, key) = (Pages::start().await, Key::new());
        pages.show(
            "/.well-known/openid-configuration",
            &json!({
                "issuer": pages.url, "jwks_uri": format!("{}/keys", pages.url),
            }),
        );
        pages.show("/keys", &json!({ "keys": [key.jwk("one")] }));
        let openid = OpenIdSettings {
            issuer: Some(pages.url.clone()),
            name: "company".to_owned(),
            ..OpenIdSettings::default()
        };
        Self { server: Server::with(openid).await, pages, key }
    }

    fn claims(&self, change: Value) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({ "iss": self.pages.url, "aud": RESOURCE, "sub": "u1", "exp": now + 60,
            "iat": now, "scope": "openid odoo:read odoo:write", "groups": ["sales"] });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "one", "typ": "at+jwt" })
}

#[tokio::test]
async fn a_token_of_the_provider_is_its_user() {
    let case = Case::new().await;
    let described = case.server.get("/.well-known/oauth-protected-resource/mcp").await.message();
    assert_eq!(described["authorization_servers"], json!([case.pages.url, ORIGIN]));
    let token = case.key.token(&header(), &case.claims(json!({})));
    for _ in 0..3 {
        let answer = case.server.call(&token).await;
        assert_eq!(answer.message()["result"]["structuredContent"]["caller"], "company", "{answer:?}");
    }
    assert_eq!(case.pages.asked("/keys"), 1);
    // The same name elsewhere is somebody else, and an account here is nobody's by claim.
    let anna = case.key.token(&header(), &case.claims(json!({ "sub": "anna" })));
    let caller = good(case.server.issuers.provider.as_deref().unwrap(), &anna).await;
    assert_eq!((caller.user.as_str(), caller.role), ("company/anna", Role::Member));
    assert_eq!(&*caller.groups, ["sales".into()]);
}

#[tokio::test]
async fn other_tokens_are_refused() {
    let case = Case::new().await;
    let now = jiff::Timestamp::now().as_second();
    let with = |change: Value| case.key.token(&header(), &case.claims(change));
    let headed = |header: Value| case.key.token(&header, &case.claims(json!({})));
    let other = Key::new();
    let good = with(json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    for (name, token) in [
        ("audience", with(json!({ "aud": "https://other.example.com/mcp" }))),
        ("audience of the host", with(json!({ "aud": ORIGIN }))),
        ("no audience", with(json!({ "aud": null }))),
        ("expired", with(json!({ "exp": now - 61 }))),
        ("no end", with(json!({ "exp": null }))),
        ("not yet", with(json!({ "nbf": now + 120 }))),
        ("issuer", with(json!({ "iss": format!("{}/", case.pages.url) }))),
        ("our own issuer", with(json!({ "iss": ORIGIN }))),
        ("user", with(json!({ "sub": null }))),
        ("identity token", with(json!({ "at_hash": "x" }))),
        ("none", headed(json!({ "alg": "none", "kid": "one" }))),
        ("HS256", headed(json!({ "alg": "HS256", "kid": "one" }))),
        ("RS256 for an EC key", headed(json!({ "alg": "RS256", "kid": "one" }))),
        ("unknown key", headed(json!({ "alg": "ES256", "kid": "two" }))),
        ("kind", headed(json!({ "alg": "ES256", "kid": "one", "typ": "id+jwt" }))),
        ("critical", headed(json!({ "alg": "ES256", "kid": "one", "crit": ["x"] }))),
        ("another key of that name", other.token(&header(), &case.claims(json!({})))),
        (
            "a key along with it",
            other.token(
                &json!({ "alg": "ES256", "kid": "one", "jwk": other.jwk("one") }),
                &case.claims(json!({})),
            ),
        ),
        ("unsigned", format!("{signed}.")),
        ("cut off", cut(&good).to_owned()),
        ("long", with(json!({ "x": "x".repeat(20_000) }))),
    ] {
        let answer = case.server.call(&token).await;
        assert!(matches!(answer.status, 401 | 429), "{name}: {answer:?}");
    }
    // Whoever shows a token that was good once has to hear that it is over, whatever others showed.
    for _ in 0..30 {
        assert_eq!(case.server.call(&with(json!({ "exp": now - 61 }))).await.status, 401);
    }
    assert_eq!(case.server.call(&good).await.status, 200);
    assert_eq!(case.pages.asked("/keys"), 1, "bad tokens are no reason to ask again");
}

#[tokio::test]
async fn while_the_provider_is_away_nobody_is_guessed() {
    let case = Case::new().await;
    case.pages.show("/keys", &json!({ "keys": [] }));
    let token = case.key.token(&header(), &case.claims(json!({})));
    let answer = case.server.call(&token).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
}
