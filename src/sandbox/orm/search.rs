//! Searching: a domain, an order and a window give ids.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::sandbox::{
    access,
    domain::{self, Condition},
    env::Env,
    errors::{OdooError, Result},
    field::{Field, Kind, SandboxVersion},
    matching,
};

/// How many many2one steps an order follows.
const ORDER_DEPTH_MAX: usize = 3;

/// What a search is asked for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Search {
    pub(crate) domain: Value,
    pub(crate) offset: usize,
    /// None and 0 mean all.
    pub(crate) limit: Option<usize>,
    pub(crate) order: Option<String>,
    /// Archived records as well.
    pub(crate) archived: bool,
}

pub(crate) fn search(env: &Env<'_>, model: &str, asked: &Search) -> Result<Vec<i64>> {
    let schema = env.model(model)?;
    let condition = domain::parse(env, model, &asked.domain)?;
    let order = parse_order(
        env,
        model,
        asked.order.as_deref().filter(|order| !order.is_empty()).unwrap_or_else(|| schema.order()),
    )?;
    let archived = asked.archived
        || !env.active_test()
        || !schema.has_active()
        || domain::mentions_active(&asked.domain);
    let mut found = filter(env, model, &condition, archived);
    sort(env, model, &mut found, &order);
    let limit = asked.limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    Ok(found.into_iter().skip(asked.offset).take(limit).collect())
}

fn filter(env: &Env<'_>, model: &str, condition: &Condition, archived: bool) -> Vec<i64> {
    let mut found = env.db.ids(model);
    found.retain(|id| {
        (archived || env.is_active(model, *id))
            && access::sees(env, model, *id)
            && matching::matches(env, model, *id, condition)
    });
    found
}

/// Ids whose display name contains a text, for operators that take names.
pub(crate) fn by_name(env: &Env<'_>, model: &str, text: &str) -> Result<Vec<i64>> {
    let all = search(env, model, &Search { domain: json!([]), ..Search::default() })?;
    Ok(all
        .into_iter()
        .filter(|id| matching::like(&env.display_name(model, *id), text, true, false))
        .collect())
}

/// One column of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    field: &'static Field,
    descending: bool,
}

pub(crate) fn parse_order(env: &Env<'_>, model: &str, order: &str) -> Result<Vec<Column>> {
    let invalid = || {
        OdooError::user(format!(
            "Invalid \"order\" specified ({order}). A valid \"order\" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)"
        ))
    };
    let mut columns = Vec::new();
    for part in order.split(',') {
        let mut words = part.split_whitespace();
        let name = words.next().ok_or_else(invalid)?;
        let direction = words.next().map(str::to_lowercase);
        let is_word =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.');
        if !is_word(name)
            || !matches!(direction.as_deref(), None | Some("asc" | "desc"))
            || !nulls_clause(words)
        {
            return Err(invalid());
        }
        let name = name.split(':').next().unwrap_or(name);
        let Some(field) = env.field(model, name) else {
            return Err(OdooError::value(match env.version() {
                SandboxVersion::V14 | SandboxVersion::V19 => format!(
                    "Invalid field {} on model {}",
                    super::super::errors::quoted(name),
                    super::super::errors::quoted(model)
                ),
            }));
        };
        columns.push(Column { field, descending: direction.as_deref() == Some("desc") });
    }
    Ok(columns)
}

fn nulls_clause<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let rest: Vec<String> = words.map(str::to_lowercase).collect();
    rest.is_empty() || rest == ["nulls", "first"] || rest == ["nulls", "last"]
}

pub(crate) fn sort_by_default(env: &Env<'_>, model: &str, ids: &mut [i64]) {
    let Some(schema) = env.schema.get(model) else { return };
    if let Ok(order) = parse_order(env, model, schema.order()) {
        sort(env, model, ids, &order);
    }
}

pub(crate) fn sort(env: &Env<'_>, model: &str, ids: &mut [i64], order: &[Column]) {
    ids.sort_by_cached_key(|id| key(env, model, *id, order, 0));
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    descending: bool,
    value: Sortable,
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        let ordering = self.value.cmp(&other.value);
        if self.descending { ordering.reverse() } else { ordering }
    }
}

/// Values in PostgreSQL's order: empty ones last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sortable {
    Number(Ordered),
    /// First without case, as the usual collations do, then as written.
    Text(String, String),
    Record(Key),
    Empty,
}

#[derive(Debug, Clone, Copy)]
struct Ordered(f64);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn key(env: &Env<'_>, model: &str, id: i64, order: &[Column], depth: usize) -> Key {
    Key(order
        .iter()
        .map(|column| Part {
            descending: column.descending,
            value: sortable(env, model, id, column.field, depth),
        })
        .collect())
}

fn sortable(env: &Env<'_>, model: &str, id: i64, field: &'static Field, depth: usize) -> Sortable {
    match (env.value_of(model, id, field), field.kind) {
        (Value::Number(related), Kind::Many2one(other)) => {
            let Some(related) = related.as_i64() else { return Sortable::Empty };
            let order =
                env.schema.get(other).filter(|_| depth < ORDER_DEPTH_MAX).map(|schema| schema.order());
            match order.and_then(|order| parse_order(env, other, order).ok()) {
                Some(order) => Sortable::Record(key(env, other, related, &order, depth + 1)),
                None => Sortable::Number(Ordered(related as f64)),
            }
        }
        (Value::Number(number), _) => Sortable::Number(Ordered(number.as_f64().unwrap_or_default())),
        (Value::Bool(flag), Kind::Boolean) => Sortable::Number(Ordered(f64::from(u8::from(flag)))),
        (Value::String(text), _) => Sortable::Text(text.to_lowercase(), text),
        _ => Sortable::Empty,
    }
}
