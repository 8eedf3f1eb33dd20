//! Do the sums of a bill agree? Exact decimals, and a tolerance for the rounding of each line.

use serde::Serialize;
use serde_json::Value;

use crate::{config::InvoiceSettings, facts::Decimal};

/// The answer, with a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arithmetic {
    pub ok: bool,
    /// Something needed for the check is missing, so it could not be made whole.
    pub incomplete: bool,
    pub note: String,
}

/// How far sums may be apart.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    pub thousandths: u32,
    pub per_line_thousandths: u32,
}

impl Tolerance {
    pub fn of(settings: &InvoiceSettings) -> Self {
        Self {
            thousandths: settings.tolerance_thousandths,
            per_line_thousandths: settings.tolerance_per_line_thousandths,
        }
    }

    pub(super) fn for_lines(self, lines: usize) -> Option<Decimal> {
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        let by_lines = u64::from(self.per_line_thousandths).saturating_mul(lines);
        let thousandths = by_lines.max(u64::from(self.thousandths));
        Decimal::whole(i128::from(thousandths)).checked_mul(Decimal::parse("0.001").ok()?)
    }
}

/// Are the two no farther apart than is allowed?
pub(super) fn agree(left: Decimal, right: Decimal, allowed: Decimal) -> bool {
    let Some(apart) = left.checked_sub(right) else { return false };
    let apart = if apart.is_negative() { Decimal::ZERO.checked_sub(apart) } else { Some(apart) };
    apart.and_then(|apart| allowed.checked_sub(apart)).is_some_and(|rest| !rest.is_negative())
}

/// An amount of the document.
enum Amount {
    Missing,
    NoNumber,
    Of(Decimal),
}

impl Amount {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Missing,
            Some(Value::Number(number)) => Decimal::of_json(number).map_or(Self::NoNumber, Self::Of),
            Some(_) => Self::NoNumber,
        }
    }
}

/// Checks lines against the untaxed amount, untaxed and tax against the total, and the tax of each rate
/// against the tax.
pub fn check(data: &Value, tolerance: Tolerance) -> Arithmetic {
    let lines = data.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut work = Work { notes: Vec::new(), ok: true, incomplete: false };
    let Some(allowed) = tolerance.for_lines(lines.len()) else {
        return Arithmetic {
            ok: false,
            incomplete: true,
            note: "the sums are too large to check".to_owned(),
        };
    };
    let untaxed = work.amount(data, "amount_untaxed");
    let tax = work.amount(data, "amount_tax");
    let total = work.amount(data, "amount_total");
    if !lines.is_empty() {
        let sum = work.sum(lines);
        work.compare("the lines", sum, "the untaxed amount", untaxed, allowed);
        let by_rate = work.tax_by_rate(lines);
        work.compare("the tax of the lines", by_rate, "the tax", tax, allowed);
    }
    let both = untaxed.zip(tax).and_then(|(untaxed, tax)| untaxed.checked_add(tax));
    if untaxed.is_some() && tax.is_some() && total.is_some() && both.is_none() {
        work.fail("the sums are too large to check".to_owned());
    }
    work.compare("untaxed and tax", both, "the total", total, allowed);
    let mut note = work.notes.join("; ");
    if note.is_empty() {
        note = if work.incomplete {
            "not all amounts are there to check".to_owned()
        } else {
            "the sums agree".to_owned()
        };
    }
    Arithmetic { ok: work.ok, incomplete: work.incomplete, note }
}

struct Work {
    notes: Vec<String>,
    ok: bool,
    incomplete: bool,
}

impl Work {
    fn fail(&mut self, note: String) {
        self.ok = false;
        self.notes.push(note);
    }

    fn amount(&mut self, data: &Value, field: &str) -> Option<Decimal> {
        match Amount::of(data.get(field)) {
            Amount::Of(amount) => Some(amount),
            Amount::Missing => None,
            Amount::NoNumber => {
                self.fail(format!("`{field}` is no number"));
                None
            }
        }
    }

