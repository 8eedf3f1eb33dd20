//! Dates and times: Odoo keeps times in UTC without saying so, and cuts what it does not expect.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value;

use super::shown;

pub(super) fn date(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Null | Value::Bool(false) => return Ok(Value::Bool(false)),
        Value::String(text) => text.trim(),
        other => {
            return Err(format!(
                "it takes a date such as `2026-01-31`, or false for none, not {}",
                shown(other)
            ));
        }
    };
    match parse_date(text) {
        Some(_) => Ok(Value::from(text)),
        None if text.len() > DATE_LEN && text.get(..DATE_LEN).and_then(parse_date).is_some() => {
            Err("it takes a date without a time, such as `2026-01-31`".to_owned())
        }
        None => Err(format!("{} is no date; write it as `2026-01-31`", shown(value))),
    }
}

pub(super) fn datetime(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Null | Value::Bool(false) => return Ok(Value::Bool(false)),
        Value::String(text) => text.trim(),
        other => {
            return Err(format!(
                "it takes a time in UTC such as `2026-01-31 14:30:00`, or false for none, not {}",
                shown(other)
            ));
        }
    };
    match parse_datetime(text) {
        Some(datetime) => Ok(Value::from(datetime.strftime("%Y-%m-%d %H:%M:%S").to_string())),
        None => {
            Err(format!("{} is no date and time; write it in UTC as `2026-01-31 14:30:00`", shown(value)))
        }
    }
}

const DATE_LEN: usize = "2026-01-31".len();

/// `YYYY-MM-DD` and nothing else.
fn parse_date(text: &str) -> Option<civil::Date> {
    let plain = text.len() == DATE_LEN
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date: civil::Date = if plain { text.parse().ok()? } else { return None };
    (date.year() >= 1).then_some(date)
}

/// Odoo's form, or ISO 8601 with or without an offset; seconds may be missing, fractions are dropped.
fn parse_datetime(text: &str) -> Option<civil::DateTime> {
    let day = parse_date(text.get(..DATE_LEN)?)?;
    let rest = text.get(DATE_LEN..)?;
    if rest.is_empty() {
        return Some(day.at(0, 0, 0, 0));
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let has_offset = time.ends_with(['Z', 'z']) || time.contains(['+', '-']);
    let whole = format!("{day}T{}", time.trim().to_ascii_uppercase());
    let moment = if has_offset {
        TimeZone::UTC.to_datetime(whole.parse::<Timestamp>().ok()?)
    } else {
        whole.parse::<civil::DateTime>().ok()?
    };
    (moment.year() >= 1).then_some(moment)
}
