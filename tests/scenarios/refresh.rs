//! Telling browsers of changes: what arrives on the bus that they listen to.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::harness::{Door, Oracle, Temporary, World, unique};

super::scenarios![
    a_notice_reaches_the_bus,
    an_ordinary_user_is_told_too,
    without_means_nothing_fails,
    the_same_notice_goes_out_once,
    an_action_is_found_by_its_name,
    wrong_arguments_are_refused,
    a_policy_that_closes_the_bus_is_obeyed,
    the_notice_opens_nothing_else,
    changes_tell_by_themselves_where_that_is_wished,
    changes_tell_nothing_otherwise,
    changes_of_a_caller_who_may_not_tell_stay_untold,
];

/// After this a notice that has not come will not come.
const ARRIVAL: Duration = Duration::from_secs(20);
/// Longer than notices of changes are gathered.
const SILENCE: Duration = Duration::from_secs(4);

/// A server action with this code, which ordinary users may run.
fn action(world: &World, name: &str, code: &str) -> Temporary {
    let oracle = world.oracle();
    let model = oracle.search("ir.model", json!([["model", "=", "res.users"]]))[0];
    let field = if world.odoo.major > 14 { "group_ids" } else { "groups_id" };
    let groups = oracle.field("res.users", demo(world).uid(), field);
    let mut values = json!({"name": name, "model_id": model, "state": "code", "code": code});
    values[field] = json!([[6, 0, groups]]);
    world.temporary("ir.actions.server", values)
}

fn demo(world: &World) -> Oracle {
    Oracle::signed_in_as(&world.odoo, &world.odoo.demo_login, &world.odoo.demo_password)
}

/// The server action that an administrator makes once, and the setting that names it.
fn means(world: &World) -> (Temporary, String) {
    let action = action(world, &unique("Refresh"), code(world));
    let setting = format!("default={}", action.id);
    (action, setting)
}

/// The code that the program itself tells administrators to use.
fn code(world: &World) -> &'static str {
    if world.odoo.major > 14 {
        include_str!("../../src/odoo/notices/server_action.py")
    } else {
        include_str!("../../src/odoo/notices/server_action_14.py")
    }
}

fn door_with(world: &World, setting: &str, more: &[(&str, &str)]) -> Door {
    let mut settings = world.settings().variable("ODOO_MCP_REFRESH_SERVER_ACTIONS", setting);
    for (name, value) in more {
        settings = settings.variable(name, value);
    }
    Door::open(settings)
}

/// Messages for the browsers of a user, as the bus keeps them.
fn on_the_bus(world: &World, user: &Oracle) -> Vec<String> {
    let partner = world.oracle().field("res.users", user.uid(), "partner_id")[0].as_i64().expect("a contact");
    if world.odoo.major <= 14 {
        let channel = json!([[world.odoo.db, "res.partner", partner]]);
        let found = user.call("bus.bus", "poll", json!([channel, 0]), json!({}));
        return found.as_array().expect("messages").iter().map(|row| row["message"].to_string()).collect();
    }
    let code = format!(
        "action = {{'type': 'ir.actions.act_window_close', 'rows': env['bus.bus'].sudo().search_read(\
         [('channel', '=like', '%\"res.partner\",{partner}]')], ['message'], limit=200, order='id desc')}}"
    );
    let reader = action(world, &unique("Read the bus"), &code);
    let answer = world.oracle().call("ir.actions.server", "run", json!([[reader.id]]), json!({}));
    let rows = answer["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["message"].as_str().expect("text").to_owned()).collect()
}

/// Those about one record.
fn about(world: &World, user: &Oracle, record: i64) -> Vec<String> {
    let mark = format!("#{record}\"");
    on_the_bus(world, user).into_iter().filter(|message| message.contains(&mark)).collect()
}

fn wait_for(world: &World, user: &Oracle, record: i64) -> Vec<String> {
    let since = Instant::now();
    while since.elapsed() < ARRIVAL {
        let found = about(world, user, record);
        if !found.is_empty() {
            return found;
        }
        thread::sleep(Duration::from_millis(300));
    }
    panic!("no notice of record {record} arrived");
}

fn a_notice_reaches_the_bus(world: &World) {
    let (_action, setting) = means(world);
    let (door, contact) = (door_with(world, &setting, &[]), world.contact());
    let arguments = json!({"model": "res.partner", "res_id": contact.id, "fields": ["email", "phone"]});
    let told = door.ok("odoo_refresh", arguments);
    assert_eq!(told["status"], "queued", "{told}");
    assert_eq!(told["means"], "server_action");
    assert_eq!(told["model"], "res.partner");
    assert_eq!(told["res_id"], contact.id);
    assert!(told["what_the_user_sees"].as_str().unwrap().contains("nothing reloads by itself"), "{told}");
    let found = about(world, &world.oracle(), contact.id);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("simple_notification") && found[0].contains("email, phone"), "{found:?}");
    // A notice of everything is one too.
    assert_eq!(door.ok("odoo_refresh", json!({}))["status"], "queued");
}

