//! What a token is for: seen in the list, told at the door, and held to in the corridor.

use odoo_mcp::facts::Role;
use serde_json::{Value, json};

use super::place::{Place, open};

async fn check(place: &Place, token: &str, tool: &str, arguments: Value, missing: Option<&str>) {
    let answer = place.call(token, tool, arguments.clone()).await;
    match missing {
        Some(scope) => {
            assert_eq!(answer.status, 403, "{tool} {arguments}: {answer:?}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer error=\"insufficient_scope\", scope=\""), "{challenge}");
            assert!(challenge.contains(scope), "{challenge}");
            assert!(answer.body.contains(scope));
        }
        None => {
            assert_eq!(answer.status, 200, "{tool} {arguments}: {answer:?}");
            let code = &answer.message()["result"]["structuredContent"]["code"];
            assert_ne!(code, "insufficient_scope");
        }
    }
}

#[tokio::test]
async fn a_call_needs_the_scope_of_what_it_does() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let (read, _) = place.token("anna", "odoo:read").await;
    let (write, _) = place.token("anna", "odoo:read odoo:write").await;
    let (all, _) = place.token("anna", "odoo:read odoo:write odoo:admin").await;
    let (blind, _) = place.token("anna", "odoo:write").await;

    let count = || json!({ "model": "res.partner" });
    let create = || json!({ "model": "res.partner", "values": { "name": "Scope" } });
    let unlink = |dry_run: bool| json!({ "model": "res.partner", "ids": [999_999], "dry_run": dry_run });
    let execute = |method: &str| json!({ "model": "res.partner", "method": method, "ids": [999_999] });
    for (token, tool, arguments, missing) in [
        (&read, "odoo_search_count", count(), None),
        (&read, "odoo_create", create(), Some("odoo:write")),
        (&read, "odoo_unlink", unlink(false), Some("odoo:admin")),
        (&read, "odoo_unlink", unlink(true), None),
        (&read, "odoo_execute", execute("unlink"), Some("odoo:admin")),
        (&read, "odoo_disconnect", json!({ "alias": "default" }), Some("odoo:admin")),
        (&write, "odoo_create", create(), None),
        (&write, "odoo_unlink", unlink(false), Some("odoo:admin")),
        (&write, "odoo_execute", execute("unlink"), Some("odoo:admin")),
        (&write, "odoo_disconnect", json!({ "alias": "default" }), Some("odoo:admin")),
        (&write, "odoo_cert_refresh", json!({ "alias": "default" }), Some("odoo:admin")),
        (&all, "odoo_unlink", unlink(false), None),
        (&blind, "odoo_search_count", count(), Some("odoo:read")),
        (&blind, "odoo_create", create(), None),
    ] {
        check(&place, token, tool, arguments, missing).await;
    }
    let log = std::fs::read_to_string(place.state().join("audit.jsonl")).unwrap();
    assert!(log.contains("insufficient_scope"), "what was tried is in the log");
}

#[tokio::test]
async fn a_list_shows_what_the_token_is_for() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let (read, _) = place.token("anna", "odoo:read").await;
    let (write, _) = place.token("anna", "odoo:read odoo:write").await;
    let (all, _) = place.token("anna", "odoo:read odoo:write odoo:admin").await;
    let (read, write, all) =
        (place.listed(&read).await, place.listed(&write).await, place.listed(&all).await);
    let has = |list: &[String], tool: &str| list.iter().any(|name| name == tool);
    for (tool, in_read, in_write) in [
        ("odoo_search_count", true, true),
        ("odoo_create", false, true),
        ("odoo_unlink", false, false),
        ("odoo_connect", false, false),
    ] {
        assert_eq!(
            (has(&read, tool), has(&write, tool), has(&all, tool)),
            (in_read, in_write, true),
            "{tool}"
        );
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_told_apart() {
    let place = super::place::open_under(json!({ "hide": ["odoo_create"] }), Default::default()).await;
    place.add("anna", Role::Owner).await;
    let (read, _) = place.token("anna", "odoo:read").await;
    for tool in ["odoo_create", "no_such_tool"] {
        let answer = place.call(&read, tool, json!({})).await;
        assert_eq!(answer.message()["error"]["message"], format!("unknown tool: {tool}"));
    }
    let wrong = place.call(&read, "odoo_unlink", json!({ "nonsense": 1 })).await;
    assert_eq!(wrong.message()["result"]["structuredContent"]["code"], "invalid_arguments");
}

#[tokio::test]
async fn an_account_gets_no_token_beyond_its_role() {
    let place = open().await;
    place.add("anna", Role::Auditor).await;
    let settings = place.people.settings().clone();
    let new = |scopes: &str, days: u64| odoo_mcp::identity::NewToken {
        user: super::place::name("anna"),
        label: "test".to_owned(),
        grant: None,
        scopes: odoo_mcp::facts::Scopes::parse(scopes).unwrap(),
        days,
    };
    for (scopes, days) in
        [("odoo:write", 1), ("odoo:read odoo:admin", 1), ("", 1), ("odoo:read", 0), ("odoo:read", 367)]
    {
        assert!(place.people.tokens().create(new(scopes, days), &settings).await.is_err(), "{scopes} {days}");
    }
    assert!(place.people.tokens().create(new("odoo:read", 366), &settings).await.is_ok());
    let unknown =
        odoo_mcp::identity::NewToken { user: super::place::name("nobody-here"), ..new("odoo:read", 1) };
    assert!(place.people.tokens().create(unknown, &settings).await.is_err());
}
