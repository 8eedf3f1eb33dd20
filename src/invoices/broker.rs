//! What steps of plugins may ask for: Odoo through the permit of the call, and the ledger of their own
//! bill. Which capabilities a plugin has was checked before anything is asked here.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    bill::{MOVE, fields},
    runner::Run,
};
use crate::{
    facts::{
        ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, PluginRequests,
        RecordEffect,
    },
    odoo::{Call, Context, Domain, OdooError, PageQuery, PermittedOdoo},
    plugins::{Broker, BrokerError},
    usage::{Tenant, UsageLedger},
};

/// Fields by which plugins may look for records and order them; where a model lacks one, so do they.
const FILTERS: &[&str] = &[
    "id",
    "name",
    "display_name",
    "active",
    "ref",
    "vat",
    "company_registry",
    "is_company",
    "parent_id",
    "partner_id",
    "commercial_partner_id",
    "company_id",
    "move_type",
    "state",
    "date",
    "invoice_date",
    "amount_total",
    "amount_untaxed",
    "currency_id",
    "move_id",
    "account_id",
    "display_type",
    "tax_line_id",
    "date_maturity",
    "product_id",
    "supplier_rank",
    "email",
    "code",
];
/// Rows of one request.
const ROWS_MAX: u64 = 1_000;
const ROWS_USUAL: u64 = 80;
/// Calls of one bill that a plugin is told of.
const CALLS_MAX: usize = 50;

/// Effects for what the active plugins may do: reads of the granted models, changes of the bill itself.
pub fn further_effects(
    connection: &ConnectionAlias,
    bill: Option<i64>,
    capabilities: &[String],
) -> Vec<Effect> {
    let effect = |model: &str, operation, method: MethodName| {
        Some(RecordEffect::new(connection, &ModelName::parse(model).ok()?, operation, method))
    };
    let ids = bill.as_slice();
    let stated = capabilities.iter().filter_map(|capability| {
        let parts: Vec<&str> = capability.split(':').collect();
        match parts.as_slice() {
            ["odoo.read", model] => {
                let read = effect(model, Operation::Read, MethodName::known("search_read"))?;
                let filters = FILTERS.iter().map(|name| (*name).to_owned()).collect();
                let optional: Vec<FieldName> = fields(FILTERS);
                Some(
                    read.choosing_fields()
                        .filtering(filters)
                        .optionally(&optional)
                        .bounded(ROWS_MAX)
                        .auxiliary(),
                )
            }
            // Only the bill of the run: no other record is known before.
            ["odoo.write", MOVE, names] if !ids.is_empty() => {
                let names: Vec<FieldName> =
                    names.split(',').filter_map(|name| FieldName::parse(name).ok()).collect();
                let write = effect(MOVE, Operation::Write, MethodName::known("write"))?;
                Some(write.with_ids(ids).writing(names).bounded(1))
            }
            ["odoo.call", MOVE, method] if !ids.is_empty() => {
                let method = MethodName::parse(method).ok()?;
                let operation = Operation::of_method(method.as_str(), true);
                Some(effect(MOVE, operation, method)?.with_ids(ids).bounded(1))
            }
            _ => None,
        }
    });
    stated.map(Effect::Records).collect()
}

/// The broker of one run.
pub(super) struct RunBroker<'a> {
    odoo: &'a PermittedOdoo<'a>,
    usage: &'a UsageLedger,
    tenant: Tenant,
    bill: Option<i64>,
    asked: &'a PluginRequests,
}

impl<'a> RunBroker<'a> {
    pub(super) fn of(run: &'a Run<'_, 'a>) -> Self {
        Self {
            odoo: run.odoo,
            usage: &run.engine.parts().usage,
            tenant: run.tenant.clone(),
            bill: run.context.request.move_id,
            asked: run.asked,
        }
    }

    async fn answer(&self, plugin: &str, request: &Value) -> Result<Value, BrokerError> {
        let capability = request.get("capability").and_then(Value::as_str).unwrap_or_default();
        tracing::debug!(plugin, capability, "a plugin asks");
        match capability {
            "odoo.read" => self.read(request).await,
            "odoo.write" => self.write(request).await,
            "odoo.call" => self.call(request).await,
            "ledger.read" => self.ledger().await,
            _ => Err(BrokerError::new("not_supported", "this server does not answer such requests")),
        }
    }

    async fn read(&self, request: &Value) -> Result<Value, BrokerError> {
        let model = model_of(request)?;
        let domain = Domain::parse(request.get("domain").cloned().unwrap_or_else(|| json!([])));
        let domain = domain.map_err(|error| worded(&error))?;
        if let Some(path) = domain.paths().into_iter().find(|path| !FILTERS.contains(&path.as_str())) {
            return Err(BrokerError::new(
                "bad_request",
                format!("plugins cannot look for records by `{path}`"),
            ));
        }
        let names = request.get("fields").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let wanted: Vec<FieldName> =
            names.iter().filter_map(|name| FieldName::parse(name.as_str()?).ok()).collect();
        if wanted.is_empty() {
            return Err(BrokerError::new("bad_request", "`fields` names the fields to read"));
        }
        let limit = request.get("limit").and_then(Value::as_u64).unwrap_or(ROWS_USUAL).clamp(1, ROWS_MAX);
        let query = PageQuery {
            model,
            domain,
            fields: wanted,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            offset: 0,
            order: request.get("order").and_then(Value::as_str).map(str::to_owned),
            context: Context::default(),
        };
        let rows = self.odoo.search_rows(&query).await.map_err(|error| worded(&error))?;
        Ok(json!(rows))
    }

