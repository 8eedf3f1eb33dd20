//! Two people at one server at the same time, each with an account, a token and an Odoo user of their own,
//! under one grant: nothing of the one ever reaches the other.
//!
//! Everything that belongs to somebody holds their canary, so whatever crosses over is seen wherever it shows.
//! Their Odoo users work in two companies, so even a count tells whose credential was used.

mod mix;
mod pair;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::{
    mix::a_thousand_mixed_calls_never_cross_over,
    pair::{Pair, Somebody, command},
};
use super::harness::{Behaviour, Person, World, http};

super::scenarios![
    a_thousand_mixed_calls_never_cross_over,
    a_stolen_session_is_refused_in_every_era,
    nobody_ends_a_call_of_the_other,
    an_approval_is_for_who_asked,
    names_of_others_open_nothing,
    a_link_lets_in_somebody_new,
];

/// Time in which a stream would have told what it must not tell.
const SILENCE: Duration = Duration::from_millis(400);
/// Long enough for any machine; the check ends as soon as it holds.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request by hand; what came until the server closed or fell silent.
fn raw(authority: &str, method: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut head = format!("{method} /mcp HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(authority).expect("a connection");
    stream.set_read_timeout(Some(SILENCE)).expect("a timeout");
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).expect("a request");
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(read) = stream.read(&mut part) {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&part[..read]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), text)
}

fn a_stolen_session_is_refused_in_every_era(world: &World) {
    let pair = Pair::open(world, &world.odoo.url);
    let [anna, bert] = &pair.both;
    anna.person.ok("memory_write", json!({"filename": "diary", "content": anna.canary}));
    let thief = bert.person.in_session_of(&anna.person);
    for (method, parameters) in [
        ("ping", json!({})),
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "memory_read", "arguments": {"filename": "diary"}})),
        ("resources/read", json!({"uri": "memory://personal/diary.md"})),
        ("prompts/list", json!({})),
        ("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {}})),
    ] {
        assert_eq!(thief.status(method, &parameters), 404, "{method}");
    }
    assert_eq!(thief.notify("notifications/cancelled", &json!({"requestId": 1})), 404);

    let bearer = format!("Bearer {}", bert.token);
    let (session, own) = (anna.person.session(), bert.person.session());
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "memory_read", "arguments": {"filename": "diary"}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "thief", "version": "1"},
        },
    }})
    .to_string();
    let kinds = [("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")];
    for (method, version, body) in [
        ("POST", "2025-03-26", call.as_str()),
        ("POST", "2025-06-18", &call),
        ("POST", "2025-11-25", &call),
        ("POST", "2026-07-28", &call),
        ("GET", "2025-11-25", ""),
        ("GET", "2026-07-28", ""),
        ("DELETE", "2025-11-25", ""),
        ("DELETE", "2026-07-28", ""),
    ] {
        let about =
            [("MCP-Protocol-Version", version), ("Mcp-Method", "tools/call"), ("Mcp-Name", "memory_read")];
        let mut headers =
            [&kinds[..], &about, &[("Authorization", bearer.as_str()), ("Mcp-Session-Id", session)]].concat();
        let (status, answer) = raw(pair.door.authority(), method, &headers, body);
        assert_eq!(status, 404, "{method} {version}: {answer}");
        assert!(!answer.contains(&anna.canary), "{answer}");
        // Two session ids, of which one is the thief's own, are none.
        headers.push(("Mcp-Session-Id", own));
        assert_eq!(raw(pair.door.authority(), method, &headers, body).0, 400, "{method} {version}");
        headers.retain(|(name, _)| *name != "Authorization");
        assert_eq!(raw(pair.door.authority(), method, &headers, body).0, 401, "{method} {version}");
        headers.extend([("Authorization", bearer.as_str()), ("Authorization", "Bearer x")]);
        assert_eq!(raw(pair.door.authority(), method, &headers, body).0, 401, "{method} {version}");
    }
    // Whatever event is asked for, a stream tells of its own session alone.
    for event in ["0", "1", "0/0", "0/1", "1/0", "999999", session, "../../audit.jsonl", "-1"] {
        let headers = [
            ("Accept", "text/event-stream"),
            ("MCP-Protocol-Version", "2025-11-25"),
            ("Authorization", bearer.as_str()),
            ("Mcp-Session-Id", own),
            ("Last-Event-ID", event),
        ];
        let (_, told) = raw(pair.door.authority(), "GET", &headers, "");
        assert!(!told.contains(&anna.canary) && !told.contains("anna"), "{event}: {told}");
    }
    let note = anna.person.ok("memory_read", json!({"filename": "diary"}));
    assert_eq!(note["content"], anna.canary, "and she noticed nothing");
}

