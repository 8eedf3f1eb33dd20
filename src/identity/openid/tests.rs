//! A token from a provider on this machine, from its text to the user it means.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// A provider that answers every path with what it was told to.
struct Issuer {
    url: String,
    pages: Arc<Mutex<Vec<(String, String)>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let asked = Arc::new(AtomicUsize::new(0));
        let (own, count) = (Arc::clone(&pages), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut head = vec![0; 4096];
                let read = tcp.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let page = own.lock().unwrap().iter().find(|(known, _)| *known == path).cloned();
                let (status, body) =
                    page.map_or(("404 Not Found", String::new()), |(_, body)| ("200 OK", body));
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = tcp.write_all(answer.as_bytes()).await;
            }
        });
        let issuer = Self { url, pages, asked };
        issuer.show(
            "/.well-known/openid-configuration",
            &json!({
                "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url),
            }),
        );
        issuer.show("/keys", &json!({ "keys": [jwk("a", &pair(1))] }));
        issuer
    }

    fn show(&self, path: &str, page: &Value) {
        let mut pages = self.pages.lock().unwrap();
        pages.retain(|(known, _)| known != path);
        pages.push((path.to_owned(), page.to_string()));
    }

    fn openid(&self) -> OpenId {
        let settings = OpenIdSettings { issuer: Some(self.url.clone()), ..OpenIdSettings::default() };
        let public = PublicUrl::of(&url::Url::parse("https://mcp.example.com").unwrap());
        OpenId::of(&settings, &public, None).unwrap()
    }

    fn claims(&self) -> Value {
        let now = Timestamp::now().as_second();
        json!({ "iss": self.url, "aud": "https://mcp.example.com/mcp", "sub": "u1", "exp": now + 60, "iat": now })
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn jwk(kid: &str, pair: &Ed25519KeyPair) -> Value {
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
}

fn sign(header: &Value, claims: &Value, pair: &Ed25519KeyPair) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "a" })
}

async fn verify(openid: &OpenId, token: &str) -> Result<Verified, TokenError> {
    openid.verify(token, Timestamp::now()).await
}

#[tokio::test]
async fn a_token_of_the_provider_is_its_user() {
    let issuer = Issuer::start().await;
    let openid = issuer.openid();
    let token = sign(&header(), &issuer.claims(), &pair(1));
    assert!(openid.is_shaped(&token));
    for _ in 0..5 {
        assert_eq!(verify(&openid, &token).await.unwrap().user.as_str(), "openid/u1");
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 2, "the description and the keys, once");
    let later = Timestamp::now() + jiff::SignedDuration::from_secs(121);
    assert_eq!(openid.verify(&token, later).await, Err(TokenError::Expired), "remembered no longer");
}

#[tokio::test]
async fn other_tokens_are_nobody() {
    let issuer = Issuer::start().await;
    let openid = issuer.openid();
    let claims = issuer.claims();
    let good = sign(&header(), &claims, &pair(1));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other_claims = URL_SAFE_NO_PAD.encode(json!({ "iss": issuer.url, "sub": "root" }).to_string());
    let swapped = format!("{}.{other_claims}.{signature}", signed.split_once('.').unwrap().0);
    let twice = {
        let head = URL_SAFE_NO_PAD.encode(header().to_string());
        let body = URL_SAFE_NO_PAD.encode(claims.to_string().replacen('{', "{\"sub\":\"root\",", 1));
        let signed = format!("{head}.{body}");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair(1).sign(signed.as_bytes())))
    };
    let foreign = json!({ "alg": "EdDSA", "kid": "a", "jwk": jwk("a", &pair(2)) });
    for (token, error) in [
        (sign(&header(), &claims, &pair(2)), TokenError::Signature),
        (sign(&foreign, &claims, &pair(2)), TokenError::Signature),
        (sign(&json!({ "alg": "EdDSA", "kid": "b" }), &claims, &pair(1)), TokenError::UnknownKey),
        (sign(&json!({ "alg": "ES256", "kid": "a" }), &claims, &pair(1)), TokenError::UnknownKey),
        (sign(&json!({ "alg": "none", "kid": "a" }), &claims, &pair(1)), TokenError::Algorithm),
        (sign(&json!({ "alg": "HS256", "kid": "a" }), &claims, &pair(1)), TokenError::Algorithm),
        (format!("{signed}."), TokenError::Signature),
        (format!("{good}="), TokenError::Form),
        (swapped, TokenError::Signature),
        (twice, TokenError::Form),
    ] {
        assert_eq!(verify(&openid, &token).await, Err(error), "{token}");
    }
    assert!(verify(&openid, &good).await.is_ok());
}

#[tokio::test]
async fn the_description_of_another_issuer_brings_no_keys() {
    let issuer = Issuer::start().await;
    let token = sign(&header(), &issuer.claims(), &pair(1));
    let keys = format!("{}/keys", issuer.url);
    for page in [
        json!({ "issuer": format!("{}/", issuer.url), "jwks_uri": keys }),
        json!({ "issuer": "https://evil.example", "jwks_uri": keys }),
        json!({ "issuer": issuer.url, "jwks_uri": "http://keys.example.com/keys" }),
        json!({ "issuer": issuer.url, "jwks_uri": "file:///etc/passwd" }),
        json!({ "issuer": issuer.url }),
        json!([]),
    ] {
        issuer.show("/.well-known/openid-configuration", &page);
        assert_eq!(verify(&issuer.openid(), &token).await, Err(TokenError::Unavailable), "{page}");
    }
}

#[tokio::test]
async fn keys_of_one_name_are_nobodys() {
    let issuer = Issuer::start().await;
    issuer.show("/keys", &json!({ "keys": [jwk("a", &pair(1)), jwk("a", &pair(2))] }));
    let token = sign(&header(), &issuer.claims(), &pair(1));
    assert_eq!(verify(&issuer.openid(), &token).await, Err(TokenError::UnknownKey));
    // A token that names no key is held against an only key, and no other.
    let nameless = sign(&json!({ "alg": "EdDSA" }), &issuer.claims(), &pair(1));
    issuer.show("/keys", &json!({ "keys": [jwk("a", &pair(1)), jwk("b", &pair(2))] }));
    assert_eq!(verify(&issuer.openid(), &nameless).await, Err(TokenError::UnknownKey));
    issuer.show("/keys", &json!({ "keys": [jwk("a", &pair(1))] }));
    assert!(verify(&issuer.openid(), &nameless).await.is_ok());
}
