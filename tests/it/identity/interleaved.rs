//! Two people at the same time: each is who they are, in each of a thousand calls.

use std::sync::Arc;

use odoo_mcp::facts::Role;
use serde_json::{Value, json};

use super::place::{Place, open};

const CALLS: usize = 1_000;
const AT_ONCE: usize = 10;

/// A user, their token and its scopes.
type Somebody = (&'static str, String, &'static [&'static str]);

async fn ask(place: &Place, who: &Somebody, other: &str, number: usize) {
    let (user, token, scopes) = who;
    let (tool, arguments) = if number.is_multiple_of(3) {
        // A name in an argument makes nobody somebody else.
        ("identify", json!({ "name": other }))
    } else {
        ("who_am_i", json!({}))
    };
    let answer = place.call(token, tool, arguments).await.message();
    let me = &answer["result"]["structuredContent"];
    assert_eq!(me["user"], **user, "{answer}");
    assert_eq!(me["grant"], format!("grant-of-{user}"), "{answer}");
    if tool == "who_am_i" {
        assert_eq!(me["scopes"], json!(scopes), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_interleaved_calls_never_cross_over() {
    let place = Arc::new(open().await);
    place.add("anna", Role::Operator).await;
    place.add("bert", Role::Member).await;
    let (of_anna, _) = place.token("anna", "odoo:read odoo:write").await;
    let (of_bert, _) = place.token("bert", "odoo:read").await;
    let anna: Somebody = ("anna", of_anna, &["odoo:read", "odoo:write"]);
    let bert: Somebody = ("bert", of_bert, &["odoo:read"]);
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|worker| {
            let (place, anna, bert) = (Arc::clone(&place), anna.clone(), bert.clone());
            tokio::spawn(async move {
                for number in 0..CALLS / AT_ONCE {
                    let (who, other) =
                        if (worker + number).is_multiple_of(2) { (&anna, "bert") } else { (&bert, "anna") };
                    ask(&place, who, other, number).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let log = std::fs::read_to_string(place.state().join("audit.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let calls_of = |user: &str| {
        lines.iter().filter(|line| line["event"] == "open" && line["caller"]["user"] == user).count()
    };
    assert_eq!((calls_of("anna"), calls_of("bert")), (CALLS / 2, CALLS / 2));
}