#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn nobody_ends_a_call_of_the_other(world: &World) {
    let front = world.front();
    let pair = Pair::open(world, &front.url());
    let [anna, bert] = &pair.both;
    let count = json!({"name": "odoo_search_count", "arguments": {"model": "res.partner"}});
    for me in &pair.both {
        me.person.ok("odoo_search_count", json!({"model": "res.partner"}));
    }
    front.forget();
    front.always(Behaviour::Hang);
    thread::scope(|scope| {
        // A call that its caller took back is not answered.
        let waiting = scope.spawn(|| anna.person.status("tools/call", &count));
        eventually("the request reaches Odoo", || front.under_way() == 1);
        // Ids are counted by each client alone, so the same ones are in use by both.
        for id in 1..=40 {
            let about = json!({"requestId": id, "reason": "mine"});
            assert!(bert.person.notify("notifications/cancelled", &about) < 300);
            assert_eq!(
                bert.person.in_session_of(&anna.person).notify("notifications/cancelled", &about),
                404
            );
        }
        let _ = bert.person.sessionless().request("notifications/cancelled", &json!({"requestId": 1}));
        thread::sleep(SILENCE);
        assert_eq!(front.under_way(), 1, "somebody else ended the call");
        eventually("who made the call ends it", || {
            for id in 1..=40 {
                anna.person.notify("notifications/cancelled", &json!({"requestId": id}));
            }
            front.under_way() == 0
        });
        front.always(Behaviour::Pass);
        let _ = waiting.join();
    });
    bert.person.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn an_approval_is_for_who_asked(world: &World) {
    let pair = Pair::open(world, &world.odoo.url);
    let [anna, bert] = &pair.both;
    let contact = world.contact();
    let gone = json!({"model": "res.partner", "ids": [contact.id]});
    let asks = |me: &Somebody| -> String {
        let error = me.person.refused("odoo_unlink", gone.clone(), &["needs_approval"]);
        error["approval"].as_str().expect("an id").to_owned()
    };
    let (of_anna, of_bert) = (asks(anna), asks(bert));
    assert_ne!(of_anna, of_bert, "the same words of two people are two questions");
    command(pair.door.state_dir(), &["approvals", "grant", &of_anna]);
    for _ in 0..2 {
        assert_eq!(asks(bert), of_bert, "what anna was granted is not his");
    }
    assert!(world.oracle().exists("res.partner", contact.id));
    // Who asks with the alias of a connection that both call the same is still who they are.
    let named = json!({"model": "res.partner", "ids": [contact.id], "connection": "desk"});
    let error = bert.person.refused("odoo_unlink", named, &["needs_approval"]);
    assert_ne!(error["approval"], json!(of_anna));
}