fn an_ordinary_user_is_told_too(world: &World) {
    let (_action, setting) = means(world);
    let contact = world.contact();
    let settings = world.settings_of_demo().variable("ODOO_MCP_REFRESH_SERVER_ACTIONS", &setting);
    let door = Door::open(settings);
    let told = door.ok("odoo_refresh", json!({"model": "res.partner", "res_id": contact.id}));
    assert_eq!(told["status"], "queued", "{told}");
    assert_eq!(about(world, &demo(world), contact.id).len(), 1);
    assert_eq!(about(world, &world.oracle(), contact.id).len(), 0, "told to somebody else");
}

fn without_means_nothing_fails(world: &World) {
    // An ordinary user cannot look for the action, and no setting names it.
    let door = Door::open(world.settings_of_demo());
    let told = door.ok("odoo_refresh", json!({"model": "res.partner", "res_id": 1}));
    assert_eq!(told["status"], "unsupported", "{told}");
    assert_eq!(told["what_the_user_sees"], "nothing");
    assert!(told["how_to_enable"].as_str().unwrap().contains("doctor --setup default"), "{told}");
    assert!(!told["tried"].as_array().unwrap().is_empty(), "{told}");
    assert!(told.get("means").is_none());
    // An action that is gone is no error either.
    let told =
        door_with(world, "default=2000000000", &[]).ok("odoo_refresh", json!({"model": "res.country"}));
    assert_eq!(told["status"], "unsupported", "{told}");
}

fn the_same_notice_goes_out_once(world: &World) {
    let (_action, setting) = means(world);
    let (door, contact, other) = (door_with(world, &setting, &[]), world.contact(), world.contact());
    let arguments = json!({"model": "res.partner", "res_id": contact.id});
    assert_eq!(door.ok("odoo_refresh", arguments.clone())["status"], "queued");
    let pending: Vec<_> = (0..5).map(|_| door.begin("odoo_refresh", arguments.clone())).collect();
    let coalesced = pending
        .into_iter()
        .map(|pending| pending.result().expect("an answer"))
        .filter(|told| told["status"] == "coalesced")
        .count();
    let arrived = about(world, &world.oracle(), contact.id).len();
    assert_eq!(arrived + coalesced, 6);
    assert!(arrived < 6, "nothing was coalesced");
    let told = door.ok("odoo_refresh", json!({"model": "res.partner", "res_id": other.id}));
    assert_eq!(told["status"], "queued", "another record is another notice");
}

fn an_action_is_found_by_its_name(world: &World) {
    let contact = world.contact();
    // Another run may take its action of the same name away at this very moment.
    for attempt in 1.. {
        let _action = action(world, "odoo-mcp refresh", code(world));
        let told = world.door().ok("odoo_refresh", json!({"model": "res.partner", "res_id": contact.id}));
        if told["status"] == "queued" {
            break;
        }
        assert!(attempt < 3, "{told}");
    }
    assert_eq!(about(world, &world.oracle(), contact.id).len(), 1);
}

fn wrong_arguments_are_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for wrong in [
        json!({"model": 5}),
        json!({"model": "res partner"}),
        json!({"model": "res.partner", "res_id": -1}),
        json!({"model": "res.partner", "res_id": "x"}),
        json!({"model": "res.partner", "res_id": [1, 2]}),
        json!({"res_id": 7}),
        json!({"res_ids": [7]}),
        json!({"model": "res.partner", "fields": ["a b"]}),
        json!({"model": "res.partner", "fields": (0..30).map(|n| format!("f{n}")).collect::<Vec<_>>()}),
        json!({"model": "res.partner", "res_ids": (1..=101).collect::<Vec<_>>()}),
        json!({"model": "res.partner", "message": "Click here"}),
        json!({"model": "res.partner", "user_ids": [1]}),
    ] {
        door.refused("odoo_refresh", wrong, &["invalid_arguments"]);
    }
    door.refused("odoo_refresh", json!({"connection": "nowhere"}), &["unknown_connection"]);
    assert!(
        front.recorded().iter().all(|sent| sent.called().is_none_or(|called| !called.contains("bus.bus")))
    );
}

