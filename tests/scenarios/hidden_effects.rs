//! What a call does beside what it says: under a policy that forbids the deed, nothing reaches Odoo.

use serde_json::{Value, json};

use super::harness::{Door, Front, World, unique};

super::scenarios![
    a_deletion_hidden_in_commands_is_seen,
    commands_within_commands_are_seen,
    a_default_of_the_context_is_a_value,
    a_save_is_a_create_or_a_write,
    a_copy_is_a_create,
    a_name_to_create_is_a_create,
    a_table_to_load_is_a_create_or_a_write,
    ids_as_text_are_records_or_nothing,
    commands_that_cannot_be_read_go_nowhere,
    what_is_not_forbidden_still_works,
];

/// What a refused call may cause: a login with a look at who one is, and questions for definitions.
const OF_THE_LOGIN: [&str; 3] = ["res.users.context_get", "res.users.read", "res.company.read"];
const DEFINITIONS: &str = ".fields_get";

/// A door whose policy forbids one deed, and the front that sees what passes.
#[track_caller]
fn forbidding(world: &World, deed: &str) -> (Front, Door) {
    let policy = json!({
        "version": "1", "default": "allow", "tools": {deed: {"action": "deny", "reason": "Not here."}},
    });
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    (front, Door::open(settings))
}

fn execute(model: &str, method: &str, args: Value, kwargs: Value) -> Value {
    json!({"model": model, "method": method, "args": args, "kwargs": kwargs})
}

/// Everything that was asked of models, beside definitions.
pub(crate) fn reached(front: &Front) -> Vec<String> {
    let calls = front.recorded().into_iter().filter_map(|recorded| recorded.called());
    calls.filter(|call| !OF_THE_LOGIN.contains(&call.as_str()) && !call.ends_with(DEFINITIONS)).collect()
}

#[track_caller]
fn check_refused(front: &Front, door: &Door, tool: &str, arguments: Value) {
    front.forget();
    let error = door.refused(tool, arguments.clone(), &["denied"]);
    assert_eq!(error["reason"], "Not here.", "{arguments}: {error}");
    let reached = reached(front);
    assert!(reached.is_empty(), "{arguments} reached Odoo: {reached:?}");
}

fn a_deletion_hidden_in_commands_is_seen(world: &World) {
    let oracle = world.oracle();
    let parent = world.contact();
    let child = world.temporary("res.partner", json!({"name": unique("Child"), "parent_id": parent.id}));
    let (front, door) = forbidding(world, "odoo_unlink");
    for commands in [
        json!([[2, child.id, 0]]),
        json!([[2, child.id]]),
        json!([[3, child.id, 0]]),
        json!([[5, 0, 0]]),
        json!([[6, 0, []]]),
        json!([[0, 0, {"name": "x"}], [2, child.id, 0]]),
    ] {
        let values = json!({"child_ids": commands});
        check_refused(
            &front,
            &door,
            "odoo_write",
            json!({"model": "res.partner", "ids": [parent.id], "values": values}),
        );
        for (method, args) in
            [("write", json!([[parent.id], values])), ("web_save", json!([[parent.id], values, {}]))]
        {
            check_refused(&front, &door, "odoo_execute", execute("res.partner", method, args, json!({})));
        }
    }
    // What a method that is not a plain write takes for "nothing" empties the list.
    for nothing in [json!(false), json!(null)] {
        let args = json!([[parent.id], {"child_ids": nothing}, {}]);
        check_refused(&front, &door, "odoo_execute", execute("res.partner", "web_save", args, json!({})));
    }
    assert!(oracle.exists("res.partner", child.id));
    assert_eq!(oracle.field("res.partner", child.id, "parent_id")[0], parent.id);
}

