//! The two addresses for programs: the same gate, policy and ledger as everything else, and problems
//! that a program can tell apart.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    extraction::{KEY, PAYER, bill, ledger, settings_with},
    harness::{
        Door, ModelServer, Says, Via, World, http,
        papers::{base64_of, pdf, png},
    },
};

super::scenarios![
    a_program_has_a_bill_read,
    nobody_comes_in_without_a_token,
    bodies_are_read_strictly,
    problems_have_codes_and_statuses,
];

const BILLS: &str = "/api/ai/extract-raw";
const CUSTOMS: &str = "/api/ai/customs/extract-raw";
const TOKEN: &str = "token-canary-0123456789";
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back to a program.
struct Told {
    status: u16,
    kind: String,
    body: Value,
    retry_after: Option<String>,
}

fn post(door: &Door, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Told {
    let answer = http::post(door.authority(), path, headers, body, PATIENCE).expect("an answer");
    Told {
        status: answer.status(),
        kind: answer.header("content-type").unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&answer.body).unwrap_or_default(),
        retry_after: answer.header("retry-after").map(str::to_owned),
    }
}

fn send(door: &Door, path: &str, body: &Value) -> Told {
    post(door, path, &[], body.to_string().as_bytes())
}

#[track_caller]
fn problem(told: &Told, status: u16, code: &str) {
    assert_eq!((told.status, told.body["code"].as_str()), (status, Some(code)), "{}", told.body);
    assert_eq!(told.kind, "application/problem+json");
    assert_eq!(told.body["status"], status);
    assert!(told.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", told.body);
}

#[track_caller]
fn door_with(world: &World, server: &ModelServer) -> Door {
    Door::open(settings_with(world, server, "anthropic").via(Via::Http))
}

fn a_program_has_a_bill_read(world: &World) {
    let server = ModelServer::new(bill());
    let door = door_with(world, &server);
    let body = json!({"file_b64": base64_of(&pdf(1, "bill")), "mimetype": "application/pdf", "tenant_code": "default",
        "company_vat": "BG831641791", "company_id": PAYER, "request_id": "r-1"});
    let told = send(&door, BILLS, &body);
    assert_eq!((told.status, told.kind.as_str()), (200, "application/json"), "{}", told.body);
    assert_eq!(told.body["data"]["invoice_number"], "0000012345");
    assert_eq!((&told.body["state"], &told.body["cost_eur_millicents"]), (&json!("success"), &json!(414)));
    assert_eq!(told.body["prompt_version"], "v4+seller_hint");
    assert_eq!(told.body["totals"]["ok"], true, "{}", told.body);
    let again = send(&door, BILLS, &body);
    assert_eq!((again.status, &again.body["reused"]), (200, &json!(true)), "{}", again.body);
    assert_eq!(server.asked().len(), 1, "two requests with one id pay once");
    assert_eq!(ledger(&door).len(), 1, "it is in the ledger like any other");
    server.usually(Says::Fields(json!({"mrn": "26BG001000012345R6", "lines": []}), Default::default()));
    let told = send(
        &door,
        CUSTOMS,
        &json!({"image_b64": base64_of(&png()), "mimetype": "image/png", "company_id": PAYER}),
    );
    assert_eq!(
        (told.status, &told.body["data"]["mrn"]),
        (200, &json!("26BG001000012345R6")),
        "{}",
        told.body
    );
    assert_eq!(server.asked()[1].tools(), ["customs_fields"]);
    assert!(!door.everything_said().contains(KEY));
}

fn nobody_comes_in_without_a_token(world: &World) {
    let server = ModelServer::new(bill());
    let settings = settings_with(world, &server, "anthropic")
        .via(Via::Http)
        .variable("ODOO_MCP_GRANTS_PROGRAM_TOKEN", TOKEN);
    let door = Door::spawn(settings);
    let body = json!({"file_b64": base64_of(&pdf(1, "bill")), "company_id": PAYER}).to_string();
    let bearer = |token: &str| format!("Bearer {token}");
    for headers in [
        vec![],
        vec![("Authorization", bearer("wrong-token-0123456789"))],
        vec![("Authorization", TOKEN.to_owned())],
        vec![("X-Forwarded-For", "172.217.0.1".to_owned())],
        vec![("X-Forwarded-For", "127.0.0.1".to_owned()), ("X-Real-IP", "127.0.0.1".to_owned())],
        vec![("Authorization", bearer(TOKEN)), ("Authorization ", bearer("x"))],
    ] {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for path in [BILLS, CUSTOMS] {
            let told = post(&door, path, &headers, body.as_bytes());
            assert!(matches!(told.status, 400 | 401), "{headers:?}: {}", told.status);
        }
    }
    let told = post(&door, BILLS, &[], body.as_bytes());
    problem(&told, 401, "unauthorized");
    let own = bearer(TOKEN);
    // A page of somebody else does not come in with a token either.
    for foreign in [("Host", "evil.example"), ("Origin", "https://evil.example")] {
        let told = post(&door, BILLS, &[("Authorization", &own), foreign], body.as_bytes());
        assert_eq!(told.status, 403, "{foreign:?}");
    }
    assert_eq!(server.asked().len(), 0);
    let told = post(&door, BILLS, &[("Authorization", &own)], body.as_bytes());
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(!door.everything_said().contains(TOKEN));
}

fn bodies_are_read_strictly(world: &World) {
    let server = ModelServer::new(bill());
    let door = door_with(world, &server);
    let file = base64_of(&pdf(1, "bill"));
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        format!("{{\"file_b64\": \"{file}\", \"file_b64\": \"{file}\"}}"),
        format!("{}1{}", "[".repeat(500), "]".repeat(500)),
    ] {
        problem(&post(&door, BILLS, &[], body.as_bytes()), 400, "invalid_body");
    }
    let plain = [("Content-Type", "text/plain")];
    problem(
        &post(&door, BILLS, &plain, json!({"file_b64": file}).to_string().as_bytes()),
        400,
        "invalid_body",
    );
    for body in [
        json!({}),
        json!({"file_b64": ""}),
        json!({"file_b64": "no base64!"}),
        json!({"file_b64": null}),
        json!({"file_b64": file, "tool": "odoo_unlink"}),
        json!({"image_b64": file}),
    ] {
        problem(&send(&door, BILLS, &body), 400, "invalid_arguments");
    }
    // Larger than the door takes, said beforehand.
    let large = json!({"file_b64": "A".repeat(24 * 1024 * 1024)}).to_string();
    problem(&post(&door, BILLS, &[], large.as_bytes()), 413, "too_large");
    // It fits the door and not the tool.
    let large = json!({"file_b64": "A".repeat(24 * 1024 * 1024 - 100)});
    let told = send(&door, BILLS, &large);
    assert!(matches!(told.status, 413 | 422), "{}", told.body);
    assert_eq!(server.asked().len(), 0);
    assert_eq!(ledger(&door), []);
}

