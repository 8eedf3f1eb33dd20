//! An embedded SQLite database in the state directory: private, migrated, safe for several processes.
//!
//! It is opened by the first use, so that a server that never needs it starts as fast as before. All
//! work on it happens away from the threads that serve calls.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{StateDir, new_private_file};

/// How long a process waits for another one that writes.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// One step from a schema version to the next: SQL that runs in a transaction, once.
#[derive(Debug, Clone, Copy)]
pub struct Migration(pub &'static str);

/// Why a database could not be used. The text of SQLite holds names of tables, never values.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("could not open the database `{name}`: {why}")]
    Open { name: String, why: String },
    #[error(
        "the database `{name}` was made by a newer version of this program (schema {found}, known {known})"
    )]
    Newer { name: String, found: i64, known: usize },
    #[error("the database `{name}` refused: {why}")]
    Refused { name: String, why: String },
    #[error("the work on the database `{name}` ended too early")]
    Broken { name: String },
}

/// A database of one file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    path: PathBuf,
    name: Arc<str>,
    migrations: &'static [Migration],
    connection: Arc<Mutex<Option<Connection>>>,
    /// For looks alone, so that none waits for the disk because somebody writes.
    looks: Arc<Mutex<Option<Connection>>>,
}

impl Database {
    /// Names the file; nothing is opened yet.
    pub fn in_dir(state: &StateDir, name: &'static str, migrations: &'static [Migration]) -> Self {
        Self {
            path: state.path(name),
            name: name.into(),
            migrations,
            connection: Arc::default(),
            looks: Arc::default(),
        }
    }

    /// Does this work in one transaction that writes: all of it or nothing.
    ///
    /// # Errors
    ///
    /// Whatever the work returns; then nothing of it is kept. What SQLite refuses becomes `E` through
    /// [`DatabaseError`].
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let this = self.clone();
        self.away(move |connection| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| this.refused(&error))?;
            let done = work(&transaction)?;
            transaction.commit().map_err(|error| this.refused(&error))?;
            Ok(done)
        })
        .await
    }

    /// Does this work with one unchanging view of the data.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let this = self.clone();
        self.away(move |connection| {
            let transaction = connection.transaction().map_err(|error| this.refused(&error))?;
            work(&transaction)
        })
        .await
    }

    /// True as long as nothing was ever kept in it, by any process.
    pub fn is_unmade(&self) -> bool {
        !self.path.exists()
    }

    /// Looks up what one statement finds by an index. That takes less time than the way to another thread
    /// and back, so it happens here; only what cannot be had at once is done over there.
    ///
    /// # Errors
    ///
    /// Whatever the work returns.
    pub async fn look<T, E>(
        &self,
        work: impl Fn(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        if let Some(found) = self.look_now(&work) {
            return Ok(found);
        }
        let this = self.clone();
        self.away(move |connection| {
            let found = work(connection)?;
            this.open_for_looks();
            Ok(found)
        })
        .await
    }

    fn look_now<T, E>(&self, work: &impl Fn(&Connection) -> Result<T, E>) -> Option<T> {
        let slot = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        work(slot.as_ref()?).ok()
    }

    /// Where it does not open, looks go on over there.
    fn open_for_looks(&self) {
        let mut slot = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            *slot = Connection::open_with_flags(&self.path, flags).ok().filter(|connection| {
                // It never waits: whoever calls is not to be held up.
                connection.busy_timeout(Duration::ZERO).is_ok()
                    && connection.pragma_update(None, "query_only", "on").is_ok()
                    && connection.pragma_update(None, "trusted_schema", "off").is_ok()
            });
        }
    }

    async fn away<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut slot = this.connection.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.is_none() {
                *slot = Some(this.open()?);
            }
            match slot.as_mut() {
                Some(connection) => work(connection),
                None => Err(DatabaseError::Broken { name: this.name.to_string() }.into()),
            }
        });
        done.await.unwrap_or_else(|_| Err(DatabaseError::Broken { name: self.name.to_string() }.into()))
    }

    fn open(&self) -> Result<Connection, DatabaseError> {
        let failed = |why: String| DatabaseError::Open { name: self.name.to_string(), why };
        if !self.path.exists()
            && let Err(error) = new_private_file(&self.path)
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(failed(error.to_string()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(&self.path, flags).map_err(|error| failed(why(&error)))?;
        self.prepare(&mut connection).map_err(|error| failed(why(&error)))?;
        self.migrate(&mut connection)?;
        Ok(connection)
    }

    fn prepare(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY_WAIT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // Money is on the disk before anybody is told.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        connection.pragma_update(None, "trusted_schema", "off")
    }

    fn migrate(&self, connection: &mut Connection) -> Result<(), DatabaseError> {
        let known = self.migrations.len();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.refused(&error))?;
        let found: i64 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| self.refused(&error))?;
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        if done > known {
            return Err(DatabaseError::Newer { name: self.name.to_string(), found, known });
        }
        for Migration(sql) in self.migrations.iter().skip(done) {
            transaction.execute_batch(sql).map_err(|error| self.refused(&error))?;
        }
        transaction
            .pragma_update(None, "user_version", i64::try_from(known).unwrap_or(i64::MAX))
            .map_err(|error| self.refused(&error))?;
        transaction.commit().map_err(|error| self.refused(&error))
    }

    /// The error of this database for one of SQLite.
    pub fn refused(&self, error: &rusqlite::Error) -> DatabaseError {
        DatabaseError::Refused { name: self.name.to_string(), why: why(error) }
    }
}

