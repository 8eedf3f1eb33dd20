//! `user`, `token` and `session`: accounts made beside servers, and secrets that stay where they belong.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Child,
};

use serde_json::{Value, json};

use super::program::{Home, Ran, all_files};

const PASSWORD: &str = "a password for anna";

fn add(home: &Home, name: &str, role: &str) -> Ran {
    home.run_with_input(&["user", "add", name, "--role", role, "--password-stdin"], &format!("{PASSWORD}\n"))
}

fn token(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["token", "create"], arguments].concat())
}

#[test]
fn an_account_is_made_listed_changed_and_disabled() {
    let home = Home::new();
    assert!(home.run(&["user", "list"]).ended(0).out.contains("there is no account"));
    assert_eq!(add(&home, "Anna", "owner").ended(0).out, "anna: role owner, grant anna, password\n");
    home.run(&["user", "add", "nightly", "--no-password", "--grant", "reports"]).ended(0);
    let listed = home.run(&["user", "list", "--json"]).ended(0).json();
    assert_eq!(listed[0]["name"], "anna");
    assert_eq!(listed[1]["grant"], "reports");
    assert_eq!((&listed[1]["password"], &listed[1]["role"]), (&json!(false), &json!("member")));

    home.run(&["user", "set-role", "nightly", "auditor"]).ended(0);
    home.run(&["user", "set-grant", "nightly"]).ended(0);
    let changed = home.run(&["user", "disable", "nightly", "--json"]).ended(0).json();
    assert_eq!(
        (&changed["role"], &changed["grant"], &changed["disabled"]),
        (&json!("auditor"), &json!("nightly"), &json!(true))
    );
    home.run(&["user", "enable", "nightly"]).ended(0);
    home.run_with_input(&["user", "password", "anna", "--password-stdin"], "another password here").ended(0);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let home = Home::new();
    add(&home, "anna", "owner").ended(0);
    for (arguments, input, code, says) in [
        (&["user", "add", "anna", "--password-stdin"][..], PASSWORD, 1, "already an account"),
        (&["user", "add", "bert", "--password-stdin"], "short", 1, "at least 12"),
        (&["user", "add", "bert", "--password-stdin"], "", 1, "at least 12"),
        (&["user", "add", "bert"], "", 64, "--password-stdin"),
        (&["user", "add", "default/bert", "--no-password"], "", 64, "lower-case"),
        (&["user", "add", "..", "--no-password"], "", 64, "lower-case"),
        (&["user", "add", "local", "--no-password"], "", 64, "taken"),
        (&["user", "add", "bert", "--no-password", "--role", "king"], "", 64, "owner, operator"),
        (&["user", "add", "bert", "--no-password", "--grant", "a b"], "", 64, "grant name"),
        (&["user", "set-role", "anna", "member"], "", 1, "only owner"),
        (&["user", "disable", "anna"], "", 1, "only owner"),
        (&["user", "set-role", "bert", "owner"], "", 1, "no account"),
        (&["user", "password", "bert", "--password-stdin"], PASSWORD, 1, "no account"),
        (&["user", "totp", "bert"], "", 1, "no account"),
        (&["token", "create", "--user", "bert"], "", 1, "no account"),
        (&["token", "create", "--user", "anna", "--days", "0"], "", 1, "1 to 366"),
        (&["token", "create", "--user", "anna", "--days", "1000"], "", 1, "1 to 366"),
        (&["token", "create", "--user", "anna", "--scope", "everything"], "", 64, "odoo:read"),
        (&["token", "create", "--user", "anna", "--name", ""], "", 1, "visible characters"),
        (&["token", "revoke", "0123456789abcdef"], "", 1, "no such token"),
        (&["session", "revoke", "0123456789abcdef"], "", 1, "no such session"),
        (&["session", "revoke"], "", 64, "required"),
    ] {
        let ran = home.run_with_input(arguments, input).ended(code);
        assert!(ran.notes.contains(says), "{arguments:?}: {ran:?}");
        assert!(!ran.notes.contains(PASSWORD));
    }
    assert_eq!(home.run(&["user", "list", "--json"]).json().as_array().unwrap().len(), 1);
    assert!(home.run(&["token", "list"]).out.contains("there is no token"));
}

