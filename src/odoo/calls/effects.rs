//! What each well-known method does, stated from its arguments.
//!
//! Arguments are read as any version from 14 on understands them. A method that stands here and is
//! called in a way that cannot be read is refused; one that does not stand here is `execute`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Asked,
    arguments::names_of,
    domain_of, loading,
    paths::{Reads, having_paths, order_paths},
    refuse,
};
use crate::{
    facts::{FieldName, JsonObject, ModelName, Operation, RecordEffect},
    odoo::OdooError,
};

/// What `name_search` answers where nobody says how many.
const NAMES_FOUND: u64 = 100;
/// Where Odoo keeps external ids.
const EXTERNAL_IDS: &str = "ir.model.data";
/// Groups of opened groups in the web client's memory of a screen.
const OPENED_DEEP_MAX: usize = 16;

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
            // No method of the table, and yet a plain write: judged as both.
            "web_save_multi" => self.executed_and_written(&["vals_list"])?,
            "update" => self.executed_and_written(&["values"])?,
            _ => vec![self.on_records()],
        })
    }

    fn has_ids(&self) -> bool {
        self.ids.is_some_and(|ids| !ids.is_empty())
    }

    /// The call itself, before its arguments are looked at.
    fn effect(&self) -> RecordEffect {
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

    fn on(&self, effect: RecordEffect) -> RecordEffect {
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
    fn filtered(
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

    fn with_specification(&self, effect: RecordEffect, place: usize) -> Result<RecordEffect, OdooError> {
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

    /// Groups: what they are made of and what is added up comes back, and chooses what does.
    fn groups(&self, method: &str) -> Result<RecordEffect, OdooError> {
        let arguments = self.arguments;
        let mut reads = Reads::default();
        let mut grouped = Vec::new();
        // Versions differ in which of the two lists stands first, so both are read as either.
        let mut lists = arguments.all(&["groupby"], 1);
        lists.extend(arguments.all(&["fields", "aggregates"], 2));
        for terms in &lists {
            grouped.extend(reads.grouped(terms)?);
        }
        // Where the order and the bound stand differs as well.
        let (order_place, limit_place) = match method {
            "read_group" => (5, 4),
            "formatted_read_group" => (6, 5),
            _ => (5, 3),
        };
        let mut ordered = grouped.clone();
        for name in ["order", "orderby", "expand_orderby"] {
            for order in arguments.all(&[name], if name == "order" { order_place } else { usize::MAX }) {
                ordered.extend(order_paths(order)?);
            }
        }
        let mut more = Vec::new();
        if method == "formatted_read_group" {
            for having in arguments.all(&["having"], 3) {
                more.extend(having_paths(having)?);
            }
        }
        let mut opens_groups = false;
        if method == "web_read_group" {
            opens_groups = arguments.all(&["expand"], 7).iter().any(|expand| is_true(expand));
            more.extend(self.opened_groups(&mut reads)?);
        }
        let reads_all = opens_groups && arguments.all(&["fields"], 1).iter().all(|fields| is_empty(fields));
        let effect = self.filtered(self.effect(), 0, more)?.ordering(ordered);
        let effect = with(effect, reads);
        let effect = if reads_all { effect.reading_every_field() } else { effect };
        Ok(match arguments.limit(limit_place, None) {
            // Opened groups hold rows of their own.
            Some(rows) if !opens_groups && arguments.by_name("unfold_read_specification").is_none() => {
                effect.bounded(rows)
            }
            _ => effect,
        })
    }

    /// What the web client reads of groups that stand open.
    fn opened_groups(&self, reads: &mut Reads) -> Result<Vec<String>, OdooError> {
        if let Some(specification) = self.arguments.by_name("unfold_read_specification") {
            reads.specification(specification)?;
        }
        if let Some(by_group) = self.arguments.by_name("groupby_read_specification") {
            let Value::Object(by_group) = by_group else {
                return Err(refuse("`groupby_read_specification` is an object"));
            };
            let mut specification = JsonObject::new();
            for (term, fields) in by_group {
                let field = term.split(':').next().unwrap_or_default();
                specification.insert(field.to_owned(), json!({"fields": fields}));
            }
            reads.specification(&Value::Object(specification))?;
        }
        let mut paths = Vec::new();
        if let Some(opening) = self.arguments.by_name("opening_info") {
            opened_domains(opening, 0, &mut paths)?;
        }
        Ok(paths)
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
            let model = ModelName::parse(EXTERNAL_IDS)?;
            let target = self.target;
            let create =
                RecordEffect::new(target.connection, &model, Operation::Create, target.method.clone());
            effects.push(create.in_context(Arc::clone(&self.context)));
        }
        Ok(effects)
    }

    fn named_field(&self) -> Result<FieldName, OdooError> {
        match self.arguments.one(&["field_name"], 0)? {
            Some(Value::String(name)) => Ok(FieldName::parse(name)?),
            _ => Err(refuse("`field_name` is the name of a field")),
        }
    }

    fn creating(&self, records: Vec<JsonObject>) -> RecordEffect {
        let count = records.len() as u64;
        self.doing(Operation::Create).writing(names_of(&records)).with_values(records.into()).bounded(count)
    }

    pub(super) fn writing(&self, values: Vec<JsonObject>) -> RecordEffect {
        self.on(self.doing(Operation::Write)).writing(names_of(&values)).with_values(values.into())
    }

    /// Contacts and users read an address out of the name.
    fn name_to_create(&self) -> Result<JsonObject, OdooError> {
        let Some(Value::String(name)) = self.arguments.one(&["name"], 0)? else {
            return Err(refuse("`name` is text"));
        };
        let mut values = JsonObject::new();
        values.insert("name".to_owned(), json!(name));
        if name.contains('@') && matches!(self.target.model.as_str(), "res.partner" | "res.users") {
            values.insert("email".to_owned(), json!(name));
        }
        Ok(values)
    }

    /// The records are read whole, and made again with some values changed.
    fn copied(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let changed = match self.arguments.one(&["default"], 0)? {
            None | Some(Value::Bool(false)) => JsonObject::new(),
            Some(_) => self.arguments.object(&["default"], 0)?,
        };
        let create = self.on(self.doing(Operation::Create)).writing(names_of([&changed]));
        // What other records show here is not copied, only where it comes from.
        let read = self.on(self.doing(Operation::Read)).choosing_fields().auxiliary();
        Ok(vec![create.with_values(Arc::from([changed])), read])
    }

    /// A write, or without records a create; then a look at the result, or at another record.
    fn saved(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let values = vec![self.arguments.object(&["vals", "values"], 0)?];
        let change = if self.has_ids() { self.writing(values) } else { self.creating(values) };
        let read = self.doing(Operation::Read).auxiliary();
        let read = match self.arguments.one(&["next_id"], 2)? {
            Some(next) if is_true(next) => {
                let ids = crate::odoo::record_ids(next, 1).map_err(refuse)?;
                read.with_ids(&ids).bounded(1)
            }
            _ if self.has_ids() => self.on(read),
            _ => read.bounded(1),
        };
        Ok(vec![change, self.with_specification(read, 1)?])
    }

    fn translated(&self) -> Result<RecordEffect, OdooError> {
        let field = self.named_field()?;
        let texts = self.arguments.one(&["translations"], 1)?.cloned().unwrap_or_default();
        let mut values = JsonObject::new();
        values.insert(field.as_str().to_owned(), texts);
        Ok(self.writing(vec![values]))
    }

    fn executed_and_written(&self, parameters: &[&str]) -> Result<Vec<RecordEffect>, OdooError> {
        let mut effects = vec![self.on_records(), self.writing(self.arguments.objects(parameters, 0)?)];
        if self.target.method.as_str() == "web_save_multi" {
            let read = self.on(self.doing(Operation::Read)).auxiliary();
            effects.push(self.with_specification(read, 1)?);
        }
        Ok(effects)
    }
}

fn with(effect: RecordEffect, reads: Reads) -> RecordEffect {
    let (fields, paths, ordered) = reads.into_parts();
    let mut all_ordered = effect.fields_ordered.clone();
    all_ordered.extend(ordered);
    effect.reading(&fields).reading_paths(paths).ordering(all_ordered)
}

fn names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

fn active(value: Value) -> JsonObject {
    std::iter::once(("active".to_owned(), value)).collect()
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_i64() != Some(0) && !is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Progress bars of opened groups are domains.
fn opened_domains(opening: &Value, depth: usize, paths: &mut Vec<String>) -> Result<(), OdooError> {
    if depth > OPENED_DEEP_MAX {
        return Err(refuse("opened groups stand too deep within each other"));
    }
    let Value::Array(groups) = opening else { return Err(refuse("`opening_info` is a list of groups")) };
    for group in groups {
        if let Some(domain) = group.get("progressbar_domain").filter(|domain| is_true(domain)) {
            paths.extend(domain_of(domain)?.paths());
        }
        if let Some(inner) = group.get("groups").filter(|inner| is_true(inner)) {
            opened_domains(inner, depth + 1, paths)?;
        }
    }
    Ok(())
}
