//! One effect and everything that hides in it.

use std::{cell::Cell, collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{Known, NESTED_DEEP_MAX, Stop, paths::Uses};
use crate::{
    facts::{
        ConnectionAlias, FieldName, JsonObject, MethodName, ModelName, Operation, Part, RecordEffect, Use,
    },
    odoo::{FieldInfo, ModelSchema, OdooError, names_searched::DISPLAY_NAME},
};

/// Fields that every model has, whether or not its definitions tell.
const OF_EVERY_MODEL: &[&str] = &["id", DISPLAY_NAME];
/// Context of `load`: relations whose unknown names are made into records.
const NAMES_TO_CREATE: &str = "name_create_enabled_fields";

/// The definitions that are known, and how many nested effects may still come.
pub(super) struct Unfolding<'a> {
    known: &'a Known,
    connection: &'a ConnectionAlias,
    left: Cell<usize>,
}

impl<'a> Unfolding<'a> {
    pub(super) fn new(known: &'a Known, connection: &'a ConnectionAlias, nested_max: usize) -> Self {
        Self { known, connection, left: Cell::new(nested_max) }
    }

    /// The effect with everything it names, then the effects that hide in it.
    pub(super) fn of(&self, effect: &RecordEffect) -> Result<Vec<RecordEffect>, Stop> {
        let mut effect = effect.clone();
        let defaults: JsonObject =
            effect.defaults().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let mut nested = Vec::new();
        if needs_definitions(&effect) {
            self.set_defaults(&mut effect, &defaults)?;
            self.leave_out_what_is_missing(&mut effect)?;
            if effect.reads_every_field {
                let schema = self.schema(&effect.model)?;
                let own = schema.fields.values();
                let read = own.filter(|field| field.related.is_none() || !effect.leaves_out_related);
                effect.fields_read = read.filter_map(|field| FieldName::parse(&field.name).ok()).collect();
            }
            effect.uses = self.uses_of(&effect)?.into();
            let call = Call { method: effect.method.clone(), defaults: &defaults };
            let parents = Parents {
                known: effect.ids.as_deref().filter(|_| effect.operation == Operation::Write),
                count: match (&effect.ids, effect.operation) {
                    (Some(ids), _) => ids.len().max(1) as u64,
                    (None, _) => 1,
                },
                are_new: effect.operation == Operation::Create,
            };
            for values in effect.values.iter() {
                self.values(&call, &effect.model, values, &parents, 0, &mut nested)?;
            }
            if effect.values.is_empty() && effect.operation != Operation::Write {
                // What a method makes takes its defaults from the context.
                let schema = self.schema_if(&effect, &defaults)?;
                let given: JsonObject = defaults
                    .iter()
                    .filter(|(name, _)| schema.is_some_and(|schema| schema.field(name).is_some()))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                self.values(&call, &effect.model, &given, &parents, 0, &mut nested)?;
            }
            self.names_to_create(&effect, &mut nested)?;
        }
        let mut all = vec![effect];
        all.append(&mut nested);
        Ok(all)
    }

