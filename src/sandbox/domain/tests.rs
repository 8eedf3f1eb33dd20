//! Domains against the data of the start.

use serde_json::{Value, json};

use crate::sandbox::{
    field::SandboxVersion::{self, V14, V19},
    testing::{BOTH, Bench},
};

#[track_caller]
fn check(model: &str, domain: Value, expected: &[i64]) {
    for version in BOTH {
        let found = Bench::new(version).search(model, domain.clone()).unwrap();
        assert_eq!(found, expected, "{version:?} {domain}");
    }
}

/// How many records a domain finds, in both versions.
#[track_caller]
fn count(model: &str, domain: &Value) -> usize {
    let counts = BOTH.map(|version| Bench::new(version).search(model, domain.clone()).unwrap().len());
    assert_eq!(counts[0], counts[1], "{domain}");
    counts[0]
}

#[track_caller]
fn refuse(version: SandboxVersion, domain: Value, class: &str, message: &str) {
    let error = Bench::new(version).search("res.partner", domain.clone()).unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (class, message), "{version:?} {domain}");
}

#[test]
fn plain_comparisons() {
    check("res.partner", json!([["id", "in", [10, 13]]]), &[10, 13]);
    check("res.partner", json!([["ref", "=", "C0001"]]), &[10]);
    check("res.partner", json!([["credit_limit", ">", 5000], ["credit_limit", "<=", 5500]]), &[13]);
    check("sale.order", json!([["date_order", ">=", "2026-10-27"], ["date_order", "<", "2026-10-30"]]), &[]);
    check("res.country", json!([["code", "in", ["BE", "XX"]]]), &[1]);
    check("res.partner", json!([["id", "=", 10], ["id", "=", 13]]), &[]);
}

#[test]
fn patterns() {
    check("res.partner", json!([["name", "like", "Nordwind"], ["is_company", "=", true]]), &[10]);
    check("res.partner", json!([["name", "=ilike", "nordwind%"]]), &[10]);
    check("res.partner", json!([["name", "=like", "nordwind%"]]), &[]);
    check("res.partner", json!([["name", "like", "nordwind"]]), &[]);
    check(
        "res.partner",
        json!([["name", "not ilike", "a"], ["is_company", "=", true], ["id", "<", 40]]),
        &[10, 28, 31, 37],
    );
}

#[test]
fn operators_in_front() {
    check("res.partner", json!(["|", ["id", "=", 10], ["id", "=", 13]]), &[10, 13]);
    check("res.partner", json!(["&", ["id", "<", 14], "!", ["id", "<", 11]]), &[11, 12, 13]);
    check("res.partner", json!(["!", "|", ["id", ">", 11], ["id", "<", 10]]), &[10, 11]);
    check(
        "res.partner",
        json!(["|", "|", ["id", "=", 10], ["id", "=", 11], ["id", "=", 12], ["id", "!=", 11]]),
        &[10, 12],
    );
}

#[test]
fn emptiness() {
    let all = count("res.partner", &json!([]));
    let without = count("res.partner", &json!([["parent_id", "=", false]]));
    let with = count("res.partner", &json!([["parent_id", "!=", false]]));
    assert_eq!(without + with, all);
    assert_eq!(count("res.partner", &json!([["parent_id", "not in", [false]]])), with);
    assert_eq!(count("res.partner", &json!([["parent_id", "in", [false, 10]]])), without + 2);
    // An empty value is unequal to any other one.
    assert_eq!(count("res.partner", &json!([["ref", "!=", "C0001"]])), all - 1);
    assert_eq!(count("res.partner", &json!([["parent_id", "=?", false]])), all);
    assert_eq!(count("res.partner", &json!([["parent_id", "=?", 10]])), 2);
}

#[test]
fn archived_records_are_left_out_unless_named() {
    check("crm.lead", json!([["id", "=", 12]]), &[]);
    check("crm.lead", json!([["id", "=", 12], ["active", "=", false]]), &[12]);
    check("crm.lead", json!([["id", "in", [1, 12]], ["active", "in", [true, false]]]), &[1, 12]);
}

