//! Changing records: what is asked for happens once, and what would be lost is refused before it leaves.

use serde_json::{Value, json};

use super::harness::{Door, Front, World, unique};

super::scenarios![
    one_record_is_created,
    many_records_are_created_together_or_not_at_all,
    a_change_is_written,
    a_deletion_deletes,
    a_dry_run_of_a_create_creates_nothing,
    a_dry_run_of_a_write_shows_before_and_after,
    a_dry_run_of_a_delete_deletes_nothing,
    a_pair_as_read_is_written_as_its_id,
    what_would_empty_a_many2one_is_refused,
    what_would_become_true_is_refused,
    values_of_the_wrong_type_are_refused,
    relations_take_commands_and_refuse_everything_else,
    unknown_fields_are_refused_with_the_nearest,
    a_write_without_records_is_refused,
    a_write_without_values_is_refused,
    records_that_do_not_exist_are_not_written,
    a_constraint_of_odoo_is_told_and_nothing_is_kept,
    a_record_in_use_is_not_deleted,
    rights_of_odoo_hold,
];

const CHANGING: [&str; 6] = ["create", "write", "unlink", "web_save", "copy", "name_create"];

/// Did anything that changes contacts arrive?
fn changes(front: &Front) -> usize {
    CHANGING.iter().map(|method| front.calls_of("res.partner", method)).sum()
}

/// The ids that a create tells.
#[track_caller]
pub(super) fn created(result: &Value) -> Vec<i64> {
    let ids = result.get("ids").or_else(|| result.get("created_ids")).and_then(Value::as_array);
    let ids = ids.unwrap_or_else(|| panic!("no ids: {result}"));
    ids.iter().map(|id| id.as_i64().expect("an id")).collect()
}

#[track_caller]
fn write(door: &Door, id: i64, values: &Value) -> Result<Value, Value> {
    door.call("odoo_write", json!({"model": "res.partner", "ids": [id], "values": values}))
}

fn one_record_is_created(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let name = unique("Contact");
    let values = json!({"name": name, "email": "new@example.com", "is_company": true});
    let ids = created(&door.ok("odoo_create", json!({"model": "res.partner", "values": values})));
    let _contact = world.adopt("res.partner", ids[0]);
    assert_eq!(oracle.search("res.partner", json!([["name", "=", name]])), ids);
    assert_eq!(oracle.field("res.partner", ids[0], "email"), "new@example.com");
    assert_eq!(oracle.field("res.partner", ids[0], "is_company"), true);
}

fn many_records_are_created_together_or_not_at_all(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let name = unique("Contact");
    let values = json!([{"name": format!("{name} a")}, {"name": format!("{name} b")}]);
    let ids = created(&door.ok("odoo_create", json!({"model": "res.partner", "values": values})));
    let _contacts: Vec<_> = ids.iter().map(|id| world.adopt("res.partner", *id)).collect();
    assert_eq!(oracle.search("res.partner", json!([["name", "like", name]])), ids);
    let name = unique("Contact");
    // A contact without a name breaks a constraint of the database.
    let values = json!([{"name": format!("{name} a")}, {"name": false}]);
    let arguments = json!({"model": "res.partner", "values": values});
    door.refused("odoo_create", arguments, &["validation", "invalid_value", "user_error", "odoo_fault"]);
    assert_eq!(oracle.count("res.partner", json!([["name", "like", name]])), 0, "half a create stayed");
}

