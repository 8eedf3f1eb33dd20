//! Commands of x2many fields: what they do to records of the other model.
//!
//! Shapes that Odoo would bend into something else are refused: to it `true` is the number 1, `2.0`
//! deletes like `2`, and the text `57` is the records `5` and `7`.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Stop,
    one_effect::{Call, Parents, Unfolding, with_defaults},
};
use crate::{
    facts::{FieldName, JsonObject, ModelName, Operation, RecordEffect},
    odoo::{
        FieldInfo, FieldType, OdooError,
        command_codes::{CLEAR, CREATE, DELETE, LINK, SET, UNLINK, UPDATE},
        record_ids::record_id,
    },
    policy::closed_by_itself,
};

/// Ids that one command may set.
const IDS_MAX: usize = 10_000;

/// What the commands of one field do, sorted by deed.
#[derive(Debug, Default)]
struct Deeds {
    created: Vec<JsonObject>,
    updated: Vec<(Option<i64>, JsonObject)>,
    deleted: Vec<i64>,
    /// Records leave the list of their parent; which ones only Odoo knows.
    some_leave: bool,
    left: Vec<i64>,
    linked: Vec<i64>,
    some_linked: bool,
}

impl Unfolding<'_> {
    /// What hides in the values of one record.
    pub(super) fn values(
        &self,
        call: &Call<'_>,
        model: &ModelName,
        values: &JsonObject,
        parents: &Parents<'_>,
        depth: usize,
        nested: &mut Vec<RecordEffect>,
    ) -> Result<(), Stop> {
        for (name, value) in values {
            let Some(field) = self.field(model, name)? else { continue };
            if matches!(field.kind, FieldType::Properties) && changes_definitions(value) {
                return Err(invalid(model, field, "it would change which properties there are").into());
            }
            if !field.kind.is_x2many() {
                continue;
            }
            // Commands for a model that nobody can name are commands that nobody can judge.
            let Some(comodel) = &field.relation else {
                return Err(invalid(model, field, "its definition names no model").into());
            };
            let deeds = Reading { model, field, of_table: call.method.as_str() == "load" }.deeds(value)?;
            self.done(call, field, comodel, deeds, parents, depth, nested)?;
        }
        Ok(())
    }

    /// The deeds as effects, each followed by what hides in it.
    #[expect(clippy::too_many_arguments, reason = "they are one place in a tree of values")]
    fn done(
        &self,
        call: &Call<'_>,
        field: &FieldInfo,
        comodel: &ModelName,
        deeds: Deeds,
        parents: &Parents<'_>,
        depth: usize,
        nested: &mut Vec<RecordEffect>,
    ) -> Result<(), Stop> {
        let owns = field.kind == FieldType::One2many;
        let inverse = field.relation_field.as_deref().filter(|_| owns);
        let schema = self.schema(comodel)?;
        if !deeds.created.is_empty() {
            let per_parent = deeds.created.len() as u64;
            let made: Vec<JsonObject> = deeds
                .created
                .into_iter()
                .map(|values| with_defaults(schema, &with_parent(values, inverse, parents), call.defaults))
                .collect();
            let effect = self.nested(comodel, Operation::Create, depth)?;
            let count = per_parent.saturating_mul(parents.count.max(1));
            let effect = effect.writing(names_of(&made, inverse)?).with_values(made.into()).bounded(count);
            let made = Arc::clone(&effect.values);
            nested.push(self.with_uses(effect)?);
            let inner = Parents { known: None, count, are_new: true };
            for values in made.iter() {
                self.values(call, comodel, values, &inner, depth + 1, nested)?;
            }
        }
        for (id, values) in deeds.updated {
            let ids: Vec<i64> = id.into_iter().collect();
            let effect = self.nested(comodel, Operation::Write, depth)?.writing(names_of([&values], None)?);
            let effect = if ids.is_empty() { effect } else { effect.with_ids(&ids) };
            let effect = effect.with_values(Arc::from([values.clone()])).bounded(1);
            nested.push(self.with_uses(effect)?);
            let inner = Parents { known: Some(&ids), count: 1, are_new: false };
            self.values(call, comodel, &values, &inner, depth + 1, nested)?;
        }
        if !deeds.deleted.is_empty() {
            nested.push(on(self.nested(comodel, Operation::Unlink, depth)?, &deeds.deleted));
        }
        if owns {
            if !deeds.left.is_empty() {
                nested.push(on(self.nested(comodel, Operation::Unlink, depth)?, &deeds.left));
            }
            if deeds.some_leave && !parents.are_new {
                nested.push(self.nested(comodel, Operation::Unlink, depth)?);
            }
        }
        // Lines that are linked get another document. Linking elsewhere changes the field here alone,
        // unless to be linked is to be given rights.
        let touches_them = owns || closed_to_links(comodel);
        let moved = if owns { deeds.linked } else { [deeds.linked, deeds.left].concat() };
        let some_unknown = deeds.some_linked || (deeds.some_leave && !owns);
        if touches_them && (some_unknown || !moved.is_empty()) {
            let values = with_parent(JsonObject::new(), inverse, parents);
            let written = if owns { inverse } else { field.relation_field.as_deref() };
            let effect = self.nested(comodel, Operation::Write, depth)?;
            let effect = effect.writing(names_of([&values], written)?);
            let effect = if values.is_empty() { effect } else { effect.with_values(Arc::from([values])) };
            let effect = if moved.is_empty() { effect } else { on(effect, &moved) };
            nested.push(self.with_uses(effect)?);
        }
        Ok(())
    }
}

