//! The steps of a pipeline that Odoo keeps: which of them a call means, before anybody has read them.

use std::sync::Arc;

use serde_json::Value;

use super::{ConnectionAlias, JsonObject, MethodName, ModelName, Operation, RecordEffect};

/// Where the add-on keeps its steps.
const STEPS: &str = "ai.pipeline.step";
/// What an effect is called until its steps are known. Odoo has no such method.
const RUN: &str = "run_steps";

/// Steps that a call means. What is empty, or zero, says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepsAsked {
    pub pipeline: String,
    pub name: String,
    pub id: i64,
    /// What became of them is written to the steps.
    pub notes_results: bool,
    /// Steps that are this program's own: Odoo only names them.
    pub local: Arc<[LocalStep]>,
}

/// A step of this program, and everything that it does to the record of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalStep {
    pub name: String,
    pub effects: Vec<RecordEffect>,
}

impl RecordEffect {
    /// Calling what these steps name. Which models and methods that is, is found out before the policy
    /// decides.
    pub fn of_steps(connection: &ConnectionAlias, asked: &StepsAsked) -> Self {
        let mut values = JsonObject::new();
        values.insert("pipeline".to_owned(), asked.pipeline.as_str().into());
        values.insert("name".to_owned(), asked.name.as_str().into());
        values.insert("id".to_owned(), asked.id.into());
        values.insert("notes_results".to_owned(), asked.notes_results.into());
        // A list among the values says that there is more behind them.
        values.insert("steps".to_owned(), Value::Array(Vec::new()));
        let effect =
            Self::new(connection, &ModelName::known(STEPS), Operation::Execute, MethodName::known(RUN))
                .with_values(Arc::from([values]));
        Self { local_steps: Arc::clone(&asked.local), ..effect }
    }

    /// The steps that an effect asks for while nobody has read them.
    pub fn unplaced_steps(&self) -> Option<StepsAsked> {
        let is_ours = self.operation == Operation::Execute
            && self.ids.is_none()
            && self.model.as_str() == STEPS
            && self.method.as_str() == RUN;
        let asked = self.values.first().filter(|_| is_ours)?;
        Some(StepsAsked {
            pipeline: asked.get("pipeline")?.as_str()?.to_owned(),
            name: asked.get("name")?.as_str()?.to_owned(),
            id: asked.get("id")?.as_i64()?,
            notes_results: asked.get("notes_results")?.as_bool()?,
            local: Arc::clone(&self.local_steps),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_unplaced_until_they_are_read() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let asked = StepsAsked { pipeline: "post".to_owned(), notes_results: true, ..StepsAsked::default() };
        let effect = RecordEffect::of_steps(&alias, &asked);
        assert!(effect.may_hide_more(), "it has to be unfolded");
        assert_eq!(effect.unplaced_steps(), Some(asked));
        let model = ModelName::parse("ai.pipeline.step").unwrap();
        let plain = RecordEffect::new(&alias, &model, Operation::Execute, MethodName::known("run_steps"));
        assert_eq!(plain.unplaced_steps(), None);
    }
}
