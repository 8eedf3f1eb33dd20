//! Money in whole millicents, and what a call used up.

use std::{fmt, iter::Sum};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Decimal;

/// Millicents of one euro or dollar.
const PER_UNIT: i64 = 100_000;

/// Thousandths of a cent: 1 EUR = 100 000. Whole numbers only, and sums that stop at the end of the
/// range rather than wrap.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Millicents(pub i64);

impl Millicents {
    pub const ZERO: Self = Self(0);

    /// The amount behind a number of euros or dollars; half a millicent is rounded away from zero.
    /// `None` where it is no amount: not finite, or out of range.
    pub fn of_units(units: Decimal) -> Option<Self> {
        let tenth = Decimal::parse("0.5").ok()?;
        let exact = units.checked_mul(Decimal::whole(PER_UNIT.into()))?;
        if exact.is_negative() {
            return Self::of_units(Decimal::ZERO.checked_sub(units)?).map(|amount| Self(-amount.0));
        }
        let lifted = exact.checked_add(tenth)?;
        let whole: i64 = lifted.to_string().split('.').next()?.parse().ok()?;
        Some(Self(whole))
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// In euros or dollars, with this many decimal places, rounded half away from zero.
    pub fn units(self, places: u32) -> String {
        let places = places.min(5);
        let step = 10_i128.pow(5 - places);
        let magnitude = (i128::from(self.0).abs() + step / 2) / step;
        let power = 10_i128.pow(places);
        let sign = if self.0 < 0 && magnitude > 0 { "-" } else { "" };
        if places == 0 {
            return format!("{sign}{magnitude}");
        }
        let width = places as usize;
        format!("{sign}{}.{:0width$}", magnitude / power, magnitude % power)
    }

    /// The same as a number, for results whose readers expect one.
    pub fn units_as_number(self, places: u32) -> f64 {
        self.units(places).parse().unwrap_or_default()
    }
}

/// Two decimal places.
impl fmt::Display for Millicents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.units(2))
    }
}

impl Sum for Millicents {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::plus)
    }
}

/// What a call costs, by the prices of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub usd: Millicents,
    pub eur: Millicents,
    /// Which price of which file, and which exchange rate.
    pub price_version: String,
}

/// Tokens as they are priced. `input` are those that went past the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    /// Written into a cache of five minutes, the usual one.
    pub cache_write_5m: u64,
    /// Written into a cache of one hour.
    pub cache_write_1h: u64,
}

impl Tokens {
    /// Everything the model had to read: what the long-prompt bands look at.
    pub fn prompt(&self) -> u64 {
        [self.cache_read, self.cache_write_5m, self.cache_write_1h]
            .into_iter()
            .fold(self.input, u64::saturating_add)
    }

    pub fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euros_become_millicents_and_back() {
        for (euros, millicents, shown) in [
            ("35", 3_500_000, "35.00"),
            ("0.92", 92_000, "0.92"),
            ("0.000005", 1, "0.00"),
            ("0.000004", 0, "0.00"),
            ("-0.000005", -1, "0.00"),
            ("-12.5", -1_250_000, "-12.50"),
            ("0.005", 500, "0.01"),
            ("0.00499", 499, "0.00"),
        ] {
            let amount = Millicents::of_units(Decimal::parse(euros).unwrap()).unwrap();
            assert_eq!(amount, Millicents(millicents), "{euros}");
            assert_eq!(amount.to_string(), shown, "{euros}");
        }
        assert_eq!(Millicents::of_units(Decimal::whole(i128::MAX)), None);
        assert_eq!(Millicents::of_units(Decimal::whole(i128::from(i64::MAX))), None);
        assert_eq!(Millicents(3_498_800).units(4), "34.9880");
        assert_eq!(Millicents(149_999).units(0), "1");
    }

    #[test]
    fn sums_stop_at_the_end() {
        assert_eq!(Millicents(i64::MAX).plus(Millicents(1)), Millicents(i64::MAX));
        assert_eq!(Millicents(i64::MIN).minus(Millicents(1)), Millicents(i64::MIN));
        assert_eq!([Millicents(1), Millicents(2)].into_iter().sum::<Millicents>(), Millicents(3));
    }
}
