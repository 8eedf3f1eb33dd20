//! The cabinet of one machine: a SQLite file in the state directory, shared by its processes.

use std::sync::Arc;

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{OptionalExtension as _, Row, Transaction, named_params};

use super::item::{CabinetError, END_OF_RANGE, Item};
use crate::store::{Database, KeptItem, Migration, StateDir};

pub(super) const DATABASE_NAME: &str = "shared.sqlite3";
const MIGRATIONS: &[Migration] = &[Migration(include_str!("schema/001_items.sql"))];

#[derive(Debug, Clone)]
pub(super) struct Embedded {
    database: Database,
}

/// SQLite's own words name tables and columns, never values.
impl From<rusqlite::Error> for CabinetError {
    fn from(error: rusqlite::Error) -> Self {
        let why = match error {
            rusqlite::Error::SqliteFailure(failure, text) => text.unwrap_or_else(|| failure.to_string()),
            _ => "an entry is not of the expected shape".to_owned(),
        };
        Self::Unavailable { why }
    }
}

impl Embedded {
    pub(super) fn in_dir(state: &StateDir) -> Self {
        Self { database: Database::in_dir(state, DATABASE_NAME, MIGRATIONS) }
    }

    pub(super) fn is_in(state: &StateDir) -> bool {
        state.path(DATABASE_NAME).exists()
    }

