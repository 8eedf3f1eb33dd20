//! Field rights and record scope at the door: whatever road a call takes, what the policy closes is
//! not asked of Odoo.

use serde_json::{Value, json};

use super::{
    harness::{Door, Front, World, unique},
    hidden_effects::reached,
};

super::scenarios![
    a_masked_field_is_nothing_to_filter_by,
    a_masked_field_is_nothing_to_sort_or_group_by,
    a_masked_field_is_not_reached_through_a_relation,
    a_field_that_may_not_be_written_stays,
    reading_keeps_to_the_scope,
    changing_keeps_to_the_scope,
    archived_records_are_in_scope_as_others_are,
    a_record_does_not_leave_the_scope,
    what_is_created_proves_its_scope,
    ids_in_any_spelling_are_in_scope_or_nothing,
];

#[track_caller]
fn under(world: &World, model_rule: Value) -> (Front, Door) {
    let policy = json!({"version": "1", "default": "allow", "models": {"res.partner": model_rule}});
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    (front, Door::open(settings))
}

fn execute(method: &str, args: Value, kwargs: Value) -> Value {
    json!({"model": "res.partner", "method": method, "args": args, "kwargs": kwargs})
}

/// The call is refused, and Odoo was asked for definitions and for nothing else.
#[track_caller]
fn check_refused(front: &Front, door: &Door, tool: &str, arguments: Value) {
    check_refused_after(front, door, tool, arguments, &[]);
}

/// As above; these questions of the policy itself may have reached Odoo.
#[track_caller]
fn check_refused_after(front: &Front, door: &Door, tool: &str, arguments: Value, questions: &[&str]) {
    front.forget();
    door.refused(tool, arguments.clone(), &["denied", "not_found", "record_not_found", "unknown_field"]);
    let mut reached = reached(front);
    reached.retain(|call| !questions.contains(&call.as_str()));
    assert!(reached.is_empty(), "{tool} {arguments} reached Odoo: {reached:?}");
}

const OPS: [&str; 5] = ["read", "create", "write", "unlink", "execute"];

fn masking(world: &World) -> (Front, Door) {
    under(world, json!({"ops": OPS, "fields": {"email": {"read": "mask"}, "phone": {"read": "deny"}}}))
}

fn a_masked_field_is_nothing_to_filter_by(world: &World) {
    let (front, door) = masking(world);
    for field in ["email", "phone"] {
        for domain in [
            json!([[field, "=like", "a%"]]),
            json!(["|", ["name", "=", "x"], [field, "!=", false]]),
            json!(["!", [field, "in", ["a@example.com"]]]),
        ] {
            for tool in ["odoo_search", "odoo_search_count", "odoo_search_read"] {
                check_refused(&front, &door, tool, json!({"model": "res.partner", "domain": domain}));
            }
            for method in ["search", "search_count", "search_read"] {
                check_refused(&front, &door, "odoo_execute", execute(method, json!([domain]), json!({})));
                let kwargs = json!({"domain": domain});
                check_refused(&front, &door, "odoo_execute", execute(method, json!([]), kwargs));
            }
            let kwargs = json!({"args": domain, "name": "x"});
            check_refused(&front, &door, "odoo_execute", execute("name_search", json!([]), kwargs));
        }
    }
    let plain = json!({"model": "res.partner", "domain": [["name", "=", unique("Nobody")]]});
    assert_eq!(door.ok("odoo_search_count", plain)["count"], 0);
}

fn a_masked_field_is_nothing_to_sort_or_group_by(world: &World) {
    let (front, door) = masking(world);
    for field in ["email", "phone"] {
        for order in [field.to_owned(), format!("name, {field} desc"), format!("{field} DESC")] {
            let search = json!({"model": "res.partner", "domain": [], "order": order, "limit": 1});
            check_refused(&front, &door, "odoo_search_read", search);
            let kwargs = json!({"order": order, "limit": 1});
            check_refused(&front, &door, "odoo_execute", execute("search", json!([[]]), kwargs));
        }
        for (fields, groups) in [
            (json!(["name"]), json!([field])),
            (json!([format!("{field}:count_distinct")]), json!(["country_id"])),
            (json!([format!("many:count_distinct({field})")]), json!(["country_id"])),
        ] {
            let call = execute("read_group", json!([[], fields, groups]), json!({}));
            check_refused(&front, &door, "odoo_execute", call);
        }
    }
}

