//! VAT and company numbers as they are compared. No I/O.

/// Shorter ones are no numbers of companies anywhere.
const CHARS_MIN: usize = 5;
const CHARS_MAX: usize = 20;

/// Upper case, without spaces, dots and dashes. `None` when this is no number of a company.
pub(crate) fn plain(number: &str) -> Option<String> {
    let plain: String =
        number.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    ((CHARS_MIN..=CHARS_MAX).contains(&plain.len()) && digits >= CHARS_MIN - 1).then_some(plain)
}

/// The number without the two letters of the country in front.
pub(crate) fn without_country(plain: &str) -> &str {
    let starts_with_country = plain.bytes().take(2).all(|byte| byte.is_ascii_uppercase());
    if starts_with_country { plain.get(2..).unwrap_or(plain) } else { plain }
}

/// Are two plain numbers of the same company? One of them may lack the country.
pub(crate) fn same(one: &str, two: &str) -> bool {
    let (short_one, short_two) = (without_country(one), without_country(two));
    let both_name_a_country = short_one.len() < one.len() && short_two.len() < two.len();
    if both_name_a_country { one == two } else { short_one == short_two }
}

/// How the number may stand in Odoo.
pub(crate) fn spellings(given: &str, plain: &str) -> Vec<String> {
    let short = without_country(plain);
    let mut spellings = vec![plain.to_owned(), short.to_owned(), given.trim().to_owned()];
    if short.len() == plain.len() {
        // A bare number of nine or thirteen digits is Bulgarian where this step is at home.
        if matches!(plain.len(), 9 | 10 | 13) {
            spellings.push(format!("BG{plain}"));
        }
    } else if let Some(country) = plain.get(..2) {
        spellings.push(format!("{country} {short}"));
    }
    spellings.sort();
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let check = |given: &str, expected: Option<&str>| assert_eq!(plain(given).as_deref(), expected);
        check("BG 123 456 789", Some("BG123456789"));
        check("de-123.456.789", Some("DE123456789"));
        check("123456789", Some("123456789"));
        check("n/a", None);
        check("", None);
        check("ABCDEFGH", None);
        check("123456789012345678901", None);
        check("БГ123456789", Some("123456789"));
    }

    #[test]
    fn the_country_may_be_missing_on_one_side() {
        assert!(same("BG123456789", "123456789"));
        assert!(same("BG123456789", "BG123456789"));
        assert!(!same("BG123456789", "RO123456789"));
        assert!(!same("BG123456789", "BG123456780"));
    }

    #[test]
    fn every_spelling_is_asked_for_once() {
        assert_eq!(spellings("BG 123456789", "BG123456789"), ["123456789", "BG 123456789", "BG123456789"]);
        assert_eq!(spellings("123456789", "123456789"), ["123456789", "BG123456789"]);
        assert_eq!(spellings("12345", "12345"), ["12345"]);
    }
}
