//! Payment cards: an issuer's beginning, its length, and a valid check digit.
//!
//! One number in ten has a valid check digit by chance, so everything else has to fit as well: nothing
//! of a word or a number beside it, groups as they are embossed, and no sign that it is something else.

use super::{Found, is_word};

/// Digits of the shortest and the longest card.
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// How cards are written in groups.
const GROUPINGS: &[&[usize]] = &[&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];
/// Groups of an IBAN that are looked at before a number.
const IBAN_GROUPS_MAX: usize = 8;

/// A card that begins here.
pub(super) fn card(text: &str, at: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let rest = bytes.get(at..).filter(|rest| rest.len() >= DIGITS_MIN)?;
    // A short number, which most are.
    if !is_digit(rest.get(3)) || is_joined_before(bytes, at) || is_in_iban(text, at) {
        return None;
    }
    let plain = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut lengths = GROUPINGS.iter().filter_map(|groups| grouped(rest, groups));
    let length = if (DIGITS_MIN..=DIGITS_MAX).contains(&plain) { plain } else { lengths.next()? };
    let digits: Vec<u8> =
        rest.get(..length)?.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
    let is_card = !is_joined_after(rest, length)
        && has_issuer(&digits)
        && has_check_digit(&digits)
        && !is_barcode(&digits);
    if !is_card {
        return None;
    }
    let last: String =
        digits.iter().skip(digits.len().checked_sub(4)?).map(|d| char::from(b'0' + d)).collect();
    Some(Found { at: at..at + length, by: format!("[card ending {last}]") })
}

/// Bytes of a number in these groups, with the same single separator between all of them.
fn grouped(rest: &[u8], groups: &[usize]) -> Option<usize> {
    let separator = *rest.get(*groups.first()?)?;
    if !matches!(separator, b' ' | b'-') {
        return None;
    }
    let mut end = 0;
    for (place, size) in groups.iter().enumerate() {
        if place > 0 {
            if rest.get(end) != Some(&separator) {
                return None;
            }
            end += 1;
        }
        let group = rest.get(end..end + size)?;
        if !group.iter().all(u8::is_ascii_digit) {
            return None;
        }
        end += size;
    }
    // A longer number with dashes is something else; behind a blank a date may follow.
    let goes_on = separator == b'-' && rest.get(end) == Some(&b'-') && is_digit(rest.get(end + 1));
    (!goes_on).then_some(end)
}

fn is_digit(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_digit)
}

/// `+49…` is a phone number, `1.41…` a fraction.
fn is_joined_before(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|at| bytes.get(at)) else { return false };
    let two_before = at.checked_sub(2).and_then(|at| bytes.get(at));
    is_word(*before) || *before == b'+' || (matches!(before, b'.' | b',') && is_digit(two_before))
}

fn is_joined_after(rest: &[u8], length: usize) -> bool {
    let Some(after) = rest.get(length) else { return false };
    is_word(*after) || (matches!(after, b'.' | b',') && is_digit(rest.get(length + 1)))
}

/// Groups of four before the number that begin with a country and a check number.
fn is_in_iban(text: &str, at: usize) -> bool {
    let Some(before) = text.get(..at).and_then(|before| before.strip_suffix(' ')) else { return false };
    for group in before.rsplit(' ').take(IBAN_GROUPS_MAX) {
        let Some(group) = group.as_bytes().last_chunk::<4>().filter(|_| group.len() >= 4) else {
            return false;
        };
        let [a, b, c, d] = group;
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit() {
            return true;
        }
        if !group.iter().all(u8::is_ascii_alphanumeric) {
            return false;
        }
    }
    false
}

/// The number ranges of the card schemes, with the lengths each of them uses.
fn has_issuer(digits: &[u8]) -> bool {
    let first =
        |count: usize| digits.iter().take(count).fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let length = digits.len();
    match length {
        13 | 19 if first(1) == 4 => true,
        14 => matches!(first(3), 300..=305 | 309) || matches!(first(2), 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        16 => {
            first(1) == 4
                || matches!(first(2), 50..=55 | 62 | 65 | 67)
                || matches!(first(3), 644..=649)
                || matches!(first(4), 2221..=2720 | 3528..=3589 | 6011 | 6304)
        }
        17..=19 => first(2) == 62 || matches!(first(4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763),
        _ => false,
    }
}

/// Every second digit from the right counts double.
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (1, digit) if digit > 4 => digit * 2 - 9,
            (1, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Thirteen digits with the check digit of an article number: no card of that length is issued any
/// more, and every shelf is full of these.
fn is_barcode(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| u32::from(*digit) * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    digits.len() == 13 && sum.is_multiple_of(10)
}
