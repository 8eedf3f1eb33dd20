//! Values from the wire into the form they are stored in, with Odoo's coercions, the silent ones included.

use serde_json::Value;

use crate::sandbox::{
    env::{Env, truthy},
    errors::{OdooError, Result, python, quoted},
    field::{Field, Kind},
};

/// The range of PostgreSQL's `integer`.
const INTEGER_MAX: i64 = i32::MAX as i64;

/// Converts a value of a field that is not x2many.
pub(crate) fn stored(
    env: &Env<'_>,
    model: &str,
    field: &'static Field,
    value: &Value,
    creates: bool,
) -> Result<Value> {
    match field.kind {
        Kind::Char | Kind::Text => Ok(text(value)),
        Kind::Html => Ok(match text(value) {
            Value::String(html) if !env.is_14() => Value::String(without_scripts(&html)),
            other => other,
        }),
        Kind::Integer | Kind::ReferenceId => integer(value),
        Kind::Float | Kind::Monetary { .. } => float(value),
        Kind::Boolean => Ok(Value::Bool(truthy(value))),
        Kind::Date => date(value),
        Kind::Datetime => datetime(value),
        Kind::Binary => binary(env, field, value),
        Kind::Selection(options) => choice(model, field, options, value),
        Kind::Many2one(other) => many2one(env, model, field, other, value, creates),
        Kind::One2many { .. } | Kind::Many2many(_) => Ok(Value::Bool(false)),
    }
}

fn text(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(false) => Value::Bool(false),
        Value::String(text) => Value::from(text.clone()),
        other => Value::String(python(other)),
    }
}

fn integer(value: &Value) -> Result<Value> {
    let number = match value {
        Value::Null | Value::Bool(false) => 0,
        Value::Bool(true) => 1,
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)).unwrap_or_default()
        }
        Value::String(text) if text.is_empty() => 0,
        Value::String(text) => text.trim().parse().map_err(|_| {
            OdooError::value(format!("invalid literal for int() with base 10: {}", quoted(text)))
        })?,
        other => return Err(not_a_number("int", other)),
    };
    if !(-INTEGER_MAX - 1..=INTEGER_MAX).contains(&number) {
        return Err(OdooError::sql("psycopg2.errors.NumericValueOutOfRange", "integer out of range\n"));
    }
    Ok(Value::from(number))
}

fn float(value: &Value) -> Result<Value> {
    Ok(Value::from(match value {
        Value::Null | Value::Bool(false) => 0.0,
        Value::Bool(true) => 1.0,
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) if text.is_empty() => 0.0,
        Value::String(text) => text
            .trim()
            .parse()
            .map_err(|_| OdooError::value(format!("could not convert string to float: {}", quoted(text))))?,
        other => return Err(not_a_number("float", other)),
    }))
}

fn not_a_number(function: &str, value: &Value) -> OdooError {
    let kind = if value.is_array() { "list" } else { "dict" };
    OdooError::type_error(if function == "int" {
        format!("int() argument must be a string, a bytes-like object or a real number, not '{kind}'")
    } else {
        format!("float() argument must be a string or a real number, not '{kind}'")
    })
}

fn date(value: &Value) -> Result<Value> {
    let text = match value {
        Value::String(text) if !text.is_empty() => text,
        other if !truthy(other) => return Ok(Value::Bool(false)),
        other => {
            return Err(OdooError::type_error(format!(
                "strptime() argument 1 must be str, not {}",
                python(other)
            )));
        }
    };
    let day = text.get(..10).unwrap_or(text);
    check_day(day, text, "%Y-%m-%d")?;
    Ok(Value::from(day))
}

fn datetime(value: &Value) -> Result<Value> {
    const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
    let text = match value {
        Value::String(text) if !text.is_empty() => text,
        other if !truthy(other) => return Ok(Value::Bool(false)),
        other => {
            return Err(OdooError::type_error(format!(
                "strptime() argument 1 must be str, not {}",
                python(other)
            )));
        }
    };
    let mismatch =
        || OdooError::value(format!("time data {} does not match format {}", quoted(text), quoted(FORMAT)));
    let (day, time) = match text.split_once(' ') {
        None if text.len() == 10 => (text.as_str(), "00:00:00"),
        Some(parts) => parts,
        None => return Err(mismatch()),
    };
    check_day(day, text, FORMAT)?;
    let time = time.split('.').next().unwrap_or(time);
    if jiff::civil::Time::strptime("%H:%M:%S", time).is_err() {
        return Err(mismatch());
    }
    Ok(Value::from(format!("{day} {time}")))
}

