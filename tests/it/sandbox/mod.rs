//! The sandbox against what real Odoo 14 and 19 answered: each line of `recorded.jsonl` is one request with the
//! status, the error or the shape of the result that came back. Where they differ, the sandbox is wrong.

mod faults;
mod files;
mod replay;

use std::{sync::OnceLock, time::Duration};

use odoo_mcp::sandbox::{self, Sandbox, SandboxOptions, SandboxVersion};
use serde_json::{Value, json};

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn start(version: SandboxVersion) -> Sandbox {
    let options = SandboxOptions {
        password: Some("correct horse".to_owned()),
        control_token: Some("steer".to_owned()),
        ..SandboxOptions::new(version)
    };
    sandbox::start(options).await.unwrap()
}

/// Calls a method over `/jsonrpc` as the administrator.
async fn call(sandbox: &Sandbox, model: &str, method: &str, args: Value) -> reqwest::Result<Value> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {
        "service": "object",
        "method": "execute_kw",
        "args": [sandbox.database(), 2, sandbox.password(), model, method, args, {}],
    }});
    post(sandbox, "/jsonrpc", &body).await?.json().await
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    client().post(format!("{}{path}", sandbox.url())).json(body).send().await
}

/// One client for all tests. It keeps no connection, since each test has a runtime of its own.
fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap()
    };
    CLIENT.get_or_init(make).clone()
}

#[test]
fn records_of_the_start_are_there() {
    block_on(async {
        for version in [SandboxVersion::V14, SandboxVersion::V19] {
            let sandbox = start(version).await;
            assert!((50..80).contains(&sandbox.count("res.partner")), "{}", sandbox.count("res.partner"));
            assert_eq!(sandbox.count("sale.order"), 20);
            assert_eq!(sandbox.count("no.such"), 0);
            assert_eq!(sandbox.record("res.partner", 1).unwrap()["name"], "Sandbox Trading");
            assert_eq!(sandbox.record("res.partner", 999_999), None);
        }
    });
}

#[test]
fn a_call_is_recorded_with_what_became_of_it() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        call(&sandbox, "res.partner", "write", json!([[10], {"ref": "A1"}])).await.unwrap();
        call(&sandbox, "res.partner", "write", json!([[10], {"color": "red"}])).await.unwrap();
        call(&sandbox, "res.partner", "read", json!([[10], ["ref"]])).await.unwrap();
        let seen: Vec<_> = sandbox
            .received()
            .into_iter()
            .map(|call| (call.method, call.ids, call.user, call.committed, call.error))
            .collect();
        assert_eq!(
            seen,
            [
                ("write".to_owned(), vec![10], 2, true, None),
                ("write".to_owned(), vec![10], 2, false, Some("builtins.ValueError".to_owned())),
                ("read".to_owned(), vec![10], 2, false, None),
            ]
        );
        sandbox.clear_received();
        assert!(sandbox.received().is_empty());
    });
}

#[test]
fn a_failed_call_leaves_nothing_behind() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let before = sandbox.count("res.partner");
        // The second child is refused, so the parent and the first child must go as well.
        let values = json!([{"name": "Parent", "child_ids": [[0, 0, {"name": "A"}], [0, 0, {"nosuch": 1}]]}]);
        let answer = call(&sandbox, "res.partner", "create", values).await.unwrap();
        assert_eq!(answer["error"]["data"]["name"], "builtins.ValueError");
        assert_eq!(sandbox.count("res.partner"), before);
    });
}

#[test]
fn another_address_than_loopback_is_refused() {
    block_on(async {
        let options = SandboxOptions { listen: ([0, 0, 0, 0], 0).into(), ..SandboxOptions::default() };
        let error = sandbox::start(options).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    });
}

#[test]
fn passwords_are_random_unless_given() {
    block_on(async {
        let first = sandbox::start(SandboxOptions::default()).await.unwrap();
        let second = sandbox::start(SandboxOptions::default()).await.unwrap();
        assert_ne!(first.password(), second.password());
        assert_ne!(first.api_key(), second.api_key());
        assert!(first.password().chars().all(|c| c.is_ascii_alphanumeric()));
        let login = json!({"params": {"service": "common", "method": "authenticate",
            "args": ["sandbox", "admin", second.password(), {}]}});
        let answer: Value = post(&first, "/jsonrpc", &login).await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"], false);
    });
}

#[test]
fn companies_hide_each_other() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let count = |companies: Value| {
            let body = json!({"domain": [["company_id", "!=", false]], "context": {"allowed_company_ids": companies}});
            let request = client()
                .post(format!("{}/json/2/sale.order/search_count", sandbox.url()))
                .bearer_auth(sandbox.api_key())
                .json(&body);
            async move { request.send().await.unwrap().json::<i64>().await.unwrap() }
        };
        let (first, second, both) =
            (count(json!([1])).await, count(json!([2])).await, count(json!([1, 2])).await);
        assert!(first > 0 && second > 0, "{first} {second}");
        assert_eq!(first + second, both);
        assert_eq!(both, 20);
    });
}
