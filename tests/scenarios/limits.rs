//! Sizes: answers are small, complete, and end in pages that neither repeat nor skip.

use serde_json::{Value, json};

use super::harness::{World, ids_of, unique};

super::scenarios![
    ten_rows_of_three_fields_are_small,
    three_contacts_without_fields_are_small,
    pages_show_every_record_once,
    pages_in_the_order_of_the_model_show_every_record_once,
    a_page_of_ids_goes_on,
    large_texts_are_left_out_whole_never_cut,
    an_answer_of_odoo_that_is_too_large_is_refused,
];

/// What ten rows of three fields may take, as structure and as text.
const TEN_ROWS_BYTES_MAX: usize = 1_200;
/// What three contacts may take when nobody says which fields.
const THREE_CONTACTS_BYTES_MAX: usize = 3_000;

fn ten_rows_of_three_fields_are_small(world: &World) {
    let door = world.door();
    let arguments = json!({"model": "res.partner", "fields": ["name", "email", "country_id"], "limit": 10, "order": "id"});
    let answer = door.answer("odoo_search_read", arguments);
    assert_eq!(ids_of(&answer.structured).len(), 10);
    let (structured, text) = (answer.structured.to_string(), answer.text);
    assert!(structured.len() <= TEN_ROWS_BYTES_MAX, "{} bytes: {structured}", structured.len());
    assert!(text.len() <= TEN_ROWS_BYTES_MAX, "{} bytes: {text}", text.len());
    // Each form is complete on its own.
    for record in answer.structured["records"].as_array().unwrap() {
        assert!(text.contains(&record["id"].to_string()), "{record} is missing in: {text}");
        assert!(text.contains(record["name"].as_str().unwrap()), "{record} is missing in: {text}");
    }
    assert!(text.contains(&answer.structured["total"].to_string()), "the total is missing in: {text}");
}

fn three_contacts_without_fields_are_small(world: &World) {
    let answer = world.door().answer("odoo_search_read", json!({"model": "res.partner", "limit": 3}));
    assert_eq!(ids_of(&answer.structured).len(), 3);
    let structured = answer.structured.to_string();
    assert!(structured.len() <= THREE_CONTACTS_BYTES_MAX, "{} bytes: {structured}", structured.len());
    assert!(answer.text.len() <= THREE_CONTACTS_BYTES_MAX, "{} bytes: {}", answer.text.len(), answer.text);
}

fn pages_show_every_record_once(world: &World) {
    let name = unique("Page");
    // The same name for all: only the id can keep the pages apart.
    let values: Vec<Value> = (0..23).map(|_| json!({"name": name})).collect();
    let oracle = world.oracle();
    let made = oracle.call("res.partner", "create", json!([values]), json!({}));
    let made: Vec<i64> = made.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    let _contacts: Vec<_> = made.iter().map(|id| world.adopt("res.partner", *id)).collect();
    let door = world.door();
    for order in ["", "name", "name desc", "id desc", "email, name"] {
        let (mut seen, mut offset) = (Vec::new(), 0);
        for page in 0.. {
            assert!(page < 10, "the pages do not end");
            let arguments = json!({
                "model": "res.partner", "domain": [["name", "=", name]], "fields": ["name"],
                "limit": 5, "offset": offset, "order": order,
            });
            let result = door.ok("odoo_search_read", arguments);
            assert_eq!(result["total"], 23, "{order}");
            seen.extend(ids_of(&result));
            if result["has_more"] == false {
                assert!(result.get("next_offset").is_none_or(Value::is_null), "{result}");
                break;
            }
            offset = result["next_offset"].as_i64().expect("an offset");
            assert_eq!(offset, seen.len() as i64, "{order}");
        }
        seen.sort_unstable();
        assert_eq!(seen, made, "{order}: every record once");
    }
    let beyond =
        json!({"model": "res.partner", "domain": [["name", "=", name]], "fields": ["name"], "offset": 1_000});
    let result = door.ok("odoo_search_read", beyond);
    assert_eq!((&result["records"], &result["has_more"]), (&json!([]), &json!(false)));
}

