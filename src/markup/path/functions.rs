//! What predicates compute: values, comparisons and functions.

use super::{
    Comparison, Expression, Function,
    evaluate::{Candidate, Costly, Place, Search},
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Truth(bool),
    Number(f64),
    Text(String),
    /// The texts of nodes.
    Nodes(Vec<String>),
}

impl Value {
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Truth(truth) => *truth,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Nodes(texts) => !texts.is_empty(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Nodes(texts) => texts.first().cloned().unwrap_or_default(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Truth(truth) => f64::from(u8::from(*truth)),
            Self::Number(number) => *number,
            Self::Text(_) | Self::Nodes(_) => self.text().trim().parse().unwrap_or(f64::NAN),
        }
    }
}

/// Nodes compare as a whole: it is enough that one of them does.
pub(super) fn compared(how: Comparison, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Truth(_), other) | (other, Value::Truth(_)) => {
            let _ = other;
            numbers(how, f64::from(u8::from(left.holds())), f64::from(u8::from(right.holds())))
        }
        (Value::Nodes(texts), other) => {
            texts.iter().any(|text| compared(how, &Value::Text(text.clone()), other))
        }
        (other, Value::Nodes(texts)) => {
            texts.iter().any(|text| compared(how, other, &Value::Text(text.clone())))
        }
        (Value::Text(a), Value::Text(b)) if how == Comparison::Equal => a == b,
        (Value::Text(a), Value::Text(b)) if how == Comparison::Different => a != b,
        (a, b) => numbers(how, a.number(), b.number()),
    }
}

fn numbers(how: Comparison, left: f64, right: f64) -> bool {
    match how {
        Comparison::Equal => left == right,
        Comparison::Different => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

pub(super) fn called(
    search: &mut Search<'_, '_>,
    function: Function,
    arguments: &[Expression],
    candidate: Candidate,
) -> Result<Value, Costly> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(search.value(argument, candidate)?);
    }
    let text = |index: usize| values.get(index).map(Value::text).unwrap_or_default();
    let own = |search: &mut Search<'_, '_>| match values.first() {
        Some(value) => Ok(value.text()),
        None => search.text(candidate.place),
    };
    Ok(match function {
        Function::Position => Value::Number(candidate.position as f64),
        Function::Last => Value::Number(candidate.last as f64),
        Function::Not => Value::Truth(!values.first().is_some_and(Value::holds)),
        Function::Contains => Value::Truth(text(0).contains(&text(1))),
        Function::StartsWith => Value::Truth(text(0).starts_with(&text(1))),
        Function::NormalizeSpace => {
            let own = own(search)?;
            Value::Text(own.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Function::String => Value::Text(own(search)?),
        Function::StringLength => Value::Number(own(search)?.chars().count() as f64),
        Function::Concat => Value::Text(values.iter().map(Value::text).collect()),
        Function::Count => match values.first() {
            Some(Value::Nodes(texts)) => Value::Number(texts.len() as f64),
            _ => Value::Number(f64::NAN),
        },
        Function::Name => Value::Text(name(search, candidate.place)),
        Function::Translate => Value::Text(translated(&text(0), &text(1), &text(2))),
        Function::True => Value::Truth(true),
        Function::False => Value::Truth(false),
        Function::HasClass => {
            let class = search.attribute_values(candidate.place, "class").concat();
            let has = |wanted: String| class.split_ascii_whitespace().any(|one| one == wanted);
            Value::Truth((0..values.len()).all(|index| has(text(index))))
        }
        Function::PositionOfType | Function::PositionOfChild => {
            let own = name(search, candidate.place);
            let before = search.siblings(candidate.place, false);
            search.look(before.len())?;
            let counts = |place: &&Place| {
                let name = name(search, **place);
                !name.is_empty() && (function == Function::PositionOfChild || name == own)
            };
            Value::Number(before.iter().filter(counts).count() as f64 + 1.0)
        }
        Function::ChildrenAfter => {
            let after = search.siblings(candidate.place, true);
            search.look(after.len())?;
            let elements = after.iter().filter(|place| !name(search, **place).is_empty());
            Value::Number(elements.count() as f64)
        }
    })
}

fn name(search: &Search<'_, '_>, place: Place) -> String {
    match place {
        Place::Node(id) => search.document.name(id).to_owned(),
        Place::Frame => "div".to_owned(),
        Place::Top => String::new(),
    }
}

fn translated(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    text.chars()
        .filter_map(|c| match from.chars().position(|one| one == c) {
            Some(index) => to.get(index).copied(),
            None => Some(c),
        })
        .collect()
}
