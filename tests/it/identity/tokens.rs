//! Personal access tokens: who holds one is let in for as long as it is good, and nobody else is.

use odoo_mcp::{facts::Role, identity::TOKEN_PREFIX};
use serde_json::json;

use super::place::{bearing, name, open};
use crate::transport::{call, in_session, initialize, wire::HttpRequest};

async fn status(place: &super::place::Place, token: &str) -> u16 {
    place.call(token, "odoo_search_count", json!({ "model": "res.partner" })).await.status
}

#[tokio::test]
async fn a_token_is_good_until_it_is_revoked_in_whichever_process() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, token) = place.token("anna", "odoo:read").await;
    assert!(secret.starts_with(TOKEN_PREFIX) && secret.len() == TOKEN_PREFIX.len() + 43);
    assert_eq!(status(&place, &secret).await, 200);
    let used = place.people.tokens().list().await.unwrap();
    assert!(used[0].used_at.is_some());

    assert!(place.elsewhere().tokens().revoke("no-such-token").await.unwrap().is_none());
    assert!(place.elsewhere().tokens().revoke(&token.id).await.unwrap().is_some());
    assert_eq!(status(&place, &secret).await, 401);
    place.is_nowhere(&secret);
}

#[tokio::test]
async fn the_log_names_who_called_and_under_which_grant() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, _) = place.token("anna", "odoo:read").await;
    assert_eq!(status(&place, &secret).await, 200);
    let log = std::fs::read_to_string(place.state().join("audit.jsonl")).unwrap();
    assert!(log.contains("\"grant-of-anna\"") && log.contains("\"anna\""), "{log}");
    assert!(!log.contains(&secret));
}

#[tokio::test]
async fn a_disabled_account_and_an_account_without_that_role_lose_their_tokens() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, _) = place.token("anna", "odoo:read odoo:write").await;
    let elsewhere = place.elsewhere();
    elsewhere.accounts().set_disabled(&name("anna"), true).await.unwrap();
    assert_eq!(status(&place, &secret).await, 401);
    elsewhere.accounts().set_disabled(&name("anna"), false).await.unwrap();
    assert_eq!(status(&place, &secret).await, 200);

    elsewhere.accounts().set_role(&name("anna"), Role::Auditor).await.unwrap();
    let write = json!({ "model": "res.partner", "values": { "name": "x" } });
    assert_eq!(place.call(&secret, "odoo_create", write).await.status, 403);
    assert_eq!(status(&place, &secret).await, 200);
}

#[tokio::test]
async fn nothing_else_is_a_token() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, token) = place.token("anna", "odoo:read").await;
    let mut changed = secret.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    for wrong in [
        changed.as_str(),
        TOKEN_PREFIX,
        secret.strip_prefix(TOKEN_PREFIX).unwrap(),
        &secret.to_uppercase(),
        &format!("{secret}x"),
        token.id.as_str(),
        "omcp_pat_../../accounts",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        let answer = place.call(wrong, "odoo_search_count", json!({ "model": "res.partner" })).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
        assert!(!answer.body.contains(wrong) || wrong == TOKEN_PREFIX, "{answer:?}");
    }
    let without = place.send(&HttpRequest::message(&initialize(0, "2025-11-25"))).await;
    assert_eq!(without.status, 401);
    assert_eq!(status(&place, &secret).await, 200);
}

#[tokio::test]
async fn who_guesses_waits_and_who_knows_comes_in() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, _) = place.token("anna", "odoo:read").await;
    let mut waits = Vec::new();
    for n in 0..26 {
        let guess = format!("{TOKEN_PREFIX}{n}");
        let answer = place.call(&guess, "odoo_search_count", json!({})).await;
        if answer.status == 429 {
            waits.push(answer.header("retry-after").unwrap().parse::<u64>().unwrap());
        }
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64], "waits grow");
    assert_eq!(status(&place, &secret).await, 200, "from the same address");
}

#[tokio::test]
async fn a_stolen_session_id_is_nothing_without_its_token() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    place.add("bert", Role::Member).await;
    let (of_anna, token) = place.token("anna", "odoo:read").await;
    let (of_bert, _) = place.token("bert", "odoo:read").await;
    let hello = bearing(HttpRequest::message(&initialize(0, "2025-11-25")), &of_anna);
    let session = place.send(&hello).await.header("mcp-session-id").unwrap().to_owned();
    let asked = in_session(&call(1, "odoo_search_count", json!({ "model": "res.partner" })), &session);
    for method in ["POST", "GET", "DELETE"] {
        let stolen = bearing(asked.clone().method(method), &of_bert);
        assert_eq!(place.send(&stolen).await.status, 404, "{method}");
        assert_eq!(place.send(&asked.clone().method(method)).await.status, 401, "{method}");
    }
    assert_eq!(place.send(&bearing(asked.clone(), &of_anna)).await.status, 200);
    place.people.tokens().revoke(&token.id).await.unwrap();
    assert_eq!(place.send(&bearing(asked, &of_anna)).await.status, 401);
}

#[tokio::test]
async fn without_the_store_nobody_comes_in() {
    let place = open().await;
    place.add("anna", Role::Member).await;
    let (secret, _) = place.token("anna", "odoo:read").await;
    let broken = super::place::open().await;
    let path = broken.state().join("shared.sqlite3");
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, b"this is no database, whatever its name says").unwrap();
    assert_eq!(status(&broken, &secret).await, 503);
}
