//! Tools that answer, wait, panic and report progress as they are told.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use odoo_mcp::{
    facts::{Caller, Class, Effect, Risk},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Obey>(), row::<Hidden>()];

/// What became of the calls that wait, by the mark that the test gave them.
static WAITING: Mutex<Option<HashMap<String, Stage>>> = Mutex::new(None);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Started,
    Dropped,
}

fn note(mark: &str, stage: Stage) {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.get_or_insert_default().insert(mark.to_owned(), stage);
}

/// Returns when the call with this mark has come so far.
pub(super) async fn reached(mark: &str, stage: Stage) {
    for _ in 0..1000 {
        if WAITING.lock().unwrap().as_ref().and_then(|all| all.get(mark)) == Some(&stage) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("call `{mark}` never came to {stage:?}");
}

/// Stands for a request to Odoo: when the call is dropped, so is this.
struct Request(String);

impl Drop for Request {
    fn drop(&mut self) {
        note(&self.0, Stage::Dropped);
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Obey {
    /// What to do.
    order: Order,
    /// Any text; its length comes back.
    #[serde(default)]
    text: String,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    Answer,
    Panic,
    Wait,
    Linger,
    Count,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Obeyed {
    length: usize,
    caller: String,
    client: Option<String>,
}

impl Tool for Obey {
    const NAME: &'static str = "obey";
    const TITLE: &'static str = "Obey";
    const DESCRIPTION: &'static str = "Does as it is told.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = Obeyed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Obeyed, ToolError> {
        match self.order {
            Order::Answer => {}
            Order::Panic => panic!("with the canary inside"),
            Order::Wait => {
                note(&self.text, Stage::Started);
                let _request = Request(self.text.clone());
                std::future::pending::<()>().await;
            }
            Order::Linger => {
                note(&self.text, Stage::Started);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Order::Count => {
                for step in 1..=3_u8 {
                    cx.progress().report(f64::from(step), Some(3.0), "counting");
                    // The same value again must not go out.
                    cx.progress().report(f64::from(step), Some(3.0), "counting");
                }
            }
        }
        Ok(Obeyed {
            length: self.text.len(),
            caller: cx.caller().grant.to_string(),
            client: cx.caller().client.as_deref().map(ToOwned::to_owned),
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Hidden {}

#[derive(Debug, Serialize, JsonSchema)]
struct Nothing {}

impl Tool for Hidden {
    const NAME: &'static str = "hidden";
    const TITLE: &'static str = "Hidden";
    const DESCRIPTION: &'static str = "Nobody may know.";
    const CLASS: Class = Class::Other;
    const RISK: Risk = Risk::High;
    type Output = Nothing;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    async fn run(self, _: &CallContext<'_>) -> Result<Nothing, ToolError> {
        Ok(Nothing {})
    }
}
