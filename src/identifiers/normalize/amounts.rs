//! Do the sums agree? Exact decimals, and a tolerance that grows with the lines that were rounded.

use serde_json::Value;

use super::Work;
use crate::facts::Decimal;

/// Half a cent for every line that was rounded, and two cents at least, in thousandths.
const TOLERANCE_MIN_THOUSANDTHS: i128 = 20;
const TOLERANCE_OF_A_LINE_THOUSANDTHS: i128 = 5;
/// Lines that are added up. An invoice with more is added up by somebody else.
const LINES_MAX: usize = 10_000;

/// Lev for one euro, fixed by law.
const LEV_FOR_EURO: &str = "1.95583";

pub(super) fn check(work: &mut Work<'_>) {
    let untaxed = amount(work, "amount_untaxed");
    let tax = amount(work, "amount_tax");
    let total = amount(work, "amount_total");
    let lines = lines(work);
    let tolerance = tolerance(lines.as_ref().map_or(0, |(count, _)| *count));
    if let (Some((_, Some(sum))), Some(untaxed)) = (lines, untaxed)
        && differ(sum, untaxed, tolerance)
    {
        work.find(
            "lines_and_untaxed_differ",
            "lines",
            format!("the lines add up to {sum}, the untaxed amount is {untaxed}"),
        );
    }
    if let (Some(untaxed), Some(tax), Some(total)) = (untaxed, tax, total)
        && let Some(sum) = untaxed.checked_add(tax)
        && differ(sum, total, tolerance)
    {
        work.find(
            "sum_and_total_differ",
            "amount_total",
            format!("untaxed amount and tax add up to {sum}, the total is {total}"),
        );
    }
    let both = (amount(work, "amount_total_eur"), amount(work, "amount_total_bgn"));
    if let ((Some(euro), Some(lev)), Ok(rate)) = (both, Decimal::parse(LEV_FOR_EURO))
        && let Some(expected) = euro.checked_mul(rate)
        && differ(expected, lev, tolerance)
    {
        work.find(
            "euro_and_lev_differ",
            "amount_total_bgn",
            "the totals in euro and lev do not fit the fixed rate",
        );
    }
}

/// An amount of the document; what is there and no number is told of.
fn amount(work: &mut Work<'_>, field: &str) -> Option<Decimal> {
    let value = work.data.get(field)?;
    if value.is_null() {
        return None;
    }
    let amount = decimal(value);
    if amount.is_none() {
        work.find("amount_not_a_number", field, "not a number");
    }
    amount
}

fn decimal(value: &Value) -> Option<Decimal> {
    Decimal::of_json(value.as_number()?).ok()
}

/// How many lines there are, and their sum if every one of them has an amount.
fn lines(work: &mut Work<'_>) -> Option<(usize, Option<Decimal>)> {
    let lines = work.data.get("lines")?.as_array().filter(|lines| !lines.is_empty())?;
    let (count, mut without) = (lines.len(), 0);
    let mut sum = (count <= LINES_MAX).then_some(Decimal::ZERO);
    for line in lines.iter().take(LINES_MAX) {
        match line.get("amount_subtotal").and_then(decimal) {
            Some(amount) => sum = sum.and_then(|sum| sum.checked_add(amount)),
            None => without += 1,
        }
    }
    if without > 0 {
        work.find(
            "lines_without_amount",
            "lines",
            format!("{without} lines have no amount; they were not added up"),
        );
        return Some((count, None));
    }
    Some((count, sum))
}

fn tolerance(lines: usize) -> Decimal {
    let of_lines = TOLERANCE_OF_A_LINE_THOUSANDTHS.saturating_mul(lines as i128);
    let thousandths = of_lines.max(TOLERANCE_MIN_THOUSANDTHS);
    // A thousandth is exact, so this cannot fail; without it nothing would be tolerated.
    let thousandth = Decimal::parse("0.001").unwrap_or_default();
    Decimal::whole(thousandths).checked_mul(thousandth).unwrap_or_default()
}

fn differ(one: Decimal, other: Decimal, tolerance: Decimal) -> bool {
    let (more, less) = if one > other { (one, other) } else { (other, one) };
    more.checked_sub(less).is_none_or(|difference| difference > tolerance)
}