fn check_day(day: &str, whole: &str, format: &str) -> Result<()> {
    if jiff::civil::Date::strptime("%Y-%m-%d", day).is_ok() {
        return Ok(());
    }
    let numbers: Vec<Option<u32>> = day.split('-').map(|part| part.parse().ok()).collect();
    Err(OdooError::value(match numbers.as_slice() {
        [Some(_), Some(1..=12), Some(29..=31)] => "day is out of range for month".to_owned(),
        _ => format!("time data {} does not match format {}", quoted(whole), quoted(format)),
    }))
}

fn binary(env: &Env<'_>, field: &Field, value: &Value) -> Result<Value> {
    let text = match value {
        Value::String(text) if !text.is_empty() => text,
        other if !truthy(other) => return Ok(Value::Bool(false)),
        other => {
            return Err(OdooError::type_error(format!(
                "argument should be a bytes-like object or ASCII string, not {}",
                python(other)
            )));
        }
    };
    // Python skips what is no letter of the alphabet, and only then counts.
    let is_letter = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let kept: String = text.chars().filter(is_letter).collect();
    let is_image = field.name.starts_with("image_");
    use base64::Engine as _;
    let is_broken = base64::engine::general_purpose::STANDARD.decode(&kept).is_err();
    match (is_broken, is_image) {
        (true, false) => Err(OdooError::new("binascii.Error", "Incorrect padding")),
        (_, true) if is_broken || (kept.is_empty() && env.is_14()) => Err(OdooError::user(if env.is_14() {
            "This file could not be decoded as an image file. Please try with a different file."
        } else {
            "Image is not encoded in base64."
        })),
        _ if kept.is_empty() => Ok(Value::Bool(false)),
        _ => Ok(Value::String(kept)),
    }
}

fn choice(model: &str, field: &Field, options: &[(&str, &str)], value: &Value) -> Result<Value> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        Value::String(text) if options.iter().any(|(key, _)| key == text) => Ok(Value::from(text.clone())),
        Value::String(text) if text.is_empty() => Ok(Value::Bool(false)),
        other => Err(OdooError::value(format!("Wrong value for {model}.{}: {}", field.name, python(other)))),
    }
}

/// Only an id is taken. A pair empties the field without a word in both versions, a text when 19 writes it.
fn many2one(
    env: &Env<'_>,
    model: &str,
    field: &Field,
    other: &'static str,
    value: &Value,
    creates: bool,
) -> Result<Value> {
    match value {
        Value::Number(number) => {
            let id = number.as_i64().unwrap_or_default();
            if env.db.exists(other, id) {
                return Ok(Value::from(id));
            }
            // Where the value is used before it reaches the database, the record itself is missed first.
            let used_at_once = match (env.is_14(), creates) {
                (true, _) => model == "sale.order" && other == "res.partner",
                (false, true) => other == "res.partner",
                (false, false) => true,
            };
            Err(if used_at_once {
                OdooError::missing(other, id, env.uid)
            } else {
                foreign_key(env, model, field)
            })
        }
        Value::Object(_) if env.is_14() => {
            Err(OdooError::sql("psycopg2.ProgrammingError", "can't adapt type 'NewId'"))
        }
        Value::String(text) if (env.is_14() || creates) && !text.is_empty() => Err(OdooError::sql(
            "psycopg2.errors.InvalidTextRepresentation",
            format!(
                "invalid input syntax for type integer: \"{text}\"\nLINE 1: ...fault', false, 'en_US', 0, '{text}', NUL...\n                      ^\n"
            ),
        )),
        _ => Ok(Value::Bool(false)),
    }
}

/// A record points at one that is not there, or at one that is about to go.
pub(crate) fn foreign_key(env: &Env<'_>, model: &str, field: &Field) -> OdooError {
    let label = env.schema.get(model).map_or("", |schema| schema.label());
    OdooError::validation(if env.is_14() {
        format!(
            "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: {label} ({model}), Constraint: {}_{}_fkey",
            model.replace('.', "_"),
            field.name
        )
    } else {
        format!(
            "The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '{label}' ({model})\nThanks to the following constraint: '{}' ({})\nHow about archiving the record instead?",
            field.label, field.name
        )
    })
}

/// Drops `<script>` elements with what they hold, as the sanitizer of 19 does.
pub(crate) fn without_scripts(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.to_ascii_lowercase().find("<script") {
        kept.push_str(rest.get(..start).unwrap_or_default());
        let tail = rest.get(start..).unwrap_or_default();
        rest = match tail.to_ascii_lowercase().find("</script>") {
            Some(end) => tail.get(end + "</script>".len()..).unwrap_or_default(),
            None => "",
        };
    }
    kept.push_str(rest);
    kept
}
