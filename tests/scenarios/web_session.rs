//! Web sessions: opened for one caller, ended with proof, renewed for reads alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::harness::{Behaviour, Door, Front, SignInBy, World, http, unique};

super::scenarios![
    a_session_is_opened_once_and_told_without_its_secret,
    logins_that_cannot_work_say_why,
    a_login_that_met_another_is_tried_once_more,
    a_saved_password_goes_to_its_own_server_only,
    a_logged_out_cookie_is_refused_by_odoo,
    a_second_logout_is_calm,
    nothing_signs_in_again_after_a_logout,
    a_hidden_logout_is_no_tool,
    a_logout_says_what_was_running,
    a_call_over_the_session_is_the_same_call,
    a_call_meets_the_same_policy,
    reads_renew_a_lost_session_and_changes_do_not,
    reads_follow_relations_on_every_version,
    reads_and_exports_need_no_session,
    exports_are_those_of_odoo,
    an_export_meets_the_policy,
];

const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments of a login: an API key cannot open a session, so there the password is given.
pub(crate) fn credentials(world: &World) -> Value {
    match world.by {
        SignInBy::Password => json!({}),
        SignInBy::ApiKey => json!({"login": world.odoo.login, "password": world.odoo.password}),
    }
}

/// Pages that may change something are closed until a policy names them.
pub(crate) fn open_policy() -> Value {
    let all = json!({"ops": ["read", "create", "write", "unlink", "execute", "mail", "report"], "methods": {"allow": ["*"]}});
    json!({"version": "1", "default": "allow", "models": {"*": all, "web.page": all}})
}

#[track_caller]
pub(crate) fn sign_in(world: &World, door: &Door) -> Value {
    door.ok("odoo_web_login", credentials(world))
}

/// Odoo makes a user's settings at the first web login, and refuses the second of two first ones.
fn a_login_that_met_another_is_tried_once_more(world: &World) {
    let front = world.front();
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()));
    let left = Arc::new(AtomicUsize::new(1));
    let fails = Arc::clone(&left);
    front.behave(move |message: &http::Message| {
        let is_login = message.path() == "/web/session/authenticate";
        let fails_now = is_login
            && fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok();
        if !fails_now {
            return Behaviour::Pass;
        }
        let data = json!({"name": "odoo.exceptions.ValidationError", "debug": "Traceback",
            "message": "The operation cannot be completed: One user should only have one user settings."});
        let error = json!({"code": 200, "message": "Odoo Server Error", "data": data});
        let body = json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string();
        Behaviour::Answer { status: 200, content_type: "application/json", body }
    });
    sign_in(world, &door);
    let logins = |front: &Front| {
        let recorded = front.recorded();
        recorded.iter().filter(|recorded| recorded.message.path() == "/web/session/authenticate").count()
    };
    assert_eq!(logins(&front), 2);
    door.ok("odoo_web_logout", json!({}));
    front.forget();
    left.store(9, Ordering::SeqCst);
    door.refused("odoo_web_login", credentials(world), &["bad_answer"]);
    assert_eq!(logins(&front), 2, "asked twice and no more");
}

/// The session id that the bridge sent last; only a front of the tests sees it.
#[track_caller]
fn cookie_sent(front: &Front) -> String {
    let recorded = front.recorded();
    let cookies = recorded.iter().rev().filter_map(|recorded| recorded.message.header("cookie"));
    let mut ids = cookies
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix("session_id=").map(str::to_owned));
    ids.next().expect("a session cookie was sent")
}

/// Whether Odoo takes a session id, asked by a client that shares nothing with the bridge.
#[track_caller]
fn is_taken(world: &World, id: &str) -> bool {
    let cookie = format!("session_id={id}");
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": {}}).to_string();
    let answer = http::post(
        &world.odoo.authority(),
        "/web/session/get_session_info",
        &[("Cookie", &cookie)],
        body.as_bytes(),
        PATIENCE,
    );
    let answer: Value = serde_json::from_slice(&answer.expect("an answer").body).expect("JSON");
    match answer.get("error") {
        None => answer["result"]["uid"].is_i64(),
        Some(error) => {
            assert_eq!(error["code"], 100, "{error}");
            false
        }
    }
}

