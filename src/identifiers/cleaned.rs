//! Text as it was printed becomes what the checks work on: upper case, ASCII digits, no separators.

/// Longest text that is looked at, in characters. The longest number of any kind has 34.
const TEXT_CHARS_MAX: usize = 64;

/// Zeros of the decimal digits of Unicode; each is followed by its one to nine.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30,
    0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0,
    0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// Cyrillic capitals that are drawn like Latin ones.
const LOOK_ALIKES: &[(char, char)] = &[
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
    ('Ԛ', 'Q'),
    ('Ԝ', 'W'),
];

/// Words that stand before a number, cleaned as the numbers are, longer ones before their beginnings.
pub(super) const COMPANY_LABELS: &[&str] = &[
    "ИНПОЗДДС",
    "ЗДДС",
    "ДДСНОМЕР",
    "ДДС",
    "ЕИК",
    "БУЛСТАТ",
    "ИДЕНТНОМЕР",
    "ИДНОМЕР",
    "НОМЕР",
    "ИН",
    "VATREGNO",
    "VATNUMBER",
    "VATNO",
    "VATID",
    "VATIN",
    "VAT",
    "EIK",
    "UIC",
    "BULSTAT",
];
pub(super) const PERSONAL_LABELS: &[&str] = &["ЕГН", "EGN", "ЛНЧ", "LNCH", "PNF"];
pub(super) const IBAN_LABELS: &[&str] = &["IBAN", "ИБАН"];
pub(super) const MRN_LABELS: &[&str] = &["MRN", "МРН"];

/// A cleaned text and what had to be done to get there.
#[derive(Debug)]
pub(super) struct Cleaned {
    pub(super) text: String,
    pub(super) had_cyrillic: bool,
}

/// Nothing where the text is longer than any number: then no work is done on it.
pub(super) fn cleaned(text: &str, labels: &[&str]) -> Option<Cleaned> {
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        return None;
    }
    let upper: String =
        text.chars().flat_map(plain).flat_map(char::to_uppercase).filter(|c| !is_separator(*c)).collect();
    let mut rest = upper.as_str();
    while let Some(shorter) = labels.iter().find_map(|label| rest.strip_prefix(label)) {
        rest = shorter;
    }
    Some(Cleaned { text: rest.to_owned(), had_cyrillic: false })
}

impl Cleaned {
    /// Reads Cyrillic letters that look like Latin ones as Latin, everywhere in the text.
    pub(super) fn latin(mut self) -> Self {
        let latin: String = self.text.chars().map(latin_twin).collect();
        self.had_cyrillic |= latin != self.text;
        self.text = latin;
        self
    }

    /// The same for a country prefix; of `ВГ` and `БГ`, what is meant is clear as well.
    pub(super) fn latin_prefix(self) -> Self {
        for bulgarian in ["ВГ", "БГ", "BГ", "ВG", "БG"] {
            if let Some(rest) = self.text.strip_prefix(bulgarian) {
                return Self { text: format!("BG{rest}"), had_cyrillic: true };
            }
        }
        self.latin()
    }
}

/// A decimal digit of any script as ASCII, a full-width letter as a plain one.
fn plain(c: char) -> Option<char> {
    let code = u32::from(c);
    if c.is_ascii() {
        return Some(c);
    }
    if let Some(value) = digit_value(code) {
        return char::from_digit(value, 10);
    }
    // Full-width forms stand in the order of ASCII, this far away.
    if (0xFF21..=0xFF5A).contains(&code) {
        return char::from_u32(code - 0xFEE0);
    }
    Some(c)
}

fn digit_value(code: u32) -> Option<u32> {
    let following = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(following.checked_sub(1)?)?;
    Some(code - zero).filter(|value| *value < 10)
}

/// What stands between the digits of a printed number.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '-' | '.' | '/' | '\\' | ':' | '#' | '№' | ',' | '_' | '\'' | '"' | '(' | ')')
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2010}'..='\u{2015}' | '\u{2060}' | '\u{2212}' | '\u{FEFF}')
}

fn latin_twin(c: char) -> char {
    LOOK_ALIKES.iter().find(|(cyrillic, _)| *cyrillic == c).map_or(c, |(_, latin)| *latin)
}

/// The digits of a text that is nothing but ASCII digits.
pub(super) fn digits(text: &str) -> Option<Vec<u32>> {
    if text.is_empty() {
        return None;
    }
    text.chars().map(|c| c.to_digit(10)).collect()
}

/// Every digit times its weight, added up; digits without a weight do not count.
pub(super) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// One character, with the decimal digits of every script as ASCII.
pub(super) fn ascii_digit(c: char) -> char {
    plain(c).unwrap_or(c)
}
