//! Reading within a budget, and never an empty answer where something is wrong.

use serde_json::{Value, json};

use super::everywhere;

/// Ten rows of three fields, in either form.
const TEN_ROWS_BYTES_MAX: usize = 1_200;
/// Three contacts without `fields`, in either form.
const THREE_CONTACTS_BYTES_MAX: usize = 3_000;

#[test]
fn answers_are_small() {
    everywhere(|bench| {
        let reply = bench.reply(
            "odoo_search_read",
            json!({"model": "res.partner", "fields": ["name", "email", "country_id"], "limit": 10}),
        );
        let structured = reply.structured.to_string();
        assert_eq!(reply.structured["records"].as_array().map(Vec::len), Some(10), "{structured}");
        assert!(structured.len() <= TEN_ROWS_BYTES_MAX, "{} bytes: {structured}", structured.len());
        assert!(reply.text.len() <= TEN_ROWS_BYTES_MAX, "{} bytes: {}", reply.text.len(), reply.text);

        let reply = bench.reply("odoo_search_read", json!({"model": "res.partner", "limit": 3}));
        let structured = reply.structured.to_string();
        assert!(structured.len() <= THREE_CONTACTS_BYTES_MAX, "{} bytes: {structured}", structured.len());
        assert!(reply.text.len() <= THREE_CONTACTS_BYTES_MAX, "{} bytes: {}", reply.text.len(), reply.text);
        assert!(reply.structured["omitted_fields"].as_u64() > Some(0), "{structured}");
    });
}

#[test]
fn pages_join_without_gap_or_repetition() {
    everywhere(|bench| {
        let everything =
            bench.ok("odoo_search", json!({"model": "res.partner", "order": "name desc", "limit": 5000}));
        let mut ids: Vec<Value> = Vec::new();
        let mut offset = json!(0);
        // The budget, not the limit, ends these pages.
        loop {
            let page = bench.ok(
                "odoo_search_read",
                json!({"model": "res.partner", "fields": ["name", "email", "street"], "order": "name desc",
                       "offset": offset, "max_bytes": 1000}),
            );
            assert!(page.to_string().len() <= 1_000, "{page}");
            ids.extend(page["records"].as_array().unwrap().iter().map(|row| row["id"].clone()));
            if page["has_more"] == false {
                break;
            }
            offset = page["next_offset"].clone();
        }
        assert_eq!(json!(ids), everything["ids"]);
    });
}

#[test]
fn a_long_text_is_replaced_and_never_cut() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Long", "street": "x".repeat(5_000)}));
        let arguments =
            json!({"model": "res.partner", "ids": [id], "fields": ["name", "street"], "max_bytes": 1000});
        let result = bench.ok("odoo_read", arguments);
        assert_eq!(result["records"][0]["street"], json!({"omitted": "text", "characters": 5_000}));
        assert_eq!(result["records"][0]["name"], "Long");
        assert!(result["note"].as_str().unwrap().contains("street"), "{result}");
    });
}

#[test]
fn a_read_says_what_is_missing_and_what_is_left() {
    everywhere(|bench| {
        let ids = bench.ok("odoo_search", json!({"model": "res.partner", "limit": 12}))["ids"].clone();
        let mut asked: Vec<Value> = ids.as_array().unwrap().clone();
        asked.insert(1, json!(2_000_000_000));
        let arguments = json!({"model": "res.partner", "ids": asked, "fields": ["name", "email", "street"], "max_bytes": 1000});
        let result = bench.ok("odoo_read", arguments);
        assert_eq!(result["missing"], json!([2_000_000_000]));
        assert_eq!(result["has_more"], true);
        let given = result["records"].as_array().unwrap().iter().map(|row| row["id"].clone());
        let rest = result["remaining_ids"].as_array().unwrap().iter().cloned();
        assert_eq!(json!(given.chain(rest).collect::<Vec<_>>()), ids);
    });
}

#[test]
fn a_warm_search_is_few_requests() {
    everywhere(|bench| {
        let arguments = json!({"model": "res.partner", "fields": ["name"], "limit": 5});
        bench.ok("odoo_search_read", arguments.clone());
        bench.sandbox.clear_received();
        bench.ok("odoo_search_read", arguments);
        let methods: Vec<String> = bench.sandbox.received().into_iter().map(|call| call.method).collect();
        assert!(methods.len() <= 2, "{methods:?}");
    });
}

#[test]
fn what_is_unknown_is_an_error_with_the_nearest_name() {
    everywhere(|bench| {
        let text = bench.refused("odoo_search_read", json!({"model": "res.partnr"}), "unknown_model");
        assert!(text.contains("res.partner"), "{text}");
        let arguments = json!({"model": "res.partner", "fields": ["emial"]});
        assert!(bench.refused("odoo_search_read", arguments, "unknown_field").contains("email"));
        let arguments = json!({"model": "res.partner", "fields": ["emial"]});
        assert!(bench.refused("odoo_fields_get", arguments, "unknown_field").contains("email"));
        let arguments = json!({"model": "res.partner", "domain": [["name", "ilik", "x"]]});
        assert!(bench.refused("odoo_search", arguments, "unknown_operator").contains("ilike"));
    });
}

#[test]
fn what_cannot_be_meant_never_leaves() {
    everywhere(|bench| {
        bench.ok("odoo_search_count", json!({"model": "res.partner"}));
        bench.sandbox.clear_received();
        for (tool, more) in [
            ("odoo_search", json!({"limit": 0})),
            ("odoo_search", json!({"limit": -1})),
            ("odoo_search_read", json!({"limit": 1_000_000})),
            ("odoo_search_read", json!({"offset": -1})),
            ("odoo_search_read", json!({"order": "name; drop table"})),
            ("odoo_search_read", json!({"max_bytes": 1})),
            ("odoo_search_read", json!({"fields": "name"})),
            ("odoo_search_read", json!({"context": []})),
            ("odoo_search_read", json!({"company_id": 0})),
            ("odoo_search_read", json!({"lang": "../x"})),
            ("odoo_read", json!({"ids": []})),
            ("odoo_read", json!({"ids": [0]})),
            ("odoo_read", json!({"ids": ["x"]})),
            ("odoo_read", json!({})),
        ] {
            let mut arguments = more;
            arguments["model"] = json!("res.partner");
            bench.refused(tool, arguments, "invalid_arguments");
        }
        assert!(bench.sandbox.received().is_empty());
    });
}

#[test]
fn binaries_are_links() {
    everywhere(|bench| {
        let field = "image_1920";
        let id = bench.contact(json!({"name": "Pictured", field: "iVBORw0KGgoAAAANSUhEUg=="}));
        let result = bench.ok("odoo_read", json!({"model": "res.partner", "ids": [id], "fields": [field]}));
        let link = result["records"][0][field]["link"].clone();
        assert_eq!(link, json!(format!("odoo://default/res.partner/{id}/{field}")), "{result}");
    });
}
