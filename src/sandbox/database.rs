//! The records, in memory, with an undo list so that a failed call leaves nothing behind.
//!
//! Nothing here knows what a field means: values are as the ORM stores them (many2one as an id, many2many as ids).

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;

/// One record: stored values by field name. What is absent is empty.
pub(crate) type Record = BTreeMap<&'static str, Value>;

#[derive(Debug, Default)]
struct Table {
    records: BTreeMap<i64, Arc<Record>>,
    last_id: i64,
}

#[derive(Debug)]
struct Undo {
    table: &'static str,
    id: i64,
    before: Option<Arc<Record>>,
}

#[derive(Debug, Default)]
pub(crate) struct Database {
    tables: HashMap<&'static str, Table>,
    undo: Vec<Undo>,
    sequences: HashMap<String, i64>,
    /// Passwords of users made while it runs, by login.
    pub(crate) passwords: HashMap<String, String>,
}

impl Database {
    pub(crate) fn get(&self, model: &str, id: i64) -> Option<&Arc<Record>> {
        self.tables.get(model)?.records.get(&id)
    }

    pub(crate) fn exists(&self, model: &str, id: i64) -> bool {
        self.get(model, id).is_some()
    }

    pub(crate) fn ids(&self, model: &str) -> Vec<i64> {
        self.tables.get(model).map(|table| table.records.keys().copied().collect()).unwrap_or_default()
    }

    pub(crate) fn count(&self, model: &str) -> usize {
        self.tables.get(model).map_or(0, |table| table.records.len())
    }

    /// Adds a record under the next id.
    pub(crate) fn insert(&mut self, model: &'static str, record: Record) -> i64 {
        let table = self.tables.entry(model).or_default();
        table.last_id += 1;
        let id = table.last_id;
        table.records.insert(id, Arc::new(record));
        self.undo.push(Undo { table: model, id, before: None });
        id
    }

    /// Adds a record under an id of the caller's choice, for the data the sandbox starts with.
    pub(crate) fn insert_at(&mut self, model: &'static str, id: i64, record: Record) {
        let table = self.tables.entry(model).or_default();
        table.last_id = table.last_id.max(id);
        table.records.insert(id, Arc::new(record));
    }

    pub(crate) fn set(
        &mut self,
        model: &'static str,
        id: i64,
        values: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let Some(found) = self.tables.get_mut(model).and_then(|table| table.records.get_mut(&id)) else {
            return;
        };
        self.undo.push(Undo { table: model, id, before: Some(Arc::clone(found)) });
        Arc::make_mut(found).extend(values);
    }

    pub(crate) fn remove(&mut self, model: &'static str, id: i64) {
        if let Some(before) = self.tables.get_mut(model).and_then(|table| table.records.remove(&id)) {
            self.undo.push(Undo { table: model, id, before: Some(before) });
        }
    }

    /// The next number of a sequence. Like the real ones these leave gaps: an undone call keeps its number.
    pub(crate) fn next_number(&mut self, sequence: &str) -> i64 {
        let next = self.sequences.entry(sequence.to_owned()).or_insert(0);
        *next += 1;
        *next
    }

    pub(crate) fn start_sequence(&mut self, sequence: &str, last: i64) {
        self.sequences.insert(sequence.to_owned(), last);
    }

    /// Whether anything changed since the last commit.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(crate) fn commit(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn roll_back(&mut self) {
        while let Some(step) = self.undo.pop() {
            let Some(table) = self.tables.get_mut(step.table) else { continue };
            match step.before {
                Some(record) => table.records.insert(step.id, record),
                None => table.records.remove(&step.id),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undone_call_leaves_nothing() {
        let mut database = Database::default();
        let id = database.insert("res.partner", Record::from([("name", Value::from("Nordwind"))]));
        database.commit();
        database.set("res.partner", id, [("name", Value::from("Südwind"))]);
        let second = database.insert("res.partner", Record::new());
        database.remove("res.partner", id);
        database.roll_back();
        assert_eq!(database.get("res.partner", id).unwrap()["name"], "Nordwind");
        assert!(!database.exists("res.partner", second));
        assert_eq!(database.count("res.partner"), 1);
    }
}
