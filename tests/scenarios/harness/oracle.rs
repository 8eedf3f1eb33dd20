//! What really is in Odoo, asked on a way of its own.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{http, world::OdooUnderTest};

/// Odoo may be slow when all tests run at once; nobody waits this long otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small JSON-RPC client that shares nothing with the program under test.
#[derive(Debug)]
pub(crate) struct Oracle {
    authority: String,
    db: String,
    login: String,
    password: String,
    uid: OnceLock<i64>,
}

impl Oracle {
    /// As the administrator.
    pub(crate) fn new(odoo: &OdooUnderTest) -> Self {
        Self::signed_in_as(odoo, &odoo.login, &odoo.password)
    }

    pub(crate) fn signed_in_as(odoo: &OdooUnderTest, login: &str, password: &str) -> Self {
        Self {
            authority: odoo.authority(),
            db: odoo.db.clone(),
            login: login.to_owned(),
            password: password.to_owned(),
            uid: OnceLock::new(),
        }
    }

    /// The result, or the `data` member of the error.
    pub(crate) fn try_call(
        &self,
        model: &str,
        method: &str,
        args: Value,
        kwargs: Value,
    ) -> Result<Value, Value> {
        let args = json!([self.db, self.uid(), self.password, model, method, args, kwargs]);
        self.rpc("object", "execute_kw", &args)
    }

    #[track_caller]
    pub(crate) fn call(&self, model: &str, method: &str, args: Value, kwargs: Value) -> Value {
        match self.try_call(model, method, args, kwargs) {
            Ok(result) => result,
            Err(error) => panic!("the oracle's {model}.{method} failed: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn create(&self, model: &str, values: Value) -> i64 {
        let created = self.call(model, "create", json!([values]), json!({}));
        created.as_i64().or_else(|| created.get(0)?.as_i64()).expect("an id")
    }

    /// Also finds archived records.
    #[track_caller]
    pub(crate) fn search(&self, model: &str, domain: Value) -> Vec<i64> {
        let found = self.call(
            model,
            "search",
            json!([domain]),
            json!({"order": "id", "context": {"active_test": false}}),
        );
        found.as_array().expect("ids").iter().filter_map(Value::as_i64).collect()
    }

    #[track_caller]
    pub(crate) fn count(&self, model: &str, domain: Value) -> usize {
        self.search(model, domain).len()
    }

    /// One field of one record.
    #[track_caller]
    pub(crate) fn field(&self, model: &str, id: i64, field: &str) -> Value {
        let rows = self.call(model, "read", json!([[id], [field]]), json!({}));
        rows[0][field].clone()
    }

    #[track_caller]
    pub(crate) fn exists(&self, model: &str, id: i64) -> bool {
        self.count(model, json!([["id", "=", id]])) == 1
    }

    pub(crate) fn uid(&self) -> i64 {
        *self.uid.get_or_init(|| {
            let answer = self.rpc("common", "authenticate", &json!([self.db, self.login, self.password, {}]));
            answer.ok().and_then(|uid| uid.as_i64()).expect("the oracle signs in")
        })
    }

    /// The major version.
    #[allow(dead_code, reason = "only the end-to-end binary asks a server for its version")]
    pub(crate) fn major(&self) -> u32 {
        let version = self.rpc("common", "version", &json!([])).expect("a version");
        version["server_version_info"][0].as_u64().expect("a number").try_into().expect("small")
    }

    fn rpc(&self, service: &str, method: &str, args: &Value) -> Result<Value, Value> {
        let request = json!({
            "jsonrpc": "2.0", "id": 1, "method": "call",
            "params": {"service": service, "method": method, "args": args},
        });
        let started = Instant::now();
        let body = request.to_string();
        let answer = http::post(&self.authority, "/jsonrpc", &[], body.as_bytes(), PATIENCE)
            .unwrap_or_else(|error| panic!("the oracle got no answer in {:?}: {error}", started.elapsed()));
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        match answer.get("error") {
            Some(error) => Err(error["data"].clone()),
            None => Ok(answer.get("result").cloned().unwrap_or_default()),
        }
    }
}
