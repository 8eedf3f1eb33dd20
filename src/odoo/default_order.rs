//! The order a model's rows come in when nobody asks for one, so that it can be sent with a last word.
//!
//! Odoo's own order often leaves equal rows in any order: two pages of it can repeat one row and
//! skip another.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Call, Failure, OdooClient, client::lock};
use crate::facts::{MethodName, ModelName};

/// A model's order changes with its module, hardly ever.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Models kept at once; an order is a short text.
const KEPT_MAX: usize = 512;

/// When each order was asked for, and the order if this user may know it.
type Kept = HashMap<ModelName, (Instant, Option<Arc<str>>)>;

#[derive(Debug, Default)]
pub(super) struct DefaultOrderCache(Mutex<Kept>);

/// An order without the terms of some fields; nothing where no term is left.
pub(super) fn without(order: &Arc<str>, hidden: impl Fn(&str) -> bool) -> Option<Arc<str>> {
    let is_hidden = |term: &str| {
        let path = term.split_whitespace().next().unwrap_or_default();
        hidden(path.split(['.', ':']).next().unwrap_or_default())
    };
    if !order.split(',').any(is_hidden) {
        return Some(Arc::clone(order));
    }
    let kept: Vec<&str> = order.split(',').filter(|term| !is_hidden(term)).map(str::trim).collect();
    (!kept.is_empty()).then(|| kept.join(", ").into())
}

impl OdooClient {
    /// The model's order, or nothing where this user may not know it. One request the first time.
    pub async fn default_order(&self, model: &ModelName) -> Option<Arc<str>> {
        if let Some(order) = self.kept_order(model) {
            return order;
        }
        let ir_model = ModelName::parse("ir.model").ok()?;
        let call = Call::new(&ir_model, MethodName::known("search_read"))
            .named("domain", json!([["model", "=", model.as_str()]]))
            .named("fields", json!(["order"]))
            .named("limit", json!(1));
        let rows = match self.call_plainly(&call).await {
            Ok(rows) => Some(rows),
            Err(Failure::Fault(_)) => None,
            // Nothing was learnt; the search itself will say what is wrong.
            Err(_) => return None,
        };
        let order = rows
            .as_ref()
            .and_then(|rows| rows.get(0)?.get("order")?.as_str())
            .filter(|order| !order.trim().is_empty())
            .map(Arc::from);
        let mut kept = lock(&self.default_orders.0);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(model.clone(), (Instant::now(), order.clone()));
        order
    }

    fn kept_order(&self, model: &ModelName) -> Option<Option<Arc<str>>> {
        let kept = lock(&self.default_orders.0);
        kept.get(model).filter(|(at, _)| at.elapsed() < KEPT_FOR).map(|(_, order)| order.clone())
    }
}
