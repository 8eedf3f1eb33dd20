//! What pages show, with which headers, and what they never show.

use serde_json::json;

use super::place::{Browser, PAGES, PASSWORD, open};

#[tokio::test]
async fn every_page_answers_with_its_headers_and_without_secrets() {
    let place = open().await;
    place.ask("mia", "Something new").await;
    for user in ["olga", "oskar", "aude"] {
        let mut browser = Browser::of(&place, user).await;
        let session = browser.cookies.iter().find(|(name, _)| name == "odoo-mcp").unwrap().1.clone();
        for path in PAGES {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 200, "{user} {path} {}", answer.body);
            for (header, says) in [
                ("content-security-policy", "default-src 'none'; style-src 'self'; script-src 'self';"),
                ("content-security-policy", "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert!(answer.header(header).unwrap().contains(says), "{path} {header}");
            }
            for secret in [PASSWORD, session.as_str(), "omcp_pat_", "$argon2"] {
                assert!(!answer.body.contains(secret), "{path} shows {secret}");
            }
            for foreign in ["http://www", "https://", "<style", " style=", "onclick", "javascript:"] {
                let body = answer.body.replace("&quot;", "");
                assert!(!body.split("<textarea").next().unwrap().contains(foreign), "{path} {foreign}");
            }
            let scripts = answer.body.matches("<script").count();
            let expected = if *path == "/console/policy" { 2 } else { 1 };
            assert!(
                scripts == expected && answer.body.contains("<script src=\"/console/assets/console-"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn assets_are_served_under_names_of_their_content() {
    let place = open().await;
    let mut browser = Browser::of(&place, "olga").await;
    let page = browser.get("/console").await.body;
    for (start, kind) in
        [("href=\"/console/assets/", "text/css"), ("src=\"/console/assets/", "text/javascript")]
    {
        let name = page.split(start).nth(1).unwrap().split('"').next().unwrap();
        let answer = browser.get(&format!("/console/assets/{name}")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").unwrap().starts_with(kind));
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
    }
    assert_eq!(browser.get("/console/assets/console-0000.css").await.status, 404);
}

#[tokio::test]
async fn nothing_that_callers_send_becomes_markup() {
    let place = open().await;
    let mut browser = Browser::of(&place, "olga").await;
    let corpus = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg/onload=alert(1)>",
        "</pre></section><h1 id=owned>",
        "</textarea><script>alert(1)</script>",
        "\u{202e}gnp.<b>exe",
    ];
    for text in corpus {
        place.ask("mia", text).await;
        place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1], "connection": text})).await;
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in [
            "/console/approvals".to_owned(),
            format!("/console/activity?tool={query}&user={query}&connection={query}&since={query}"),
            format!("/console/policy/version?id={query}"),
            format!("/console/people?done={query}"),
        ] {
            let body = browser.get(&path).await.body;
            for bad in ["<script>alert", "<img", "<svg/", "<h1 id=owned", "<b>exe", "\u{202e}"] {
                assert!(!body.contains(bad), "{path} {bad}");
            }
        }
        let answer =
            browser.press("/console/policy/check", &[("text", text), ("base", text), ("call", text)]).await;
        assert!(
            answer.status == 422 && !answer.body.contains("<script>alert") && !answer.body.contains("<img")
        );
    }
}

#[tokio::test]
async fn a_call_is_found_and_shown_from_door_to_door() {
    let place = open().await;
    place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1], "fields": ["name"]})).await;
    let mut browser = Browser::of(&place, "aude").await;
    let list = browser.get("/console/activity?tool=odoo_read&outcome=done&user=mia").await.body;
    let address = list.split("href=\"/console/activity/").nth(1).expect("a call").split('"').next().unwrap();
    let call = browser.get(&format!("/console/activity/{address}")).await.body;
    assert!(call.contains("Opened and decided") && call.contains("res.partner"), "{call}");
    for nothing in
        ["?outcome=failed", "?user=olga&tool=odoo_read", "?since=2999", "?until=1999", "?connection=other"]
    {
        let body = browser.get(&format!("/console/activity{nothing}")).await.body;
        assert!(body.contains("No call fits."), "{nothing}");
    }
    let verified = browser.press("/console/activity/verify", &[]).await;
    assert!(verified.body.contains("The chain holds."), "{}", verified.body);
}

#[tokio::test]
async fn a_broken_chain_is_told() {
    let place = open().await;
    place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1]})).await;
    let mut browser = Browser::of(&place, "olga").await;
    let path = place.folder.path().join("state/audit.jsonl");
    let changed = place.log().replacen("odoo_read", "odoo_rear", 1);
    std::fs::write(&path, changed).unwrap();
    let verified = browser.press("/console/activity/verify", &[]).await;
    assert!(verified.body.contains("The chain is broken"), "{}", verified.body);
}