fn a_change_is_written(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (contact, other) = (world.contact(), world.contact());
    let france = oracle.search("res.country", json!([["code", "=", "FR"]]))[0];
    let before = oracle.field("res.partner", other.id, "write_date");
    write(
        &door,
        contact.id,
        &json!({"email": "b@example.com", "country_id": france, "comment": "ünïcode ✓ 漢字"}),
    )
    .unwrap();
    assert_eq!(oracle.field("res.partner", contact.id, "email"), "b@example.com");
    assert_eq!(oracle.field("res.partner", contact.id, "country_id")[0], france);
    assert!(oracle.field("res.partner", contact.id, "comment").to_string().contains("ünïcode ✓ 漢字"));
    write(&door, contact.id, &json!({"email": false, "country_id": false})).unwrap();
    assert_eq!(oracle.field("res.partner", contact.id, "email"), false);
    assert_eq!(oracle.field("res.partner", contact.id, "country_id"), false);
    assert_eq!(oracle.field("res.partner", other.id, "write_date"), before, "another record was touched");
}

fn a_deletion_deletes(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (contact, other) = (world.contact(), world.contact());
    door.ok("odoo_unlink", json!({"model": "res.partner", "ids": [contact.id]}));
    assert!(!oracle.exists("res.partner", contact.id));
    assert!(oracle.exists("res.partner", other.id));
    door.refused("odoo_unlink", json!({"model": "res.partner", "ids": [contact.id]}), &["not_found"]);
    for ids in [json!([]), json!([0]), json!([-1]), json!("all"), json!(null), json!([true]), json!([[]])] {
        door.refused("odoo_unlink", json!({"model": "res.partner", "ids": ids}), &["invalid_arguments"]);
    }
}

fn a_dry_run_of_a_create_creates_nothing(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let name = unique("Contact");
    let result =
        door.ok("odoo_create", json!({"model": "res.partner", "values": {"name": name}, "dry_run": true}));
    assert_eq!(result["dry_run"], true, "{result}");
    assert!(result.to_string().contains(&name), "it shows what would be: {result}");
    assert_eq!(changes(&front), 0);
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
    for values in
        [json!({"nmae": "x"}), json!({"name": 7}), json!({"country_id": "France", "name": "x"}), json!({})]
    {
        let arguments = json!({"model": "res.partner", "values": values, "dry_run": true});
        match door.call("odoo_create", arguments) {
            Err(error) => assert!(error["code"].is_string(), "{values}"),
            Ok(result) => {
                let problems = result["problems"].as_array().map_or(0, Vec::len);
                assert!(problems > 0 || values == json!({}), "{values}: {result}");
            }
        }
    }
    assert_eq!(changes(&front), 0);
}

fn a_dry_run_of_a_write_shows_before_and_after(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    let contact =
        world.temporary("res.partner", json!({"name": unique("Contact"), "email": "before@example.com"}));
    let values = json!({"email": "after@example.com", "phone": "+1 555"});
    let arguments = json!({"model": "res.partner", "ids": [contact.id], "values": values, "dry_run": true});
    let answer = door.answer("odoo_write", arguments);
    let whole = answer.structured.to_string();
    assert!(!answer.is_error, "{whole}");
    for piece in ["before@example.com", "after@example.com", "+1 555", "email", "phone"] {
        assert!(whole.contains(piece), "`{piece}` is missing: {whole}");
        assert!(answer.text.contains(piece), "`{piece}` is missing in the text: {}", answer.text);
    }
    assert_eq!(changes(&front), 0);
    assert_eq!(oracle.field("res.partner", contact.id, "email"), "before@example.com");
    let gone = json!({"model": "res.partner", "ids": [2_000_000_000], "values": values, "dry_run": true});
    match door.call("odoo_write", gone) {
        Err(error) => assert_eq!(error["code"], "not_found"),
        Ok(result) => assert!(result.to_string().contains("2000000000"), "the missing id is named: {result}"),
    }
    let wrong = json!({"model": "res.partner", "ids": [contact.id], "values": {"country_id": "France"}, "dry_run": true});
    door.refused("odoo_write", wrong, &["invalid_value", "invalid_arguments"]);
    assert_eq!(changes(&front), 0);
}