/// Products are sorted by their name alone; the same name for all leaves the database a free hand.
fn pages_in_the_order_of_the_model_show_every_record_once(world: &World) {
    let name = unique("Product");
    let values: Vec<Value> = (0..25).map(|_| json!({"name": name})).collect();
    let made = world.oracle().call("product.template", "create", json!([values]), json!({}));
    let made: Vec<i64> = made.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    let _products: Vec<_> = made.iter().map(|id| world.adopt("product.template", *id)).collect();
    let door = world.door();
    for limit in [3, 10] {
        let (mut seen, mut offset) = (Vec::<i64>::new(), json!(0));
        while !offset.is_null() {
            let arguments = json!({
                "model": "product.template", "domain": [["name", "=", name]], "limit": limit, "offset": offset,
            });
            let result = door.ok("odoo_search", arguments);
            seen.extend(result["ids"].as_array().unwrap().iter().filter_map(Value::as_i64));
            assert!(seen.len() <= made.len(), "the pages do not end");
            offset = result["next_offset"].clone();
        }
        seen.sort_unstable();
        assert_eq!(seen, made, "{limit} a page: every record once");
    }
}

fn a_page_of_ids_goes_on(world: &World) {
    let oracle = world.oracle();
    // Other scenarios make countries of that name meanwhile.
    let domain = json!([["name", "not ilike", "Country "]]);
    let all = oracle.call("res.country", "search", json!([domain]), json!({"order": "id"}));
    let all: Vec<i64> = all.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    let door = world.door();
    let (mut seen, mut offset) = (Vec::<i64>::new(), json!(0));
    loop {
        let arguments =
            json!({"model": "res.country", "domain": domain, "limit": 7, "offset": offset, "order": "id"});
        let result = door.ok("odoo_search", arguments);
        seen.extend(result["ids"].as_array().unwrap().iter().filter_map(Value::as_i64));
        if result["has_more"] == false {
            break;
        }
        offset = result["next_offset"].clone();
        assert!(seen.len() <= all.len(), "the pages do not end");
    }
    assert_eq!(seen, all);
}

fn large_texts_are_left_out_whole_never_cut(world: &World) {
    let text = "0123456789".repeat(20_000);
    let name = unique("Large");
    let contact = world.temporary("res.partner", json!({"name": name, "comment": text}));
    let others: Vec<_> = (0..3)
        .map(|_| world.temporary("res.partner", json!({"name": name, "comment": "x".repeat(30_000)})))
        .collect();
    let door = world.door();
    let arguments = json!({"model": "res.partner", "domain": [["name", "=", name]], "fields": ["name", "comment"], "order": "id"});
    let result = door.ok("odoo_search_read", arguments);
    let whole = result.to_string();
    assert!(whole.len() < 200_000, "{} bytes", whole.len());
    for record in result["records"].as_array().unwrap() {
        if let Some(comment) = record["comment"].as_str() {
            let digits = comment.chars().filter(char::is_ascii_digit).count();
            assert!(digits == 0 || digits >= 200_000, "a text was cut to {digits} characters");
        }
    }
    let mut seen = ids_of(&result);
    let mut next = result["next_offset"].clone();
    while !next.is_null() {
        let arguments = json!({"model": "res.partner", "domain": [["name", "=", name]], "fields": ["name", "comment"], "order": "id", "offset": next});
        let result = door.ok("odoo_search_read", arguments);
        seen.extend(ids_of(&result));
        next = result["next_offset"].clone();
    }
    let expected: Vec<i64> = [contact.id].into_iter().chain(others.iter().map(|other| other.id)).collect();
    assert_eq!(seen, expected, "every record is on some page");
}

fn an_answer_of_odoo_that_is_too_large_is_refused(world: &World) {
    let settings = world.settings().variable("ODOO_MCP_ODOO_RESPONSE_BYTES_MAX", "2000000");
    let door = super::harness::Door::open(settings);
    let text = "0123456789".repeat(300_000);
    let contact = world.temporary("res.partner", json!({"name": unique("Large"), "comment": text}));
    let arguments = json!({"model": "res.partner", "ids": [contact.id], "fields": ["comment"]});
    door.refused("odoo_read", arguments, &["too_large"]);
    door.ok("odoo_read", json!({"model": "res.partner", "ids": [contact.id], "fields": ["name"]}));
}
