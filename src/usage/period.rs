//! Stretches of time: from an instant, until before another one.

use jiff::{
    Timestamp, ToSpan as _, Zoned,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UsageError;

/// From an instant (included) until another (not included), in milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from_ms: i64,
    pub until_ms: i64,
}

/// A stretch of the calendar that is running now; weeks begin on Monday, and `all` is everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    Week,
    #[default]
    Month,
    Year,
    All,
}

impl Span {
    pub const ALWAYS: Self = Self { from_ms: i64::MIN, until_ms: i64::MAX };

    /// The month that an instant is in.
    pub fn month_of(at: Timestamp, zone: &TimeZone) -> Self {
        let first = at.to_zoned(zone.clone()).date().first_of_month();
        Self::of_days(first, first.saturating_add(1.month()), zone)
    }

    /// The period that an instant is in, with what is still to come of it.
    pub fn of_period(period: Period, at: Timestamp, zone: &TimeZone) -> Self {
        let today = at.to_zoned(zone.clone()).date();
        match period {
            Period::Day => Self::of_day(today, zone),
            Period::Week => {
                let since_monday = today.weekday().to_monday_zero_offset();
                let monday = today.saturating_sub(i64::from(since_monday).days());
                Self::of_days(monday, monday.saturating_add(7.days()), zone)
            }
            Period::Month => Self::month_of(at, zone),
            Period::Year => {
                let first = today.first_of_year();
                Self::of_days(first, first.saturating_add(1.year()), zone)
            }
            Period::All => Self::ALWAYS,
        }
    }

    pub fn of_day(day: Date, zone: &TimeZone) -> Self {
        Self::of_days(day, day.saturating_add(1.day()), zone)
    }

    fn of_days(first: Date, after_last: Date, zone: &TimeZone) -> Self {
        Self { from_ms: midnight(first, zone), until_ms: midnight(after_last, zone) }
    }

    /// What two bounds of a caller say; an empty one is none. A day is included as a whole, and a time
    /// to the end of its second. Times without an offset are those of the zone.
    ///
    /// # Errors
    ///
    /// What is no date and no time, and bounds in the wrong order.
    pub fn between(date_from: &str, date_to: &str, zone: &TimeZone) -> Result<Self, UsageError> {
        let mut span = Self::ALWAYS;
        if !date_from.trim().is_empty() {
            span.from_ms = bound("date_from", date_from.trim(), zone)?.from_ms;
        }
        if !date_to.trim().is_empty() {
            span.until_ms = bound("date_to", date_to.trim(), zone)?.until_ms;
        }
        if span.from_ms >= span.until_ms {
            return Err(UsageError::Arguments { message: "`date_from` is after `date_to`".to_owned() });
        }
        Ok(span)
    }

    pub(super) fn shown_from(self) -> Option<String> {
        (self.from_ms != i64::MIN).then(|| super::sql::shown(self.from_ms))
    }
}

/// Days before and including the day of an instant, the earliest first.
pub(super) fn days_until(at: Timestamp, count: i64, zone: &TimeZone) -> Vec<Date> {
    let today = at.to_zoned(zone.clone()).date();
    (0..count).rev().map(|back| today.saturating_sub(back.days())).collect()
}

/// The first instant of a day, where clocks are set at midnight too.
fn midnight(day: Date, zone: &TimeZone) -> i64 {
    day.to_zoned(zone.clone()).map_or(i64::MAX, |zoned: Zoned| zoned.timestamp().as_millisecond())
}

/// Longest text that is a date.
const BOUND_CHARS_MAX: usize = 64;

