//! EAN-13, EAN-8 and UPC-A, with their check digits.

/// Left half, odd parity; the others follow from it.
const LEFT: [&str; 10] = [
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111",
    "0001011",
];
/// Which digits of the left half have even parity tells the first digit.
const FIRST: [&str; 10] =
    ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"];

/// The digits with their check digit, added where it was left out, or why they are none.
pub(super) fn completed(value: &str, length: usize, name: &str) -> Result<String, String> {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) || ![length, length - 1].contains(&value.len()) {
        return Err(format!("{name} takes {length} digits, or {} without the check digit", length - 1));
    }
    let body = value.get(..length - 1).unwrap_or_default();
    let check = check_digit(body);
    match value.get(length - 1..).filter(|given| !given.is_empty()) {
        Some(given) if given != check.to_string() => {
            Err(format!("the check digit of `{value}` is {check}, not {given}"))
        }
        _ => Ok(format!("{body}{check}")),
    }
}

/// Weights three and one, from the right.
fn check_digit(body: &str) -> u32 {
    let weighted = body.chars().rev().filter_map(|digit| digit.to_digit(10)).enumerate();
    let sum: u32 = weighted.map(|(place, digit)| if place % 2 == 0 { 3 * digit } else { digit }).sum();
    (10 - sum % 10) % 10
}

/// The modules of 13 digits; UPC-A is one with a zero in front.
pub(super) fn ean13(digits: &str) -> Vec<bool> {
    let numbers = numbers(digits);
    let parities = numbers.first().and_then(|first| FIRST.get(*first)).copied().unwrap_or_default();
    let left = numbers.iter().skip(1).zip(parities.chars());
    let left: String =
        left.map(|(digit, parity)| if parity == 'G' { even(*digit) } else { odd(*digit) }).collect();
    framed(&left, &numbers, 7)
}

pub(super) fn ean8(digits: &str) -> Vec<bool> {
    let numbers = numbers(digits);
    let left: String = numbers.iter().take(4).map(|digit| odd(*digit)).collect();
    framed(&left, &numbers, 4)
}

fn framed(left: &str, numbers: &[usize], right_from: usize) -> Vec<bool> {
    let right: String = numbers.iter().skip(right_from).map(|digit| right(*digit)).collect();
    format!("101{left}01010{right}101").chars().map(|module| module == '1').collect()
}

fn numbers(digits: &str) -> Vec<usize> {
    digits.chars().filter_map(|digit| usize::try_from(digit.to_digit(10)?).ok()).collect()
}

fn odd(digit: usize) -> String {
    LEFT.get(digit).copied().unwrap_or_default().to_owned()
}

/// The complement of the left form.
fn right(digit: usize) -> String {
    odd(digit).chars().map(|module| if module == '1' { '0' } else { '1' }).collect()
}

/// The right form read backwards.
fn even(digit: usize) -> String {
    right(digit).chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, length: usize, expected: Result<&str, &str>) {
        match (completed(value, length, "EAN"), expected) {
            (Ok(digits), Ok(expected)) => assert_eq!(digits, expected),
            (Err(why), Err(piece)) => assert!(why.contains(piece), "{why}"),
            (other, _) => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn check_digits_are_added_or_checked() {
        check("400638133393", 13, Ok("4006381333931"));
        check("4006381333931", 13, Ok("4006381333931"));
        check("4006381333930", 13, Err("is 1, not 0"));
        check("96385074", 8, Ok("96385074"));
        check("9638507", 8, Ok("96385074"));
        check("036000291452", 12, Ok("036000291452"));
        check("03600029145", 12, Ok("036000291452"));
        check("12", 13, Err("13 digits"));
        check("40063813339é", 13, Err("13 digits"));
        check("", 8, Err("8 digits"));
    }

    #[test]
    fn symbols_have_their_length_and_guards() {
        let text =
            |row: Vec<bool>| row.iter().map(|black| if *black { '1' } else { '0' }).collect::<String>();
        let row = text(ean13("5901234123457"));
        assert_eq!(row.len(), 95);
        assert_eq!(
            row,
            "10100010110100111011001100100110111101001110101010110011011011001000010101110010011101000100101"
        );
        assert_eq!(
            text(ean8("96385074")),
            "1010001011010111101111010110111010101001110111001010001001011100101"
        );
    }
}
