//! Three-valued conditions over JSON, read from the contract: true, false, and two ways not to know.
//!
//! Slow and obvious on purpose, and without a line of the product's own evaluation.

use std::cmp::Ordering;

use serde_json::Value;

/// What a condition comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    /// The path leads nowhere. `negative` where the condition says what must not be.
    Missing {
        negative: bool,
    },
    /// The value is of a type that the operator cannot judge.
    Unfit,
    Yes,
}

use Truth::{Missing, No, Unfit, Yes};

/// The three lists of items; each treats not knowing in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Require,
    DenyIf,
    ApproveIf,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Yes => No,
            No => Yes,
            Missing { negative } => Missing { negative: !negative },
            Unfit => Unfit,
        }
    }

    /// Of two ways not to know, the one that refuses more.
    fn unknown(self, other: Self) -> Self {
        match (self, other) {
            (Unfit, _) | (_, Unfit) => Unfit,
            (Missing { negative: a }, Missing { negative: b }) => Missing { negative: a || b },
            (Missing { negative }, _) | (_, Missing { negative }) => Missing { negative },
            _ => self,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (No, _) | (_, No) => No,
            (Yes, Yes) => Yes,
            _ => self.unknown(other),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Yes, _) | (_, Yes) => Yes,
            (No, No) => No,
            _ => self.unknown(other),
        }
    }
}

/// Does an item refuse the call (`require`, `deny_if`) or ask for a person (`approve_if`)?
pub(super) fn bites(item: &Value, section: Section, facts: &Value) -> bool {
    let truth = of_item(item, section, facts, true);
    match section {
        Section::Require => truth != Yes,
        Section::DenyIf => matches!(truth, Yes | Unfit | Missing { negative: true }),
        Section::ApproveIf => truth != No,
    }
}

/// `upright` is false within an odd number of `not`s.
fn of_item(item: &Value, section: Section, facts: &Value, upright: bool) -> Truth {
    let truth = of_test(item, section, facts, upright);
    match (truth, item.get("on_missing").and_then(Value::as_str)) {
        // The answer that refuses, or the one that does not, seen from within.
        (Missing { .. }, Some(on_missing)) => {
            let refuses_when = section != Section::Require;
            let wanted = if on_missing == "deny" { refuses_when } else { !refuses_when };
            if wanted == upright { Yes } else { No }
        }
        _ => truth,
    }
}

fn of_test(item: &Value, section: Section, facts: &Value, upright: bool) -> Truth {
    let each = |items: &Value| -> Vec<Truth> {
        items.as_array().unwrap().iter().map(|item| of_item(item, section, facts, upright)).collect()
    };
    if let Some(path) = item.as_str() {
        return of_condition(path, "exists", &Value::Bool(true), section, facts);
    }
    if let Some(items) = item.get("all").or_else(|| item.get("conditions")) {
        return each(items).into_iter().fold(Yes, Truth::and);
    }
    if let Some(items) = item.get("any") {
        return each(items).into_iter().fold(No, Truth::or);
    }
    if let Some(inner) = item.get("not") {
        return of_item(inner, section, facts, !upright).not();
    }
    let (path, op) = (item["path"].as_str().unwrap(), item["op"].as_str().unwrap());
    of_condition(path, op, &item["value"], section, facts)
}

/// Does an item ask something of values, where there are none?
pub(super) fn is_silent(item: &Value, section: Section, facts: &Value) -> bool {
    item.to_string().contains("\"odoo.values")
        && matches!(of_item(item, section, facts, true), Missing { .. })
}

/// Does an item look at the normal form of the call?
pub(super) fn reads_odoo(item: &Value) -> bool {
    match item {
        Value::String(path) => path.starts_with("odoo."),
        Value::Array(items) => items.iter().any(reads_odoo),
        Value::Object(members) => members.iter().any(|(key, inner)| match key.as_str() {
            "path" | "conditions" | "all" | "any" | "not" => reads_odoo(inner),
            _ => false,
        }),
        _ => false,
    }
}

fn of_condition(path: &str, op: &str, value: &Value, section: Section, facts: &Value) -> Truth {
    let mut steps = Vec::new();
    for piece in path.split('.') {
        let (key, list) = match (piece.strip_suffix("[*]"), piece.strip_suffix("[?]")) {
            (Some(key), _) => (key, Some(true)),
            (_, Some(key)) => (key, Some(false)),
            _ => (piece, None),
        };
        steps.push((key, list));
    }
    // One object of values is a list of one, for those who look into a list.
    let mut listed = Value::Null;
    if let [("odoo", _), ("values", Some(_)), ..] = &*steps
        && facts["odoo"].get("values").is_some_and(Value::is_object)
    {
        listed.clone_from(facts);
        listed["odoo"]["values"] = serde_json::json!([facts["odoo"]["values"]]);
    }
    walk(&steps, if listed.is_null() { facts } else { &listed }, op, value, section)
}

fn walk(steps: &[(&str, Option<bool>)], here: &Value, op: &str, value: &Value, section: Section) -> Truth {
    // A list that nobody announced: one element is enough to refuse, all are needed to pass.
    let every_by_default = section == Section::Require;
    let Some(((key, list), rest)) = steps.split_first() else {
        return match here {
            Value::Array(items) if !judges_lists(op, value) => {
                over(items, every_by_default, |item| judge(op, item, value))
            }
            _ => judge(op, here, value),
        };
    };
    if let Value::Array(items) = here {
        return over(items, every_by_default, |item| walk(steps, item, op, value, section));
    }
    match (here.get(key), list) {
        (None, _) => missing(op, value),
        (Some(inner), None) => walk(rest, inner, op, value, section),
        (Some(Value::Array(items)), Some(every)) => {
            over(items, *every, |item| walk(rest, item, op, value, section))
        }
        (Some(_), Some(_)) => Unfit,
    }
}

