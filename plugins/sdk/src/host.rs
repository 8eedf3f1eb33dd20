//! What a plugin can ask of the server. Every request is checked against the plugin's capabilities, the
//! operator's list and the policy, and belongs to the run it is made in.

use std::sync::Arc;

use odoo_mcp_plugin_abi::code;
use serde_json::{Map, Value, json};

use crate::Failure;

/// How loud a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error = 1,
    Warning = 2,
    Information = 3,
    Debugging = 4,
}

/// The three functions behind a host: the real ones, or those of a test.
pub(crate) trait Line: Send + Sync {
    fn log(&self, level: i32, message: &str);
    fn call(&self, request: &str) -> (i32, String);
    fn cancelled(&self) -> bool;
}

/// The server, as a plugin sees it.
#[derive(Clone)]
pub struct Host {
    line: Arc<dyn Line>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Host")
    }
}

/// What to read: `Query::of("res.partner").filtered(json!([["vat", "=", vat]])).first(2)`.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    model: &'a str,
    domain: Value,
    order: Option<&'a str>,
    limit: u32,
}

impl<'a> Query<'a> {
    /// All records of a model, at most eighty of them.
    pub fn of(model: &'a str) -> Self {
        Self { model, domain: json!([]), order: None, limit: 80 }
    }

    /// With an Odoo domain.
    #[must_use]
    pub fn filtered(self, domain: Value) -> Self {
        Self { domain, ..self }
    }

    #[must_use]
    pub fn ordered(self, order: &'a str) -> Self {
        Self { order: Some(order), ..self }
    }

    #[must_use]
    pub fn first(self, limit: u32) -> Self {
        Self { limit, ..self }
    }
}

impl Host {
    pub(crate) fn over(line: Arc<dyn Line>) -> Self {
        Self { line }
    }

    /// A host for unit tests of a plugin: `answer` plays the server.
    pub fn answering(answer: impl Fn(&Value) -> Result<Value, Failure> + Send + Sync + 'static) -> Self {
        Self::over(Arc::new(Answering(answer)))
    }

    /// A line in the server's log.
    pub fn log(&self, level: LogLevel, message: &str) {
        self.line.log(level as i32, message);
    }

    /// Does nobody wait for the result any more? Ask this in long loops, and return
    /// [`Failure::cancelled`].
    pub fn cancelled(&self) -> bool {
        self.line.cancelled()
    }

    /// Records of a model. Needs `odoo.read:<model>`.
    pub fn search_read(
        &self,
        model: &str,
        domain: Value,
        fields: &[&str],
        limit: u32,
    ) -> Result<Vec<Map<String, Value>>, Failure> {
        self.read(&Query::of(model).filtered(domain).first(limit), fields)
    }

    /// The same with an order.
    pub fn read(&self, query: &Query<'_>, fields: &[&str]) -> Result<Vec<Map<String, Value>>, Failure> {
        let mut request = json!({
            "capability": "odoo.read",
            "model": query.model,
            "domain": query.domain,
            "fields": fields,
            "limit": query.limit,
        });
        if let (Some(order), Some(object)) = (query.order, request.as_object_mut()) {
            object.insert("order".to_owned(), order.into());
        }
        let Value::Array(rows) = self.ask(&request)? else {
            return Err(unexpected("the records are not a list"));
        };
        let row = |row| match row {
            Value::Object(row) => Ok(row),
            _ => Err(unexpected("a record is not an object")),
        };
        rows.into_iter().map(row).collect()
    }

    /// Changes records. Needs `odoo.write:<model>:<field,...>`.
    pub fn write(&self, model: &str, ids: &[i64], values: &Value) -> Result<(), Failure> {
        let request = json!({ "capability": "odoo.write", "model": model, "ids": ids, "values": values });
        self.ask(&request).map(drop)
    }

    /// Calls a method. Needs `odoo.call:<model>:<method>`.
    pub fn call(&self, model: &str, method: &str, ids: &[i64], arguments: &Value) -> Result<Value, Failure> {
        let request = json!({
            "capability": "odoo.call", "model": model, "method": method, "ids": ids, "arguments": arguments,
        });
        self.ask(&request)
    }