fn problems_have_codes_and_statuses(world: &World) {
    let server = ModelServer::new(bill());
    let door = door_with(world, &server);
    let number = std::cell::Cell::new(0);
    let body = || {
        number.set(number.get() + 1);
        json!({"file_b64": base64_of(&pdf(1, &format!("problem {}", number.get()))), "company_id": PAYER})
    };
    let with = |name: &str, value: &str| {
        let mut body = body();
        body[name] = json!(value);
        body
    };
    problem(&send(&door, BILLS, &with("tenant_code", "somebody_else")), 403, "tenant_not_yours");
    problem(&send(&door, BILLS, &with("model_override", "gpt-99")), 422, "language_model_not_allowed");
    problem(&send(&door, BILLS, &with("mimetype", "image/png")), 422, "wrong_type");
    problem(
        &send(&door, BILLS, &json!({"file_b64": base64_of(b"hello"), "company_id": PAYER})),
        422,
        "not_pdf",
    );
    assert_eq!(server.asked().len(), 0);
    for (says, status, code) in [
        (Says::Refused, 502, "language_model_declined"),
        (Says::Failed(400, None), 502, "language_model_refused"),
        (Says::Text("no".to_owned()), 502, "language_model_bad_answer"),
        (Says::Cut, 502, "language_model_unreachable"),
    ] {
        server.next([says]);
        let told = send(&door, BILLS, &body());
        problem(&told, status, code);
        assert!(!told.body.to_string().contains("upstream canary"), "{}", told.body);
    }
    server.usually(Says::Failed(529, Some(0)));
    let told = send(&door, BILLS, &body());
    problem(&told, 503, "language_model_overloaded");
    assert!(told.retry_after.is_some(), "it says when to come back");
    // Nobody set a model up.
    let door = Door::open(world.settings().via(Via::Http));
    problem(&send(&door, BILLS, &body()), 503, "language_model_not_set_up");
    // A policy stands in front of it all.
    let limit =
        json!([{"counter": "documents", "window": 60, "max": 1, "scope": "grant", "reason": "one a minute"}]);
    let policy =
        json!({"version": "1", "default": "allow", "tools": {"ai_extract_document": {"limits": limit}}});
    server.usually(Says::Fields(bill(), Default::default()));
    let settings = settings_with(world, &server, "anthropic").via(Via::Http).policy(&policy);
    let door = Door::open(settings);
    assert_eq!(send(&door, BILLS, &body()).status, 200);
    let told = send(&door, BILLS, &body());
    problem(&told, 429, "denied");
    assert!(told.retry_after.is_some());
    let closed = json!({"version": "1", "default": "deny", "tools": {"odoo_version": {}}});
    let door = Door::open(settings_with(world, &server, "anthropic").via(Via::Http).policy(&closed));
    problem(&send(&door, BILLS, &body()), 403, "denied");
}
