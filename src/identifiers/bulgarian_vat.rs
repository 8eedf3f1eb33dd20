//! Bulgarian VAT numbers: `BG` and a company number, or `BG` and a number of ten digits.

use jiff::civil::Date;

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{COMPANY_LABELS, PERSONAL_LABELS, cleaned},
    eik, personal,
};

/// A Bulgarian VAT number as it was printed, or a number that stands where one is expected.
///
/// Without the prefix nothing is a VAT number: the answer is what the number is, and the VAT number that
/// would go with it as a candidate. The number of a person holds no company number.
pub fn bulgarian_vat(text: &str, today: Date) -> Checked {
    let Some(cleaned) = cleaned(text, &[COMPANY_LABELS, PERSONAL_LABELS].concat()) else {
        return Checked::too_long();
    };
    let cleaned = cleaned.latin_prefix();
    let had_cyrillic = cleaned.had_cyrillic;
    let checked = match cleaned.text.strip_prefix("BG") {
        Some(number) => prefixed(number, today),
        None => bare(&cleaned.text, today),
    };
    checked
        .unwrap_or_else(|| Checked::new(cleaned.text, Kind::Unknown))
        .warn_if(had_cyrillic, Warning::CyrillicLetters)
}

fn prefixed(number: &str, today: Date) -> Option<Checked> {
    let mut checked = match number.len() {
        9 => eik::of_digits(number)?,
        10 => ten_digits(number, today)?,
        _ => return None,
    };
    checked.normalized = format!("BG{number}");
    checked.candidate = None;
    Some(checked)
}

fn bare(number: &str, today: Date) -> Option<Checked> {
    if number.len() != 10 {
        return eik::given_as_vat(number);
    }
    let mut checked = ten_digits(number, today)?.warn(Warning::NotAVatNumber);
    checked.candidate = checked.is_valid().then(|| format!("BG{number}"));
    Some(checked)
}

fn ten_digits(number: &str, today: Date) -> Option<Checked> {
    let checked = personal::ten_digits(number, today);
    (checked.kind != Kind::Unknown).then_some(checked)
}
