//! What a page request needs among the effects of a permit, checked before a byte leaves.

use serde_json::{Value, json};

use super::{OdooError, PageBody, PagePath, PermittedWeb, request::About, web_page_effect};
use crate::{
    facts::{Effect, FieldName, MethodName, ModelName, Operation, Part, RecordEffect},
    odoo::{Call, Context, Domain, restated},
};

impl PermittedWeb<'_> {
    /// Refuses a request that the permit does not cover. Answers whether it is one that only reads.
    pub(super) async fn check(
        &self,
        http_method: &'static str,
        path: &PagePath,
        body: Option<&PageBody>,
    ) -> Result<bool, OdooError> {
        match About::of(path, body)? {
            About::Page => self.check_page(http_method, path),
            About::Report { name, ids } => self.check_report(&name, &ids).await.map(|()| true),
            About::Content { model, id, fields } => {
                self.check_content(&model, id, &fields).await.map(|()| true)
            }
            About::Export { asked } => self.check_export(&asked).map(|()| true),
        }
    }

    fn check_page(&self, http_method: &'static str, path: &PagePath) -> Result<bool, OdooError> {
        let needed = web_page_effect(&self.alias(), http_method, path);
        let is_declared = self.declared().any(|effect| {
            effect.is_page() && effect.operation == needed.operation && effect.values == needed.values
        });
        if is_declared {
            Ok(needed.operation == Operation::Read)
        } else {
            Err(OdooError::NotPermitted { what: format!("{http_method} {}", path.path()) })
        }
    }

    /// A report of an effect whose model was found out names its model and its records.
    async fn check_report(&self, name: &str, ids: &[i64]) -> Result<(), OdooError> {
        let reports: Vec<&RecordEffect> =
            self.declared().filter(|effect| effect.operation == Operation::Report).collect();
        let not_declared = || OdooError::NotPermitted { what: format!("report {name}") };
        if reports.is_empty() {
            return Err(not_declared());
        }
        let facts = self.odoo.client.report(name).await?;
        let covers = |effect: &RecordEffect| match effect.unplaced_report() {
            Some((declared, of)) => declared == name && ids.iter().all(|id| of.contains(id)),
            None => {
                let of = effect.ids.as_deref().unwrap_or_default();
                effect.model == facts.model && ids.iter().all(|id| of.contains(id))
            }
        };
        if !reports.into_iter().any(covers) {
            return Err(not_declared());
        }
        self.check_within_scope(&facts.model, ids).await
    }

    /// One field of one record, which the caller could read as it is.
    async fn check_content(&self, model: &ModelName, id: i64, fields: &[FieldName]) -> Result<(), OdooError> {
        let read = MethodName::known("read");
        if !self.odoo.permit.covers(&self.alias(), model, Operation::Read, &read, Some(&[id])) {
            return Err(OdooError::NotPermitted { what: format!("read on {model}") });
        }
        let is_declared = |field: &&FieldName| {
            let call = Call::new(model, read.clone()).on(&[id]).arg("fields", json!([field.as_str()]));
            restated::check(&call, &self.alias(), self.odoo.permit.effects()).is_ok()
        };
        let Some(field) = fields.iter().find(is_declared) else {
            return Err(OdooError::NotPermitted { what: format!("these fields of {model}") });
        };
        if !self.odoo.eyes.shows_plainly(model, field) {
            return Err(OdooError::Closed {
                why: format!("the content of `{field}` of {model} is not shown under this policy"),
            });
        }
        self.check_within_scope(model, &[id]).await
    }

    /// An export says in its form what it reads. What the rules would narrow cannot be narrowed in a
    /// file that Odoo writes.
    fn check_export(&self, asked: &Value) -> Result<(), OdooError> {
        let bad = |why: &str| OdooError::BadCall { why: why.to_owned(), hint: None };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let model = ModelName::parse(&text(asked.get("model")).unwrap_or_default())?;
        let columns =
            asked.get("fields").and_then(Value::as_array).ok_or_else(|| bad("an export needs `fields`"))?;
        let names: Option<Vec<String>> = columns.iter().map(|column| text(column.get("name"))).collect();
        let names = names.ok_or_else(|| bad("a field of the export has no name"))?;
        let context = asked.get("context").and_then(Value::as_object).cloned().unwrap_or_default();
        let export = MethodName::known("export_data");
        let mut call =
            Call::new(&model, export.clone()).arg("fields", json!(names)).within(&Context::new(context)?);
        let ids: Option<Vec<i64>> = asked
            .get("ids")
            .and_then(Value::as_array)
            .map(|ids| ids.iter().filter_map(Value::as_i64).collect());
        let alias = self.alias();
        if let Some(order) = grouping(asked).map_err(bad)? {
            let search = Call::new(&model, MethodName::known("search")).arg("domain", json!([]));
            restated::check(&search.named("order", json!(order)), &alias, self.odoo.permit.effects())?;
        }
        if let Some(ids) = &ids {
            call = call.on(ids);
        } else {
            let domain = Domain::parse(asked.get("domain").cloned().unwrap_or_else(|| json!([])))?;
            let search = Call::new(&model, MethodName::known("search")).arg("domain", domain.into());
            restated::check(&search, &alias, self.odoo.permit.effects())?;
            call = call.on(&[]);
        }
        if !self.odoo.permit.covers(&alias, &model, Operation::Read, &export, ids.as_deref()) {
            return Err(OdooError::NotPermitted { what: format!("read on {model}") });
        }
        restated::check(&call, &alias, self.odoo.permit.effects())?;
        if self.odoo.eyes.narrow() {
            return Err(OdooError::Closed {
                why: "a file that Odoo writes cannot be kept to what this policy lets be read".to_owned(),
            });
        }
        Ok(())
    }

    /// Records that the rules keep from this caller are answered as missing ones.
    async fn check_within_scope(&self, model: &ModelName, ids: &[i64]) -> Result<(), OdooError> {
        if self.odoo.eyes.scope(model)?.is_empty() {
            return Ok(());
        }
        let within = self.odoo.eyes.within_scope(&self.odoo.client, model, ids, &Context::default()).await?;
        if ids.iter().all(|id| within.contains(id)) {
            return Ok(());
        }
        Err(OdooError::Web {
            code: "not_found",
            why: "a record does not exist or has been deleted".to_owned(),
            hint: None,
            sent: false,
        })
    }

    fn declared(&self) -> impl Iterator<Item = &RecordEffect> {
        let alias = self.alias();
        self.odoo.permit.effects().iter().filter_map(move |effect| match effect {
            Effect::Records(records) if records.part != Part::Nested && records.connection == alias => {
                Some(records)
            }
            Effect::Records(_)
            | Effect::Connection { .. }
            | Effect::AllConnections { .. }
            | Effect::Memory { .. }
            | Effect::Own { .. } => None,
        })
    }
}

/// The paths that an export groups by, as an order: a group tells as much of its field as sorting does.
fn grouping(asked: &Value) -> Result<Option<String>, &'static str> {
    let groups = match asked.get("groupby") {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(Value::Array(groups)) => groups,
        Some(_) => return Err("`groupby` is a list of fields"),
    };
    // `date:month` groups by a part of the field.
    let paths: Option<Vec<&str>> =
        groups.iter().map(|group| group.as_str().and_then(|group| group.split(':').next())).collect();
    let paths = paths.ok_or("`groupby` is a list of fields")?;
    Ok((!paths.is_empty()).then(|| paths.join(", ")))
}
