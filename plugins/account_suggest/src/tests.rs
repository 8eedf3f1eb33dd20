//! The step against a host that is played by the test.

use super::*;

fn context(value: Value) -> Context {
    let Value::Object(raw) = value else { panic!("a context is an object") };
    Context::of(raw)
}

fn bill() -> Context {
    context(json!({
        "move": {"id": 9, "move_type": "in_invoice", "partner_id": [7, "Vendor"]},
        "extraction": {"lines": [{"description": "Paper A4"}, {"description": null}]},
    }))
}

#[test]
fn each_line_gets_its_suggestion() {
    let host = Host::answering(|request| match request["model"].as_str() {
        Some("account.move") => Ok(json!([{"id": 3}, {"id": 4}])),
        _ => {
            assert_eq!(request["domain"][0], json!(["move_id", "in", [3, 4]]));
            Ok(json!([{"id": 1, "name": "Paper A4", "account_id": [601, "601 Materials"]},
                      {"id": 2, "name": false, "account_id": [602, "602 Services"]},
                      {"id": 5, "name": "broken", "account_id": false}]))
        }
    });
    let answer = AccountSuggest.execute("account_suggest", &bill(), &host).unwrap();
    let lines = answer.data()["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["basis"], &lines[0]["accounts"][0]["account_id"]),
        (&json!("similar_lines"), &json!(601))
    );
    assert_eq!(lines[0]["accounts"][0]["account"], "601 Materials");
    assert_eq!(lines[1]["basis"], "vendor_history");
    assert_eq!(answer.data()["lines_looked_at"], 2);
    assert_eq!(answer.abort(), None);
}

#[test]
fn a_vendor_without_bills_has_no_lines_to_ask_for() {
    let host = Host::answering(|request| {
        assert_eq!(request["model"], "account.move");
        Ok(json!([]))
    });
    let answer = AccountSuggest.execute("account_suggest", &bill(), &host).unwrap();
    assert_eq!(answer.data()["lines"][0]["basis"], "nothing");
}

#[test]
fn without_vendor_or_lines_it_does_not_apply() {
    let applies = |value: Value| AccountSuggest.applies("account_suggest", &context(value));
    let lines = json!({"lines": [{"description": "a"}]});
    assert!(AccountSuggest.applies("account_suggest", &bill()));
    assert!(!applies(json!({"move": {"move_type": "in_invoice"}, "extraction": lines})));
    assert!(!applies(json!({"move": {"move_type": "out_invoice", "partner_id": 7}, "extraction": lines})));
    assert!(!applies(json!({"move": {"move_type": "in_invoice", "partner_id": 7}, "extraction": {}})));
    assert!(applies(json!({
        "move": {"move_type": "in_invoice"}, "extraction": lines,
        "data": {"plugins": {"vendor_match": {"partner_id": 7}}},
    })));
}