fn a_dry_run_of_a_delete_deletes_nothing(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    let name = unique("Contact");
    let contact = world.temporary("res.partner", json!({"name": name}));
    let arguments = json!({"model": "res.partner", "ids": [contact.id], "dry_run": true});
    let result = door.ok("odoo_unlink", arguments);
    assert!(result.to_string().contains(&name), "it shows what would go: {result}");
    for dry_run in [json!("true"), json!(1), json!("no"), json!([])] {
        let arguments = json!({"model": "res.partner", "ids": [contact.id], "dry_run": dry_run});
        door.refused("odoo_unlink", arguments, &["invalid_arguments"]);
    }
    assert_eq!(changes(&front), 0);
    assert!(oracle.exists("res.partner", contact.id));
}

fn a_pair_as_read_is_written_as_its_id(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let contact = world.contact();
    let france = oracle.search("res.country", json!([["code", "=", "FR"]]))[0];
    write(&door, contact.id, &json!({"country_id": [france, "France"]})).unwrap();
    assert_eq!(oracle.field("res.partner", contact.id, "country_id")[0], france);
    let values = json!({"name": unique("Contact"), "country_id": [france, "France"]});
    let ids = created(&door.ok("odoo_create", json!({"model": "res.partner", "values": values})));
    let _made = world.adopt("res.partner", ids[0]);
    assert_eq!(oracle.field("res.partner", ids[0], "country_id")[0], france);
}

fn what_would_empty_a_many2one_is_refused(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    let france = oracle.search("res.country", json!([["code", "=", "FR"]]))[0];
    let contact = world.temporary("res.partner", json!({"name": unique("Contact"), "country_id": france}));
    for value in [
        json!("France"),
        json!(france.to_string()),
        json!([france]),
        json!([france, 7]),
        json!(["France", france]),
        json!([france, "France", "more"]),
        json!({"id": france}),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!([]),
        json!(""),
        json!([[6, 0, [france]]]),
    ] {
        let error = write(&door, contact.id, &json!({"country_id": value})).expect_err(&value.to_string());
        assert!(
            ["invalid_value", "invalid_arguments"].contains(&error["code"].as_str().unwrap()),
            "{value}: {error}"
        );
        assert!(error.to_string().contains("country_id"), "the field is named: {error}");
        let values = json!({"name": unique("Contact"), "country_id": value});
        let arguments = json!({"model": "res.partner", "values": values});
        door.refused("odoo_create", arguments, &["invalid_value", "invalid_arguments"]);
    }
    assert_eq!(changes(&front), 0, "a wrong value reached Odoo");
    assert_eq!(oracle.field("res.partner", contact.id, "country_id")[0], france);
}

fn what_would_become_true_is_refused(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    let contact = world.temporary("res.partner", json!({"name": unique("Contact"), "is_company": false}));
    for value in [json!("no"), json!("false"), json!(0), json!(1), json!([]), json!({}), json!("")] {
        let error = write(&door, contact.id, &json!({"is_company": value})).expect_err(&value.to_string());
        assert!(
            ["invalid_value", "invalid_arguments"].contains(&error["code"].as_str().unwrap()),
            "{value}: {error}"
        );
    }
    assert_eq!(changes(&front), 0, "a wrong value reached Odoo");
    assert_eq!(oracle.field("res.partner", contact.id, "is_company"), false);
}

