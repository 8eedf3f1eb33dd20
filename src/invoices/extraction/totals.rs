//! Sums computed from the lines, and whether they agree with what was printed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cleaning::decimal;
use crate::{
    facts::Decimal,
    invoices::arithmetic::{self, Tolerance},
};

/// Levs of one euro, fixed by law.
const BGN_PER_EUR: &str = "1.95583";

/// What the lines and the amounts add up to. Amounts are exact decimals as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Sum of the lines without tax; null where a line has no amount.
    pub lines_untaxed: Option<String>,
    /// Sum of the lines' taxes, each from its rate; null where a line has no amount or no rate.
    pub lines_tax: Option<String>,
    /// Untaxed plus tax, as printed.
    pub untaxed_and_tax: Option<String>,
    /// Whether everything that could be compared agrees.
    pub ok: bool,
    /// Something could not be compared because a value is missing.
    pub incomplete: bool,
    /// What does not agree, or what is missing.
    pub notes: Vec<String>,
}

/// Computes the sums of a bill and compares them.
pub fn totals_of(data: &Value, tolerance: Tolerance) -> Totals {
    let amount = |name: &str| data.get(name).and_then(decimal);
    let lines = data.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tolerance = tolerance.for_lines(lines.len());
    let mut totals = Totals { ok: true, ..Totals::default() };
    let sums = sums(lines);
    if let (Some(tax), Some(untaxed)) = (sums.tax, sums.untaxed) {
        totals.lines_tax = Some(tax.to_string());
        totals.lines_untaxed = Some(untaxed.to_string());
    } else {
        totals.lines_untaxed = sums.untaxed.map(|sum| sum.to_string());
    }
    let (untaxed, tax, total) = (amount("amount_untaxed"), amount("amount_tax"), amount("amount_total"));
    if !lines.is_empty() {
        totals.compare("the lines", sums.untaxed, "the untaxed amount", untaxed, tolerance);
        if sums.tax.is_some() {
            totals.compare("the taxes of the lines", sums.tax, "the tax", tax, tolerance);
        }
    }
    let both = untaxed.zip(tax).and_then(|(untaxed, tax)| untaxed.checked_add(tax));
    totals.untaxed_and_tax = both.map(|sum| sum.to_string());
    totals.compare("untaxed and tax", both, "the total", total, tolerance);
    totals.compare_currencies(data, total, tolerance);
    totals
}

/// What the goods items of a customs declaration add up to. Amounts are exact decimals as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclarationTotals {
    /// Sum of the customs values; null where an item has none.
    pub customs_value: Option<String>,
    /// Sum of the VAT; null where an item has none.
    pub vat_eur: Option<String>,
    pub ok: bool,
    /// Something could not be compared because a value is missing.
    pub incomplete: bool,
    pub notes: Vec<String>,
}

/// Computes the sums of a declaration and compares them with the printed ones.
pub fn declaration_totals_of(data: &Value, tolerance: Tolerance) -> DeclarationTotals {
    let lines = data.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sum = |name: &str| {
        let amounts = lines.iter().map(|line| line.get(name).and_then(decimal));
        let sum = amounts.reduce(|sum, more| sum?.checked_add(more?));
        sum.flatten()
    };
    let printed = |name: &str| data.get(name).and_then(decimal);
    let (value, vat) = (sum("customs_value_eur"), sum("vat_eur"));
    let mut totals = Totals { ok: true, ..Totals::default() };
    let tolerance = tolerance.for_lines(lines.len());
    totals.compare("the customs values", value, "their total", printed("total_customs_value"), tolerance);
    totals.compare("the VAT of the items", vat, "its total", printed("total_vat_eur"), tolerance);
    DeclarationTotals {
        customs_value: value.map(|sum| sum.to_string()),
        vat_eur: vat.map(|sum| sum.to_string()),
        ok: totals.ok,
        incomplete: totals.incomplete,
        notes: totals.notes,
    }
}

struct Sums {
    untaxed: Option<Decimal>,
    tax: Option<Decimal>,
}

fn sums(lines: &[Value]) -> Sums {
    let mut sums = Sums { untaxed: Some(Decimal::ZERO), tax: Some(Decimal::ZERO) };
    for line in lines {
        let subtotal = line.get("amount_subtotal").and_then(decimal);
        let rate = line.get("tax_rate").and_then(decimal);
        let tax = subtotal.zip(rate).and_then(|(subtotal, rate)| percent(subtotal, rate));
        sums.untaxed = sums.untaxed.zip(subtotal).and_then(|(sum, more)| sum.checked_add(more));
        sums.tax = sums.tax.zip(tax).and_then(|(sum, more)| sum.checked_add(more));
    }
    if lines.is_empty() { Sums { untaxed: None, tax: None } } else { sums }
}

fn percent(of: Decimal, rate: Decimal) -> Option<Decimal> {
    of.checked_mul(rate)?.checked_mul(Decimal::parse("0.01").ok()?)
}