/// Ends the session that the bridge used last, behind its back.
#[track_caller]
pub(crate) fn end_elsewhere(world: &World, front: &Front) {
    let cookie = format!("session_id={}", cookie_sent(front));
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": {}}).to_string();
    let headers = [("Cookie", cookie.as_str())];
    http::post(&world.odoo.authority(), "/web/session/destroy", &headers, body.as_bytes(), PATIENCE).unwrap();
}

fn requests_to(front: &Front, path: &str) -> usize {
    front.recorded().iter().filter(|recorded| recorded.message.path().starts_with(path)).count()
}

fn a_session_is_opened_once_and_told_without_its_secret(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    front.forget();
    let first = sign_in(world, &door);
    assert_eq!(first["status"], "authenticated");
    assert_eq!(first["uid"], world.oracle().uid());
    assert_eq!(first["reused"], false);
    assert!(first["server_version"].as_str().unwrap().starts_with(&world.odoo.major.to_string()), "{first}");
    assert!(first["expires_at"].is_string(), "{first}");
    let second = door.ok("odoo_web_login", json!({}));
    assert_eq!((&second["reused"], &second["uid"]), (&json!(true), &first["uid"]));
    assert_eq!(requests_to(&front, "/web/session/authenticate"), 1);
    let id = cookie_sent(&front);
    assert!(is_taken(world, &id));
    let told = format!("{first} {second}");
    let start = id.get(..12).unwrap();
    assert!(!told.contains(start), "a part of the session id was told");
    assert!(!told.contains(&world.odoo.password) || world.odoo.password == world.odoo.login);
}

fn logins_that_cannot_work_say_why(world: &World) {
    let door = world.door();
    let wrong = json!({"login": unique("nobody"), "password": "wrong-password-1"});
    let error = door.refused("odoo_web_login", wrong.clone(), &["wrong_credentials"]);
    assert!(!error.to_string().contains("wrong-password-1"), "{error}");
    let key = json!({"login": world.odoo.login, "password": world.odoo.api_key});
    door.refused("odoo_web_login", key, &["wrong_credentials"]);
    if world.by == SignInBy::ApiKey {
        door.refused("odoo_web_login", json!({}), &["session_required"]);
        let call = json!({"model": "res.partner", "method": "search_count", "args": [[]]});
        door.refused("odoo_web_call", call, &["session_required"]);
    }
    door.refused("odoo_web_login", json!({"login": "somebody-else"}), &["invalid_arguments"]);
    door.refused("odoo_web_login", json!({"password": 4711}), &["invalid_arguments"]);
    door.refused("odoo_web_login", json!({"connection": "nosuch"}), &["unknown_connection"]);
    let unknown = world.settings().variable("ODOO_DB", "no_such_database");
    let error = Door::open(unknown).call("odoo_web_login", credentials(world)).unwrap_err();
    assert_eq!(error["code"], "unknown_database", "{error}");
}

fn a_saved_password_goes_to_its_own_server_only(world: &World) {
    let (front, thief) = (world.front(), world.front());
    let door = world.door_through(&front);
    for url in [
        thief.url(),
        "https://evil.example".to_owned(),
        front.url().replacen("http://", "http://evil@", 1),
        format!("{}/evil", front.url()),
        "not a url".to_owned(),
    ] {
        let mut arguments = credentials(world);
        arguments["url"] = json!(url);
        door.refused("odoo_web_login", arguments, &["invalid_arguments"]);
    }
    let mut arguments = credentials(world);
    arguments["db"] = json!("another");
    door.refused("odoo_web_login", arguments, &["invalid_arguments"]);
    assert!(thief.recorded().is_empty());
    assert_eq!(requests_to(&front, "/web/session"), 0);
    let mut arguments = credentials(world);
    arguments["url"] = json!(format!("{}/", front.url()));
    arguments["db"] = json!(world.odoo.db);
    door.ok("odoo_web_login", arguments);
}

fn a_logged_out_cookie_is_refused_by_odoo(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    sign_in(world, &door);
    door.ok("odoo_web_call", json!({"model": "res.partner", "method": "search_count", "args": [[]]}));
    let id = cookie_sent(&front);
    assert!(is_taken(world, &id), "the session is good before");
    let ended = door.ok("odoo_web_logout", json!({}));
    assert_eq!(ended["status"], "logged_out");
    assert_eq!(
        (&ended["server_confirmed"], &ended["cookie_refused"]),
        (&json!(true), &json!(true)),
        "{ended}"
    );
    assert!(!is_taken(world, &id), "odoo still takes the cookie");
    assert!(!ended.to_string().contains(id.get(..12).unwrap()));
}

