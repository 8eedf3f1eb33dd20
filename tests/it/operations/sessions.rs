//! Sessions of one caller beside those of others: a cap for each, and what becomes of those that rest.

use serde_json::json;

use super::place::{MEMBER, OPERATOR, Place, open};
use crate::transport::{
    call, in_session, initialize,
    wire::{HttpAnswer, HttpRequest},
};

/// More than a server keeps awake without need.
const MANY: usize = 300;

async fn hello(place: &Place, token: &str) -> HttpAnswer {
    place.send(HttpRequest::message(&initialize(0, "2025-11-25")), Some(token)).await
}

async fn session(place: &Place, token: &str) -> String {
    let answer = hello(place, token).await;
    let session = answer.header("mcp-session-id").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(place.send(in_session(&initialized, &session), Some(token)).await.status, 202);
    session
}

async fn end(place: &Place, token: &str, session: &str) {
    let request = in_session(&json!({}), session).method("DELETE");
    assert_eq!(place.send(request, Some(token)).await.status, 204);
}

#[tokio::test]
async fn one_caller_cannot_take_the_sessions_of_all() {
    let place = open("[http]\nsessions_max = 5\nsessions_per_caller_max = 2").await;
    let first = session(&place, MEMBER).await;
    session(&place, MEMBER).await;
    let refused = hello(&place, MEMBER).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")), "{refused:?}");
    assert!(refused.body.contains("too many sessions"), "{refused:?}");
    for _ in 0..2 {
        session(&place, OPERATOR).await;
    }
    assert_eq!(hello(&place, OPERATOR).await.status, 429);
    // The places of the newest revision, which has no sessions, are not counted.
    assert!(place.count_partners().await["result"].is_object());
    end(&place, MEMBER, &first).await;
    session(&place, MEMBER).await;
    assert_eq!(hello(&place, MEMBER).await.status, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_many_sessions_goes_on_and_ends() {
    let lines = format!("[http]\nsessions_max = {MANY}\nsessions_per_caller_max = {MANY}");
    let place = open(&lines).await;
    let mut sessions = Vec::new();
    for _ in 0..MANY {
        sessions.push(session(&place, MEMBER).await);
    }
    let page = place.house.corridor.numbers_page(None).await;
    assert!(page.contains(&format!("\nmcp_active_sessions {MANY}\n")), "{page}");
    for session in &sessions {
        let asked = call(1, "odoo_search_count", json!({ "model": "res.partner" }));
        let answer = place.send(in_session(&asked, session), Some(MEMBER)).await;
        assert_eq!(answer.message()["result"]["isError"], json!(false), "{answer:?}");
        let stolen = place.send(in_session(&asked, session), Some(OPERATOR)).await;
        assert_eq!(stolen.status, 404, "{stolen:?}");
    }
    for session in &sessions {
        end(&place, MEMBER, session).await;
    }
    let page = place.house.corridor.numbers_page(None).await;
    assert!(page.contains("\nmcp_active_sessions 0\n"), "{page}");
}
