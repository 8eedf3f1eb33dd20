//! What the tools of this family have in common: arguments, effects, errors.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    config::InvoiceSettings,
    facts::{Caller, ConnectionAlias, Effect},
    invoices::{Engine, Finished, Rehearsal, RunError, RunRequest, effects, further_effects},
    tools::{CallContext, Helpers, ToolError},
    usage::Source,
};

/// How the document came here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CameBy {
    #[default]
    Upload,
    Gmail,
    Terminal,
    Api,
}

impl CameBy {
    pub(super) fn source(self) -> Source {
        match self {
            Self::Upload => Source::Upload,
            Self::Gmail => Source::Gmail,
            Self::Terminal => Source::Terminal,
            Self::Api => Source::Api,
        }
    }
}

/// An id that is there; 0 stands for none.
pub(super) fn given(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}

/// A text that is there, without white space around it.
pub(super) fn given_text(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An id that Odoo can have; 0 stands for none.
pub(super) fn is_id(id: i64) -> bool {
    (0..=i64::from(i32::MAX)).contains(&id)
}

/// Everything a run may do, before anything is known of the settings.
pub(super) fn usual_effects(
    connection: &ConnectionAlias,
    request: &RunRequest,
    rehearsal: bool,
) -> Vec<Effect> {
    effects(connection, request, &InvoiceSettings::default(), rehearsal)
}

/// What the settings and the plugins of this server add to it.
pub(super) fn more_effects(
    connection: &ConnectionAlias,
    request: &RunRequest,
    rehearsal: bool,
    helpers: &Helpers,
    with_plugins: bool,
) -> Vec<Effect> {
    let Some(engine) = &helpers.invoices else { return Vec::new() };
    let usual = usual_effects(connection, request, rehearsal);
    let mut more = effects(connection, request, engine.settings(), rehearsal);
    if with_plugins && !rehearsal {
        more.extend(further_effects(connection, request.move_id, &engine.registry().capabilities));
    }
    more.retain(|effect| !usual.contains(effect));
    more
}

/// The engine of this server.
pub(super) fn engine<'a>(cx: &'a CallContext<'_>) -> Result<&'a Engine, ToolError> {
    cx.helpers().invoices.as_ref().ok_or_else(|| ToolError::Stopped {
        code: "setup",
        message:
            "this server runs no bills: it shares its store with others, and the journal of bills is one \
                  of a single server"
                .to_owned(),
        hint: Some("ask the operator for a server with `store = \"files\"`".to_owned()),
    })
}

/// May this caller go past the budget, where it asks for that?
fn check_override(wanted: bool, caller: &Caller, engine: &Engine) -> Result<(), ToolError> {
    if !wanted || engine.settings().budget_override_grants.contains(&caller.grant) {
        return Ok(());
    }
    Err(worded(RunError::NoOverride))
}

/// What became of a run.
pub(super) enum Ran {
    /// Nothing was sent and nothing written.
    Rehearsed(Box<Rehearsal>),
    Finished(Box<Finished>),
}

/// Runs a bill for a caller, or only says what would happen.
pub(super) async fn run(
    cx: &CallContext<'_>,
    connection: &ConnectionAlias,
    tenant_code: &str,
    request: RunRequest,
    rehearsal: bool,
) -> Result<Ran, ToolError> {
    let engine = engine(cx)?;
    let odoo = cx.odoo(connection)?;
    engine.tenant(&odoo).must_be(tenant_code).map_err(|error| worded(error.into()))?;
    check_override(request.override_budget, cx.caller(), engine)?;
    if rehearsal {
        return Ok(Ran::Rehearsed(Box::new(engine.rehearse(&odoo, request).await.map_err(worded)?)));
    }
    let tell = |done: f64, total: f64, step: &str| cx.progress().report(done, Some(total), step);
    let finished = engine.run(&odoo, request, &tell, cx.plugin_requests()).await.map_err(worded)?;
    Ok(Ran::Finished(Box::new(finished)))
}

pub(super) fn worded(error: RunError) -> ToolError {
    match error {
        RunError::Odoo(error) => ToolError::Odoo(error),
        error => {
            let hint = Some(error.hint()).filter(|hint| !hint.is_empty());
            ToolError::Stopped { code: error.code(), message: error.to_string(), hint }
        }
    }
}