fn a_policy_that_closes_the_bus_is_obeyed(world: &World) {
    let (_action, setting) = means(world);
    let contact = world.contact();
    for models in [
        json!({"bus.bus": {"ops": []}}),
        json!({"*": {"ops": ["read", "write"]}}),
        json!({"res.partner": {"ops": []}}),
    ] {
        let policy = json!({"version": "1", "default": "allow", "models": models});
        let settings = world.settings().variable("ODOO_MCP_REFRESH_SERVER_ACTIONS", &setting).policy(&policy);
        let arguments = json!({"model": "res.partner", "res_id": contact.id});
        Door::open(settings).refused("odoo_refresh", arguments, &["denied"]);
    }
    assert_eq!(about(world, &world.oracle(), contact.id), [] as [String; 0]);
}

fn the_notice_opens_nothing_else(world: &World) {
    let (action, setting) = means(world);
    let door = door_with(world, &setting, &[]);
    door.ok("odoo_refresh", json!({}));
    // What the notice is sent by stays closed to everybody.
    for (model, method) in [("ir.actions.server", "run"), ("res.users", "notify_claude_refresh")] {
        let arguments = json!({"model": model, "method": method, "ids": [action.id]});
        door.refused("odoo_execute", arguments, &["denied"]);
    }
}

const AFTER_CHANGES: (&str, &str) = ("ODOO_MCP_REFRESH_AFTER_CHANGES", "true");

fn changes_tell_by_themselves_where_that_is_wished(world: &World) {
    let (_action, setting) = means(world);
    let (door, contact) = (door_with(world, &setting, &[AFTER_CHANGES]), world.contact());
    for number in 0..5 {
        let values = json!({"email": format!("secret{number}@example.com"), "phone": "12345678"});
        door.ok("odoo_write", json!({"model": "res.partner", "ids": [contact.id], "values": values}));
    }
    let found = wait_for(world, &world.oracle(), contact.id);
    assert!(found[0].contains("email, phone"), "{found:?}");
    assert!(!found[0].contains("secret") && !found[0].contains("12345678"), "a value went out: {found:?}");
    thread::sleep(SILENCE);
    let all = about(world, &world.oracle(), contact.id);
    assert!(all.len() < 5, "a burst is gathered: {all:?}");
    let other = world.contact();
    door.ok("odoo_message_post", json!({"model": "res.partner", "res_id": other.id, "body": "x"}));
    wait_for(world, &world.oracle(), other.id);
}

fn changes_tell_nothing_otherwise(world: &World) {
    let (_action, setting) = means(world);
    let (contact, read) = (world.contact(), world.contact());
    let quiet = door_with(world, &setting, &[]);
    let change = json!({"model": "res.partner", "ids": [contact.id], "values": {"phone": "1"}});
    quiet.ok("odoo_write", change);
    let loud = door_with(world, &setting, &[AFTER_CHANGES]);
    loud.ok("odoo_read", json!({"model": "res.partner", "ids": [read.id]}));
    let rehearsed =
        json!({"model": "res.partner", "ids": [read.id], "values": {"phone": "1"}, "dry_run": true});
    loud.ok("odoo_write", rehearsed);
    thread::sleep(SILENCE);
    for id in [contact.id, read.id] {
        assert_eq!(about(world, &world.oracle(), id), [] as [String; 0]);
    }
}

fn changes_of_a_caller_who_may_not_tell_stay_untold(world: &World) {
    let (_action, setting) = means(world);
    let contact = world.contact();
    let policy = json!({"version": "1", "default": "allow", "tools": {"odoo_refresh": {"action": "deny", "reason": "quiet"}}});
    let settings = world
        .settings()
        .variable("ODOO_MCP_REFRESH_SERVER_ACTIONS", &setting)
        .variable(AFTER_CHANGES.0, AFTER_CHANGES.1)
        .policy(&policy);
    let door = Door::open(settings);
    let change = json!({"model": "res.partner", "ids": [contact.id], "values": {"phone": "1"}});
    door.ok("odoo_write", change);
    assert_eq!(world.oracle().field("res.partner", contact.id, "phone"), Value::from("1"));
    thread::sleep(SILENCE);
    assert_eq!(about(world, &world.oracle(), contact.id), [] as [String; 0]);
}