#[test]
fn a_token_is_printed_once_and_kept_nowhere() {
    let home = Home::new();
    add(&home, "anna", "owner").ended(0);
    let made = token(&home, &["--user", "anna", "--name", "laptop", "--grant", "office"]).ended(0);
    let secret = made.out.trim();
    assert!(secret.starts_with("omcp_pat_") && secret.len() > 50, "{made:?}");
    assert!(made.notes.contains("odoo:read odoo:write") && !made.notes.contains(secret));
    let listed = home.run(&["token", "list", "--json"]).ended(0);
    assert!(!listed.out.contains(secret));
    let row = &listed.json()[0];
    assert_eq!(
        (&row["name"], &row["grant"], &row["user"]),
        (&json!("laptop"), &json!("office"), &json!("anna"))
    );
    assert_eq!(home.run(&["token", "list", "--user", "bert", "--json"]).json(), json!([]));
    let as_json = token(&home, &["--user", "anna", "--scope", "odoo:admin", "--json"]).ended(0).json();
    assert_eq!(as_json["scopes"], "odoo:admin");

    for (path, bytes) in all_files(&home.state()) {
        let text = String::from_utf8_lossy(&bytes);
        for secret in [secret, as_json["token"].as_str().unwrap(), PASSWORD] {
            assert!(!text.contains(secret), "{}", path.display());
        }
    }
    let id = row["id"].as_str().unwrap();
    assert_eq!(home.run(&["token", "revoke", id]).ended(0).out, "revoked laptop of anna\n");
    home.run(&["token", "revoke", id]).ended(1);
}

/// The store of shared state is one for all processes.
#[test]
fn of_many_processes_one_makes_the_account_and_no_token_is_lost() {
    let home = Home::new();
    let all = |arguments: &[&str], count: usize| -> Vec<Ran> {
        let children: Vec<Child> = (0..count).map(|_| home.start(arguments)).collect();
        children.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect()
    };
    let made = all(&["user", "add", "anna", "--no-password"], 6);
    assert_eq!(made.iter().filter(|ran| ran.code == 0).count(), 1, "{made:?}");
    let made = all(&["token", "create", "--user", "anna"], 8);
    let mut secrets: Vec<&str> = made.iter().map(|ran| ran.out.trim()).collect();
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 8, "{made:?}");
    let listed = home.run(&["token", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 8);
    let id = listed[0]["id"].as_str().unwrap();
    let revoked = all(&["token", "revoke", id], 4);
    assert_eq!(revoked.iter().filter(|ran| ran.code == 0).count(), 1, "{revoked:?}");
}

#[test]
fn a_second_factor_wants_a_first_code() {
    let home = Home::new();
    add(&home, "anna", "owner").ended(0);
    let ran = home.run_with_input(&["user", "totp", "anna"], "000000\n").ended(1);
    assert!(ran.notes.contains("nothing was changed"), "{ran:?}");
    assert!(ran.out.contains("otpauth://totp/odoo-mcp:anna?secret="), "{ran:?}");
    let listed = home.run(&["user", "list", "--json"]).json();
    assert_eq!(listed[0]["second_factor"], false);
    home.run(&["user", "totp", "anna", "--off"]).ended(0);
}

/// A server on a port of its own, and what it said on the way.
struct Server {
    child: Child,
    address: String,
    said: Vec<String>,
}

