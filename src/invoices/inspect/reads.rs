//! The reads themselves: one request for all bills, one for all their files, one for all companies.
//!
//! What is read is stated here too, beside the reads, so that the two stay the same.

use std::collections::BTreeMap;

use serde_json::{Number, Value, json};

use super::Attachments;
use crate::{
    facts::{ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    invoices::bill::{
        ATTACHMENT, ATTACHMENT_FILTERS, COMPANY, MAIN_ATTACHMENT, MOVE, MOVE_FIELDS, NEEDS_REVIEW, REQUESTED,
        REVIEW_REASON, fields, present, relation, text, texts,
    },
    odoo::{Context, Domain, OdooError, PageQuery, PermittedOdoo},
};

const CREATED: &str = "create_date";
const CONFIDENCE: &str = "ai_post_confidence";
const LOG: &str = "ai_post_log";
/// Fields that an add-on brings, and one that not every version has.
const MOVE_OPTIONAL: &[&str] = &[MAIN_ATTACHMENT, CONFIDENCE, NEEDS_REVIEW, LOG, REVIEW_REASON, REQUESTED];
const MOVE_FILTERS: &[&str] = &["move_type", "state", CREATED];

const ATTACHMENT_FIELDS: &[&str] = &["name", "mimetype", "file_size", "res_id", CREATED];
/// Files that are looked at in one call, whatever the number of bills.
const ATTACHMENTS_MAX: u32 = 10_000;

const THRESHOLD: &str = "ai_post_confidence_threshold";
const AUTOPOST: &str = "ai_post_autopost";
/// Companies of one database.
const COMPANIES_MAX: u32 = 1_000;

/// Which bills, oldest or newest first: the part of the reads that a tool chooses.
#[derive(Debug, Clone, Copy)]
pub struct Reads<'a> {
    /// The bills by id, where they are known before.
    pub ids: Option<&'a [i64]>,
    pub bills_max: u32,
    /// The domain also asks for bills that wait for the pipeline.
    pub requested_only: bool,
    /// Companies are not always looked at.
    pub companies: bool,
}

impl Reads<'_> {
    /// Everything the reads below do, before they do it.
    pub fn effects(&self, connection: &ConnectionAlias) -> Vec<Effect> {
        let read = |model: &'static str| {
            let method = MethodName::known("search_read");
            RecordEffect::new(connection, &ModelName::known(model), Operation::Read, method)
        };
        let mut filters = texts(MOVE_FILTERS);
        if self.requested_only {
            filters.push(REQUESTED.to_owned());
        }
        let mut bills = read(MOVE)
            .reading(&fields(&move_fields()))
            .optionally(&fields(MOVE_OPTIONAL))
            .filtering(filters)
            .ordering(texts(&[CREATED, "id"]))
            .bounded(u64::from(self.bills_max));
        if let Some(ids) = self.ids {
            bills = bills.with_ids(ids);
        }
        let files = read(ATTACHMENT)
            .reading(&fields(ATTACHMENT_FIELDS))
            .filtering(texts(ATTACHMENT_FILTERS))
            .ordering(texts(&["id"]))
            .bounded(u64::from(ATTACHMENTS_MAX));
        let mut effects = vec![Effect::Records(bills), Effect::Records(files)];
        if self.companies {
            let settings = fields(&[THRESHOLD, AUTOPOST]);
            let companies = read(COMPANY)
                .reading(&settings)
                .optionally(&settings)
                .ordering(texts(&["id"]))
                .bounded(u64::from(COMPANIES_MAX))
                .auxiliary();
            effects.push(Effect::Records(companies));
        }
        effects
    }
}

/// What is read of a bill. `None` in an `ai_` field: the add-on that brings it is not installed.
#[derive(Debug, Clone)]
pub struct Bill {
    pub id: i64,
    pub name: String,
    pub move_type: String,
    pub state: String,
    pub partner_name: Option<String>,
    pub invoice_date: Option<String>,
    pub reference: Option<String>,
    pub amount_total: Option<Number>,
    pub currency: Option<String>,
    pub company_id: Option<i64>,
    pub create_date: Option<String>,
    pub main_attachment: Option<i64>,
    pub confidence: Option<f64>,
    pub needs_review: Option<bool>,
    pub review_reason: Option<String>,
    pub log: Option<String>,
    pub requested: Option<bool>,
}