fn over(items: &[Value], every: bool, judge: impl Fn(&Value) -> Truth) -> Truth {
    if items.is_empty() {
        return No;
    }
    let truths = items.iter().map(judge);
    if every { truths.fold(Yes, Truth::and) } else { truths.fold(No, Truth::or) }
}

fn missing(op: &str, value: &Value) -> Truth {
    match op {
        "exists" if value == &Value::Bool(false) => Yes,
        "exists" => No,
        _ => Missing { negative: is_negative(op) },
    }
}

fn is_negative(op: &str) -> bool {
    matches!(op, "neq" | "not_in" | "not_regex" | "not_contains" | "disjoint")
}

/// Operators that look at a list as a whole.
fn judges_lists(op: &str, value: &Value) -> bool {
    matches!(
        op,
        "contains" | "not_contains" | "subset_of" | "disjoint" | "len_lte" | "len_gte" | "type" | "exists"
    ) || (matches!(op, "eq" | "neq") && value.is_array())
}

fn judge(op: &str, found: &Value, value: &Value) -> Truth {
    let yes = |yes: bool| if yes { Yes } else { No };
    let (found, value) = (&composed(found), &composed(value));
    let text = || found.as_str().zip(value.as_str());
    let listed = |list: &Value| list.as_array().map(|list| list.iter().any(|one| same(one, found)));
    match op {
        "exists" => yes(value == &Value::Bool(true)),
        "eq" => yes(same(found, value)),
        "neq" => yes(!same(found, value)),
        "in" => listed(value).map_or(Unfit, yes),
        "not_in" => listed(value).map_or(Unfit, |listed| yes(!listed)),
        "lt" | "lte" | "gt" | "gte" => match order(found, value) {
            None => Unfit,
            Some(order) => yes(match op {
                "lt" => order.is_lt(),
                "lte" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            }),
        },
        "starts_with" => text().map_or(Unfit, |(found, value)| yes(found.starts_with(value))),
        "ends_with" => text().map_or(Unfit, |(found, value)| yes(found.ends_with(value))),
        "glob" => text().map_or(Unfit, |(found, value)| yes(glob(value, found))),
        // The generator writes no expression that is more than its letters.
        "regex" => text().map_or(Unfit, |(found, value)| yes(found.contains(value))),
        "not_regex" => text().map_or(Unfit, |(found, value)| yes(!found.contains(value))),
        "contains" | "not_contains" => {
            let holds = match found {
                Value::Array(items) => Some(items.iter().any(|item| same(item, value))),
                Value::String(found) => value.as_str().map(|value| found.contains(value)),
                _ => None,
            };
            holds.map_or(Unfit, |holds| yes(holds == (op == "contains")))
        }
        "subset_of" | "disjoint" => {
            let (Some(items), Some(set)) = (found.as_array(), value.as_array()) else { return Unfit };
            let inside = |item: &Value| set.iter().any(|one| same(one, item));
            yes(if op == "disjoint" { !items.iter().any(inside) } else { items.iter().all(inside) })
        }
        "len_lte" | "len_gte" => {
            let length = match found {
                Value::Array(items) => items.len(),
                Value::String(text) => text.chars().count(),
                _ => return Unfit,
            };
            let bound = usize::try_from(value.as_u64().unwrap()).unwrap();
            yes(if op == "len_lte" { length <= bound } else { length >= bound })
        }
        "type" if value == "integer" => {
            let number = found.as_number().and_then(|number| scaled(&number.to_string()));
            yes(number.is_some_and(|number| number % 1_000_000 == 0))
        }
        "type" => yes(value.as_str() == Some(type_of(found))),
        other => panic!("no operator `{other}`"),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The same letters as the same code points. The generator takes two apart.
fn composed(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("e\u{301}", "\u{e9}").replace("\u{212b}", "\u{c5}").into(),
        Value::Array(items) => items.iter().map(composed).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), composed(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// No coercion: a number equals a number, a text a text.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Numbers by value. Amounts may be written as text in the file, never in the call.
fn order(found: &Value, value: &Value) -> Option<Ordering> {
    let found = scaled(&found.as_number()?.to_string())?;
    let value = match value {
        Value::Number(number) => scaled(&number.to_string())?,
        Value::String(text) => scaled(text)?,
        _ => return None,
    };
    Some(found.cmp(&value))
}

/// The number times a million; the generator uses fewer decimal places.
pub(super) fn scaled(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent: u32 = exponent.trim_start_matches('+').parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{fraction:0<6}");
    if fraction.len() > 6 || !padded.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i128 = padded.parse().ok()?;
    let number = number.checked_mul(10_i128.checked_pow(exponent)?)?;
    Some(if negative { -number } else { number })
}

/// `*` stands for any run of characters: every way to split is tried.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.any(|at| rest.get(at..).is_some_and(|after| glob(tail, after)))
        }),
    }
}

/// A condition without a path, on one value.
pub(super) fn holds_for_value(condition: &Value, value: &Value) -> Truth {
    let named = serde_json::json!({ "it": value });
    let (op, bound) = (condition["op"].as_str().unwrap(), &condition["value"]);
    of_condition("it", op, bound, Section::Require, &named)
}