    /// Any request of the contract; the value under `ok` of its answer.
    pub fn ask(&self, request: &Value) -> Result<Value, Failure> {
        let (number, text) = self.line.call(&request.to_string());
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if let Some(error) = answer.get("error").and_then(Value::as_object) {
            let part = |name: &str, otherwise: &str| {
                error.get(name).and_then(Value::as_str).unwrap_or(otherwise).to_owned()
            };
            let failure = Failure::new(part("code", "refused"), part("message", "the server refused it"));
            return Err(if number == code::CANCELLED { Failure::cancelled() } else { failure });
        }
        match (number, answer) {
            (code::OK, Value::Object(mut answer)) => {
                answer.remove("ok").ok_or_else(|| unexpected("the answer holds neither `ok` nor `error`"))
            }
            (code::OK, _) => Err(unexpected("the answer is not a JSON object")),
            (code::CANCELLED, _) => Err(Failure::cancelled()),
            (other, _) => Err(unexpected(&format!("the server returned {other} and no reason"))),
        }
    }
}

fn unexpected(what: &str) -> Failure {
    Failure::new("bad_answer", what)
}

struct Answering<F>(F);

impl<F> Line for Answering<F>
where
    F: Fn(&Value) -> Result<Value, Failure> + Send + Sync,
{
    fn log(&self, _: i32, _: &str) {}

    fn call(&self, request: &str) -> (i32, String) {
        let request: Value = serde_json::from_str(request).unwrap_or(Value::Null);
        match (self.0)(&request) {
            Ok(value) => (code::OK, json!({ "ok": value }).to_string()),
            Err(failure) => (failure.number(), json!({ "error": failure.to_json() }).to_string()),
        }
    }

    fn cancelled(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host whose server says always the same.
    struct Says(i32, &'static str);

    impl Line for Says {
        fn log(&self, _: i32, _: &str) {}
        fn call(&self, _: &str) -> (i32, String) {
            (self.0, self.1.to_owned())
        }
        fn cancelled(&self) -> bool {
            true
        }
    }

    #[test]
    fn answers_are_taken_apart() {
        let check = |number: i32, text: &'static str, expected: Result<Value, &str>| {
            let answer = Host::over(Arc::new(Says(number, text))).ask(&json!({}));
            assert_eq!(answer.map_err(|failure| failure.code), expected.map_err(str::to_owned), "{text}");
        };
        check(0, r#"{"ok": [1]}"#, Ok(json!([1])));
        check(0, r#"{"ok": null}"#, Ok(Value::Null));
        check(2, r#"{"error": {"code": "capability_denied", "message": "no"}}"#, Err("capability_denied"));
        check(0, r#"{"error": {"code": "not_permitted"}}"#, Err("not_permitted"));
        check(2, r#"{"error": {}}"#, Err("refused"));
        check(6, r#"{"error": {"code": "x"}}"#, Err("cancelled"));
        check(6, "", Err("cancelled"));
        check(0, "", Err("bad_answer"));
        check(0, "{}", Err("bad_answer"));
        check(0, "[1", Err("bad_answer"));
        check(2, "", Err("bad_answer"));
        check(77, r#"{"ok": 1}"#, Err("bad_answer"));
    }

    #[test]
    fn a_request_says_what_it_wants() {
        let host = Host::answering(|request| {
            assert_eq!(
                *request,
                json!({"capability": "odoo.read", "model": "res.partner", "domain": [["vat", "=", "X"]],
                       "fields": ["name"], "limit": 2, "order": "id"})
            );
            Ok(json!([{"id": 1, "name": "N"}]))
        });
        let query = Query::of("res.partner").filtered(json!([["vat", "=", "X"]])).ordered("id").first(2);
        assert_eq!(host.read(&query, &["name"]).unwrap()[0]["name"], "N");
    }

    #[test]
    fn rows_that_are_none_are_an_error() {
        for answer in [json!(false), json!([1])] {
            let host = Host::answering(move |_| Ok(answer.clone()));
            assert_eq!(host.search_read("a", json!([]), &[], 1).unwrap_err().code, "bad_answer");
        }
    }
}