fn bound(argument: &'static str, text: &str, zone: &TimeZone) -> Result<Span, UsageError> {
    let shown: String = text.chars().take(BOUND_CHARS_MAX).collect();
    let refused = || UsageError::Arguments {
        message: format!(
            "`{shown}` of `{argument}` is no date; write a day such as `2026-01-31`, or a time such as `2026-01-31T12:00:00Z`"
        ),
    };
    // The zone has an argument of its own.
    if text.chars().count() > BOUND_CHARS_MAX || text.contains('[') {
        return Err(refused());
    }
    if !text.contains(['T', 't', ' ', ':']) {
        return text.parse().map(|day| Span::of_day(day, zone)).map_err(|_| refused());
    }
    let instant = match text.parse::<Timestamp>() {
        Ok(instant) => instant,
        Err(_) if has_offset(text) => return Err(refused()),
        Err(_) => {
            let local: DateTime = text.parse().map_err(|_| refused())?;
            local.to_zoned(zone.clone()).map_err(|_| refused())?.timestamp()
        }
    };
    let second = instant.as_second().saturating_mul(1_000);
    Ok(Span { from_ms: instant.as_millisecond(), until_ms: second.saturating_add(1_000) })
}

/// An offset that could not be read is not silently left out.
fn has_offset(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    time.contains(['Z', 'z', '+', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sofia() -> TimeZone {
        TimeZone::get("Europe/Sofia").unwrap()
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn check(from: &str, to: &str, zone: &TimeZone, expected: (&str, &str)) {
        let span = Span::between(from, to, zone).unwrap();
        assert_eq!((span.from_ms, span.until_ms), (ms(expected.0), ms(expected.1)), "{from} {to}");
    }

    #[test]
    fn a_day_is_included_as_a_whole() {
        let utc = TimeZone::UTC;
        check("2026-01-31", "2026-01-31", &utc, ("2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"));
        check("2026-01-31", "2026-02-28", &sofia(), ("2026-01-30T22:00:00Z", "2026-02-28T22:00:00Z"));
        // The night in which the clocks are set.
        check("2026-03-29", "2026-03-29", &sofia(), ("2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"));
    }

    #[test]
    fn a_time_is_included_to_its_second() {
        let z = ("2026-01-31T10:00:00Z", "2026-01-31T12:00:01Z");
        check("2026-01-31T10:00:00Z", "2026-01-31T12:00:00Z", &sofia(), z);
        check("2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00.5+00:00", &sofia(), z);
        check("2026-01-31 12:00", "2026-01-31T14:00", &sofia(), z);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "31.01.2026",
            "2026",
            "0",
            "-1",
            "2026-01-31T25:00:00Z",
            "2026-01-31T10:00:00+99:00",
            "2026-01-31T10:00:00 Europe",
            "' or 1=1 --",
            "99999-01-01",
            "NaN",
            "2026-01-31T10:00:00+02:00[Mars/Base]",
            &"2".repeat(500),
        ] {
            for (from, to) in [(bad, ""), ("", bad)] {
                let error = Span::between(from, to, &TimeZone::UTC).unwrap_err();
                assert_eq!(error.code(), "invalid_arguments", "{bad}");
            }
        }
        Span::between("2026-02-02", "2026-02-01", &TimeZone::UTC).unwrap_err();
        assert_eq!(Span::between("", " ", &TimeZone::UTC).unwrap(), Span::ALWAYS);
    }

    #[test]
    fn periods_begin_where_the_calendar_says() {
        let at: Timestamp = "2026-11-21T23:30:00Z".parse().unwrap();
        for (period, zone, from, until) in [
            (Period::Day, TimeZone::UTC, "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            (Period::Day, sofia(), "2026-11-21T22:00:00Z", "2026-11-22T22:00:00Z"),
            (Period::Week, TimeZone::UTC, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Period::Month, TimeZone::UTC, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (Period::Month, sofia(), "2026-10-31T22:00:00Z", "2026-11-30T22:00:00Z"),
            (Period::Year, TimeZone::UTC, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let span = Span::of_period(period, at, &zone);
            assert_eq!((span.from_ms, span.until_ms), (ms(from), ms(until)), "{period:?}");
        }
        assert_eq!(days_until(at, 3, &TimeZone::UTC).len(), 3);
    }
}
