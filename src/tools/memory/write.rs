//! Making and changing memory files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::{FileName, Scope, effect},
    permitted::PermittedArea,
};
use crate::{
    facts::{Caller, Class, Effect, MemoryChange, Risk},
    memory::{Change, Outcome, WriteMode},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Write>()];

/// Arguments of `memory_write`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Write {
    /// Name of the file; `.md` may be left out. No path.
    filename: FileName,
    /// The text, in Markdown. First lines such as `---`, `description: …`, `type: …`, `---` are shown in lists. No secrets: keys, tokens and passwords are refused.
    content: String,
    /// `personal` is yours alone; `shared` is read by everybody.
    #[serde(default)]
    scope: Scope,
    /// `create` only makes a new file, `replace` makes or replaces, `append` adds to the end.
    #[serde(default)]
    mode: WriteMode,
    /// Only if the present text has this etag; `*` for any text that is there.
    #[serde(default)]
    #[schemars(with = "String")]
    if_match: Option<String>,
}

/// Result of `memory_write`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `created`, `updated`, or `unchanged` where it was this very text.
    status: &'static str,
    filename: String,
    scope: Scope,
    /// Bytes of the whole file.
    size: u64,
    /// The identity of the text, for `if_match`.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// Number of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

impl Tool for Write {
    const NAME: &'static str = "memory_write";
    const TITLE: &'static str = "Write a memory file";
    const DESCRIPTION: &'static str = "Make, replace or extend a memory file. Older texts are kept for a while. \
         A shared file is changed by whoever began it, or by an operator. With `if_match` nothing that somebody \
         else wrote in the meantime is lost.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![effect(self.scope.area(), MemoryChange::Write, Some(&self.filename.0))]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let change = Change {
            name: self.filename.0,
            content: self.content,
            mode: self.mode,
            if_match: self.if_match,
            author: None,
            deed: None,
        };
        let changed = PermittedArea::new(cx, self.scope.area()).write(change).await?;
        Ok(Answer {
            status: match changed.outcome {
                Outcome::Created => "created",
                Outcome::Unchanged => "unchanged",
                Outcome::Updated | Outcome::Deleted | Outcome::Restored => "updated",
            },
            filename: changed.name.as_str().to_owned(),
            scope: self.scope,
            size: changed.size,
            etag: changed.etag,
            version: changed.version,
        })
    }
}
