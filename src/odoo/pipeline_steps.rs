//! Which methods the steps of a pipeline call: the policy decides on those, and the name of the
//! pipeline says nothing of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Call, Context, Domain, OdooClient, OdooError, PageQuery, PermittedOdoo};
use crate::facts::{FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, StepsAsked};

/// Where the add-on keeps its steps.
pub const STEP_MODEL: &str = "ai.pipeline.step";
/// What is read of a step that may be run.
pub const STEP_FIELDS: &[&str] = &[
    "id",
    "name",
    "pipeline",
    "sequence",
    "model",
    "method",
    "skill_id",
    "trigger_domain",
    "on_error",
    "active",
    "module",
];
/// What is written to a step after a run.
pub const RESULT_FIELDS: &[&str] = &["last_run_state", "last_run_message", "last_run_date"];
/// How steps are found.
pub const STEP_FILTERS: &[&str] = &["id", "name", "pipeline", "active"];
/// In the order in which they run.
pub const STEP_ORDER: &str = "sequence, id";
/// Steps of one run; a pipeline has about a dozen.
pub const STEPS_MAX: u32 = 100;
/// Models that begin so are steps of this program, which Odoo only lists.
const LOCAL_PREFIX: &str = "mcp";

/// Methods that no step may call, whoever allows it, besides all that reads, makes, changes, deletes or
/// sends by itself: each of them undoes rights, or leads to any other method.
const NEVER: &[&str] = &[
    "browse",
    "concat",
    "copy_data",
    "env",
    "execute",
    "execute_kw",
    "exists",
    "fetch",
    "filtered",
    "filtered_domain",
    "flush",
    "flush_model",
    "flush_recordset",
    "init",
    "invalidate_cache",
    "invalidate_model",
    "invalidate_recordset",
    "mapped",
    "modified",
    "new",
    "onchange",
    "pool",
    "search_fetch",
    "sorted",
    "sudo",
    "update",
    "web_read_group",
    "web_save_multi",
    "with_company",
    "with_context",
    "with_env",
    "with_prefetch",
    "with_user",
];

/// A step as Odoo keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepRow {
    pub id: i64,
    pub name: String,
    pub pipeline: String,
    pub sequence: i64,
    pub model: String,
    pub method: String,
    /// The skill that has to match, by id.
    pub skill: Option<i64>,
    /// A domain in Python's spelling, or nothing.
    pub trigger_domain: String,
    /// An error ends the run.
    pub aborts: bool,
    pub active: bool,
    pub module: String,
}

impl StepRow {
    /// Reads a row; what is missing or empty is empty.
    pub fn read(row: &JsonObject) -> Self {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| row.get(name).and_then(Value::as_i64).unwrap_or_default();
        // A relation comes as its id, or as id and name.
        let skill = row.get("skill_id").and_then(|skill| skill.as_i64().or_else(|| skill.get(0)?.as_i64()));
        Self {
            id: number("id"),
            name: text("name"),
            pipeline: text("pipeline"),
            sequence: number("sequence"),
            model: text("model").trim().to_owned(),
            method: text("method").trim().to_owned(),
            skill: skill.filter(|id| *id != 0),
            trigger_domain: text("trigger_domain").trim().to_owned(),
            aborts: text("on_error") == "abort",
            active: row.get("active") != Some(&Value::Bool(false)),
            module: text("module"),
        }
    }

    /// A step of this program, which Odoo does not run.
    pub fn is_local(&self) -> bool {
        self.model.starts_with(LOCAL_PREFIX)
    }

    /// The method that the step calls in Odoo, or why no setting can let it be called.
    pub fn target(&self) -> Result<(ModelName, MethodName), String> {
        if self.method.starts_with('_') {
            return Err(format!("`{}` is private: Odoo keeps it from everybody outside", self.method));
        }
        let model = ModelName::parse(&self.model).map_err(|error| error.to_string())?;
        let method = MethodName::parse(&self.method).map_err(|error| error.to_string())?;
        let is_plain = Operation::of_method(method.as_str(), true) == Operation::Execute;
        if !is_plain || NEVER.contains(&method.as_str()) {
            return Err(format!("`{method}` works on any record; a step calls a method made for it"));
        }
        Ok((model, method))
    }
}