fn values_of_the_wrong_type_are_refused(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let contact = world.temporary("res.partner", json!({"name": unique("Contact"), "color": 3}));
    for values in [
        json!({"name": 7}),
        json!({"name": ["x"]}),
        json!({"name": {"en_US": "x"}}),
        json!({"name": true}),
        json!({"color": "5"}),
        json!({"color": "x"}),
        json!({"color": 1.5}),
        json!({"color": [1]}),
        json!({"type": "nosuch"}),
        json!({"type": 7}),
        json!({"email": {"address": "x"}}),
        json!({"name": false}),
    ] {
        let error = write(&door, contact.id, &values).expect_err(&values.to_string());
        let code = error["code"].as_str().unwrap();
        assert!(
            ["invalid_value", "invalid_arguments", "validation", "odoo_fault"].contains(&code),
            "{values}: {error}"
        );
    }
    assert_eq!(oracle.field("res.partner", contact.id, "color"), 3);
    assert_eq!(oracle.field("res.partner", contact.id, "type"), "contact");
    // Amounts and dates stand on other models.
    for price in [json!("dear"), json!([]), json!({}), json!(true), json!("1,5")] {
        let values = json!({"name": unique("Product"), "list_price": price});
        let codes = ["invalid_value", "invalid_arguments"];
        door.refused("odoo_create", json!({"model": "product.template", "values": values}), &codes);
    }
    for date in
        [json!("2026-02-30"), json!("tomorrow"), json!("30.01.2026"), json!(20_260_101), json!("2026-1-1T")]
    {
        let values = json!({"partner_id": contact.id, "validity_date": date});
        let arguments = json!({"model": "sale.order", "values": values});
        let codes = ["invalid_value", "invalid_arguments", "odoo_fault", "validation"];
        door.refused("odoo_create", arguments, &codes);
    }
}

fn relations_take_commands_and_refuse_everything_else(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let contact = world.contact();
    let tag = world.temporary("res.partner.category", json!({"name": unique("Tag")}));
    let child = unique("Child");
    write(&door, contact.id, &json!({"category_id": [[6, 0, [tag.id]]]})).unwrap();
    assert_eq!(oracle.field("res.partner", contact.id, "category_id"), json!([tag.id]));
    write(&door, contact.id, &json!({"category_id": [[3, tag.id]]})).unwrap();
    assert_eq!(oracle.field("res.partner", contact.id, "category_id"), json!([]));
    write(&door, contact.id, &json!({"child_ids": [[0, 0, {"name": child}]]})).unwrap();
    let children = oracle.search("res.partner", json!([["parent_id", "=", contact.id]]));
    assert_eq!(children.len(), 1);
    let _child = world.adopt("res.partner", children[0]);
    for value in [
        json!([[9, 0, 0]]),
        json!([["x"]]),
        json!("all"),
        json!([[6, 0, "all"]]),
        json!([[0, 0]]),
        json!([[0, 0, "x"]]),
        json!([[1]]),
        json!([[6]]),
        json!([[]]),
        json!({"add": [tag.id]}),
        json!(true),
        json!([tag.id, "Tag"]),
        json!([[4, "x"]]),
        json!([[0, 0, {"nmae": "x"}]]),
    ] {
        let error = write(&door, contact.id, &json!({"category_id": value})).expect_err(&value.to_string());
        let code = error["code"].as_str().unwrap();
        assert!(["invalid_value", "invalid_arguments", "unknown_field"].contains(&code), "{value}: {error}");
    }
    assert_eq!(oracle.field("res.partner", contact.id, "category_id"), json!([]));
    assert!(oracle.exists("res.partner.category", tag.id));
}

fn unknown_fields_are_refused_with_the_nearest(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let contact = world.contact();
    let error = write(&door, contact.id, &json!({"emial": "x@example.com"})).unwrap_err();
    assert_eq!(error["code"], "unknown_field");
    assert!(error.to_string().contains("`email`"), "{error}");
    let values = json!({"name": unique("Contact"), "countri_id": 1});
    let error =
        door.refused("odoo_create", json!({"model": "res.partner", "values": values}), &["unknown_field"]);
    assert!(error.to_string().contains("country_id"), "{error}");
    for name in ["", "na me", "name;", "__class__.x", "id", "é"] {
        let error = write(&door, contact.id, &json!({name: 1})).unwrap_err();
        let codes = ["invalid_arguments", "unknown_field", "invalid_value"];
        assert!(codes.contains(&error["code"].as_str().unwrap()), "{name:?}: {error}");
    }
    assert_eq!(changes(&front), 0);
}

