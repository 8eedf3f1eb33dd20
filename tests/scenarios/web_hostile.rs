//! Paths, redirects and answers made to mislead: each ends in a clear error, and nothing goes elsewhere.

use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    harness::{Behaviour, Door, Front, World, http::Message},
    web_session::{credentials, open_policy},
};

super::scenarios![
    paths_that_lead_elsewhere_never_leave,
    redirects_to_other_hosts_are_not_followed,
    redirects_to_other_pages_meet_the_policy,
    a_redirect_without_end_ends,
    an_endless_header_ends_in_an_error,
    a_slow_answer_ends_in_time,
    an_endless_body_ends_at_the_limit,
    an_error_page_with_status_200_is_no_file,
    a_login_page_with_status_200_is_an_expired_session,
    answers_that_lie_about_themselves,
];

/// A door with a session, whose requests for `/my…` meet this behaviour.
#[track_caller]
fn door_meeting(world: &World, front: &Front, behaviour: Behaviour) -> Door {
    door_with(world, front, behaviour, &[])
}

#[track_caller]
fn door_with(world: &World, front: &Front, behaviour: Behaviour, variables: &[(&str, &str)]) -> Door {
    let mut settings = world.settings().variable("ODOO_URL", &front.url()).policy(&open_policy());
    for (name, value) in variables {
        settings = settings.variable(name, value);
    }
    let door = Door::open(settings);
    door.ok("odoo_web_login", credentials(world));
    front.behave(move |message: &Message| {
        if message.path().starts_with("/my") || message.path().starts_with("/web/content") {
            behaviour.clone()
        } else if message.path() == "/web/session/check" {
            Behaviour::Raw(login_answer)
        } else {
            Behaviour::Pass
        }
    });
    front.forget();
    door
}

fn home() -> Value {
    json!({"path": "/my/home"})
}

fn paths_that_lead_elsewhere_never_leave(world: &World) {
    let (front, thief) = (world.front(), world.front());
    let door = door_meeting(world, &front, Behaviour::Pass);
    let host = thief.url().replacen("http://", "", 1);
    for path in [
        format!("@{host}/x"),
        format!("//{host}/x"),
        format!("http://{host}/x"),
        format!("/\\{host}/x"),
        format!("\\\\{host}\\x"),
        format!(".{host}/x"),
        format!(":{}", thief.port()),
        format!("/x@{host}/"),
        format!("/%2f{host}/x"),
        format!("/my\r\nHost: {host}"),
        "/my\r\nX-Evil: 1".to_owned(),
        "/my\n\nGET /x".to_owned(),
        "/my/../web/database/manager".to_owned(),
        "/my/%2e%2e/web/session/logout".to_owned(),
        "/my/..%2fweb".to_owned(),
        "/my%00".to_owned(),
        "/my%0d%0aX: 1".to_owned(),
        "/a%252e%252e/b".to_owned(),
        "my/home".to_owned(),
        String::new(),
        "/my#x".to_owned(),
        "/my;/x".to_owned(),
        "/my home".to_owned(),
        "/\u{ff0f}evil".to_owned() + "\u{2028}",
    ] {
        for method in ["GET", "POST"] {
            door.refused("odoo_web_request", json!({"path": path, "method": method}), &["invalid_arguments"]);
        }
    }
    assert!(thief.recorded().is_empty(), "something reached another host");
    assert!(front.recorded().is_empty(), "a hostile path left");
}

fn redirects_to_other_hosts_are_not_followed(world: &World) {
    for target in [
        "https://evil.example/steal",
        "//evil.example/x",
        "http://127.0.0.1:9/x",
        "javascript:alert(1)",
        "http://user@127.0.0.1/",
    ] {
        let front = world.front();
        let door = door_meeting(world, &front, Behaviour::Redirect(target));
        let error = door.refused("odoo_web_request", home(), &["redirected_away"]);
        assert!(!error.to_string().contains("steal"), "{error}");
        assert_eq!(front.recorded().len(), 1);
    }
}

fn redirects_to_other_pages_meet_the_policy(world: &World) {
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Redirect("/contactus"));
    door.refused("odoo_web_request", home(), &["redirected"]);
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Redirect("/web/session/logout"));
    door.refused("odoo_web_request", home(), &["redirected"]);
    assert_eq!(front.recorded().len(), 1, "the redirect was followed");
    // A form that was sent is not sent again.
    let form = json!({"path": "/my/home", "method": "POST", "body": "json"});
    door.refused("odoo_web_request", form, &["redirected"]);
}

fn a_redirect_without_end_ends(world: &World) {
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Redirect("/my/home?again=1"));
    door.refused("odoo_web_request", home(), &["redirected"]);
    assert!(front.recorded().len() <= 6, "{} requests", front.recorded().len());
}

/// Two gigabytes of header, unless somebody hangs up.
fn endless_header(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Long: ")?;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..2048 {
        client.write_all(&piece)?;
    }
    client.write_all(b"\r\nContent-Length: 0\r\n\r\n")
}

/// Very many headers.
fn many_headers(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\n")?;
    for n in 0..5_000_000 {
        client.write_all(format!("X-{n}: {n}\r\n").as_bytes())?;
    }
    client.write_all(b"Content-Length: 0\r\n\r\n")
}

