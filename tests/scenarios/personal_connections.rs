//! Connections of single users: each caller acts as their own Odoo user, and nothing crosses over.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::{DoorSettings, People, Person, Temporary, World, unique};

super::scenarios![
    a_connection_of_ones_own_is_saved_after_a_login,
    bad_logins_addresses_and_aliases_save_nothing,
    somebody_elses_alias_is_like_none,
    the_active_connection_is_named_before_anything_is_decided,
    what_is_deleted_is_gone_with_the_next_call,
    a_change_keeps_what_is_not_given,
    two_logins_at_once_never_cross,
    a_stolen_session_is_no_session,
    the_policy_judges_the_connection_that_is_used,
];

/// Calls of each of two people that are mixed with the other's. A real server takes its time.
const MIXED_CALLS: usize = 500;
const MIXED_CALLS_E2E: usize = 60;

fn open(world: &World, names: &[&str]) -> People {
    People::open(world.settings().policy(&json!({"version": "1", "default": "allow"})), names)
}

/// The login of the demo user, who is somebody else than the user of the shared connection.
fn demo(world: &World, alias: &str) -> Value {
    json!({
        "alias": alias, "url": world.odoo.url, "db": world.odoo.db,
        "user": world.odoo.demo_login, "password": world.odoo.demo_password,
    })
}

fn admin(world: &World, alias: &str) -> Value {
    json!({
        "alias": alias, "url": world.odoo.url, "db": world.odoo.db,
        "user": world.odoo.login, "password": world.odoo.password,
    })
}

fn with(mut arguments: Value, name: &str, value: Value) -> Value {
    arguments[name] = value;
    arguments
}

/// The id of the Odoo user behind a connection: who made a record.
fn maker(world: &World, person: &Person, connection: Option<&str>) -> i64 {
    let mut arguments = json!({"model": "res.partner", "values": {"name": unique("Made")}});
    if let Some(connection) = connection {
        arguments["connection"] = json!(connection);
    }
    let made = person.ok("odoo_create", arguments);
    let id = made["created_ids"][0].as_i64().expect("an id");
    let made: Temporary = world.adopt("res.partner", id);
    world.oracle().field("res.partner", made.id, "create_uid")[0].as_i64().expect("a user")
}

fn user_id(world: &World, login: &str) -> i64 {
    world.oracle().search("res.users", json!([["login", "=", login]]))[0]
}

fn a_connection_of_ones_own_is_saved_after_a_login(world: &World) {
    let people = open(world, &["anna"]);
    let [anna] = people.each();
    assert_eq!(anna.ok("user_connection_list", json!({}))["connections"], json!([]));
    let checked = anna.ok("user_connection_add", with(demo(world, "mine"), "dry_run", json!(true)));
    assert_eq!(checked["status"], "checked");
    anna.refused(
        "odoo_search_count",
        json!({"model": "res.partner", "connection": "mine"}),
        &["unknown_connection"],
    );
    let saved = anna.ok("user_connection_add", demo(world, "mine"));
    assert_eq!(
        (&saved["status"], &saved["user"], &saved["login"]),
        (&json!("saved"), &json!("anna"), &json!(world.odoo.demo_login))
    );
    let list = anna.ok("user_connection_list", json!({}));
    let row = &list["connections"][0];
    assert_eq!(
        (&row["alias"], &row["has_password"], &row["active"]),
        (&json!("mine"), &json!(true), &json!(false))
    );
    assert_eq!(maker(world, anna, Some("mine")), user_id(world, &world.odoo.demo_login));
    assert_ne!(
        maker(world, anna, None),
        user_id(world, &world.odoo.demo_login),
        "`default` is still the shared one"
    );
    let me = anna.ok("who_am_i", json!({}));
    assert_eq!(
        (&me["user"], &me["connections"], &me["active"]),
        (&json!("anna"), &json!(["mine"]), &json!("default"))
    );
    let named = anna.ok("identify", json!({"name": "somebody-else"}));
    assert_eq!((&named["user"], &named["status"]), (&json!("anna"), &json!("identified")));
    assert_eq!(anna.ok("who_am_i", json!({}))["user"], "anna");
    for bad in [json!({}), json!({"name": " "}), json!({"name": 7}), json!({"name": "x", "profile": ".."})] {
        anna.refused("identify", bad, &["invalid_arguments"]);
    }
    let everything = people.door.everything_said();
    if world.odoo.demo_password.len() > 8 {
        assert!(!everything.contains(&world.odoo.demo_password), "a secret was told");
        for (path, bytes) in people.door.state_files() {
            assert!(
                !String::from_utf8_lossy(&bytes).contains(&world.odoo.demo_password),
                "{}",
                path.display()
            );
        }
    }
}

