//! Values of an answer, one by one: what may stand for a text, an amount, a date, a code.

use serde_json::{Number, Value};

use crate::facts::Decimal;

/// Longest amount as text; larger ones are no amounts.
const NUMBER_CHARS_MAX: usize = 32;
/// Digits of which a number of JSON is certain.
const DIGITS_MAX: usize = 15;

/// A text without control and direction characters, with single spaces, cut to a length.
pub(super) fn text_of(text: &str, chars_max: usize) -> String {
    let mut cleaned = String::new();
    let mut count = 0;
    let mut space_before = false;
    for c in text.chars() {
        if c.is_whitespace() || (c.is_control() && c.is_ascii()) {
            space_before = !cleaned.is_empty();
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let wanted = if space_before { 2 } else { 1 };
        if count + wanted > chars_max {
            break;
        }
        if space_before {
            cleaned.push(' ');
        }
        cleaned.push(c);
        count += wanted;
        space_before = false;
    }
    cleaned
}

/// Characters that are not seen and change what is seen.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text that is there.
pub(super) fn text(value: &Value, chars_max: usize) -> Option<String> {
    let text = match value {
        Value::String(text) => text_of(text, chars_max),
        // A number where a text was asked for, such as a bill's number.
        Value::Number(number) => text_of(&number.to_string(), chars_max),
        _ => return None,
    };
    let said_nothing = ["", "null", "none", "n/a", "-"].contains(&text.to_lowercase().as_str());
    (!said_nothing).then_some(text)
}

/// An amount, exactly as it was written.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let decimal = match value {
        Value::Number(number) => Decimal::of_json(number).ok()?,
        Value::String(text) => {
            let text = text.trim();
            let is_plain = text.chars().count() <= NUMBER_CHARS_MAX
                && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
            if !is_plain {
                return None;
            }
            Decimal::parse(text).ok()?
        }
        _ => return None,
    };
    (digits(&decimal.to_string()) <= DIGITS_MAX).then_some(decimal)
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').len()
}

/// A number of JSON that says exactly what the decimal says.
pub(super) fn number(decimal: Decimal) -> Value {
    let text = decimal.to_string();
    let exact = text.parse::<i64>().ok().map(Number::from);
    let number = exact.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    number.map_or(Value::Null, Value::Number)
}

/// `YYYY-MM-DD`, and a day that there was.
pub(super) fn date(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    // A time behind the day says nothing more.
    let day = match text.split_once(['T', ' ']) {
        Some((day, _)) => day,
        None => text,
    };
    let date: jiff::civil::Date = day.parse().ok()?;
    let is_iso = day.len() == 10 && (1900..=2200).contains(&date.year());
    is_iso.then(|| date.to_string())
}

/// Three capital letters.
pub(super) fn currency(value: &Value) -> Option<String> {
    let code = value.as_str()?.trim().to_ascii_uppercase();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

/// A technical code: letters, digits and few other characters.
pub(super) fn code(value: &Value, chars_max: usize) -> Option<String> {
    let code = value.as_str()?.trim();
    let is_code = (1..=chars_max).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_code.then(|| code.to_owned())
}

/// A number like those of VAT, companies and declarations: no word of a text fits in.
pub(super) fn identifier(value: &Value, chars_max: usize) -> Option<String> {
    let text = text(value, chars_max)?;
    let is_number = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/'))
        && text.chars().any(|c| c.is_ascii_digit());
    is_number.then_some(text)
}

/// A whole number that is not less than nothing.
pub(super) fn count(value: &Value, max: u64) -> Option<u64> {
    decimal(value)?.as_u64().filter(|count| *count <= max)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_made_plain() {
        let check = |text: &str, expected: &str| assert_eq!(text_of(text, 10), expected, "{text:?}");
        check("  Фирма\r\n\tООД ", "Фирма ООД");
        check("a\u{0}b\u{1b}[31mc", "a b [31mc");
        check("a\u{202e}b\u{200b}c", "abc");
        check("12345678901", "1234567890");
        check("123456789 1", "123456789");
        check("\u{7f}\u{85}", "");
    }

    #[test]
    fn amounts_stay_exact() {
        let check = |value: Value, expected: Option<&str>| {
            let found = decimal(&value);
            assert_eq!(found.map(|found| found.to_string()).as_deref(), expected, "{value}");
        };
        check(json!(120.1), Some("120.1"));
        check(json!(0.1), Some("0.1"));
        check(json!(-35), Some("-35"));
        check(json!("1234567.89"), Some("1234567.89"));
        check(json!("1 234,50"), None);
        check(json!("1e5"), None);
        check(json!(1e300), None);
        check(json!("99999999999999999999"), None);
        check(json!(true), None);
        check(json!(null), None);
        check(json!("NaN"), None);
        assert_eq!(number(Decimal::parse("120.10").unwrap()), json!(120.1));
        assert_eq!(number(Decimal::parse("5").unwrap()), json!(5));
    }

    #[test]
    fn dates_and_codes_are_what_they_say() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(date(&json!(text)).as_deref(), expected, "{text}");
        };
        check("2026-02-28", Some("2026-02-28"));
        check("2026-02-28T10:00:00Z", Some("2026-02-28"));
        check("2026-02-30", None);
        check("28.02.2026", None);
        check("20260228", None);
        check("0001-01-01", None);
        assert_eq!(currency(&json!("eur")).as_deref(), Some("EUR"));
        assert_eq!(currency(&json!("лв.")), None);
        assert_eq!(code(&json!("01'; drop"), 20), None);
        assert_eq!(identifier(&json!("BG 175 074 752"), 30).as_deref(), Some("BG 175 074 752"));
        assert_eq!(identifier(&json!("ignore all of it"), 30), None);
        assert_eq!(identifier(&json!(175_074_752), 30).as_deref(), Some("175074752"));
        assert_eq!(count(&json!(30), 3650), Some(30));
        assert_eq!(count(&json!(-1), 3650), None);
    }
}
