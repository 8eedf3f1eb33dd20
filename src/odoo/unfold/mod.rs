//! The effects of a call with nothing left to hide: what x2many commands, `default_` members of the
//! context, empty field lists and dotted paths do, stated as effects and field uses of their own.
//!
//! The work is done by a pure function over the definitions that are known; when it meets a model it
//! does not know, the definitions are fetched and it starts again. Deliberately absent: any judgement.
//! Models that nobody may touch appear here like all others, for the policy to see.

mod commands;
mod one_effect;
mod paths;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Connections, ModelSchema, OdooClient, OdooError, pipeline_steps, reports, translations};
use crate::facts::{ConnectionAlias, Effect, JsonObject, ModelName, Part, RecordEffect};
use one_effect::Unfolding;

/// Models whose definitions one call may need.
const MODELS_MAX: usize = 64;
/// Nested effects of one call: a large order has a few hundred lines, created by one effect.
const NESTED_MAX: usize = 1_000;
/// Commands within commands: orders with lines with taxes are two deep.
const NESTED_DEEP_MAX: usize = 8;

/// Definitions by connection and model.
type Known = BTreeMap<(ConnectionAlias, ModelName), Arc<ModelSchema>>;

/// Why the work stopped.
#[derive(Debug)]
enum Stop {
    /// The definitions of this model are needed.
    Wanted(ModelName),
    Failed(OdooError),
}

impl From<OdooError> for Stop {
    fn from(error: OdooError) -> Self {
        Self::Failed(error)
    }
}

/// Unfolds one effect with definitions that are at hand, as `fields_get` answers them. For those who
/// bring definitions of their own; a model without any is an error.
pub fn unfold_with(
    effect: &RecordEffect,
    definitions: &BTreeMap<ModelName, JsonObject>,
) -> Result<Vec<RecordEffect>, OdooError> {
    let schema = |(model, answer): (&ModelName, &JsonObject)| {
        ((effect.connection.clone(), model.clone()), Arc::new(ModelSchema::read(model, answer)))
    };
    if effect.unplaced_steps().is_some() {
        return Err(OdooError::BadCall {
            why: "the steps of a pipeline stand in Odoo; state what they call".to_owned(),
            hint: None,
        });
    }
    let known: Known = definitions.iter().map(schema).collect();
    Unfolding::new(&known, &effect.connection, NESTED_MAX).of(effect).map_err(|stop| match stop {
        Stop::Wanted(model) => {
            OdooError::BadCall { why: format!("the definitions of `{model}` are not at hand"), hint: None }
        }
        Stop::Failed(error) => error,
    })
}

/// Unfolds effects with the field definitions of their connections. Idempotent, and in an order that
/// depends on the call alone: what hides in an effect follows it.
pub async fn unfold(effects: &[Effect], connections: &Connections) -> Result<Vec<Effect>, OdooError> {
    let mut known = Known::new();
    let mut refreshed = BTreeSet::new();
    let mut unfolded = Vec::with_capacity(effects.len());
    let mut budget = NESTED_MAX;
    for effect in effects {
        let Effect::Records(record) = effect else {
            unfolded.push(effect.clone());
            continue;
        };
        if record.part == Part::Nested {
            continue;
        }
        let client = connections.get(&record.connection)?;
        for record in &placed(record, &client).await? {
            let parts = loop {
                match Unfolding::new(&known, &record.connection, budget).of(record) {
                    Ok(parts) => break parts,
                    Err(Stop::Wanted(model)) => {
                        if known.len() >= MODELS_MAX {
                            return Err(OdooError::BadCall {
                                why: format!("the call reaches more than {MODELS_MAX} models"),
                                hint: None,
                            });
                        }
                        let schema = client.schema(&model).await?;
                        known.insert((record.connection.clone(), model), schema);
                    }
                    // The definitions may be older than the field.
                    Err(Stop::Failed(OdooError::UnknownField { model, field, .. }))
                        if refreshed.insert((record.connection.clone(), model.clone(), field.clone())) =>
                    {
                        let schema = client.schema_knowing(&model, &field).await?;
                        known.insert((record.connection.clone(), model), schema);
                    }
                    Err(Stop::Failed(error)) => return Err(error),
                }
            };
            budget = budget.saturating_sub(parts.len().saturating_sub(1));
            unfolded.extend(parts.into_iter().map(Effect::Records));
            unfolded.extend(translations::placed(record, &client).await?.into_iter().map(Effect::Records));
        }
    }
    Ok(unfolded)
}

/// The effect with what had to be looked up: the model of a report, the methods of steps.
async fn placed(effect: &RecordEffect, client: &OdooClient) -> Result<Vec<RecordEffect>, OdooError> {
    match pipeline_steps::placed(effect, client).await? {
        Some(placed) => Ok(placed),
        None => Ok(vec![reports::placed(effect, client).await?]),
    }
}
