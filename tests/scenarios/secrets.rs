//! A password and a key that nobody may ever see again: not in an answer, not in a log, not in a file.

use base64::Engine as _;
use serde_json::{Value, json};

use super::harness::{Behaviour, Door, DoorSettings, SignInBy, World, unique};

super::scenarios![
    the_credential_of_a_connection_shows_nowhere,
    a_credential_typed_into_a_call_shows_nowhere,
    secrets_of_odoo_do_not_reach_the_log,
    a_saved_credential_is_sealed,
];

/// Every form in which a secret could be written down.
fn forms(secret: &str) -> Vec<String> {
    let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let reversed: String = secret.chars().rev().collect();
    vec![
        secret.to_owned(),
        base64::engine::general_purpose::STANDARD.encode(secret),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret),
        secret.replace('/', "\\/"),
        hexadecimal,
        reversed,
    ]
}

/// Looks through everything that left the program.
#[track_caller]
fn assert_hidden(door: &Door, secret: &str) {
    for form in forms(secret) {
        let said = door.everything_said();
        let line = said.lines().find(|line| line.contains(&form));
        assert!(line.is_none(), "the secret was said as `{form}`: {}", line.unwrap_or_default());
        for (path, bytes) in door.state_files() {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "the secret stands in {} as `{form}`", path.display());
        }
    }
}

/// A user with a password of its own, where the world signs in with a password.
fn canary(world: &World) -> (String, String, Vec<super::harness::Temporary>) {
    match world.by {
        SignInBy::ApiKey => (world.odoo.login.clone(), world.odoo.api_key.clone(), Vec::new()),
        SignInBy::Password => {
            let login = unique("canary").replace(' ', "-");
            let password = format!("Canary/{}", unique("p").replace(' ', "-"));
            let user =
                world.temporary("res.users", json!({"name": login, "login": login, "password": password}));
            let partner =
                world.oracle().field("res.users", user.id, "partner_id")[0].as_i64().expect("a partner");
            // The user goes first, then its contact.
            (login, password, vec![user, world.adopt("res.partner", partner)])
        }
    }
}

fn settings(world: &World, login: &str, secret: &str) -> DoorSettings {
    let name = if world.by == SignInBy::ApiKey { "ODOO_API_KEY" } else { "ODOO_PASSWORD" };
    world
        .settings()
        .variable("ODOO_USERNAME", login)
        .variable(name, secret)
        .variable("ODOO_MCP_LOG_LEVEL", "debug")
}

fn the_credential_of_a_connection_shows_nowhere(world: &World) {
    let (login, secret, _user) = canary(world);
    let front = world.front();
    let door = Door::open(settings(world, &login, &secret).variable("ODOO_URL", &front.url()));
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    let sent = front.recorded().iter().any(|recorded| recorded.message.everything().contains(&secret));
    assert!(sent, "the credential is used at all");
    let _ = door.call("odoo_connections", json!({}));
    let _ = door.call("odoo_version", json!({}));
    let _ = door.call("odoo_search_count", json!({"model": "no.such.model"}));
    let _ =
        door.call("odoo_execute", json!({"model": "res.partner", "method": "no_such_method", "args": [[1]]}));
    let _ = door.call("odoo_search_read", json!({"model": "res.users", "fields": ["login"], "limit": 3}));
    let _ = door.call("odoo_search_count", json!({"model": "res.partner", "domain": [["name", "foo", "x"]]}));
    // A server that repeats what it was sent must not make us repeat it.
    let echo = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {
        "name": "odoo.exceptions.UserError", "message": format!("you sent {secret}"), "debug": format!("Traceback {secret}"),
        "arguments": [secret], "context": {},
    }}, "name": "odoo.exceptions.UserError", "message": format!("you sent {secret}"), "debug": secret, "arguments": [secret]});
    for status in [200, 401, 422, 500] {
        for (content_type, body) in
            [("application/json", echo.to_string()), ("text/html", format!("<p>{secret}</p>"))]
        {
            front.always(Behaviour::Answer { status, content_type, body });
            let _ = door.call("odoo_search_count", json!({"model": "res.partner"}));
            let _ = door
                .call("odoo_write", json!({"model": "res.partner", "ids": [1], "values": {"comment": "x"}}));
        }
    }
    front.always(Behaviour::CutBefore);
    let _ = door.call("odoo_search_count", json!({"model": "res.partner"}));
    front.stop();
    let _ = door.call("odoo_search_count", json!({"model": "res.partner"}));
    assert_hidden(&door, &secret);
}

