//! `/livez`, `/readyz` and `/health`: what strangers and operators learn.

use serde_json::{Value, json};

use super::place::{MEMBER, OPERATOR, open};
use crate::transport::wire::HttpRequest;

#[tokio::test]
async fn a_server_that_can_take_calls_says_so_and_nothing_else() {
    let place = open("").await;
    assert_eq!(place.get("/livez", None).await.body, "ok\n");
    let ready = place.get("/readyz", None).await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        serde_json::from_str::<Value>(&ready.body).unwrap(),
        json!({ "status": "ready", "reasons": [] })
    );
    assert_eq!(ready.header("cache-control"), Some("no-store"));
    // A probe comes under any name: an orchestrator knows the address alone.
    assert_eq!(place.send(HttpRequest::get("/readyz").with("host", "10.0.0.7:8084"), None).await.status, 200);
    for path in ["/livez", "/readyz", "/health"] {
        for token in [None, Some(MEMBER)] {
            let answer = place.get(path, token).await;
            let all = format!("{}{}", answer.head, answer.body).to_lowercase();
            for word in ["default", "admin", "sandbox", "127.0.0.1", "state", "0.1.0"] {
                assert!(
                    !all.contains(word) || path == "/readyz" && word == "state" && !all.contains("state_"),
                    "{path}: {all}"
                );
            }
        }
    }
}

#[tokio::test]
async fn those_who_run_it_see_more_and_wrong_tokens_see_nothing() {
    let place = open("").await;
    place.count_partners().await;
    let report: Value = serde_json::from_str(&place.get("/health", Some(OPERATOR)).await.body).unwrap();
    assert_eq!(report["status"], "ready");
    assert_eq!(report["connections"][0]["alias"], "default");
    assert_eq!(report["connections"][0]["signed_in"], true);
    assert!(!report.to_string().contains("password"));
    for token in ["", "x", "token-of-the-operato"] {
        assert_eq!(place.get("/health", Some(token)).await.status, 401, "{token}");
    }
    let foreign = HttpRequest::get("/health").with("host", "evil.example.com");
    assert_eq!(place.send(foreign, Some(OPERATOR)).await.status, 403);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_a_reason() {
    let place = open("").await;
    place.count_partners().await;
    let log = place.state().join("audit.jsonl");
    std::fs::rename(&log, place.state().join("elsewhere")).unwrap();
    std::fs::create_dir(&log).unwrap();
    let ready = place.get("/readyz", None).await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("\"audit_log\""), "{ready:?}");
    assert!(!ready.body.contains("audit.jsonl"), "{ready:?}");
    assert_eq!(place.get("/livez", None).await.status, 200, "it is alive all the same");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_a_reason() {
    let place = open("").await;
    std::fs::write(place.state().join("shared.sqlite3"), "this is no database, whatever its name says")
        .unwrap();
    let ready = place.get("/readyz", None).await;
    assert_eq!((ready.status, ready.body.contains("\"state_store\"")), (503, true), "{ready:?}");
}

#[tokio::test]
async fn every_answer_has_a_name_and_takes_over_a_good_one_only() {
    let place = open("").await;
    let named = |name: &str| HttpRequest::get("/livez").with("x-request-id", name);
    assert_eq!(place.send(named("edge-01.A_b"), None).await.header("x-request-id"), Some("edge-01.A_b"));
    for bad in ["", "a b", "a\"b", "{}", &"a".repeat(65), "ä"] {
        let answer = place.send(named(bad), None).await;
        let given = answer.header("x-request-id").unwrap();
        assert!(given.len() == 24 && given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad}: {given}");
    }
}
