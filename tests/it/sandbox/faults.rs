//! The fault switches, seen from the other end of the connection.

use odoo_mcp::sandbox::{Fault, FaultKind, Sandbox, SandboxVersion};
use serde_json::{Value, json};

use super::{block_on, call, client, post, start};

async fn write(sandbox: &Sandbox, reference: &str) -> reqwest::Result<Value> {
    call(sandbox, "res.partner", "write", json!([[10], {"ref": reference}])).await
}

fn reference(sandbox: &Sandbox) -> Value {
    sandbox.value("res.partner", 10, "ref").unwrap()
}

#[test]
fn a_connection_dropped_before_the_call_changes_nothing() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        sandbox.faults().arm(Fault::once(FaultKind::DropBefore));
        assert!(write(&sandbox, "lost").await.is_err());
        assert_eq!(reference(&sandbox), "C0001");
        assert!(sandbox.received().is_empty());
        assert_eq!(write(&sandbox, "kept").await.unwrap()["result"], true);
        assert_eq!(reference(&sandbox), "kept");
    });
}

#[test]
fn a_connection_dropped_after_the_call_keeps_the_change() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        sandbox.faults().arm(Fault::once(FaultKind::DropAfterCommit).on_method("write"));
        assert!(write(&sandbox, "unknown").await.is_err());
        assert_eq!(reference(&sandbox), "unknown");
        assert!(sandbox.received().iter().all(|call| call.committed));
    });
}

#[test]
fn pages_come_instead_of_answers() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let body = json!({"params": {"service": "common", "method": "version", "args": []}});
        for (kind, status, holds) in [
            (FaultKind::Http500, 500, "Internal Server Error"),
            (FaultKind::Http502, 502, "Bad Gateway"),
            (FaultKind::TooManyRequests, 429, "Too Many"),
            (FaultKind::LoginPage, 200, "oe_login_form"),
            (FaultKind::GarbageJson, 200, "\"resu"),
        ] {
            sandbox.faults().arm(Fault::once(kind.clone()));
            let answer = post(&sandbox, "/jsonrpc", &body).await.unwrap();
            assert_eq!(answer.status(), status, "{kind:?}");
            assert!(answer.text().await.unwrap().contains(holds), "{kind:?}");
        }
        assert!(sandbox.faults().armed().is_empty());
    });
}

#[test]
fn slow_and_oversized_answers_are_still_correct() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        sandbox.faults().arm(Fault::once(FaultKind::SlowBody { pieces: 5, pause_ms: 1 }));
        assert_eq!(write(&sandbox, "slow").await.unwrap()["result"], true);
        sandbox.faults().arm(Fault::once(FaultKind::Delay { ms: 1 }));
        assert_eq!(write(&sandbox, "late").await.unwrap()["result"], true);
        sandbox.faults().arm(Fault::once(FaultKind::Oversized { bytes: 1_000_000 }));
        let body = json!({"params": {"service": "common", "method": "version", "args": []}});
        let answer = post(&sandbox, "/jsonrpc", &body).await.unwrap().bytes().await.unwrap();
        assert!(answer.len() > 1_000_000);
        assert!(serde_json::from_slice::<Value>(&answer).is_ok());
    });
}

#[test]
fn sessions_end_and_logins_are_refused() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let login = json!({"params": {"db": "sandbox", "login": "admin", "password": "correct horse"}});
        sandbox.faults().arm(Fault::once(FaultKind::RefuseLogin));
        let refused = post(&sandbox, "/web/session/authenticate", &login).await.unwrap();
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["error"]["data"]["name"], "odoo.exceptions.AccessDenied");
        let accepted = post(&sandbox, "/web/session/authenticate", &login).await.unwrap();
        let cookie = accepted.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let check = || {
            let request = client().post(format!("{}/web/session/check", sandbox.url()));
            let request = request.header("Cookie", &cookie).json(&json!({"id": 5, "params": {}}));
            async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
        };
        assert_eq!(check().await, json!({"jsonrpc": "2.0", "id": 5}));
        sandbox.faults().arm(Fault::once(FaultKind::SessionExpired));
        let expired = check().await;
        assert_eq!((&expired["error"]["code"], &expired["id"]), (&json!(100), &Value::Null));
        // Once over, a session stays over.
        assert_eq!(check().await["error"]["code"], 100);
    });
}

#[test]
fn another_process_steers_with_the_token_only() {
    block_on(async {
        let sandbox = start(SandboxVersion::V19).await;
        let ask = |method: http::Method, path: &str, token: &str, body: Value| {
            let request = client().request(method, format!("{}/_sandbox/{path}", sandbox.url()));
            let request = request.header("X-Sandbox-Token", token).json(&body);
            async move { request.send().await.unwrap() }
        };
        for token in ["", "wrong", "steer2"] {
            for path in ["received", "faults", "reset"] {
                assert_eq!(ask(http::Method::GET, path, token, json!({})).await.status(), 404, "{path}");
                assert_eq!(ask(http::Method::POST, path, token, json!({})).await.status(), 404, "{path}");
            }
        }
        let fault = json!({"kind": "http500", "method": "write"});
        assert_eq!(ask(http::Method::POST, "faults", "steer", fault).await.status(), 200);
        assert!(write(&sandbox, "x").await.is_err());
        assert_eq!(ask(http::Method::POST, "faults", "steer", json!({"kind": "nosuch"})).await.status(), 400);
        write(&sandbox, "changed").await.unwrap();
        let received: Value =
            ask(http::Method::GET, "received", "steer", json!({})).await.json().await.unwrap();
        assert_eq!(received[0]["method"], "write");
        assert_eq!(ask(http::Method::POST, "reset", "steer", json!({})).await.status(), 200);
        assert_eq!(reference(&sandbox), "C0001");
        assert!(sandbox.received().is_empty());
    });
}

#[test]
fn without_a_token_nobody_steers() {
    block_on(async {
        let sandbox = odoo_mcp::sandbox::start(odoo_mcp::sandbox::SandboxOptions::default()).await.unwrap();
        let request =
            client().get(format!("{}/_sandbox/received", sandbox.url())).header("X-Sandbox-Token", "");
        assert_eq!(request.send().await.unwrap().status(), 404);
    });
}
