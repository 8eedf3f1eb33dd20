//! The records a sandbox starts with. All names are invented; nobody is meant.
//!
//! Dates are fixed, so that a test may name a month.

mod activity;
mod documents;
mod firms;
mod parties;
mod places;
mod products;
mod technical;
mod website;

use serde_json::{Value, json};

pub(crate) use self::website::SNIPPETS;

use super::{
    database::{Database, Record},
    field::SandboxVersion,
    models::Schema,
};

/// Puts records in place, with the columns every record has.
pub(super) struct Loader {
    pub(super) db: Database,
    pub(super) version: SandboxVersion,
}

impl Loader {
    pub(super) fn is_14(&self) -> bool {
        self.version == SandboxVersion::V14
    }

    pub(super) fn put(
        &mut self,
        model: &'static str,
        id: i64,
        values: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let mut record: Record = values.into_iter().collect();
        record.insert("create_uid", json!(1));
        record.insert("write_uid", json!(1));
        record.insert("create_date", json!("2026-09-01 08:00:00"));
        record.insert("write_date", json!("2026-09-01 08:00:00"));
        self.db.insert_at(model, id, record);
    }
}

/// The whole database at its start.
pub(crate) fn load(version: SandboxVersion) -> Database {
    let mut loader = Loader { db: Database::default(), version };
    places::places(&mut loader);
    parties::load(&mut loader);
    firms::load(&mut loader);
    products::load(&mut loader);
    documents::load(&mut loader);
    activity::load(&mut loader);
    website::load(&mut loader);
    technical::load(&mut loader, &Schema::new(version));
    loader.db
}

/// Ids counted from 1.
pub(super) fn id_at(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::JsonObject,
        sandbox::{
            env::Env,
            field::{Field, Kind},
            orm::empty,
        },
    };

    /// Every link leads to a record, every required field has a value, every stored name is a field.
    #[test]
    fn the_data_is_consistent() {
        let mut wrong = std::collections::BTreeSet::new();
        for version in [SandboxVersion::V14, SandboxVersion::V19] {
            let mut db = load(version);
            let schema = Schema::new(version);
            let env = Env { db: &mut db, schema: &schema, uid: 2, sudo: true, context: JsonObject::new() };
            for model in schema.names() {
                for id in env.db.ids(model) {
                    for name in env
                        .db
                        .get(model, id)
                        .unwrap()
                        .keys()
                        .filter(|name| schema.field(model, name).is_none())
                    {
                        wrong.insert(format!("{version:?} {model}.{name} is stored but no field"));
                    }
                    for field in &schema.get(model).unwrap().fields {
                        for reason in faults_of(&env, model, id, field) {
                            wrong.insert(format!("{version:?} {model}.{} {reason}", field.name));
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn faults_of(env: &Env<'_>, model: &str, id: i64, field: &'static Field) -> Vec<String> {
        let mut found = Vec::new();
        let value = env.value_of(model, id, field);
        if let Some(other) = field.relation() {
            let missing =
                env.related(model, id, field).into_iter().filter(|related| !env.db.exists(other, *related));
            found.extend(missing.map(|related| format!("leads to {other}({related}), which is not there")));
        }
        if let (Kind::Selection(options), Some(key)) = (field.kind, value.as_str())
            && !options.iter().any(|(known, _)| *known == key)
        {
            found.push(format!("cannot be {key}"));
        }
        let may_be_empty = field.is_number() || matches!(field.kind, Kind::Boolean) || field.is_x2many();
        if field.required && field.stored && !may_be_empty && value == empty(field) {
            found.push("is required".to_owned());
        }
        found
    }
}
