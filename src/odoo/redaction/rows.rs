//! The walk over rows: each field by its right, each related record by its own model.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    Known, Needs, Rights,
    masks::masked,
    rights::{DISPLAY_NAME, Seen},
};
use crate::{
    facts::{JsonObject, ModelName},
    odoo::{FieldType, ModelSchema, connections::Digests},
    policy::Shown,
};

/// Records within records.
const ROWS_DEEP_MAX: usize = 32;
/// Related fields that lead to related fields.
const RELATED_DEEP_MAX: usize = 8;

/// How one field of one model is treated.
#[derive(Debug, Clone)]
struct FieldPlan {
    shown: Shown,
    link: Link,
}

/// What a value of the field leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Link {
    /// Nothing but itself.
    Nowhere,
    To(ModelName),
    /// Any model; the value says which.
    Anywhere,
    Properties,
    /// The definitions do not know the field.
    Unknown,
}

/// One walk over one answer.
pub(super) struct Walk<'a> {
    pub(super) seen: Seen<'a>,
    pub(super) digests: &'a Digests,
    known: &'a Known,
    needs: Needs,
    plans: HashMap<ModelName, HashMap<String, FieldPlan>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(rights: &'a dyn Rights, digests: &'a Digests, known: &'a Known) -> Self {
        Self { seen: Seen::new(rights), digests, known, needs: Needs::default(), plans: HashMap::new() }
    }

    pub(super) fn into_needs(self) -> Needs {
        self.needs
    }

    /// The definitions of a model; noted as needed where they are not known yet.
    pub(super) fn schema(&mut self, model: &ModelName) -> Option<&'a ModelSchema> {
        match self.known.schemas.get(model) {
            Some(schema) => Some(schema),
            None => {
                self.needs.schemas.insert(model.clone());
                None
            }
        }
    }

    /// The right that counts for a field, what it is related to included.
    pub(super) fn right(&mut self, model: &ModelName, name: &str) -> Shown {
        self.right_within(model, name, RELATED_DEEP_MAX)
    }

    fn right_within(&mut self, model: &ModelName, name: &str, deep: usize) -> Shown {
        let own = self.seen.own_right(model, name);
        if own == Shown::Never {
            return own;
        }
        let Some(schema) = self.schema(model) else { return Shown::Never };
        let own = self.seen.computed_right(schema, name);
        if own == Shown::Never {
            return own;
        }
        // The name of a record that borrows it from another is as visible as that one's.
        let borrowed = if name == DISPLAY_NAME { "name" } else { name };
        let Some(path) = schema.field(borrowed).and_then(|field| field.related.as_deref()) else {
            return own;
        };
        own.max(self.right_at_end(model, path, deep))
    }

    /// The right at the end of a related path. A path that cannot be followed shows nothing.
    fn right_at_end(&mut self, model: &ModelName, path: &str, deep: usize) -> Shown {
        let Some(deep) = deep.checked_sub(1) else { return Shown::Mask };
        let mut model = model.clone();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                return self.right_within(&model, step, deep);
            }
            let Some(schema) = self.schema(&model) else { return Shown::Never };
            match schema.field(step).and_then(|field| field.relation.clone()) {
                Some(comodel) => model = comodel,
                None => return Shown::Mask,
            }
        }
        Shown::Mask
    }

    /// May names of this model's records be seen as they are?
    pub(super) fn names_are_plain(&mut self, model: &ModelName) -> bool {
        self.right(model, DISPLAY_NAME) == Shown::Plain
    }

    /// Is this record within the caller's scope? Unknown is no, and asked.
    pub(super) fn is_within(&mut self, model: &ModelName, id: i64) -> bool {
        if !self.seen.is_scoped(model) {
            return true;
        }
        if self.known.asked.get(model).is_some_and(|asked| asked.contains(&id)) {
            return self.known.within.get(model).is_some_and(|within| within.contains(&id));
        }
        self.needs.scopes.entry(model.clone()).or_default().insert(id);
        false
    }

    fn plan(&mut self, model: &ModelName, name: &str) -> FieldPlan {
        if let Some(plan) = self.plans.get(model).and_then(|fields| fields.get(name)) {
            return plan.clone();
        }
        let shown = self.right(model, name);
        let link = match self.schema(model).map(|schema| schema.field(name)) {
            Some(Some(field)) => match (&field.relation, &field.kind) {
                (_, FieldType::Properties) => Link::Properties,
                (_, FieldType::Reference | FieldType::Many2oneReference) => Link::Anywhere,
                (Some(comodel), _) => Link::To(comodel.clone()),
                (None, _) => Link::Nowhere,
            },
            _ if name == "id" || name == DISPLAY_NAME => Link::Nowhere,
            _ => Link::Unknown,
        };
        let plan = FieldPlan { shown, link };
        self.plans.entry(model.clone()).or_default().insert(name.to_owned(), plan.clone());
        plan
    }

    /// Every object of a list is a record of the model.
    pub(super) fn rows(&mut self, model: &ModelName, rows: &mut Value) {
        if let Value::Array(items) = rows {
            for item in items {
                match item {
                    Value::Object(row) => self.row(model, row, 0),
                    Value::Array(_) => self.linked(&Link::To(model.clone()), item, 0),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn row(&mut self, model: &ModelName, row: &mut JsonObject, deep: usize) {
        if deep > ROWS_DEEP_MAX {
            row.clear();
            return;
        }
        row.retain(|name, value| self.value(model, name, value, deep));
    }

    /// One value of one field; `false` where the field does not exist for the caller.
    pub(super) fn value(&mut self, model: &ModelName, name: &str, value: &mut Value, deep: usize) -> bool {
        let plan = self.plan(model, name);
        if plan.shown == Shown::Plain {
            self.linked(&plan.link, value, deep + 1);
            return true;
        }
        match masked(value, plan.shown, self.digests) {
            Some(shown) => {
                *value = shown;
                true
            }
            None => false,
        }
    }

    fn linked(&mut self, link: &Link, value: &mut Value, deep: usize) {
        if deep > ROWS_DEEP_MAX {
            *value = Value::Null;
            return;
        }
        match (link, &mut *value) {
            (Link::Nowhere, _) => {}
            (Link::Properties, Value::Array(properties)) => {
                properties.iter_mut().for_each(|property| self.property(property, deep));
            }
            (Link::To(comodel), Value::Object(record)) => self.related(Some(comodel), record, deep),
            (Link::Anywhere | Link::Unknown, Value::Object(record)) => {
                let model = named_model(record);
                self.related(model.as_ref(), record, deep);
            }
            (_, Value::Array(items)) => match items.as_slice() {
                [Value::Number(id), Value::String(_)] => {
                    let id = id.clone();
                    if !self.shows_name(link, id.as_i64()) {
                        *value = Value::Number(id);
                    }
                }
                _ => items.iter_mut().for_each(|item| self.linked(link, item, deep + 1)),
            },
            (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {}
        }
    }

    /// May the name beside this id be seen?
    fn shows_name(&mut self, link: &Link, id: Option<i64>) -> bool {
        let (Link::To(comodel), Some(id)) = (link, id) else { return false };
        self.names_are_plain(comodel) && self.is_within(comodel, id)
    }

    /// A related record as an object. Where it is out of reach, or nobody knows what it is, its id
    /// alone is left.
    fn related(&mut self, model: Option<&ModelName>, record: &mut JsonObject, deep: usize) {
        let id = match record.get("id") {
            Some(Value::Object(reference)) => reference.get("id").and_then(Value::as_i64),
            Some(id) => id.as_i64(),
            None => None,
        };
        match model {
            // A record that is not saved yet has no id; it is within nobody's reach but the caller's.
            Some(model) if id.is_none_or(|id| self.is_within(model, id)) => self.row(model, record, deep + 1),
            _ => record.retain(|name, _| name == "id"),
        }
    }

    /// A property says itself what it is.
    fn property(&mut self, property: &mut Value, deep: usize) {
        let Value::Object(property) = property else { return };
        let comodel = property.get("comodel").and_then(Value::as_str).map(str::to_owned);
        let link = match comodel.as_deref().map(ModelName::parse) {
            Some(Ok(comodel)) => Link::To(comodel),
            Some(Err(_)) => Link::Unknown,
            None => return,
        };
        for name in ["value", "default"] {
            if let Some(value) = property.get_mut(name) {
                self.linked(&link, value, deep + 1);
            }
        }
    }

    /// An object that may be anything: what bears the name of a field is treated as that field.
    pub(super) fn anything(&mut self, model: &ModelName, value: &mut Value, deep: usize) {
        if deep > ROWS_DEEP_MAX {
            *value = Value::Null;
            return;
        }
        match value {
            Value::Object(object) => {
                let schema = self.schema(model);
                object.retain(|name, value| {
                    if schema.is_some_and(|schema| schema.field(name).is_some()) {
                        return self.value(model, name, value, deep);
                    }
                    self.anything(model, value, deep + 1);
                    true
                });
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.anything(model, item, deep + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The model that a reference names: `{"id": {"id": 7, "model": "res.partner"}}`, or beside the id.
fn named_model(record: &JsonObject) -> Option<ModelName> {
    let inner = record.get("id").and_then(|id| id.get("model"));
    let name = inner.or_else(|| record.get("model"))?.as_str()?;
    ModelName::parse(name).ok()
}
