//! Replays the recorded requests and compares.

use std::collections::HashMap;

use http::HeaderMap;
use odoo_mcp::sandbox::{Sandbox, SandboxOptions, SandboxVersion, start};
use serde_json::{Map, Value, json};

use super::{block_on, client};

const RECORDED: &str = include_str!("recorded.jsonl");

#[test]
fn as_19() {
    block_on(replay(SandboxVersion::V19, "19"));
}

#[test]
fn as_14() {
    block_on(replay(SandboxVersion::V14, "14"));
}

async fn replay(version: SandboxVersion, key: &str) {
    let options = SandboxOptions { password: Some("admin".to_owned()), ..SandboxOptions::new(version) };
    let mut session = Session::new(start(options).await.unwrap());
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in RECORDED.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let Some(expected) = entry.get("both").or_else(|| entry.get(key)) else { continue };
        let (answer, result) = session.ask(&entry["ask"]).await;
        let expected = session.filled(expected);
        let seen = comparable(&expected, answer, &result);
        if seen != expected {
            wrong.push(format!("{}\n  real    {expected}\n  sandbox {seen}", entry["ask"]));
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 300, "only {compared} requests were compared");
}

/// Leaves in an answer only what was recorded, so that the record says what matters.
fn comparable(expected: &Value, mut answer: Map<String, Value>, result: &Value) -> Value {
    answer.insert("value".to_owned(), result.clone());
    answer.retain(|name, _| expected.get(name).is_some());
    Value::Object(answer)
}

/// A sandbox and what a client of it remembers.
struct Session {
    sandbox: Sandbox,
    cookie: Option<String>,
    saved: HashMap<String, Value>,
}

