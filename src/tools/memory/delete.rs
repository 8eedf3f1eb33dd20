//! Taking a memory file away, and bringing it back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::{FileName, Scope, effect},
    permitted::PermittedArea,
};
use crate::{
    facts::{Caller, Class, Effect, MemoryChange, Risk},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Delete>()];

/// Arguments of `memory_delete`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delete {
    /// Name of the file; `.md` may be left out.
    filename: FileName,
    /// `personal` is yours alone; `shared` is read by everybody.
    #[serde(default)]
    scope: Scope,
    /// Only if the text has this etag.
    #[serde(default)]
    #[schemars(with = "String")]
    if_match: Option<String>,
    /// Bring the deleted file back instead.
    #[serde(default)]
    undo: bool,
}

/// Result of `memory_delete`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `deleted` or `restored`.
    status: &'static str,
    filename: String,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

impl Tool for Delete {
    const NAME: &'static str = "memory_delete";
    const TITLE: &'static str = "Delete a memory file";
    const DESCRIPTION: &'static str = "Delete a memory file. With `undo` a deleted file comes back, as long as the \
         server keeps it. A shared file is deleted by whoever began it, or by an operator.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::High;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let change = if self.undo { MemoryChange::Write } else { MemoryChange::Delete };
        vec![effect(self.scope.area(), change, Some(&self.filename.0))]
    }

    fn class(&self) -> Class {
        if self.undo { Class::Write } else { Self::CLASS }
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.undo && self.if_match.is_some() {
            let message = "`undo` and `if_match` exclude each other: a deleted file has no etag".to_owned();
            return Err(ArgumentsError { message, hint: None });
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let area = PermittedArea::new(cx, self.scope.area());
        let (status, hint) = if self.undo {
            area.restore(&self.filename.0).await?;
            ("restored", None)
        } else {
            area.delete(&self.filename.0, self.if_match).await?;
            ("deleted", Some("`undo: true` brings it back for a while"))
        };
        Ok(Answer { status, filename: self.filename.0.as_str().to_owned(), scope: self.scope, hint })
    }
}
