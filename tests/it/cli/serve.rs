//! `serve`: the protocol alone on standard output, and signals.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout},
};

use serde_json::{Value, json};

use super::program::{Home, Ran};

/// A client of the smallest kind.
struct Client {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Client {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home.start(&[&["serve"], arguments].concat());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut client = Self { child, lines };
        client.send(&json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "protocolVersion": "2025-11-25", "capabilities": {},
                        "clientInfo": { "name": "test", "version": "1" } },
        }));
        assert_eq!(client.next()["result"]["serverInfo"]["name"], "odoo-mcp");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// The next line, which has to be a message.
    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("the output ended").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn tool_names(&mut self) -> Vec<String> {
        self.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }));
        let answer = self.next();
        let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends the input; what is left of the output has to be messages, too.
    fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        for line in self.lines.by_ref() {
            let _: Value = serde_json::from_str(&line.unwrap()).unwrap();
        }
        Ran::of(self.child.wait_with_output().unwrap())
    }
}

#[test]
fn nothing_but_messages_on_standard_output() {
    let home = Home::new();
    let mut client = Client::start(&home, &[]);
    let names = client.tool_names();
    assert!(names.contains(&"odoo_read".to_owned()) && !names.contains(&"odoo_disconnect".to_owned()));
    client.send(&json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call",
                         "params": { "name": "odoo_unlink", "arguments": { "model": "res.partner", "ids": [1] } } }));
    assert_eq!(client.next()["result"]["structuredContent"]["code"], "denied");
    let ran = client.end().ended(0);
    assert!(ran.notes.contains("the shipped policy"), "the log says which policy rules: {ran:?}");
    assert!(home.run(&["audit", "show"]).out.contains("(stdio)"));
}

#[test]
fn a_client_that_says_nothing_ends_the_process_in_order() {
    let home = Home::new();
    home.run(&["serve"]).ended(0);
}

#[cfg(unix)]
#[test]
fn a_hangup_reads_the_policy_again_and_a_bad_one_changes_nothing() {
    let home = Home::new();
    let file = home.write("p.json", r#"{"version":"1","default":"deny","tools":{"odoo_read":{}}}"#);
    let mut client = Client::start(&home, &["--policy", &file]);
    assert_eq!(client.tool_names(), ["odoo_read"]);

    home.write("p.json", r#"{"version":"1","default":"deny","tools":{"odoo_search":{}}}"#);
    super::program::signal(&client.child, "HUP");
    assert_eq!(client.next()["method"], "notifications/tools/list_changed");
    assert_eq!(client.tool_names(), ["odoo_search"]);

    home.write("p.json", "{");
    super::program::signal(&client.child, "HUP");
    // The line on standard error is the sign that the signal was handled.
    let mut notes = BufReader::new(client.child.stderr.take().unwrap()).lines();
    let said = notes.find(|line| line.as_ref().unwrap().contains("the policy stays as it was"));
    assert!(said.is_some());
    assert_eq!(client.tool_names(), ["odoo_search"]);
    let rest = std::thread::spawn(move || notes.count());
    client.end().ended(0);
    rest.join().unwrap();
}

#[cfg(unix)]
#[test]
fn asked_to_end_it_ends_with_zero() {
    let home = Home::new();
    let client = Client::start(&home, &[]);
    super::program::signal(&client.child, "TERM");
    Ran::of(client.child.wait_with_output().unwrap()).ended(0);

    let mut child = home.start(&["serve", "--http", "127.0.0.1:0"]);
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(notes.any(|line| line.unwrap().contains("listening on http://127.0.0.1:")));
    super::program::signal(&child, "TERM");
    let rest = std::thread::spawn(move || notes.count());
    Ran::of(child.wait_with_output().unwrap()).ended(0);
    rest.join().unwrap();
}

#[test]
fn the_level_of_the_log_follows_orders_and_nothing_else() {
    let home = Home::new();
    for bad in [&["log-level"][..], &["log-level", "loud"], &["log-level", "debug", "warn"]] {
        home.run(bad).ended(64);
    }
    assert!(home.run(&["log-level", "debug"]).ended(0).out.starts_with("0 running"));
    let mut client = Client::start(&home, &["--sandbox"]);
    let mut notes = BufReader::new(client.child.stderr.take().unwrap()).lines();
    home.run(&["log-level", "warn"]).ended(0);
    let told =
        notes.find(|line| line.as_ref().unwrap().contains("the log level was changed")).unwrap().unwrap();
    assert!(told.contains("Warn") && told.contains("changed=true"), "{told}");
    client.end();
}
