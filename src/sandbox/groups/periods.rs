//! Days gathered into weeks, months, quarters and years.

use jiff::{ToSpan, civil::Date};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

pub(super) fn start_of(date: Date, granularity: Granularity) -> Date {
    match granularity {
        Granularity::Day => date,
        Granularity::Week => date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
        Granularity::Month => date.first_of_month(),
        Granularity::Quarter => {
            let first = (date.month() - 1) / 3 * 3 + 1;
            Date::new(date.year(), first, 1).unwrap_or(date)
        }
        Granularity::Year => date.first_of_year(),
    }
}

pub(super) fn end_of(start: Date, granularity: Granularity) -> Date {
    match granularity {
        Granularity::Day => start.saturating_add(1.day()),
        Granularity::Week => start.saturating_add(7.days()),
        Granularity::Month => start.saturating_add(1.month()),
        Granularity::Quarter => start.saturating_add(3.months()),
        Granularity::Year => start.saturating_add(1.year()),
    }
}

pub(super) fn label_of(start: Date, granularity: Granularity) -> String {
    match granularity {
        Granularity::Day => start.strftime("%d %b %Y").to_string(),
        Granularity::Week => start.strftime("W%-V %G").to_string(),
        Granularity::Month => start.strftime("%B %Y").to_string(),
        Granularity::Quarter => format!("Q{} {}", (start.month() - 1) / 3 + 1, start.year()),
        Granularity::Year => start.strftime("%Y").to_string(),
    }
}

pub(super) fn parse_day(value: &Value) -> Option<Date> {
    Date::strptime("%Y-%m-%d", value.as_str()?.get(..10)?).ok()
}
