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
