//! Who gets nothing: without a session, with a form of somebody else, from elsewhere, in another role.

use super::place::{Browser, PAGES, name, open};
use odoo_mcp::facts::Role;

/// Every button that changes something.
const BUTTONS: &[&str] = &[
    "/console/approvals/answer",
    "/console/policy/activate",
    "/console/policy/recommended",
    "/console/connections/check",
    "/console/connections/look",
    "/console/connections/rotate",
    "/console/people/disable",
    "/console/people/role",
    "/console/plugins/reload",
    "/console/pause",
];

#[tokio::test]
async fn without_a_session_there_is_only_the_sign_in() {
    let place = open().await;
    let mut browser = Browser::new(&place);
    for path in PAGES {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").unwrap().starts_with("/sign-in?next=%2Fconsole"), "{path}");
        assert!(answer.body.is_empty());
    }
    for path in BUTTONS {
        let answer = browser.post(path, &[("csrf", "x")]).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/sign-in?next=/console")),
            "{path}"
        );
    }
    browser.cookies.push(("odoo-mcp".to_owned(), "made-up".to_owned()));
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_does_nothing() {
    let place = open().await;
    let id = place.ask("mia", "New name").await;
    let mut browser = Browser::of(&place, "olga").await;
    let mut other = Browser::of(&place, "oskar").await;
    let foreign = other.csrf().await;
    let own = browser.csrf().await;
    for csrf in
        [vec![], vec![("csrf", "")], vec![("csrf", foreign.as_str())], vec![("csrf", &own), ("csrf", &own)]]
    {
        let mut fields = csrf;
        fields.extend([("id", id.as_str()), ("answer", "approve")]);
        assert_eq!(browser.post("/console/approvals/answer", &fields).await.status, 403);
    }
    browser.origin = "https://evil.example".to_owned();
    let fields = [("csrf", own.as_str()), ("id", id.as_str()), ("answer", "approve")];
    assert_eq!(browser.post("/console/approvals/answer", &fields).await.status, 403);
    let open = place.house.corridor.approvals().unwrap().list().unwrap();
    assert!(open.iter().all(|entry| entry.is_pending(jiff::Timestamp::now())));
    assert!(!place.log().contains("\"granted\""));
}

#[tokio::test]
async fn roles_reach_as_far_as_they_do() {
    let place = open().await;
    for (user, closed) in [
        ("aude", &[][..]),
        ("mia", &["/console/policy", "/console/connections", "/console/plugins", "/console/usage"][..]),
    ] {
        let mut browser = Browser::of(&place, user).await;
        for path in PAGES {
            let status = if closed.contains(path) { 403 } else { 200 };
            assert_eq!(browser.get(path).await.status, status, "{user} {path}");
        }
        for path in BUTTONS {
            let answer = browser.press(path, &[("id", "0123456789"), ("answer", "approve")]).await;
            assert_eq!(answer.status, 403, "{user} {path}");
        }
    }
    let mut browser = Browser::of(&place, "mia").await;
    for path in ["/console/activity/verify", "/console/policy/check", "/console/policy/simulate"] {
        assert_eq!(browser.press(path, &[("text", "{}")]).await.status, 403, "{path}");
    }
    let mut operator = Browser::of(&place, "oskar").await;
    for (path, fields) in [
        ("/console/people/role", [("user", "mia"), ("role", "owner")]),
        ("/console/people/disable", [("user", "olga"), ("disabled", "yes")]),
    ] {
        let answer = operator.press(path, &fields).await;
        assert!(matches!(answer.status, 403 | 422), "{path} {}", answer.status);
    }
    for path in ["/console/nothing", "/console/policy/x", "/console/activity/0000", "/console/tools/x"] {
        assert_eq!(operator.get(path).await.status, 404, "{path}");
        assert_eq!(operator.press(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_with_the_next_request() {
    let place = open().await;
    let mut browser = Browser::of(&place, "oskar").await;
    assert_eq!(browser.get("/console/policy").await.status, 200);
    place.house.people.accounts().set_role(&name("oskar"), Role::Member).await.unwrap();
    assert_eq!(browser.get("/console/policy").await.status, 403);
    place.house.people.accounts().set_disabled(&name("oskar"), true).await.unwrap();
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn members_see_their_own_things_only() {
    let place = open().await;
    place.call("olga", "odoo_read", serde_json::json!({"model": "res.partner", "ids": [1]})).await;
    place.ask("oskar", "Of an operator").await;
    let mut browser = Browser::of(&place, "mia").await;
    let body = browser.get("/console/activity").await.body;
    assert!(!body.contains("olga") && body.contains("No call fits."), "{body}");
    assert!(!browser.get("/console/approvals").await.body.contains("Of an operator"));
    let people = browser.get("/console/people").await.body;
    assert!(!people.contains("olga") && people.contains("mia"), "{people}");
    let log = place.log();
    let line = log.lines().find(|line| line.contains("\"event\":\"open\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let call = line["call"].as_str().unwrap();
    assert_eq!(browser.get(&format!("/console/activity/{call}")).await.status, 404);
}
