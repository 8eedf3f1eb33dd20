//! Prompts and completion over HTTP, in both eras, under the policy of the caller.

use odoo_mcp::tools::Catalog;
use serde_json::{Value, json};

use super::resources::{ALPHA, BETA, House, INVALID, house};

/// What both eras agree about.
fn agreed([old, new]: &[Value; 2], path: &str) -> Value {
    let found = old["result"].pointer(path).cloned().unwrap_or_default();
    assert_eq!(Some(&found), new["result"].pointer(path), "{old} {new}");
    found
}

async fn names(house: &House, token: &str) -> Vec<String> {
    let listed = agreed(&house.both(token, "prompts/list", json!({})).await, "/prompts");
    listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn completed(house: &House, reference: Value, argument: &str, typed: &str, known: Value) -> Value {
    let params = json!({"ref": reference, "argument": {"name": argument, "value": typed}, "context": {"arguments": known}});
    agreed(&house.both(ALPHA, "completion/complete", params).await, "/completion/values")
}

fn prompt(name: &str) -> Value {
    json!({"type": "ref/prompt", "name": name})
}

fn template(uri: &str) -> Value {
    json!({"type": "ref/resource", "uri": uri})
}

#[test]
fn every_tool_of_a_prompt_exists() {
    let catalog = Catalog::new();
    for prompt in odoo_mcp::prompts::PROMPTS {
        for tool in prompt.tools() {
            assert!(catalog.find(tool).is_some(), "{}: {tool}", prompt.name);
        }
    }
}

#[tokio::test]
async fn prompts_are_listed_and_filled() {
    let house = house(json!({})).await;
    let names = names(&house, ALPHA).await;
    for name in ["month_end_review", "quotation_from_mail", "translate_page", "import_contacts"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let [_, listed] = house.both(ALPHA, "prompts/list", json!({})).await;
    assert_eq!(listed["result"]["cacheScope"], "private", "{listed}");
    let one = &listed["result"]["prompts"][0];
    assert!(one["title"].is_string() && one["arguments"][0]["description"].is_string(), "{one}");
    let params = json!({"name": "month_end_review", "arguments": {"month": "2026-10", "connection": "shop"}});
    let messages = agreed(&house.both(ALPHA, "prompts/get", params).await, "/messages");
    let text = messages[0]["content"]["text"].as_str().unwrap();
    assert!(text.contains("2026-10") && text.contains("`shop`") && !text.contains("{{"), "{text}");
    assert_eq!(messages[0]["role"], "user");
}

#[tokio::test]
async fn prompts_that_cannot_be_filled_are_refused() {
    let house = house(json!({})).await;
    for params in [
        json!({"name": "no_such_prompt"}),
        json!({"name": "month_end_review"}),
        json!({"name": "month_end_review", "arguments": {"month": " "}}),
        json!({"name": "month_end_review", "arguments": {"month": 10}}),
        json!({"name": "month_end_review", "arguments": {"month": "10", "other": "x"}}),
    ] {
        House::refused(&house.both(ALPHA, "prompts/get", params).await, INVALID);
    }
}

#[tokio::test]
async fn prompts_without_their_tools_do_not_exist() {
    let house = house(json!({"hide": ["odoo_create"], "grants": {"alpha": {}}})).await;
    let names = names(&house, ALPHA).await;
    assert!(names.iter().any(|name| name == "month_end_review"), "{names:?}");
    assert!(!names.iter().any(|name| name == "import_contacts"), "{names:?}");
    let params = json!({"name": "import_contacts", "arguments": {"rows": "x"}});
    House::refused(&house.both(ALPHA, "prompts/get", params).await, INVALID);
    let params = json!({"ref": prompt("import_contacts"), "argument": {"name": "connection", "value": ""}});
    House::refused(&house.both(ALPHA, "completion/complete", params).await, INVALID);
    assert_eq!(self::names(&house, BETA).await, [] as [String; 0], "a grant without rules");
}

#[tokio::test]
async fn names_are_completed() {
    let house = house(json!({})).await;
    let none = json!({});
    assert_eq!(
        completed(&house, prompt("explain_model"), "connection", "de", none.clone()).await,
        json!(["default"])
    );
    let models = completed(&house, prompt("explain_model"), "model", "sale.or", none.clone()).await;
    assert_eq!(models, json!(["sale.order", "sale.order.line"]));
    let record = template("odoo://{connection}/{model}/{id}");
    assert_eq!(completed(&house, record.clone(), "model", "crm.l", none.clone()).await, json!(["crm.lead"]));
    assert_eq!(completed(&house, record.clone(), "id", "1", none.clone()).await, json!([]));
    assert_eq!(completed(&house, record, "model", "", json!({"connection": "nowhere"})).await, json!([]));
    let known = json!({"model": "res.partner"});
    let fields = completed(&house, prompt("explain_model"), "field", "email_", known).await;
    assert_eq!(fields, json!(["email_formatted", "email_normalized"]));
    assert_eq!(completed(&house, prompt("explain_model"), "field", "email", none).await, json!([]));
    for (reference, argument) in [
        (prompt("no_such_prompt"), "model"),
        (prompt("explain_model"), "no_such_argument"),
        (template("odoo://{elsewhere}"), "elsewhere"),
        (template("odoo://{connection}/{model}/{id}"), "field"),
    ] {
        let params = json!({"ref": reference, "argument": {"name": argument, "value": ""}});
        House::refused(&house.both(ALPHA, "completion/complete", params).await, INVALID);
    }
}

#[tokio::test]
async fn what_the_policy_hides_is_not_completed() {
    let rules = json!({"models": {"res.partner": {"ops": ["read"], "fields": {"email": {"read": "deny"}}}, "ir.model": {"ops": ["read"]}}});
    let closed = house(rules).await;
    let known = json!({"model": "res.partner"});
    let fields = completed(&closed, prompt("explain_model"), "field", "email", known).await;
    assert!(!fields.as_array().unwrap().contains(&json!("email")), "{fields}");
    let without = house(json!({"hide": ["odoo_list_models"]})).await;
    let models = completed(&without, prompt("explain_model"), "model", "res", json!({})).await;
    assert_eq!(models, json!([]), "who may not list models is not told their names");
}

#[tokio::test]
async fn typing_letter_by_letter_counts_once() {
    let limit = json!({"counter": "lists", "window": 3600, "max": 1});
    let house = house(json!({"tools": {"odoo_list_models": {"limits": [limit]}}})).await;
    for typed in ["s", "sa", "sal", "sale.order.l"] {
        let models = completed(&house, prompt("explain_model"), "model", typed, json!({})).await;
        assert!(models.as_array().unwrap().contains(&json!("sale.order.line")), "{typed}: {models}");
    }
}
