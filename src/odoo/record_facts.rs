//! Facts about records that a decision or a question to a person needs. They are read with the
//! connection's own rights and never become part of an answer by themselves.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{Call, Connections, Context, Domain, OdooClient, OdooError, redaction};
use crate::{
    facts::{
        ConnectionAlias, Effect, FieldName, GrantName, JsonObject, MethodName, ModelName, Operation, Part,
        RecordAnswer, RecordEffect,
    },
    policy::{RecordQuestion, RuleId, Sight},
};

/// Questions about records that one call may raise: one per changed record of a nested write at most.
const QUESTIONS_MAX: usize = 200;
/// Ids of one request.
const IDS_AT_ONCE: usize = 1_000;
/// Most records that are looked at for one question to a person.
pub const RECORDS_LOOKED_AT_MAX: usize = 200;

const DISPLAY_NAME: &str = "display_name";
const WRITE_DATE: &str = "write_date";

/// One record as it stands before a call.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordBefore {
    /// The place of the effect among the call's effects.
    pub effect: usize,
    pub connection: ConnectionAlias,
    pub model: ModelName,
    pub id: i64,
    /// There is such a record for this connection.
    pub exists: bool,
    /// Its name, where the caller may see it plainly.
    pub name: Option<String>,
    /// The moment of its last change, as Odoo tells it; for comparing, whatever the caller may see.
    pub write_date: Option<String>,
    /// The fields that the call writes and those asked for beside them, as the caller may see them.
    pub values: JsonObject,
}

/// The records that a call names and would change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Before {
    pub records: Vec<RecordBefore>,
    /// Records beyond those, which were not looked at.
    pub more: usize,
}

/// What several questions have in common: connection, model, and the text of the domain.
type Scope<'a> = (&'a ConnectionAlias, &'a ModelName, String);

/// Answers the policy's questions, in order: are all these records within their domain, archived
/// ones included? One request for all questions with the same domain, more only where one is not met.
pub async fn answer(
    questions: &[RecordQuestion],
    connections: &Connections,
) -> Result<Vec<RecordAnswer>, OdooError> {
    if questions.len() > QUESTIONS_MAX {
        return Err(OdooError::BadCall {
            why: format!("the call changes records in more than {QUESTIONS_MAX} ways"),
            hint: Some("split it into smaller calls".to_owned()),
        });
    }
    let mut scopes: BTreeMap<Scope<'_>, Vec<usize>> = BTreeMap::new();
    for (place, question) in questions.iter().enumerate() {
        let domain = Value::Array(question.domain.to_vec()).to_string();
        scopes.entry((&question.connection, &question.model, domain)).or_default().push(place);
    }
    let mut answers = vec![RecordAnswer::SomeOutside; questions.len()];
    for ((connection, ..), places) in scopes {
        let client = connections.get(connection)?;
        let asked: Vec<(usize, &RecordQuestion)> =
            places.iter().filter_map(|place| Some((*place, questions.get(*place)?))).collect();
        let Some((_, first)) = asked.first() else { continue };
        let all: BTreeSet<i64> =
            asked.iter().flat_map(|(_, question)| question.ids.iter().copied()).collect();
        if all_within(&client, first, &all).await? {
            for (place, _) in &asked {
                set(&mut answers, *place);
            }
        } else if asked.len() > 1 {
            for (place, question) in &asked {
                if all_within(&client, question, &question.ids.iter().copied().collect()).await? {
                    set(&mut answers, *place);
                }
            }
        }
    }
    Ok(answers)
}

fn set(answers: &mut [RecordAnswer], place: usize) {
    if let Some(answer) = answers.get_mut(place) {
        *answer = RecordAnswer::AllWithin;
    }
}

async fn all_within(
    client: &OdooClient,
    question: &RecordQuestion,
    ids: &BTreeSet<i64>,
) -> Result<bool, OdooError> {
    Ok(count(client, &question.model, ids, &question.domain).await? == ids.len() as u64)
}

/// How many of the records are within a domain, archived ones included.
async fn count(
    client: &OdooClient,
    model: &ModelName,
    ids: &BTreeSet<i64>,
    domain: &Arc<[Value]>,
) -> Result<u64, OdooError> {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut found = 0;
    for ids in ids.chunks(IDS_AT_ONCE) {
        let named = Domain::parse(json!([["id", "in", ids]]))?;
        let domain = named.and(Domain::parse(Value::Array(domain.to_vec()))?);
        let call = Call::new(model, MethodName::known("search_count"))
            .arg("domain", domain.into())
            .within(&Context::default().with_active_test(false));
        let answer = client.call(call).await.map_err(|error| error.about_a_check(model))?;
        found += answer.as_u64().ok_or_else(|| client.bad_answer("a count is no number"))?;
    }
    Ok(found)
}

/// Records that were within their domain before a change and exist, but are not within it now.
/// Nothing can be done about it any more; somebody should look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strayed {
    pub rule: RuleId,
    pub connection: ConnectionAlias,
    pub model: ModelName,
    /// All records of the question; which of them strayed is not asked.
    pub ids: Vec<i64>,
}

/// Looks again after a change at what was asked before it. Deleted records have strayed nowhere.
pub async fn strayed(
    questions: &[RecordQuestion],
    connections: &Connections,
) -> Result<Vec<Strayed>, OdooError> {
    let answers = answer(questions, connections).await?;
    let mut strayed = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        if answer == RecordAnswer::AllWithin {
            continue;
        }
        let client = connections.get(&question.connection)?;
        let ids: BTreeSet<i64> = question.ids.iter().copied().collect();
        let within = count(&client, &question.model, &ids, &question.domain).await?;
        let existing = count(&client, &question.model, &ids, &Arc::default()).await?;
        if within < existing {
            strayed.push(Strayed {
                rule: question.rule.clone(),
                connection: question.connection.clone(),
                model: question.model.clone(),
                ids: ids.into_iter().collect(),
            });
        }
    }
    Ok(strayed)
}