impl Bill {
    fn of(row: &JsonObject) -> Option<Self> {
        Some(Self {
            id: row.get("id")?.as_i64()?,
            name: text(row, "name").unwrap_or_default(),
            move_type: text(row, "move_type").unwrap_or_default(),
            state: text(row, "state").unwrap_or_default(),
            partner_name: relation(row, "partner_id").and_then(|(_, name)| name),
            invoice_date: text(row, "invoice_date"),
            reference: text(row, "ref"),
            amount_total: row.get("amount_total").and_then(Value::as_number).cloned(),
            currency: relation(row, "currency_id").and_then(|(_, name)| name),
            company_id: relation(row, "company_id").map(|(id, _)| id),
            create_date: text(row, CREATED),
            main_attachment: relation(row, MAIN_ATTACHMENT).map(|(id, _)| id),
            confidence: row.get(CONFIDENCE).and_then(Value::as_f64),
            needs_review: row.get(NEEDS_REVIEW).and_then(Value::as_bool),
            review_reason: text(row, REVIEW_REASON),
            log: text(row, LOG),
            requested: row.get(REQUESTED).and_then(Value::as_bool),
        })
    }
}

/// Does this Odoo have the fields of the add-on? `ai_pipeline_requested` alone is what a queue needs.
pub async fn has_addon(odoo: &PermittedOdoo<'_>) -> Result<(bool, bool), OdooError> {
    let schema = odoo.schema(&ModelName::known(MOVE)).await?;
    Ok((schema.field(CONFIDENCE).is_some(), schema.field(REQUESTED).is_some()))
}

/// The bills of a domain in one request. `order` is by creation.
pub async fn bills(
    odoo: &PermittedOdoo<'_>,
    domain: Value,
    limit: u32,
    newest_first: bool,
) -> Result<Vec<Bill>, OdooError> {
    let model = ModelName::known(MOVE);
    let fields = present(odoo, &model, &move_fields(), MOVE_OPTIONAL).await?;
    let order = if newest_first { "create_date desc, id desc" } else { "create_date, id" };
    let rows = odoo.search_rows(&query(model, domain, fields, limit, order)?).await?;
    Ok(rows.iter().filter_map(Bill::of).collect())
}

/// Drafts of vendor bills by id, oldest first: ids alone, because there can be thousands.
pub async fn draft_ids(
    odoo: &PermittedOdoo<'_>,
    requested_only: bool,
    limit: u32,
) -> Result<Vec<i64>, OdooError> {
    let mut domain =
        vec![json!(["state", "=", "draft"]), json!(["move_type", "in", ["in_invoice", "in_refund"]])];
    if requested_only {
        domain.push(json!([REQUESTED, "=", true]));
    }
    let query = query(ModelName::known(MOVE), Value::Array(domain), Vec::new(), limit, "create_date, id")?;
    odoo.search(&query).await
}

/// The files of all these bills in one request, in the order they came.
pub async fn attachments_of(odoo: &PermittedOdoo<'_>, bills: &[i64]) -> Result<Attachments, OdooError> {
    if bills.is_empty() {
        return Ok(Attachments::default());
    }
    let domain = json!([["res_model", "=", MOVE], ["res_id", "in", bills]]);
    let model = ModelName::known(ATTACHMENT);
    let query = query(model, domain, fields(ATTACHMENT_FIELDS), ATTACHMENTS_MAX, "id")?;
    let rows = odoo.search_rows(&query).await?;
    Ok(Attachments::of_rows(&rows, ATTACHMENTS_MAX))
}

/// What a company says of posting. `None`: the add-on is not installed, or nobody may look.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CompanySettings {
    pub threshold: Option<f64>,
    pub autopost: Option<bool>,
}

/// The settings of all companies of these bills in one request; none at all where there are none to read.
pub async fn companies_of(
    odoo: &PermittedOdoo<'_>,
    bills: &[Bill],
) -> Result<BTreeMap<i64, CompanySettings>, OdooError> {
    let mut ids: Vec<i64> = bills.iter().filter_map(|bill| bill.company_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let model = ModelName::known(COMPANY);
    let wanted = present(odoo, &model, &[THRESHOLD, AUTOPOST], &[THRESHOLD, AUTOPOST]).await?;
    if ids.is_empty() || wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = query(model, json!([["id", "in", ids]]), wanted, COMPANIES_MAX, "id")?;
    let rows = odoo.search_rows(&query).await?;
    let settings = |row: &JsonObject| {
        let settings = CompanySettings {
            threshold: row.get(THRESHOLD).and_then(Value::as_f64),
            autopost: row.get(AUTOPOST).and_then(Value::as_bool),
        };
        Some((row.get("id")?.as_i64()?, settings))
    };
    Ok(rows.iter().filter_map(settings).collect())
}

fn query(
    model: ModelName,
    domain: Value,
    fields: Vec<FieldName>,
    limit: u32,
    order: &str,
) -> Result<PageQuery, OdooError> {
    Ok(PageQuery {
        model,
        domain: Domain::parse(domain)?,
        fields,
        limit,
        offset: 0,
        order: Some(order.to_owned()),
        context: Context::default(),
    })
}

fn move_fields() -> Vec<&'static str> {
    [MOVE_FIELDS, &[CREATED], MOVE_OPTIONAL].concat()
}
