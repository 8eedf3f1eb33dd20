//! Several people at one door, each with a token and a session of their own.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    answer::Answer,
    door::{Door, DoorSettings, Via},
    http, tested,
};

/// As long as any call of the tests may take.
const PATIENCE: Duration = Duration::from_secs(120);
const REVISION: &str = "2025-11-25";
/// The revision without sessions.
const SESSIONLESS: &str = "2026-07-28";

/// A server with grants, and the people who hold them.
pub(crate) struct People {
    pub(crate) door: Door,
    people: Vec<Person>,
}

/// One person: a token and a session.
pub(crate) struct Person {
    authority: String,
    token: String,
    session: String,
    next_id: AtomicI64,
}

impl People {
    /// Everybody's grant has their name.
    #[track_caller]
    pub(crate) fn open(settings: DoorSettings, names: &[&str]) -> Self {
        let mut settings = settings.via(Via::Http);
        for name in names {
            let variable = format!("ODOO_MCP_GRANTS_{}_TOKEN", name.to_uppercase());
            settings = settings.variable(&variable, &token_of(name));
        }
        let door = Door::spawn(settings);
        let people = names.iter().map(|name| Person::new(door.authority(), &token_of(name))).collect();
        Self { door, people }
    }

    pub(crate) fn each<const N: usize>(&self) -> [&Person; N] {
        let people: Vec<&Person> = self.people.iter().collect();
        people.try_into().unwrap_or_else(|_| panic!("there are not {N} people"))
    }
}

pub(crate) fn token_of(name: &str) -> String {
    format!("token-of-{name}-0123456789abcdef")
}

impl Person {
    #[track_caller]
    pub(crate) fn new(authority: &str, token: &str) -> Self {
        let mut person = Self {
            authority: authority.to_owned(),
            token: token.to_owned(),
            session: String::new(),
            next_id: AtomicI64::new(1),
        };
        let hello = json!({
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "people", "version": "1"},
        });
        let answer = person.post(&person.frame("initialize", &hello));
        let session = answer.header("mcp-session-id").map(str::to_owned);
        person.session = session.unwrap_or_else(|| panic!("no session: {}", answer.text()));
        person.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        person
    }

    /// The same token in the revision that knows no sessions.
    pub(crate) fn sessionless(&self) -> Self {
        Self {
            authority: self.authority.clone(),
            token: self.token.clone(),
            session: String::new(),
            next_id: AtomicI64::new(1),
        }
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// The same token with somebody else's session.
    pub(crate) fn in_session_of(&self, other: &Self) -> Self {
        Self {
            authority: self.authority.clone(),
            token: self.token.clone(),
            session: other.session.clone(),
            next_id: AtomicI64::new(1),
        }
    }

    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Result<Value, Value> {
        let answer =
            Answer::read(&self.request("tools/call", &json!({"name": tool, "arguments": arguments})));
        if !answer.is_error {
            tested::note(tool);
        }
        answer.into_result()
    }

    #[track_caller]
    pub(crate) fn ok(&self, tool: &str, arguments: Value) -> Value {
        self.call(tool, arguments).unwrap_or_else(|error| panic!("{tool} was refused: {error}"))
    }

    #[track_caller]
    pub(crate) fn refused(&self, tool: &str, arguments: Value, codes: &[&str]) -> Value {
        match self.call(tool, arguments) {
            Ok(result) => panic!("{tool} should be refused ({codes:?}), but: {result}"),
            Err(error) => {
                let code = error["code"].as_str().unwrap_or_default();
                assert!(codes.contains(&code), "{tool}: expected {codes:?}, got {error}");
                error
            }
        }
    }

    #[track_caller]
    pub(crate) fn request(&self, method: &str, parameters: &Value) -> Value {
        let answer = if self.session.is_empty() {
            self.post_sessionless(method, parameters)
        } else {
            self.post(&self.frame(method, parameters))
        };
        let text = answer.text();
        // Notices may come before the answer.
        let messages = text.lines().filter_map(|line| line.strip_prefix("data: {"));
        let mut messages =
            messages.filter_map(|rest| serde_json::from_str::<Value>(&format!("{{{rest}")).ok());
        let is_answer = |message: &Value| message.get("result").is_some() || message.get("error").is_some();
        let found = messages.find(is_answer).or_else(|| serde_json::from_str(&text).ok());
        found.unwrap_or_else(|| panic!("{method} {parameters}: {}: no message: {text}", answer.start))
    }

    /// The status of a request.
    pub(crate) fn status(&self, method: &str, parameters: &Value) -> u16 {
        self.post(&self.frame(method, parameters)).status()
    }

    /// The status of a notice.
    pub(crate) fn notify(&self, method: &str, parameters: &Value) -> u16 {
        let frame = json!({"jsonrpc": "2.0", "method": method, "params": parameters});
        self.post(&frame.to_string()).status()
    }

    fn post_sessionless(&self, method: &str, parameters: &Value) -> http::Message {
        let mut parameters = parameters.clone();
        parameters["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(SESSIONLESS);
        parameters["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        parameters["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "people", "version": "1"});
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![
            ("Accept", "application/json, text/event-stream"),
            ("Authorization", bearer.as_str()),
            ("MCP-Protocol-Version", SESSIONLESS),
            ("Mcp-Method", method),
        ];
        let named = parameters["uri"].as_str().or_else(|| parameters["name"].as_str()).map(str::to_owned);
        headers.extend(named.as_deref().map(|name| ("Mcp-Name", name)));
        let frame = self.frame(method, &parameters);
        http::post(&self.authority, "/mcp", &headers, frame.as_bytes(), PATIENCE).expect("an HTTP answer")
    }

    fn frame(&self, method: &str, parameters: &Value) -> String {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}).to_string()
    }

    fn post(&self, frame: &str) -> http::Message {
        let bearer = format!("Bearer {}", self.token);
        let mut headers =
            vec![("Accept", "application/json, text/event-stream"), ("Authorization", bearer.as_str())];
        if !self.session.is_empty() {
            headers.extend([("MCP-Protocol-Version", REVISION), ("Mcp-Session-Id", self.session.as_str())]);
        }
        http::post(&self.authority, "/mcp", &headers, frame.as_bytes(), PATIENCE).expect("an HTTP answer")
    }
}
