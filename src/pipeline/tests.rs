//! The corridor with tools that do nothing but misbehave.

use std::{cell::Cell, fs, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Corridor, RawCall, UnknownTool};
use crate::{
    approvals::CanAsk,
    audit::{AuditLog, verify},
    facts::{Arrival, Caller, Class, Effect, Risk},
    odoo::Connections,
    policy::{Names, Policy},
    reply::Reply,
    tools::{CallContext, Catalog, Family, Progress, Tool, ToolEntry, ToolError, row},
};

thread_local! {
    /// How often the tool ran in this test; each test has a thread of its own.
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// A tool that does as it is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Obey {
    /// `answer`, `panic`, `fail`, `arguments` or `wait`.
    order: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Obeyed {
    obeyed: String,
}

impl Tool for Obey {
    const NAME: &'static str = "obey";
    const TITLE: &'static str = "Obey";
    const DESCRIPTION: &'static str = "Does as it is told.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Low;
    type Output = Obeyed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    async fn run(self, _: &CallContext<'_>) -> Result<Obeyed, ToolError> {
        RUNS.set(RUNS.get() + 1);
        match self.order.as_str() {
            "panic" => panic!("with the canary inside"),
            "fail" => Err(ToolError::Internal { detail: "with the canary inside".into() }),
            "arguments" => Err(ToolError::arguments("cannot be meant")),
            "wait" => std::future::pending().await,
            _ => Ok(Obeyed { obeyed: self.order }),
        }
    }
}

const TOOLS: &[ToolEntry] = &[row::<Obey>()];
const FAMILIES: &[Family] = &[Family { name: "test", tools: &[TOOLS] }];

struct House {
    corridor: Corridor,
    folder: tempfile::TempDir,
}

fn house(policy: &Value) -> House {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
    let policy = Policy::load(policy.to_string().as_bytes(), &Names(&["obey"])).unwrap();
    let corridor = Corridor::new(Catalog::of(FAMILIES), policy, audit, Arc::new(Connections::default()));
    House { corridor, folder }
}

impl House {
    fn call(&self, tool: &str, arguments: Value) -> Result<Reply, UnknownTool> {
        self.call_until(tool, arguments, CancellationToken::new())
    }

    fn call_until(
        &self,
        tool: &str,
        arguments: Value,
        cancelled: CancellationToken,
    ) -> Result<Reply, UnknownTool> {
        let call = RawCall {
            tool: tool.to_owned(),
            arguments: arguments.as_object().cloned().unwrap(),
            caller: Caller::local(Arrival::CommandLine),
            progress: Progress::silent(),
            cancelled,
            can_ask: CanAsk::default(),
            answer: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.corridor.call(call))
    }

    #[track_caller]
    fn code(&self, order: &str) -> Option<&'static str> {
        self.call("obey", json!({ "order": order })).unwrap().code
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap()
    }
}

fn allowing() -> Value {
    json!({ "version": "1", "default": "deny", "tools": { "obey": {} } })
}

#[test]
fn an_allowed_call_is_logged_twice_and_answered() {
    let house = house(&allowing());
    let reply = house.call("obey", json!({ "order": "answer" })).unwrap();
    assert_eq!((reply.structured, reply.text.as_str()), (json!({ "obeyed": "answer" }), "obeyed: answer"));
    let log = house.log();
    assert_eq!(log.lines().count(), 2);
    assert!(log.contains("\"decision\":\"allow\"") && log.contains("\"outcome\":\"done\""), "{log}");
    assert!(verify(&house.folder.path().join("audit.jsonl")).unwrap().holds());
}

#[test]
fn a_panic_is_an_answer_and_the_next_call_works() {
    let house = house(&allowing());
    for order in ["panic", "fail"] {
        let reply = house.call("obey", json!({ "order": order })).unwrap();
        assert_eq!(reply.code, Some("internal"));
        assert!(reply.structured["reference"].is_string());
        assert!(!reply.text.contains("canary") && !house.log().contains("canary"));
        assert_eq!(house.code("answer"), None);
    }
}

