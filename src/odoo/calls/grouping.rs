//! Groups and aggregates, in the three methods that answer them.

use serde_json::{Value, json};

use super::{
    Asked, domain_of,
    effects::{is_empty, is_true, with},
    paths::{Reads, having_paths, order_paths},
    refuse,
};
use crate::{
    facts::{JsonObject, RecordEffect},
    odoo::OdooError,
};

/// Groups of opened groups in the web client's memory of a screen.
const OPENED_DEEP_MAX: usize = 16;

impl Asked<'_> {
    /// Groups: what they are made of and what is added up comes back, and chooses what does.
    pub(super) fn groups(&self, method: &str) -> Result<RecordEffect, OdooError> {
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
    pub(super) fn opened_groups(&self, reads: &mut Reads) -> Result<Vec<String>, OdooError> {
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
