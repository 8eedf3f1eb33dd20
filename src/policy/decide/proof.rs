//! What values alone prove about a domain.
//!
//! Three outcomes, as Odoo would compare: an unset field is neither a number nor a text, zero and the
//! empty text are unset in some versions and not in others, and text is never taken for a number. What
//! cannot be told is unknown, and unknown refuses.

use std::cmp::Ordering;

use serde_json::Value;

use crate::{
    facts::{Decimal, FieldName, JsonObject},
    policy::plan::{DomainOrder, DomainTest, DomainTree, DomainValue},
};

/// What the values say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    No,
    Unknown,
    Yes,
}

/// Do the values of a new record prove the domain?
pub(super) fn proves(tree: &DomainTree, values: &JsonObject) -> bool {
    proof(tree, values) == Proof::Yes
}

/// Does a record that is within the domain stay within it, by the new values alone? `written` are
/// fields that change as well, nobody knows to what.
pub(super) fn keeps(tree: &DomainTree, values: &JsonObject, written: &impl Fn(&str) -> bool) -> bool {
    let changes = |field: &str| values.contains_key(field) || written(field);
    match tree {
        // What is not written is as it was.
        tree if !tree.mentions(&changes) => true,
        DomainTree::All(parts) => parts.iter().all(|part| keeps(part, values, written)),
        tree => proof(tree, values) == Proof::Yes,
    }
}

/// Fields that an effect writes without saying what.
pub(super) fn written_blindly<'a>(
    fields: &'a [FieldName],
    values: &'a [JsonObject],
) -> impl Fn(&str) -> bool + 'a {
    move |field| {
        fields.iter().any(|written| written.as_str() == field)
            && !values.iter().any(|values| values.contains_key(field))
    }
}

fn proof(tree: &DomainTree, values: &JsonObject) -> Proof {
    match tree {
        DomainTree::Always(always) => Proof::of(*always),
        DomainTree::All(parts) => parts.iter().map(|part| proof(part, values)).min().unwrap_or(Proof::Yes),
        DomainTree::Any(parts) => parts.iter().map(|part| proof(part, values)).max().unwrap_or(Proof::No),
        DomainTree::Not(part) => proof(part, values).not(),
        DomainTree::Field { name, test } => match (values.get(&**name), test) {
            (Some(value), DomainTest::In { values, negated }) => {
                let found = values.iter().map(|wanted| is(value, wanted)).max().unwrap_or(Proof::No);
                if *negated { found.not() } else { found }
            }
            (Some(value), DomainTest::Order { bound, order }) => {
                compared(value, bound).map_or(Proof::Unknown, |ordering| {
                    Proof::of(match order {
                        DomainOrder::Less => ordering == Ordering::Less,
                        DomainOrder::LessOrEqual => ordering != Ordering::Greater,
                        DomainOrder::Greater => ordering == Ordering::Greater,
                        DomainOrder::GreaterOrEqual => ordering != Ordering::Less,
                    })
                })
            }
            (None, _) | (_, DomainTest::Beyond) => Proof::Unknown,
        },
    }
}

