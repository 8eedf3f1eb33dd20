//! What really is in Odoo, asked on a way of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
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
    /// A practice Odoo may get the port that another one of another version had before.
    version: u32,
}

type KnownUsers = HashMap<(u32, [String; 3]), i64>;

/// Users by version, server, database and login. A login costs a real Odoo half a second, and the scenarios make
/// hundreds of oracles; the password is checked with each call anyway.
fn known_users() -> &'static Mutex<KnownUsers> {
    static KNOWN: OnceLock<Mutex<KnownUsers>> = OnceLock::new();
    KNOWN.get_or_init(Mutex::default)
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
            version: odoo.major,
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
            let key = (self.version, [&self.authority, &self.db, &self.login].map(String::clone));
            if let Some(uid) = known_users().lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
                return *uid;
            }
            let answer = self.rpc("common", "authenticate", &json!([self.db, self.login, self.password, {}]));
            let uid = answer.ok().and_then(|uid| uid.as_i64()).expect("the oracle signs in");
            known_users().lock().unwrap_or_else(PoisonError::into_inner).insert(key, uid);
            uid
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
