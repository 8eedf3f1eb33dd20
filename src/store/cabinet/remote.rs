//! The cabinet of all replicas: a table of the shared store.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    embedded::{new_version, range},
    item::{CabinetError, Item},
};
use crate::store::postgres::{Postgres, PostgresError};

#[derive(Debug, Clone)]
pub(super) struct Remote {
    store: Postgres,
}

impl From<PostgresError> for CabinetError {
    fn from(error: PostgresError) -> Self {
        Self::Unavailable { why: error.to_string() }
    }
}

impl Remote {
    pub(super) fn of(store: &Postgres) -> Self {
        Self { store: store.clone() }
    }

    pub(super) async fn get(
        &self,
        drawer: &Arc<str>,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Item>, CabinetError> {
        let (store, drawer, key) = (self.store.clone(), Arc::clone(drawer), key.to_owned());
        let found = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql = "select value, version, expires_ms from odoo_mcp_items where drawer = $1 and key = $2 \
                 and (expires_ms is null or expires_ms > $3)";
            let sql = lease.prepared(sql).await?;
            let row = lease.query_opt(&sql, &[&&*drawer, &key, &now.as_millisecond()]).await?;
            lease.give_back();
            row.map(|row| item(&row)).transpose()
        });
        Ok(found.await?)
    }

    pub(super) async fn insert(
        &self,
        drawer: &Arc<str>,
        key: &str,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, CabinetError> {
        let (store, drawer, key) = (self.store.clone(), Arc::clone(drawer), key.to_owned());
        let version = new_version()?;
        let done = self.store.run(async move {
            let mut lease = store.lease().await?;
            // One that expired gives way; one that has not stays as it is.
            let sql = "insert into odoo_mcp_items as old (drawer, key, value, version, expires_ms) \
                 values ($1, $2, $3, $4, $5) on conflict (drawer, key) do update \
                 set value = excluded.value, version = excluded.version, expires_ms = excluded.expires_ms \
                 where old.expires_ms <= $6";
            let sql = lease.prepared(sql).await?;
            let expires = expires_at.map(Timestamp::as_millisecond);
            let done = lease
                .execute(&sql, &[&&*drawer, &key, &value, &version, &expires, &now.as_millisecond()])
                .await?;
            lease.give_back();
            Ok(done == 1)
        });
        Ok(done.await?)
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
        let (store, drawer, key) = (self.store.clone(), Arc::clone(drawer), key.to_owned());
        let next = new_version()?;
        // No item of ours has a version beyond that.
        let Ok(version) = i64::try_from(version) else { return Ok(false) };
        let done = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql = "update odoo_mcp_items set value = $3, version = $4, expires_ms = $5 \
                 where drawer = $1 and key = $2 and version = $6 \
                 and (expires_ms is null or expires_ms > $7)";
            let sql = lease.prepared(sql).await?;
            let expires = expires_at.map(Timestamp::as_millisecond);
            let done = lease
                .execute(&sql, &[&&*drawer, &key, &value, &next, &expires, &version, &now.as_millisecond()])
                .await?;
            lease.give_back();
            Ok(done == 1)
        });
        Ok(done.await?)
    }

    pub(super) async fn remove(
        &self,
        drawer: &Arc<str>,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Item>, CabinetError> {
        let (store, drawer, key) = (self.store.clone(), Arc::clone(drawer), key.to_owned());
        let removed = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql = "delete from odoo_mcp_items where drawer = $1 and key = $2 \
                 returning value, version, expires_ms";
            let sql = lease.prepared(sql).await?;
            let row = lease.query_opt(&sql, &[&&*drawer, &key]).await?;
            lease.give_back();
            row.map(|row| item(&row)).transpose()
        });
        // What expired is thrown away, but not handed out.
        Ok(removed.await?.filter(|item| item.expires_at.is_none_or(|at| at > now)))
    }

    pub(super) async fn list(
        &self,
        drawer: &Arc<str>,
        prefix: &str,
        after: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(String, Item)>, CabinetError> {
        let (store, drawer, after) = (self.store.clone(), Arc::clone(drawer), after.to_owned());
        let (first, end) = range(prefix);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let listed = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql = "select value, version, expires_ms, key from odoo_mcp_items \
                 where drawer = $1 and key >= $2 and key < $3 and key > $4 \
                 and (expires_ms is null or expires_ms > $5) order by key limit $6";
            let sql = lease.prepared(sql).await?;
            let rows =
                lease.query(&sql, &[&&*drawer, &first, &end, &after, &now.as_millisecond(), &limit]).await?;
            lease.give_back();
            rows.iter().map(|row| Ok((row.try_get("key")?, item(row)?))).collect()
        });
        Ok(listed.await?)
    }

    pub(super) async fn count(
        &self,
        drawer: &Arc<str>,
        prefix: &str,
        now: Timestamp,
    ) -> Result<u64, CabinetError> {
        let (store, drawer) = (self.store.clone(), Arc::clone(drawer));
        let (first, end) = range(prefix);
        let count = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql = "select count(*) from odoo_mcp_items where drawer = $1 and key >= $2 and key < $3 \
                 and (expires_ms is null or expires_ms > $4)";
            let sql = lease.prepared(sql).await?;
            let row = lease.query_one(&sql, &[&&*drawer, &first, &end, &now.as_millisecond()]).await?;
            lease.give_back();
            Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
        });
        Ok(count.await?)
    }

    /// One drawer, or all of them.
    pub(super) async fn sweep(&self, drawer: Option<&Arc<str>>, now: Timestamp) -> Result<u64, CabinetError> {
        let (store, drawer) = (self.store.clone(), drawer.map(|name| name.to_string()));
        let swept = self.store.run(async move {
            let mut lease = store.lease().await?;
            let sql =
                "delete from odoo_mcp_items where expires_ms <= $1 and ($2::text is null or drawer = $2)";
            let sql = lease.prepared(sql).await?;
            let swept = lease.execute(&sql, &[&now.as_millisecond(), &drawer]).await?;
            lease.give_back();
            Ok(swept)
        });
        Ok(swept.await?)
    }
}

fn item(row: &Row) -> Result<Item, PostgresError> {
    let version: i64 = row.try_get("version")?;
    let expires_ms: Option<i64> = row.try_get("expires_ms")?;
    Ok(Item {
        value: row.try_get("value")?,
        version: version.unsigned_abs(),
        expires_at: expires_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
    })
}
