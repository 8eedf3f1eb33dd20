//! Fields that paths and conditions name, one use for every hop.

use serde_json::Value;

use super::{Stop, one_effect::Unfolding};
use crate::{
    facts::{FieldName, FieldUse, ModelName, Use},
    odoo::{
        FieldInfo, FieldType, OdooError,
        names_searched::{DISPLAY_NAME, searched_with_name},
    },
};

/// Steps of one path, those of related fields included.
const STEPS_MAX: usize = 32;

/// The uses of one effect, each once, in the order they were met.
#[derive(Debug, Default)]
pub(super) struct Uses {
    found: Vec<FieldUse>,
    seen: std::collections::HashSet<FieldUse>,
}

impl Uses {
    pub(super) fn add(&mut self, model: &ModelName, field: &str, how: Use) -> Result<(), OdooError> {
        let found = FieldUse { model: model.clone(), field: FieldName::parse(field)?, how };
        if self.seen.insert(found.clone()) {
            self.found.push(found);
        }
        Ok(())
    }

    /// What is known already comes first.
    pub(super) fn beginning_with(found: &[FieldUse]) -> Self {
        Self { found: found.to_vec(), seen: found.iter().cloned().collect() }
    }

    /// The name of a record is compared, and what is compared along with it.
    fn name_compared(&mut self, model: &ModelName) -> Result<(), OdooError> {
        self.add(model, DISPLAY_NAME, Use::Filter)?;
        searched_with_name(model).iter().try_for_each(|field| self.add(model, field, Use::Filter))
    }

    pub(super) fn into_vec(self) -> Vec<FieldUse> {
        self.found
    }
}

/// Where a path ends.
pub(super) struct End {
    /// The model at the other end of the last field, if it is a relation.
    pub(super) comodel: Option<ModelName>,
}

impl Unfolding<'_> {
    /// Follows a path; every field on it is used.
    pub(super) fn follow(
        &self,
        uses: &mut Uses,
        model: &ModelName,
        path: &str,
        how: Use,
    ) -> Result<End, Stop> {
        self.follow_within(uses, model, path, how, STEPS_MAX)
    }

    fn follow_within(
        &self,
        uses: &mut Uses,
        model: &ModelName,
        path: &str,
        mut how: Use,
        mut steps_left: usize,
    ) -> Result<End, Stop> {
        let mut model = model.clone();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            steps_left = steps_left.checked_sub(1).ok_or_else(|| {
                Stop::from(OdooError::BadDomain {
                    why: format!("a field path has more than {STEPS_MAX} steps"),
                })
            })?;
            if step == DISPLAY_NAME && how == Use::Filter {
                uses.name_compared(&model)?;
            }
            uses.add(&model, step, how)?;
            let Some(field) = self.field(&model, step)? else { return Ok(End { comodel: None }) };
            if how == Use::Filter {
                // To choose by what is computed from a value is to choose by the value.
                self.computed_from(uses, &model, step)?;
            }
            if let Some(related) = &field.related
                && !(how == Use::Write && field.readonly)
            {
                // What stands behind a related field is named through it; one that is only shown is
                // not written through.
                self.follow_end(uses, &model, related, how.further(), steps_left)?;
            }
            if steps.peek().is_none() || reads_further(&field.kind) {
                return Ok(End { comodel: field.relation.clone() });
            }
            model = match &field.relation {
                Some(comodel) => comodel.clone(),
                None => return Err(leads_nowhere(&model, field, path).into()),
            };
            how = how.further();
        }
        Ok(End { comodel: None })
    }

    fn computed_from(&self, uses: &mut Uses, model: &ModelName, field: &str) -> Result<(), Stop> {
        let schema = self.schema(model)?;
        schema.computed_from(field).into_iter().try_for_each(|part| Ok(uses.add(model, part, Use::Filter)?))
    }

    /// Only the end of a related path counts: that is the value which comes back or is set.
    fn follow_end(
        &self,
        uses: &mut Uses,
        model: &ModelName,
        path: &str,
        how: Use,
        steps_left: usize,
    ) -> Result<(), Stop> {
        let mut model = model.clone();
        let mut left = steps_left;
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            left = left.saturating_sub(1);
            if steps.peek().is_none() {
                // A chain of related fields ends where the steps do.
                return if left == 0 {
                    uses.add(&model, step, how).map_err(Stop::from)
                } else {
                    // Fields behind a related one may be closed to this user: then Odoo closes it too.
                    match self.follow_within(uses, &model, step, how, left) {
                        Err(Stop::Failed(OdooError::UnknownField { .. })) => Ok(()),
                        other => other.map(drop),
                    }
                };
            }
            let field = match self.field(&model, step) {
                Ok(Some(field)) => field,
                Ok(None) | Err(Stop::Failed(OdooError::UnknownField { .. })) => return Ok(()),
                Err(stop) => return Err(stop),
            };
            let Some(comodel) = &field.relation else { return Ok(()) };
            model = comodel.clone();
        }
        Ok(())
    }

    /// A relation that is compared with text, ordered or grouped by compares names of the other model.
    pub(super) fn names_compared(&self, uses: &mut Uses, end: &End) -> Result<(), Stop> {
        match &end.comodel {
            Some(comodel) => Ok(uses.name_compared(comodel)?),
            None => Ok(()),
        }
    }

    /// Conditions that compare a relation with text, sub-domains included. The paths themselves are
    /// followed elsewhere.
    pub(super) fn conditions(
        &self,
        uses: &mut Uses,
        model: &ModelName,
        conditions: &[Value],
    ) -> Result<(), Stop> {
        for condition in conditions.iter().filter_map(Value::as_array) {
            let [Value::String(path), operator, value] = condition.as_slice() else { continue };
            let end = self.follow(uses, model, path, Use::Filter)?;
            match (operator.as_str(), value) {
                (Some("any" | "not any"), Value::Array(inner)) => {
                    if let Some(comodel) = &end.comodel {
                        self.conditions(uses, comodel, inner)?;
                    }
                }
                (Some(operator), value) if operator.contains("like") || holds_text(value) => {
                    self.names_compared(uses, &end)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(Value::is_string),
        _ => false,
    }
}

/// What stands behind these is no field: parts of a date, keys of a property.
fn reads_further(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Date | FieldType::Datetime | FieldType::Properties | FieldType::Json)
}

fn leads_nowhere(model: &ModelName, field: &FieldInfo, path: &str) -> OdooError {
    let why = match field.kind {
        FieldType::Reference | FieldType::Many2oneReference => {
            format!(
                "`{}` of `{model}` may lead to any model, so nobody can tell what `{path}` is",
                field.name
            )
        }
        _ => format!("`{}` of `{model}` is no relation, so `{path}` leads nowhere", field.name),
    };
    OdooError::BadDomain { why }
}
