//! Grouping: `read_group` of both versions and `formatted_read_group` of 19.

mod aggregates;
mod periods;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use jiff::civil::Date;
use serde_json::{Value, json};

use self::{
    aggregates::{Aggregate, aggregate, new_aggregate, old_aggregates},
    periods::{Granularity, end_of, label_of, parse_day, start_of},
};

use super::{
    access::{self, Operation},
    env::Env,
    errors::{OdooError, Result},
    field::{Field, Kind},
    methods::{Answer, Call},
    orm::search::{self as searching, Search},
};
use crate::facts::JsonObject;

/// One thing to group by, such as `country_id` or `date_order:month`.
#[derive(Debug, Clone)]
struct Criterion {
    spec: String,
    field: &'static Field,
    granularity: Option<Granularity>,
}

/// Records that share the values of all criteria.
#[derive(Debug)]
struct Group {
    values: Vec<Value>,
    ids: Vec<i64>,
}

fn criterion(env: &Env<'_>, model: &str, spec: &str) -> Result<Criterion> {
    let (name, granularity) = spec.split_once(':').map_or((spec, None), |(name, part)| (name, Some(part)));
    let field = env
        .field(model, name)
        .ok_or_else(|| OdooError::value(format!("Invalid field '{name}' on model '{model}'")))?;
    let groupable = field.searchable && (!env.is_14() || (field.stored && !field.is_x2many()));
    if !groupable {
        return Err(if env.is_14() {
            OdooError::assertion(
                "Fields in 'groupby' must be regular database-persisted fields (no function or related fields), or function fields with store=True",
            )
        } else {
            OdooError::value(format!("Cannot convert {model}.{name} to SQL because it is not stored"))
        });
    }
    let is_time = matches!(field.kind, Kind::Date | Kind::Datetime);
    let granularity = match granularity {
        _ if !is_time => None,
        None | Some("month") => Some(Granularity::Month),
        Some("day" | "hour") => Some(Granularity::Day),
        Some("week") => Some(Granularity::Week),
        Some("quarter") => Some(Granularity::Quarter),
        Some("year") => Some(Granularity::Year),
        Some(other) if env.is_14() => return Err(OdooError::new("builtins.KeyError", other)),
        Some(other) => {
            return Err(OdooError::value(format!(
                "Granularity specification isn't correct: {}",
                super::errors::quoted(other)
            )));
        }
    };
    Ok(Criterion { spec: spec.to_owned(), field, granularity })
}

/// The raw values a record has for a criterion; an x2many puts it into several groups.
fn raw_values(env: &Env<'_>, model: &str, id: i64, criterion: &Criterion) -> Vec<Value> {
    let value = env.value_of(model, id, criterion.field);
    match (&value, criterion.granularity) {
        (Value::Array(items), _) if items.is_empty() => vec![Value::Bool(false)],
        (Value::Array(items), _) => items.clone(),
        (_, Some(granularity)) => {
            let start =
                parse_day(&value).map(|day| start_of(day, granularity).strftime("%Y-%m-%d").to_string());
            vec![start.map_or(Value::Bool(false), Value::from)]
        }
        _ => vec![value],
    }
}

fn split(env: &Env<'_>, model: &str, ids: Vec<i64>, criteria: &[Criterion]) -> Vec<Group> {
    let mut groups = vec![Group { values: Vec::new(), ids }];
    for criterion in criteria {
        let mut next: Vec<Group> = Vec::new();
        for group in groups {
            let first_new = next.len();
            for id in group.ids {
                for value in raw_values(env, model, id, criterion) {
                    let found =
                        next.iter_mut().skip(first_new).find(|other| other.values.last() == Some(&value));
                    match found {
                        Some(other) => other.ids.push(id),
                        None => {
                            let mut values = group.values.clone();
                            values.push(value);
                            next.push(Group { values, ids: vec![id] });
                        }
                    }
                }
            }
        }
        groups = next;
    }
    groups.sort_by(|left, right| {
        criteria
            .iter()
            .zip(left.values.iter().zip(&right.values))
            .map(|(criterion, (left, right))| order_of(env, criterion, left, right))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    groups
}

/// Empty values last, related records in the order of their model.
fn order_of(env: &Env<'_>, criterion: &Criterion, left: &Value, right: &Value) -> Ordering {
    let is_flag = matches!(criterion.field.kind, Kind::Boolean);
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Bool(false), _) if !is_flag => Ordering::Greater,
        (_, Value::Bool(false)) if !is_flag => Ordering::Less,
        (Value::Number(left), Value::Number(right)) => match criterion.field.relation() {
            Some(other) => {
                let (left, right) = (left.as_i64().unwrap_or_default(), right.as_i64().unwrap_or_default());
                let mut pair = [left, right];
                searching::sort_by_default(env, other, &mut pair);
                match pair.first() {
                    _ if left == right => Ordering::Equal,
                    Some(first) if *first == left => Ordering::Less,
                    _ => Ordering::Greater,
                }
            }
            None => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        },
        _ => left.as_str().cmp(&right.as_str()),
    }
}