fn a_masked_field_is_not_reached_through_a_relation(world: &World) {
    let (front, door) = masking(world);
    for path in ["parent_id.email", "child_ids.email", "user_ids.partner_id.phone"] {
        let search = json!({"model": "res.partner", "domain": [[path, "!=", false]]});
        check_refused(&front, &door, "odoo_search_count", search);
    }
    let orders = execute("search", json!([[]]), json!({"order": "parent_id.email"}));
    check_refused(&front, &door, "odoo_execute", orders);
    for operator in ["any", "not any"] {
        let search =
            json!({"model": "res.partner", "domain": [["child_ids", operator, [["email", "!=", false]]]]});
        check_refused(&front, &door, "odoo_search_count", search);
    }
}

fn a_field_that_may_not_be_written_stays(world: &World) {
    let contact = world.contact();
    let (front, door) = under(world, json!({"ops": OPS, "fields": {"ref": {"write": "deny"}}}));
    let values = json!({"ref": "changed"});
    let write = json!({"model": "res.partner", "ids": [contact.id], "values": values});
    check_refused(&front, &door, "odoo_write", write);
    for method in ["write", "web_save"] {
        let args =
            if method == "write" { json!([[contact.id], values]) } else { json!([[contact.id], values, {}]) };
        check_refused(&front, &door, "odoo_execute", execute(method, args, json!({})));
    }
    let nested = json!({"child_ids": [[1, contact.id, values]]});
    let write = json!({"model": "res.partner", "ids": [contact.id], "values": nested});
    check_refused(&front, &door, "odoo_write", write);
    let name = unique("Contact");
    let create = json!({"model": "res.partner", "values": {"name": name}, "context": {"default_ref": "x"}});
    check_refused(&front, &door, "odoo_create", create);
    assert_eq!(world.oracle().field("res.partner", contact.id, "ref"), false);
}

/// Two contacts, the first within the scope of a door and the second outside it.
fn scoped(world: &World) -> (Front, Door, super::harness::Temporary, super::harness::Temporary, String) {
    let tag = unique("Scope");
    let inside = world.temporary("res.partner", json!({"name": unique("Inside"), "ref": tag}));
    let outside = world.contact();
    let (front, door) = under(world, json!({"ops": OPS, "domain": [["ref", "=", tag]]}));
    (front, door, inside, outside, tag)
}

/// What the policy asks before a change.
const QUESTIONS: [&str; 1] = ["res.partner.search_count"];

fn reading_keeps_to_the_scope(world: &World) {
    let (_front, door, inside, outside, tag) = scoped(world);
    let ids = |result: &Value| -> Vec<i64> {
        result["ids"].as_array().expect("ids").iter().filter_map(Value::as_i64).collect()
    };
    let all = door.ok(
        "odoo_search",
        json!({"model": "res.partner", "domain": [["id", "in", [inside.id, outside.id]]]}),
    );
    assert_eq!(ids(&all), [inside.id]);
    let either = json!({"model": "res.partner", "domain": ["|", ["id", "=", outside.id], ["ref", "=", tag]]});
    assert_eq!(ids(&door.ok("odoo_search", either)), [inside.id]);
    let count = json!({"model": "res.partner", "domain": []});
    assert_eq!(door.ok("odoo_search_count", count)["count"], 1);
    // Outside is answered as what does not exist.
    let answer = |id: i64| {
        let arguments = json!({"model": "res.partner", "ids": [id], "fields": ["name"]});
        let answer = match door.call("odoo_read", arguments) {
            Ok(result) => result,
            Err(error) => error,
        };
        answer.to_string().replace(&id.to_string(), "ID")
    };
    let missing = world.oracle().search("res.partner", json!([])).into_iter().max().unwrap() + 100_000;
    assert_eq!(answer(outside.id), answer(missing));
    assert!(!answer(inside.id).contains("missing") || answer(inside.id) != answer(outside.id));
}

