//! Copying shared files to the caller's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::copying::{Copied, Copying, OnConflict, Which};
use crate::{
    facts::{Caller, Class, Effect, MemoryArea, Risk},
    memory::Deed,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Pull>()];

/// Arguments of `memory_pull`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pull {
    /// Name of a shared file, or `*` for all of them.
    filename: Which,
    /// A file of that name with another text: `skip` leaves it, `rename` gives the copy a number, `replace` replaces it.
    #[serde(default)]
    on_conflict: OnConflict,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// Result of `memory_pull`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `pulled`, `pulled_all`, `checked` after a dry run, or `empty` where there was nothing to copy.
    status: &'static str,
    /// Whose files they are now.
    user: String,
    /// Files that were copied.
    total: usize,
    #[serde(flatten)]
    copied: Copied,
}

impl Tool for Pull {
    const NAME: &'static str = "memory_pull";
    const TITLE: &'static str = "Copy shared memory files";
    const DESCRIPTION: &'static str = "Copy a shared memory file, or all with `*`, to your own. Usually not needed: `memory_read` finds shared files as well. The copy stays marked as somebody else's text. Your own changes stay unless `on_conflict` says otherwise.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.filename.effects(MemoryArea::Shared, MemoryArea::Personal, self.on_conflict, self.dry_run)
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let mut copying = Copying::new(cx, MemoryArea::Shared, MemoryArea::Personal, Deed::Pulled);
        copying.conflict = self.on_conflict;
        copying.dry_run = self.dry_run;
        let copied = copying.copy(&self.filename).await?;
        let status = match self.filename {
            _ if copied.is_empty() => "empty",
            _ if self.dry_run => "checked",
            Which::All => "pulled_all",
            Which::One(_) => "pulled",
        };
        Ok(Answer { status, user: cx.caller().user.as_str().to_owned(), total: copied.total(), copied })
    }
}
