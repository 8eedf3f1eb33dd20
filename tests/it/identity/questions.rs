//! Questions that are answered by somebody who is signed in.

use odoo_mcp::facts::Role;
use serde_json::{Value, json};

use super::place::{Browser, PASSWORD, Place, bearing, field, open_under};
use crate::transport::{modern, request, wire::HttpRequest};

async fn place() -> Place {
    let rules =
        json!({ "tools": { "odoo_create": { "action": "require_approval", "reason": "Look first." } } });
    open_under(rules, Default::default()).await
}

async fn create(place: &Place, token: &str, name: &str, back: &Value) -> Value {
    let mut meta = modern();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": { "url": {} } });
    let arguments = json!({ "model": "res.partner", "values": { "name": name } });
    let mut params = json!({ "name": "odoo_create", "arguments": arguments, "_meta": meta });
    for (key, value) in back.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    let message = request(1, "tools/call", params);
    place.send(&bearing(HttpRequest::message(&message), token)).await.message()["result"].clone()
}

/// Opens a question; the path of its page.
async fn ask(place: &Place, token: &str, name: &str) -> String {
    let asked = create(place, token, name, &json!({})).await;
    let url = asked["inputRequests"]["approval"]["params"]["url"].as_str();
    let url = url.unwrap_or_else(|| panic!("no page in {asked}"));
    url.strip_prefix(&format!("http://{}", place.address)).unwrap().to_owned()
}

#[tokio::test]
async fn who_is_signed_in_answers_without_a_token() {
    let place = place().await;
    place.add("anna", Role::Operator).await;
    place.add("carl", Role::Auditor).await;
    let (token, _) = place.token("anna", "odoo:read odoo:write").await;
    let path = ask(&place, &token, "First").await;

    let mut browser = Browser::default();
    let page = browser.get(&place, &path).await;
    assert!(page.body.contains("Sign in to answer") && page.body.contains("name=\"token\""), "{}", page.body);
    assert_eq!(browser.post(&place, &path, &[("answer", "approve")]).await.status, 401);
    // The token that asks could be shown by its client.
    let own = [("answer", "approve"), ("token", token.as_str())];
    assert_eq!(browser.post(&place, &path, &own).await.status, 403);

    // An auditor changes nothing, and so agrees to nothing.
    let mut auditor = Browser::default();
    auditor.sign_in(&place, "carl", PASSWORD).await;
    let csrf = field(&auditor.get(&place, &path).await.body, "csrf");
    let refused = auditor.post(&place, &path, &[("answer", "approve"), ("csrf", &csrf)]).await;
    assert_eq!(refused.status, 403, "{refused:?}");

    browser.sign_in(&place, "anna", PASSWORD).await;
    let page = browser.get(&place, &path).await;
    assert!(page.body.contains("You answer as <strong>anna</strong>"), "{}", page.body);
    for fields in [vec![("answer", "approve")], vec![("answer", "approve"), ("csrf", csrf.as_str())]] {
        assert_eq!(browser.post(&place, &path, &fields).await.status, 403, "{fields:?}");
    }
    let csrf = field(&page.body, "csrf");
    let done = browser.post(&place, &path, &[("answer", "approve"), ("csrf", &csrf)]).await;
    assert!(done.status == 200 && done.body.contains("Granted"), "{done:?}");
    assert_eq!(browser.get(&place, &path).await.status, 404, "answered once");
}