fn a_write_without_records_is_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for ids in
        [json!([]), json!(null), json!([[]]), json!(""), json!("[]"), json!([0]), json!([-5]), json!(["all"])]
    {
        let arguments = json!({"model": "res.partner", "ids": ids, "values": {"comment": "x"}});
        door.refused("odoo_write", arguments, &["invalid_arguments"]);
    }
    let without = json!({"model": "res.partner", "values": {"comment": "x"}});
    door.refused("odoo_write", without, &["invalid_arguments"]);
    assert_eq!(changes(&front), 0);
}

fn a_write_without_values_is_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let contact = world.contact();
    for values in [json!({}), json!(null), json!([]), json!("name=x"), json!([["name", "x"]])] {
        let error = write(&door, contact.id, &values).unwrap_err();
        assert_eq!(error["code"], "invalid_arguments", "{values}");
    }
    for values in [json!(null), json!([]), json!("x"), json!([1]), json!([[]])] {
        door.refused(
            "odoo_create",
            json!({"model": "res.partner", "values": values}),
            &["invalid_arguments"],
        );
    }
    assert_eq!(changes(&front), 0);
}

fn records_that_do_not_exist_are_not_written(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let contact = world.contact();
    let arguments = json!({"model": "res.partner", "ids": [contact.id, 2_000_000_000], "values": {"email": "x@example.com"}});
    door.refused("odoo_write", arguments, &["not_found"]);
    assert_eq!(oracle.field("res.partner", contact.id, "email"), false, "half a write stayed");
    let arguments = json!({"model": "res.partner", "ids": [contact.id, 2_000_000_000]});
    door.refused("odoo_unlink", arguments, &["not_found"]);
    assert!(oracle.exists("res.partner", contact.id), "half a deletion stayed");
}

fn a_constraint_of_odoo_is_told_and_nothing_is_kept(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (parent, child) = (world.contact(), world.contact());
    write(&door, child.id, &json!({"parent_id": parent.id})).unwrap();
    let error = write(&door, parent.id, &json!({"parent_id": child.id})).expect_err("a circle of parents");
    let code = error["code"].as_str().unwrap();
    assert!(["validation", "user_error"].contains(&code), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    assert_eq!(oracle.field("res.partner", parent.id, "parent_id"), false);
    write(&door, child.id, &json!({"parent_id": false})).unwrap();
}

fn a_record_in_use_is_not_deleted(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let partner = oracle.field("res.users", oracle.uid(), "partner_id")[0].as_i64().expect("a partner");
    let codes = ["validation", "user_error", "access_denied", "odoo_fault"];
    door.refused("odoo_unlink", json!({"model": "res.partner", "ids": [partner]}), &codes);
    assert!(oracle.exists("res.partner", partner));
}

fn rights_of_odoo_hold(world: &World) {
    let oracle = world.oracle();
    let key = unique("scenario.key");
    let parameter = world.temporary("ir.config_parameter", json!({"key": key, "value": "secret value"}));
    let door = world.door_of_demo();
    let model = "ir.config_parameter";
    let id = parameter.id;
    for (tool, arguments) in [
        ("odoo_read", json!({"model": model, "ids": [id], "fields": ["value"]})),
        ("odoo_search_read", json!({"model": model, "fields": ["key", "value"]})),
        ("odoo_search_count", json!({"model": model})),
        ("odoo_write", json!({"model": model, "ids": [id], "values": {"value": "changed"}})),
        ("odoo_unlink", json!({"model": model, "ids": [id]})),
        ("odoo_create", json!({"model": model, "values": {"key": unique("k"), "value": "v"}})),
        ("odoo_execute", json!({"model": model, "method": "write", "args": [[id], {"value": "changed"}]})),
    ] {
        let error = door.refused(tool, arguments, &["access_denied"]);
        assert!(!error.to_string().contains("secret value"), "{tool}");
    }
    assert_eq!(oracle.field(model, id, "value"), "secret value");
}
