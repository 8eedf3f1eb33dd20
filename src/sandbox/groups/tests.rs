//! Groups over the data of the start.

use serde_json::{Value, json};

use crate::sandbox::{
    field::SandboxVersion::{V14, V19},
    testing::{BOTH, Bench},
};

fn total(rows: &Value, key: &str) -> f64 {
    rows.as_array().unwrap().iter().map(|row| row[key].as_f64().unwrap()).sum()
}

#[test]
fn every_record_is_in_one_group() {
    for version in BOTH {
        let mut bench = Bench::new(version);
        let rows = bench
            .call("sale.order", "read_group", json!([[], ["amount_total:sum"], ["state"]]), json!({}))
            .unwrap();
        assert_eq!(total(&rows, "state_count"), 20.0, "{version:?} {rows}");
        let all =
            bench.call("sale.order", "read_group", json!([[], ["amount_total:sum"], []]), json!({})).unwrap();
        assert!((total(&rows, "amount_total") - total(&all, "amount_total")).abs() < 0.01);
        // The domain of a group finds exactly its records.
        for row in rows.as_array().unwrap() {
            let found = bench.search("sale.order", row["__domain"].clone()).unwrap();
            assert_eq!(row["state_count"], found.len(), "{version:?} {row}");
        }
    }
}

#[test]
fn months_have_names_and_ranges() {
    let mut bench = Bench::new(V19);
    let arguments = json!([[], ["date_order:month", "partner_id"], ["__count", "amount_total:sum"]]);
    let rows = bench.call("sale.order", "formatted_read_group", arguments, json!({})).unwrap();
    assert_eq!(total(&rows, "__count"), 20.0);
    let first = &rows[0];
    assert_eq!(first["date_order:month"], json!(["2026-09-01 00:00:00", "September 2026"]));
    assert!(first["partner_id"][1].is_string());
    for row in rows.as_array().unwrap() {
        let found = bench.search("sale.order", row["__extra_domain"].clone()).unwrap();
        assert_eq!(row["__count"], found.len(), "{row}");
    }
}

#[test]
fn lazy_groups_say_what_is_left() {
    let mut bench = Bench::new(V14);
    let arguments = json!([[], ["amount_total"], ["state", "user_id"]]);
    let lazy = bench.call("sale.order", "read_group", arguments.clone(), json!({})).unwrap();
    assert_eq!(lazy[0]["__context"], json!({"group_by": ["user_id"]}));
    assert!(lazy[0].get("user_id").is_none());
    let eager = bench.call("sale.order", "read_group", arguments, json!({"lazy": false})).unwrap();
    assert!(eager.as_array().unwrap().len() > lazy.as_array().unwrap().len());
    assert_eq!(total(&eager, "__count"), 20.0);
}

#[test]
fn order_and_window() {
    let mut bench = Bench::new(V19);
    let arguments = json!([[], ["state"], ["__count"]]);
    let kwargs = json!({"order": "__count desc", "limit": 2});
    let rows = bench.call("sale.order", "formatted_read_group", arguments, kwargs).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert!(rows[0]["__count"].as_i64() >= rows[1]["__count"].as_i64());
}

#[test]
fn what_cannot_be_grouped_is_refused() {
    let refused = |version, method: &str, arguments: Value, class: &str| {
        let call = Bench::new(version).call("res.partner", method, arguments.clone(), json!({}));
        assert_eq!(call.unwrap_err().class, class, "{version:?} {method} {arguments}");
    };
    let value = "builtins.ValueError";
    refused(V14, "read_group", json!([[], [], ["nofield"]]), value);
    refused(V19, "read_group", json!([[], [], ["nofield"]]), value);
    refused(V19, "read_group", json!([[], ["nofield:sum"], ["type"]]), value);
    refused(V14, "read_group", json!([[], [], ["category_id"]]), "builtins.AssertionError");
    refused(V14, "read_group", json!([[], [], ["create_date:nosuch"]]), "builtins.KeyError");
    refused(V19, "read_group", json!([[], [], ["create_date:nosuch"]]), value);
    refused(V19, "formatted_read_group", json!([[], ["type"], ["color"]]), value);
    refused(V19, "formatted_read_group", json!([[], ["type"], ["color:nosuch"]]), value);
    refused(V19, "formatted_read_group", json!([[], [], []]), "builtins.AssertionError");
    refused(V14, "formatted_read_group", json!([[], [], []]), "builtins.AttributeError");
}
