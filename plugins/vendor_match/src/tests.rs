//! The step against a host that is played by the test.

use odoo_mcp_plugin_sdk::{Map, Value, text};

use super::*;

fn context(extraction: Value) -> Context {
    let bill = json!({"id": 9, "move_type": "in_invoice", "partner_id": false, "company_id": [1, "Us"]});
    Context::of(Map::from_iter([("move".to_owned(), bill), ("extraction".to_owned(), extraction)]))
}

/// Plays a database with these partners: `[id, name, vat, registry, commercial id]`.
fn database(partners: &'static [(i64, &str, &str, &str, i64)]) -> Host {
    Host::answering(move |request| {
        if request["model"] == "res.company" {
            return Ok(json!([{"id": 1, "partner_id": [1, "Us"], "vat": "BG111111111"}]));
        }
        assert_eq!(request["model"], "res.partner");
        let leaf = request["domain"][0].as_array().unwrap();
        let row = |&(id, name, vat, registry, commercial): &(i64, &str, &str, &str, i64)| {
            json!({"id": id, "name": name, "vat": vat, "company_registry": registry,
                   "commercial_partner_id": [commercial, name]})
        };
        let rows: Vec<Value> = partners
            .iter()
            .map(row)
            .filter(|row| {
                let row: &Map<String, Value> = row.as_object().unwrap();
                let value = text(row, leaf[0].as_str().unwrap()).unwrap_or_default();
                match leaf[1].as_str().unwrap() {
                    "in" => leaf[2].as_array().unwrap().contains(&json!(value)),
                    _ => value.to_lowercase().contains(leaf[2].as_str().unwrap()),
                }
            })
            .collect();
        Ok(rows.into())
    })
}

const PARTNERS: &[(i64, &str, &str, &str, i64)] = &[
    (1, "Us", "BG111111111", "", 1),
    (2, "Bread Ltd", "BG222222222", "222222222", 2),
    (3, "Bread Ltd, Sales", "BG222222222", "", 2),
    (4, "„Сол“ ЕООД", "", "444444444", 4),
    (5, "Twin AD", "BG555555555", "", 5),
    (6, "Twin", "BG555555555", "", 6),
    (7, "Paper House EOOD", "", "", 7),
];

fn run(extraction: Value) -> Map<String, Value> {
    let step = VendorMatch.execute("vendor_match", &context(extraction), &database(PARTNERS));
    step.unwrap().data().clone()
}

#[test]
fn the_surest_way_that_finds_one_wins() {
    let check = |extraction: Value, partner: i64, by: &str| {
        let found = run(extraction);
        assert_eq!((&found["partner_id"], &found["matched_by"]), (&json!(partner), &json!(by)));
    };
    check(json!({"partner_vat": "BG 222 222 222", "partner_name": "Paper House"}), 2, "vat");
    check(json!({"partner_vat": "222222222"}), 2, "vat");
    check(json!({"partner_eik": "444444444"}), 4, "company_number");
    check(json!({"partner_vat": "BG999999999", "partner_eik": "222222222"}), 2, "company_number");
    check(json!({"partner_name": "СОЛ"}), 4, "name");
    check(json!({"partner_vat": "n/a", "partner_name": "paper house ood"}), 7, "name");
    check(json!({"partner_vat": "BG555555555", "partner_name": "Paper House"}), 7, "name");
}

#[test]
fn what_is_not_unique_is_not_proposed() {
    let found = run(json!({"partner_vat": "BG555555555"}));
    assert_eq!(found["partner_id"], Value::Null);
    assert_eq!(found["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(found["reason"], "2 partners have this VAT number");
    assert_eq!(run(json!({"partner_name": "Twin"}))["partner_id"], Value::Null);
}

#[test]
fn the_own_company_is_nobody_s_vendor() {
    for extraction in [json!({"partner_vat": "BG111111111"}), json!({"partner_name": "Us"})] {
        assert_eq!(run(extraction)["partner_id"], Value::Null);
    }
    let swapped =
        run(json!({"partner_vat": "111111111", "partner_eik": "111111111", "partner_name": "Paper House"}));
    assert_eq!(swapped["partner_id"], 7);
}

#[test]
fn strangers_are_said_to_be_strangers() {
    let found = run(json!({"partner_vat": "BG777777777", "partner_name": "Nobody at all"}));
    assert_eq!(found["reason"], "nobody has this VAT number; nobody has this name");
    assert_eq!(run(json!({"amount_total": 5}))["reason"], "the document names no vendor");
}

#[test]
fn a_name_that_half_of_the_partners_have_tells_nothing() {
    let host = Host::answering(|request| match request["model"].as_str() {
        Some("res.company") => Ok(json!([])),
        _ => Ok(Value::Array(vec![
            json!({"id": 5, "name": "House", "commercial_partner_id": [5, "House"]});
            100
        ])),
    });
    let found =
        VendorMatch.execute("vendor_match", &context(json!({"partner_name": "House"})), &host).unwrap();
    assert_eq!(found.data()["reason"], "too many partners to tell by name");
}

#[test]
fn an_odoo_without_registry_numbers_is_asked_by_vat() {
    let host = Host::answering(|request| match request["model"].as_str() {
        Some("res.company") => Ok(json!([])),
        _ if request["domain"][0][0] == "company_registry" => Err(Failure::new("invalid_field", "no")),
        _ => Ok(json!([{"id": 5, "name": "A", "vat": "BG444444444", "commercial_partner_id": [5, "A"]}])),
    });
    let found =
        VendorMatch.execute("vendor_match", &context(json!({"partner_eik": "444444444"})), &host).unwrap();
    assert_eq!(found.data()["partner_id"], 5);
}

#[test]
fn only_bills_without_a_vendor_are_looked_at() {
    let mut bill = context(json!({"partner_name": "A"}));
    assert!(VendorMatch.applies("vendor_match", &bill));
    bill.bill.partner_id = Some(4);
    assert!(!VendorMatch.applies("vendor_match", &bill));
    assert!(!VendorMatch.applies("vendor_match", &context(json!({}))));
}
