//! What a caller may see of Odoo's data: which records, which fields, and how.
//!
//! Looked up where it is needed, so that deciding allocates nothing; making a sight costs two pointers.

use std::sync::Arc;

use serde_json::Value;

use super::{
    decision::{BodyChoice, Permit, Shown},
    loaded::Policy,
};
use crate::facts::{Caller, FieldName, ModelName};

/// Read scope and field rights of one caller under one policy.
#[derive(Debug, Clone)]
pub struct Sight {
    policy: Arc<Policy>,
    body: BodyChoice,
}

impl Sight {
    /// How values of a field come back.
    pub fn shown(&self, model: &ModelName, field: &FieldName) -> Shown {
        self.policy.shown(self.body, model, field)
    }

    /// Could a record of this model be read at all?
    pub fn may_read(&self, model: &ModelName) -> bool {
        self.policy.may_read(self.body, model)
    }

    /// Does any rule touch the values of this model?
    pub fn redacts(&self, model: &ModelName) -> bool {
        self.policy.redacts(self.body, model)
    }

    /// May an answer of this model be shown although nobody can say what stands in it? Not where rules
    /// hide fields, unless they let through what cannot be masked.
    pub fn shows_what_nobody_knows(&self, model: &ModelName) -> bool {
        self.policy.shows_what_nobody_knows(self.body, model)
    }

    /// Does any rule at all touch values, or keep records of some model from being read? Where none
    /// does, nothing is looked at and no definitions are asked for.
    pub fn narrows(&self) -> bool {
        self.policy.narrows(self.body)
    }

    /// The conditions that every read of this model is joined with; empty where there are none.
    pub fn read_domains(&self, model: &ModelName) -> Vec<Arc<[Value]>> {
        self.policy.read_domains(self.body, model)
    }
}

impl Permit {
    /// What the caller behind this permit may see.
    pub fn sight(&self) -> Sight {
        Sight { policy: Arc::clone(&self.policy), body: self.body }
    }
}

impl Policy {
    /// What a caller may see, before there is a permit: for questions to a person.
    pub fn sight(self: &Arc<Self>, caller: &Caller) -> Sight {
        Sight { policy: Arc::clone(self), body: self.body_of(caller) }
    }
}