fn bad_logins_addresses_and_aliases_save_nothing(world: &World) {
    let people = open(world, &["anna"]);
    let [anna] = people.each();
    anna.refused(
        "user_connection_add",
        with(demo(world, "mine"), "password", json!("not-it")),
        &["auth_failed"],
    );
    for url in [
        "http://127.0.0.1:9",
        "http://localhost:1",
        "https://example.com",
        "http://10.0.0.1",
        "http://169.254.169.254",
        "http://[::1]:8069",
    ] {
        anna.refused(
            "user_connection_add",
            with(demo(world, "mine"), "url", json!(url)),
            &["url_not_allowed"],
        );
    }
    for url in ["", "nonsense", "file:///etc/passwd", "http://a:b@127.0.0.1"] {
        anna.refused(
            "user_connection_add",
            with(demo(world, "mine"), "url", json!(url)),
            &["invalid_arguments"],
        );
    }
    for alias in ["default", "DEFAULT", "Default"] {
        anna.refused("user_connection_add", demo(world, alias), &["alias_is_shared"]);
    }
    for alias in ["", ".", "..", "../x", "a/b", "a b", "-x", "é", "p\u{430}y", "a\u{0}b"] {
        anna.refused("user_connection_add", demo(world, alias), &["invalid_arguments"]);
    }
    anna.refused("user_connection_add", demo(world, &"x".repeat(300)), &["invalid_arguments"]);
    let bare =
        json!({"alias": "mine", "url": world.odoo.url, "db": world.odoo.db, "user": world.odoo.demo_login});
    anna.refused("user_connection_add", bare.clone(), &["invalid_arguments"]);
    // Secrets of the server are for its operator.
    for reference in ["env:ODOO_PASSWORD", "env:ODOO_API_KEY", "file:/etc/passwd", "command:cat /etc/passwd"]
    {
        anna.refused(
            "user_connection_add",
            with(bare.clone(), "secret_ref", json!(reference)),
            &["secret_ref_not_allowed"],
        );
    }
    for (name, value) in [
        ("ssh_port", json!(70_000)),
        ("ssh_port", json!(-1)),
        ("unset", json!(["everything"])),
        ("uid", json!(1)),
        ("ssh_host", json!("-oProxyCommand=x")),
    ] {
        anna.refused("user_connection_add", with(demo(world, "mine"), name, value), &["invalid_arguments"]);
    }
    for (tool, arguments) in [
        ("user_connection_activate", json!({"alias": "mine"})),
        ("user_connection_delete", json!({"alias": "mine"})),
        ("user_connection_delete", json!({"alias": "default"})),
        ("odoo_search_count", json!({"model": "res.partner", "connection": "mine"})),
    ] {
        anna.refused(tool, arguments, &["unknown_connection"]);
    }
    assert_eq!(anna.ok("user_connection_list", json!({}))["connections"], json!([]));
    anna.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn somebody_elses_alias_is_like_none(world: &World) {
    let people = open(world, &["anna", "bob"]);
    let [anna, bob] = people.each();
    anna.ok("user_connection_add", demo(world, "mine"));
    for (tool, of) in [
        ("odoo_search_count", json!({"model": "res.partner"})),
        ("odoo_create", json!({"model": "res.partner", "values": {"name": "x"}})),
        ("odoo_web_login", json!({})),
        ("odoo_fields_get", json!({"model": "res.partner"})),
        ("odoo_version", json!({})),
    ] {
        let asked = |alias: &str| {
            bob.call(tool, with(of.clone(), "connection", json!(alias))).unwrap_err().to_string()
        };
        assert_eq!(asked("mine").replace("mine", "none"), asked("none"), "{tool}");
    }
    for tool in ["user_connection_activate", "user_connection_delete", "odoo_disconnect", "odoo_cert_info"] {
        let asked = |alias: &str| bob.call(tool, json!({"alias": alias})).unwrap_err().to_string();
        assert_eq!(asked("mine").replace("mine", "none"), asked("none"), "{tool}");
    }
    for (tool, arguments) in [
        ("user_connection_list", json!({})),
        ("who_am_i", json!({})),
        ("odoo_connections", json!({"check": true})),
    ] {
        assert!(!bob.ok(tool, arguments).to_string().contains("mine"), "{tool}");
    }
    // Bob may have one of the same name, and each stays with theirs.
    bob.ok("user_connection_add", admin(world, "mine"));
    assert_eq!(maker(world, anna, Some("mine")), user_id(world, &world.odoo.demo_login));
    assert_eq!(maker(world, bob, Some("mine")), user_id(world, &world.odoo.login));
    bob.ok("user_connection_delete", json!({"alias": "mine"}));
    bob.refused(
        "odoo_search_count",
        json!({"model": "res.partner", "connection": "mine"}),
        &["unknown_connection"],
    );
    anna.ok("odoo_search_count", json!({"model": "res.partner", "connection": "mine"}));
    // A shared one of that name, made later, does not take the place of either silently.
    let (name, secret) = world.credential();
    let mut shared =
        json!({"alias": "mine", "url": world.odoo.url, "db": world.odoo.db, "username": world.odoo.login});
    shared[name] = json!(secret);
    bob.ok("odoo_connect", shared);
    bob.ok("odoo_search_count", json!({"model": "res.partner", "connection": "mine"}));
    anna.refused(
        "odoo_search_count",
        json!({"model": "res.partner", "connection": "mine"}),
        &["alias_is_shared"],
    );
    anna.ok("user_connection_delete", json!({"alias": "mine"}));
    assert_eq!(
        maker(world, anna, Some("mine")),
        user_id(world, &world.odoo.login),
        "now it is the shared one"
    );
}

fn the_active_connection_is_named_before_anything_is_decided(world: &World) {
    let people = open(world, &["anna", "bob"]);
    let [anna, bob] = people.each();
    anna.ok("user_connection_add", demo(world, "mine"));
    let activated = anna.ok("user_connection_activate", json!({"alias": "mine"}));
    assert_eq!(activated["uid"], user_id(world, &world.odoo.demo_login));
    let (demo_user, shared_user) =
        (user_id(world, &world.odoo.demo_login), user_id(world, &world.odoo.login));
    assert_eq!(maker(world, anna, None), demo_user);
    assert_eq!(maker(world, bob, None), shared_user);
    assert_eq!(maker(world, anna, Some("default")), shared_user, "a name in the call wins");
    assert_eq!(anna.ok("who_am_i", json!({}))["active_details"]["alias"], "mine");
    let log = people
        .door
        .state_files()
        .into_iter()
        .find(|(path, _)| path.ends_with("audit.jsonl"))
        .expect("a log")
        .1;
    assert!(
        String::from_utf8_lossy(&log).contains(r#""connection":"mine""#),
        "the log names the connection that was used"
    );
    anna.refused("user_connection_activate", json!({"alias": "none"}), &["unknown_connection"]);
    assert_eq!(maker(world, anna, None), demo_user, "what failed changed nothing");
    anna.ok("user_connection_activate", json!({"alias": "default"}));
    assert_eq!(maker(world, anna, None), shared_user);
    anna.ok("user_connection_activate", json!({"alias": "mine"}));
    anna.ok("user_connection_delete", json!({"alias": "mine"}));
    assert_eq!(maker(world, anna, None), shared_user, "without the active one it is the shared one");
}

fn what_is_deleted_is_gone_with_the_next_call(world: &World) {
    let people = open(world, &["anna"]);
    let [anna] = people.each();
    anna.ok("user_connection_add", demo(world, "mine"));
    anna.ok("odoo_search_count", json!({"model": "res.partner", "connection": "mine"}));
    anna.ok("odoo_web_login", json!({"connection": "mine"}));
    // Two processes share the state directory; the second one is asked only after the first deleted.
    let other = People::open(world.settings().state(people.door.state_dir()), &["anna"]);
    let [elsewhere] = other.each();
    elsewhere.ok("odoo_search_count", json!({"model": "res.partner", "connection": "mine"}));
    elsewhere.ok("user_connection_delete", json!({"alias": "mine"}));
    for person in [anna, elsewhere] {
        for (tool, arguments) in [
            ("odoo_search_count", json!({"model": "res.partner", "connection": "mine"})),
            ("odoo_web_read", json!({"connection": "mine", "model": "res.partner"})),
            ("odoo_web_login", json!({"connection": "mine"})),
            ("user_connection_delete", json!({"alias": "mine"})),
        ] {
            let error = person.call(tool, arguments).expect_err(tool);
            assert!(
                ["unknown_connection", "invalid_arguments"]
                    .contains(&error["code"].as_str().unwrap_or_default()),
                "{error}"
            );
        }
    }
    anna.ok("user_connection_add", demo(world, "mine"));
    elsewhere.ok("odoo_search_count", json!({"model": "res.partner", "connection": "mine"}));
}

fn a_change_keeps_what_is_not_given(world: &World) {
    let people = open(world, &["anna"]);
    let [anna] = people.each();
    let full = with(
        with(demo(world, "mine"), "ssh_host", json!("erp.example.com")),
        "portainer_url",
        json!("https://port.example.com"),
    );
    anna.ok("user_connection_add", with(full, "portainer_token", json!("canary-token-1")));
    let mut bare = demo(world, "mine");
    bare.as_object_mut().expect("arguments").remove("password");
    let changed = anna.ok("user_connection_add", bare.clone());
    assert_eq!((&changed["status"], &changed["replaced"]), (&json!("saved"), &json!(true)));
    let row = &anna.ok("user_connection_list", json!({}))["connections"][0];
    assert_eq!(
        (&row["ssh"], &row["portainer"]),
        (&json!("root@erp.example.com:22"), &json!("https://port.example.com/"))
    );
    assert_eq!(maker(world, anna, Some("mine")), user_id(world, &world.odoo.demo_login));
    // A saved secret goes to its own account only.
    for (name, value) in
        [("user", json!(world.odoo.login)), ("db", json!("other")), ("url", json!("http://127.0.0.1:9"))]
    {
        anna.refused("user_connection_add", with(bare.clone(), name, value), &["invalid_arguments"]);
    }
    anna.ok("user_connection_add", with(bare, "unset", json!(["ssh", "portainer"])));
    let row = &anna.ok("user_connection_list", json!({}))["connections"][0];
    assert!(row.get("ssh").is_none() && row.get("portainer").is_none(), "{row}");
    assert!(!people.door.everything_said().contains("canary-token-1"));
}

fn two_logins_at_once_never_cross(world: &World) {
    let people = open(world, &["anna", "bob"]);
    let [anna, bob] = people.each();
    let calls = if world.odoo.url.contains(":8069") || world.odoo.url.contains(":8014") {
        MIXED_CALLS_E2E
    } else {
        MIXED_CALLS
    };
    let logins = [&world.odoo.demo_login, &world.odoo.login].map(|login| user_id(world, login));
    anna.ok("user_connection_add", demo(world, "work"));
    bob.ok("user_connection_add", admin(world, "work"));
    for person in [anna, bob] {
        person.ok("user_connection_activate", json!({"alias": "work"}));
    }
    let marks = ["of anna", "of bob"];
    let walk = |person: &Person, number: usize| -> BTreeSet<i64> {
        let mut made = BTreeSet::new();
        for turn in 0..calls {
            match turn % 5 {
                0 => {
                    let content = format!("{} {turn}", marks[number]);
                    person.ok("memory_write", json!({"filename": "diary", "content": content}));
                }
                1 => {
                    let note = person.ok("memory_read", json!({"filename": "diary"}));
                    assert!(
                        note["content"].as_str().is_some_and(|text| text.starts_with(marks[number])),
                        "{note}"
                    );
                }
                2 => {
                    let me = person.ok("who_am_i", json!({}));
                    assert_eq!(me["user"], ["anna", "bob"][number], "{me}");
                    assert_eq!(me["active_details"]["alias"], "work");
                }
                3 => {
                    let mine = json!([["id", "=", logins[number]], ["id", "=", logins[number]]]);
                    let found = person.ok("odoo_search_count", json!({"model": "res.users", "domain": mine}));
                    assert_eq!(found["count"], 1, "{found}");
                }
                _ if turn % 50 == 4 => {
                    let values = json!({"name": unique(marks[number])});
                    let answer = person.ok("odoo_create", json!({"model": "res.partner", "values": values}));
                    made.extend(answer["created_ids"][0].as_i64());
                }
                _ => {
                    let state = person.ok("user_connection_list", json!({}));
                    assert_eq!(state["connections"].as_array().map(Vec::len), Some(1), "{state}");
                }
            }
        }
        made
    };
    let [of_anna, of_bob] = std::thread::scope(|scope| {
        let threads = [scope.spawn(|| walk(anna, 0)), scope.spawn(|| walk(bob, 1))];
        threads.map(|thread| thread.join().expect("all calls answered rightly"))
    });
    let oracle = world.oracle();
    for (made, login) in [(of_anna, logins[0]), (of_bob, logins[1])] {
        assert!(!made.is_empty());
        for id in made {
            let record = world.adopt("res.partner", id);
            assert_eq!(oracle.field("res.partner", record.id, "create_uid")[0], login);
        }
    }
    // Files that tools keep, and web sessions, belong to whoever made them.
    let exported = anna.ok(
        "public_access_export_csv",
        json!({"model": "res.partner", "fields": ["name"], "domain": [["id", "<", 10]]}),
    );
    let listed = |person: &Person| person.request("resources/list", &json!({})).to_string();
    if let Some(path) = exported["path"].as_str().or_else(|| exported["saved_to"].as_str()) {
        assert!(listed(anna).contains(path) && !listed(bob).contains(path), "a file crossed over");
    }
}

fn a_stolen_session_is_no_session(world: &World) {
    let people = open(world, &["anna", "bob"]);
    let [anna, bob] = people.each();
    let thief = bob.in_session_of(anna);
    for (method, parameters) in [
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "who_am_i", "arguments": {}})),
        ("resources/list", json!({})),
    ] {
        assert_eq!(thief.status(method, &parameters), 404, "{method}");
    }
    assert_eq!(anna.ok("who_am_i", json!({}))["user"], "anna");
}

