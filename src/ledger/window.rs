//! Where a calendar window begins and ends, and how windows are written down.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::policy::{CalendarUnit, Window};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// The first of January 1970 was a Thursday: that week began three days before.
const DAYS_FROM_MONDAY_TO_EPOCH: u64 = 3;

/// Start and end of the window around a moment, in milliseconds since 1970; the end is outside.
pub(super) fn bounds(unit: CalendarUnit, zone: Option<&str>, now_ms: u64) -> (u64, u64) {
    match (unit, zone) {
        (CalendarUnit::Minute, _) => whole(now_ms, MINUTE_MS),
        (CalendarUnit::Hour, None) => whole(now_ms, HOUR_MS),
        (CalendarUnit::Day, None) => whole(now_ms, DAY_MS),
        (CalendarUnit::Week, None) => {
            let shift = DAYS_FROM_MONDAY_TO_EPOCH * DAY_MS;
            let (start, end) = whole(now_ms.saturating_add(shift), 7 * DAY_MS);
            (start.saturating_sub(shift), end.saturating_sub(shift))
        }
        (CalendarUnit::Month, None) => civil(unit, &TimeZone::UTC, now_ms),
        (unit, Some(name)) => {
            // The name was checked when the policy was loaded; without its data UTC is as strict.
            let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
            civil(unit, &zone, now_ms)
        }
    }
}

fn whole(now_ms: u64, length_ms: u64) -> (u64, u64) {
    let start = now_ms - now_ms % length_ms;
    (start, start.saturating_add(length_ms))
}

fn civil(unit: CalendarUnit, zone: &TimeZone, now_ms: u64) -> (u64, u64) {
    let fallback = whole(now_ms, DAY_MS);
    let Some(now) = i64::try_from(now_ms).ok().and_then(|now| Timestamp::from_millisecond(now).ok()) else {
        return fallback;
    };
    if unit == CalendarUnit::Hour {
        // Hours follow the local clock even where it is half an hour off.
        let offset_ms = i64::from(zone.to_offset(now).seconds()) * 1_000;
        let local = now.as_millisecond().saturating_add(offset_ms);
        let start = (local - local.rem_euclid(HOUR_MS as i64)).saturating_sub(offset_ms);
        let start = u64::try_from(start).unwrap_or_default();
        return (start, start.saturating_add(HOUR_MS));
    }
    let date = now.to_zoned(zone.clone()).date();
    dates(unit, date)
        .and_then(|(first, next)| Some((midnight(first, zone)?, midnight(next, zone)?)))
        .unwrap_or(fallback)
}

fn dates(unit: CalendarUnit, date: Date) -> Option<(Date, Date)> {
    match unit {
        CalendarUnit::Week => {
            let first = date.checked_sub(date.weekday().to_monday_zero_offset().days()).ok()?;
            Some((first, first.checked_add(7.days()).ok()?))
        }
        CalendarUnit::Month => Some((date.first_of_month(), date.last_of_month().tomorrow().ok()?)),
        CalendarUnit::Day | CalendarUnit::Hour | CalendarUnit::Minute => Some((date, date.tomorrow().ok()?)),
    }
}

fn midnight(date: Date, zone: &TimeZone) -> Option<u64> {
    let start = date.to_zoned(zone.clone()).ok()?;
    Some(u64::try_from(start.timestamp().as_millisecond()).unwrap_or_default())
}

/// `minute`, `day@Europe/Vienna` or `60s`.
pub(super) fn window_text(window: &Window) -> String {
    match window {
        Window::Sliding { seconds } => format!("{seconds}s"),
        Window::Calendar { unit, zone } => {
            let unit = match unit {
                CalendarUnit::Minute => "minute",
                CalendarUnit::Hour => "hour",
                CalendarUnit::Day => "day",
                CalendarUnit::Week => "week",
                CalendarUnit::Month => "month",
            };
            zone.as_ref().map_or_else(|| unit.to_owned(), |zone| format!("{unit}@{zone}"))
        }
    }
}

pub(super) fn window_of_text(text: &str) -> Option<Window> {
    if let Some(seconds) = text.strip_suffix('s') {
        return Some(Window::Sliding { seconds: seconds.parse().ok()? });
    }
    let (unit, zone) = match text.split_once('@') {
        Some((unit, zone)) => (unit, Some(zone.into())),
        None => (text, None),
    };
    let unit = match unit {
        "minute" => CalendarUnit::Minute,
        "hour" => CalendarUnit::Hour,
        "day" => CalendarUnit::Day,
        "week" => CalendarUnit::Week,
        "month" => CalendarUnit::Month,
        _ => return None,
    };
    Some(Window::Calendar { unit, zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(unit: CalendarUnit, zone: Option<&str>, now: &str, start: &str, end: &str) {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond() as u64;
        assert_eq!(bounds(unit, zone, ms(now)), (ms(start), ms(end)), "{unit:?} {zone:?} {now}");
        assert_eq!(bounds(unit, zone, ms(start)), (ms(start), ms(end)), "the start is inside");
        assert_eq!(bounds(unit, zone, ms(end) - 1), (ms(start), ms(end)), "so is the last moment");
    }

    #[test]
    fn windows_are_those_of_the_calendar() {
        use CalendarUnit::{Day, Hour, Minute, Month, Week};
        check(Minute, None, "2026-05-06T07:08:09Z", "2026-05-06T07:08:00Z", "2026-05-06T07:09:00Z");
        check(Hour, None, "2026-05-06T07:08:09Z", "2026-05-06T07:00:00Z", "2026-05-06T08:00:00Z");
        check(Day, None, "2026-05-06T07:08:09Z", "2026-05-06T00:00:00Z", "2026-05-07T00:00:00Z");
        check(Week, None, "2026-05-06T07:08:09Z", "2026-05-04T00:00:00Z", "2026-05-11T00:00:00Z");
        check(Month, None, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check(Month, None, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
    }

    #[test]
    fn zones_move_midnight_and_clock_changes_make_days_shorter_or_longer() {
        use CalendarUnit::{Day, Hour, Month, Week};
        let vienna = Some("Europe/Vienna");
        check(Day, vienna, "2026-05-06T22:30:00Z", "2026-05-06T22:00:00Z", "2026-05-07T22:00:00Z");
        check(Day, vienna, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        check(Day, vienna, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        check(Week, vienna, "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z");
        check(Month, vienna, "2026-03-31T22:30:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z");
        check(
            Hour,
            Some("Asia/Kolkata"),
            "2026-05-06T07:08:09Z",
            "2026-05-06T06:30:00Z",
            "2026-05-06T07:30:00Z",
        );
    }

    #[test]
    fn a_window_is_read_as_it_was_written() {
        for text in ["minute", "hour", "day", "week", "month", "day@Europe/Vienna", "60s"] {
            assert_eq!(window_text(&window_of_text(text).unwrap()), text);
        }
        for bad in ["", "s", "-1s", "fortnight", "Day", "4294967296s"] {
            assert_eq!(window_of_text(bad), None, "{bad}");
        }
    }
}
