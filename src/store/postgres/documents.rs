//! Whole documents by name, as files are in the state directory, with a lock that all processes respect.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::Row;

use super::{
    error::PostgresError,
    pool::{Lease, Postgres},
    schema::LOCKS,
};

/// Documents are locked by the hash of their name; two names that share one wait for each other.
const LOCK: &str = "select pg_advisory_lock($1, hashtext($2))";
const UNLOCK: &str = "select pg_advisory_unlock($1, hashtext($2))";
/// Another first number than that of the other locks.
const DOCUMENT_LOCKS: i32 = LOCKS + 1;
const REPLACE: &str = "insert into odoo_mcp_documents (place, body) values ($1, $2) on conflict (place) \
     do update set body = excluded.body, version = nextval('odoo_mcp_document_version')";
/// What is in a folder and not in one of its folders.
const NAMES: &str = "select substr(place, length($1) + 1) from odoo_mcp_documents \
     where place >= $1 and place < $2 and strpos(substr(place, length($1) + 1), '/') = 0 order by place";
/// The version alone would be taken for another one in another database.
const ENTRIES: &str = "select substr(place, length($1) + 1), octet_length(body), \
     version || ':' || encode(sha256(body), 'hex') from odoo_mcp_documents \
     where place >= $1 and place < $2 and strpos(substr(place, length($1) + 1), '/') = 0 order by place";
const FOLDERS: &str = "select distinct split_part(substr(place, length($1) + 1), '/', 1) \
     from odoo_mcp_documents \
     where place >= $1 and place < $2 and strpos(substr(place, length($1) + 1), '/') > 0 order by 1";
const REMOVE: &str = "delete from odoo_mcp_documents where place = $1";

/// The documents of the shared store.
#[derive(Debug, Clone)]
pub struct Documents {
    store: Postgres,
}

/// A lock that ends with this value or with the connection; what is written goes over that very
/// connection, so nothing is written under a lock that was lost.
#[derive(Debug)]
pub struct DocumentLock {
    store: Postgres,
    name: String,
    /// Without one, an earlier write failed and the lock is gone.
    lease: Mutex<Option<Lease>>,
}

impl Documents {
    pub fn of(store: &Postgres) -> Self {
        Self { store: store.clone() }
    }

    /// Changes with each change of the document.
    pub fn version(&self, place: &str) -> Result<Option<i64>, PostgresError> {
        let (store, place) = (self.store.clone(), place.to_owned());
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared("select version from odoo_mcp_documents where place = $1").await?;
            let row = lease.query_opt(&sql, &[&place]).await?;
            lease.give_back();
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    pub fn read(&self, place: &str) -> Result<Option<Vec<u8>>, PostgresError> {
        let (store, place) = (self.store.clone(), place.to_owned());
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared("select body from odoo_mcp_documents where place = $1").await?;
            let row = lease.query_opt(&sql, &[&place]).await?;
            lease.give_back();
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    /// The names in a folder, in the order of their bytes. A prefix that is not empty ends with a slash.
    pub fn names(&self, prefix: &str) -> Result<Vec<String>, PostgresError> {
        Ok(self.listed(prefix, NAMES)?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// The same with their bytes, and a text that changes whenever they do.
    pub fn entries(&self, prefix: &str) -> Result<Vec<(String, u64, String)>, PostgresError> {
        let entry = |row: &Row| -> Result<_, PostgresError> {
            let bytes: i32 = row.try_get(1)?;
            Ok((row.try_get(0)?, u64::from(bytes.unsigned_abs()), row.try_get(2)?))
        };
        self.listed(prefix, ENTRIES)?.iter().map(entry).collect()
    }

    /// The names of the folders in a folder.
    pub fn folders(&self, prefix: &str) -> Result<Vec<String>, PostgresError> {
        Ok(self.listed(prefix, FOLDERS)?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    fn listed(&self, prefix: &str, sql: &'static str) -> Result<Vec<Row>, PostgresError> {
        let store = self.store.clone();
        // Everything below a folder, and nothing else, lies between its slash and the character behind it.
        let end = prefix.strip_suffix('/').map_or_else(|| "\u{10ffff}".to_owned(), |name| format!("{name}0"));
        let prefix = prefix.to_owned();
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared(sql).await?;
            let rows = lease.query(&sql, &[&prefix, &end]).await?;
            lease.give_back();
            Ok(rows)
        })
    }

    pub fn remove(&self, place: &str) -> Result<(), PostgresError> {
        let (store, place) = (self.store.clone(), place.to_owned());
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared(REMOVE).await?;
            lease.execute(&sql, &[&place]).await?;
            lease.give_back();
            Ok(())
        })
    }

    /// Writes one document whose lock somebody holds anyway, or nobody needs.
    pub fn put(&self, place: &str, body: &[u8]) -> Result<(), PostgresError> {
        let (store, place, body) = (self.store.clone(), place.to_owned(), body.to_vec());
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared(REPLACE).await?;
            lease.execute(&sql, &[&place, &body]).await?;
            lease.give_back();
            Ok(())
        })
    }

    /// Waits for the lock of this name, which need not be that of a document.
    pub fn lock(&self, name: &str) -> Result<DocumentLock, PostgresError> {
        let (store, wanted) = (self.store.clone(), name.to_owned());
        let lease = self.store.wait(async move {
            let mut lease = store.lease_for_lock().await?;
            let sql = lease.prepared(LOCK).await?;
            match lease.execute(&sql, &[&DOCUMENT_LOCKS, &wanted]).await.map_err(PostgresError::from) {
                Ok(_) => Ok(lease),
                Err(PostgresError::Busy { .. }) => Err(PostgresError::Busy { name: wanted }),
                Err(error) => Err(error),
            }
        })?;
        Ok(DocumentLock { store: self.store.clone(), name: name.to_owned(), lease: Some(lease).into() })
    }
}

impl DocumentLock {
    /// Replaces a document as a whole.
    pub fn replace(&self, place: &str, body: &[u8]) -> Result<(), PostgresError> {
        let (place, body) = (place.to_owned(), body.to_vec());
        let mut lease = self.take()?;
        let lease = self.store.wait(async move {
            let sql = lease.prepared(REPLACE).await?;
            lease.execute(&sql, &[&place, &body]).await?;
            Ok(lease)
        })?;
        self.keep(lease);
        Ok(())
    }

    pub fn remove(&self, place: &str) -> Result<(), PostgresError> {
        let place = place.to_owned();
        let mut lease = self.take()?;
        let lease = self.store.wait(async move {
            let sql = lease.prepared(REMOVE).await?;
            lease.execute(&sql, &[&place]).await?;
            Ok(lease)
        })?;
        self.keep(lease);
        Ok(())
    }

    fn take(&self) -> Result<Lease, PostgresError> {
        let taken = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.ok_or_else(|| PostgresError::away("the lock was lost"))
    }

    fn keep(&self, lease: Lease) {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
    }
}

impl Drop for DocumentLock {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        let name = std::mem::take(&mut self.name);
        // Waited for, so that whoever comes next in this thread finds it free.
        let unlocked = self.store.wait(async move {
            let sql = lease.prepared(UNLOCK).await?;
            lease.execute(&sql, &[&DOCUMENT_LOCKS, &name]).await?;
            lease.give_back();
            Ok(())
        });
        if let Err(error) = unlocked {
            // Its connection is closed with it, and the lock with the connection.
            tracing::warn!(%error, "a lock of the shared store ended with its connection");
        }
    }
}