fn the_policy_judges_the_connection_that_is_used(world: &World) {
    let policy = json!({
        "version": "1", "default": "allow",
        "connections": {"default": {}, "team-*": {"mode": "read_only"}, "mine": {}},
        "tools": {"user_connection_add": {"deny_if": [{"path": "args.api_key", "op": "exists", "value": true, "reason": "no keys here"}]}},
    });
    let people = People::open(world.settings().policy(&policy), &["anna"]);
    let [anna] = people.each();
    for alias in ["team-a", "other"] {
        anna.refused("user_connection_add", demo(world, alias), &["denied"]);
    }
    anna.refused("user_connection_add", with(demo(world, "mine"), "api_key", json!("x")), &["denied"]);
    anna.ok("user_connection_add", demo(world, "mine"));
    anna.ok("user_connection_activate", json!({"alias": "mine"}));
    anna.ok("odoo_search_count", json!({"model": "res.partner"}));
    let hidden = json!({"version": "1", "default": "allow", "connections": {"default": {}}});
    let people = People::open(
        DoorSettings::policy(world.settings(), &hidden).state(people.door.state_dir()),
        &["anna"],
    );
    let [anna] = people.each();
    // The active connection is judged although the call does not name it.
    anna.refused("odoo_search_count", json!({"model": "res.partner"}), &["denied"]);
    anna.ok("odoo_search_count", json!({"model": "res.partner", "connection": "default"}));
    for tool in ["user_connection_activate", "user_connection_delete"] {
        anna.refused(tool, json!({"alias": "mine"}), &["denied"]);
    }
}
