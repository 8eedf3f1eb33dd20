//! Tables of an export: each column by the field at the end of its path.
//!
//! A cell does not say which record it is of. A column through a model whose records are not all
//! within the caller's scope is therefore masked as a whole.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    masks::{MASK, masked},
    rows::Walk,
};
use crate::{
    facts::ModelName,
    odoo::calls::{DATABASE_ID, EXTERNAL_ID},
    policy::Shown,
};

impl Walk<'_> {
    pub(super) fn exported(&mut self, asked: &Asked, answer: &mut Value) {
        let columns: Vec<Shown> =
            asked.columns().iter().map(|steps| self.column(&asked.model, steps)).collect();
        let Some(rows) = answer.get_mut("datas").and_then(Value::as_array_mut) else { return };
        for row in rows.iter_mut().filter_map(Value::as_array_mut) {
            for (place, cell) in row.iter_mut().enumerate() {
                // A cell without a column is of nobody knows what.
                let shown = columns.get(place).copied().unwrap_or(Shown::Never);
                if shown != Shown::Plain && !is_empty(cell) {
                    *cell = masked(cell, shown, self.digests).unwrap_or(json!(MASK));
                }
            }
        }
    }

    fn column(&mut self, model: &ModelName, steps: &[String]) -> Shown {
        let mut model = model.clone();
        let mut shown = Shown::Plain;
        for (place, step) in steps.iter().enumerate() {
            let is_last = place + 1 == steps.len();
            if is_last && (step == DATABASE_ID || step == EXTERNAL_ID) {
                return shown;
            }
            shown = shown.max(self.right(&model, step));
            let Some(schema) = self.schema(&model) else { return Shown::Never };
            // A property stands behind its field with a dot; what it leads to is not known.
            let name = step.split('.').next().unwrap_or(step);
            let comodel = schema.field(name).and_then(|field| field.relation.clone());
            let names_only_an_id =
                steps.get(place + 1).is_some_and(|next| next == DATABASE_ID || next == EXTERNAL_ID);
            match comodel {
                Some(_) if names_only_an_id => return shown,
                Some(comodel) => {
                    if self.seen.is_scoped(&comodel) {
                        return Shown::Never;
                    }
                    if is_last && !self.names_are_plain(&comodel) {
                        return shown.max(Shown::Mask);
                    }
                    model = comodel;
                }
                None if is_last => return shown,
                None => return Shown::Never,
            }
        }
        shown
    }
}

/// Cells of further lines of the same record are empty.
fn is_empty(cell: &Value) -> bool {
    matches!(cell, Value::Null | Value::Bool(false)) || cell.as_str() == Some("")
}
