//! Errors: a code, a sentence, something to do, and nothing of anybody's insides.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::harness::{Behaviour, Door, DoorSettings, SignInBy, World};

super::scenarios![
    an_unknown_connection_names_the_known_ones,
    a_wrong_password_is_told_as_such_and_not_tried_again,
    an_unknown_database_is_told_without_the_database_server,
    a_web_page_in_place_of_an_answer_is_no_result,
    garbage_in_place_of_an_answer_is_no_result,
    a_redirect_is_not_followed,
    an_expired_session_is_renewed_once,
    a_fault_of_odoo_names_model_and_method,
    every_error_is_said_in_plain_words,
];

fn an_unknown_connection_names_the_known_ones(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for (tool, mut arguments) in [
        ("odoo_search_count", json!({"model": "res.partner"})),
        ("odoo_write", json!({"model": "res.partner", "ids": [1], "values": {"name": "x"}})),
        ("odoo_version", json!({})),
    ] {
        arguments["connection"] = json!("elsewhere");
        let error = door.refused(tool, arguments, &["unknown_connection"]);
        assert!(error.to_string().contains("default"), "{tool} names the known one: {error}");
    }
    assert!(front.recorded().is_empty());
    let empty = world.door_without_connection();
    let error = empty.refused("odoo_search_count", json!({"model": "res.partner"}), &["unknown_connection"]);
    assert!(error["hint"].is_string(), "it says how to make one: {error}");
}

fn a_wrong_password_is_told_as_such_and_not_tried_again(world: &World) {
    let front = world.front();
    let settings = DoorSettings::new(world.via)
        .variable("ODOO_URL", &front.url())
        .variable("ODOO_DB", &world.odoo.db)
        .variable("ODOO_USERNAME", &world.odoo.login);
    let wrong = "not-the-password-of-anybody";
    let settings = match world.by {
        SignInBy::Password => settings.variable("ODOO_PASSWORD", wrong),
        SignInBy::ApiKey => settings.variable("ODOO_API_KEY", wrong),
    };
    let door = Door::open(settings);
    let error = door.refused("odoo_search_count", json!({"model": "res.partner"}), &["auth_failed"]);
    assert!(!error.to_string().contains(wrong), "{error}");
    let sent =
        front.recorded().iter().filter(|recorded| recorded.message.everything().contains(wrong)).count();
    assert!(sent <= 3, "a wrong credential was sent {sent} times for one call: Odoo locks accounts for that");
}

fn an_unknown_database_is_told_without_the_database_server(world: &World) {
    let settings = world.settings().variable("ODOO_DB", "no_such_database_here");
    let door = Door::open(settings);
    let error = door.refused(
        "odoo_search_count",
        json!({"model": "res.partner"}),
        &["auth_failed", "not_found", "odoo_fault", "bad_answer", "setup", "unknown_database"],
    );
    for word in ["5432", "OperationalError", "FATAL", "connection to server"] {
        assert!(!error["message"].to_string().contains(word), "{error}");
    }
}

