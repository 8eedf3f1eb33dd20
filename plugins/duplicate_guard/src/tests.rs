//! The step against a host that is played by the test.

use super::*;

fn context(value: Value) -> Context {
    let Value::Object(raw) = value else { panic!("a context is an object") };
    Context::of(raw)
}

fn bill() -> Context {
    context(json!({
        "move": {"id": 9, "move_type": "in_invoice", "partner_id": [7, "Vendor"], "company_id": [1, "Us"]},
        "extraction": {"invoice_number": "INV-0042", "invoice_date": "2024-05-10", "amount_total": 120.0},
    }))
}

fn run(context: &Context, rows: Value) -> Answer {
    let host = Host::answering(move |request| {
        assert_eq!(
            (&request["capability"], &request["model"]),
            (&json!("odoo.read"), &json!("account.move"))
        );
        let domain = request["domain"].as_array().unwrap();
        assert!(domain.contains(&json!(["state", "!=", "cancel"])));
        Ok(rows.clone())
    });
    DuplicateGuard.execute("duplicate_guard", context, &host).unwrap()
}

#[test]
fn an_exact_match_stops_the_run() {
    let row = json!([{"id": 3, "name": "BILL/3", "ref": "inv 42", "invoice_date": "2024-05-10",
                      "amount_total": 120.0, "currency_id": [1, "EUR"], "state": "posted"}]);
    let answer = run(&bill(), row);
    assert_eq!(answer.data()["verdict"], "exact");
    // Both questions found the bill; it is told once.
    assert_eq!(answer.data()["duplicates"].as_array().unwrap().len(), 1);
    assert_eq!(answer.abort(), Some("BILL/3 (id 3) is the same bill: same number, same total, same date"));
}

#[test]
fn a_likely_match_is_only_told() {
    let row =
        json!([{"id": 3, "name": false, "ref": "77", "invoice_date": "2024-05-12", "amount_total": 120.0}]);
    let answer = run(&bill(), row);
    assert_eq!(answer.data()["verdict"], "likely");
    assert_eq!(answer.abort(), None);
}

#[test]
fn others_are_not_told() {
    let row = json!([{"id": 3, "ref": "1042", "invoice_date": "2020-05-12", "amount_total": 120.0}]);
    let answer = run(&bill(), row);
    assert_eq!((&answer.data()["verdict"], &answer.data()["duplicates"]), (&json!("none"), &json!([])));
}

#[test]
fn nothing_is_asked_where_nothing_is_known() {
    let host = Host::answering(|_| panic!("nothing is to be asked"));
    for value in [
        json!({"move": {"id": 1, "move_type": "in_invoice"}, "extraction": {"amount_total": 5}}),
        json!({"move": {"id": 1, "move_type": "in_invoice", "partner_id": 7, "amount_total": 0}}),
    ] {
        let answer = DuplicateGuard.execute("duplicate_guard", &context(value), &host).unwrap();
        assert_eq!(answer.data()["verdict"], "unknown");
    }
}

#[test]
fn a_vendor_that_was_only_proposed_counts() {
    let mut proposed = bill();
    proposed.bill.partner_id = None;
    assert_eq!(vendor(&proposed), None);
    proposed.data = json!({"plugins": {"vendor_match": {"partner_id": 8}}}).as_object().unwrap().clone();
    assert_eq!(vendor(&proposed), Some(8));
}

#[test]
fn a_refusal_is_passed_on() {
    let host = Host::answering(|_| Err(Failure::new("capability_denied", "no")));
    let failure = DuplicateGuard.execute("duplicate_guard", &bill(), &host).unwrap_err();
    assert_eq!(failure.code, "capability_denied");
}

#[test]
fn only_bills_of_vendors_are_looked_at() {
    let applies = |kind: &str| {
        DuplicateGuard.applies("duplicate_guard", &context(json!({"move": {"id": 1, "move_type": kind}})))
    };
    assert!(applies("in_invoice") && applies("in_refund") && !applies("out_invoice") && !applies("entry"));
}