impl Server {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let serve = ["serve", "--sandbox", "--http", "127.0.0.1:0"];
        let mut child = home.start(&[&serve, arguments].concat());
        let mut said = Vec::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server ended").unwrap();
            let found = line.split_once("listening on http://").map(|(_, rest)| rest.to_owned());
            said.push(line);
            if let Some(rest) = found {
                break rest.split("/mcp").next().unwrap().to_owned();
            }
        };
        // Nobody reads on, and nobody has to.
        std::thread::spawn(move || lines.count());
        Self { child, address, said }
    }

    fn ask(&self, token: Option<&str>) -> (u16, String) {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
        } } })
        .to_string();
        let authorization =
            token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: \
             tools/list\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut tcp = TcpStream::connect(&self.address).unwrap();
        tcp.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_the_commands_change_holds_for_a_running_server() {
    let home = Home::new();
    add(&home, "anna", "owner").ended(0);
    let made = token(&home, &["--user", "anna", "--scope", "odoo:read"]).ended(0);
    let secret = made.out.trim();
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask(None).0, 401);
    let (status, answer) = server.ask(Some(secret));
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("odoo_search_count") && !answer.contains("\"odoo_create\""));
    home.run(&["user", "set-role", "anna", "owner"]).ended(0);
    let listed: Value = home.run(&["token", "list", "--json"]).json();
    assert!(listed[0]["used_at"].is_string(), "{listed}");
    home.run(&["token", "revoke", listed[0]["id"].as_str().unwrap()]).ended(0);
    assert_eq!(server.ask(Some(secret)).0, 401);
    assert!(server.said.iter().all(|line| !line.contains(secret)));
}

#[test]
fn who_starts_a_server_without_accounts_is_shown_a_code() {
    let home = Home::new().with("ODOO_MCP_AUTH_ENABLED", "true");
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask(None).0, 401, "nobody is the owner just by being first");
    let code = server.said.iter().find(|line| line.contains("/sign-in makes the first one with the code "));
    assert!(code.is_some(), "{:?}", server.said);
    drop(server);
    add(&home, "anna", "owner").ended(0);
    let server = Server::start(&home, &[]);
    assert!(!server.said.iter().any(|line| line.contains("code")), "{:?}", server.said);
    let home = Home::new().with("ODOO_MCP_HTTP_LISTEN", "0.0.0.0:1");
    home.run(&["config", "--check"]).ended(64);
    add(&home, "anna", "owner").ended(0);
    home.run(&["config", "--check"]).ended(0);
}

#[test]
fn without_accounts_nothing_changes() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask(None).0, 200, "the door on this machine is as open as before");
    drop(server);
    add(&home, "anna", "owner").ended(0);
    let off = Home::new().with("ODOO_MCP_AUTH_ENABLED", "false");
    let added = off.run(&["user", "add", "anna", "--no-password"]).ended(0);
    assert!(added.notes.contains("auth.enabled"), "{added:?}");
}

#[test]
fn the_first_account_closes_a_running_server_that_was_open() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask(None).0, 200);
    assert_eq!(server.ask(Some("omcp_pat_of-nobody-at-all-0123456789abcdef")).0, 200);
    add(&home, "anna", "owner").ended(0);
    assert_eq!(server.ask(None).0, 401, "the very next call has to show a token");
    assert_eq!(server.ask(Some("omcp_pat_of-nobody-at-all-0123456789abcdef")).0, 401);
    let secret = token(&home, &["--user", "anna", "--scope", "odoo:read"]).ended(0).out.trim().to_owned();
    assert_eq!(server.ask(Some(&secret)).0, 200, "without a new start");
    let listed: Value = home.run(&["token", "list", "--json"]).json();
    home.run(&["token", "revoke", listed[0]["id"].as_str().unwrap()]).ended(0);
    assert_eq!(server.ask(Some(&secret)).0, 401, "and it does not open again");
    assert_eq!(server.ask(None).0, 401);

    // Who switched accounts off keeps the door as it is.
    let off = Home::new().with("ODOO_MCP_AUTH_ENABLED", "false");
    let server = Server::start(&off, &[]);
    add(&off, "anna", "owner").ended(0);
    assert_eq!(server.ask(None).0, 200);
}