fn names_of_others_open_nothing(world: &World) {
    let pair = Pair::open(world, &world.odoo.url);
    let [anna, bert] = &pair.both;
    anna.person.ok("memory_write", json!({"filename": "diary", "content": anna.canary}));
    let long = "x".repeat(5_000);
    for name in [
        "anna",
        "Anna",
        " anna ",
        "anna\u{0}",
        "anna\u{200b}",
        "\u{202e}anna",
        "\u{430}nna",
        "ａｎｎａ",
        "../anna",
        "users/anna",
        "..",
        ".",
        "/",
        "C:\\users\\anna",
        "%61nna",
        "..%2fanna",
        "default/anna",
        "office/anna",
        "con",
        "local",
        "nobody",
        long.as_str(),
    ] {
        // Who somebody says they are is a word; who they are is their token.
        if let Ok(them) = bert.person.call("identify", json!({"name": name})) {
            assert_eq!(them["user"], "bert", "{name:?}");
        }
        assert_eq!(bert.person.ok("who_am_i", json!({}))["user"], "bert", "{name:?}");
        for (tool, arguments) in [
            ("memory_read", json!({"filename": "diary", "scope": name})),
            ("memory_read", json!({"filename": format!("{name}/diary")})),
            ("memory_read", json!({"filename": "diary", "user": name})),
            ("memory_list", json!({"profile": name})),
            ("odoo_search_count", json!({"model": "res.partner", "connection": format!("{name}/work")})),
            ("user_connection_activate", json!({"alias": format!("../{name}/work")})),
            ("user_connection_list", json!({"user": name})),
        ] {
            let error = bert.person.call(tool, arguments.clone()).expect_err(tool);
            let code = error["code"].as_str().unwrap_or_default();
            assert!(
                ["invalid_arguments", "unknown_connection"].contains(&code),
                "{tool} {arguments}: {error}"
            );
            assert!(!error.to_string().contains(&anna.canary), "{error}");
        }
        for uri in [
            format!("memory://personal/{name}/diary.md"),
            format!("memory://{name}/diary.md"),
            format!("odoo-mcp://files/../{name}/same.csv"),
            format!("odoo://{name}/desk/res.partner/1"),
        ] {
            let answer = bert.person.request("resources/read", &json!({"uri": uri}));
            assert!(
                answer.get("error").is_some() && !answer.to_string().contains(&anna.canary),
                "{uri}: {answer}"
            );
        }
    }
    bert.person.refused("memory_read", json!({"filename": "diary"}), &["not_found"]);
}

fn a_link_lets_in_somebody_new(world: &World) {
    let pair = Pair::open(world, &world.odoo.url);
    let [anna, bert] = &pair.both;
    bert.person.refused("mcp_terminal_get_config", json!({}), &["not_an_operator"]);
    let made = anna.person.ok("mcp_terminal_get_config", json!({"grant": "desk", "minutes": 5}));
    let (_, code) = made["link"].as_str().and_then(|link| link.split_once('#')).expect("a code");
    let body = json!({"code": code}).to_string();
    let answers: Vec<http::Message> = thread::scope(|scope| {
        let redeem = || http::post(pair.door.authority(), "/enroll", &[], body.as_bytes(), PATIENCE);
        let both: Vec<_> = (0..4).map(|_| scope.spawn(redeem)).collect();
        both.into_iter().map(|one| one.join().expect("a thread").expect("an answer")).collect()
    });
    let good: Vec<&http::Message> = answers.iter().filter(|answer| answer.status() == 200).collect();
    assert_eq!(good.len(), 1, "of those who race for a link one gets in");
    let got: Value = serde_json::from_slice(&good[0].body).expect("JSON");
    let guest = Person::new(pair.door.authority(), got["token"].as_str().expect("a token"));
    let me = guest.ok("who_am_i", json!({}));
    assert!(me["user"] != "anna" && me["user"] != "bert", "{me}");
    assert_eq!((&me["role"], &me["connections"]), (&json!("member"), &json!([])), "{me}");
    for alias in ["desk", anna.canary.as_str(), bert.canary.as_str()] {
        let count = json!({"model": "res.partner", "connection": alias});
        guest.refused("odoo_search_count", count, &["unknown_connection"]);
    }
    let list = guest.ok("memory_list", json!({}));
    assert_eq!(list["personal"], json!([]), "{list}");
    for me in [anna, bert] {
        let session = guest.in_session_of(&me.person);
        assert_eq!(session.status("tools/list", &json!({})), 404);
    }
}
