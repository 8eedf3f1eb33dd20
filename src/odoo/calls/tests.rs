//! Each method in each shape, and what it states.

use serde_json::{Value, json};

use super::*;
use crate::facts::{FieldName, Part};

fn understood(model: &str, method: &str, args: Value, kwargs: Value) -> Result<MethodCall, OdooError> {
    let connection = ConnectionAlias::parse("shop").unwrap();
    let model = ModelName::parse(model).unwrap();
    let method = MethodName::parse(method).unwrap();
    let target = Target { connection: &connection, model: &model, method: &method };
    let Value::Array(args) = args else { panic!("positional arguments are a list") };
    let Value::Object(kwargs) = kwargs else { panic!("named arguments are an object") };
    MethodCall::understand(target, None, args, kwargs, |members| Ok(Context::new(members)?))
}

/// One line per effect: `+` main, `-` auxiliary; operation, ids, what is read, written, filtered, rows.
fn told(effect: &RecordEffect) -> String {
    let part = if effect.part == Part::Auxiliary { "- " } else { "" };
    let mut told = format!("{part}{}", effect.operation.as_str());
    let list = |names: &[FieldName]| names.iter().map(FieldName::as_str).collect::<Vec<_>>().join(",");
    if let Some(ids) = &effect.ids {
        told += &format!(" {ids:?}");
    }
    if effect.reads_every_field {
        told += " reads:*";
    }
    if !effect.fields_read.is_empty() {
        told += &format!(" reads:{}", list(&effect.fields_read));
    }
    if !effect.paths_read.is_empty() {
        told += &format!(" paths:{}", effect.paths_read.join(","));
    }
    if !effect.fields_written.is_empty() {
        told += &format!(" writes:{}", list(&effect.fields_written));
    }
    if !effect.fields_filtered.is_empty() {
        told += &format!(" by:{}", effect.fields_filtered.join(","));
    }
    if !effect.fields_ordered.is_empty() {
        told += &format!(" ordered:{}", effect.fields_ordered.join(","));
    }
    if !effect.values.is_empty() {
        told += &format!(" {}", json!(effect.values));
    }
    match effect.row_bound {
        Some(rows) => told + &format!(" ≤{rows}"),
        None => told,
    }
}

#[track_caller]
fn check(method: &str, args: Value, kwargs: Value, expected: &[&str]) {
    let call = understood("sale.order", method, args.clone(), kwargs.clone());
    let call = call.unwrap_or_else(|error| panic!("{method}{args}{kwargs}: {error}"));
    let told: Vec<String> = call.effects.iter().map(told).collect();
    assert_eq!(told, expected, "{method}{args}{kwargs}");
}

#[track_caller]
fn check_refused(method: &str, args: Value, kwargs: Value) {
    let outcome = understood("sale.order", method, args.clone(), kwargs.clone());
    let error = outcome.map(|call| call.effects).expect_err(&format!("{method}{args}{kwargs}"));
    assert!(error.was_not_sent(), "{error}");
}

#[test]
fn searches_in_every_spelling() {
    let domain = json!([["partner_id.bank_ids.acc_number", "=", "x"]]);
    let by = "by:partner_id.bank_ids.acc_number";
    check("search", json!([domain]), json!({}), &[&format!("read {by}")]);
    check("search", json!([domain, 0, 5]), json!({}), &[&format!("read {by} ≤5")]);
    check("search", json!([]), json!({"args": domain, "limit": 5}), &[&format!("read {by} ≤5")]);
    check("search", json!([]), json!({"domain": domain, "limit": 0}), &[&format!("read {by}")]);
    check("search", json!([]), json!({"domain": [], "limit": false}), &["read"]);
    check(
        "search",
        json!([[], 0, 5, "date desc, partner_id"]),
        json!({}),
        &["read by:date,partner_id ordered:date,partner_id ≤5"],
    );
    check("search_count", json!([domain]), json!({}), &[&format!("read {by} ≤0")]);
    check("search_read", json!([[], ["name"], 0, 9]), json!({}), &["read reads:name ≤9"]);
    check("search_read", json!([[], []]), json!({}), &["read reads:*"]);
    check("search_read", json!([]), json!({"fields": ["name"], "limit": 2}), &["read reads:name ≤2"]);
    check("search_fetch", json!([[], ["name"]]), json!({"limit": 2}), &["read reads:name ≤2"]);
    check("web_search_read", json!([[], ["name"]]), json!({}), &["read reads:name"]);
    let nested = json!({"name": {}, "partner_id": {"fields": {"email": {}, "bank_ids": {"fields": {"acc_number": {}}, "order": "sequence"}}}});
    check(
        "web_search_read",
        json!([]),
        json!({"domain": [], "specification": nested, "limit": 3}),
        &[
            "read reads:name,partner_id paths:partner_id.bank_ids,partner_id.bank_ids.acc_number,partner_id.email \
            by:partner_id.bank_ids.sequence ordered:partner_id.bank_ids.sequence ≤3",
        ],
    );
    check("name_search", json!(["x"]), json!({}), &["read reads:display_name by:display_name ≤100"]);
    check(
        "name_search",
        json!(["x", [["active", "=", true]]]),
        json!({"limit": null}),
        &["read reads:display_name by:active,display_name"],
    );
}