#[test]
fn paths_and_relations() {
    check(
        "res.partner",
        json!([["country_id.code", "=", "DE"], ["is_company", "=", true], ["id", ">", 9]]),
        &[10],
    );
    check("res.partner", json!([["parent_id.country_id.name", "=like", "Denm%"]]), &[29, 30]);
    check("res.partner", json!([["child_ids.email", "=", "accounts@nordwind.example"]]), &[10]);
    check("res.partner", json!([["category_id", "ilike", "gold"], ["id", "<", 14]]), &[10, 13]);
    check("res.partner", json!([["parent_id", "=", "Nordwind Logistics"]]), &[11, 12]);
    check("res.partner", json!([["parent_id.ref", "=", "nosuch"]]), &[]);
}

#[test]
fn families() {
    check("res.partner", json!([["id", "child_of", 10]]), &[10, 11, 12]);
    check("res.partner", json!([["parent_id", "child_of", [10, 13]]]), &[7, 11, 12, 14, 15]);
    check("res.partner", json!([["id", "parent_of", 12]]), &[10, 12]);
    check("res.partner.category", json!([["id", "child_of", "Customer"]]), &[1, 2, 3]);
    check("res.partner", json!([["id", "child_of", 999_999]]), &[]);
}

#[test]
fn conditions_on_related_records() {
    let found = |domain: Value| Bench::new(V19).search("res.partner", domain).unwrap();
    assert_eq!(found(json!([["child_ids", "any", [["name", "=", "Purchasing, Nordwind"]]]])), [10]);
    assert_eq!(
        found(json!([["id", "in", [10, 11]], ["child_ids", "not any", [["type", "=", "invoice"]]]])),
        [11]
    );
    assert_eq!(found(json!([["country_id", "any", [["code", "=", "NO"]]], ["is_company", "=", true]])), [34]);
    assert_eq!(found(json!([["country_id", "any", [["code", "=", "XX"]]]])), Vec::<i64>::new());
}

#[test]
fn what_is_no_domain_is_refused_in_the_words_of_its_version() {
    let value = "builtins.ValueError";
    refuse(
        V14,
        json!([["nofield", "=", 1]]),
        value,
        "Invalid field res.partner.nofield in leaf ('nofield', '=', 1)",
    );
    refuse(
        V19,
        json!([["nofield", "=", 1]]),
        value,
        "Invalid field res.partner.nofield in condition ('nofield', '=', 1)",
    );
    refuse(V14, json!([["name", "foo", "x"]]), value, "Invalid leaf ('name', 'foo', 'x')");
    refuse(V19, json!([["name", "foo", "x"]]), value, "Invalid operator in condition ('name', 'foo', 'x')");
    refuse(V14, json!([["name"]]), "builtins.IndexError", "tuple index out of range");
    refuse(V19, json!([["name"]]), value, "Domain() invalid item in domain: ['name']");
    refuse(V19, json!(["&", ["id", "=", 1]]), value, "Domain() malformed domain ['&', ['id', '=', 1]]");
    refuse(
        V14,
        json!(["&", ["id", "=", 1]]),
        "builtins.AssertionError",
        "This domain is syntactically not correct: ['&', ['id', '=', 1]]",
    );
    refuse(V19, json!("name"), "builtins.TypeError", "Domain() invalid argument type for domain: 'name'");
    refuse(V14, json!([["child_ids", "any", []]]), "builtins.TypeError", "unhashable type: 'list'");
    refuse(V19, json!([["color", "=", "x"]]), value, "invalid literal for int() with base 10: 'x'");
}

#[test]
fn depth_ends_in_a_refusal() {
    let deep = (0..110).fold(json!([]), |inner, _| json!([["parent_id", "any", inner]]));
    refuse(V19, deep, "builtins.RecursionError", "maximum recursion depth exceeded");
    let path = json!([[format!("{}name", "parent_id.".repeat(10_000)), "=", "x"]]);
    refuse(V19, path.clone(), "builtins.RecursionError", "maximum recursion depth exceeded");
    refuse(V14, path, "builtins.RecursionError", "maximum recursion depth exceeded");
    let mut long = vec![json!("!"); 100_000];
    long.push(json!(["id", "=", 1]));
    refuse(V19, Value::Array(long), "builtins.RecursionError", "maximum recursion depth exceeded");
}
