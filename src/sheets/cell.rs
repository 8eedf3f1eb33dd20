//! One value of a table, with the type a spreadsheet shall see.

use jiff::civil::{Date, DateTime};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Date(Date),
    DateTime(DateTime),
}

/// A column: its header, and how its numbers look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub header: String,
    /// Digits behind the point of a number; `None` shows it as it is.
    pub digits: Option<u32>,
}

impl Column {
    pub fn new(header: impl Into<String>) -> Self {
        Self { header: header.into(), digits: None }
    }
}

/// Largest whole number that a spreadsheet, which counts in floating point, keeps exactly.
pub(super) const EXACT_INTEGER_MAX: u64 = 999_999_999_999_999;

/// A number as both formats write it: the shortest text that reads back as the same number.
pub(super) fn number(value: f64) -> String {
    /// Beyond this, digits without an exponent are a row of zeros.
    const PLAIN_BELOW: f64 = 1e15;
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() < PLAIN_BELOW && value.abs() >= 1e-7 { format!("{value}") } else { format!("{value:e}") }
}

pub(super) fn date_time(value: DateTime) -> String {
    value.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        for value in [0.1, -12.5, 1e300, 123_456_789.123, 5e-324, 1.0, 0.000_000_01] {
            assert_eq!(number(value).parse::<f64>().unwrap(), value);
        }
        assert_eq!(number(12.50), "12.5");
        assert_eq!(number(-0.0), "0");
    }
}