fn a_second_logout_is_calm(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let before = door.ok("odoo_web_logout", json!({}));
    assert_eq!(before["status"], "no_session");
    sign_in(world, &door);
    door.ok("odoo_web_logout", json!({}));
    front.forget();
    let again = door.ok("odoo_web_logout", json!({}));
    assert_eq!((&again["status"], &again["server_confirmed"]), (&json!("no_session"), &json!(false)));
    assert!(front.recorded().is_empty(), "a logout without a session asks nobody");
    door.refused("odoo_web_logout", json!({"connection": "nosuch"}), &["unknown_connection"]);
}

fn nothing_signs_in_again_after_a_logout(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    sign_in(world, &door);
    door.ok("odoo_web_logout", json!({}));
    front.forget();
    let call = json!({"model": "res.partner", "method": "search_count", "args": [[]]});
    door.refused("odoo_web_call", call.clone(), &["no_session"]);
    door.refused("odoo_web_call", call.clone(), &["no_session"]);
    assert_eq!(requests_to(&front, "/web/session/authenticate"), 0);
    sign_in(world, &door);
    door.ok("odoo_web_call", call);
}

fn a_hidden_logout_is_no_tool(world: &World) {
    let policy = json!({"version": "1", "default": "allow", "hide": ["odoo_web_logout"]});
    let door = world.door_under(&policy);
    let names = door.tool_names();
    assert!(names.iter().any(|name| name == "odoo_web_login"));
    assert!(!names.iter().any(|name| name == "odoo_web_logout"), "{names:?}");
    let hidden = door.answer("odoo_web_logout", json!({}));
    let unknown = door.answer("odoo_web_nosuch", json!({}));
    assert!(hidden.is_error);
    let plain = |text: &str| text.replace("odoo_web_logout", "X").replace("odoo_web_nosuch", "X");
    assert_eq!(plain(&hidden.text), plain(&unknown.text));
}

fn a_logout_says_what_was_running(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    sign_in(world, &door);
    front.on_call("res.partner", "search_count", Behaviour::Delay(Duration::from_secs(2)));
    let call = json!({"model": "res.partner", "method": "search_count", "args": [[]]});
    let pending = door.begin("odoo_web_call", call);
    while front.calls_of("res.partner", "search_count") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ended = door.ok("odoo_web_logout", json!({}));
    assert_eq!(ended["running"][0]["tool"], "odoo_web_call", "{ended}");
    assert_eq!(ended["running"][0]["request"], "res.partner.search_count");
    assert_eq!(ended["cookie_refused"], true);
    // The request may have been faster than the end of its session.
    if let Err(error) = pending.result() {
        assert!(["no_session", "session_expired"].contains(&error["code"].as_str().unwrap()), "{error}");
    }
}

fn a_call_over_the_session_is_the_same_call(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    sign_in(world, &door);
    let contact = world.contact();
    front.forget();
    let write = json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"city": "Gent"}]});
    assert_eq!(door.ok("odoo_web_call", write)["result"], true);
    assert_eq!(oracle.field("res.partner", contact.id, "city"), "Gent");
    let read = json!({"model": "res.partner", "method": "read", "ids": [contact.id], "args": [["city"]]});
    assert_eq!(door.ok("odoo_web_call", read)["result"][0]["city"], "Gent");
    assert!(requests_to(&front, "/web/dataset/call_kw") >= 2);
    for bad in [
        json!({"model": "res.partner", "method": "_write", "args": [[1], {}]}),
        json!({"model": "res.partner", "method": "nosuch_method", "args": [[contact.id]]}),
        json!({"model": "no.such.model", "method": "search", "args": [[]]}),
        json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"nosuch_field": 1}]}),
        json!({"model": "res.partner", "method": "read", "args": [["x"]]}),
    ] {
        let error = door.call("odoo_web_call", bad.clone()).unwrap_err();
        let code = error["code"].as_str().unwrap();
        let known = [
            "invalid_arguments",
            "unknown_method",
            "unknown_model",
            "unknown_field",
            "access_denied",
            "not_found",
        ];
        assert!(known.contains(&code), "{bad}: {error}");
    }
}