fn on(effect: RecordEffect, ids: &[i64]) -> RecordEffect {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    effect.with_ids(&ids).bounded(ids.len() as u64)
}

/// Records that give rights or carry code: to be linked is to be changed.
fn closed_to_links(model: &ModelName) -> bool {
    closed_by_itself(model.as_str()).is_some()
}

/// The values of a line, with the document it belongs to where that is known.
fn with_parent(mut values: JsonObject, inverse: Option<&str>, parents: &Parents<'_>) -> JsonObject {
    if let (Some(inverse), Some([parent])) = (inverse, parents.known) {
        values.insert(inverse.to_owned(), Value::from(*parent));
    }
    values
}

fn names_of<'v>(
    records: impl IntoIterator<Item = &'v JsonObject>,
    inverse: Option<&str>,
) -> Result<Vec<FieldName>, OdooError> {
    let mut names = std::collections::BTreeSet::new();
    for name in records.into_iter().flat_map(JsonObject::keys) {
        names.insert(FieldName::parse(name)?);
    }
    if let Some(inverse) = inverse {
        names.insert(FieldName::parse(inverse)?);
    }
    Ok(names.into_iter().collect())
}

/// Properties that are added, changed or dropped live in another record.
fn changes_definitions(value: &Value) -> bool {
    let Value::Array(properties) = value else { return false };
    properties.iter().any(|property| {
        ["definition_changed", "definition_deleted"]
            .iter()
            .any(|key| property.get(*key).is_some_and(|on| !matches!(on, Value::Null | Value::Bool(false))))
    })
}

fn invalid(model: &ModelName, field: &FieldInfo, why: &str) -> OdooError {
    OdooError::InvalidValue { model: model.clone(), field: field.name.clone(), why: why.to_owned() }
}

/// The value of one x2many field.
struct Reading<'a> {
    model: &'a ModelName,
    field: &'a FieldInfo,
    /// It stands in a table for `load`, where text names records.
    of_table: bool,
}

impl Reading<'_> {
    fn refuse<T>(&self, why: &str) -> Result<T, OdooError> {
        Err(invalid(self.model, self.field, why))
    }

    fn deeds(&self, value: &Value) -> Result<Deeds, OdooError> {
        let mut deeds = Deeds::default();
        match value {
            // Nothing, as a value, empties the list.
            Value::Null | Value::Bool(false) if !self.of_table => deeds.some_leave = true,
            Value::Null | Value::Bool(false) => {}
            Value::String(text) if self.of_table => deeds.some_linked = !text.is_empty(),
            Value::Number(_) if self.of_table => deeds.linked.extend(record_id(value)),
            Value::Array(items) if items.first().is_some_and(|first| !first.is_array()) => {
                deeds.linked = self.ids(items)?;
                deeds.some_leave = true;
            }
            Value::Array(commands) => {
                for command in commands {
                    self.command(command, &mut deeds)?;
                }
            }
            _ => return self.refuse("it takes a list of commands such as `[[6, 0, [1, 2]]]`"),
        }
        Ok(deeds)
    }

    fn command(&self, command: &Value, deeds: &mut Deeds) -> Result<(), OdooError> {
        let Some(parts) = command.as_array().filter(|parts| (1..=3).contains(&parts.len())) else {
            return self.refuse("a command is a list such as `[4, 7, 0]`");
        };
        let Some(code) = parts.first().and_then(Value::as_i64) else {
            return self.refuse("a command begins with a number from 0 to 6");
        };
        let (second, third) = (parts.get(1).unwrap_or(&Value::Null), parts.get(2).unwrap_or(&Value::Null));
        match (code, record_id(second), third) {
            (CREATE, _, Value::Object(values)) => deeds.created.push(values.clone()),
            (CREATE, ..) => return self.refuse("`[0, 0, {values}]` makes a record"),
            (UPDATE, Some(id), Value::Object(values)) => deeds.updated.push((Some(id), values.clone())),
            (UPDATE, None, Value::Object(values)) if self.of_table => {
                deeds.updated.push((None, values.clone()));
            }
            (UPDATE, ..) => return self.refuse("`[1, id, {values}]` changes a record"),
            (DELETE, Some(id), _) => deeds.deleted.push(id),
            (UNLINK, Some(id), _) => deeds.left.push(id),
            (LINK, Some(id), _) => deeds.linked.push(id),
            (DELETE | UNLINK | LINK, ..) => {
                return self.refuse("the commands 2, 3 and 4 take the id of one record");
            }
            (CLEAR, ..) => deeds.some_leave = true,
            (SET, _, Value::Array(ids)) => {
                deeds.linked.extend(self.ids(ids)?);
                deeds.some_leave = true;
            }
            (SET, ..) => return self.refuse("`[6, 0, [ids]]` sets the list to these records"),
            _ => return self.refuse("a command begins with a number from 0 to 6"),
        }
        Ok(())
    }

    fn ids(&self, items: &[Value]) -> Result<Vec<i64>, OdooError> {
        let ids: Option<Vec<i64>> = items.iter().map(record_id).collect();
        match ids {
            Some(ids) if ids.len() <= IDS_MAX => Ok(ids),
            _ => self.refuse("a list of records holds ids, whole numbers from 1 up"),
        }
    }
}