impl Totals {
    fn compare(
        &mut self,
        one: &str,
        left: Option<Decimal>,
        other: &str,
        right: Option<Decimal>,
        tolerance: Option<Decimal>,
    ) {
        let (Some(left), Some(right)) = (left, right) else {
            self.incomplete = true;
            self.notes.push(format!("{one} and {other} could not be compared: a value is missing"));
            return;
        };
        if !agree(left, right, tolerance) {
            self.ok = false;
            self.notes.push(format!("{one} come to {left}, {other} is {right}"));
        }
    }

    /// Around the change to the euro totals are printed twice, at a rate that is fixed by law.
    fn compare_currencies(&mut self, data: &Value, total: Option<Decimal>, tolerance: Option<Decimal>) {
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
        let second = data.get("second_amount_total").and_then(decimal);
        let (Some(total), Some(second)) = (total, second) else { return };
        let (euros, levs) = match (text("currency"), text("second_currency")) {
            ("EUR", "BGN") => (total, second),
            ("BGN", "EUR") => (second, total),
            _ => return,
        };
        let expected = Decimal::parse(BGN_PER_EUR).ok().and_then(|rate| euros.checked_mul(rate));
        if expected.is_none_or(|expected| !agree(expected, levs, tolerance)) {
            self.ok = false;
            self.notes.push(format!("{euros} EUR and {levs} BGN are not the same at {BGN_PER_EUR}"));
        }
    }
}

/// Where nothing is known of how far they may be apart, nothing agrees.
fn agree(left: Decimal, right: Decimal, allowed: Option<Decimal>) -> bool {
    allowed.is_some_and(|allowed| arithmetic::agree(left, right, allowed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const USUAL: Tolerance = Tolerance { thousandths: 20, per_line_thousandths: 5 };

    #[track_caller]
    fn check(data: Value, ok: bool, pieces: &[&str]) {
        let totals = totals_of(&data, USUAL);
        assert_eq!(totals.ok, ok, "{data}: {totals:?}");
        for piece in pieces {
            assert!(totals.notes.iter().any(|note| note.contains(piece)), "{piece}: {totals:?}");
        }
    }

    fn bill(lines: &[f64], untaxed: f64, tax: f64, total: f64) -> Value {
        let lines: Vec<Value> = lines.iter().map(|line| json!({"amount_subtotal": line})).collect();
        json!({"lines": lines, "amount_untaxed": untaxed, "amount_tax": tax, "amount_total": total})
    }

    #[test]
    fn sums_are_compared() {
        check(bill(&[40.00, 35.50], 75.50, 15.10, 90.60), true, &[]);
        check(
            bill(&[40.00], 75.50, 15.10, 90.60),
            false,
            &["the lines come to 40, the untaxed amount is 75.5"],
        );
        check(bill(&[75.50], 75.50, 15.10, 95.00), false, &["90.6", "95"]);
        check(bill(&[40.01], 40.00, 8.00, 48.00), true, &[]);
        check(bill(&[40.10], 40.00, 8.00, 48.00), false, &["40.1"]);
        check(json!({}), true, &["missing"]);
        // As far apart as the settings say.
        let wide = Tolerance { thousandths: 100, per_line_thousandths: 0 };
        assert!(totals_of(&bill(&[40.10], 40.00, 8.00, 48.00), wide).ok);
    }

    #[test]
    fn taxes_are_computed_from_the_rates() {
        let line = |subtotal: f64, rate: f64| json!({"amount_subtotal": subtotal, "tax_rate": rate});
        let lines = [line(100.0, 20.0), line(50.0, 9.0)];
        let mut data =
            json!({"lines": lines, "amount_untaxed": 150, "amount_tax": 24.5, "amount_total": 174.5});
        check(data.clone(), true, &[]);
        assert_eq!(totals_of(&data, USUAL).lines_tax.unwrap().parse::<f64>().unwrap(), 24.5);
        data["amount_tax"] = json!(30);
        data["amount_total"] = json!(180);
        check(data, false, &["the taxes of the lines"]);
    }

    #[test]
    fn euros_and_levs_are_held_against_the_law() {
        let both = |second: f64| {
            json!({"amount_untaxed": 100, "amount_tax": 0, "amount_total": 100, "currency": "EUR",
                "second_currency": "BGN", "second_amount_total": second})
        };
        check(both(195.58), true, &[]);
        check(both(196.0), false, &["1.95583"]);
    }

    #[test]
    fn items_of_a_declaration_are_added_up() {
        let item = |value: f64, vat: f64| json!({"customs_value_eur": value, "vat_eur": vat});
        let mut data = json!({"lines": [item(100.1, 20.02), item(50.0, 10.0)], "total_customs_value": 150.1,
            "total_vat_eur": 30.02});
        let totals = declaration_totals_of(&data, USUAL);
        assert!(totals.ok && !totals.incomplete, "{totals:?}");
        assert_eq!(totals.vat_eur.as_deref(), Some("30.02"));
        data["total_vat_eur"] = json!(33);
        assert!(!declaration_totals_of(&data, USUAL).ok);
        let nothing = declaration_totals_of(&json!({}), USUAL);
        assert!(nothing.ok && nothing.incomplete, "{nothing:?}");
    }
}
