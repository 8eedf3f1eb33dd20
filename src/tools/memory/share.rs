//! Copying the caller's own files to where everybody reads them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::copying::{Copied, Copying, OnConflict, Which};
use crate::{
    facts::{Caller, Class, Effect, MemoryArea, Risk},
    memory::Deed,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Share>()];

/// Arguments of `memory_share`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Share {
    /// Name of one of your files, or `*` for all of them.
    filename: Which,
    /// A file of that name with another text: `skip` leaves it, `rename` gives the copy a number, `replace` replaces it.
    #[serde(default)]
    on_conflict: OnConflict,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// Result of `memory_share`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `shared`, `shared_all`, `checked` after a dry run, or `empty` where there was nothing to copy.
    status: &'static str,
    /// Whose files they are now.
    user: String,
    /// Files that were copied.
    total: usize,
    #[serde(flatten)]
    copied: Copied,
}

impl Tool for Share {
    const NAME: &'static str = "memory_share";
    const TITLE: &'static str = "Share memory files";
    const DESCRIPTION: &'static str = "Copy one of your memory files, or all with `*`, to where everybody reads them. A file of that name with another text stays unless `on_conflict` says otherwise; `dry_run` only says what would happen.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::High;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.filename.effects(MemoryArea::Personal, MemoryArea::Shared, self.on_conflict, self.dry_run)
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let mut copying = Copying::new(cx, MemoryArea::Personal, MemoryArea::Shared, Deed::Shared);
        copying.conflict = self.on_conflict;
        copying.dry_run = self.dry_run;
        let copied = copying.copy(&self.filename).await?;
        let status = match self.filename {
            _ if copied.is_empty() => "empty",
            _ if self.dry_run => "checked",
            Which::All => "shared_all",
            Which::One(_) => "shared",
        };
        Ok(Answer { status, user: cx.caller().user.as_str().to_owned(), total: copied.total(), copied })
    }
}