/// SQLite's own word, without values.
fn why(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, text) => text.clone().unwrap_or_else(|| failure.to_string()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration =
        Migration("create table note (id integer primary key, text text not null) strict;");
    const SECOND: Migration = Migration("alter table note add column kind text not null default 'plain';");
    static ONE: &[Migration] = &[FIRST];
    static TWO: &[Migration] = &[FIRST, SECOND];

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn add(database: &Database, text: &'static str) -> Result<(), DatabaseError> {
        let own = database.clone();
        runtime().block_on(database.write(move |tx| {
            tx.execute("insert into note (text) values (?1)", [text]).map_err(|error| own.refused(&error))?;
            if text == "fail" { Err(DatabaseError::Broken { name: String::new() }) } else { Ok(()) }
        }))
    }

    fn count(database: &Database) -> i64 {
        let own = database.clone();
        runtime()
            .block_on(database.read(move |connection| {
                connection
                    .query_row("select count(*) from note", [], |row| row.get(0))
                    .map_err(|error| own.refused(&error))
            }))
            .unwrap()
    }

    #[test]
    fn work_is_kept_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let database = Database::in_dir(&state, "notes.sqlite3", ONE);
        assert!(!state.path("notes.sqlite3").exists(), "nothing is opened before it is needed");
        add(&database, "one").unwrap();
        add(&database, "fail").unwrap_err();
        assert_eq!(count(&database), 1);
        let other = Database::in_dir(&state, "notes.sqlite3", ONE);
        add(&other, "two").unwrap();
        assert_eq!(count(&database), 2);
    }

    #[test]
    fn a_schema_moves_forward_and_never_back() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        add(&Database::in_dir(&state, "notes.sqlite3", ONE), "one").unwrap();
        let newer = Database::in_dir(&state, "notes.sqlite3", TWO);
        assert_eq!(count(&newer), 1);
        let older = Database::in_dir(&state, "notes.sqlite3", ONE);
        assert!(matches!(add(&older, "two"), Err(DatabaseError::Newer { found: 2, known: 1, .. })));
    }

    #[test]
    fn a_look_sees_what_was_written_last_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let database = Database::in_dir(&state, "notes.sqlite3", ONE);
        let other = Database::in_dir(&state, "notes.sqlite3", ONE);
        let look = |sql: &'static str| {
            let own = database.clone();
            runtime().block_on(database.look(move |connection| {
                connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| own.refused(&error))
            }))
        };
        assert!(database.is_unmade());
        for written in 1..=3 {
            add(if written == 2 { &other } else { &database }, "one").unwrap();
            assert_eq!(look("select count(*) from note").unwrap(), written);
        }
        assert!(database.looks.lock().unwrap().is_some());
        assert!(look("select count(*) from nothing").is_err());
        let refused =
            database.look_now(&|connection: &Connection| connection.execute("delete from note", []));
        assert_eq!(refused, None);
        assert_eq!(count(&database), 3);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        add(&Database::in_dir(&state, "notes.sqlite3", ONE), "one").unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
    }
}