    pub(super) async fn get(
        &self,
        drawer: &Arc<str>,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Item>, CabinetError> {
        // Where nobody has an account, a token or a connection of their own, nothing is asked.
        if self.database.is_unmade() {
            return Ok(None);
        }
        let (drawer, key) = (Arc::clone(drawer), key.to_owned());
        self.database
            .look(move |connection| {
                let mut statement = connection.prepare(
                    "select value, version, expires_ms from items where drawer = :drawer and key = :key \
                     and (expires_ms is null or expires_ms > :now)",
                )?;
                let wanted = named_params! { ":drawer": &*drawer, ":key": key, ":now": now.as_millisecond() };
                Ok(statement.query_row(wanted, item).optional()?)
            })
            .await
    }

    pub(super) async fn insert(
        &self,
        drawer: &Arc<str>,
        key: &str,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, CabinetError> {
        let (drawer, key, version) = (Arc::clone(drawer), key.to_owned(), new_version()?);
        self.database
            .write(move |transaction| {
                drop_expired(transaction, &drawer, &key, now)?;
                let done = transaction.execute(
                    "insert into items (drawer, key, value, version, expires_ms) \
                     values (:drawer, :key, :value, :version, :expires) on conflict do nothing",
                    named_params! {
                        ":drawer": &*drawer, ":key": key, ":value": value, ":version": version,
                        ":expires": expires_at.map(Timestamp::as_millisecond),
                    },
                )?;
                Ok(done == 1)
            })
            .await
    }

    pub(super) async fn replace(
        &self,
        drawer: &Arc<str>,
        key: &str,
        version: u64,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, CabinetError> {
        let (drawer, key, next) = (Arc::clone(drawer), key.to_owned(), new_version()?);
        // No item of ours has a version beyond that.
        let Ok(version) = i64::try_from(version) else { return Ok(false) };
        self.database
            .write(move |transaction| {
                let done = transaction.execute(
                    "update items set value = :value, version = :next, expires_ms = :expires \
                     where drawer = :drawer and key = :key and version = :version \
                     and (expires_ms is null or expires_ms > :now)",
                    named_params! {
                        ":drawer": &*drawer, ":key": key, ":value": value, ":version": version,
                        ":next": next, ":expires": expires_at.map(Timestamp::as_millisecond),
                        ":now": now.as_millisecond(),
                    },
                )?;
                Ok(done == 1)
            })
            .await
    }

    pub(super) async fn remove(
        &self,
        drawer: &Arc<str>,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Item>, CabinetError> {
        let (drawer, key) = (Arc::clone(drawer), key.to_owned());
        self.database
            .write(move |transaction| {
                drop_expired(transaction, &drawer, &key, now)?;
                let removed = transaction.query_row(
                    "delete from items where drawer = :drawer and key = :key \
                     returning value, version, expires_ms",
                    named_params! { ":drawer": &*drawer, ":key": key },
                    item,
                );
                Ok(removed.optional()?)
            })
            .await
    }

    pub(super) async fn list(
        &self,
        drawer: &Arc<str>,
        prefix: &str,
        after: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(String, Item)>, CabinetError> {
        let drawer = Arc::clone(drawer);
        let (first, end) = range(prefix);
        let after = after.to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare(
                    "select value, version, expires_ms, key from items \
                     where drawer = :drawer and key >= :first and key < :end and key > :after \
                     and (expires_ms is null or expires_ms > :now) order by key limit :limit",
                )?;
                let wanted = named_params! {
                    ":drawer": &*drawer, ":first": first, ":end": end, ":after": after,
                    ":now": now.as_millisecond(), ":limit": limit,
                };
                let rows = statement.query_map(wanted, |row| Ok((row.get("key")?, item(row)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    pub(super) async fn count(
        &self,
        drawer: &Arc<str>,
        prefix: &str,
        now: Timestamp,
    ) -> Result<u64, CabinetError> {
        let drawer = Arc::clone(drawer);
        let (first, end) = range(prefix);
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare(
                    "select count(*) from items where drawer = :drawer and key >= :first and key < :end \
                     and (expires_ms is null or expires_ms > :now)",
                )?;
                let wanted = named_params! {
                    ":drawer": &*drawer, ":first": first, ":end": end, ":now": now.as_millisecond(),
                };
                let count: i64 = statement.query_row(wanted, |row| row.get(0))?;
                Ok(count.unsigned_abs())
            })
            .await
    }

    /// Everything, in the order of the keys, expired or not.
    pub(super) async fn all(&self) -> Result<Vec<KeptItem>, CabinetError> {
        self.database
            .read(move |connection| {
                let sql = "select drawer, key, value, version, expires_ms from items order by drawer, key";
                let mut statement = connection.prepare(sql)?;
                let rows = statement.query_map([], |row| {
                    Ok(KeptItem {
                        drawer: row.get(0)?,
                        key: row.get(1)?,
                        value: row.get(2)?,
                        version: row.get(3)?,
                        expires_ms: row.get(4)?,
                    })
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// All of these at once, into an empty cabinet. Says how many there are then.
    pub(super) async fn put_all(&self, items: Vec<KeptItem>) -> Result<u64, CabinetError> {
        self.database
            .write(move |transaction| {
                for item in &items {
                    transaction.execute(
                        "insert into items (drawer, key, value, version, expires_ms) \
                         values (:drawer, :key, :value, :version, :expires)",
                        named_params! {
                            ":drawer": item.drawer, ":key": item.key, ":value": item.value,
                            ":version": item.version, ":expires": item.expires_ms,
                        },
                    )?;
                }
                let count: i64 = transaction.query_row("select count(*) from items", [], |row| row.get(0))?;
                Ok(count.unsigned_abs())
            })
            .await
    }

    /// One drawer, or all of them.
    pub(super) async fn sweep(&self, drawer: Option<&Arc<str>>, now: Timestamp) -> Result<u64, CabinetError> {
        let drawer = drawer.map(Arc::clone);
        self.database
            .write(move |transaction| {
                let swept = transaction.execute(
                    "delete from items where expires_ms <= :now and (:drawer is null or drawer = :drawer)",
                    named_params! { ":now": now.as_millisecond(), ":drawer": drawer.as_deref() },
                )?;
                Ok(swept as u64)
            })
            .await
    }
}

/// What expired must not stand in the way of what comes, nor be handed out.
fn drop_expired(
    transaction: &Transaction<'_>,
    drawer: &str,
    key: &str,
    now: Timestamp,
) -> Result<(), CabinetError> {
    transaction.execute(
        "delete from items where drawer = :drawer and key = :key and expires_ms <= :now",
        named_params! { ":drawer": drawer, ":key": key, ":now": now.as_millisecond() },
    )?;
    Ok(())
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let version: i64 = row.get("version")?;
    let expires_ms: Option<i64> = row.get("expires_ms")?;
    Ok(Item {
        value: row.get("value")?,
        version: version.unsigned_abs(),
        expires_at: expires_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
    })
}

/// Keys from the first of these texts to before the second begin with the prefix.
pub(super) fn range(prefix: &str) -> (String, String) {
    (prefix.to_owned(), format!("{prefix}{END_OF_RANGE}"))
}

/// A random version: counting would make an item that was taken out and put in again look unchanged.
pub(super) fn new_version() -> Result<i64, CabinetError> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CabinetError::Unavailable { why: "the system gave no random numbers".to_owned() })?;
    Ok(i64::from_le_bytes(bytes) & i64::MAX)
}
