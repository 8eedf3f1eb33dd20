//! A client that does what its permit says, and nothing else.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Call, ClientState, Comodels, Connections, Context, Domain, Mode, ModelSchema, OdooClient, OdooError,
    Page, PageQuery, VersionState, check_values_with, redaction::Eyes, restated, values::models_of_commands,
    web::Line,
};
use crate::{
    facts::{ConnectionAlias, FieldName, GrantName, JsonObject, MethodName, ModelName, Operation},
    policy::Permit,
};

/// The only way from a tool to Odoo: the second check, where the bytes leave.
#[derive(Debug)]
pub struct PermittedOdoo<'a> {
    pub(super) permit: &'a Permit,
    pub(super) client: Arc<OdooClient>,
    pub(super) eyes: Eyes,
    pub(super) way: Way,
}

/// How calls travel. What is looked up for the checks always takes the connection's own route.
#[derive(Debug)]
pub(super) enum Way {
    /// The best route that the connection has.
    Connection,
    /// The caller's web session.
    Web(Line),
}

impl Way {
    pub(super) async fn call(&self, client: &OdooClient, call: Call) -> Result<Value, OdooError> {
        match self {
            Self::Connection => client.call(call).await,
            Self::Web(line) => line.call(call).await,
        }
    }
}

impl<'a> PermittedOdoo<'a> {
    /// The client of a connection, bound to a permit; `grant` is the one that the caller holds.
    pub(crate) fn new(
        permit: &'a Permit,
        connections: &Connections,
        connection: &ConnectionAlias,
        grant: &GrantName,
    ) -> Result<Self, OdooError> {
        let client = connections.get(connection)?;
        if permit.reaches_connection(connection) {
            let eyes = Eyes::new(permit.sight(), connections.digests(grant));
            Ok(Self { permit, client, eyes, way: Way::Connection })
        } else {
            Err(OdooError::NotPermitted { what: format!("connection {connection}") })
        }
    }

    /// Calls a method that the permit's effects cover.
    pub async fn call(&self, call: Call) -> Result<Value, OdooError> {
        let operation = call.operation();
        self.check(&call.model, operation, &call.method, call.ids.as_deref())?;
        restated::check(&call, &self.client.definition().alias, self.permit.effects())?;
        self.sent(call).await
    }

    /// The call itself, over the way of this client.
    pub(super) async fn reach(&self, call: Call) -> Result<Value, OdooError> {
        if matches!(self.way, Way::Connection)
            && let Some(answer) = self.translated(&call).await?
        {
            return Ok(answer);
        }
        self.way.call(&self.client, call).await
    }

