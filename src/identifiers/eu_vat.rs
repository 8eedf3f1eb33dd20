//! VAT numbers of the member states by their prefix, with check digits where those are simple.

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{COMPANY_LABELS, cleaned},
    eu_check_digits::agrees,
    iban_structures::country,
};

/// Prefix, country, and what may follow it: `n` a digit, `a` a letter, `c` either, capitals themselves.
const SHAPES: &[(&str, &str, &[&str])] = &[
    ("AT", "AT", &["Unnnnnnnn"]),
    ("BE", "BE", &["0nnnnnnnnn", "1nnnnnnnnn"]),
    ("BG", "BG", &["nnnnnnnnn", "nnnnnnnnnn"]),
    ("CY", "CY", &["nnnnnnnna"]),
    ("CZ", "CZ", &["nnnnnnnn", "nnnnnnnnn", "nnnnnnnnnn"]),
    ("DE", "DE", &["nnnnnnnnn"]),
    ("DK", "DK", &["nnnnnnnn"]),
    ("EE", "EE", &["nnnnnnnnn"]),
    ("EL", "GR", &["nnnnnnnnn"]),
    ("GR", "GR", &["nnnnnnnnn"]),
    ("ES", "ES", &["annnnnnnc", "nnnnnnnna"]),
    ("FI", "FI", &["nnnnnnnn"]),
    ("FR", "FR", &["ccnnnnnnnnn"]),
    ("HR", "HR", &["nnnnnnnnnnn"]),
    ("HU", "HU", &["nnnnnnnn"]),
    ("IE", "IE", &["nnnnnnna", "nnnnnnnaa", "nannnnna"]),
    ("IT", "IT", &["nnnnnnnnnnn"]),
    ("LT", "LT", &["nnnnnnnnn", "nnnnnnnnnnnn"]),
    ("LU", "LU", &["nnnnnnnn"]),
    ("LV", "LV", &["nnnnnnnnnnn"]),
    ("MT", "MT", &["nnnnnnnn"]),
    ("NL", "NL", &["nnnnnnnnnBnn"]),
    ("PL", "PL", &["nnnnnnnnnn"]),
    ("PT", "PT", &["nnnnnnnnn"]),
    ("RO", "RO", &["nn", "nnn", "nnnn", "nnnnn", "nnnnnn", "nnnnnnn", "nnnnnnnn", "nnnnnnnnn", "nnnnnnnnnn"]),
    ("SE", "SE", &["nnnnnnnnnn01"]),
    ("SI", "SI", &["nnnnnnnn"]),
    ("SK", "SK", &["nnnnnnnnnn"]),
    // Northern Ireland stays in the Union's market of goods; its numbers are built like British ones.
    ("XI", "XI", &["nnnnnnnnn", "nnnnnnnnnnnn", "GDnnn", "HAnnn"]),
];

/// Digits that a foreign tax number has at least; with fewer, two letters in front prove no country.
const FOREIGN_DIGITS_MIN: usize = 5;

/// Member states give out these; Northern Ireland's count for goods.
pub(super) fn is_member_state(code: &str) -> bool {
    code != "XI" && SHAPES.iter().any(|(_, country, _)| *country == code)
}

/// A VAT number with the prefix of a member state. For another country's prefix, the country alone.
pub fn eu_vat(text: &str) -> Checked {
    let Some(cleaned) = cleaned(text, COMPANY_LABELS) else { return Checked::too_long() };
    let cleaned = cleaned.latin_prefix();
    let mut checked = Checked::new(cleaned.text.as_str(), Kind::Unknown);
    let (prefix, number) = cleaned.text.split_at_checked(2).unwrap_or_default();
    if let Some((_, of, shapes)) = SHAPES.iter().find(|(known, ..)| *known == prefix) {
        checked.kind = Kind::EuVat;
        checked.country = Some(of);
        if *of == "GR" {
            checked.normalized = format!("EL{number}");
        }
        if shapes.iter().any(|shape| has_shape(number, shape)) {
            checked.valid_shape = true;
            checked.valid_checksum = agrees(of, number);
            checked = if checked.valid_checksum == Some(false) {
                checked.warn(Warning::CheckDigit)
            } else {
                checked
            };
        }
    } else if number.chars().filter(char::is_ascii_digit).count() >= FOREIGN_DIGITS_MIN {
        checked.country = country(prefix);
    }
    checked.warn_if(cleaned.had_cyrillic, Warning::CyrillicLetters)
}

fn has_shape(number: &str, shape: &str) -> bool {
    number.len() == shape.len()
        && number.chars().zip(shape.chars()).all(|(c, expected)| match expected {
            'n' => c.is_ascii_digit(),
            'a' => c.is_ascii_uppercase(),
            'c' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            literal => c == literal,
        })
}