#[test]
fn reads_in_every_spelling() {
    for (args, kwargs) in [
        (json!([[7], ["name"]]), json!({})),
        (json!([7, ["name"]]), json!({})),
        (json!(["[7]", ["name"]]), json!({})),
        (json!(["7"]), json!({"fields": ["name"]})),
        (json!([[[7]]]), json!({"fields": ["name"]})),
        (json!([]), json!({"ids": [7], "fields": ["name"]})),
        (json!([["name"]]), json!({"ids": "7"})),
    ] {
        check("read", args, kwargs, &["read [7] reads:name ≤1"]);
    }
    check("read", json!([[7]]), json!({}), &["read [7] reads:* ≤1"]);
    check("read", json!([[7], false]), json!({}), &["read [7] reads:* ≤1"]);
    check(
        "web_read",
        json!([[7], {"partner_id": {"fields": {"name": {}}}}]),
        json!({}),
        &["read [7] reads:partner_id paths:partner_id.name ≤1"],
    );
    check(
        "export_data",
        json!([[7, 8], ["name", "partner_id/.id", "partner_id/country_id/code", "user_id:id", ".id"]]),
        json!({}),
        &[
            "read [7, 8] reads:id,name,partner_id,user_id paths:id,name,partner_id.country_id.code,partner_id.id,user_id.id ≤2",
            "create",
        ],
    );
    check(
        "export_data",
        json!([[7], ["partner_id/.id"]]),
        json!({}),
        &["read [7] reads:partner_id paths:partner_id.id ≤1"],
    );
    for method in ["fields_get", "default_get", "get_views", "check_access_rights"] {
        check(method, json!([]), json!({}), &["read ≤0"]);
    }
    check("get_field_translations", json!([[7], "name"]), json!({}), &["read [7] reads:name ≤1"]);
}

#[test]
fn groups_in_every_spelling() {
    check(
        "read_group",
        json!([[["state", "=", "sale"]], ["amount_total:sum", "n:count(id)"], ["date_order:month"]]),
        json!({"orderby": "partner_id"}),
        &["read reads:amount_total,date_order,id by:state,amount_total,id,date_order,partner_id \
            ordered:amount_total,id,date_order,partner_id"],
    );
    for (args, kwargs) in [
        (json!([[], ["partner_id.country_id"], ["amount_total:sum", "__count"]]), json!({"limit": 4})),
        (
            json!([[]]),
            json!({"groupby": ["partner_id.country_id"], "aggregates": ["amount_total:sum"], "limit": 4}),
        ),
        (json!([[], "partner_id.country_id", "amount_total"]), json!({"limit": 4})),
    ] {
        check(
            "formatted_read_group",
            args,
            kwargs,
            &[
                "read reads:amount_total,partner_id paths:partner_id.country_id by:partner_id.country_id,amount_total \
                ordered:partner_id.country_id,amount_total ≤4",
            ],
        );
    }
    check(
        "formatted_read_group",
        json!([[], ["state"], [], [["amount_total:sum", ">", 5]]]),
        json!({}),
        &["read reads:state by:amount_total,state ordered:state"],
    );
    check(
        "web_read_group",
        json!([[], ["state"]]),
        json!({
            "unfold_read_specification": {"name": {}}, "limit": 5,
            "opening_info": [{"progressbar_domain": [["user_id.login", "=", "x"]], "groups": []}],
        }),
        &["read reads:name,state by:user_id.login,state ordered:state"],
    );
    check(
        "web_read_group",
        json!([[], [], ["state"]]),
        json!({"expand": true}),
        &["read reads:* reads:state by:state ordered:state"],
    );
}

