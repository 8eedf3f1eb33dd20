//! What the editor of the policy asks while somebody types.

use serde_json::{Value, json};

use super::place::{Browser, open};

async fn asked(browser: &mut Browser, what: &str, fields: &[(&str, &str)]) -> Value {
    let answer = browser.press(&format!("/console/policy/{what}"), fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn problems_come_with_their_places_and_nothing_is_written_down() {
    let place = open().await;
    let mut browser = Browser::of(&place, "aude").await;
    let before = place.log();
    let text = "{\n  \"version\": \"1\",\n  \"default\": \"alow\"\n}";
    let found = asked(&mut browser, "lint", &[("text", text)]).await;
    let problem = &found["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&json!(3), &json!(14)), "{found}");
    assert_eq!(
        (&problem["pointer"], &problem["suggestion"]),
        (&json!("/default"), &json!("allow")),
        "{found}"
    );
    let at = usize::try_from(problem["at"].as_u64().unwrap()).unwrap();
    assert_eq!(text.get(at..at + 6).unwrap(), "\"alow\"");
    let syntax = asked(&mut browser, "lint", &[("text", "{\n  \"version\": ")]).await;
    assert_eq!((&syntax["count"], &syntax["problems"][0]["line"]), (&json!(1), &json!(2)), "{syntax}");
    let good = asked(&mut browser, "lint", &[("text", "{\"version\": \"1\", \"default\": \"allow\"}")]).await;
    assert_eq!(good["count"], 0);
    assert_eq!(place.log(), before);
}

#[tokio::test]
async fn what_may_stand_at_the_cursor_is_offered() {
    let place = open().await;
    let mut browser = Browser::of(&place, "oskar").await;
    let text = "{\"x-ü\": 1, \"tools\": {\"odoo_unl\"}}";
    let at = text.get(..text.find("unl").unwrap() + 3).unwrap().encode_utf16().count().to_string();
    let found = asked(&mut browser, "complete", &[("text", text), ("at", &at)]).await;
    assert_eq!(found["offers"][0]["label"], "odoo_unlink", "{found}");
    assert_eq!(found["offers"][0]["insert"], "\"odoo_unlink\": {}");
    assert_eq!((&found["from"], &found["to"]), (&json!(21), &json!(31)));
    for (text, at, label) in [
        ("{\"connections\": {\"\"}}", "18", "default"),
        ("{\"grants\": {\"mi\"}}", "15", "mia"),
        ("{\"default\": \"\"}", "13", "deny"),
    ] {
        let found = asked(&mut browser, "complete", &[("text", text), ("at", at)]).await;
        let labels: Vec<&str> =
            found["offers"].as_array().unwrap().iter().filter_map(|one| one["label"].as_str()).collect();
        assert!(labels.contains(&label), "{text} {labels:?}");
    }
    for at in ["", "-1", "x", "99999999999999999999"] {
        assert_eq!(
            asked(&mut browser, "complete", &[("text", text), ("at", at)]).await["offers"],
            json!([]),
            "{at}"
        );
    }
}

#[tokio::test]
async fn only_who_sees_the_policy_may_ask_and_not_too_often() {
    let place = open().await;
    let mut member = Browser::of(&place, "mia").await;
    for what in ["lint", "complete"] {
        let path = format!("/console/policy/{what}");
        assert_eq!(member.press(&path, &[("text", "{}"), ("at", "1")]).await.status, 403);
        let mut browser = Browser::of(&place, "olga").await;
        assert_eq!(browser.post(&path, &[("text", "{}"), ("csrf", "wrong")]).await.status, 403);
        assert_eq!(browser.get(&path).await.status, 404);
    }
    let mut browser = Browser::of(&place, "olga").await;
    let csrf = browser.csrf().await;
    let mut refused = 0;
    for _ in 0..120 {
        let fields = [("csrf", csrf.as_str()), ("text", "{}"), ("at", "1")];
        refused += u32::from(browser.post("/console/policy/complete", &fields).await.status == 429);
    }
    assert!(refused > 0);
    assert_eq!(browser.get("/console/policy").await.status, 200, "the page itself goes on");
}
