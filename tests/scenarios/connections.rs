//! Connections: saved after a login and never before, listed without secrets, forgotten on request.

use serde_json::{Value, json};

use super::harness::{Door, DoorSettings, World};

super::scenarios![
    a_connection_is_saved_after_a_login,
    a_failed_login_saves_nothing_and_replaces_nothing,
    addresses_that_are_none_are_refused_before_anything_is_sent,
    a_credential_is_needed_and_only_one,
    connections_are_listed_without_secrets,
    a_connection_is_forgotten,
    a_connection_of_the_operator_stays,
    the_state_directory_is_private,
    names_of_connections_are_checked,
];

fn arguments(world: &World, alias: &str) -> Value {
    let (name, secret) = world.credential();
    json!({"alias": alias, "url": world.odoo.url, "db": world.odoo.db, "username": world.odoo.login, name: secret})
}

#[track_caller]
fn aliases(door: &Door) -> Vec<String> {
    let result = door.ok("odoo_connections", json!({}));
    let list = result["connections"].as_array().unwrap_or_else(|| panic!("no connections: {result}"));
    list.iter().map(|connection| connection["alias"].as_str().expect("an alias").to_owned()).collect()
}

fn count(door: &Door, connection: &str) -> Result<Value, Value> {
    door.call("odoo_search_count", json!({"model": "res.partner", "connection": connection}))
}

fn a_connection_is_saved_after_a_login(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let open = || Door::open(DoorSettings::new(world.via).state(state.path()));
    let door = open();
    assert_eq!(aliases(&door), Vec::<String>::new());
    let result = door.ok("odoo_connect", arguments(world, "shop"));
    assert_eq!(result["alias"], "shop", "{result}");
    assert!(result.to_string().contains(&format!("{}.0", world.odoo.major)), "the version is told: {result}");
    count(&door, "shop").unwrap();
    drop(door);
    let again = open();
    assert_eq!(aliases(&again), ["shop"], "it is still known after a restart");
    count(&again, "shop").unwrap();
}

fn a_failed_login_saves_nothing_and_replaces_nothing(world: &World) {
    let door = world.door_without_connection();
    let (name, _) = world.credential();
    let mut wrong = arguments(world, "shop");
    wrong[name] = json!("not-the-secret-of-anybody");
    door.refused("odoo_connect", wrong.clone(), &["auth_failed"]);
    assert_eq!(count(&door, "shop").unwrap_err()["code"], "unknown_connection");
    let mut away = arguments(world, "shop");
    away["url"] = json!("http://127.0.0.1:9");
    door.refused("odoo_connect", away.clone(), &["unreachable"]);
    assert_eq!(aliases(&door), Vec::<String>::new());

    door.ok("odoo_connect", arguments(world, "shop"));
    count(&door, "shop").unwrap();
    for mut bad in [wrong, away] {
        for replace in [false, true] {
            bad["replace"] = json!(replace);
            assert!(door.call("odoo_connect", bad.clone()).is_err());
            count(&door, "shop").expect("the old one still works");
        }
    }
    let mut replacing = arguments(world, "shop");
    replacing["replace"] = json!(true);
    door.ok("odoo_connect", replacing);
    assert_eq!(aliases(&door), ["shop"]);
}

fn addresses_that_are_none_are_refused_before_anything_is_sent(world: &World) {
    let front = world.front();
    let door = world.door_without_connection();
    let port = front.port();
    for url in [
        "".to_owned(),
        "nonsense".to_owned(),
        format!("127.0.0.1:{port}"),
        format!("ftp://127.0.0.1:{port}"),
        format!("file:///127.0.0.1:{port}"),
        "javascript:alert(1)".to_owned(),
        "unix:///run/socket".to_owned(),
        format!("http://user:pass@127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/?x=1"),
        format!("http://127.0.0.1:{port}/#fragment"),
        "http://".to_owned(),
        "http:///web".to_owned(),
        "http://127.0.0.1:99999".to_owned(),
        format!("http://127.0.0.1:{port}\r\nHost: elsewhere"),
        "http://169.254.169.254/latest".to_owned(),
    ] {
        let mut arguments = arguments(world, "shop");
        arguments["url"] = json!(url);
        let error = door.call("odoo_connect", arguments).expect_err(&url);
        let code = error["code"].as_str().unwrap();
        assert!(
            ["invalid_arguments", "setup", "unreachable", "url_not_allowed"].contains(&code),
            "{url}: {error}"
        );
    }
    assert!(front.recorded().is_empty(), "something was sent");
}

