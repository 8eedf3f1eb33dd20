//! Code 39: capitals, digits and seven signs, each of nine bars and gaps of which three are wide.

use super::bars::row_of_widths;

/// How much wider a wide bar is.
const WIDE: usize = 3;

const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*";
const PATTERNS: [&str; 44] = [
    "nnnwwnwnn",
    "wnnwnnnnw",
    "nnwwnnnnw",
    "wnwwnnnnn",
    "nnnwwnnnw",
    "wnnwwnnnn",
    "nnwwwnnnn",
    "nnnwnnwnw",
    "wnnwnnwnn",
    "nnwwnnwnn",
    "wnnnnwnnw",
    "nnwnnwnnw",
    "wnwnnwnnn",
    "nnnnwwnnw",
    "wnnnwwnnn",
    "nnwnwwnnn",
    "nnnnnwwnw",
    "wnnnnwwnn",
    "nnwnnwwnn",
    "nnnnwwwnn",
    "wnnnnnnww",
    "nnwnnnnww",
    "wnwnnnnwn",
    "nnnnwnnww",
    "wnnnwnnwn",
    "nnwnwnnwn",
    "nnnnnnwww",
    "wnnnnnwwn",
    "nnwnnnwwn",
    "nnnnwnwwn",
    "wwnnnnnnw",
    "nwwnnnnnw",
    "wwwnnnnnn",
    "nwnnwnnnw",
    "wwnnwnnnn",
    "nwwnwnnnn",
    "nwnnnnwnw",
    "wwnnnnwnn",
    "nwwnnnwnn",
    "nwnwnwnnn",
    "nwnwnnnwn",
    "nwnnnwnwn",
    "nnnwnwnwn",
    "nwnnwnwnn",
];
/// Begins and ends the symbol; no value holds it.
const FRAME: char = '*';

/// The modules of a value, or why it has none.
pub(super) fn encoded(value: &str) -> Result<Vec<bool>, String> {
    let mut row = Vec::new();
    for character in std::iter::once(FRAME).chain(value.chars()).chain(std::iter::once(FRAME)) {
        let place = CHARACTERS.chars().position(|known| known == character);
        let pattern = place.and_then(|place| PATTERNS.get(place)).ok_or_else(|| {
            format!(
                "Code39 has no `{}`; it takes capitals, digits, space and -.$/+%",
                character.escape_debug()
            )
        })?;
        row.extend(row_of_widths(pattern.chars().map(|bar| if bar == 'w' { WIDE } else { 1 })));
        row.push(false);
    }
    row.pop();
    if value.contains(FRAME) || value.is_empty() {
        return Err("Code39 takes capitals, digits, space and -.$/+%".to_owned());
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_three_wide_bars_and_its_own_pattern() {
        assert_eq!(CHARACTERS.chars().count(), PATTERNS.len());
        for (place, pattern) in PATTERNS.iter().enumerate() {
            assert_eq!(pattern.len(), 9);
            assert_eq!(pattern.matches('w').count(), 3, "{pattern}");
            assert!(!PATTERNS[..place].contains(pattern), "{pattern}");
        }
    }

    #[test]
    fn values_are_framed() {
        // Fifteen modules a character and one between two.
        assert_eq!(encoded("AB").unwrap().len(), 4 * 15 + 3);
        assert!(encoded("ab").is_err());
        assert!(encoded("A*B").is_err());
        assert!(encoded("").is_err());
    }
}