impl StepsAsked {
    /// The search that finds them. Only steps that are switched on are run.
    pub fn query(&self) -> Result<PageQuery, OdooError> {
        let mut conditions = vec![json!(["active", "=", true])];
        for (field, value) in [("pipeline", &self.pipeline), ("name", &self.name)] {
            if !value.is_empty() {
                conditions.push(json!([field, "=", value]));
            }
        }
        if self.id != 0 {
            conditions.push(json!(["id", "=", self.id]));
        }
        steps_query(Domain::parse(Value::Array(conditions))?, STEP_FIELDS, STEPS_MAX + 1)
    }
}

/// A search among all steps, switched off or not.
pub fn steps_query(domain: Domain, fields: &[&str], limit: u32) -> Result<PageQuery, OdooError> {
    let everybody = std::iter::once(("active_test".to_owned(), Value::Bool(false))).collect();
    Ok(PageQuery {
        model: ModelName::known(STEP_MODEL),
        domain,
        fields: fields.iter().map(|name| FieldName::parse(name)).collect::<Result<_, _>>()?,
        limit,
        offset: 0,
        order: Some(STEP_ORDER.to_owned()),
        context: Context::new(everybody)?,
    })
}

/// The effects of steps that had to be read: one call for each method, what steps of this program do
/// themselves, and the results that are noted. Steps that nobody may call do nothing.
pub(super) async fn placed(
    effect: &RecordEffect,
    client: &OdooClient,
) -> Result<Option<Vec<RecordEffect>>, OdooError> {
    let Some(asked) = effect.unplaced_steps() else { return Ok(None) };
    let rows = client.rows(&asked.query()?).await.map_err(|error| not_installed(error, client))?;
    let steps: Vec<StepRow> = rows.iter().map(StepRow::read).collect();
    Ok(Some(effects_of(effect, &asked, &steps)))
}

fn effects_of(effect: &RecordEffect, asked: &StepsAsked, steps: &[StepRow]) -> Vec<RecordEffect> {
    let targets: BTreeSet<(ModelName, MethodName)> =
        steps.iter().filter(|step| !step.is_local()).filter_map(|step| step.target().ok()).collect();
    let mut effects: Vec<RecordEffect> = targets
        .into_iter()
        .map(|(model, method)| {
            RecordEffect::new(&effect.connection, &model, Operation::Execute, method).bounded(1)
        })
        .collect();
    // Several steps read the same bill; it is said once.
    for own in steps.iter().flat_map(|step| local_effects(asked, step)) {
        if !effects.contains(own) {
            effects.push(own.clone());
        }
    }
    if asked.notes_results && !steps.is_empty() {
        let ids: Vec<i64> = steps.iter().map(|step| step.id).collect();
        let fields = RESULT_FIELDS.iter().filter_map(|name| FieldName::parse(name).ok()).collect();
        let model = ModelName::known(STEP_MODEL);
        let noted =
            RecordEffect::new(&effect.connection, &model, Operation::Write, MethodName::known("write"))
                .with_ids(&ids)
                .writing(fields)
                .bounded(ids.len() as u64);
        effects.push(noted);
    }
    effects
}

/// What a step does that this program runs itself; nothing for one that it does not know.
fn local_effects<'a>(asked: &'a StepsAsked, step: &StepRow) -> &'a [RecordEffect] {
    let known = asked.local.iter().find(|own| step.is_local() && own.name == step.method);
    known.map_or(&[], |own| &own.effects)
}

fn not_installed(error: OdooError, client: &OdooClient) -> OdooError {
    match error {
        OdooError::UnknownModel { .. } => OdooError::NotInstalled {
            connection: client.definition().alias.clone(),
            what: format!("model `{STEP_MODEL}`"),
        },
        other => other,
    }
}