fn an_endless_header_ends_in_an_error(world: &World) {
    for write in [endless_header as fn(&mut dyn Write) -> io::Result<()>, many_headers] {
        let front = world.front();
        let door = door_meeting(world, &front, Behaviour::Raw(write));
        door.refused("odoo_web_request", home(), &["bad_answer", "unreachable"]);
        if let Some(memory) = door.memory_kb() {
            assert!(memory < 120_000, "{memory} kB");
        }
        door.ok("odoo_web_logout", json!({}));
    }
}

fn slow_head(client: &mut dyn Write) -> io::Result<()> {
    for byte in
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Slow: 0123456789012345678901234567890123456789\r\n"
            .iter()
            .cycle()
    {
        client.write_all(&[*byte])?;
        client.flush()?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn slow_body(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")?;
    for _ in 0..100_000 {
        client.write_all(b"x")?;
        client.flush()?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn slow_file(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n")?;
    loop {
        client.write_all(b"x")?;
        client.flush()?;
        thread::sleep(Duration::from_millis(100));
    }
}

fn a_slow_answer_ends_in_time(world: &World) {
    // The login is answered at once: a busy Odoo would need longer than these limits.
    let limits = [("ODOO_MCP_ODOO_READ_TIMEOUT_MS", "1500"), ("ODOO_MCP_ODOO_TOTAL_TIMEOUT_MS", "2000")];
    for write in [slow_head as fn(&mut dyn Write) -> io::Result<()>, slow_body, slow_file] {
        let front = world.front();
        front.always(Behaviour::Raw(login_answer));
        let door = door_with(world, &front, Behaviour::Raw(write), &limits);
        door.refused("odoo_web_request", home(), &["timeout"]);
    }
    let front = world.front();
    front.always(Behaviour::Raw(login_answer));
    let door = door_with(world, &front, Behaviour::Raw(slow_body), &limits);
    let form = json!({"path": "/my/home", "method": "POST", "body": "json"});
    door.refused("odoo_web_request", form, &["outcome_unknown"]);
}

/// What Odoo answers to a login, and to the question whether a session is good.
fn login_answer(client: &mut dyn Write) -> io::Result<()> {
    let body = r#"{"jsonrpc": "2.0", "id": 1, "result": {"uid": 2, "name": "Tester"}}"#;
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: session_id=tester; Path=/\r\n";
    client.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn endless_page(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")?;
    let piece = vec![b'x'; 1 << 16];
    loop {
        client.write_all(&piece)?;
    }
}

fn huge_file(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 9000000000000\r\n\r\n",
    )?;
    let piece = vec![b'x'; 1 << 16];
    loop {
        client.write_all(&piece)?;
    }
}

fn an_endless_body_ends_at_the_limit(world: &World) {
    for write in [endless_page as fn(&mut dyn Write) -> io::Result<()>, huge_file] {
        let front = world.front();
        let door = door_meeting(world, &front, Behaviour::Raw(write));
        door.refused("odoo_web_request", home(), &["too_large", "area_full"]);
    }
}

fn page_instead_of_file(client: &mut dyn Write) -> io::Result<()> {
    let page = "<!DOCTYPE html><html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>";
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", page.len());
    client.write_all(format!("{head}{page}").as_bytes())
}

fn an_error_page_with_status_200_is_no_file(world: &World) {
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Raw(page_instead_of_file));
    let found = door.ok("odoo_web_request", json!({"path": "/web/content/1"}));
    assert!(found.get("file").is_none(), "{found}");
    assert_eq!(found["page"]["title"], "Oops");
}

fn login_page(client: &mut dyn Write) -> io::Result<()> {
    let page = "<!DOCTYPE html><html><body><form class=\"oe_login_form\" method=\"post\" action=\"/web/login\"><input name=\"login\"/><input type=\"password\" name=\"password\"/></form></body></html>";
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        page.len()
    );
    client.write_all(format!("{head}{page}").as_bytes())
}

fn a_login_page_with_status_200_is_an_expired_session(world: &World) {
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Raw(login_page));
    for path in ["/my/home", "/web/content/1"] {
        let error =
            door.refused("odoo_web_request", json!({"path": path}), &["login_required", "session_expired"]);
        assert!(!error.to_string().contains("oe_login_form"), "{error}");
    }
}

fn not_json(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n<html")
}

fn coded(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
}

fn short(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 500\r\n\r\n%PDF")
}

fn no_http(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
}

fn evil_name(client: &mut dyn Write) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"../../../etc/cron.d/x\"\r\nContent-Length: 4\r\n\r\n%PDF")
}

fn answers_that_lie_about_themselves(world: &World) {
    for (write, codes) in [
        (not_json as fn(&mut dyn Write) -> io::Result<()>, &["bad_answer"][..]),
        (coded, &["bad_answer"]),
        (short, &["bad_answer", "unreachable"]),
        (no_http, &["bad_answer", "unreachable"]),
    ] {
        let front = world.front();
        let door = door_meeting(world, &front, Behaviour::Raw(write));
        door.refused("odoo_web_request", home(), codes);
    }
    let front = world.front();
    let door = door_meeting(world, &front, Behaviour::Raw(evil_name));
    let found = door.ok("odoo_web_request", home());
    assert_eq!(found["file"]["path"], "x", "{found}");
}
