//! Fields named in specifications, groupings, aggregates, orders and exports.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refuse;
use crate::{
    facts::FieldName,
    odoo::{OdooError, kind_of},
};

/// Specifications within each other: screens of the web client are four deep.
const SPECIFICATIONS_DEEP_MAX: usize = 16;
/// Names that a call may carry in one list or specification.
const NAMES_MAX: usize = 2_000;
/// Groupings and aggregates that name no field.
const COUNT: &str = "__count";

/// Fields that a call reads: those of the model, and paths behind relations.
#[derive(Debug, Default)]
pub(super) struct Reads {
    fields: BTreeSet<FieldName>,
    paths: BTreeSet<String>,
    /// Paths that put related records in order.
    ordered: BTreeSet<String>,
}

impl Reads {
    pub(super) fn into_parts(self) -> (Vec<FieldName>, Vec<String>, Vec<String>) {
        (
            self.fields.into_iter().collect(),
            self.paths.into_iter().collect(),
            self.ordered.into_iter().collect(),
        )
    }

    /// A path as `a.b.c`; a name alone is a field.
    fn add(&mut self, path: &str) -> Result<(), OdooError> {
        if self.fields.len() + self.paths.len() >= NAMES_MAX {
            return Err(refuse(format!("the call names more than {NAMES_MAX} fields")));
        }
        let mut steps = path.split('.');
        if let Some(first) = steps.next() {
            self.fields.insert(FieldName::parse(first)?);
        }
        if path.contains('.') {
            checked(path)?;
            self.paths.insert(path.to_owned());
        }
        Ok(())
    }

    /// `{"partner_id": {"fields": {"name": {}}}}`, as `web_read` takes it.
    pub(super) fn specification(&mut self, specification: &Value) -> Result<(), OdooError> {
        self.specified(specification, "", 0)
    }

    fn specified(&mut self, specification: &Value, prefix: &str, depth: usize) -> Result<(), OdooError> {
        if depth > SPECIFICATIONS_DEEP_MAX {
            return Err(refuse("specifications stand too deep within each other"));
        }
        let Value::Object(members) = specification else {
            return Err(refuse(format!("a specification is an object, not {}", kind_of(specification))));
        };
        for (name, about) in members {
            let path = joined(prefix, name);
            self.add(&path)?;
            let about = match about {
                Value::Object(about) => about,
                Value::Null | Value::Bool(false) => continue,
                other => {
                    return Err(refuse(format!(
                        "`{path}` is specified by an object, not {}",
                        kind_of(other)
                    )));
                }
            };
            match about.get("fields") {
                None | Some(Value::Null) => {}
                Some(fields) => self.specified(fields, &path, depth + 1)?,
            }
            if let Some(order) = about.get("order").filter(|order| says_something(order)) {
                for field in order_paths(order)? {
                    self.ordered.insert(joined(&path, &field));
                }
            }
        }
        Ok(())
    }

    /// `partner_id/country_id`, `partner_id/id` or `partner_id.id`, as `export_data` takes them. All of
    /// them are paths: at the end of a relation the name of the other record comes back.
    ///
    /// Answers whether external ids are among them, which Odoo makes where there are none.
    pub(super) fn exported(&mut self, fields: &Value) -> Result<bool, OdooError> {
        let mut makes_ids = false;
        for name in texts(fields, "fields_to_export")? {
            let steps = column(name)?;
            makes_ids |= steps.last().is_some_and(|last| last == EXTERNAL_ID);
            let path = steps.join(".").replace("..id", ".id");
            let path = path.strip_prefix('.').unwrap_or(&path).to_owned();
            self.add(&path)?;
            self.paths.insert(path);
        }
        Ok(makes_ids)
    }

    /// Names of fields, `true` if there were any.
    pub(super) fn named(&mut self, fields: &Value) -> Result<bool, OdooError> {
        if matches!(fields, Value::Bool(false)) {
            return Ok(false);
        }
        let names = texts(fields, "fields")?;
        for name in &names {
            FieldName::parse(name)?;
            self.add(name)?;
        }
        Ok(!names.is_empty())
    }

