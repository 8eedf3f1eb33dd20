//! Letting a program in: a link that is good once, and a token of its own for it.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{Door, People, Person, Via, World, http};

super::scenarios![
    a_link_becomes_one_token_once,
    links_are_for_operators_and_their_own_tenant,
    wrong_codes_get_nothing,
];

const PATIENCE: Duration = Duration::from_secs(60);

/// A server that knows accounts, and its operator at another process of the same state directory.
fn places(world: &World, state: &std::path::Path) -> (People, Door) {
    let settings = world.settings().state(state).variable("ODOO_MCP_AUTH_ENABLED", "true");
    let people = People::open(settings.clone(), &["anna"]);
    let public = format!("http://{}", people.door.authority());
    let operator = Door::open(settings.via(Via::Stdio).variable("ODOO_MCP_HTTP_PUBLIC_URL", &public));
    (people, operator)
}

fn redeem(authority: &str, body: &str) -> (u16, Value) {
    let answer = http::post(authority, "/enroll", &[], body.as_bytes(), PATIENCE).expect("an answer");
    (answer.status(), serde_json::from_str(&answer.text()).unwrap_or_default())
}

fn a_link_becomes_one_token_once(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let (people, operator) = places(world, state.path());
    let made = operator.ok("mcp_terminal_get_config", json!({"grant": "desk", "minutes": 5}));
    let link = made["link"].as_str().expect("a link");
    let (address, code) = link.split_once('#').expect("a code");
    let authority = people.door.authority();
    assert_eq!(address, format!("http://{authority}/enroll"));
    let secrets = [&world.odoo.password, &world.odoo.api_key];
    assert!(secrets.iter().all(|secret| secret.len() < 9 || !made.to_string().contains(secret.as_str())));
    // Looking at the link uses nothing up.
    let body = json!({"code": code}).to_string();
    let (status, got) = redeem(authority, &body);
    assert_eq!(
        (status, &got["grant"], &got["tenant_code"]),
        (200, &json!("desk"), &made["tenant_code"]),
        "{got}"
    );
    let token = got["token"].as_str().expect("a token");
    let terminal = Person::new(authority, token);
    let me = terminal.ok("who_am_i", json!({}));
    assert_eq!(
        (&me["user"], &me["grant"], &me["role"]),
        (&made["account"], &json!("desk"), &json!("member"))
    );
    terminal.ok("odoo_search_count", json!({"model": "res.partner"}));
    let more = json!({"name": "mcp_terminal_get_config", "arguments": {}});
    assert_eq!(terminal.status("tools/call", &more), 403, "the token lets nobody else in");
    for _ in 0..2 {
        let (status, again) = redeem(authority, &body);
        assert_eq!((status, again.get("token")), (403, None));
    }
    for (path, bytes) in operator.state_files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(token) && !text.contains(code), "{}", path.display());
    }
}

fn links_are_for_operators_and_their_own_tenant(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let (people, operator) = places(world, state.path());
    let [anna] = people.each();
    anna.refused("mcp_terminal_get_config", json!({}), &["not_an_operator"]);
    for bad in [
        json!({"include_anthropic": true}),
        json!({"minutes": "x"}),
        json!({"grant": "a b"}),
        json!({"url": "x"}),
    ] {
        operator.refused("mcp_terminal_get_config", bad, &["invalid_arguments"]);
    }
    operator.refused(
        "mcp_terminal_get_config",
        json!({"tenant_code": "somebody-else"}),
        &["tenant_not_yours"],
    );
    operator.refused("mcp_terminal_get_config", json!({"connection": "none"}), &["unknown_connection"]);
    for minutes in [0, 61, 100_000] {
        operator.refused("mcp_terminal_get_config", json!({"minutes": minutes}), &["setup"]);
    }
    // A server that takes no tokens of accounts makes no links that nobody could use.
    let plain = world.door();
    plain.refused("mcp_terminal_get_config", json!({}), &["setup"]);
}

fn wrong_codes_get_nothing(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let (people, operator) = places(world, state.path());
    let authority = people.door.authority();
    let made = operator.ok("mcp_terminal_get_config", json!({}));
    let (_, code) = made["link"].as_str().and_then(|link| link.split_once('#')).expect("a code");
    for (body, status) in [
        (json!({"code": "omcp_enrol_x"}).to_string(), 403),
        (json!({"code": format!("{code}x")}).to_string(), 403),
        (json!({"code": code.to_uppercase()}).to_string(), 403),
        (json!({"code": ""}).to_string(), 403),
        (json!({"code": 7}).to_string(), 400),
        (json!({"code": code, "more": 1}).to_string(), 400),
        (format!("{{\"code\": \"x\", \"code\": \"{code}\"}}"), 400),
        ("{}".to_owned(), 400),
        ("[".to_owned(), 400),
        (String::new(), 400),
        (json!({"code": "x".repeat(10_000)}).to_string(), 400),
    ] {
        let (got, answer) = redeem(authority, &body);
        assert_eq!((got, answer.get("token")), (status, None), "{body}");
    }
    // Pages of others, and whoever only looks, get nothing either.
    for headers in [[("Host", "evil.example")], [("Origin", "https://evil.example")]] {
        let body = json!({"code": code}).to_string();
        let answer =
            http::post(authority, "/enroll", &headers, body.as_bytes(), PATIENCE).expect("an answer");
        assert_eq!(answer.status(), 403);
    }
    let plain = [("Content-Type", "text/plain")];
    let body = json!({"code": code}).to_string();
    let answer = http::post(authority, "/enroll", &plain, body.as_bytes(), PATIENCE).expect("an answer");
    assert_eq!(answer.status(), 415);
    let many = (0..60).map(|_| redeem(authority, &json!({"code": "omcp_enrol_guess"}).to_string()).0);
    assert!(many.into_iter().any(|status| status == 429), "guessing is slowed down");
    let (status, _) = redeem(authority, &body);
    assert_eq!(status, 200, "the right code still passes");
}
