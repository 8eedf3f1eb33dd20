//! International bank account numbers, and whether a bank code belongs to one.

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{IBAN_LABELS, cleaned},
    iban_structures::{country, has_structure, structure},
};

/// An IBAN as it was printed. The shape is that of its country.
pub fn iban(text: &str) -> Checked {
    let Some(cleaned) = cleaned(text, IBAN_LABELS) else { return Checked::too_long() };
    let cleaned = cleaned.latin();
    let mut checked = Checked::new(cleaned.text.as_str(), Kind::Iban);
    checked.country = cleaned.text.get(..2).and_then(country);
    let known = checked.country.and_then(structure);
    let account = cleaned.text.get(4..).unwrap_or_default();
    let digits = cleaned.text.get(2..4).unwrap_or_default();
    let checked = match known {
        Some(structure) if has_structure(digits, "n2") && has_structure(account, structure) => {
            checked.proven(remainder_by_97(&cleaned.text) == Some(1))
        }
        Some(_) => checked,
        None => checked.warn(Warning::UnknownCountry),
    };
    checked.warn_if(cleaned.had_cyrillic, Warning::CyrillicLetters)
}

/// Does the bank code belong to the account? Only Bulgarian accounts hold it; of others nothing is said.
pub fn bic_matches(iban: &Checked, bic: &str) -> Option<bool> {
    if iban.country != Some("BG") || !iban.valid_shape {
        return None;
    }
    let bic = cleaned(bic, &["BIC", "SWIFT"])?.latin().text;
    if !matches!(bic.len(), 8 | 11) {
        return Some(false);
    }
    Some(bic.get(..4) == iban.normalized.get(4..8))
}

/// Country and check digits go to the end, letters count from ten upwards.
pub(super) fn remainder_by_97(text: &str) -> Option<u32> {
    let (head, account) = text.split_at_checked(4)?;
    rest_by_97(account.chars().chain(head.chars()))
}

/// The remainder of a long number in which letters stand for two digits.
pub(super) fn rest_by_97(mut text: impl Iterator<Item = char>) -> Option<u32> {
    text.try_fold(0_u32, |rest, c| {
        let value = c.to_digit(36)?;
        let shift = if value < 10 { 10 } else { 100 };
        Some((rest * shift + value) % 97)
    })
}