/// The domain that selects the records of one value.
fn domain_of(criterion: &Criterion, value: &Value) -> Vec<Value> {
    let name = criterion.field.name;
    match (criterion.granularity, parse_day(value)) {
        (Some(granularity), Some(start)) => {
            let (from, to) = range(criterion, start, granularity);
            vec![json!("&"), json!([name, ">=", from]), json!([name, "<", to])]
        }
        _ => vec![json!([name, "=", value])],
    }
}

fn range(criterion: &Criterion, start: Date, granularity: Granularity) -> (String, String) {
    let format =
        if matches!(criterion.field.kind, Kind::Datetime) { "%Y-%m-%d 00:00:00" } else { "%Y-%m-%d" };
    (start.strftime(format).to_string(), end_of(start, granularity).strftime(format).to_string())
}

fn shown(env: &Env<'_>, criterion: &Criterion, value: &Value) -> Value {
    if let (Some(other), Some(id)) = (criterion.field.relation(), value.as_i64()) {
        return json!([id, env.display_name(other, id)]);
    }
    match (criterion.granularity, parse_day(value)) {
        (Some(granularity), Some(start)) => json!(label_of(start, granularity)),
        _ => value.clone(),
    }
}

fn listed(call: &Call, name: &str) -> Vec<String> {
    match call.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        _ => call.names(name).unwrap_or_default(),
    }
}

fn window(
    groups: Vec<JsonObject>,
    order: Option<&str>,
    offset: Option<usize>,
    limit: Option<usize>,
) -> Value {
    let mut groups = groups;
    if let Some(order) = order {
        for part in order.split(',').rev() {
            let mut words = part.split_whitespace();
            let Some(name) = words.next() else { continue };
            let descending = words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
            let bare = name.split(':').next().unwrap_or(name);
            let key = |group: &JsonObject| {
                group.get(name).or_else(|| group.get(bare)).cloned().unwrap_or(Value::Null)
            };
            groups.sort_by(|left, right| {
                let ordering = plain_order(&key(left), &key(right));
                if descending { ordering.reverse() } else { ordering }
            });
        }
    }
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    groups.into_iter().skip(offset.unwrap_or_default()).take(limit).map(Value::Object).collect()
}

fn plain_order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.get(1).and_then(Value::as_str).cmp(&right.get(1).and_then(Value::as_str))
        }
        (Value::Bool(_), Value::Bool(_)) => Ordering::Equal,
        (Value::Bool(_), _) => Ordering::Greater,
        (_, Value::Bool(_)) => Ordering::Less,
        _ => left.as_str().cmp(&right.as_str()),
    }
}

fn found(env: &Env<'_>, call: &Call) -> Result<Vec<i64>> {
    access::check(env, call.model, Operation::Read)?;
    searching::search(env, call.model, &Search { domain: call.domain(), ..Search::default() })
}

