//! Telling browsers of changes by itself, where the operator wishes it: after a call that changed
//! records, `odoo_refresh` walks the corridor as a call of the same caller, so that the policy, the
//! limits and the log know of it like of any other.
//!
//! The call that made the change never waits for it and never fails by it. What is handed over is
//! the model, ids and names of fields, never a value.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
    time::Duration,
};

use serde_json::json;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Corridor, RawCall};
use crate::{
    approvals::CanAsk,
    facts::{
        CallFacts, Caller, ConnectionAlias, Effect, JsonObject, ModelName, Operation, Part, RecordEffect,
    },
    tools::Progress,
};

/// Changes that wait; more at once are a bulk import, and one notice too few.
const CHANGES_HELD_MAX: usize = 256;
/// Changes are gathered for so long: many writes become one notice.
const GATHERED_FOR: Duration = Duration::from_secs(1);
/// Records that a notice names; of more it says only the model. The tool takes no more.
const RECORDS_NAMED_MAX: usize = 100;
/// Fields that a notice names; of more it names none. The tool takes no more.
const FIELDS_NAMED_MAX: usize = 20;
const TOOL: &str = "odoo_refresh";

/// One change of one model.
#[derive(Debug)]
pub(super) struct Change {
    place: Place,
    ids: BTreeSet<i64>,
    fields: BTreeSet<String>,
}

/// What is gathered into one notice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    caller: Caller,
    connection: ConnectionAlias,
    model: ModelName,
}

impl Change {
    /// Changes of the call's own effects; what hides in values belongs to the record they are part of.
    pub(super) fn of(facts: &CallFacts) -> Vec<Self> {
        let records = facts.effects.iter().filter_map(Effect::records);
        let own = records.filter(|records| records.part == Part::Main && changes(records.operation));
        own.map(|records| Self::by(&facts.caller, records)).collect()
    }

    fn by(caller: &Caller, effect: &RecordEffect) -> Self {
        Self {
            place: Place {
                caller: caller.clone(),
                connection: effect.connection.clone(),
                model: effect.model.clone(),
            },
            ids: effect.ids.iter().flatten().copied().collect(),
            fields: effect.fields_written.iter().map(ToString::to_string).collect(),
        }
    }
}

fn changes(operation: Operation) -> bool {
    match operation {
        Operation::Create | Operation::Write | Operation::Unlink | Operation::Mail => true,
        // What a method changes is not known, and a notice is such a method itself.
        Operation::Read | Operation::Execute | Operation::Report => false,
    }
}

/// Where changes are handed over. A full queue loses a notice, never time.
#[derive(Debug)]
pub(super) struct Teller(mpsc::Sender<Change>);

impl Teller {
    pub(super) fn note(&self, facts: &CallFacts) {
        for change in Change::of(facts) {
            if self.0.try_send(change).is_err() {
                tracing::debug!("too many changes at once to tell browsers of all of them");
            }
        }
    }
}

impl Corridor {
    /// From now on browsers are told of changes. Ends with the corridor.
    pub fn tell_of_changes(self: &Arc<Self>) {
        let (sender, receiver) = mpsc::channel(CHANGES_HELD_MAX);
        if self.teller.set(Teller(sender)).is_ok() {
            tokio::spawn(gather(Arc::downgrade(self), receiver));
        }
    }
}

async fn gather(corridor: Weak<Corridor>, mut changes: mpsc::Receiver<Change>) {
    while let Some(first) = changes.recv().await {
        let mut gathered = HashMap::new();
        add(&mut gathered, first);
        let until = Instant::now() + GATHERED_FOR;
        while let Ok(Some(change)) = tokio::time::timeout_at(until, changes.recv()).await {
            add(&mut gathered, change);
        }
        for change in gathered.into_values() {
            let Some(corridor) = corridor.upgrade() else { return };
            tell(&corridor, change).await;
        }
    }
}

fn add(gathered: &mut HashMap<Place, Change>, change: Change) {
    match gathered.get_mut(&change.place) {
        Some(known) => {
            // A change without ids, such as a create, is one of any record.
            if known.ids.is_empty() || change.ids.is_empty() {
                known.ids.clear();
            } else {
                known.ids.extend(change.ids);
            }
            known.fields.extend(change.fields);
        }
        None => {
            gathered.insert(change.place.clone(), change);
        }
    }
}

async fn tell(corridor: &Corridor, change: Change) {
    let call = RawCall {
        tool: TOOL.to_owned(),
        arguments: arguments_of(&change),
        caller: change.place.caller,
        progress: Progress::silent(),
        cancelled: CancellationToken::new(),
        can_ask: CanAsk::default(),
        answer: None,
    };
    // A policy without the tool, a limit, an Odoo without means: then nobody is told, and that is all.
    match corridor.call(call).await {
        Ok(reply) if reply.is_error => {
            tracing::debug!(why = %reply.text, "browsers were not told of a change")
        }
        Ok(_) => {}
        Err(unknown) => tracing::debug!(%unknown, "browsers were not told of a change"),
    }
}

fn arguments_of(change: &Change) -> JsonObject {
    let mut arguments = JsonObject::new();
    arguments.insert("connection".to_owned(), json!(change.place.connection.as_str()));
    arguments.insert("model".to_owned(), json!(change.place.model.as_str()));
    if (1..=RECORDS_NAMED_MAX).contains(&change.ids.len()) {
        arguments.insert("res_ids".to_owned(), json!(change.ids));
    }
    if change.fields.len() <= FIELDS_NAMED_MAX {
        arguments.insert("fields".to_owned(), json!(change.fields));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Arrival;

    fn change(model: &str, ids: &[i64], fields: &[&str]) -> Change {
        Change {
            place: Place {
                caller: Caller::local(Arrival::Stdio),
                connection: ConnectionAlias::default_alias(),
                model: ModelName::parse(model).unwrap(),
            },
            ids: ids.iter().copied().collect(),
            fields: fields.iter().map(ToString::to_string).collect(),
        }
    }

    #[track_caller]
    fn check(changes: Vec<Change>, expected: &[serde_json::Value]) {
        let mut gathered = HashMap::new();
        for change in changes {
            add(&mut gathered, change);
        }
        let mut told: Vec<_> =
            gathered.values().map(|change| serde_json::Value::Object(arguments_of(change))).collect();
        told.sort_by_key(|arguments| arguments["model"].to_string());
        assert_eq!(told, expected);
    }

    #[test]
    fn changes_of_one_model_are_one_notice() {
        let of = |model: &str, ids: serde_json::Value, fields: serde_json::Value| json!({"connection": "default", "model": model, "res_ids": ids, "fields": fields});
        check(
            vec![
                change("res.partner", &[7], &["name"]),
                change("res.country", &[1], &[]),
                change("res.partner", &[9, 7], &["email"]),
            ],
            &[
                of("res.country", json!([1]), json!([])),
                of("res.partner", json!([7, 9]), json!(["email", "name"])),
            ],
        );
    }

    #[test]
    fn a_new_record_is_one_of_any() {
        let any = json!({"connection": "default", "model": "res.partner", "fields": ["name"]});
        check(vec![change("res.partner", &[], &["name"]), change("res.partner", &[7], &["name"])], &[any]);
    }

    #[test]
    fn very_many_records_are_not_named() {
        let many: Vec<i64> = (1..=101).collect();
        let any = json!({"connection": "default", "model": "res.partner", "fields": []});
        check(vec![change("res.partner", &many, &[])], &[any]);
    }
}