    /// Groupings and aggregates: `date:month`, `amount:sum`, `total:sum(amount)`. Their values come back.
    pub(super) fn grouped(&mut self, terms: &Value) -> Result<Vec<String>, OdooError> {
        let mut paths = Vec::new();
        for term in texts(terms, "groupby")? {
            paths.extend(term_path(term)?);
        }
        for path in &paths {
            self.add(path)?;
        }
        Ok(paths)
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn says_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("")
}

/// The id in the database, in columns of exports and imports; `id` is the name in other systems.
pub(in crate::odoo) const DATABASE_ID: &str = ".id";
pub(in crate::odoo) const EXTERNAL_ID: &str = "id";

/// The steps of a column of an export or import: `.id` and `:id` behind a name are steps as well.
pub(in crate::odoo) fn column(name: &str) -> Result<Vec<String>, OdooError> {
    let name = name.replace(":id", "/id");
    let mut steps = Vec::new();
    for part in name.split('/') {
        match part.strip_suffix(DATABASE_ID) {
            Some("") => steps.push(DATABASE_ID.to_owned()),
            Some(before) => steps.extend([before.to_owned(), DATABASE_ID.to_owned()]),
            None => steps.push(part.to_owned()),
        }
    }
    // A property stands behind its field with a dot.
    steps.iter().filter(|step| *step != DATABASE_ID).try_for_each(|step| checked(step))?;
    Ok(steps)
}

/// The field of a grouping, an aggregate or an ordering by one; counting names none.
pub(in crate::odoo) fn term_path(term: &str) -> Result<Option<String>, OdooError> {
    let term = term.trim();
    let path = match (term.split_once('('), term.split_once(':')) {
        (Some((_, inner)), _) => inner.trim_end_matches(')').trim(),
        (None, Some((path, _))) => path.trim(),
        (None, None) => term,
    };
    if path == COUNT {
        return Ok(None);
    }
    checked(path)?;
    Ok(Some(path.to_owned()))
}

/// `name desc, partner_id.name, amount:sum asc`.
pub(super) fn order_paths(order: &Value) -> Result<Vec<String>, OdooError> {
    let Value::String(order) = order else {
        return match order {
            Value::Null | Value::Bool(false) => Ok(Vec::new()),
            other => Err(refuse(format!("`order` is text, not {}", kind_of(other)))),
        };
    };
    let mut paths = Vec::new();
    for term in order.split(',').filter(|term| !term.trim().is_empty()) {
        let field = term.split_whitespace().next().unwrap_or_default();
        paths.extend(term_path(field)?);
    }
    Ok(paths)
}

/// The fields of conditions on aggregates: `[["amount:sum", ">", 1]]`.
pub(super) fn having_paths(having: &Value) -> Result<Vec<String>, OdooError> {
    let Value::Array(items) = having else {
        return Err(refuse(format!("`having` is a list, not {}", kind_of(having))));
    };
    let mut paths = Vec::new();
    for item in items {
        match item {
            Value::String(_) => {}
            Value::Array(parts) => match parts.first() {
                Some(Value::String(term)) => paths.extend(term_path(term)?),
                Some(Value::Number(_)) => {}
                _ => return Err(refuse("a condition of `having` begins with an aggregate")),
            },
            other => return Err(refuse(format!("{} is no condition of `having`", kind_of(other)))),
        }
    }
    Ok(paths)
}

fn checked(path: &str) -> Result<(), OdooError> {
    path.split('.').try_for_each(|step| FieldName::parse(step).map(drop)).map_err(OdooError::from)
}

/// One text, or a list of them.
pub(super) fn texts<'a>(value: &'a Value, name: &str) -> Result<Vec<&'a str>, OdooError> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().ok_or_else(|| refuse(format!("`{name}` holds {}", kind_of(item)))))
            .collect(),
        Value::Null | Value::Bool(false) => Ok(Vec::new()),
        other => Err(refuse(format!("`{name}` is a list of names, not {}", kind_of(other)))),
    }
}
