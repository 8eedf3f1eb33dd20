//! What each well-known method does, stated from its arguments.
//!
//! Arguments are read as any version from 14 on understands them. A method that stands here and is
//! called in a way that cannot be read is refused; one that does not stand here is `execute`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Asked,
    changing::active,
    domain_of, loading,
    paths::{Reads, order_paths},
    refuse,
};
use crate::{
    facts::{FieldName, ModelName, Operation, RecordEffect},
    odoo::OdooError,
};

/// What `name_search` answers where nobody says how many.
const NAMES_FOUND: u64 = 100;
/// Where Odoo keeps external ids.
const EXTERNAL_IDS: &str = "ir.model.data";

impl Asked<'_> {
    pub(super) fn effects(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let method = self.target.method.as_str();
        Ok(match method {
            "search" => vec![self.found(&[3], self.arguments.limit(2, None))?],
            "search_count" => vec![self.found(&[], Some(0))?],
            "search_fetch" => {
                let effect = self.found(&[4], self.arguments.limit(3, None))?;
                vec![self.with_fields(effect, &["field_names", "fields"], 1)?]
            }
            "search_read" => {
                let effect = self.found(&[4], self.arguments.limit(3, None))?;
                vec![self.with_fields(effect, &["fields", "field_names"], 1)?]
            }
            "web_search_read" => {
                let effect = self.found(&[4], self.arguments.limit(3, None))?;
                vec![self.with_fields(effect, &["specification", "fields"], 1)?]
            }
            "read" => vec![self.with_fields(self.on_records(), &["fields"], 0)?],
            "web_read" => vec![self.with_specification(self.on_records(), 0)?],
            "name_get" => vec![self.on_records().reading(&names(&["display_name"]))],
            "name_search" => vec![self.names_found()?],
            "read_group" | "formatted_read_group" | "web_read_group" => vec![self.groups(method)?],
            "export_data" => self.exported()?,
            "get_field_translations" => vec![self.on_records().reading(&[self.named_field()?])],
            // These answer what a model has or a user may do, and no record.
            "fields_get"
            | "default_get"
            | "get_views"
            | "get_view"
            | "fields_view_get"
            | "check_access_rights"
            | "check_access"
            | "get_wkhtmltopdf_state"
            | "has_access" => vec![self.effect().bounded(0)],
            "create" => vec![self.creating(self.arguments.objects(&["vals_list", "vals", "values"], 0)?)],
            "name_create" => vec![self.creating(vec![self.name_to_create()?])],
            "copy" => self.copied()?,
            "write" => vec![self.writing(vec![self.arguments.object(&["vals", "values"], 0)?])],
            "web_save" => self.saved()?,
            "toggle_active" => vec![self.writing(vec![active(Value::Null)])],
            "action_archive" => vec![self.writing(vec![active(json!(false))])],
            "action_unarchive" => vec![self.writing(vec![active(json!(true))])],
            "update_field_translations" => vec![self.translated()?],
            "load" => loading::effects(self)?,
            "render_public_asset" if self.shows_snippets() => vec![self.snippets_shown()],
            // No method of the table, and yet a plain write: judged as both.
            "web_save_multi" => self.executed_and_written(&["vals_list"])?,
            "update" => self.executed_and_written(&["values"])?,
            _ => vec![self.on_records()],
        })
    }

    pub(super) fn has_ids(&self) -> bool {
        self.ids.is_some_and(|ids| !ids.is_empty())
    }

    /// The call itself, before its arguments are looked at.
    pub(super) fn effect(&self) -> RecordEffect {
        let target = self.target;
        let operation = Operation::of_method(target.method.as_str(), self.has_ids());
        self.doing(operation)
    }

    pub(super) fn doing(&self, operation: Operation) -> RecordEffect {
        let target = self.target;
        RecordEffect::new(target.connection, target.model, operation, target.method.clone())
            .in_context(Arc::clone(&self.context))
    }

    pub(super) fn on_records(&self) -> RecordEffect {
        self.on(self.effect())
    }

    pub(super) fn on(&self, effect: RecordEffect) -> RecordEffect {
        match self.ids {
            Some(ids) => effect.with_ids(ids).bounded(ids.len() as u64),
            None => effect,
        }
    }

    /// Rows that a domain finds, in the order that stands at one of these places.
    fn found(&self, order_places: &[usize], rows: Option<u64>) -> Result<RecordEffect, OdooError> {
        let mut orders = Vec::new();
        for place in order_places {
            for order in self.arguments.all(&["order", "orderby"], *place) {
                orders.extend(order_paths(order)?);
            }
        }
        let effect = self.filtered(self.effect(), 0, Vec::new())?.ordering(orders);
        Ok(match rows {
            Some(rows) => effect.bounded(rows),
            None => effect,
        })
    }

    /// The domain at a place, and more paths that choose rows.
    pub(super) fn filtered(
        &self,
        effect: RecordEffect,
        place: usize,
        more: Vec<String>,
    ) -> Result<RecordEffect, OdooError> {
        let mut conditions = Vec::new();
        let mut paths = more;
        for given in self.arguments.all(&["domain", "args"], place) {
            let domain = domain_of(given)?;
            paths.extend(domain.paths());
            conditions.extend(domain.as_slice().iter().cloned());
        }
        paths.sort();
        paths.dedup();
        Ok(effect.within(conditions.into()).filtering(paths))
    }

    /// Fields by name, or a specification of them; none means all.
    fn with_fields(
        &self,
        effect: RecordEffect,
        parameters: &[&str],
        place: usize,
    ) -> Result<RecordEffect, OdooError> {
        let mut reads = Reads::default();
        let mut any = false;
        for given in self.arguments.all(parameters, place) {
            match given {
                Value::Object(_) => {
                    reads.specification(given)?;
                    any = true;
                }
                _ => any |= reads.named(given)?,
            }
        }
        let effect = with(effect, reads);
        Ok(if any { effect } else { effect.reading_every_field() })
    }

    pub(super) fn with_specification(
        &self,
        effect: RecordEffect,
        place: usize,
    ) -> Result<RecordEffect, OdooError> {
        let mut reads = Reads::default();
        for given in self.arguments.all(&["specification"], place) {
            reads.specification(given)?;
        }
        Ok(with(effect, reads))
    }

    /// A name is compared, and names come back.
    fn names_found(&self) -> Result<RecordEffect, OdooError> {
        let display_name = names(&["display_name"]);
        let effect = self.filtered(self.effect(), 1, vec!["display_name".to_owned()])?.reading(&display_name);
        Ok(match self.arguments.limit(3, Some(NAMES_FOUND)) {
            Some(rows) => effect.bounded(rows),
            None => effect,
        })
    }

    /// Rows, and where external ids are asked for, records that hold those.
    fn exported(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let mut reads = Reads::default();
        let mut makes_ids = false;
        for fields in self.arguments.all(&["fields_to_export", "fields"], 0) {
            makes_ids |= reads.exported(fields)?;
        }
        let mut effects = vec![with(self.on_records(), reads)];
        if makes_ids {
            effects.push(self.external_ids()?);
        }
        Ok(effects)
    }

    /// Odoo keeps external ids of the records that the call names or makes.
    pub(super) fn external_ids(&self) -> Result<RecordEffect, OdooError> {
        let (model, target) = (ModelName::parse(EXTERNAL_IDS)?, self.target);
        let create = RecordEffect::new(target.connection, &model, Operation::Create, target.method.clone());
        Ok(create.in_context(Arc::clone(&self.context)))
    }

    pub(super) fn named_field(&self) -> Result<FieldName, OdooError> {
        match self.arguments.one(&["field_name"], 0)? {
            Some(Value::String(name)) => Ok(FieldName::parse(name)?),
            _ => Err(refuse("`field_name` is the name of a field")),
        }
    }
}

pub(super) fn with(effect: RecordEffect, reads: Reads) -> RecordEffect {
    let (fields, paths, ordered) = reads.into_parts();
    let mut all_ordered = effect.fields_ordered.clone();
    all_ordered.extend(ordered);
    effect.reading(&fields).reading_paths(paths).ordering(all_ordered)
}

fn names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

pub(super) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_i64() != Some(0) && !is_empty(value)
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