    async fn write(&self, request: &Value) -> Result<Value, BrokerError> {
        let (model, ids) = (model_of(request)?, ids_of(request)?);
        let values: JsonObject = match request.get("values") {
            Some(Value::Object(values)) => values.clone(),
            _ => return Err(BrokerError::new("bad_request", "`values` is missing")),
        };
        self.only_the_bill(&model, &ids)?;
        self.odoo.write(&model, &ids, values, &Context::default()).await.map_err(|error| worded(&error))?;
        Ok(json!(true))
    }

    async fn call(&self, request: &Value) -> Result<Value, BrokerError> {
        let (model, ids) = (model_of(request)?, ids_of(request)?);
        self.only_the_bill(&model, &ids)?;
        let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
        let method =
            MethodName::parse(method).map_err(|error| BrokerError::new("bad_request", error.to_string()))?;
        let mut call = Call::new(&model, method).on(&ids);
        match request.get("arguments") {
            Some(Value::Array(arguments)) => {
                call = arguments.iter().fold(call, |call, argument| call.unnamed_arg(argument.clone()));
            }
            Some(Value::Object(arguments)) => {
                call = arguments.iter().fold(call, |call, (name, value)| call.named(name, value.clone()));
            }
            _ => {}
        }
        let answer = self.odoo.execute(call).await.map_err(|error| worded(&error))?;
        Ok(json!(answer))
    }

    fn only_the_bill(&self, model: &ModelName, ids: &[i64]) -> Result<(), BrokerError> {
        if model.as_str() == MOVE && self.bill.is_some() && ids.iter().all(|id| Some(*id) == self.bill) {
            return Ok(());
        }
        Err(BrokerError::new("not_permitted", "plugins change only the bill of their run"))
    }

    async fn ledger(&self) -> Result<Value, BrokerError> {
        let moves = self.bill.as_slice();
        let calls = self.usage.calls_of_moves(&self.tenant, moves).await;
        let calls = calls.map_err(|error| BrokerError::new(error.code(), error.to_string()))?;
        let rows: Vec<Value> = calls
            .iter()
            .take(CALLS_MAX)
            .map(|call| {
                json!({
                    "call_id": call.call_id, "created_at": call.created_at, "model": call.model,
                    "state": call.state, "cost_millicents": call.cost_millicents, "billed": call.billed,
                })
            })
            .collect();
        Ok(Value::Array(rows))
    }
}

impl Broker for RunBroker<'_> {
    fn ask<'a>(&'a self, plugin: &'a str, request: &'a Value) -> BoxFuture<'a, Result<Value, BrokerError>> {
        Box::pin(self.answer(plugin, request))
    }

    fn requests(&self) -> Option<&PluginRequests> {
        Some(self.asked)
    }
}

fn model_of(request: &Value) -> Result<ModelName, BrokerError> {
    let name = request.get("model").and_then(Value::as_str).unwrap_or_default();
    ModelName::parse(name).map_err(|error| BrokerError::new("bad_request", error.to_string()))
}

fn ids_of(request: &Value) -> Result<Vec<i64>, BrokerError> {
    let ids = request.get("ids").map_or(Ok(Vec::new()), |ids| crate::odoo::record_ids(ids, 1));
    match ids {
        Ok(ids) if !ids.is_empty() => Ok(ids),
        _ => Err(BrokerError::new("bad_request", "`ids` names the bill of the run")),
    }
}

fn worded(error: &OdooError) -> BrokerError {
    BrokerError::new(error.code(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_become_effects_of_the_bill_alone() {
        let shop = ConnectionAlias::parse("shop").unwrap();
        let stated = |capability: &str| further_effects(&shop, Some(7), &[capability.to_owned()]);
        assert!(matches!(
            stated("odoo.read:res.partner").as_slice(),
            [Effect::Records(read)] if read.operation == Operation::Read && read.reads_every_field
        ));
        assert!(matches!(
            stated("odoo.write:account.move:ref,narration").as_slice(),
            [Effect::Records(write)] if write.ids.as_deref() == Some(&[7]) && write.fields_written.len() == 2
        ));
        assert!(matches!(
            stated("odoo.call:account.move:message_post").as_slice(),
            [Effect::Records(call)] if call.operation == Operation::Mail
        ));
        for nothing in
            ["odoo.write:res.partner:vat", "ledger.read", "http:example.com", "odoo.call:a.b:c", ""]
        {
            assert!(stated(nothing).is_empty(), "{nothing}");
        }
        assert!(further_effects(&shop, None, &["odoo.write:account.move:ref".to_owned()]).is_empty());
    }
}