impl PermittedOdoo<'_> {
    /// The steps to run, as they stand in Odoo now. Every method that they call, and whatever this
    /// program's own steps do, was decided on: a step that changed since then stops the call before
    /// anything is sent.
    pub async fn steps_to_run(&self, asked: &StepsAsked) -> Result<Vec<StepRow>, OdooError> {
        let rows =
            self.search_rows(&asked.query()?).await.map_err(|error| not_installed(error, &self.client))?;
        let steps: Vec<StepRow> = rows.iter().map(StepRow::read).collect();
        for step in &steps {
            for own in local_effects(asked, step) {
                self.check(&own.model, own.operation, &own.method, own.ids.as_deref())?;
            }
            let Ok((model, method)) = step.target() else { continue };
            if !step.is_local() {
                self.check(&model, Operation::Execute, &method, None)?;
            }
        }
        Ok(steps)
    }

    /// Steps for reading about them.
    pub async fn steps_to_show(&self, query: &PageQuery) -> Result<Vec<JsonObject>, OdooError> {
        self.search_rows(query).await.map_err(|error| not_installed(error, &self.client))
    }

    /// Calls the method of a step with its context.
    pub async fn call_step(
        &self,
        (model, method): &(ModelName, MethodName),
        context: JsonObject,
    ) -> Result<Value, OdooError> {
        // What the parameter is called is the add-on's affair.
        self.call(Call::new(model, method.clone()).unnamed_arg(Value::Object(context))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ConnectionAlias, LocalStep};

    fn step(model: &str, method: &str) -> StepRow {
        StepRow { id: 7, model: model.to_owned(), method: method.to_owned(), ..StepRow::default() }
    }

    #[test]
    fn no_setting_lets_a_primitive_or_a_private_method_be_called() {
        for method in [
            "unlink",
            "write",
            "create",
            "search_read",
            "sudo",
            "with_user",
            "message_post",
            "copy",
            "load",
            "_post",
            "__class__",
            "",
            "a b",
            "write()",
            "env",
            "web_save_multi",
        ] {
            assert!(step("res.partner", method).target().is_err(), "{method}");
        }
        for model in ["", "Res Partner", "../x"] {
            assert!(step(model, "step_note").target().is_err(), "{model}");
        }
        assert!(step("ai.test.steps", "step_note").target().is_ok());
        assert!(step("account.move", "action_post").target().is_ok(), "the allow list says more");
    }

    #[test]
    fn steps_become_calls_of_their_methods() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let asked = StepsAsked { pipeline: "x".to_owned(), notes_results: true, ..StepsAsked::default() };
        let effect = RecordEffect::of_steps(&alias, &asked);
        let steps = [
            step("ai.test.steps", "step_note"),
            step("ai.test.steps", "step_note"),
            step("res.partner", "unlink"),
            step("mcp.invoice", "read_document"),
        ];
        let effects = effects_of(&effect, &asked, &steps);
        let said: Vec<_> =
            effects.iter().map(|e| (e.model.as_str(), e.operation, e.method.as_str())).collect();
        assert_eq!(
            said,
            [
                ("ai.test.steps", Operation::Execute, "step_note"),
                ("ai.pipeline.step", Operation::Write, "write"),
            ]
        );
        assert!(effects_of(&effect, &asked, &[]).is_empty());
    }

    #[test]
    fn steps_of_this_program_become_what_they_do_themselves() {
        let alias = ConnectionAlias::parse("shop").unwrap();
        let bill = ModelName::known("account.move");
        let on = |operation, method| RecordEffect::new(&alias, &bill, operation, MethodName::known(method));
        let (read, write) = (on(Operation::Read, "read"), on(Operation::Write, "write"));
        let own = |name: &str, effects: &[RecordEffect]| LocalStep {
            name: name.to_owned(),
            effects: effects.to_vec(),
        };
        let local = [own("look", std::slice::from_ref(&read)), own("fill", &[read.clone(), write.clone()])];
        let asked = StepsAsked { local: local.into(), ..StepsAsked::default() };
        let effect = RecordEffect::of_steps(&alias, &asked);
        let asked = effect.unplaced_steps().unwrap();
        let done = |steps: &[StepRow]| effects_of(&effect, &asked, steps);
        assert_eq!(done(&[step("mcp.invoice", "look")]), std::slice::from_ref(&read));
        assert_eq!(done(&[step("mcp", "look"), step("mcp.x", "fill")]), [read, write]);
        assert!(done(&[step("mcp.invoice", "unheard_of")]).is_empty());
        let foreign = done(&[step("ai.test.steps", "fill")]);
        assert_eq!(foreign.len(), 1, "a method of Odoo is no step of this program, whatever it is called");
        assert_eq!(foreign[0].operation, Operation::Execute);
    }

    #[test]
    fn a_row_is_read_whatever_odoo_leaves_empty() {
        let row = json!({"id": 3, "name": "N", "skill_id": [4, "Skill"], "trigger_domain": false, "on_error": "abort"});
        let step = StepRow::read(row.as_object().unwrap());
        assert_eq!((step.id, step.skill, step.aborts, step.active), (3, Some(4), true, true));
        assert_eq!(step.trigger_domain, "");
        let off = json!({"skill_id": false, "active": false});
        let step = StepRow::read(off.as_object().unwrap());
        assert_eq!((step.skill, step.active), (None, false));
    }
}
