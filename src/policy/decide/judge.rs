//! Operators: a value among the facts against a prepared value of the file. Nothing is converted.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    seen::{List, Seen},
    truth::Truth,
};
use crate::policy::plan::{Check, Kind, Literal, Order, Set, composed};

/// Is the value as the operator wants it?
pub(super) fn judge(check: &Check, found: Seen<'_>) -> Truth {
    match check {
        Check::Exists(wanted) => Truth::of(*wanted),
        Check::Same { to, negated } => match same(found, to) {
            Some(same) => Truth::of(same != *negated),
            None => Truth::Unfit,
        },
        Check::In { set, negated } => match inside(set, found) {
            Some(inside) => Truth::of(inside != *negated),
            None => Truth::Unfit,
        },
        Check::Order { bound, order } => match found.number() {
            Some(number) => Truth::of(match (order, number.cmp(bound)) {
                (Order::Lt, ordering) => ordering == Ordering::Less,
                (Order::Lte, ordering) => ordering != Ordering::Greater,
                (Order::Gt, ordering) => ordering == Ordering::Greater,
                (Order::Gte, ordering) => ordering != Ordering::Less,
            }),
            None => Truth::Unfit,
        },
        Check::Regex { regex, negated } => of_text(found, |text| regex.is_match(text) != *negated),
        Check::Contains { item, negated } => match contains(found, item) {
            Some(contains) => Truth::of(contains != *negated),
            None => Truth::Unfit,
        },
        Check::StartsWith(start) => of_text(found, |text| text.starts_with(&**start)),
        Check::EndsWith(end) => of_text(found, |text| text.ends_with(&**end)),
        Check::Glob(pattern) => of_text(found, |text| pattern.matches(text)),
        Check::SubsetOf(set) => of_items(found, |items| all(items, |item| inside(set, item))),
        Check::Disjoint(set) => {
            of_items(found, |items| all(items, |item| inside(set, item).map(|inside| !inside)))
        }
        Check::LenLte(bound) => length(found).map_or(Truth::Unfit, |length| Truth::of(length <= *bound)),
        Check::LenGte(bound) => length(found).map_or(Truth::Unfit, |length| Truth::of(length >= *bound)),
        Check::Type(kind) => Truth::of(is_of(found, *kind)),
    }
}

fn of_text(found: Seen<'_>, test: impl FnOnce(&str) -> bool) -> Truth {
    found.text().map_or(Truth::Unfit, |text| Truth::of(test(&composed(text))))
}

fn of_items<'a>(found: Seen<'a>, test: impl FnOnce(List<'a>) -> Option<bool>) -> Truth {
    found.list().and_then(test).map_or(Truth::Unfit, Truth::of)
}

/// Nothing where one element cannot be judged and no other decides.
fn all<'a>(items: List<'a>, test: impl Fn(Seen<'a>) -> Option<bool>) -> Option<bool> {
    let mut unknown = false;
    for item in items.iter() {
        match test(item) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(true) }
}

/// Nothing where a number cannot be held exactly.
fn same(found: Seen<'_>, to: &Literal) -> Option<bool> {
    if let Some(list) = found.list() {
        let Literal::List(wanted) = to else { return Some(false) };
        if list.len() != wanted.len() {
            return Some(false);
        }
        let mut unknown = false;
        for (item, wanted) in list.iter().zip(wanted) {
            match same(item, wanted) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => unknown = true,
            }
        }
        return if unknown { None } else { Some(true) };
    }
    Some(match (found, to) {
        (Seen::Json(Value::Null), Literal::Null) => true,
        (Seen::Json(Value::Bool(flag)), Literal::Flag(wanted)) => flag == wanted,
        (Seen::Flag(flag), Literal::Flag(wanted)) => flag == *wanted,
        (Seen::Json(Value::Number(_)), Literal::Number(wanted)) => found.number()? == *wanted,
        (Seen::Whole(_) | Seen::Id(_), Literal::Number(wanted)) => found.number()? == *wanted,
        (Seen::Text(_) | Seen::Json(Value::String(_)), Literal::Text(wanted)) => {
            found.text().is_some_and(|text| composed(text) == **wanted)
        }
        (Seen::Json(Value::Object(members)), Literal::Object(wanted)) => {
            return same_members(members, wanted);
        }
        (Seen::Object(members), Literal::Object(wanted)) => return same_members(members, wanted),
        _ => false,
    })
}

fn same_members(members: &crate::facts::JsonObject, wanted: &[(Box<str>, Literal)]) -> Option<bool> {
    if members.len() != wanted.len() {
        return Some(false);
    }
    let mut unknown = false;
    for (key, wanted) in wanted {
        match members.get(&**key).map(|value| same(Seen::Json(value), wanted)) {
            Some(Some(true)) => {}
            Some(None) => unknown = true,
            Some(Some(false)) | None => return Some(false),
        }
    }
    if unknown { None } else { Some(true) }
}

/// Nothing where a number cannot be held exactly.
fn inside(set: &Set, found: Seen<'_>) -> Option<bool> {
    if let Some(text) = found.text() {
        let text = composed(text);
        return Some(set.texts.binary_search_by(|one| (**one).cmp(&*text)).is_ok());
    }
    if matches!(found, Seen::Whole(_) | Seen::Id(_) | Seen::Json(Value::Number(_))) {
        let number = found.number()?;
        return Some(set.numbers.binary_search(&number).is_ok());
    }
    let mut unknown = false;
    for one in &set.others {
        match same(found, one) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}

/// A list holds an element, or a text another one.
fn contains(found: Seen<'_>, item: &Literal) -> Option<bool> {
    if let Some(list) = found.list() {
        let mut unknown = false;
        for one in list.iter() {
            match same(one, item) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        return if unknown { None } else { Some(false) };
    }
    let Literal::Text(item) = item else { return None };
    found.text().map(|text| composed(text).contains(&**item))
}

/// Elements of a list, or characters of a text.
fn length(found: Seen<'_>) -> Option<u64> {
    if let Some(list) = found.list() {
        return u64::try_from(list.len()).ok();
    }
    let text = found.text()?;
    u64::try_from(composed(text).chars().count()).ok()
}

fn is_of(found: Seen<'_>, kind: Kind) -> bool {
    if found.list().is_some() {
        return kind == Kind::Array;
    }
    match found {
        Seen::Json(Value::Null) => kind == Kind::Null,
        Seen::Json(Value::Bool(_)) | Seen::Flag(_) => kind == Kind::Boolean,
        Seen::Json(Value::Number(_)) | Seen::Whole(_) | Seen::Id(_) => match kind {
            Kind::Number => true,
            Kind::Integer => found.number().is_some_and(crate::facts::Decimal::is_whole),
            _ => false,
        },
        Seen::Json(Value::String(_)) | Seen::Text(_) => kind == Kind::String,
        Seen::Json(Value::Object(_)) | Seen::Object(_) => kind == Kind::Object,
        Seen::Json(Value::Array(_)) | Seen::List(_) | Seen::Absent => false,
    }
}