fn commands_within_commands_are_seen(world: &World) {
    let (parent, other) = (world.contact(), world.contact());
    let (front, door) = forbidding(world, "odoo_unlink");
    let name = unique("Contact");
    let inner = json!({"name": name, "child_ids": [[0, 0, {"name": name, "child_ids": [[2, other.id, 0]]}]]});
    check_refused(&front, &door, "odoo_create", json!({"model": "res.partner", "values": inner}));
    let values = json!({"child_ids": [[1, other.id, {"child_ids": [[2, other.id, 0]]}]]});
    let write = json!({"model": "res.partner", "ids": [parent.id], "values": values});
    check_refused(&front, &door, "odoo_write", write);
    assert!(world.oracle().exists("res.partner", other.id));
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn a_default_of_the_context_is_a_value(world: &World) {
    let other = world.contact();
    let (front, door) = forbidding(world, "odoo_unlink");
    let name = unique("Contact");
    let context = json!({"default_child_ids": [[2, other.id, 0]]});
    check_refused(
        &front,
        &door,
        "odoo_create",
        json!({"model": "res.partner", "values": {"name": name}, "context": context}),
    );
    for (method, args) in [
        ("create", json!([{"name": name}])),
        ("name_create", json!([name])),
        ("web_save", json!([[], {"name": name}, {}])),
    ] {
        let arguments = execute("res.partner", method, args, json!({"context": context}));
        check_refused(&front, &door, "odoo_execute", arguments);
    }
    assert!(world.oracle().exists("res.partner", other.id));
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn a_save_is_a_create_or_a_write(world: &World) {
    let contact = world.contact();
    let name = unique("Contact");
    let values = json!({"name": name});
    let (front, door) = forbidding(world, "odoo_create");
    for (args, kwargs) in [
        (json!([[], values, {}]), json!({})),
        (json!([false, values, {}]), json!({})),
        (json!([[]]), json!({"vals": values, "specification": {}})),
    ] {
        check_refused(&front, &door, "odoo_execute", execute("res.partner", "web_save", args, kwargs));
    }
    let (front, door) = forbidding(world, "odoo_write");
    for (args, kwargs) in [
        (json!([[contact.id], values, {}]), json!({})),
        (json!([contact.id, values, {}]), json!({})),
        (json!([contact.id.to_string(), values, {}]), json!({})),
        (json!([]), json!({"ids": [contact.id], "vals": values, "specification": {}})),
    ] {
        check_refused(&front, &door, "odoo_execute", execute("res.partner", "web_save", args, kwargs));
    }
    for method in ["action_archive", "toggle_active"] {
        let args = json!([[contact.id]]);
        check_refused(&front, &door, "odoo_execute", execute("res.partner", method, args, json!({})));
    }
    let lines = json!([[contact.id], [values], {}]);
    check_refused(&front, &door, "odoo_execute", execute("res.partner", "web_save_multi", lines, json!({})));
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
    assert_eq!(world.oracle().field("res.partner", contact.id, "active"), true);
}

fn a_copy_is_a_create(world: &World) {
    let contact = world.contact();
    let name = unique("Copy");
    let (front, door) = forbidding(world, "odoo_create");
    for (args, kwargs) in [
        (json!([[contact.id], {"name": name}]), json!({})),
        (json!([contact.id]), json!({"default": {"name": name}})),
        (json!([]), json!({"ids": [contact.id], "default": {"name": name}})),
    ] {
        check_refused(&front, &door, "odoo_execute", execute("res.partner", "copy", args, kwargs));
    }
    let (front, door) = forbidding(world, "odoo_unlink");
    let changed = json!([[contact.id], {"name": name, "child_ids": [[2, contact.id, 0]]}]);
    check_refused(&front, &door, "odoo_execute", execute("res.partner", "copy", changed, json!({})));
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn a_name_to_create_is_a_create(world: &World) {
    let name = unique("Contact");
    let (front, door) = forbidding(world, "odoo_create");
    for (args, kwargs) in [(json!([name]), json!({})), (json!([]), json!({"name": name}))] {
        check_refused(&front, &door, "odoo_execute", execute("res.partner", "name_create", args, kwargs));
    }
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn a_table_to_load_is_a_create_or_a_write(world: &World) {
    let (oracle, contact) = (world.oracle(), world.contact());
    let name = unique("Loaded");
    let load = |fields: Value, data: Value| execute("res.partner", "load", json!([fields, data]), json!({}));
    let (front, door) = forbidding(world, "odoo_create");
    for arguments in [
        load(json!(["name"]), json!([[name]])),
        load(json!(["id", "name"]), json!([["__test__.nobody", name]])),
        load(json!([".id", "child_ids/name"]), json!([[contact.id.to_string(), name]])),
        execute("res.partner", "load", json!([]), json!({"fields": ["name"], "data": [[name]]})),
    ] {
        check_refused(&front, &door, "odoo_execute", arguments);
    }
    let (front, door) = forbidding(world, "odoo_write");
    for arguments in [
        load(json!([".id", "name"]), json!([[contact.id.to_string(), name]])),
        load(json!([".id", "name"]), json!([[contact.id, name]])),
        load(json!(["id", "name"]), json!([["__test__.nobody", name]])),
        load(
            json!(["name", "child_ids/.id", "child_ids/name"]),
            json!([["x", contact.id.to_string(), name]]),
        ),
    ] {
        check_refused(&front, &door, "odoo_execute", arguments);
    }
    assert_eq!(oracle.count("res.partner", json!([["name", "=", name]])), 0);
    // Where it is allowed, it does what it says.
    let door = world.door();
    let loaded =
        door.ok("odoo_execute", load(json!(["name", "child_ids/name"]), json!([[name, "Kid"], ["", "Kid"]])));
    let id = loaded["result"]["ids"][0].as_i64().unwrap_or_else(|| panic!("nothing was loaded: {loaded}"));
    let children = oracle.search("res.partner", json!([["parent_id", "=", id]]));
    let _children: Vec<_> = children.iter().map(|child| world.adopt("res.partner", *child)).collect();
    let _record = world.adopt("res.partner", id);
    assert_eq!(children.len(), 2);
    door.ok("odoo_execute", load(json!([".id", "city"]), json!([[id.to_string(), "Ghent"]])));
    assert_eq!(oracle.field("res.partner", id, "city"), "Ghent");
}

fn ids_as_text_are_records_or_nothing(world: &World) {
    let contact = world.contact();
    let text = contact.id.to_string();
    let (front, door) = forbidding(world, "odoo_unlink");
    for ids in [json!(text), json!(format!("[{text}]")), json!([[contact.id]])] {
        check_refused(
            &front,
            &door,
            "odoo_execute",
            execute("res.partner", "unlink", json!([ids]), json!({})),
        );
        let by_name = execute("res.partner", "unlink", json!([]), json!({"ids": ids}));
        check_refused(&front, &door, "odoo_execute", by_name);
    }
    front.forget();
    for ids in [json!([text]), json!([contact.id, text]), json!({text.clone(): 1}), json!([true]), json!(1.5)]
    {
        let unlink = execute("res.partner", "unlink", json!([ids]), json!({}));
        door.refused("odoo_execute", unlink, &["invalid_arguments"]);
    }
    // A method that nobody knows may be one of records.
    for ids in [json!(text), json!([text]), json!([contact.id, text]), json!({text.clone(): 1})] {
        let unknown = execute("res.partner", "create_company", json!([ids]), json!({}));
        door.refused("odoo_execute", unknown, &["invalid_arguments"]);
    }
    assert!(front.recorded().is_empty(), "an id as text reached Odoo");
    assert!(world.oracle().exists("res.partner", contact.id));
}

fn commands_that_cannot_be_read_go_nowhere(world: &World) {
    let (parent, other) = (world.contact(), world.contact());
    let (front, door) = forbidding(world, "odoo_unlink");
    for commands in [
        json!([[2.0, other.id]]),
        json!([[2, other.id.to_string()]]),
        json!([[2, [other.id]]]),
        json!([[true, other.id, {"name": "x"}]]),
        json!([["2", other.id]]),
        json!({"0": [2, other.id]}),
        json!("[[2, 1]]"),
        json!([other.id.to_string()]),
    ] {
        front.forget();
        let args = json!([[parent.id], {"child_ids": commands, "category_id": []}, {}]);
        let save = execute("res.partner", "web_save", args, json!({}));
        let error = door.refused("odoo_execute", save, &["invalid_value"]);
        assert!(error["message"].as_str().is_some_and(|said| said.contains("child_ids")), "{error}");
        assert!(reached(&front).is_empty(), "{commands}: {:?}", reached(&front));
    }
    for unknown in [json!({"nobody_ids": [[2, 5]]}), json!({"child_ids": [[0, 0, {"nobody": 1}]]})] {
        let args = json!([[parent.id], unknown, {}]);
        let save = execute("res.partner", "web_save", args, json!({}));
        door.refused("odoo_execute", save, &["unknown_field"]);
        assert!(reached(&front).is_empty(), "{:?}", reached(&front));
    }
}

fn what_is_not_forbidden_still_works(world: &World) {
    let parent = world.contact();
    let (_front, door) = forbidding(world, "odoo_unlink");
    let name = unique("Child");
    let values = json!({"child_ids": [[0, 0, {"name": name}]]});
    door.ok("odoo_write", json!({"model": "res.partner", "ids": [parent.id], "values": values}));
    let children = world.oracle().search("res.partner", json!([["parent_id", "=", parent.id]]));
    let _children: Vec<_> = children.iter().map(|child| world.adopt("res.partner", *child)).collect();
    assert_eq!(children.len(), 1);
    let context = json!({"default_city": "Ghent"});
    let made =
        door.ok("odoo_create", json!({"model": "res.partner", "values": {"name": name}, "context": context}));
    let made = world.adopt("res.partner", super::records_write::created(&made)[0]);
    assert_eq!(world.oracle().field("res.partner", made.id, "city"), "Ghent");
}