fn a_credential_is_needed_and_only_one(world: &World) {
    let front = world.front();
    let door = world.door_without_connection();
    let base =
        json!({"alias": "shop", "url": front.url(), "db": world.odoo.db, "username": world.odoo.login});
    for more in [
        json!({}),
        json!({"password": ""}),
        json!({"api_key": ""}),
        json!({"password": world.odoo.password, "api_key": world.odoo.api_key}),
        json!({"password": null, "api_key": null}),
    ] {
        let mut arguments = base.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.refused("odoo_connect", arguments, &["invalid_arguments", "setup"]);
    }
    for missing in ["url", "username"] {
        let mut arguments = arguments(world, "shop");
        arguments.as_object_mut().unwrap().remove(missing);
        door.refused("odoo_connect", arguments, &["invalid_arguments"]);
    }
    assert!(front.recorded().is_empty(), "something was sent without a credential");
}

fn connections_are_listed_without_secrets(world: &World) {
    let door = world.door();
    let before = door.ok("odoo_connections", json!({}));
    assert_eq!(before["connections"][0]["alias"], "default", "{before}");
    count(&door, "default").unwrap();
    let after = door.ok("odoo_connections", json!({}));
    let connection = &after["connections"][0];
    let route = connection.to_string();
    let expected = match (world.by, world.odoo.major) {
        (super::harness::SignInBy::Password, _) => "session",
        (super::harness::SignInBy::ApiKey, 19..) => "json2",
        (super::harness::SignInBy::ApiKey, _) => "jsonrpc",
    };
    assert!(route.contains(expected), "the route `{expected}` is told: {connection}");
    let (_, secret) = world.credential();
    if secret.len() > 8 {
        assert!(!after.to_string().contains(secret));
    }
    assert!(connection.get("password").is_none() && connection.get("api_key").is_none(), "{connection}");
}

fn a_connection_is_forgotten(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let open = || Door::open(DoorSettings::new(world.via).state(state.path()));
    let door = open();
    door.ok("odoo_connect", arguments(world, "shop"));
    // Without a name it is `default` that is meant, and there is none.
    door.refused("odoo_disconnect", json!({}), &["invalid_arguments", "unknown_connection"]);
    door.refused("odoo_disconnect", json!({"alias": "sh"}), &["unknown_connection"]);
    door.refused("odoo_disconnect", json!({"alias": "*"}), &["invalid_arguments"]);
    door.ok("odoo_disconnect", json!({"alias": "shop"}));
    assert_eq!(count(&door, "shop").unwrap_err()["code"], "unknown_connection");
    door.refused("odoo_disconnect", json!({"alias": "shop"}), &["unknown_connection"]);
    drop(door);
    assert_eq!(aliases(&open()), Vec::<String>::new());
}

fn a_connection_of_the_operator_stays(world: &World) {
    let door = world.door();
    let error =
        door.call("odoo_disconnect", json!({"alias": "default"})).expect_err("it is not ours to forget");
    assert_ne!(error["code"], "unknown_connection", "{error}");
    let mut replacing = arguments(world, "default");
    replacing["replace"] = json!(true);
    let error = door.call("odoo_connect", replacing).expect_err("it is not ours to replace");
    assert_ne!(error["code"], "internal", "{error}");
    count(&door, "default").unwrap();
}

#[cfg(unix)]
fn the_state_directory_is_private(world: &World) {
    use std::os::unix::fs::PermissionsExt as _;
    let door = world.door_without_connection();
    door.ok("odoo_connect", arguments(world, "shop"));
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(door.state_dir()), 0o700);
    let files = door.state_files();
    assert!(files.len() >= 2, "a log and a connection");
    for (path, _) in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[cfg(not(unix))]
fn the_state_directory_is_private(_: &World) {}

fn names_of_connections_are_checked(world: &World) {
    let door = world.door_without_connection();
    for alias in ["", " ", "../shop", "shop/1", "a b", "-x", ".hidden", "é", "x\u{0}", "*"] {
        let mut bad = arguments(world, "shop");
        bad["alias"] = json!(alias);
        door.refused("odoo_connect", bad, &["invalid_arguments"]);
        door.refused(
            "odoo_search_count",
            json!({"model": "res.partner", "connection": alias}),
            &["invalid_arguments"],
        );
    }
    let mut long = arguments(world, "shop");
    long["alias"] = json!("x".repeat(65));
    door.refused("odoo_connect", long, &["invalid_arguments"]);
    assert_eq!(aliases(&door), Vec::<String>::new());
}