fn a_credential_typed_into_a_call_shows_nowhere(world: &World) {
    let (name, _) = world.credential();
    let door = Door::open(DoorSettings::new(world.via).variable("ODOO_MCP_LOG_LEVEL", "debug"));
    let wrong = format!("Canary/{}", unique("typed").replace(' ', "-"));
    let url = &world.odoo.url;
    for arguments in [
        json!({"alias": "wrong", "url": url, "db": world.odoo.db, "username": "nobody-at-all", name: wrong}),
        json!({"alias": "away", "url": "http://127.0.0.1:9", "db": "d", "username": "u", name: wrong}),
        json!({"alias": "both", "url": url, "db": world.odoo.db, "username": "u", "password": wrong, "api_key": wrong}),
        json!({"alias": "no alias", "url": url, "db": world.odoo.db, "username": "u", name: wrong}),
        json!({"alias": "bad", "url": "nonsense", "db": world.odoo.db, "username": "u", name: wrong}),
        json!({"alias": "inside", "url": format!("http://u:{wrong}@127.0.0.1:9"), "db": "d", "username": "u", name: wrong}),
        json!({"alias": "typo", "url": url, "db": "d", "usrname": "u", name: wrong}),
        json!({"alias": "list", "url": url, "db": "d", "username": "u", name: [wrong]}),
        json!({"alias": "misplaced", "url": url, "db": "d", "username": "u", "verify_ssl": wrong, name: "x"}),
        json!({"alias": "query", "url": format!("http://127.0.0.1:9/?key={wrong}"), "db": "d", "username": "u", name: wrong}),
    ] {
        let error = door.call("odoo_connect", arguments).expect_err("a wrong login");
        assert_ne!(error["code"], "internal", "{error}");
    }
    assert_hidden(&door, &wrong);
}

fn secrets_of_odoo_do_not_reach_the_log(world: &World) {
    let secret = format!("Canary/{}", unique("value").replace(' ', "-"));
    let contact = world.contact();
    let door = Door::open(world.settings().variable("ODOO_MCP_LOG_LEVEL", "debug"));
    let write = |values: Value| {
        door.call("odoo_write", json!({"model": "res.partner", "ids": [contact.id], "values": values}))
    };
    let _ = write(json!({"comment": 7, "name": secret}));
    let _ = write(json!({"color": secret}));
    let _ = door.call(
        "odoo_execute",
        json!({"model": "res.users", "method": "change_password", "args": [secret, secret]}),
    );
    let log = door.log();
    assert!(!log.contains(&secret), "{log}");
    for (path, bytes) in door.state_files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(&secret), "{}", path.display());
    }
}

fn a_saved_credential_is_sealed(world: &World) {
    let (login, secret, _user) = canary(world);
    let (name, _) = world.credential();
    let state = tempfile::tempdir().expect("a folder");
    let open = || {
        Door::open(DoorSettings::new(world.via).state(state.path()).variable("ODOO_MCP_LOG_LEVEL", "debug"))
    };
    let door = open();
    let arguments = json!({"alias": "sealed", "url": world.odoo.url, "db": world.odoo.db, "username": login, name: secret});
    door.ok("odoo_connect", arguments);
    door.ok("odoo_search_count", json!({"model": "res.partner", "connection": "sealed"}));
    let _ = door.call("odoo_connections", json!({}));
    assert_hidden(&door, &secret);
    drop(door);
    let again = open();
    again.ok("odoo_search_count", json!({"model": "res.partner", "connection": "sealed"}));
    assert_hidden(&again, &secret);
}
