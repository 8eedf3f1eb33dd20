//! Steps in the journal: one row before, the same row after, and between them what a step means to
//! change outside.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;
use serde_json::Value;

use super::{super::error::RunError, Journal, now_ms, refused, runs::json};
use crate::invoices::{
    context::RunContext,
    record::{StepRun, StepStatus},
};

/// A step as the journal knows it.
#[derive(Debug, Clone)]
pub(in crate::invoices) struct KeptStep {
    /// `None` for one that was begun and did not end.
    pub(in crate::invoices) ended: Option<StepRun>,
}

impl Journal {
    /// Steps of a run by name.
    pub(in crate::invoices) async fn steps(
        &self,
        run_id: &str,
    ) -> Result<BTreeMap<String, KeptStep>, RunError> {
        let run_id = run_id.to_owned();
        self.database
            .read(move |connection| {
                let mut statement = connection
                    .prepare("select name, state, outcome from run_step where run_id = ?1")
                    .map_err(refused)?;
                let rows = statement
                    .query_map([run_id], |row| {
                        Ok((
                            row.get::<_, String>(0)?,
                            row.get::<_, String>(1)?,
                            row.get::<_, Option<String>>(2)?,
                        ))
                    })
                    .map_err(refused)?;
                let mut steps = BTreeMap::new();
                for row in rows {
                    let (name, state, outcome) = row.map_err(refused)?;
                    let ended = StepStatus::named(&state)
                        .and(outcome)
                        .and_then(|outcome| serde_json::from_str(&outcome).ok());
                    steps.insert(name, KeptStep { ended });
                }
                Ok(steps)
            })
            .await
    }

    /// Before a step. An intent that a row of the same step holds stays.
    pub(in crate::invoices) async fn begin_step(
        &self,
        run_id: &str,
        name: &str,
        position: usize,
    ) -> Result<(), RunError> {
        let (run_id, name) = (run_id.to_owned(), name.to_owned());
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        self.database
            .write(move |transaction| {
                transaction
                    .execute(
                        "insert into run_step (run_id, name, position, state, began_ms)
                         values (?1, ?2, ?3, 'begun', ?4)
                         on conflict do update set state = 'begun', began_ms = excluded.began_ms",
                        rusqlite::params![run_id, name, position, now_ms()],
                    )
                    .map_err(refused)?;
                Ok(())
            })
            .await
    }

    /// After a step: how it ended, and what the run knows now.
    pub(in crate::invoices) async fn end_step(
        &self,
        context: &RunContext,
        position: usize,
        step: &StepRun,
    ) -> Result<(), RunError> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let (run_id, name, state) = (context.run_id.clone(), step.step_name.clone(), step.status.name());
        let (context, outcome) = (json(context)?, json(step)?);
        self.database
            .write(move |transaction| {
                transaction
                    .execute(
                        "insert into run_step (run_id, name, position, state, began_ms, outcome)
                         values (?1, ?2, ?3, ?4, ?5, ?6)
                         on conflict do update set state = excluded.state, outcome = excluded.outcome",
                        rusqlite::params![run_id, name, position, state, now_ms(), outcome],
                    )
                    .map_err(refused)?;
                transaction
                    .execute("update run set context = ?2 where run_id = ?1", [run_id, context])
                    .map_err(refused)?;
                Ok(())
            })
            .await
    }

    /// What a step is about to change, before it does.
    pub(in crate::invoices) async fn intend(
        &self,
        run_id: &str,
        name: &str,
        intent: &Value,
    ) -> Result<(), RunError> {
        let row = [run_id.to_owned(), name.to_owned(), json(intent)?];
        self.database
            .write(move |transaction| {
                let told = transaction
                    .execute("update run_step set intent = ?3 where run_id = ?1 and name = ?2", row)
                    .map_err(refused)?;
                if told == 1 {
                    Ok(())
                } else {
                    Err(RunError::Store { why: "the step is not begun".to_owned() })
                }
            })
            .await
    }

    /// What a step was about to change when it was interrupted.
    pub(in crate::invoices) async fn intent(
        &self,
        run_id: &str,
        name: &str,
    ) -> Result<Option<Value>, RunError> {
        let row = [run_id.to_owned(), name.to_owned()];
        self.database
            .read(move |connection| {
                let text: Option<Option<String>> = connection
                    .query_row("select intent from run_step where run_id = ?1 and name = ?2", row, |row| {
                        row.get(0)
                    })
                    .optional()
                    .map_err(refused)?;
                Ok(text.flatten().and_then(|text| serde_json::from_str(&text).ok()))
            })
            .await
    }
}