fn a_web_page_in_place_of_an_answer_is_no_result(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    let page = "<!DOCTYPE html><html><body><form action=\"/web/login\">Log in, please: page-canary</form></body></html>";
    for status in [200, 400, 403, 404, 415, 422, 500, 502, 503] {
        front.always(Behaviour::Answer {
            status,
            content_type: "text/html; charset=utf-8",
            body: page.to_owned(),
        });
        let error = door.call("odoo_search_count", json!({"model": "res.partner"}));
        let error = error.expect_err(&format!("{status} as HTML"));
        let whole = error.to_string();
        assert!(!whole.contains("<html") && !whole.contains("page-canary"), "{status}: {whole}");
        let code = error["code"].as_str().unwrap();
        assert_ne!(code, "internal", "{status}: {whole}");
    }
    front.always(Behaviour::Pass);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn garbage_in_place_of_an_answer_is_no_result(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    for body in [
        "",
        "{",
        "null",
        "7",
        "\"1\"",
        "[]",
        "{}",
        "{\"result\": \"many\"}",
        "{\"error\": null}",
        "{\"error\": {}}",
        "{\"error\": 7}",
    ] {
        front.always(Behaviour::Answer {
            status: 200,
            content_type: "application/json",
            body: body.to_owned(),
        });
        match door.call("odoo_search_count", json!({"model": "res.partner"})) {
            Err(error) => assert!(error["code"].is_string(), "{body}"),
            // A bare number is what `/json/2` answers.
            Ok(result) => assert_eq!(body, "7", "{result}"),
        }
    }
    front.always(Behaviour::Pass);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn a_redirect_is_not_followed(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    front.forget();
    front.always(Behaviour::Redirect("/web/login?redirect=%2F"));
    let error = door.call("odoo_search_count", json!({"model": "res.partner"})).expect_err("a redirect");
    assert_ne!(error["code"], "internal", "{error}");
    let followed = front.recorded().iter().any(|recorded| recorded.message.path().starts_with("/web/login"));
    assert!(!followed, "a redirect to the login page means there is no session");
}

fn an_expired_session_is_renewed_once(world: &World) {
    if world.by != SignInBy::Password {
        // A key has no session.
        return;
    }
    let front = world.front();
    let door = world.door_through(&front);
    let contact = world.contact();
    let count = json!({"model": "res.partner", "domain": [["id", "=", contact.id]]});
    assert_eq!(door.ok("odoo_search_count", count.clone())["count"], 1);
    let expired = json!({"jsonrpc": "2.0", "id": null, "error": {
        "code": 100, "message": "Odoo Session Expired",
        "data": {"name": "odoo.http.SessionExpiredException", "message": "Session expired", "arguments": [], "context": {}, "debug": ""},
    }});
    let expire = |times: usize| {
        let (left, body) = (AtomicUsize::new(times), expired.to_string());
        front.behave(move |message| {
            let take =
                || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            if message.path().starts_with("/web/dataset/") && take() {
                Behaviour::Answer { status: 200, content_type: "application/json", body: body.clone() }
            } else {
                Behaviour::Pass
            }
        });
    };
    expire(1);
    assert_eq!(door.ok("odoo_search_count", count.clone())["count"], 1, "one expired session is renewed");
    // Odoo says so before it does anything, so a change may be sent again; it happens once.
    expire(1);
    let arguments =
        json!({"model": "res.partner", "ids": [contact.id], "values": {"email": "s@example.com"}});
    match door.call("odoo_write", arguments) {
        Ok(_) => assert_eq!(world.oracle().field("res.partner", contact.id, "email"), "s@example.com"),
        Err(error) => assert_eq!(error["code"], "session_expired"),
    }
    expire(1_000);
    front.forget();
    let error = door.call("odoo_search_count", count).expect_err("sessions that always expire");
    assert!(["session_expired", "auth_failed"].contains(&error["code"].as_str().unwrap()), "{error}");
    assert!(front.recorded().len() < 12, "it gives up: {} requests", front.recorded().len());
}

fn a_fault_of_odoo_names_model_and_method(world: &World) {
    let door = world.door_of_demo();
    let arguments = json!({"model": "ir.config_parameter", "method": "search_count", "args": [[]]});
    let error = door.refused("odoo_execute", arguments, &["access_denied"]);
    assert_eq!(error["odoo"]["model"], "ir.config_parameter", "{error}");
    assert!(error["odoo"]["exception"].as_str().is_some_and(|name| name.contains("AccessError")), "{error}");
    assert!(error["odoo"].get("debug").is_none() && error.get("debug").is_none(), "{error}");
}

fn every_error_is_said_in_plain_words(world: &World) {
    let door = world.door();
    let errors: Vec<Value> = [
        ("odoo_search_count", json!({"model": "no.such.model"})),
        ("odoo_search_count", json!({"model": "res.partner", "domain": [["nofield_at_all", "=", 1]]})),
        ("odoo_search_count", json!({"model": "res.partner", "domain": [["name", "foo", 1]]})),
        ("odoo_search_count", json!({"model": "res.partner", "connection": "nowhere"})),
        ("odoo_search_count", json!({"model": 7})),
        ("odoo_search_count", json!({"modle": "res.partner"})),
        ("odoo_write", json!({"model": "res.partner", "ids": [2_000_000_000], "values": {"name": "x"}})),
        ("odoo_unlink", json!({"model": "res.partner", "ids": []})),
        ("odoo_execute", json!({"model": "res.partner", "method": "no_such_method", "args": [[1]]})),
    ]
    .into_iter()
    .map(|(tool, arguments)| door.call(tool, arguments).expect_err(tool))
    .collect();
    for error in errors {
        let message = error["message"].as_str().expect("a message");
        let first = message.chars().next().expect("not empty");
        // Odoo's own sentences keep their form.
        if error.get("odoo").is_none() {
            assert!(!first.is_uppercase(), "starts in lower case: {message}");
            assert!(!message.ends_with('.'), "no full stop at the end: {message}");
        }
        for word in ["serde", "Err(", "Some(", "struct ", "enum ", "reqwest", "hyper", "at line 1"] {
            assert!(!message.contains(word), "`{word}` says nothing to a user of Odoo: {message}");
        }
    }
}
