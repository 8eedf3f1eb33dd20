//! What comes back from Odoo, made into what the caller may see: fields that do not exist for them
//! are gone, masked ones keep their place, and what lies outside their records keeps its id alone.
//!
//! The work is done on decoded answers by a pure walk over the definitions that are known; when it
//! meets a model it does not know, or a related record whose scope it does not know, that is fetched
//! and it starts again. Deliberately absent: any judgement of calls. A name that may not be read is
//! refused before anything is sent; here it is left out once more.

mod answers;
mod asked;
mod definitions;
mod exports;
mod groups;
mod masks;
mod rights;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    Call, Context, Domain, ModelSchema, OdooClient, OdooError, connections::Digests, default_order, fault,
};
use crate::{
    facts::{Effect, FieldName, JsonObject, MethodName, ModelName},
    policy::{Shown, Sight},
};
pub(super) use asked::Asked;
pub(super) use rights::Rights;
use rights::Seen;
use rows::Walk;

/// Models whose definitions one answer may need.
const MODELS_MAX: usize = 64;
/// Rounds of fetching: related fields that lead through related fields.
const ROUNDS_MAX: usize = 12;
/// Ids of one request that asks which related records are within the caller's scope.
const IDS_AT_ONCE: usize = 2_000;

/// What a caller may see, and the key of the digests they see.
pub(super) struct Eyes {
    rights: Box<dyn Rights>,
    digests: Digests,
}

/// What was fetched so far for one answer.
#[derive(Debug, Default)]
pub(super) struct Known {
    schemas: HashMap<ModelName, Arc<ModelSchema>>,
    /// Related records that were asked about, and those of them that are within the caller's scope.
    asked: HashMap<ModelName, HashSet<i64>>,
    within: HashMap<ModelName, HashSet<i64>>,
}

/// What has to be fetched before the answer can be given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    schemas: BTreeSet<ModelName>,
    scopes: BTreeMap<ModelName, BTreeSet<i64>>,
}

impl Needs {
    fn is_empty(&self) -> bool {
        self.schemas.is_empty() && self.scopes.is_empty()
    }
}

impl std::fmt::Debug for Eyes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Eyes")
    }
}

impl Eyes {
    pub(super) fn new(rights: impl Rights + 'static, digests: Digests) -> Self {
        Self { rights: Box::new(rights), digests }
    }

    /// Does any rule narrow what this caller sees, of whatever model?
    pub(super) fn narrow(&self) -> bool {
        self.rights.narrows()
    }

    /// The conditions that every read of the model is joined with.
    pub(super) fn scope(&self, model: &ModelName) -> Result<Domain, OdooError> {
        scope(&*self.rights, model)
    }

    /// May names of this model's records be seen as they are, as far as the rules themselves tell?
    pub(super) fn shows_names(&self, model: &ModelName) -> bool {
        Seen::new(&*self.rights).own_right(model, rights::DISPLAY_NAME) == Shown::Plain
    }

    /// Does a value of this field come back as it is?
    pub(super) fn shows_plainly(&self, model: &ModelName, field: &FieldName) -> bool {
        Seen::new(&*self.rights).own_right(model, field.as_str()) == Shown::Plain
    }

    /// Does a value of this field come back as it is, whatever it is computed from?
    pub(super) fn shows_value(&self, schema: &ModelSchema, field: &FieldName) -> bool {
        let seen = Seen::new(&*self.rights);
        let own = seen.computed_right(schema, field.as_str());
        let info = schema.field(field.as_str());
        own == Shown::Plain && info.is_none_or(|info| seen.at_hand(schema, info) == Shown::Plain)
    }

    /// The answer as the caller may see it.
    pub(super) async fn redacted(
        &self,
        client: &OdooClient,
        asked: &Asked,
        answer: Value,
    ) -> Result<Value, OdooError> {
        if !self.narrow() || !asked.may_show_values() {
            return Ok(answer);
        }
        let mut known = Known::default();
        for _ in 0..ROUNDS_MAX {
            let mut attempt = answer.clone();
            let mut walk = Walk::new(&*self.rights, &self.digests, &known);
            walk.answer(asked, &mut attempt)?;
            let needs = walk.into_needs();
            if needs.is_empty() {
                return Ok(attempt);
            }
            self.fetch(client, &mut known, needs).await?;
        }
        Err(too_far())
    }

    /// Rows of one model as the caller may see them.
    pub(super) async fn redact_rows(
        &self,
        client: &OdooClient,
        model: &ModelName,
        rows: &mut Vec<JsonObject>,
    ) -> Result<(), OdooError> {
        if !self.narrow() || rows.is_empty() {
            return Ok(());
        }
        let answer = Value::Array(std::mem::take(rows).into_iter().map(Value::Object).collect());
        let redacted = self.redacted(client, &Asked::rows_of(model), answer).await?;
        if let Value::Array(items) = redacted {
            *rows = items
                .into_iter()
                .filter_map(|item| if let Value::Object(row) = item { Some(row) } else { None })
                .collect();
        }
        Ok(())
    }