impl Session {
    fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, cookie: None, saved: HashMap::new() }
    }

    /// Replaces `$name` by what an earlier answer held.
    fn substituted(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some("db") => json!(self.sandbox.database()),
                Some("key") => json!(self.sandbox.api_key()),
                Some(name) => self.saved.get(name).cloned().unwrap_or_else(|| value.clone()),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.substituted(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), self.substituted(member))).collect()
            }
            other => other.clone(),
        }
    }

    /// Replaces `<name>` in a recorded answer by the id this sandbox gave.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
                if let Some(saved) = whole.and_then(|name| self.saved.get(name)) {
                    return saved.clone();
                }
                let filled = self.saved.iter().fold(text.clone(), |text, (name, saved)| {
                    text.replace(&format!("<{name}>"), &saved.to_string())
                });
                json!(filled.replace("DB", self.sandbox.database()))
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), self.filled(member))).collect()
            }
            other => other.clone(),
        }
    }

    async fn ask(&mut self, ask: &Value) -> (Map<String, Value>, Value) {
        let request = self.request(ask);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap();
        let session = headers.get_all("set-cookie").iter().find_map(|cookie| {
            cookie.to_str().ok()?.split(';').next()?.strip_prefix("session_id=").map(str::to_owned)
        });
        if ask.get("save").is_some() {
            self.cookie = session;
        }
        let port = self.sandbox.url().rsplit(':').next().unwrap().to_owned();
        let (answer, result) = self.seen(status, &headers, &body, &port);
        if let Some(name) = ask.get("save_as").and_then(Value::as_str) {
            let one = result.get(0).cloned().unwrap_or_else(|| result.clone());
            self.saved.insert(name.to_owned(), one);
        }
        (answer, result)
    }

    fn request(&self, ask: &Value) -> reqwest::RequestBuilder {
        let text = |name: &str| ask.get(name).and_then(Value::as_str).unwrap_or_default();
        let part = |name: &str, empty: Value| self.substituted(ask.get(name).unwrap_or(&empty));
        let rpc = |service: &str, method: &str, args: Value| {
            let params = json!({"service": service, "method": method, "args": args});
            json!({"jsonrpc": "2.0", "method": "call", "id": 7, "params": params})
        };
        let url = |path: &str| format!("{}{path}", self.sandbox.url());
        let client = client();
        match text("k") {
            "rpc" => {
                let (user, password) = match text("who") {
                    "demo" => (6, "demo"),
                    "portal" => (7, "portal"),
                    _ => (2, "admin"),
                };
                let (args, kwargs) = (part("a", json!([])), part("kw", json!({})));
                let args =
                    json!([self.sandbox.database(), user, password, text("m"), text("f"), args, kwargs]);
                client.post(url("/jsonrpc")).json(&rpc("object", "execute_kw", args))
            }
            "svc" => client.post(url("/jsonrpc")).json(&rpc(text("s"), text("f"), part("a", json!([])))),
            "j2" => client
                .post(url(&format!("/json/2/{}/{}", text("m"), text("f"))))
                .bearer_auth(self.sandbox.api_key())
                .header("X-Odoo-Database", self.sandbox.database())
                .json(&part("b", json!({}))),
            "ses" => {
                let params = part("b", json!({}));
                let request = client
                    .post(url(text("p")))
                    .json(&json!({"jsonrpc": "2.0", "method": "call", "id": 9, "params": params}));
                match &self.cookie {
                    Some(cookie) => request.header("Cookie", format!("session_id={cookie}")),
                    None => request,
                }
            }
            _ => {
                let method = if text("method") == "GET" { http::Method::GET } else { http::Method::POST };
                let mut request = client.request(method, url(text("p")));
                for (name, value) in ask.get("h").and_then(Value::as_object).into_iter().flatten() {
                    let value = value.as_str().unwrap_or_default();
                    let value =
                        value.replace("$key", self.sandbox.api_key()).replace("$db", self.sandbox.database());
                    request = request.header(name, value);
                }
                request.body(text("b").to_owned())
            }
        }
    }

    /// An answer in the terms of the record.
    fn seen(&self, status: u16, headers: &HeaderMap, body: &[u8], port: &str) -> (Map<String, Value>, Value) {
        let mut seen = Map::new();
        let mut put = |name: &str, value: Value| {
            seen.insert(name.to_owned(), value);
        };
        put("status", json!(status));
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        put("type", json!(header("content-type")));
        if let Some(location) = header("location") {
            put("location", json!(location.replace(port, "PORT")));
        }
        let cookie = headers.get_all("set-cookie").iter().find_map(|value| value.to_str().ok());
        if let Some((_, attributes)) = cookie.and_then(|cookie| cookie.split_once(';')) {
            put("cookie", json!(format!(";{attributes}")));
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return (seen, Value::Null) };
        if body.get("jsonrpc").is_none() {
            match body.get("debug") {
                Some(_) => {
                    put("name", body["name"].clone());
                    put("message", json!(self.plain(&body["message"])));
                    let numbers =
                        body["arguments"].as_array().into_iter().flatten().filter(|item| item.is_number());
                    put("args", numbers.cloned().collect());
                }
                None => put("shape", shape(&body)),
            }
            return (seen, body);
        }
        put("id", body.get("id").cloned().unwrap_or(json!("absent")));
        if let Some(error) = body.get("error") {
            put("code", error["code"].clone());
            put("emsg", error["message"].clone());
            put("name", error["data"]["name"].clone());
            put("message", json!(self.plain(&error["data"]["message"])));
            put("args", json!(error["data"]["arguments"].as_array().map_or(0, Vec::len)));
            return (seen, Value::Null);
        }
        let result = body.get("result").cloned();
        put("has_result", json!(result.is_some()));
        let result = result.unwrap_or(Value::Null);
        put("shape", shape(&result));
        (seen, result)
    }

    /// A message without what differs from one database to the next.
    fn plain(&self, message: &Value) -> String {
        let message = message.as_str().unwrap_or_default();
        let plain = message.replace("User: 6)", "User: U)").replace("User: 7)", "User: U)");
        match plain.split_once("\nLINE 1:") {
            Some((first, _)) => format!("{first}…"),
            None => plain,
        }
    }
}

/// The kinds of the values in an answer, without the values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(number) if number.is_f64() => json!("float"),
        Value::Number(_) => json!("int"),
        Value::String(text) => json!(text_kind(text)),
        Value::Array(items) => match items.as_slice() {
            [] => json!([]),
            [Value::Number(_), Value::String(_)] => json!("pair"),
            [first, ..] => json!([shape(first)]),
        },
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), shape(member))).collect()
        }
    }
}

fn text_kind(text: &str) -> &'static str {
    let looks_like = |pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    match () {
        () if looks_like("0000-00-00 00:00:00") => "datetime",
        () if looks_like("0000-00-00") => "date",
        () => "str",
    }
}