fn a_call_meets_the_same_policy(world: &World) {
    let front = world.front();
    let policy = json!({
        "version": "1", "default": "allow",
        "models": {"res.partner": {
            "ops": ["read", "write"],
            "fields": {"email": {"read": "deny", "write": "deny"}},
            "domain": [["name", "like", "Visible"]],
        }},
    });
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    sign_in(world, &door);
    let contact = world.contact();
    front.forget();
    for (method, args) in [
        ("unlink", json!([[contact.id]])),
        ("write", json!([[contact.id], {"email": "x@example.com"}])),
        ("read", json!([[contact.id], ["email"]])),
        ("action_archive", json!([[contact.id], {}, {}])),
    ] {
        let call = json!({"model": "res.partner", "method": method, "args": args});
        let over_rpc = door.call("odoo_execute", call.clone()).unwrap_err();
        let over_web = door.call("odoo_web_call", call).unwrap_err();
        assert_eq!(over_web["code"], over_rpc["code"], "{method}: {over_web}");
        assert_eq!(front.calls_of("res.partner", method), 0, "{method} was sent");
    }
    let seen = json!({"model": "res.partner", "method": "search", "args": [[["id", "=", contact.id]]]});
    assert_eq!(door.ok("odoo_web_call", seen)["result"], json!([]), "a record outside the read domain");
}

fn reads_renew_a_lost_session_and_changes_do_not(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    // The connection's own login is another matter.
    door.ok("odoo_fields_get", json!({"model": "res.partner"}));
    sign_in(world, &door);
    let contact = world.contact();
    let count = json!({"model": "res.partner", "method": "search_count", "args": [[]]});
    let write = json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"city": "Lost"}]});
    door.ok("odoo_web_call", count.clone());
    end_elsewhere(world, &front);
    front.forget();
    if world.by == SignInBy::Password {
        door.ok("odoo_web_call", count.clone());
        assert_eq!(requests_to(&front, "/web/session/authenticate"), 1, "one silent login");
        end_elsewhere(world, &front);
        front.forget();
    }
    let error = door.refused("odoo_web_call", write.clone(), &["session_expired"]);
    assert_eq!(
        requests_to(&front, "/web/session/authenticate"),
        0,
        "no new login on the way of a change: {error}"
    );
    assert_eq!(oracle.field("res.partner", contact.id, "city"), false, "the change was not made");
    match world.by {
        SignInBy::Password => {
            door.ok("odoo_web_call", write);
            assert_eq!(oracle.field("res.partner", contact.id, "city"), "Lost");
        }
        // Its password was given once and is not kept.
        SignInBy::ApiKey => {
            door.refused("odoo_web_call", count, &["session_expired"]);
            assert_eq!(requests_to(&front, "/web/session/authenticate"), 0);
        }
    }
}

fn reads_follow_relations_on_every_version(world: &World) {
    let door = world.door();
    let city = unique("City");
    let parent =
        world.temporary("res.partner", json!({"name": unique("Parent"), "is_company": true, "city": city}));
    let values = json!({"name": unique("Child"), "parent_id": parent.id, "type": "contact"});
    let child = world.temporary("res.partner", values);
    if world.by == SignInBy::ApiKey {
        sign_in(world, &door);
    }
    let asked = json!({
        "model": "res.partner", "fields": ["name", "parent_id", "parent_id.city", "child_ids.name"],
        "domain": [["id", "in", [parent.id, child.id]]], "order": "id",
    });
    let found = door.ok("odoo_web_read", asked.clone());
    assert_eq!((&found["total"], &found["has_more"]), (&json!(2), &json!(false)));
    assert_eq!(found["via"], "web_session");
    let (first, second) = (&found["records"][0], &found["records"][1]);
    assert_eq!((&first["id"], &first["parent_id"]), (&json!(parent.id), &json!(false)), "{found}");
    assert_eq!(first["child_ids"][0]["id"], child.id, "{found}");
    assert_eq!(second["parent_id"]["city"], json!(city), "{found}");
    assert_eq!(second["child_ids"], json!([]), "{found}");
    let mut one = asked;
    one["fields"] = json!(["parent_id"]);
    one["limit"] = json!(1);
    let found = door.ok("odoo_web_read", one);
    assert_eq!((&found["has_more"], &found["next_offset"]), (&json!(true), &json!(1)));
    for bad in
        [json!([]), json!(["nosuch_field"]), json!(["parent_id.nosuch_field"]), json!(["a b"]), json!("name")]
    {
        let arguments = json!({"model": "res.partner", "fields": bad, "domain": [["id", "=", child.id]]});
        door.refused("odoo_web_read", arguments, &["invalid_arguments", "unknown_field"]);
    }
}