pub(crate) fn read_group(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let specs = listed(call, "groupby");
    let lazy = call.flag("lazy", true);
    let all: Vec<Criterion> =
        specs.iter().map(|spec| criterion(env, call.model, spec)).collect::<Result<_>>()?;
    let criteria = if lazy { all.get(..all.len().min(1)).unwrap_or_default() } else { &all };
    let aggregates = old_aggregates(env, call.model, &call.names("fields").unwrap_or_default(), &all)?;
    let records = found(env, call)?;
    let mut rows = Vec::new();
    for group in split(env, call.model, records, criteria) {
        rows.push(old_row(
            env,
            call,
            &group,
            criteria,
            &aggregates,
            lazy.then(|| specs.get(1..).unwrap_or_default()),
        ));
    }
    let order = call.text("orderby");
    Ok(window(
        rows,
        order.as_deref(),
        call.count("offset", env.version())?,
        call.count("limit", env.version())?,
    )
    .into())
}

fn old_row(
    env: &Env<'_>,
    call: &Call,
    group: &Group,
    criteria: &[Criterion],
    aggregates: &[Aggregate],
    rest: Option<&[String]>,
) -> JsonObject {
    let mut row = JsonObject::new();
    let mut domain = Vec::new();
    let mut ranges = JsonObject::new();
    for (criterion, value) in criteria.iter().zip(&group.values) {
        row.insert(criterion.spec.clone(), shown(env, criterion, value));
        domain.extend(domain_of(criterion, value));
        if let Some(granularity) = criterion.granularity {
            let range = match parse_day(value) {
                Some(start) => {
                    let (from, to) = range(criterion, start, granularity);
                    json!({"from": from, "to": to})
                }
                None => json!(false),
            };
            ranges.insert(criterion.spec.clone(), range);
        }
    }
    let count_key = match (rest, criteria.first()) {
        (Some(_), Some(first)) => format!("{}_count", first.field.name),
        _ => "__count".to_owned(),
    };
    row.insert(count_key, json!(group.ids.len()));
    for asked in aggregates {
        row.insert(asked.name.clone(), aggregate(env, call.model, &group.ids, asked));
    }
    let mut whole = domain;
    if let Value::Array(given) = call.domain() {
        if !given.is_empty() && !whole.is_empty() {
            whole.splice(0..0, std::iter::once(json!("&")));
        }
        whole.extend(given);
    }
    if !(env.is_14() && criteria.is_empty()) {
        row.insert("__domain".to_owned(), Value::Array(whole));
    }
    if !ranges.is_empty() && !env.is_14() {
        row.insert("__range".to_owned(), Value::Object(ranges));
    }
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        row.insert("__context".to_owned(), json!({"group_by": rest}));
    }
    row
}

pub(crate) fn formatted_read_group(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let criteria: Vec<Criterion> =
        listed(call, "groupby").iter().map(|spec| criterion(env, call.model, spec)).collect::<Result<_>>()?;
    let aggregates: Vec<Aggregate> = listed(call, "aggregates")
        .iter()
        .map(|spec| new_aggregate(env, call.model, spec))
        .collect::<Result<_>>()?;
    if criteria.is_empty() && aggregates.is_empty() {
        return Err(OdooError {
            class: "builtins.AssertionError",
            message: String::new(),
            arguments: Vec::new(),
        });
    }
    let records = found(env, call)?;
    let mut rows = Vec::new();
    for group in split(env, call.model, records, &criteria) {
        let mut row = JsonObject::new();
        let mut domain = Vec::new();
        for (criterion, value) in criteria.iter().zip(&group.values) {
            let shown = match (criterion.granularity, parse_day(value)) {
                (Some(granularity), Some(start)) => {
                    let (from, _) = range(criterion, start, granularity);
                    json!([from, label_of(start, granularity)])
                }
                _ => shown(env, criterion, value),
            };
            row.insert(criterion.spec.clone(), shown);
            domain.extend(domain_of(criterion, value));
        }
        if criteria.is_empty() {
            domain.push(json!([1, "=", 1]));
        }
        row.insert("__extra_domain".to_owned(), Value::Array(domain));
        for asked in &aggregates {
            row.insert(asked.name.clone(), aggregate(env, call.model, &group.ids, asked));
        }
        rows.push(row);
    }
    let order = call.text("order");
    Ok(window(
        rows,
        order.as_deref(),
        call.count("offset", env.version())?,
        call.count("limit", env.version())?,
    )
    .into())
}
