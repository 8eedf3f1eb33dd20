//! Numbers of ten digits: those of citizens, those of foreigners, and other tax numbers.

use jiff::civil::Date;

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{PERSONAL_LABELS, cleaned, digits, weighted},
};

const EGN_WEIGHTS: &[u32] = &[2, 4, 8, 5, 10, 9, 7, 3, 6];
const LNCH_WEIGHTS: &[u32] = &[21, 19, 17, 13, 11, 9, 7, 3, 1];
const OTHER_WEIGHTS: &[u32] = &[4, 3, 2, 7, 6, 5, 4, 3, 2];

/// The personal number of a citizen. Its first six digits must be a day that existed.
pub fn egn(text: &str, today: Date) -> Checked {
    with_ten_digits(text, Kind::Egn, |digits| {
        let mut checked = Checked::new("", Kind::Egn);
        let Some(born) = born(digits) else { return checked };
        checked.born = Some(born);
        let expected = weighted(digits, EGN_WEIGHTS) % 11 % 10;
        checked.proven(digits.last() == Some(&expected)).warn_if(born > today, Warning::BornInTheFuture)
    })
}

/// The personal number of a foreigner.
pub fn lnch(text: &str) -> Checked {
    with_ten_digits(text, Kind::Lnch, |digits| {
        let expected = weighted(digits, LNCH_WEIGHTS) % 10;
        Checked::new("", Kind::Lnch).proven(digits.last() == Some(&expected))
    })
}

/// A tax number of ten digits that is neither.
pub fn other_number(text: &str) -> Checked {
    with_ten_digits(text, Kind::OtherNumber, |digits| {
        // Eleven stands for zero; a remainder of ten has no check digit at all.
        let expected = (11 - weighted(digits, OTHER_WEIGHTS) % 11) % 11;
        Checked::new("", Kind::OtherNumber).proven(digits.last() == Some(&expected))
    })
}

/// A number of ten digits of whichever kind it proves to be. One that proves nothing is taken for a
/// citizen's if it begins with a date: whoever masks numbers has to expect misread ones.
pub fn ten_digits(text: &str, today: Date) -> Checked {
    let citizen = egn(text, today);
    if citizen.is_valid() {
        return citizen;
    }
    let foreigner = lnch(text);
    if foreigner.is_valid() {
        return foreigner;
    }
    let other = other_number(text);
    if other.is_valid() || !citizen.valid_shape { other } else { citizen }
}

fn with_ten_digits(text: &str, kind: Kind, check: impl FnOnce(&[u32]) -> Checked) -> Checked {
    let Some(cleaned) = cleaned(text, PERSONAL_LABELS) else { return Checked::too_long() };
    let Some(digits) = digits(&cleaned.text).filter(|digits| digits.len() == 10) else {
        return Checked::new(cleaned.text, Kind::Unknown);
    };
    let mut checked = check(&digits);
    checked.normalized = cleaned.text;
    checked.kind = kind;
    checked.country = Some("BG");
    if matches!(kind, Kind::Egn | Kind::Lnch) { checked.warn(Warning::PersonalNumber) } else { checked }
}

/// The day in the first six digits. The month also says the century.
fn born(digits: &[u32]) -> Option<Date> {
    let pair = |at: usize| Some(digits.get(at)? * 10 + digits.get(at + 1)?);
    let (year, month, day) = (pair(0)?, pair(2)?, pair(4)?);
    let (century, month) = match month {
        1..=12 => (1900, month),
        21..=32 => (1800, month - 20),
        41..=52 => (2000, month - 40),
        _ => return None,
    };
    Date::new(i16::try_from(century + year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