fn reads_and_exports_need_no_session(world: &World) {
    let door = world.door();
    let contact = world.contact();
    if world.by == SignInBy::Password {
        door.ok("odoo_web_logout", json!({}));
    }
    let domain = json!([["id", "=", contact.id]]);
    let read = json!({"model": "res.partner", "fields": ["name", "country_id.code"], "domain": domain});
    let found = door.ok("odoo_web_read", read);
    assert_eq!((&found["via"], &found["records"][0]["id"]), (&json!("rpc"), &json!(contact.id)));
    let export = json!({"model": "res.partner", "fields": [".id", "name"], "domain": domain});
    let found = door.ok("odoo_web_export", export);
    assert_eq!((&found["via"], &found["records"]), (&json!("rpc"), &json!(1)));
}

fn exports_are_those_of_odoo(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    if world.by == SignInBy::ApiKey {
        sign_in(world, &door);
    }
    let parent = world.temporary("res.partner", json!({"name": unique("Parent"), "is_company": true}));
    let name = unique("Child");
    let child = world.temporary("res.partner", json!({"name": name, "parent_id": parent.id}));
    let domain = json!([["id", "in", [parent.id, child.id]]]);
    let fields = json!([".id", "name", "parent_id/name", "active"]);
    let asked = json!({"model": "res.partner", "fields": fields, "domain": domain, "order": "id"});
    let found = door.ok("odoo_web_export", asked.clone());
    assert_eq!(
        (&found["fields"], &found["total"], &found["via"]),
        (&fields, &json!(2), &json!("web_session"))
    );
    let ids = json!([parent.id, child.id]);
    let expected = oracle.call(
        "res.partner",
        "export_data",
        json!([ids, fields]),
        json!({"context": {"import_compat": false}}),
    );
    assert_eq!(found["datas"], expected["datas"]);
    assert_eq!(found["header"].as_array().map(Vec::len), Some(4));
    assert_eq!(found["datas"][1][1], json!(name));
    let mut paged = asked.clone();
    paged["limit"] = json!(1);
    let found = door.ok("odoo_web_export", paged);
    assert_eq!(
        (&found["records"], &found["has_more"], &found["next_offset"]),
        (&json!(1), &json!(true), &json!(1))
    );
    let mut again = asked;
    again["import_compat"] = json!(true);
    let found = door.ok("odoo_web_export", again);
    assert_eq!(found["header"], fields);
    let expected = oracle.call(
        "res.partner",
        "export_data",
        json!([ids, fields]),
        json!({"context": {"import_compat": true}}),
    );
    assert_eq!(found["datas"], expected["datas"]);
    for bad in [json!([]), json!(["nosuch_field"]), json!(["a b"]), json!([5])] {
        let arguments = json!({"model": "res.partner", "fields": bad, "domain": domain});
        door.refused(
            "odoo_web_export",
            arguments,
            &["invalid_arguments", "unknown_field", "export_refused", "odoo_fault", "user_error"],
        );
    }
}

fn an_export_meets_the_policy(world: &World) {
    let models = json!({"res.partner": {"ops": ["read"], "fields": {"email": {"read": "deny"}}}, "*": {"ops": ["read"]}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    for fields in [json!(["name", "email"]), json!(["parent_id/email"]), json!(["child_ids/email"])] {
        let arguments = json!({"model": "res.partner", "fields": fields, "limit": 1});
        door.refused("odoo_web_export", arguments, &["unknown_field", "denied"]);
    }
    for fields in [json!(["email"]), json!(["parent_id.email"])] {
        let arguments = json!({"model": "res.partner", "fields": fields, "limit": 1});
        door.refused("odoo_web_read", arguments, &["unknown_field", "denied"]);
    }
    // An external id is made where there is none, which is no reading.
    let arguments = json!({"model": "res.partner", "fields": ["id", "name"], "limit": 1});
    door.refused("odoo_web_export", arguments, &["denied"]);
    door.ok("odoo_web_read", json!({"model": "res.partner", "fields": ["name"], "limit": 1}));
}