impl PartialOrd for Proof {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The least of all is that all hold, the greatest that one does.
impl Ord for Proof {
    fn cmp(&self, other: &Self) -> Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

impl Proof {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// A value that is given, as a field will hold it.
enum Given<'a> {
    Unset,
    True,
    Number(Decimal),
    /// The id of a related record, in one of the shapes it comes in.
    Record(Decimal),
    Text(&'a str),
}

/// Nothing for shapes that only the field's definition explains.
fn given(value: &Value) -> Option<Given<'_>> {
    let number = |value: &Value| value.as_number().and_then(|number| Decimal::of_json(number).ok());
    Some(match value {
        Value::Null | Value::Bool(false) => Given::Unset,
        Value::Bool(true) => Given::True,
        Value::Number(_) => Given::Number(number(value)?),
        Value::String(text) => Given::Text(text),
        // An id with its name. Two numbers would be two records.
        Value::Array(pair) => match pair.as_slice() {
            [id @ Value::Number(_), Value::String(_)] => Given::Record(number(id)?),
            _ => return None,
        },
        Value::Object(record) => Given::Record(number(record.get("id")?)?),
    })
}

/// Is the field what the condition names, once it holds the value?
fn is(value: &Value, wanted: &DomainValue) -> Proof {
    let Some(given) = given(value) else { return Proof::Unknown };
    match (given, wanted) {
        (Given::Unset, DomainValue::Unset) | (Given::True, DomainValue::True) => Proof::Yes,
        (Given::True, DomainValue::Unset) | (Given::Unset, DomainValue::True) => Proof::No,
        (Given::Number(number), DomainValue::Unset) => unless(number.is_zero()),
        (Given::Unset, DomainValue::Number(number)) => unless(number.is_zero()),
        (Given::Text(text), DomainValue::Unset) => unless(text.is_empty()),
        (Given::Unset, DomainValue::Text(text)) => unless(text.is_empty()),
        (Given::Record(_), DomainValue::Unset) => Proof::No,
        (Given::Number(number) | Given::Record(number), DomainValue::Number(wanted)) => {
            Proof::of(number == *wanted)
        }
        (Given::Text(text), DomainValue::Text(wanted)) => same_text(text, wanted),
        // Text as a number, a number as text, true as 1: whatever the field makes of it.
        _ => Proof::Unknown,
    }
}

/// Different, unless the value is one that counts as unset here and there.
fn unless(empty: bool) -> Proof {
    if empty { Proof::Unknown } else { Proof::No }
}

/// The same day may be written as a date and as a moment; the same letters as other code points.
fn same_text(text: &str, wanted: &str) -> Proof {
    if text == wanted {
        return Proof::Yes;
    }
    let moments = Moment::of(text).is_some() || Moment::of(wanted).is_some();
    if (moments && Moment::of(text) != Moment::of(wanted)) || !(text.is_ascii() && wanted.is_ascii()) {
        return Proof::Unknown;
    }
    Proof::No
}

/// How a date or a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Date,
    Time,
}

impl Moment {
    fn of(text: &str) -> Option<Self> {
        let shape = |shape: &str| {
            text.len() == shape.len()
                && text.bytes().zip(shape.bytes()).all(|(found, wanted)| match wanted {
                    b'0' => found.is_ascii_digit(),
                    sign => found == sign,
                })
        };
        if shape("0000-00-00") {
            Some(Self::Date)
        } else if shape("0000-00-00 00:00:00") {
            Some(Self::Time)
        } else {
            None
        }
    }
}

/// Numbers, and dates written alike. How a database orders other texts depends on its language.
fn compared(value: &Value, bound: &DomainValue) -> Option<Ordering> {
    match (given(value)?, bound) {
        (Given::Number(number), DomainValue::Number(bound)) => Some(number.cmp(bound)),
        (Given::Text(text), DomainValue::Text(bound)) => {
            let (one, two) = (Moment::of(text)?, Moment::of(bound)?);
            (one == two).then(|| text.cmp(bound))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::plan::DomainPlan;

    fn tree(domain: &Value) -> DomainTree {
        DomainPlan::of(domain.as_array().unwrap()).unwrap().tree
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(domain: Value, values: Value, expected: Proof) {
        assert_eq!(proof(&tree(&domain), values.as_object().unwrap()), expected, "{domain} {values}");
    }

    #[track_caller]
    fn check_leaf(operator: &str, wanted: Value, given: Value, expected: Proof) {
        check(json!([["x", operator, wanted]]), json!({"x": given}), expected);
    }

    #[test]
    fn values_prove_what_they_are() {
        for (operator, wanted, given) in [
            ("=", json!(1), json!(1)),
            ("=", json!(1), json!(1.0)),
            ("=", json!(7), json!([7, "Azure"])),
            ("=", json!(7), json!({"id": 7})),
            ("=", json!("draft"), json!("draft")),
            ("=", json!(true), json!(true)),
            ("=", json!(false), json!(null)),
            ("!=", json!(false), json!(7)),
            ("!=", json!("done"), json!(false)),
            ("!=", json!(3), json!(4)),
            ("in", json!([1, 3]), json!(3)),
            ("in", json!([1, false]), json!(false)),
            ("=", json!([1, 3]), json!(3)),
            ("not in", json!([1, 3]), json!(2)),
            ("not in", json!([1, 3]), json!(false)),
            ("=?", json!(false), json!("anything")),
            ("=?", json!(1), json!(1)),
            ("<", json!(100), json!(99.5)),
            ("<=", json!(100), json!(100)),
            (">", json!(0), json!(0.01)),
            (">=", json!("2026-01-01"), json!("2026-01-01")),
            ("<", json!("2026-01-01 10:00:00"), json!("2026-01-01 09:59:59")),
        ] {
            check_leaf(operator, wanted, given, Proof::Yes);
        }
    }

    #[test]
    fn values_disprove_what_they_are_not() {
        for (operator, wanted, given) in [
            ("=", json!(1), json!(2)),
            ("=", json!(1), json!(false)),
            ("=", json!(7), json!([8, "Azure"])),
            ("=", json!("draft"), json!("done")),
            ("=", json!("draft"), json!("Draft")),
            ("=", json!(false), json!("x")),
            ("=", json!(false), json!([7, "Azure"])),
            ("!=", json!(false), json!(null)),
            ("!=", json!(3), json!(3)),
            ("in", json!([]), json!(1)),
            ("in", json!([1, 3]), json!(2)),
            ("in", json!([1, 3]), json!(false)),
            ("not in", json!([1, 3]), json!(3)),
            ("not in", json!([1, false]), json!(null)),
            ("=?", json!(1), json!(2)),
            ("<", json!(100), json!(100)),
            (">", json!(0), json!(-1)),
            ("<", json!("2026-01-01"), json!("2026-01-02")),
        ] {
            check_leaf(operator, wanted, given, Proof::No);
        }
    }

    #[test]
    fn nothing_is_converted_to_prove_anything() {
        for (operator, wanted, given) in [
            ("=", json!(1), json!("1")),
            ("!=", json!(1), json!("2")),
            ("=", json!("1"), json!(1)),
            ("=", json!("Azure"), json!(7)),
            ("!=", json!("Azure"), json!(7)),
            ("=", json!(true), json!(1)),
            ("!=", json!(true), json!("yes")),
            ("=", json!(1), json!(true)),
            ("in", json!([1, 2]), json!("1")),
            ("not in", json!([1, 2]), json!("3")),
            ("<", json!(100), json!("5")),
            ("<", json!("b"), json!("a")),
            ("<", json!(5), json!(false)),
            ("<", json!("2026-01-02"), json!("2026-01-01 10:00:00")),
            (">", json!("today"), json!("2026-01-01")),
            ("!=", json!("2026-01-01"), json!("2026-01-01 00:00:00")),
            ("!=", json!("caf\u{e9}"), json!("cafe\u{301}")),
        ] {
            check_leaf(operator, wanted, given, Proof::Unknown);
        }
    }

    #[test]
    fn nothing_and_zero_are_the_same_here_and_there() {
        for (wanted, given) in [
            (json!(false), json!(0)),
            (json!(false), json!("")),
            (json!(0), json!(false)),
            (json!(""), json!(null)),
        ] {
            check_leaf("=", wanted.clone(), given.clone(), Proof::Unknown);
            check_leaf("!=", wanted.clone(), given.clone(), Proof::Unknown);
            check_leaf("in", json!([wanted]), given.clone(), Proof::Unknown);
            check_leaf("not in", json!([5, wanted]), given, Proof::Unknown);
        }
        check_leaf("=", json!(0), json!(0), Proof::Yes);
        check_leaf("=", json!(""), json!(""), Proof::Yes);
    }

    #[test]
    fn what_only_the_database_knows_is_unknown() {
        for (operator, wanted) in [
            ("like", json!("a")),
            ("=ilike", json!("a%")),
            ("not ilike", json!("a")),
            ("child_of", json!(7)),
            ("parent_of", json!([7])),
            ("any", json!([["y", "=", 1]])),
            ("not any", json!([])),
        ] {
            check_leaf(operator, wanted, json!(7), Proof::Unknown);
        }
        check(json!([["x.y", "=", 1]]), json!({"x": 1, "x.y": 1}), Proof::Unknown);
        check(json!([["x", "=", 1]]), json!({}), Proof::Unknown);
        for commands in [json!([1, 2]), json!([[6, 0, [1]]]), json!([]), json!({"a": 1}), json!(["x", 1])] {
            check_leaf("=", json!(1), commands.clone(), Proof::Unknown);
            check_leaf("!=", json!(1), commands.clone(), Proof::Unknown);
            check_leaf("=", json!(false), commands, Proof::Unknown);
        }
    }

    #[test]
    fn operators_between_conditions_are_kleenes() {
        let or = json!(["|", ["a", "=", 1], ["b", "=", 2]]);
        check(or.clone(), json!({"a": 1}), Proof::Yes);
        check(or.clone(), json!({"a": 5}), Proof::Unknown);
        check(or.clone(), json!({"a": 5, "b": 5}), Proof::No);
        let and = json!(["&", ["a", "=", 1], ["b", "=", 2]]);
        check(and.clone(), json!({"a": 1}), Proof::Unknown);
        check(and.clone(), json!({"a": 5}), Proof::No);
        check(and, json!({"a": 1, "b": 2}), Proof::Yes);
        check(json!(["!", ["a", "=", 1]]), json!({"a": 5}), Proof::Yes);
        check(json!(["!", ["a", "=", 1]]), json!({}), Proof::Unknown);
        check(json!(["!", ["a", "=", 1]]), json!({"a": 1}), Proof::No);
        check(json!(["!", "|", ["a", "=", 1], ["b", "=", 2]]), json!({"a": 5, "b": 5}), Proof::Yes);
        check(json!([["a", "=", 1], ["b", "=", 2]]), json!({"a": 1}), Proof::Unknown);
        check(json!([]), json!({}), Proof::Yes);
        check(json!([true]), json!({}), Proof::Yes);
        check(json!([false]), json!({"a": 1}), Proof::No);
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check_kept(domain: Value, values: Value, blindly: &[&str], expected: bool) {
        let kept =
            keeps(&tree(&domain), values.as_object().unwrap(), &|field: &str| blindly.contains(&field));
        assert_eq!(kept, expected, "{domain} {values} {blindly:?}");
    }

    #[test]
    fn a_write_keeps_its_records_by_the_new_value_alone() {
        let both = json!([["state", "=", "draft"], ["company_id", "in", [1, 3]]]);
        check_kept(both.clone(), json!({"name": "x"}), &[], true);
        check_kept(both.clone(), json!({"company_id": 3}), &[], true);
        check_kept(both.clone(), json!({"company_id": 2}), &[], false);
        check_kept(both.clone(), json!({"company_id": false}), &[], false);
        check_kept(both.clone(), json!({"company_id": 3, "state": "done"}), &[], false);
        check_kept(both.clone(), json!({"name": "x"}), &["state"], false);
        check_kept(both, json!({"name": "x"}), &["note"], true);
        let either = json!(["|", ["state", "=", "draft"], ["user_id", "=", 5]]);
        check_kept(either.clone(), json!({"user_id": 5}), &[], true);
        check_kept(either.clone(), json!({"user_id": 6}), &[], false);
        check_kept(either, json!({"state": "done"}), &[], false);
        check_kept(json!([["partner_id.country_id", "=", 1]]), json!({"partner_id": 7}), &[], false);
        check_kept(json!([["line_ids", "any", [["x", "=", 1]]]]), json!({"line_ids": [[2, 5]]}), &[], false);
        check_kept(json!(["!", ["state", "=", "done"]]), json!({"state": "done"}), &[], false);
        check_kept(json!(["!", ["state", "=", "done"]]), json!({"state": "sent"}), &[], true);
    }

    #[test]
    fn fields_that_are_written_without_a_value_are_told() {
        let fields: Vec<FieldName> = ["a", "b"].map(|name| FieldName::parse(name).unwrap()).into();
        let values = [json!({"a": 1}).as_object().unwrap().clone()];
        let blindly = written_blindly(&fields, &values);
        assert!(blindly("b"));
        assert!(!blindly("a") && !blindly("c"));
    }
}