fn changing_keeps_to_the_scope(world: &World) {
    let (front, door, inside, outside, _) = scoped(world);
    let values = json!({"comment": "changed"});
    for ids in [json!([outside.id]), json!([inside.id, outside.id])] {
        let write = json!({"model": "res.partner", "ids": ids, "values": values});
        check_refused_after(&front, &door, "odoo_write", write, &QUESTIONS);
        let unlink = json!({"model": "res.partner", "ids": ids});
        check_refused_after(&front, &door, "odoo_unlink", unlink, &QUESTIONS);
        for (method, args) in [
            ("write", json!([ids, values])),
            ("unlink", json!([ids])),
            ("web_save", json!([ids, values, {}])),
        ] {
            check_refused_after(&front, &door, "odoo_execute", execute(method, args, json!({})), &QUESTIONS);
        }
    }
    let nested = json!({"child_ids": [[1, outside.id, values]]});
    let write = json!({"model": "res.partner", "ids": [inside.id], "values": nested});
    check_refused_after(&front, &door, "odoo_write", write, &QUESTIONS);
    let oracle = world.oracle();
    assert!(oracle.exists("res.partner", outside.id) && oracle.exists("res.partner", inside.id));
    door.ok(
        "odoo_write",
        json!({"model": "res.partner", "ids": [inside.id], "values": {"function": "known"}}),
    );
    assert_eq!(oracle.field("res.partner", inside.id, "function"), "known");
}

fn archived_records_are_in_scope_as_others_are(world: &World) {
    let (front, door, inside, outside, _) = scoped(world);
    for id in [inside.id, outside.id] {
        world.oracle().call("res.partner", "write", json!([[id], {"active": false}]), json!({}));
    }
    let write = |id: i64| json!({"model": "res.partner", "ids": [id], "values": {"function": "known"}});
    check_refused_after(&front, &door, "odoo_write", write(outside.id), &QUESTIONS);
    door.ok("odoo_write", write(inside.id));
    assert_eq!(world.oracle().field("res.partner", outside.id, "function"), false);
}

fn a_record_does_not_leave_the_scope(world: &World) {
    let (front, door, inside, _, tag) = scoped(world);
    for value in [json!("elsewhere"), json!(false)] {
        let write = json!({"model": "res.partner", "ids": [inside.id], "values": {"ref": value}});
        check_refused_after(&front, &door, "odoo_write", write, &QUESTIONS);
    }
    assert_eq!(world.oracle().field("res.partner", inside.id, "ref"), tag.as_str());
    door.ok("odoo_write", json!({"model": "res.partner", "ids": [inside.id], "values": {"ref": tag}}));
}

fn what_is_created_proves_its_scope(world: &World) {
    let (front, door, _, _, tag) = scoped(world);
    let name = unique("Contact");
    for values in [
        json!({"name": name}),
        json!({"name": name, "ref": "elsewhere"}),
        json!({"name": name, "ref": false}),
    ] {
        check_refused(&front, &door, "odoo_create", json!({"model": "res.partner", "values": values}));
        check_refused(&front, &door, "odoo_execute", execute("create", json!([values]), json!({})));
        check_refused(&front, &door, "odoo_execute", execute("web_save", json!([[], values, {}]), json!({})));
    }
    let several = json!({"model": "res.partner", "values": [{"name": name, "ref": tag}, {"name": name}]});
    check_refused(&front, &door, "odoo_create", several);
    check_refused(&front, &door, "odoo_execute", execute("name_create", json!([name]), json!({})));
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
    let made = door.ok("odoo_create", json!({"model": "res.partner", "values": {"name": name, "ref": tag}}));
    let _made = world.adopt("res.partner", super::harness::ids_of(&made)[0]);
}

fn ids_in_any_spelling_are_in_scope_or_nothing(world: &World) {
    let (front, door, _, outside, _) = scoped(world);
    let id = outside.id;
    for ids in [
        json!(id),
        json!(id.to_string()),
        json!([id.to_string()]),
        json!(format!("[{id}]")),
        json!([[id]]),
        json!([id, id]),
    ] {
        front.forget();
        let calls = [
            ("odoo_unlink", json!({"model": "res.partner", "ids": ids})),
            ("odoo_execute", execute("unlink", json!([ids]), json!({}))),
            ("odoo_execute", execute("unlink", json!([]), json!({"ids": ids}))),
        ];
        for (tool, arguments) in calls {
            assert!(door.call(tool, arguments.clone()).is_err(), "{tool} {arguments}");
        }
        let mut reached = reached(&front);
        reached.retain(|call| !QUESTIONS.contains(&call.as_str()));
        assert!(reached.is_empty(), "{ids} reached Odoo: {reached:?}");
    }
    assert!(world.oracle().exists("res.partner", id));
}
