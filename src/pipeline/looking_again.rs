//! After a change under a domain: are the records still within it?
//!
//! Between the check and the change somebody else may have moved a record, and the change itself may
//! have; nothing in Odoo's interface forbids it. The call is not made to fail for that, since it has
//! happened; the log says so for a person to look at.

use serde_json::json;

use super::Corridor;
use crate::{
    facts::{CallFacts, Class, JsonObject},
    odoo::{self, Connections, Strayed},
    policy::RecordQuestion,
    reply::CallError,
    tools::{Output, ToolError},
};

/// What alarms of this kind are called in the log.
const STRAYED: &str = "records_left_their_domain";
const NOT_CHECKED: &str = "records_not_checked_again";

impl Corridor {
    /// Asks once more what was asked before the call, where the call may have changed something.
    pub(super) async fn look_again(
        &self,
        call: &str,
        asked: &[RecordQuestion],
        facts: &CallFacts,
        outcome: &Result<Output, CallError>,
        connections: &Connections,
    ) {
        if asked.is_empty() || facts.class == Class::Read || !may_have_changed(outcome) {
            return;
        }
        let about = |more: serde_json::Value| {
            let mut about = JsonObject::new();
            about.insert("call".to_owned(), json!(call));
            about.insert("tool".to_owned(), json!(facts.tool.name));
            about.insert("grant".to_owned(), json!(facts.caller.grant.as_str()));
            if let serde_json::Value::Object(more) = more {
                about.extend(more);
            }
            about
        };
        match odoo::strayed(asked, connections).await {
            Ok(strayed) => {
                for Strayed { rule, connection, model, ids } in strayed {
                    let where_to_look =
                        json!({"rule": &*rule.0, "connection": connection, "model": model, "ids": ids});
                    self.raise(STRAYED, &about(where_to_look));
                }
            }
            Err(error) => self.raise(NOT_CHECKED, &about(json!({"code": error.code()}))),
        }
    }

    fn raise(&self, kind: &str, about: &JsonObject) {
        if let Err(error) = self.audit.alarm(kind, about) {
            tracing::error!(%error, kind, "an alarm is not in the log");
        }
    }
}

fn may_have_changed(outcome: &Result<Output, CallError>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(CallError::Tool(ToolError::Odoo(error))) => error.outcome_is_unknown(),
        Err(CallError::Cancelled | CallError::Internal { .. }) => true,
        Err(_) => false,
    }
}