    fn schema_if(
        &self,
        effect: &RecordEffect,
        defaults: &JsonObject,
    ) -> Result<Option<&'a Arc<ModelSchema>>, Stop> {
        if defaults.is_empty() || !takes_defaults(effect) {
            return Ok(None);
        }
        self.schema(&effect.model).map(Some)
    }

    pub(super) fn schema(&self, model: &ModelName) -> Result<&'a Arc<ModelSchema>, Stop> {
        self.known.get(&(self.connection.clone(), model.clone())).ok_or_else(|| Stop::Wanted(model.clone()))
    }

    /// The definition of a field; nothing for those that need none.
    pub(super) fn field(&self, model: &ModelName, name: &str) -> Result<Option<&'a FieldInfo>, Stop> {
        let schema = self.schema(model)?;
        match schema.field(name) {
            None if OF_EVERY_MODEL.contains(&name) => Ok(None),
            _ => Ok(Some(schema.expect_field(name)?)),
        }
    }

    /// Fields of a module that is not installed are not there to be read or written.
    fn leave_out_what_is_missing(&self, effect: &mut RecordEffect) -> Result<(), Stop> {
        if effect.fields_optional.is_empty() {
            return Ok(());
        }
        let schema = self.schema(&effect.model)?;
        let optional = std::mem::take(&mut effect.fields_optional);
        let is_there =
            |field: &FieldName| !optional.contains(field) || schema.field(field.as_str()).is_some();
        effect.fields_read.retain(is_there);
        effect.fields_written.retain(is_there);
        effect.fields_filtered.retain(|path| FieldName::parse(path).map_or(true, |field| is_there(&field)));
        effect.fields_optional = optional;
        Ok(())
    }

    /// `default_x` writes field `x`, unless the values say otherwise.
    fn set_defaults(&self, effect: &mut RecordEffect, defaults: &JsonObject) -> Result<(), Stop> {
        let Some(schema) = self.schema_if(effect, defaults)? else { return Ok(()) };
        let mut written: BTreeSet<FieldName> = effect.fields_written.iter().cloned().collect();
        for name in defaults.keys().filter(|name| schema.field(name).is_some()) {
            written.insert(FieldName::parse(name).map_err(OdooError::from)?);
        }
        effect.fields_written = written.into_iter().collect();
        if effect.operation == Operation::Create {
            effect.values =
                effect.values.iter().map(|values| with_defaults(schema, values, defaults)).collect();
        }
        Ok(())
    }

    fn uses_of(&self, effect: &RecordEffect) -> Result<Vec<crate::facts::FieldUse>, Stop> {
        let mut uses = Uses::beginning_with(&effect.uses);
        let model = &effect.model;
        for field in &effect.fields_read {
            self.follow(&mut uses, model, field.as_str(), Use::Read)?;
        }
        for path in &effect.paths_read {
            let end = self.follow(&mut uses, model, path, Use::Read)?;
            if effect.method.as_str() == "export_data"
                && let Some(comodel) = &end.comodel
            {
                uses.add(comodel, DISPLAY_NAME, Use::Read)?;
            }
        }
        for field in &effect.fields_written {
            self.follow(&mut uses, model, field.as_str(), Use::Write)?;
        }
        for path in &effect.fields_filtered {
            self.follow(&mut uses, model, path, Use::Filter)?;
        }
        for path in &effect.fields_ordered {
            let end = self.follow(&mut uses, model, path, Use::Filter)?;
            self.names_compared(&mut uses, &end)?;
        }
        self.conditions(&mut uses, model, &effect.domain)?;
        Ok(uses.into_vec())
    }

    /// A nested effect, counted.
    pub(super) fn nested(
        &self,
        model: &ModelName,
        operation: Operation,
        depth: usize,
    ) -> Result<RecordEffect, Stop> {
        let too_many = |why: &str| Stop::from(OdooError::BadCall { why: why.to_owned(), hint: None });
        if depth >= NESTED_DEEP_MAX {
            return Err(too_many("commands stand too deep within each other"));
        }
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| too_many("the values hold too many commands"))?);
        let method = match operation {
            Operation::Create => "create",
            Operation::Unlink => "unlink",
            _ => "write",
        };
        let mut effect = RecordEffect::new(self.connection, model, operation, MethodName::known(method));
        effect.part = Part::Nested;
        Ok(effect)
    }

    /// The uses of a nested effect, once its fields are known.
    pub(super) fn with_uses(&self, mut effect: RecordEffect) -> Result<RecordEffect, Stop> {
        effect.uses = self.uses_of(&effect)?.into();
        Ok(effect)
    }

    /// `load` may make records of other models from names it does not find.
    fn names_to_create(&self, effect: &RecordEffect, nested: &mut Vec<RecordEffect>) -> Result<(), Stop> {
        if effect.method.as_str() != "load" {
            return Ok(());
        }
        let Some(Value::Object(enabled)) = effect.context.get(NAMES_TO_CREATE) else { return Ok(()) };
        for (path, _) in enabled.iter().filter(|(_, on)| !matches!(on, Value::Null | Value::Bool(false))) {
            let mut uses = Uses::default();
            let end = self.follow(&mut uses, &effect.model, &path.replace('/', "."), Use::Write)?;
            if let Some(comodel) = &end.comodel {
                let made = self.nested(comodel, Operation::Create, 0)?;
                let name: Vec<FieldName> = FieldName::parse(DISPLAY_NAME).into_iter().collect();
                nested.push(self.with_uses(made.writing(name))?);
            }
        }
        Ok(())
    }
}

/// What all values of a call have in common.
pub(super) struct Call<'a> {
    pub(super) method: MethodName,
    pub(super) defaults: &'a JsonObject,
}

/// The records that values belong to.
pub(super) struct Parents<'a> {
    pub(super) known: Option<&'a [i64]>,
    pub(super) count: u64,
    /// They are made by this very call, so nothing hangs on them yet.
    pub(super) are_new: bool,
}

fn takes_defaults(effect: &RecordEffect) -> bool {
    effect.part != Part::Auxiliary
        && matches!(
            effect.operation,
            Operation::Create | Operation::Execute | Operation::Mail | Operation::Report
        )
}

fn needs_definitions(effect: &RecordEffect) -> bool {
    // Pages have no definitions, and a report whose model is not known yet has none either.
    if effect.is_page() || effect.unplaced_report().is_some() || effect.unplaced_steps().is_some() {
        return false;
    }
    effect.reads_every_field
        || !effect.fields_read.is_empty()
        || !effect.paths_read.is_empty()
        || !effect.fields_written.is_empty()
        || !effect.fields_filtered.is_empty()
        || !effect.domain.is_empty()
        || effect.values.iter().any(|values| !values.is_empty())
        || effect.context.contains_key(NAMES_TO_CREATE)
        || (takes_defaults(effect) && effect.defaults().next().is_some())
}

/// Values and the defaults they leave to the context.
pub(super) fn with_defaults(schema: &ModelSchema, values: &JsonObject, defaults: &JsonObject) -> JsonObject {
    let mut values = values.clone();
    for (name, value) in defaults.iter().filter(|(name, _)| schema.field(name).is_some()) {
        if !values.contains_key(name) {
            values.insert(name.clone(), value.clone());
        }
    }
    values
}
