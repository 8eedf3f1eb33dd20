//! Movement reference numbers of customs declarations: year, country, thirteen characters, check digit.

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{MRN_LABELS, cleaned},
    iban_structures::is_country,
};

const MRN_CHARS: usize = 18;

/// A movement reference number as it was printed. A check digit that does not agree is a warning: the
/// shape alone decides whether it is one.
pub fn mrn(text: &str) -> Checked {
    let Some(cleaned) = cleaned(text, MRN_LABELS) else { return Checked::too_long() };
    let cleaned = cleaned.latin();
    let checked = Checked::new(cleaned.text.as_str(), Kind::Mrn);
    let checked = if has_shape(&cleaned.text) {
        let agrees = check_digit(&cleaned.text).is_some_and(|expected| cleaned.text.ends_with(expected));
        let country = cleaned.text.get(2..4).unwrap_or_default();
        checked.proven(agrees).warn_if(!is_country(country), Warning::UnknownCountry)
    } else {
        checked
    };
    checked.warn_if(cleaned.had_cyrillic, Warning::CyrillicLetters)
}

fn has_shape(text: &str) -> bool {
    text.len() == MRN_CHARS
        && text.chars().enumerate().all(|(at, c)| match at {
            0 | 1 | 17 => c.is_ascii_digit(),
            2 | 3 => c.is_ascii_uppercase(),
            _ => c.is_ascii_digit() || c.is_ascii_uppercase(),
        })
}

/// The values of ISO 6346: digits as they are, letters from ten upwards without the multiples of eleven;
/// every position counts twice the one before.
fn check_digit(text: &str) -> Option<char> {
    let mut sum = 0_u32;
    for (at, c) in text.chars().take(MRN_CHARS - 1).enumerate() {
        let value = match c.to_digit(36)? {
            digit @ 0..=9 => digit,
            10 => 10,
            letter @ 11..=20 => letter + 1,
            letter @ 21..=30 => letter + 2,
            letter => letter + 3,
        };
        sum += value << at;
    }
    char::from_digit(sum % 11 % 10, 10)
}
