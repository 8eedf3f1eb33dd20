//! What both running tools are asked for: a record, whose tenant, and which steps.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use crate::{
    config::MethodPattern,
    facts::{ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, RecordEffect, StepsAsked},
    invoices::extraction,
    odoo::{
        Context, Domain, OdooError, PageQuery, PermittedOdoo, STEP_FIELDS, STEP_FILTERS, STEP_MODEL,
        STEP_ORDER, STEPS_MAX, StepRow, steps_query,
    },
    tools::{CallContext, ToolError},
    usage::Tenant,
};

/// Longest name of a pipeline or a step.
const NAME_CHARS_MAX: usize = 200;
/// Steps whose pipelines are looked through to name those that exist.
pub(super) const KNOWN_STEPS_MAX: u32 = 1_000;

/// How large a tenant is; steps may choose by it.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Tier {
    Starter,
    #[default]
    Business,
    Professional,
    Enterprise,
}

impl From<Tier> for extraction::Tier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Starter => Self::Starter,
            Tier::Business => Self::Business,
            Tier::Professional => Self::Professional,
            Tier::Enterprise => Self::Enterprise,
        }
    }
}

impl Tier {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Business => "business",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }
}

/// A name that may be empty where it is optional.
pub(super) fn short_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(serde::de::Error::custom(format!(
            "a name has up to {NAME_CHARS_MAX} visible characters"
        )));
    }
    Ok(text.trim().to_owned())
}

/// The id of a record.
pub(super) fn record_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let id = i64::deserialize(deserializer)?;
    if (1..=i64::from(i32::MAX)).contains(&id) {
        return Ok(id);
    }
    Err(serde::de::Error::custom("an id is a whole number from 1 up"))
}

/// The id of a step; zero names none.
pub(super) fn step_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let id = i64::deserialize(deserializer)?;
    if (0..=i64::from(i32::MAX)).contains(&id) {
        return Ok(id);
    }
    Err(serde::de::Error::custom("`step_id` is a whole number from 1 up"))
}

/// A read of steps, with what it compares.
pub(super) fn steps_read(connection: &ConnectionAlias, fields: &[&str], limit: u32) -> Effect {
    let fields: Vec<FieldName> = fields.iter().filter_map(|name| FieldName::parse(name).ok()).collect();
    let order = STEP_ORDER.split(", ").map(str::to_owned).collect();
    let model = ModelName::known(STEP_MODEL);
    Effect::Records(
        RecordEffect::new(connection, &model, Operation::Read, MethodName::known("search_read"))
            .reading(&fields)
            .filtering(STEP_FILTERS.iter().map(|name| (*name).to_owned()).collect())
            .ordering(order)
            .bounded(u64::from(limit)),
    )
}

/// What looking at the record and at the steps reads.
pub(super) fn looks(connection: &ConnectionAlias, model: &ModelName, record: i64) -> Vec<Effect> {
    let mut effects = Vec::new();
    let id: Vec<FieldName> = FieldName::parse("id").into_iter().collect();
    let looked_up = RecordEffect::new(connection, model, Operation::Read, MethodName::known("search_read"))
        .with_ids(&[record])
        .reading(&id)
        .filtering(vec!["id".to_owned()])
        .bounded(1)
        .auxiliary();
    effects.push(Effect::Records(looked_up));
    let Effect::Records(read) = steps_read(connection, STEP_FIELDS, KNOWN_STEPS_MAX) else { return effects };
    effects.push(Effect::Records(read.auxiliary()));
    effects
}

/// Refuses a record that is not there, or not for this caller.
pub(super) async fn check_record(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    id: i64,
) -> Result<(), ToolError> {
    let everybody = std::iter::once(("active_test".to_owned(), false.into())).collect();
    let query = PageQuery {
        model: model.clone(),
        domain: Domain::parse(json!([["id", "=", id]]))?,
        fields: FieldName::parse("id").into_iter().collect(),
        limit: 1,
        offset: 0,
        order: None,
        context: Context::new(everybody).map_err(OdooError::from)?,
    };
    if odoo.search_rows(&query).await?.is_empty() {
        return Err(ToolError::not_found(
            format!("`{model}` has no record {id}"),
            "look the record up with odoo_search",
        ));
    }
    Ok(())
}

/// The code of the tenant whose database this is; another one is refused.
pub(super) fn tenant(
    cx: &CallContext<'_>,
    odoo: &PermittedOdoo<'_>,
    given: &str,
) -> Result<String, ToolError> {
    let tenant = match &cx.helpers().usage {
        Some(ledger) => ledger.tenant(odoo.definition()),
        None => Tenant::of(odoo.definition()),
    };
    tenant.must_be(given).map_err(|error| ToolError::Stopped {
        code: error.code(),
        message: error.to_string(),
        hint: Some(format!("leave `tenant_code` out, or give `{}`", tenant.code)),
    })?;
    Ok(tenant.code)
}

