//! Approvals and the policy: what a person decides here holds for the next call, and stands in the log.

use serde_json::json;

use super::place::{Browser, field, open, policy, write};

#[tokio::test]
async fn a_write_is_approved_and_happens_once() {
    let place = open().await;
    let id = place.ask("mia", "Approved name").await;
    let mut browser = Browser::of(&place, "oskar").await;
    let queue = browser.get("/console/approvals").await.body;
    assert!(queue.contains("<th scope=\"col\">Before</th>") && queue.contains("Approved name"), "{queue}");
    assert!(!place.name_in_odoo().await.contains("Approved name"));
    let fields = [("id", id.as_str()), ("answer", "approve")];
    let answer = browser.press("/console/approvals/answer", &fields).await;
    assert_eq!(answer.header("location"), Some("/console/approvals?done=approved"), "{}", answer.body);
    assert_eq!(browser.press("/console/approvals/answer", &fields).await.status, 422, "once is enough");
    place.call("mia", "odoo_write", write("Approved name")).await;
    assert!(place.name_in_odoo().await.contains("Approved name"));
    assert!(place.log().contains("oskar (grant oskar, in the console)"));
}

#[tokio::test]
async fn a_write_is_refused_and_does_not_happen() {
    let place = open().await;
    let id = place.ask("mia", "Refused name").await;
    let mut browser = Browser::of(&place, "olga").await;
    for fields in [
        [("id", id.as_str()), ("answer", "perhaps")],
        [("id", "0000000000"), ("answer", "approve")],
        [("id", "../../x"), ("answer", "approve")],
    ] {
        assert_eq!(browser.press("/console/approvals/answer", &fields).await.status, 422);
    }
    let fields = [("id", id.as_str()), ("answer", "refuse")];
    assert_eq!(browser.press("/console/approvals/answer", &fields).await.status, 303);
    let again = place.call("mia", "odoo_write", write("Refused name")).await;
    assert!(!place.name_in_odoo().await.contains("Refused name"), "{again}");
}

#[tokio::test]
async fn a_bad_policy_is_told_with_its_place_and_changes_nothing() {
    let place = open().await;
    let mut browser = Browser::of(&place, "olga").await;
    let before = place.house.corridor.policy().digest().clone();
    let base = field(&browser.get("/console/policy").await.body, "base");
    for (text, line) in [
        ("{\n  \"version\": \"1\",\n  \"default\": \"perhaps\"\n}", "3:"),
        ("{\n  \"version\": \"1\",\n  \"tools\": {\n    \"odoo_read\": {\"action\": 7}\n  }\n}", "4:"),
        ("{\n  \"version\": ", "2:"),
    ] {
        for path in ["/console/policy/check", "/console/policy/activate"] {
            let answer = browser.press(path, &[("text", text), ("base", &base), ("call", "{}")]).await;
            assert_eq!(answer.status, 422, "{path}");
            assert!(answer.body.contains(&format!("<td>{line}")), "{line} {}", answer.body);
            assert!(answer.body.contains("cannot be used"));
        }
    }
    assert_eq!(*place.house.corridor.policy().digest(), before);
    assert_eq!(std::fs::read_to_string(place.policy_file()).unwrap(), format!("{:#}\n", policy()));
}

#[tokio::test]
async fn a_good_policy_is_compared_put_in_force_and_rolled_back() {
    let place = open().await;
    place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1]})).await;
    let mut browser = Browser::of(&place, "oskar").await;
    let base = field(&browser.get("/console/policy").await.body, "base");
    let mut new = policy();
    new["tools"]["odoo_read"] = json!({"action": "deny", "reason": "Not today."});
    let text = format!("{new:#}");
    let fields = [("text", text.as_str()), ("base", base.as_str()), ("call", "{}")];
    let shown = browser.press("/console/policy/check", &fields).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.body.contains("narrower") && shown.body.contains("would come out otherwise"),
        "{}",
        shown.body
    );
    assert!(
        place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1]})).await.contains("name")
    );

    let done = browser.press("/console/policy/activate", &fields).await;
    assert_eq!(done.header("location"), Some("/console/policy?done=activated"), "{}", done.body);
    let denied = place.call("mia", "odoo_read", json!({"model": "res.partner", "ids": [1]})).await;
    assert!(denied.contains("Not today."), "{denied}");
    let conflict = browser.press("/console/policy/activate", &fields).await;
    assert!(conflict.status == 422 && conflict.body.contains("Somebody changed"), "{}", conflict.body);
    assert!(place.log().contains("\"policy_activate\"") && place.log().contains("\"oskar\""));

    let page = browser.get("/console/policy").await.body;
    let id = page.split("/console/policy/version?id=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let earlier = browser.get(&format!("/console/policy/version?id={id}")).await.body;
    assert!(!earlier.contains("Not today."));
    for bad in ["", "..%2F..%2Fpolicy", "20000101T000000000Z"] {
        assert_eq!(browser.get(&format!("/console/policy/version?id={bad}")).await.status, 404, "{bad}");
    }
}

#[tokio::test]
async fn a_call_is_tried_and_a_rule_recommended_without_doing_either() {
    let place = open().await;
    let mut browser = Browser::of(&place, "oskar").await;
    let text = policy().to_string();
    let try_call =
        |call: &'static str| [("text", text.clone()), ("base", String::new()), ("call", call.to_owned())];
    for (call, says) in [
        (
            "{\"tool\": \"odoo_write\", \"args\": {\"model\": \"res.partner\", \"ids\": [1], \"values\": {\"name\": \"x\"}}}",
            "/tools/odoo_write",
        ),
        ("{\"tool\": 7}", "cannot be read"),
        ("no call", "cannot be read"),
    ] {
        let fields = try_call(call);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.press("/console/policy/simulate", &fields).await;
        assert!(answer.body.contains(says), "{call} {}", answer.body);
    }
    let before = place.house.corridor.policy().digest().clone();
    let shown = browser.press("/console/policy/recommended", &[("tool", "odoo_unlink")]).await;
    assert!(shown.status == 200 && shown.body.contains("Put it in force"), "{}", shown.body);
    assert_eq!(*place.house.corridor.policy().digest(), before);
    assert_eq!(browser.press("/console/policy/recommended", &[("tool", "no_such")]).await.status, 404);
}

#[tokio::test]
async fn everybody_is_paused_and_let_go_on() {
    let place = open().await;
    let mut browser = Browser::of(&place, "oskar").await;
    for fields in [[("what", "stop"), ("grant", "")], [("what", "pause"), ("grant", "../x")]] {
        assert_eq!(browser.press("/console/pause", &fields).await.status, 422);
    }
    let pause = [("what", "pause"), ("grant", "mia"), ("reason", "Stock-taking.")];
    assert_eq!(browser.press("/console/pause", &pause).await.status, 303);
    let read = json!({"model": "res.partner", "ids": [1], "fields": ["name"]});
    assert!(place.call("mia", "odoo_read", read.clone()).await.contains("Stock-taking."));
    assert!(place.call("olga", "odoo_read", read.clone()).await.contains("name"));
    assert_eq!(browser.press("/console/pause", &[("what", "resume"), ("grant", "")]).await.status, 303);
    assert!(!place.call("mia", "odoo_read", read).await.contains("Stock-taking."));
    assert!(place.log().contains("\"what\":\"pause\""));
}