    async fn fetch(&self, client: &OdooClient, known: &mut Known, needs: Needs) -> Result<(), OdooError> {
        for model in needs.schemas {
            if known.schemas.len() >= MODELS_MAX {
                return Err(too_far());
            }
            let schema = client.schema(&model).await.map_err(|error| error.about_a_check(&model))?;
            known.schemas.insert(model, schema);
        }
        for (model, ids) in needs.scopes {
            let ids: Vec<i64> = ids.into_iter().collect();
            let within = within_scope(&*self.rights, client, &model, &ids, &Context::default()).await?;
            known.asked.entry(model.clone()).or_default().extend(ids);
            known.within.entry(model).or_default().extend(within);
        }
        Ok(())
    }

    /// Which of these records are within the caller's scope, archived ones included.
    pub(super) async fn within_scope(
        &self,
        client: &OdooClient,
        model: &ModelName,
        ids: &[i64],
        context: &Context,
    ) -> Result<HashSet<i64>, OdooError> {
        within_scope(&*self.rights, client, model, ids, context).await
    }

    /// The definitions without the fields that do not exist for this caller.
    pub(super) fn visible(&self, schema: Arc<ModelSchema>) -> Arc<ModelSchema> {
        if !self.narrow() {
            return schema;
        }
        let seen = Seen::new(&*self.rights);
        let hides = schema.fields.values().any(|field| seen.at_hand(&schema, field) == Shown::Never);
        if !hides {
            return schema;
        }
        let mut visible = ModelSchema::clone(&schema);
        visible.fields.retain(|_, field| seen.at_hand(&schema, field) != Shown::Never);
        Arc::new(visible)
    }

    /// Names without those of fields that do not exist for this caller.
    pub(super) fn visible_names(&self, model: &ModelName, names: &[String]) -> Vec<String> {
        visible_names(&*self.rights, model, names)
    }

    /// A model's own order without terms that would tell the order of hidden or masked values.
    pub(super) fn visible_order(&self, model: &ModelName, order: &Arc<str>) -> Option<Arc<str>> {
        let seen = Seen::new(&*self.rights);
        default_order::without(order, |field| seen.own_right(model, field) != Shown::Plain)
    }

    /// An error that says nothing of what the caller may not see. `models` are those of the call.
    pub(super) fn worded<'m>(
        &self,
        error: OdooError,
        models: impl IntoIterator<Item = &'m ModelName>,
    ) -> OdooError {
        worded(&*self.rights, error, models)
    }
}

/// An error from before there was a permit, without what the caller may not see.
pub fn worded_for(sight: &Sight, error: OdooError, effects: &[Effect]) -> OdooError {
    worded(sight, error, models_of(effects))
}

/// Every model that effects name.
pub(super) fn models_of(effects: &[Effect]) -> impl Iterator<Item = &ModelName> {
    let records = effects.iter().filter_map(Effect::records);
    records
        .flat_map(|effect| std::iter::once(&effect.model).chain(effect.uses.iter().map(|used| &used.model)))
}

fn worded<'m>(
    rights: &dyn Rights,
    error: OdooError,
    models: impl IntoIterator<Item = &'m ModelName>,
) -> OdooError {
    if !rights.narrows() {
        return error;
    }
    match error {
        OdooError::Fault { kind, exception, model, method, hint, .. }
            if models.into_iter().any(|model| rights.redacts(model)) =>
        {
            let message = fault::closed_message(kind).to_owned();
            OdooError::Fault { kind, exception, message, model, method, hint }
        }
        OdooError::UnknownField { model, field, nearest, answered } => {
            let nearest = visible_names(rights, &model, &nearest);
            OdooError::UnknownField { model, field, nearest, answered }
        }
        other => other,
    }
}

fn visible_names(rights: &dyn Rights, model: &ModelName, names: &[String]) -> Vec<String> {
    let seen = Seen::new(rights);
    names.iter().filter(|name| seen.own_right(model, name) != Shown::Never).cloned().collect()
}

fn too_far() -> OdooError {
    OdooError::Closed { why: "the answer reaches too many models to say what of it may be shown".to_owned() }
}

/// The domains of the rules, joined and checked.
fn scope(rights: &dyn Rights, model: &ModelName) -> Result<Domain, OdooError> {
    let mut joined = Domain::default();
    for domain in rights.read_domains(model) {
        joined = joined.and(Domain::parse(Value::Array(domain.to_vec()))?);
    }
    Ok(joined)
}

async fn within_scope(
    rights: &dyn Rights,
    client: &OdooClient,
    model: &ModelName,
    ids: &[i64],
    context: &Context,
) -> Result<HashSet<i64>, OdooError> {
    let scope = scope(rights, model)?;
    let mut within = HashSet::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let domain = Domain::parse(json!([["id", "in", ids]]))?.and(scope.clone());
        let call = Call::new(model, MethodName::known("search"))
            .arg("domain", domain.into())
            .within(&context.clone().with_active_test(false));
        let answer = client.call(call).await.map_err(|error| error.about_a_check(model))?;
        let Value::Array(found) = answer else { return Err(client.bad_answer("ids are no list")) };
        within.extend(found.iter().filter_map(Value::as_i64));
    }
    Ok(within)
}
