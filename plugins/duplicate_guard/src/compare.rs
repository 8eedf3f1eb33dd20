//! When two bills of one vendor are the same document. No I/O.

use odoo_mcp_plugin_sdk::{Context, Map, Value, number, text};

/// Days between two bills of the same amount that make them suspicious. A monthly fee is further apart.
const CLOSE_DAYS: i64 = 7;

/// A shorter group of digits stands in too many numbers.
const CORE_DIGITS_MIN: usize = 3;

/// What is known of a bill.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Known {
    /// As [`plain`] makes it.
    pub(crate) number: Option<String>,
    /// As it is written.
    pub(crate) written: Option<String>,
    /// Days since 1970.
    pub(crate) day: Option<i64>,
    pub(crate) cents: Option<i64>,
    pub(crate) currency: Option<String>,
}

/// How alike two bills are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    None,
    Likely,
    Exact,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Likely => "likely",
            Self::Exact => "exact",
        }
    }
}

/// A bill that may be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<&'static str>,
}

impl Known {
    /// The bill of the run: what the document says, else what Odoo says. `None` when neither a number
    /// nor a total is there to compare.
    pub(crate) fn of(context: &Context) -> Option<Self> {
        let (read, bill) = (&context.extraction, &context.bill);
        let numbers = [&read.invoice_number, &bill.reference];
        let written = numbers.into_iter().flatten().find(|number| plain(Some(number)).is_some()).cloned();
        let known = Self {
            number: plain(written.as_deref()),
            written,
            day: day_of(read.invoice_date.as_deref()).or_else(|| day_of(bill.invoice_date.as_deref())),
            cents: cents(read.amount_total).or_else(|| cents(bill.amount_total)),
            currency: read.currency.as_deref().map(str::to_uppercase),
        };
        (known.number.is_some() || known.cents.is_some()).then_some(known)
    }

    /// A bill as Odoo returned it.
    pub(crate) fn of_row(row: &Map<String, Value>) -> Self {
        let currency = row.get("currency_id").and_then(Value::as_array).and_then(|pair| pair.get(1));
        Self {
            number: plain(text(row, "ref").as_deref()),
            written: text(row, "ref"),
            day: day_of(text(row, "invoice_date").as_deref()),
            cents: cents(number(row, "amount_total")),
            currency: currency.and_then(Value::as_str).map(str::to_uppercase),
        }
    }
}

/// How alike the two are; `None` when nothing of importance is the same.
pub(crate) fn compare(bill: &Known, other: &Known) -> Option<Match> {
    let same_number = both(&bill.number, &other.number) == Some(true);
    let other_currency = both(&bill.currency, &other.currency) == Some(false);
    let same_total = both(&bill.cents, &other.cents).map(|same| same && !other_currency);
    let days_apart = bill.day.zip(other.day).map(|(one, two)| (one - two).abs());
    let same_day = days_apart.map(|days| days == 0);

    let mut reasons = Vec::new();
    if same_number {
        reasons.push("same number");
    }
    if same_total == Some(true) {
        reasons.push("same total");
    }
    match days_apart {
        Some(0) => reasons.push("same date"),
        Some(days) if days <= CLOSE_DAYS => reasons.push("close date"),
        _ => {}
    }
    let contradicted = same_total == Some(false) || same_day == Some(false);
    let confirmed = same_total == Some(true) || same_day == Some(true);
    let close = days_apart.is_some_and(|days| days <= CLOSE_DAYS);
    let verdict = match (same_number, same_total == Some(true) && close) {
        (true, _) if confirmed && !contradicted => Verdict::Exact,
        (true, _) | (_, true) => Verdict::Likely,
        (false, false) => return None,
    };
    Some(Match { verdict, reasons })
}

fn both<T: PartialEq>(one: &Option<T>, two: &Option<T>) -> Option<bool> {
    one.as_ref().zip(two.as_ref()).map(|(one, two)| one == two)
}

/// A number without what people write differently: upper case, letters and digits only, and no zeros in
/// front of a group of digits. `None` when nothing is left.
pub(crate) fn plain(number: Option<&str>) -> Option<String> {
    let mut plain = String::new();
    let mut before_digits = true;
    for c in number?.chars().flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric()) {
        if c == '0' && before_digits {
            continue;
        }
        before_digits = !c.is_ascii_digit();
        plain.push(c);
    }
    (!plain.is_empty()).then_some(plain)
}

