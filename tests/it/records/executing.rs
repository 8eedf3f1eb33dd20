//! Any method: understood where it is known, bounded where it is not.

use odoo_mcp::facts::{Arrival, Caller, Class, Effect, Operation};
use serde_json::{Value, json};

use super::everywhere;

#[test]
fn buttons_run_on_records_given_either_way() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Archived"}));
        for arguments in [
            json!({"model": "res.partner", "method": "toggle_active", "args": [[id]]}),
            json!({"model": "res.partner", "method": "toggle_active", "ids": [id]}),
            json!({"model": "res.partner", "method": "toggle_active", "args": [id]}),
            json!({"model": "res.partner", "method": "toggle_active", "kwargs": {"ids": [id]}}),
        ] {
            bench.ok("odoo_execute", arguments);
        }
        assert_eq!(bench.received("toggle_active"), 4);
        assert_eq!(bench.sandbox.value("res.partner", id, "active"), Some(json!(true)));
    });
}

#[test]
fn a_result_that_is_too_large_is_an_error_and_not_half_a_result() {
    everywhere(|bench| {
        let arguments = json!({"model": "res.partner", "method": "search_read", "kwargs": {"fields": ["name", "email"]},
                               "max_bytes": 1000});
        let text = bench.refused("odoo_execute", arguments, "too_large");
        assert!(text.contains("max_bytes"), "{text}");
    });
}

#[test]
fn what_is_private_or_unclear_never_leaves() {
    everywhere(|bench| {
        let id = bench.contact(json!({"name": "Untouched"}));
        bench.sandbox.clear_received();
        for more in [
            json!({"method": "_write", "args": [[id], {"name": "x"}]}),
            json!({"method": "__init__"}),
            json!({"method": "write; drop"}),
            json!({"method": "write", "args": [[], {"name": "x"}]}),
            json!({"method": "write", "args": [[id]]}),
            json!({"method": "write", "args": [[id], "x"]}),
            json!({"method": "unlink", "args": [[]]}),
            json!({"method": "unlink"}),
            json!({"method": "create", "args": [[]]}),
            json!({"method": "create", "args": ["x"]}),
            json!({"method": "search", "ids": [id]}),
            json!({"method": "toggle_active", "args": [[-1]]}),
            json!({"method": "read", "args": [[id]], "kwargs": {"context": "fr_FR"}}),
        ] {
            let mut arguments = more;
            arguments["model"] = json!("res.partner");
            bench.refused("odoo_execute", arguments, "invalid_arguments");
        }
        let arguments =
            json!({"model": "res.partner", "method": "search", "args": [[["name", "ilik", "x"]]]});
        bench.refused("odoo_execute", arguments, "unknown_operator");
        assert!(bench.sandbox.received().is_empty());
    });
}

/// Effects and class of a call, before anything is sent.
fn declared(tool: &str, arguments: Value) -> (Class, Vec<Effect>) {
    let tool = odoo_mcp::tools::Catalog::new().find(tool).unwrap();
    let call = tool.entry.decode(arguments.as_object().cloned().unwrap()).unwrap();
    (call.class(), call.effects(&Caller::local(Arrival::Stdio), &odoo_mcp::tools::Helpers::default()))
}

#[track_caller]
fn check_declared(tool: &str, arguments: Value, class: Class, operations: &[(Operation, Option<&[i64]>)]) {
    let (found, effects) = declared(tool, arguments);
    assert_eq!(found, class, "{tool}");
    let effects: Vec<_> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Records(records) => (records.operation, records.ids.as_deref()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(effects, operations, "{tool}");
}

#[test]
fn a_known_method_is_what_it_is() {
    let execute = |method: &str, args: Value| json!({"model": "res.partner", "method": method, "args": args});
    let ids: Option<&[i64]> = Some(&[7, 8]);
    let (read, both) = ((Operation::Read, ids), json!([[7, 8]]));
    check_declared(
        "odoo_execute",
        execute("search_read", json!([])),
        Class::Read,
        &[(Operation::Read, None)],
    );
    check_declared("odoo_execute", execute("read", both.clone()), Class::Read, &[read]);
    check_declared(
        "odoo_execute",
        execute("unlink", both.clone()),
        Class::Destructive,
        &[(Operation::Unlink, ids), read],
    );
    let values = json!([[7, 8], {"name": "x"}]);
    check_declared(
        "odoo_execute",
        execute("write", values),
        Class::Execute,
        &[(Operation::Write, ids), read],
    );
    check_declared(
        "odoo_execute",
        execute("create", json!([{}])),
        Class::Execute,
        &[(Operation::Create, None)],
    );
    check_declared(
        "odoo_execute",
        execute("action_confirm", both),
        Class::Execute,
        &[(Operation::Execute, ids)],
    );
    // What cannot be understood never gets as far as declaring anything.
    let tool = odoo_mcp::tools::Catalog::new().find("odoo_execute").unwrap();
    for (method, args) in
        [("unlink", json!([])), ("unlink", json!([["5"]])), ("action_confirm", json!(["57"]))]
    {
        let arguments = execute(method, args).as_object().cloned().unwrap();
        assert!(tool.entry.decode(arguments).is_err(), "{method}");
    }
}

#[test]
fn a_rehearsal_declares_only_reading() {
    let ids: Option<&[i64]> = Some(&[7]);
    let with = |more: Value| {
        let mut arguments = json!({"model": "res.partner", "dry_run": true});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    check_declared(
        "odoo_create",
        with(json!({"values": {"name": "x"}})),
        Class::Read,
        &[(Operation::Read, None)],
    );
    let write = with(json!({"ids": [7], "values": {"name": "x"}}));
    check_declared("odoo_write", write.clone(), Class::Read, &[(Operation::Read, ids)]);
    check_declared("odoo_unlink", with(json!({"ids": [7]})), Class::Read, &[(Operation::Read, ids)]);
    let mut real = write;
    real["dry_run"] = json!(false);
    check_declared("odoo_write", real, Class::Write, &[(Operation::Write, ids), (Operation::Read, ids)]);
}

#[test]
fn a_search_declares_the_paths_that_choose() {
    let (_, effects) = declared(
        "odoo_search_read",
        json!({"model": "res.partner", "domain": [["country_id.code", "=", "FR"]], "order": "credit desc",
               "fields": ["name"], "limit": 5}),
    );
    let [Effect::Records(effect)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(effect.fields_filtered, ["country_id.code", "credit"]);
    assert_eq!(effect.fields_read.len(), 1);
    assert_eq!(effect.row_bound, Some(5));
}
