//! The right that counts for a value: that of its own field, of what it is related to, and for names
//! of records that of every field a name is made of.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::{
    facts::{FieldName, ModelName},
    odoo::{FieldInfo, ModelSchema},
    policy::{Shown, Sight},
};

pub(super) const DISPLAY_NAME: &str = "display_name";

/// What the rules say of a caller's view.
pub(in crate::odoo) trait Rights: Send + Sync {
    fn shown(&self, model: &ModelName, field: &FieldName) -> Shown;
    /// Does any rule touch the values of this model?
    fn redacts(&self, model: &ModelName) -> bool;
    /// May an answer of the model be shown although nobody can say what stands in it?
    fn shows_what_nobody_knows(&self, model: &ModelName) -> bool;
    /// Does any rule narrow anything?
    fn narrows(&self) -> bool;
    fn read_domains(&self, model: &ModelName) -> Vec<Arc<[Value]>>;
}

impl Rights for Sight {
    fn shown(&self, model: &ModelName, field: &FieldName) -> Shown {
        Sight::shown(self, model, field)
    }

    fn redacts(&self, model: &ModelName) -> bool {
        Sight::redacts(self, model)
    }

    fn shows_what_nobody_knows(&self, model: &ModelName) -> bool {
        Sight::shows_what_nobody_knows(self, model)
    }

    fn narrows(&self) -> bool {
        Sight::narrows(self)
    }

    fn read_domains(&self, model: &ModelName) -> Vec<Arc<[Value]>> {
        Sight::read_domains(self, model)
    }
}

/// Rights that were looked up once; an answer asks for the same few again and again.
pub(super) struct Seen<'a> {
    rights: &'a dyn Rights,
    scoped: HashMap<ModelName, bool>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(rights: &'a dyn Rights) -> Self {
        Self { rights, scoped: HashMap::new() }
    }

    /// The right on the field itself; the rules know which fields a record's name is made of. The id
    /// is what a record is called by; it is always there.
    pub(super) fn own_right(&self, model: &ModelName, name: &str) -> Shown {
        if name == "id" {
            return Shown::Plain;
        }
        match FieldName::parse(name) {
            Ok(field) => self.rights.shown(model, &field),
            // No name of a field: nobody can say what it is.
            Err(_) if self.rights.redacts(model) => Shown::Never,
            Err(_) => Shown::Plain,
        }
    }

    /// The right on the field and on what it is computed from.
    pub(super) fn computed_right(&self, schema: &ModelSchema, name: &str) -> Shown {
        let own = self.own_right(&schema.model, name);
        if own == Shown::Never {
            return own;
        }
        let parts = schema.computed_from(name).into_iter().map(|part| self.own_right(&schema.model, part));
        parts.max().unwrap_or_default().max(own)
    }

    /// The right as far as these definitions alone tell it.
    pub(super) fn at_hand(&self, schema: &ModelSchema, field: &FieldInfo) -> Shown {
        let own = self.computed_right(schema, &field.name);
        let Some((first, last)) = field.related.as_deref().and_then(|path| path.split_once('.')) else {
            return own;
        };
        match schema.field(first).and_then(|step| step.relation.as_ref()) {
            Some(comodel) if !last.contains('.') => own.max(self.own_right(comodel, last)),
            _ => own,
        }
    }

    /// Are there records of this model that the caller may not read?
    pub(super) fn is_scoped(&mut self, model: &ModelName) -> bool {
        if let Some(scoped) = self.scoped.get(model) {
            return *scoped;
        }
        let scoped = !self.rights.read_domains(model).is_empty();
        self.scoped.insert(model.clone(), scoped);
        scoped
    }

    pub(super) fn redacts(&self, model: &ModelName) -> bool {
        self.rights.redacts(model)
    }

    pub(super) fn shows_what_nobody_knows(&self, model: &ModelName) -> bool {
        self.rights.shows_what_nobody_knows(model)
    }
}