/// How to ask Odoo for a number: by the longest group of digits, which every way to write it has in
/// common, or as it is written where that says too little.
pub(crate) fn question(written: &str) -> (&'static str, &str) {
    let groups = written.split(|c: char| !c.is_ascii_digit()).map(|group| group.trim_start_matches('0'));
    match groups.max_by_key(|group| group.len()) {
        Some(group) if group.len() >= CORE_DIGITS_MIN => ("ilike", group),
        _ => ("=ilike", written),
    }
}

/// A total in hundredths. None and nothing to pay are no reason to suspect anybody.
fn cents(amount: Option<f64>) -> Option<i64> {
    let cents = (amount? * 100.0).round();
    // Above this a float has no hundredths, and no bill has such a total.
    (cents != 0.0 && cents.abs() < 1e15).then_some(cents as i64)
}

/// Days since 1970-01-01 of a date as Odoo writes it.
pub(crate) fn day_of(date: Option<&str>) -> Option<i64> {
    let mut parts = date?.get(..10)?.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let check = |one: &str, expected: Option<&str>| assert_eq!(plain(Some(one)).as_deref(), expected);
        check("INV-0042", Some("INV42"));
        check("inv 42", Some("INV42"));
        check("0000000123", Some("123"));
        check("2024/007/10", Some("202400710"));
        check("ф-12", Some("Ф12"));
        check("100", Some("100"));
        check("A00", Some("A"));
        check(" -/ ", None);
        check("000", None);
        assert_eq!(question("2024/0012345"), ("ilike", "12345"));
        assert_eq!(question("INV-0042"), ("=ilike", "INV-0042"));
        assert_eq!(question("ABC"), ("=ilike", "ABC"));
    }

    #[test]
    fn dates_are_counted_in_days() {
        let check = |date: &str, expected: Option<i64>| assert_eq!(day_of(Some(date)), expected, "{date}");
        check("1970-01-01", Some(0));
        check("2000-03-01", Some(11_017));
        check("2024-02-29", Some(19_782));
        check("2024-02-29 10:00:00", Some(19_782));
        check("2024-13-01", None);
        check("29.02.2024", None);
        check("", None);
        check("даааааааааа", None);
    }

    #[test]
    fn only_what_nothing_contradicts_is_exact() {
        let known = |number: &str, date: &str, total: f64| Known {
            number: plain(Some(number)),
            day: day_of(Some(date)),
            cents: cents(Some(total)),
            ..Known::default()
        };
        let check = |two: Known, expected: Option<Verdict>| {
            let bill = known("A-10", "2024-05-10", 120.0);
            assert_eq!(compare(&bill, &two).map(|found| found.verdict), expected, "{two:?}");
        };
        check(known("a10", "2024-05-10", 120.0), Some(Verdict::Exact));
        check(known("a10", "", 120.0), Some(Verdict::Exact));
        check(known("a10", "2024-05-10", 0.0), Some(Verdict::Exact));
        check(known("a10", "", 0.0), Some(Verdict::Likely));
        check(known("a10", "2023-05-10", 120.0), Some(Verdict::Likely));
        check(known("a10", "2024-05-10", 99.0), Some(Verdict::Likely));
        check(known("b77", "2024-05-12", 120.0), Some(Verdict::Likely));
        check(known("", "2024-05-12", 120.0), Some(Verdict::Likely));
        check(known("b77", "2024-06-10", 120.0), None);
        check(known("b77", "2024-05-10", 119.99), None);
        check(known("", "", 120.0), None);
    }

    #[test]
    fn the_same_figure_in_another_currency_is_another_total() {
        let known = |currency: &str| Known {
            day: Some(3),
            cents: Some(100),
            currency: Some(currency.to_owned()),
            ..Known::default()
        };
        assert_eq!(compare(&known("EUR"), &known("USD")), None);
        assert_eq!(compare(&known("EUR"), &known("EUR")).unwrap().verdict, Verdict::Likely);
    }
}
