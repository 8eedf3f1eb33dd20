//! What a reload is asked, and what it answers: every file seen, with its outcome and the reason.

use schemars::JsonSchema;
use serde::Serialize;

use super::reason::{Reason, Refusal};

/// How to reload.
#[derive(Debug, Clone, Default)]
pub struct ReloadRequest {
    /// Empty means the configured directory.
    pub plugins_dir: String,
    /// Check and plan only; nothing is opened.
    pub dry_run: bool,
    /// Publish only where nothing failed.
    pub strict: bool,
    /// The only plugins to look at again; empty means all.
    pub only: Vec<String>,
}

/// What a reload did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReloadReport {
    /// The directory that was read; empty where it was not allowed.
    pub plugins_dir: String,
    /// Names of the plugins that are active now.
    pub loaded: Vec<String>,
    /// Steps of the server and of plugins together.
    pub total_steps_registered: usize,
    pub dry_run: bool,
    /// Did a new registry take effect?
    pub published: bool,
    /// Grows with each registry that took effect.
    pub generation: u64,
    /// The version of the plugin interface of this server.
    pub abi: String,
    pub duration_ms: u64,
    pub counts: ReloadCounts,
    pub plugins: Vec<PluginReport>,
    /// Why the whole reload was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Was this a failure as a whole?
    pub is_error: bool,
}

impl ReloadReport {
    /// The refusal of the whole reload, where it was one.
    pub fn refusal(&self) -> Option<Refusal> {
        let reason = self.reason_code?;
        Some(Refusal::new(reason, self.message.clone().unwrap_or_default()))
    }
}

/// How many plugins ended how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReloadCounts {
    pub loaded: usize,
    pub unchanged: usize,
    pub kept_previous: usize,
    pub skipped: usize,
    pub failed: usize,
    pub retired: usize,
}

/// How one plugin fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Loaded,
    Unchanged,
    KeptPrevious,
    Skipped,
    Failed,
    Retired,
}

/// One plugin, or one entry of the directory that is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PluginReport {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `in_process` or `process`: how it runs, which may be stricter than its manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureReport>,
    pub steps: Vec<StepReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<String>,
}

/// Who vouches for a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignatureReport {
    pub status: SignatureStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureStatus {
    Valid,
    Absent,
    Invalid,
    UnknownKey,
    Revoked,
    Off,
}

/// One step of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepReport {
    pub name: String,
    pub sequence: u32,
}
