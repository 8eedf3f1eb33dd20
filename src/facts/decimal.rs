//! Exact decimal numbers: what was written is what is compared and counted.
//!
//! Deliberately absent: division, rounding, infinities. What does not fit is an error, never a guess.

use std::{cmp::Ordering, fmt};

/// Most decimal places. Ten to this power still fits the mantissa.
const SCALE_MAX: u8 = 38;
/// Longest text that can be such a number: a sign, a point, 39 digits and leading zeros nobody needs.
const TEXT_BYTES_MAX: usize = 64;

/// Decimal places that amounts usually have, and then some.
const SHORT_PLACES_MAX: u8 = 6;
/// Any number of 15 digits is below this.
const SHORT_MANTISSA_MAX: f64 = 1e15;

/// A whole number of units of ten to the power of `-scale`, without trailing zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// The text is no number, or one that cannot be held exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    #[error("not a decimal number")]
    NotANumber,
    #[error("more digits than can be held exactly")]
    TooLong,
}

impl Decimal {
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };
    pub const ONE: Self = Self { mantissa: 1, scale: 0 };

    pub const fn whole(number: i128) -> Self {
        Self { mantissa: number, scale: 0 }
    }

    /// Reads a number as JSON writes it; an exponent is folded into the digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(DecimalError::TooLong);
        }
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => {
                let magnitude = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if magnitude.is_empty() || !magnitude.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(DecimalError::NotANumber);
                }
                (digits, exponent.parse::<i32>().map_err(|_| DecimalError::TooLong)?)
            }
            None => (text, 0),
        };
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, digits),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let point_without_digits = digits.contains('.') && fraction.is_empty();
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || point_without_digits || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(i128::from(digit - b'0')))
                .ok_or(DecimalError::TooLong)?;
        }
        if negative {
            mantissa = -mantissa;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Self::of(mantissa, places.checked_sub(exponent).ok_or(DecimalError::TooLong)?)
    }

    /// The number behind a JSON number, or an error where it cannot be exact.
    pub fn of_json(number: &serde_json::Number) -> Result<Self, DecimalError> {
        if let Some(whole) = number.as_i64() {
            return Ok(Self::whole(whole.into()));
        }
        if let Some(whole) = number.as_u64() {
            return Ok(Self::whole(whole.into()));
        }
        if let Some(short) = number.as_f64().and_then(Self::of_short) {
            return Ok(short);
        }
        // The shortest text that reads back as the same binary number, on the stack.
        let mut text = StackText::default();
        fmt::Write::write_fmt(&mut text, format_args!("{}", number.as_f64().unwrap_or(f64::NAN)))
            .map_err(|_| DecimalError::TooLong)?;
        Self::parse(text.as_str())
    }

    /// The usual amounts without going through text. A decimal of at most 15 digits that divides back
    /// to the very same binary number is the shortest one that reads back as it.
    fn of_short(number: f64) -> Option<Self> {
        let mut power = 1.0_f64;
        for places in 0..=SHORT_PLACES_MAX {
            let scaled = (number * power).round();
            if scaled.abs() >= SHORT_MANTISSA_MAX {
                return None;
            }
            if scaled / power == number {
                // Fewer places did not do, so none of them is a zero at the end.
                return Some(Self { mantissa: i128::from(scaled as i64), scale: places });
            }
            power *= 10.0;
        }
        None
    }

    fn of(mut mantissa: i128, mut places: i32) -> Result<Self, DecimalError> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        while places < 0 {
            mantissa = mantissa.checked_mul(10).ok_or(DecimalError::TooLong)?;
            places += 1;
        }
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        let scale = u8::try_from(places).ok().filter(|scale| *scale <= SCALE_MAX);
        Ok(Self { mantissa, scale: scale.ok_or(DecimalError::TooLong)? })
    }

    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The number if it is whole, not negative and small enough.
    pub fn as_u64(self) -> Option<u64> {
        if self.scale == 0 { u64::try_from(self.mantissa).ok() } else { None }
    }

    pub fn is_whole(self) -> bool {
        self.scale == 0
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.scale == 0 && other.scale == 0 {
            return self.mantissa.checked_add(other.mantissa).map(Self::whole);
        }
        let scale = self.scale.max(other.scale);
        let sum = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Self::of(sum, i32::from(scale)).ok()
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { mantissa: other.mantissa.checked_neg()?, scale: other.scale })
    }

    /// The exact product, or nothing where it has more digits than can be held.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = self.mantissa.checked_mul(other.mantissa)?;
        Self::of(product, i32::from(self.scale) + i32::from(other.scale)).ok()
    }

    fn at_scale(self, scale: u8) -> Option<i128> {
        let power = match scale.checked_sub(self.scale)? {
            0 => return Some(self.mantissa),
            1 => 10,
            2 => 100,
            lift => 10_i128.checked_pow(u32::from(lift))?,
        };
        self.mantissa.checked_mul(power)
    }

    /// Whole part and the rest as units of ten to the power of -38; both carry the sign.
    fn parts(self) -> (i128, i128) {
        let power = 10_i128.checked_pow(u32::from(self.scale)).unwrap_or(i128::MAX);
        let lift = 10_i128.checked_pow(u32::from(SCALE_MAX - self.scale)).unwrap_or(1);
        (self.mantissa / power, (self.mantissa % power).saturating_mul(lift))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // The usual case, without a division.
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Some(one), Some(two)) => one.cmp(&two),
            _ => self.parts().cmp(&other.parts()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        Self::whole(number.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.mantissa);
        }
        let power = 10_u128.pow(u32::from(self.scale));
        let magnitude = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / power, magnitude % power)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As text, so that no reader of the log rounds it.
impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Room for any number that could fit, without the heap.
struct StackText {
    bytes: [u8; TEXT_BYTES_MAX],
    used: usize,
}

impl Default for StackText {
    fn default() -> Self {
        Self { bytes: [0; TEXT_BYTES_MAX], used: 0 }
    }
}

impl StackText {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.used).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for StackText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used.checked_add(text.len()).ok_or(fmt::Error)?;
        self.bytes.get_mut(self.used..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_held_as_written() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("1.0", "1"),
            ("0.99", "0.99"),
            ("-12.50", "-12.5"),
            ("1e3", "1000"),
            ("1.5E-3", "0.0015"),
            ("-0.007", "-0.007"),
            ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
        let third: serde_json::Number = serde_json::from_str("0.1").unwrap();
        assert_eq!(Decimal::of_json(&third), Ok(decimal("0.1")));
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        for bad in ["", "-", "1.", ".5", "1e", "1e+-3", "NaN", "inf", "0x1", "1_000", " 1", "١"] {
            assert_eq!(Decimal::parse(bad), Err(DecimalError::NotANumber), "{bad:?}");
        }
        for long in ["1e300", "1e-39", &"9".repeat(40), "1e99999999999999999999", &"0".repeat(65)] {
            assert_eq!(Decimal::parse(long), Err(DecimalError::TooLong), "{long:?}");
        }
        for text in
            ["0.1", "12.5", "-99.99", "0.000001", "123456789.123456", "-0.0", "0.0000001", "1e14", "1e22"]
        {
            let number: serde_json::Number = serde_json::from_str(text).unwrap();
            assert_eq!(Decimal::of_json(&number), Decimal::parse(text), "{text}");
        }
        let huge: serde_json::Number = serde_json::from_str("1e300").unwrap();
        assert_eq!(Decimal::of_json(&huge), Err(DecimalError::TooLong));
    }

    #[test]
    fn order_and_sums_are_those_of_the_numbers() {
        assert!(decimal("0.1") < decimal("0.11"));
        assert!(decimal("-0.1") > decimal("-0.11"));
        assert!(decimal("-5") < decimal("0.0001"));
        assert_eq!(decimal("1.0"), decimal("1"));
        assert_eq!(decimal("0.1").checked_add(decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(decimal("0.3").checked_sub(decimal("0.3")), Some(Decimal::ZERO));
        let most = Decimal::whole(i128::MAX);
        assert!(most > decimal("0.00000000000000000000000000000000000001"));
        assert_eq!(most.checked_add(Decimal::ONE), None);
        assert_eq!(decimal("1.5").checked_mul(decimal("-0.2")), Some(decimal("-0.3")));
        assert_eq!(most.checked_mul(decimal("10")), None);
        assert_eq!(decimal("1e-20").checked_mul(decimal("1e-20")), None);
        assert_eq!(Decimal::whole(i128::MIN).checked_sub(Decimal::ONE), None);
    }
}
