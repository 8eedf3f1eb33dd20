//! The corridor with tools that do nothing but misbehave.

use std::{cell::Cell, fs, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Corridor, RawCall, UnknownTool};
use crate::{
    approvals::{ApprovalId, Approvals, CanAsk, Door, Person},
    audit::{AuditLog, verify},
    facts::{Arrival, Caller, Class, Effect, Risk},
    odoo::{Connections, OdooError},
    policy::{Names, Policy},
    reply::Reply,
    store::{SealKeys, StateDir},
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
            "unsent" => {
                Err(ToolError::Odoo(OdooError::BadCall { why: "not like this".to_owned(), hint: None }))
            }
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
fn without_a_grant_every_name_is_answered_alike() {
    let others = json!({ "version": "1", "default": "allow", "grants": { "other": { "inherit": true } } });
    let house = house(&others);
    let before = RUNS.get();
    let answers = [("obey", json!({ "order": "answer" })), ("obey", json!({ "x": 1 })), ("abed", json!({}))]
        .map(|(tool, arguments)| house.call(tool, arguments).unwrap());
    for answer in &answers {
        assert_eq!((answer.code, &answer.structured), (Some("no_grant"), &answers[0].structured));
    }
    assert_eq!(RUNS.get(), before);
    assert!(house.corridor.list(&Caller::local(Arrival::Stdio)).is_empty());
    assert_eq!(house.log().matches("\"decision\":\"deny\"").count(), 3, "{}", house.log());
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

/// A house in which everything needs an approval, and the approvals of its state directory.
fn asking_house() -> (House, Approvals) {
    let mut house = house(&json!({ "version": "1", "default": "deny", "tools": {
        "obey": { "action": "require_approval", "reason": "Look first." } } }));
    let state = StateDir::open(house.folder.path()).unwrap();
    let approvals = Approvals::open(&state, SealKeys::in_file(&state)).unwrap();
    house.corridor = house.corridor.approved_in(approvals.clone());
    (house, approvals)
}

/// Asks and has it granted.
#[track_caller]
fn granted(house: &House, approvals: &Approvals, order: &str) -> ApprovalId {
    let before = RUNS.get();
    let reply = house.call("obey", json!({ "order": order })).unwrap();
    assert_eq!((reply.code, RUNS.get()), (Some("needs_approval"), before), "{reply:?}");
    let id = ApprovalId::parse(reply.structured["approval"].as_str().unwrap()).unwrap();
    let person = Person { shown: "ann".into(), names: Vec::new(), groups: Vec::new(), is_local_owner: false };
    approvals.decide(&id, true, &person, Door::CommandLine, jiff::Timestamp::now(), |_| Ok(())).unwrap();
    id
}

#[test]
fn however_a_call_ends_its_approval_is_used_unless_nothing_was_sent() {
    for (order, code, is) in [
        ("answer", None, "used"),
        ("panic", Some("internal"), "used"),
        ("fail", Some("internal"), "used"),
        ("arguments", Some("invalid_arguments"), "used"),
        ("unsent", Some("invalid_arguments"), "granted"),
    ] {
        let (house, approvals) = asking_house();
        let id = granted(&house, &approvals, order);
        let before = RUNS.get();
        assert_eq!(house.code(order), code, "{order}");
        assert_eq!(RUNS.get(), before + 1);
        let entry = approvals.show(&id).unwrap().unwrap();
        assert_eq!(entry.standing(jiff::Timestamp::now()), is, "{order}");
        let again = if is == "used" { Some("needs_approval") } else { code };
        assert_eq!(house.code(order), again, "{order} again");
        assert!(
            house.log().contains(&format!("\"approval\":{{\"id\":\"{id}\",\"by\":\"ann\"}}")),
            "{}",
            house.log()
        );
    }
}

#[test]
fn a_cancelled_call_has_used_its_approval() {
    let (house, approvals) = asking_house();
    let id = granted(&house, &approvals, "wait");
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert_eq!(
        house.call_until("obey", json!({ "order": "wait" }), cancelled).unwrap().code,
        Some("cancelled")
    );
    assert_eq!(approvals.show(&id).unwrap().unwrap().state.as_str(), "used");
}

#[test]
fn an_approval_that_went_to_another_call_runs_nothing() {
    let (house, approvals) = asking_house();
    let id = granted(&house, &approvals, "answer");
    // Another process uses it between this call's decision and its sending: here, before it asks.
    assert!(approvals.use_up(id.as_str(), jiff::Timestamp::now()).unwrap());
    let before = RUNS.get();
    assert_eq!((house.code("answer"), RUNS.get()), (Some("needs_approval"), before));
}

#[test]
fn without_a_store_nobody_is_asked_and_nothing_runs() {
    let asking = json!({ "version": "1", "default": "deny", "tools": {
        "obey": { "action": "require_approval" } } });
    let house = house(&asking);
    let reply = house.call("obey", json!({ "order": "answer" })).unwrap();
    assert_eq!((reply.code, &reply.structured["next"]), (Some("needs_approval"), &json!("stop")));
}