/// The steps as they stand in Odoo now, at most so many.
pub(super) async fn steps(
    odoo: &PermittedOdoo<'_>,
    asked: &StepsAsked,
    dry_run: bool,
) -> Result<Vec<StepRow>, ToolError> {
    let found = if dry_run {
        odoo.steps_to_show(&asked.query()?).await?.iter().map(StepRow::read).collect()
    } else {
        odoo.steps_to_run(asked).await.map_err(changed)?
    };
    if found.len() > STEPS_MAX as usize {
        return Err(ToolError::too_large(
            format!("there are more than {STEPS_MAX} such steps"),
            "switch some of them off in Odoo, or divide the pipeline",
        ));
    }
    Ok(found)
}

/// What was decided on is no longer what stands in Odoo.
fn changed(error: OdooError) -> ToolError {
    match error {
        OdooError::NotPermitted { .. } => ToolError::conflict(
            "the steps were changed in Odoo after this call was decided on; nothing was run",
            "look at them with ai_pipeline_steps_list, then call again",
        ),
        other => other.into(),
    }
}

/// Every pipeline that has steps, and how many.
pub(super) async fn known_pipelines(odoo: &PermittedOdoo<'_>) -> Result<Vec<KnownPipeline>, OdooError> {
    let query = steps_query(Domain::default(), &["pipeline", "active"], KNOWN_STEPS_MAX)?;
    let mut known: Vec<KnownPipeline> = Vec::new();
    for row in odoo.steps_to_show(&query).await? {
        let step = StepRow::read(&row);
        let place = known.iter().position(|pipeline| pipeline.name == step.pipeline);
        let place = place.unwrap_or_else(|| {
            known.push(KnownPipeline { name: step.pipeline.clone(), steps: 0, inactive: 0 });
            known.len() - 1
        });
        if let Some(pipeline) = known.get_mut(place) {
            if step.active { pipeline.steps += 1 } else { pipeline.inactive += 1 }
        }
    }
    known.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(known)
}

/// A pipeline and how many steps it has.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KnownPipeline {
    pub(super) name: String,
    /// Steps that run.
    pub(super) steps: u32,
    /// Steps that are switched off.
    pub(super) inactive: u32,
}

/// Names for an error.
pub(super) fn shown(known: &[KnownPipeline]) -> String {
    /// A hint is read by a person.
    const SHOWN_MAX: usize = 20;
    if known.is_empty() {
        return "no step exists yet; steps are made in Odoo".to_owned();
    }
    let names: Vec<String> =
        known.iter().take(SHOWN_MAX).map(|pipeline| format!("`{}`", pipeline.name)).collect();
    format!("known pipelines: {}", names.join(", "))
}

/// Why a step is not called in Odoo, whatever its gates say; nothing where it is.
pub(super) fn refusal(step: &StepRow, allowed: &[MethodPattern]) -> Option<String> {
    if step.is_local() {
        return None;
    }
    match step.target() {
        Err(why) => Some(why),
        Ok((model, method)) => {
            let is_allowed = allowed.iter().any(|pattern| pattern.allows(model.as_str(), method.as_str()));
            (!is_allowed).then(|| {
                format!("`{model}:{method}` is not among the methods that steps may call (invoices.pipeline_methods)")
            })
        }
    }
}

/// Refuses a run in which a step names what nobody may call. Nothing has been run then.
pub(super) fn check_allowed(steps: &[StepRow], allowed: &[MethodPattern]) -> Result<(), ToolError> {
    let refused: Vec<String> = steps
        .iter()
        .filter_map(|step| Some(format!("step `{}`: {}", step.name, refusal(step, allowed)?)))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(ToolError::Stopped {
        code: "step_not_allowed",
        message: format!("nothing was run: {}", refused.join("; ")),
        hint: Some(
            "the operator decides which methods steps may call; `dry_run` shows every step".to_owned(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_unless_it_is_named() {
        let step = |model: &str, method: &str| StepRow {
            name: "S".to_owned(),
            model: model.to_owned(),
            method: method.to_owned(),
            ..StepRow::default()
        };
        assert!(refusal(&step("ai.test.steps", "step_note"), &[]).is_some());
        assert!(refusal(&step("mcp.invoice", "anything"), &[]).is_none());
        assert!(check_allowed(&[step("res.partner", "unlink")], &[]).is_err());
        assert!(check_allowed(&[], &[]).is_ok());
    }
}
