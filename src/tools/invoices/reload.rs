//! `ai_invoice_plugins_reload`: the plugins of the pipeline are looked at again.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    facts::{Caller, Class, Effect, JsonObject, Risk},
    plugins::{ReloadReport, ReloadRequest, Status},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<PluginsReload>()];

/// Names in `only`.
const ONLY_MAX: usize = 64;
/// Failures that an error repeats.
const FAILURES_SHOWN_MAX: usize = 10;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PluginsReload {
    /// Directory to load from: empty for the configured one, or one that the operator allows.
    #[serde(default)]
    plugins_dir: String,
    /// Only check and say what would happen; no plugin is opened.
    #[serde(default)]
    dry_run: bool,
    /// Publish nothing unless everything succeeds.
    #[serde(default)]
    strict: bool,
    /// Names of the only plugins to look at again; empty for all.
    #[serde(default)]
    only: Vec<String>,
}

impl Tool for PluginsReload {
    const NAME: &'static str = "ai_invoice_plugins_reload";
    const TITLE: &'static str = "Reload pipeline plugins";
    const DESCRIPTION: &'static str = "Look at the native plugins of the invoice pipeline again: load what \
        is new, keep what is unchanged or fails to update, drop what is gone. Every file seen is listed with \
        its status and reason. Runs that are under way keep the steps they began with. With `dry_run`, \
        everything that needs no code of a plugin is checked and nothing is opened.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    const IDEMPOTENT: bool = true;
    type Output = ReloadReport;

    /// None: nothing of Odoo or of a connection is touched. A rule decides by the tool and its class.
    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ReloadReport, ToolError> {
        if self.only.len() > ONLY_MAX {
            return Err(ToolError::arguments(format!("`only` takes at most {ONLY_MAX} names")));
        }
        let Some(plugins) = &cx.helpers().plugins else {
            return Err(ToolError::Stopped {
                code: "disabled",
                message: "plugins are not enabled on this server".to_owned(),
                hint: Some("the operator enables them with `enabled = true` in `[plugins]`".to_owned()),
            });
        };
        let request = ReloadRequest {
            plugins_dir: self.plugins_dir,
            dry_run: self.dry_run,
            strict: self.strict,
            only: self.only,
        };
        let report = plugins.reload(request).await;
        if report.is_error { Err(failure(&report)) } else { Ok(report) }
    }
}

/// Nothing could be published, or a strict reload found a failure: the error says why in one sentence,
/// and the report says the same plugin by plugin.
fn failure(report: &ReloadReport) -> ToolError {
    let (code, message, hint) = match report.refusal() {
        Some(refusal) => (refusal.reason.word(), refusal.message, None),
        None => (
            "nothing_published",
            format!("no plugin was changed; {}", failures(report)),
            Some("mend the plugins named here; the steps of before are still in force".to_owned()),
        ),
    };
    let mut members = match serde_json::to_value(report) {
        Ok(Value::Object(members)) => members,
        _ => JsonObject::new(),
    };
    // The error has a message of its own.
    members.remove("message");
    ToolError::Reported { code, message, hint, report: Box::new(members) }
}

fn failures(report: &ReloadReport) -> String {
    let failed = report
        .plugins
        .iter()
        .filter(|plugin| matches!(plugin.status, Status::Failed | Status::KeptPrevious))
        .map(|plugin| {
            let code = plugin.reason_code.map_or("failed", |reason| reason.word());
            format!("`{}` ({code}): {}", plugin.name, plugin.message.as_deref().unwrap_or_default())
        });
    failed.take(FAILURES_SHOWN_MAX).collect::<Vec<_>>().join("; ")
}