#[test]
fn hidden_unlisted_and_unknown_are_the_same() {
    let hidden = json!({ "version": "1", "default": "allow", "hide": ["obey"] });
    let unlisted = json!({ "version": "1", "default": "deny" });
    for policy in [&hidden, &unlisted] {
        let house = house(policy);
        let before = RUNS.get();
        let refused = house.call("obey", json!({ "order": "answer" })).unwrap_err().to_string();
        let unknown = house.call("abed", json!({ "order": "answer" })).unwrap_err().to_string();
        assert_eq!(refused.replace("obey", "abed"), unknown);
        assert!(house.corridor.list(&Caller::local(Arrival::Stdio)).is_empty());
        assert_eq!(RUNS.get(), before);
    }
}

#[test]
fn a_refusal_names_its_rule_and_runs_nothing() {
    let denied = json!({ "version": "1", "default": "allow",
                         "tools": { "obey": { "action": "deny", "reason": "Not today." } } });
    let house = house(&denied);
    let reply = house.call("obey", json!({ "order": "panic" })).unwrap();
    assert_eq!(reply.code, Some("denied"));
    assert_eq!(reply.structured["rule"], "/tools/obey");
    assert_eq!(reply.structured["reason"], "Not today.");
    assert_eq!(reply.structured["next"], "stop");
    assert!(house.log().contains("\"outcome\":\"denied\""));
    assert_eq!(house.corridor.list(&Caller::local(Arrival::Stdio)).len(), 1);
}

#[test]
fn a_used_up_limit_says_how_long_to_wait() {
    let limited = json!({ "version": "1", "default": "deny", "tools": { "obey": { "limits": [
        { "counter": "c", "window": 3600, "max": 2, "scope": "grant", "reason": "Two an hour." } ] } } });
    let house = house(&limited);
    assert_eq!(house.code("arguments"), Some("invalid_arguments"), "a call that was not sent costs nothing");
    assert_eq!((house.code("answer"), house.code("answer")), (None, None));
    let reply = house.call("obey", json!({ "order": "answer" })).unwrap();
    assert_eq!(reply.code, Some("denied"));
    assert_eq!(reply.structured["rule"], "/tools/obey/limits/0");
    assert_eq!(reply.structured["rule_name"], "/tools/obey/limits/c");
    assert!(reply.structured["retry_after_ms"].as_u64().unwrap() > 3_500_000);
    assert_eq!(reply.structured["remaining"]["c"], 0);
}

#[test]
fn a_cancelled_call_lets_go_and_is_closed() {
    let house = house(&allowing());
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let reply = house.call_until("obey", json!({ "order": "wait" }), cancelled).unwrap();
    assert_eq!(reply.code, Some("cancelled"));
    assert!(house.log().contains("\"outcome\":\"cancelled\""));
}

#[test]
fn no_record_no_call() {
    let house = house(&allowing());
    let before = RUNS.get();
    // What is not a log line cannot be the end of a chain.
    let path = house.folder.path().join("audit.jsonl");
    fs::write(&path, "not a log line\n").unwrap();
    let reply = house.call("obey", json!({ "order": "panic" })).unwrap();
    assert_eq!(reply.code, Some("audit_unavailable"));
    assert_eq!(RUNS.get(), before);
}

#[test]
fn a_new_policy_rules_the_next_call() {
    let house = house(&allowing());
    let mut changes = house.corridor.policy_changes();
    assert_eq!(house.code("answer"), None);
    let mut is_seen_after = |policy: Value| {
        house
            .corridor
            .replace_policy(Policy::load(policy.to_string().as_bytes(), &Names(&["obey"])).unwrap());
        let change = changes.try_recv().unwrap();
        change.is_seen_by(house.corridor.catalog(), &Caller::local(Arrival::CommandLine))
    };
    assert!(!is_seen_after(json!({ "version": "1", "default": "allow" })), "the list is what it was");
    assert!(is_seen_after(json!({ "version": "1", "default": "allow", "hide": ["*"] })));
    assert!(house.call("obey", json!({ "order": "answer" })).is_err());
}
