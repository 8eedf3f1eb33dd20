//! Code 128: printable ASCII, with pairs of digits packed where that is shorter.

use super::bars::row_of_widths;

/// Widths of bars and gaps, by the number of the symbol; the last one ends the code.
const PATTERNS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];
const TO_PAIRS: usize = 99;
const TO_TEXT: usize = 100;
const START_TEXT: usize = 104;
const START_PAIRS: usize = 105;
const STOP: usize = 106;
const CHECK_MODULO: usize = 103;
/// Digits in a row that are worth the change to pairs and back.
const DIGITS_WORTH_IT: usize = 6;
/// At the beginning there is no change to pay for.
const DIGITS_WORTH_IT_FIRST: usize = 4;

/// The modules of a value, or why it has none.
pub(super) fn encoded(value: &str) -> Result<Vec<bool>, String> {
    if value.is_empty() || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err("Code128 takes printable ASCII characters; use QR for others".to_owned());
    }
    let mut numbers = symbols(value.as_bytes());
    let sum: usize = numbers.iter().enumerate().map(|(place, number)| place.max(1) * number).sum();
    numbers.push(sum % CHECK_MODULO);
    numbers.push(STOP);
    let widths = numbers.iter().filter_map(|number| PATTERNS.get(*number));
    let widths = widths.flat_map(|pattern| pattern.chars()).filter_map(|width| width.to_digit(10));
    Ok(row_of_bars(widths))
}

fn row_of_bars(widths: impl Iterator<Item = u32>) -> Vec<bool> {
    row_of_widths(widths.map(|width| usize::try_from(width).unwrap_or_default()))
}

/// The numbers of the symbols before the check symbol.
fn symbols(value: &[u8]) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut in_pairs = false;
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let worth_it = if numbers.is_empty() { DIGITS_WORTH_IT_FIRST } else { DIGITS_WORTH_IT };
        let wanted = if in_pairs { digits >= 2 } else { digits >= worth_it && (digits % 2 == 0) };
        if numbers.is_empty() {
            in_pairs = wanted;
            numbers.push(if wanted { START_PAIRS } else { START_TEXT });
        } else if wanted != in_pairs {
            in_pairs = wanted;
            numbers.push(if wanted { TO_PAIRS } else { TO_TEXT });
        }
        match (in_pairs, rest) {
            (true, [tens, ones, ..]) => {
                numbers.push(pair(*tens, *ones));
                rest = rest.get(2..).unwrap_or_default();
            }
            _ => {
                numbers.push(usize::from(first.saturating_sub(b' ')));
                rest = after;
            }
        }
    }
    numbers
}

fn pair(tens: u8, ones: u8) -> usize {
    usize::from(tens.saturating_sub(b'0')) * 10 + usize::from(ones.saturating_sub(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_the_standard_in_shape() {
        for (place, pattern) in PATTERNS.iter().enumerate() {
            let sum: u32 = pattern.chars().map(|width| width.to_digit(10).unwrap()).sum();
            assert_eq!(sum, if place == STOP { 13 } else { 11 }, "{pattern}");
            assert!(!PATTERNS[..place].contains(pattern), "{pattern}");
            // Bars together are of even width, which lets a reader find mistakes.
            let bars: u32 = pattern.chars().step_by(2).map(|width| width.to_digit(10).unwrap()).sum();
            assert!(place == STOP || bars.is_multiple_of(2), "{pattern}");
        }
    }

    #[track_caller]
    fn check(value: &str, expected: &[usize]) {
        assert_eq!(symbols(value.as_bytes()), expected, "{value}");
    }

    #[test]
    fn digits_are_packed_where_it_pays() {
        check("PJJ123C", &[104, 48, 42, 42, 17, 18, 19, 35]);
        check("123456", &[105, 12, 34, 56]);
        check("1234A", &[105, 12, 34, 100, 33]);
        check("AB123456", &[104, 33, 34, 99, 12, 34, 56]);
        check("12345", &[104, 17, 18, 19, 20, 21]);
        check("12", &[104, 17, 18]);
    }

    #[test]
    fn the_check_symbol_is_right() {
        // Start B, P J J 1 2 3 C: the sum is 55 modulo 103.
        let row = encoded("PJJ123C").unwrap();
        assert_eq!(row.len(), 11 * 9 + 13);
        let check = row_of_bars(PATTERNS[55].chars().map(|width| width.to_digit(10).unwrap()));
        assert_eq!(row[11 * 8..11 * 9], check);
        assert!(encoded("é").is_err());
        assert!(encoded("").is_err());
        assert!(encoded("a\nb").is_err());
    }
}
