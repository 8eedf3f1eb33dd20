//! Which currency an id is, and which currency a company has: asked for limits that count money, with
//! the connection's own rights, and kept for a while.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Call, Connections, Context, Domain, FaultKind, OdooClient, OdooError, PageQuery};
use crate::facts::{
    ConnectionAlias, Currencies, CurrencyTable, FieldName, JsonObject, MethodName, ModelName,
};

/// Currencies are added, and companies founded, rarely; until then the new ones have no code.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Rows of one table. The world has fewer than two hundred currencies; what is beyond has no code.
const ROWS_MAX: u32 = 2_000;

/// The table of a connection; whoever fills it holds the lock, so all others wait for one answer.
#[derive(Debug, Default)]
pub(super) struct CurrencyCache(tokio::sync::Mutex<Option<(Instant, Arc<CurrencyTable>)>>);

/// The tables of several connections.
pub async fn currencies(
    wanted: &[ConnectionAlias],
    connections: &Connections,
) -> Result<Currencies, OdooError> {
    let mut tables = BTreeMap::new();
    for alias in wanted {
        tables.insert(alias.clone(), connections.get(alias)?.currency_table().await?);
    }
    Ok(Currencies(tables))
}

impl OdooClient {
    async fn currency_table(&self) -> Result<Arc<CurrencyTable>, OdooError> {
        let mut kept = self.currencies.0.lock().await;
        if let Some((at, table)) = &*kept
            && at.elapsed() < KEPT_FOR
        {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(self.fetch_currencies().await?);
        *kept = Some((Instant::now(), Arc::clone(&table)));
        Ok(table)
    }

    async fn fetch_currencies(&self) -> Result<CurrencyTable, OdooError> {
        let mut codes = BTreeMap::new();
        for row in self.small_table("res.currency", "name").await? {
            if let (Some(id), Some(code)) = (id_of(row.get("id")), row.get("name").and_then(Value::as_str)) {
                codes.insert(id, Arc::from(code));
            }
        }
        let mut companies = BTreeMap::new();
        for row in self.small_table("res.company", "currency_id").await? {
            let code = id_of(row.get("currency_id")).and_then(|currency| codes.get(&currency));
            if let (Some(id), Some(code)) = (id_of(row.get("id")), code) {
                companies.insert(id, Arc::clone(code));
            }
        }
        Ok(CurrencyTable { codes, companies, own_company: self.own_company().await? })
    }

    /// One field of every record that the connection's user may read, archived ones included.
    async fn small_table(&self, model: &str, field: &str) -> Result<Vec<JsonObject>, OdooError> {
        let model = ModelName::parse(model)?;
        let query = PageQuery {
            model: model.clone(),
            domain: Domain::default(),
            fields: vec![FieldName::parse(field)?],
            limit: ROWS_MAX,
            offset: 0,
            order: None,
            context: Context::default().with_active_test(false),
        };
        match self.rows(&query).await {
            // Who may not read it has no codes: then nothing but codes can be counted.
            Err(OdooError::Fault { kind: FaultKind::AccessError, .. }) => Ok(Vec::new()),
            rows => rows.map_err(|error| error.about_a_check(&model)),
        }
    }

    /// The company that the connection's user works in.
    async fn own_company(&self) -> Result<Option<i64>, OdooError> {
        let uid = self.sign_in().await?.uid;
        let users = ModelName::parse("res.users")?;
        let call =
            Call::new(&users, MethodName::known("read")).on(&[uid]).arg("fields", json!(["company_id"]));
        let rows = self.call(call).await.map_err(|error| error.about_a_check(&users))?;
        Ok(id_of(rows.pointer("/0/company_id")))
    }
}

/// An id, or that of `[id, name]`.
fn id_of(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.get(0)?.as_i64())
}