    /// Rows and total of a search.
    pub async fn page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        self.check(&query.model, Operation::Read, &MethodName::known("search"), None)?;
        restated::check_query(query, &self.client.definition().alias, self.permit.effects())?;
        if self.eyes.narrow() {
            self.narrowed_page(query).await
        } else {
            self.client.page_over(&self.way, query).await
        }
    }

    /// Rows of a search without the total, which costs the server less.
    pub async fn search_rows(&self, query: &PageQuery) -> Result<Vec<JsonObject>, OdooError> {
        self.check(&query.model, Operation::Read, &MethodName::known("search"), None)?;
        restated::check_query(query, &self.client.definition().alias, self.permit.effects())?;
        if self.eyes.narrow() {
            self.narrowed_rows(query).await
        } else {
            self.client.rows_over(&self.way, query).await
        }
    }

    /// The fields of records by id. Records that do not exist are missing from the answer.
    pub async fn read(
        &self,
        model: &ModelName,
        ids: &[i64],
        fields: &[FieldName],
        context: &Context,
    ) -> Result<Vec<JsonObject>, OdooError> {
        let call =
            Call::new(model, MethodName::known("read")).on(ids).arg("fields", names(fields)).within(context);
        self.rows(self.call(call).await?)
    }

    /// Ids of the records that match.
    pub async fn search(&self, query: &PageQuery) -> Result<Vec<i64>, OdooError> {
        let mut call = Call::new(&query.model, MethodName::known("search"))
            .arg("domain", query.domain.clone().into())
            .named("limit", json!(query.limit))
            .named("offset", json!(query.offset))
            .within(&query.context);
        if let Some(order) = &query.order {
            call = call.named("order", json!(order));
        }
        self.ids(&self.call(call).await?)
    }

    /// How many records match.
    pub async fn search_count(
        &self,
        model: &ModelName,
        domain: &Domain,
        context: &Context,
    ) -> Result<u64, OdooError> {
        let call = Call::new(model, MethodName::known("search_count"))
            .arg("domain", domain.clone().into())
            .within(context);
        self.call(call).await?.as_u64().ok_or_else(|| self.bad_answer("a count is no number"))
    }

    /// Makes records, all or none, and answers their ids in order.
    pub async fn create(
        &self,
        model: &ModelName,
        records: Vec<JsonObject>,
        context: &Context,
    ) -> Result<Vec<i64>, OdooError> {
        let records = records.into_iter().map(Value::Object).collect();
        let call = Call::new(model, MethodName::known("create"))
            .arg("vals_list", Value::Array(records))
            .within(context);
        self.ids(&self.call(call).await?)
    }

    /// Changes the named records, all or none.
    pub async fn write(
        &self,
        model: &ModelName,
        ids: &[i64],
        values: JsonObject,
        context: &Context,
    ) -> Result<(), OdooError> {
        let call = Call::new(model, MethodName::known("write"))
            .on(ids)
            .arg("vals", Value::Object(values))
            .within(context);
        self.on_records(call).await.map(drop)
    }

    /// Deletes the named records, all or none.
    pub async fn unlink(&self, model: &ModelName, ids: &[i64], context: &Context) -> Result<(), OdooError> {
        let call = Call::new(model, MethodName::known("unlink")).on(ids).within(context);
        self.on_records(call).await.map(drop)
    }

    /// The values as Odoo takes them, checked against the field definitions of the model and of
    /// the models that x2many commands make or change.
    pub async fn checked_values(
        &self,
        model: &ModelName,
        values: &JsonObject,
        mode: Mode,
    ) -> Result<JsonObject, OdooError> {
        // A field that may be written need not be one that may be read.
        let schema = self.client.schema(model).await?;
        let mut comodels = Comodels::new();
        for comodel in models_of_commands(&schema, values) {
            // A model whose definitions this user may not read is left to Odoo's own checks.
            if let Ok(schema) = self.client.schema(&comodel).await {
                comodels.insert(comodel, schema);
            }
        }
        check_values_with(&schema, values, mode, &comodels).map_err(|error| self.eyes.worded(error, [model]))
    }

    /// Any public method, as the permit declared it.
    pub async fn execute(&self, call: Call) -> Result<Value, OdooError> {
        self.call(call).await
    }

    /// Odoo answers `true` to a change of no records and does nothing.
    async fn on_records(&self, call: Call) -> Result<Value, OdooError> {
        if call.ids.as_ref().is_none_or(Vec::is_empty) {
            return Err(OdooError::BadCall {
                why: format!("`{}` needs at least one record id", call.method),
                hint: None,
            });
        }
        self.call(call).await
    }

    fn rows(&self, answer: Value) -> Result<Vec<JsonObject>, OdooError> {
        let Value::Array(rows) = answer else { return Err(self.bad_answer("rows are no list")) };
        rows.into_iter()
            .map(|row| match row {
                Value::Object(row) => Ok(row),
                _ => Err(self.bad_answer("a row is no object")),
            })
            .collect()
    }

    /// One id, a list of ids.
    fn ids(&self, answer: &Value) -> Result<Vec<i64>, OdooError> {
        let ids = match answer {
            Value::Array(ids) => ids.iter().map(Value::as_i64).collect(),
            one => one.as_i64().map(|id| vec![id]),
        };
        ids.ok_or_else(|| self.bad_answer("ids are no numbers"))
    }

    fn bad_answer(&self, why: &str) -> OdooError {
        OdooError::BadAnswer { connection: self.client.definition().alias.clone(), why: why.to_owned() }
    }

    /// Field definitions: no record data, so every model of the connection. Fields that do not exist
    /// for the caller are not among them.
    pub async fn schema(&self, model: &ModelName) -> Result<Arc<ModelSchema>, OdooError> {
        Ok(self.eyes.visible(self.client.schema(model).await?))
    }

    /// Fields of the list view: no record data, so every model of the connection.
    pub async fn list_columns(&self, model: &ModelName) -> Arc<[String]> {
        let columns = self.client.list_columns(model).await;
        if self.eyes.narrow() { self.eyes.visible_names(model, &columns).into() } else { columns }
    }

    /// The order of a model's rows: no record data, so every model of the connection.
    pub async fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        let order = self.client.default_order(model).await?;
        if self.eyes.narrow() { self.eyes.visible_order(model, &order) } else { Some(order) }
    }

    /// The id of the user that this connection signs in as.
    pub async fn uid(&self) -> Result<i64, OdooError> {
        Ok(self.client.sign_in().await?.uid)
    }

    /// The address of a page of this Odoo, for people to open; nothing for a path that leads elsewhere.
    pub fn page_address(&self, path: &str) -> Option<String> {
        let base = &self.client.definition().url;
        let address = path.starts_with('/').then(|| base.join(path).ok())??;
        (address.origin() == base.origin()).then(|| address.to_string())
    }

    /// Refuses where the rules narrow what this caller sees of these fields: a page that the server
    /// writes cannot be narrowed.
    pub fn check_page_of(&self, model: &ModelName, fields: &[FieldName]) -> Result<(), OdooError> {
        if !self.eyes.narrow() {
            return Ok(());
        }
        let is_plain = fields.iter().all(|field| self.eyes.shows_plainly(model, field));
        if is_plain && self.eyes.scope(model)?.is_empty() {
            return Ok(());
        }
        Err(OdooError::Closed {
            why: format!("pages about `{model}` cannot be kept to what this policy lets be read"),
        })
    }

    pub async fn version(&self) -> VersionState {
        self.client.version().await
    }

    /// Where the connection leads and as whom: no record data.
    pub fn definition(&self) -> &crate::facts::Definition {
        self.client.definition()
    }

    /// Where the connection leads: no record data.
    pub fn base_url(&self) -> &url::Url {
        &self.client.definition().url
    }

    /// What is known of the connection without asking the server.
    pub fn state(&self) -> ClientState {
        self.client.state()
    }

    pub(super) fn check(
        &self,
        model: &ModelName,
        operation: Operation,
        method: &MethodName,
        ids: Option<&[i64]>,
    ) -> Result<(), OdooError> {
        let connection = &self.client.definition().alias;
        if self.permit.covers(connection, model, operation, method, ids) {
            Ok(())
        } else {
            Err(OdooError::NotPermitted { what: format!("{} on {model}", operation.as_str()) })
        }
    }
}

fn names(fields: &[FieldName]) -> Value {
    json!(fields.iter().map(FieldName::as_str).collect::<Vec<_>>())
}