    fn sum(&mut self, lines: &[Value]) -> Option<Decimal> {
        let mut sum = Decimal::ZERO;
        for line in lines {
            match Amount::of(line.get("amount_subtotal")) {
                Amount::Of(amount) => sum = sum.checked_add(amount)?,
                Amount::Missing => {
                    self.incomplete = true;
                    self.notes.push("a line has no subtotal".to_owned());
                    return None;
                }
                Amount::NoNumber => {
                    self.fail("the subtotal of a line is no number".to_owned());
                    return None;
                }
            }
        }
        Some(sum)
    }

    /// Only where every line says its rate: otherwise nothing can be said.
    fn tax_by_rate(&self, lines: &[Value]) -> Option<Decimal> {
        let hundredth = Decimal::parse("0.01").ok()?;
        let mut sum = Decimal::ZERO;
        for line in lines {
            let (Amount::Of(amount), Amount::Of(rate)) =
                (Amount::of(line.get("amount_subtotal")), Amount::of(line.get("tax_rate")))
            else {
                return None;
            };
            sum = sum.checked_add(amount.checked_mul(rate)?.checked_mul(hundredth)?)?;
        }
        Some(sum)
    }

    fn compare(
        &mut self,
        one: &str,
        left: Option<Decimal>,
        other: &str,
        right: Option<Decimal>,
        allowed: Decimal,
    ) {
        let (Some(left), Some(right)) = (left, right) else { return };
        if !agree(left, right, allowed) {
            self.fail(format!("{one} say {left}, {other} says {right}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_sums(data: Value, ok: bool, words: &[&str]) {
        let found = check(&data, Tolerance::of(&InvoiceSettings::default()));
        assert_eq!(found.ok, ok, "{data}: {}", found.note);
        for word in words {
            assert!(found.note.contains(word), "{word}: {}", found.note);
        }
    }

    fn lines(amounts: &[f64]) -> Vec<Value> {
        amounts.iter().map(|amount| json!({"amount_subtotal": amount})).collect()
    }

    #[test]
    fn sums_agree_within_the_rounding() {
        let sums = json!({"amount_untaxed": 75.5, "amount_tax": 15.1, "amount_total": 90.6});
        let with = |amounts: &[f64]| {
            let mut sums = sums.clone();
            sums["lines"] = json!(lines(amounts));
            sums
        };
        check_sums(with(&[40.0, 35.5]), true, &["agree"]);
        check_sums(with(&[40.0]), false, &["lines", "untaxed"]);
        check_sums(
            json!({"amount_untaxed": 75.5, "amount_tax": 15.1, "amount_total": 95.0}),
            false,
            &["90.6"],
        );
        check_sums(json!({"lines": lines(&[40.01]), "amount_untaxed": 40.0}), true, &[]);
        check_sums(json!({"lines": lines(&[40.1]), "amount_untaxed": 40.0}), false, &[]);
        check_sums(json!({"lines": lines(&[1.0; 10]), "amount_untaxed": 10.05}), true, &[]);
        check_sums(json!({"lines": lines(&[1.0; 10]), "amount_untaxed": 10.06}), false, &[]);
        check_sums(json!({}), true, &[]);
        check_sums(json!({"amount_untaxed": "a lot"}), false, &["no number"]);
        check_sums(json!({"amount_untaxed": -75.5, "amount_tax": -15.1, "amount_total": -90.6}), true, &[]);
    }

    #[test]
    fn a_missing_subtotal_is_incomplete_and_the_tax_is_checked_by_rate() {
        let data = json!({"lines": [{"description": "x"}], "amount_untaxed": 5});
        let found = check(&data, Tolerance::of(&InvoiceSettings::default()));
        assert!(found.ok && found.incomplete);
        let line = |amount: f64, rate: u8| json!({"amount_subtotal": amount, "tax_rate": rate});
        let data = |tax: f64| json!({"lines": [line(100.0, 20), line(50.0, 9)], "amount_untaxed": 150.0, "amount_tax": tax, "amount_total": 150.0 + tax});
        check_sums(data(24.5), true, &[]);
        check_sums(data(30.0), false, &["tax of the lines"]);
    }
}