#[test]
fn changes_in_every_spelling() {
    let values = json!({"name": "x", "order_line": [[2, 5]]});
    let written = r#"writes:name,order_line [{"name":"x","order_line":[[2,5]]}]"#;
    check("create", json!([values]), json!({}), &[&format!("create {written} ≤1")]);
    check("create", json!([[values]]), json!({}), &[&format!("create {written} ≤1")]);
    check("create", json!([]), json!({"vals_list": [values]}), &[&format!("create {written} ≤1")]);
    check("write", json!([[7], values]), json!({}), &[&format!("write [7] {written} ≤1")]);
    check("write", json!([]), json!({"ids": 7, "vals": values}), &[&format!("write [7] {written} ≤1")]);
    for no_ids in [json!([]), json!(false), json!(null)] {
        check(
            "web_save",
            json!([no_ids, values, {"name": {}}]),
            json!({}),
            &[&format!("create {written} ≤1"), "- read reads:name ≤1"],
        );
    }
}

#[test]
fn a_save_with_records_is_a_write() {
    check(
        "web_save",
        json!(["7"]),
        json!({"vals": {"name": "x"}, "specification": {"partner_id": {"fields": {"name": {}}}}, "next_id": 8}),
        &[
            r#"write [7] writes:name [{"name":"x"}] ≤1"#,
            "- read [8] reads:partner_id paths:partner_id.name ≤1",
        ],
    );
    check(
        "web_save_multi",
        json!([[7, 8], [{"name": "x"}, {"state": "y"}], {}]),
        json!({}),
        &[
            "execute [7, 8] ≤2",
            r#"write [7, 8] writes:name,state [{"name":"x"},{"state":"y"}] ≤2"#,
            "- read [7, 8] ≤2",
        ],
    );
    check(
        "copy",
        json!([[7], {"name": "x"}]),
        json!({}),
        &[r#"create [7] writes:name [{"name":"x"}] ≤1"#, "- read [7] reads:* ≤1"],
    );
    check("copy", json!([7]), json!({}), &["create [7] [{}] ≤1", "- read [7] reads:* ≤1"]);
    check("name_create", json!(["x"]), json!({}), &[r#"create writes:name [{"name":"x"}] ≤1"#]);
    check("action_archive", json!([[7]]), json!({}), &[r#"write [7] writes:active [{"active":false}] ≤1"#]);
    check("toggle_active", json!([[7]]), json!({}), &[r#"write [7] writes:active [{"active":null}] ≤1"#]);
    check(
        "update_field_translations",
        json!([[7], "name", {"fr_FR": "x"}]),
        json!({}),
        &[r#"write [7] writes:name [{"name":{"fr_FR":"x"}}] ≤1"#],
    );
    for mail in ["message_post", "message_notify", "message_mail_with_source", "message_post_with_view"] {
        check(mail, json!([[7]]), json!({"body": "x"}), &["mail [7] ≤1"]);
    }
    check("unlink", json!(["[7, 8]"]), json!({}), &["unlink [7, 8] ≤2"]);
    check("action_confirm", json!([[7]]), json!({}), &["execute [7] ≤1"]);
}

#[test]
fn tables_become_values() {
    check(
        "load",
        json!([["name", "partner_id/.id"], [["x", "7"], ["y", "z"]]]),
        json!({}),
        &[r#"create writes:name,partner_id [{"name":"x","partner_id":7},{"name":"y","partner_id":"z"}] ≤2"#],
    );
    check(
        "load",
        json!([]),
        json!({"fields": [".id", "name"], "data": [["7", "x"], ["", "y"]]}),
        &[r#"create writes:name [{"name":"y"}] ≤1"#, r#"write [7] writes:name [{"name":"x"}] ≤1"#],
    );
    check(
        "load",
        json!([["id", "name"], [["a.b", "x"]]]),
        json!({}),
        &[r#"create writes:name [{"name":"x"}] ≤1"#, r#"write writes:name [{"name":"x"}] ≤1"#, "create"],
    );
    check(
        "load",
        json!([["name", "child_ids/id", "child_ids/name"], [["x", "a.b", "y"]]]),
        json!({}),
        &[
            r#"create writes:child_ids,name [{"name":"x","child_ids":[[0,0,{"name":"y"}],[1,false,{"name":"y"}]]}] ≤1"#,
            "create",
        ],
    );
    check(
        "load",
        json!([["order_line/.id", "order_line/product_id/id"], [["5", "p.q"], ["", "r.s"]]]),
        json!({}),
        &[
            r#"create writes:order_line [{"order_line":[[4,5,0],[1,5,{"product_id":"p.q"}]]},{"order_line":[[0,0,{"product_id":"r.s"}]]}] ≤2"#,
        ],
    );
    check_refused("load", json!([["name"], [["x", "y"]]]), json!({}));
    check_refused("load", json!([[".id"], [["5,6"]]]), json!({}));
    check_refused("load", json!(["name; x", [["x"]]]), json!({}));
    check_refused("load", json!([["name"], "x"]), json!({}));
    check_refused("load", json!([["name"]]), json!({}));
}

#[test]
fn ids_in_odd_shapes_never_reach_odoo() {
    for ids in [
        json!("5 7"),
        json!("x"),
        json!(5.0),
        json!([5.0]),
        json!([true]),
        json!({"5": 1}),
        json!(-5),
        json!(0),
        json!(["5"]),
    ] {
        for method in ["write", "unlink", "copy", "web_save", "message_post", "action_archive", "read"] {
            check_refused(method, json!([ids, {"name": "x"}, {}]), json!({}));
            check_refused(method, json!([{"name": "x"}]), json!({"ids": ids}));
        }
    }
    for ids in [
        json!("57"),
        json!(["5"]),
        json!([5, "6"]),
        json!([" 5 "]),
        json!(["0x1F"]),
        json!({"5": 1}),
        json!(["a", 5]),
    ] {
        check_refused("action_confirm", json!([ids]), json!({}));
    }
    for other in [
        json!("base.group_user"),
        json!("en_US"),
        json!(["2026-01-01"]),
        json!({"name": 1}),
        json!([["a", "=", 5]]),
    ] {
        check("some_method", json!([other]), json!({}), &["execute"]);
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (method, args, kwargs) in [
        ("write", json!([[7]]), json!({})),
        ("write", json!([[7], "x"]), json!({})),
        ("write", json!([[7], {"name": "x"}]), json!({"vals": {"state": "y"}})),
        ("write", json!([[7], {"na me": "x"}]), json!({})),
        ("create", json!([]), json!({})),
        ("create", json!([[1]]), json!({})),
        ("create", json!([{}]), json!({"ids": [1], "vals": {}})),
        ("web_save", json!([[7], [], {}]), json!({})),
        ("web_save", json!([[7], {}, []]), json!({})),
        ("web_save", json!([[7], {}, {}]), json!({"next_id": "8,9"})),
        ("copy", json!([[7], []]), json!({})),
        ("name_create", json!([5]), json!({})),
        ("web_read", json!([[7], {"partner_id": 5}]), json!({})),
        ("search", json!([["name", "=", "x"]]), json!({})),
        ("search", json!([[["name", "is", "x"]]]), json!({})),
        ("search", json!([[]]), json!({"order": ["name"]})),
        ("search_read", json!([[], 5]), json!({})),
        ("read_group", json!([[], [5], ["x"]]), json!({})),
        ("export_data", json!([[7], "a b"]), json!({})),
        ("update_field_translations", json!([[7]]), json!({})),
        ("read", json!([[7]]), json!({"context": []})),
        ("read", json!([[7]]), json!({"ids": [], "fields": []})),
    ] {
        check_refused(method, args, kwargs);
    }
}

#[test]
fn the_worst_of_a_call_is_never_weaker() {
    let connection = ConnectionAlias::parse("shop").unwrap();
    let model = ModelName::parse("sale.order").unwrap();
    for (method, operation) in [
        ("web_save", Operation::Write),
        ("unlink", Operation::Unlink),
        ("read", Operation::Read),
        ("nobody_knows", Operation::Execute),
    ] {
        let method = MethodName::parse(method).unwrap();
        let worst = MethodCall::worst(Target { connection: &connection, model: &model, method: &method });
        assert_eq!(worst[0].operation, operation);
        assert_eq!(worst[0].reads_every_field, operation == Operation::Read);
    }
}