/// The records that a call names and would change, as they stand now and as the caller may see them.
/// `also` are fields that are shown beside the written ones, where a model has them.
pub async fn look_at(
    effects: &[Effect],
    also: &[&str],
    connections: &Connections,
    sight: &Sight,
    grant: &GrantName,
) -> Result<Before, OdooError> {
    let mut before = Before::default();
    for (place, effect) in effects.iter().enumerate() {
        let Effect::Records(effect) = effect else { continue };
        let Some(ids) = changed_ids(effect) else { continue };
        let room = RECORDS_LOOKED_AT_MAX.saturating_sub(before.records.len());
        before.more += ids.len().saturating_sub(room);
        let ids: Vec<i64> = ids.into_iter().take(room).collect();
        if ids.is_empty() {
            continue;
        }
        let client = connections.get(&effect.connection)?;
        let mut found = read(&client, effect, &ids, also).await?;
        let dates: HashMap<i64, String> =
            found.iter().filter_map(|row| Some((id_of(row)?, text(row, WRITE_DATE)?))).collect();
        let eyes = redaction::Eyes::new(sight.clone(), connections.digests(grant));
        eyes.redact_rows(&client, &effect.model, &mut found).await?;
        let mut found: HashMap<i64, JsonObject> =
            found.into_iter().filter_map(|row| Some((id_of(&row)?, row))).collect();
        let names_are_plain = eyes.shows_names(&effect.model);
        let readable = readable(&client, &effect.model, &ids, sight).await?;
        for id in ids {
            let values = found.remove(&id);
            let exists = values.is_some();
            let values = values.filter(|_| readable.contains(&id));
            before.records.push(RecordBefore {
                effect: place,
                connection: effect.connection.clone(),
                model: effect.model.clone(),
                id,
                exists,
                name: values
                    .as_ref()
                    .filter(|_| names_are_plain)
                    .and_then(|values| text(values, DISPLAY_NAME)),
                write_date: dates.get(&id).cloned(),
                values: values.map(|values| shown_values(values, effect)).unwrap_or_default(),
            });
        }
    }
    Ok(before)
}

/// Those of the records that the caller could read. What may be changed need not be seen.
async fn readable(
    client: &OdooClient,
    model: &ModelName,
    ids: &[i64],
    sight: &Sight,
) -> Result<BTreeSet<i64>, OdooError> {
    if !sight.may_read(model) {
        return Ok(BTreeSet::new());
    }
    let scopes = sight.read_domains(model);
    if scopes.is_empty() {
        return Ok(ids.iter().copied().collect());
    }
    let mut domain = Domain::parse(json!([["id", "in", ids]]))?;
    for scope in scopes {
        domain = domain.and(Domain::parse(Value::Array(scope.to_vec()))?);
    }
    let call = Call::new(model, MethodName::known("search"))
        .arg("domain", domain.into())
        .within(&Context::default().with_active_test(false));
    let answer = client.call(call).await.map_err(|error| error.about_a_check(model))?;
    let found = answer.as_array().ok_or_else(|| client.bad_answer("ids are no list"))?;
    Ok(found.iter().filter_map(Value::as_i64).collect())
}

/// The records that an effect names and does something to.
fn changed_ids(effect: &RecordEffect) -> Option<Vec<i64>> {
    if effect.operation == Operation::Read || effect.part == Part::Auxiliary {
        return None;
    }
    let mut ids = Vec::new();
    for id in effect.ids.iter().flatten() {
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    (!ids.is_empty()).then_some(ids)
}

async fn read(
    client: &OdooClient,
    effect: &RecordEffect,
    ids: &[i64],
    also: &[&str],
) -> Result<Vec<JsonObject>, OdooError> {
    let schema = client.schema(&effect.model).await?;
    let written = effect.fields_written.iter().map(FieldName::as_str);
    let mut fields: Vec<&str> = Vec::new();
    for name in [DISPLAY_NAME, WRITE_DATE].into_iter().chain(written).chain(also.iter().copied()) {
        if schema.field(name).is_some() && !fields.contains(&name) {
            fields.push(name);
        }
    }
    // Content of files is told by its size.
    let context = Context::new([("bin_size".to_owned(), json!(true))].into_iter().collect())?;
    let call = Call::new(&effect.model, MethodName::known("read"))
        .on(ids)
        .arg("fields", json!(fields))
        .within(&context);
    let rows = client.call(call).await.map_err(|error| error.about_a_check(&effect.model))?;
    let Value::Array(rows) = rows else { return Err(client.bad_answer("rows are no list")) };
    Ok(rows
        .into_iter()
        .filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None })
        .collect())
}

fn id_of(row: &JsonObject) -> Option<i64> {
    row.get("id")?.as_i64()
}

fn text(row: &JsonObject, field: &str) -> Option<String> {
    row.get(field)?.as_str().map(str::to_owned)
}

/// What was read only to name the record and to know its state is told elsewhere.
fn shown_values(mut values: JsonObject, effect: &RecordEffect) -> JsonObject {
    for name in ["id", DISPLAY_NAME, WRITE_DATE] {
        if !effect.fields_written.iter().any(|field| field.as_str() == name) {
            values.shift_remove(name);
        }
    }
    values
}
