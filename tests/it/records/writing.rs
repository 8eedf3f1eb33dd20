//! Changing: rehearsed without a change, checked before it is sent, told afterwards.

use serde_json::json;

use super::everywhere;

#[test]
fn a_rehearsal_changes_nothing_and_tells_everything() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Before", "email": "before@example.com"}));
        bench.sandbox.clear_received();
        let plan = bench.ok(
            "odoo_create",
            json!({"model": "res.partner", "dry_run": true,
                   "values": [{"name": "New", "emial": "x", "country_id": "France"}]}),
        );
        assert_eq!(plan["created_ids"], json!([]));
        assert_eq!(plan["would_set"][0]["value"], "New");
        let problems = plan["problems"].to_string();
        assert!(problems.contains("did you mean `email`") && problems.contains("country_id"), "{problems}");

        let values = json!({"name": "Before", "email": "after@example.com"});
        let arguments = json!({"model": "res.partner", "ids": [id], "values": values, "dry_run": true});
        let plan = bench.ok("odoo_write", arguments);
        assert_eq!(
            plan["changes"],
            json!([{"id": id, "field": "email", "before": "before@example.com", "after": "after@example.com"}])
        );
        let plan = bench.ok("odoo_unlink", json!({"model": "res.partner", "ids": [id], "dry_run": true}));
        assert_eq!(plan["would_delete"][0]["id"], id);
        assert!(plan["note"].as_str().unwrap().contains("archive"), "{plan}");
        assert_eq!(bench.changes(), 0);
    });
}

#[test]
fn a_write_tells_what_changed() {
    everywhere(|bench| {
        let one = bench.contact(json!({"name": "One", "email": "same@example.com"}));
        let two = bench.contact(json!({"name": "Two"}));
        let arguments =
            json!({"model": "res.partner", "ids": [one, two], "values": {"email": "same@example.com"}});
        let written = bench.ok("odoo_write", arguments);
        assert_eq!(written["ids"], json!([one, two]));
        assert_eq!(
            written["changes"],
            json!([{"id": two, "field": "email", "before": false, "after": "same@example.com"}])
        );
    });
}

#[test]
fn one_missing_record_stops_the_whole_change() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "There"}));
        bench.sandbox.clear_received();
        let ids = json!([id, 2_000_000_000]);
        let write = json!({"model": "res.partner", "ids": ids, "values": {"email": "x@example.com"}});
        assert!(bench.refused("odoo_write", write, "not_found").contains("2000000000"));
        bench.refused("odoo_unlink", json!({"model": "res.partner", "ids": ids}), "not_found");
        for (method, args) in [("write", json!([ids, {"email": "x"}])), ("unlink", json!([ids]))] {
            let arguments = json!({"model": "res.partner", "method": method, "args": args});
            bench.refused("odoo_execute", arguments, "not_found");
        }
        assert_eq!(bench.changes(), 0);
    });
}

#[test]
fn a_lost_race_is_a_conflict() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Raced", "email": "now@example.com"}));
        bench.sandbox.clear_received();
        for (name, value) in [
            ("expected", json!({"email": "old@example.com"})),
            ("expected_write_date", json!("2020-01-01 00:00:00")),
        ] {
            let mut arguments =
                json!({"model": "res.partner", "ids": [id], "values": {"email": "mine@example.com"}});
            arguments[name] = value;
            bench.refused("odoo_write", arguments, "conflict");
        }
        assert_eq!(bench.changes(), 0);
        let arguments = json!({"model": "res.partner", "ids": [id], "values": {"email": "mine@example.com"},
                               "expected": {"email": "now@example.com"}});
        assert_eq!(bench.ok("odoo_write", arguments)["changes"][0]["after"], "mine@example.com");
    });
}

#[test]
fn values_that_odoo_would_lose_never_leave() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Kept"}));
        bench.sandbox.clear_received();
        for values in [
            json!({"country_id": "France"}),
            json!({"country_id": [1]}),
            json!({"is_company": "no"}),
            json!({"child_ids": [[9, 0, 0]]}),
        ] {
            let arguments = json!({"model": "res.partner", "ids": [id], "values": values});
            bench.refused("odoo_write", arguments, "invalid_value");
            let arguments = json!({"model": "res.partner", "method": "write", "args": [[id], values]});
            bench.refused("odoo_execute", arguments, "invalid_value");
            let arguments = json!({"model": "res.partner", "values": values});
            bench.refused("odoo_create", arguments, "invalid_value");
        }
        for values in [json!({}), json!([]), json!(null), json!("x"), json!({"id": 5}), json!({"a b": 1})] {
            let arguments = json!({"model": "res.partner", "ids": [id], "values": values});
            bench.refused("odoo_write", arguments, "invalid_arguments");
        }
        bench.refused("odoo_create", json!({"model": "res.partner", "values": []}), "invalid_arguments");
        assert_eq!(bench.changes(), 0);
    });
}

#[test]
fn many_records_are_one_request() {
    everywhere(|bench| {
        bench.contact(json!({"name": "Warm"}));
        bench.sandbox.clear_received();
        let created = bench
            .ok("odoo_create", json!({"model": "res.partner", "values": [{"name": "A"}, {"name": "B"}]}));
        assert_eq!(created["records"].as_array().map(Vec::len), Some(2), "{created}");
        assert_eq!(created["records"][1]["display_name"], "B");
        assert_eq!(bench.received("create"), 1);
    });
}
