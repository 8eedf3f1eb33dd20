//! Check digits of VAT numbers, country by country, where they are simple.

use jiff::civil::Date;

use super::{bulgarian_vat::bulgarian_vat, cleaned::weighted, iban::rest_by_97};

/// Does the check digit of a number of the right shape agree? Nothing where it is not known here:
/// Spanish numbers, French ones with letters in their key, and numbers of people in some countries.
pub(super) fn agrees(country: &str, number: &str) -> Option<bool> {
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let d = digits.as_slice();
    let agrees = match country {
        "AT" => (10 - (luhn_sum(d.get(..7)?, 1) + 4) % 10) % 10 == last(d),
        // The day decides about warnings only.
        "BG" => bulgarian_vat(&format!("BG{number}"), Date::MAX).is_valid(),
        "BE" => 97 - value(d.get(..8)?) % 97 == value(d.get(8..)?),
        "CY" => cyprus(d) == number.chars().last() && !number.starts_with("12"),
        "CZ" if d.len() == 8 => {
            let rest = (11 - weighted(d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            first(d) != 9 && rest.max(1) % 10 == last(d)
        }
        "DE" => first(d) != 0 && mod_11_10(d),
        "HR" => mod_11_10(d),
        "DK" => first(d) != 0 && weighted(d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        "EE" => weighted(d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10),
        "GR" => weighted(d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == last(d),
        "FI" => weighted(d, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11),
        "FR" if d.len() == 11 => france(d)?,
        "HU" => weighted(d, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        "IE" => ireland(number)?,
        "IT" => italy(d)?,
        "LT" => lithuania(d)?,
        "LU" => value(d.get(..6)?) % 89 == value(d.get(6..)?),
        // The others are personal codes.
        "LV" if first(d) > 3 => weighted(d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3,
        "MT" => first(d) != 0 && weighted(d, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37),
        "NL" => netherlands(number, d),
        "PL" => weighted(d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == last(d),
        "PT" => first(d) != 0 && (11 - weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == last(d),
        "RO" => romania(d)?,
        "SE" => luhn_sum(d.get(..10)?, 0).is_multiple_of(10),
        "SI" => first(d) != 0 && slovenia(d),
        "SK" => {
            first(d) != 0 && matches!(d.get(2), Some(2 | 3 | 4 | 7 | 8 | 9)) && value(d).is_multiple_of(11)
        }
        "XI" if d.len() != 3 => britain(d),
        _ => return None,
    };
    Some(agrees)
}

fn first(digits: &[u32]) -> u32 {
    digits.first().copied().unwrap_or_default()
}

fn last(digits: &[u32]) -> u32 {
    digits.last().copied().unwrap_or_default()
}

/// At most twelve digits come here.
fn value(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit))
}

/// Every second digit doubled, and the digits of that added; `doubled` says whether odd or even places.
fn luhn_sum(digits: &[u32], doubled: usize) -> u32 {
    let value = |(at, digit): (usize, &u32)| match at % 2 == doubled {
        true if *digit > 4 => digit * 2 - 9,
        true => digit * 2,
        false => *digit,
    };
    digits.iter().enumerate().map(value).sum()
}

/// ISO 7064, modulus 11 and 10.
fn mod_11_10(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == *check
}

fn cyprus(digits: &[u32]) -> Option<char> {
    const ODD_PLACES: &[u32] = &[1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let mut sum = 0;
    for (at, digit) in digits.iter().enumerate() {
        sum += if at % 2 == 0 { *ODD_PLACES.get(*digit as usize)? } else { *digit };
    }
    char::from_u32(u32::from('A') + sum % 26)
}

/// The key belongs to the firm's number, which has a check digit itself except in Monaco.
fn france(digits: &[u32]) -> Option<bool> {
    let (key, firm) = digits.split_at_checked(2)?;
    let monaco = firm.starts_with(&[0, 0, 0]);
    let agrees = (value(firm) * 100 + 12) % 97 == value(key);
    Some(agrees && (monaco || luhn_sum(firm, 1).is_multiple_of(10)))
}

fn ireland(number: &str) -> Option<bool> {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let seven = number.get(..7)?;
    let body: String = match number.get(1..2)? {
        // The older form: its second place is a letter that does not count, its first digit goes last.
        letter if letter.chars().all(char::is_alphabetic) => {
            format!("0{}{}", number.get(2..7)?, number.get(..1)?)
        }
        _ => seven.to_owned(),
    };
    let digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).collect();
    let further = match number.get(8..9) {
        Some(letter) => LETTERS.find(letter)?,
        None => 0,
    };
    let sum = weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) as usize + 9 * further;
    Some(LETTERS.get(sum % 23..sum % 23 + 1) == number.get(7..8))
}

/// Besides the check digit, three digits name the office that gave out the number.
fn italy(digits: &[u32]) -> Option<bool> {
    let office = value(digits.get(7..10)?);
    let given_out = matches!(office, 1..=100 | 120 | 121 | 888 | 999) && value(digits.get(..7)?) > 0;
    Some(given_out && luhn_sum(digits, 1).is_multiple_of(10))
}

fn lithuania(digits: &[u32]) -> Option<bool> {
    let (check, body) = digits.split_last()?;
    let sum = |from: usize| -> u32 {
        body.iter().enumerate().map(|(at, digit)| (1 + ((at + from) % 9) as u32) * digit).sum()
    };
    let expected = match sum(0) % 11 {
        10 => sum(2) % 11 % 10,
        rest => rest,
    };
    // The place before the check digit is always one.
    Some(body.last() == Some(&1) && expected == *check)
}

/// Numbers of firms have a check digit; those of people since 2020 are proven as a whole.
fn netherlands(number: &str, digits: &[u32]) -> bool {
    let firm = digits.get(..9).unwrap_or_default();
    let by_firm = weighted(firm, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == last(firm);
    by_firm && value(firm) > 0 || rest_by_97("NL".chars().chain(number.chars())) == Some(1)
}

fn romania(digits: &[u32]) -> Option<bool> {
    let (check, body) = digits.split_last()?;
    let sum: u32 =
        body.iter().rev().zip([2, 3, 5, 7, 1, 2, 3, 5, 7]).map(|(digit, weight)| digit * weight).sum();
    Some(first(digits) != 0 && sum * 10 % 11 % 10 == *check)
}

fn slovenia(digits: &[u32]) -> bool {
    let expected = 11 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    expected % 10 == last(digits) && expected != 11
}

fn britain(digits: &[u32]) -> bool {
    let rest = weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    let three = value(digits.get(..3).unwrap_or_default());
    rest == 0 || three >= 100 && matches!(rest, 42 | 55)
}
