//! What a call costs: exact sums, one rounding, and no guess.

use std::path::Path;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Cost, EurPerUsd, Millicents, PriceFileError, Tokens, UsageSettings,
    price_file::{BUILT_IN_PRICES, ModelPrice, PriceList, Rates},
};
use crate::facts::Decimal;

/// Largest file of prices.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Millionths: of a dollar in a price, of one in an exchange rate.
const MICRO: i128 = 1_000_000;
/// A price is per million tokens, and a dollar has 100 000 millicents: tokens times price are tenths.
const TENTHS: i128 = 10;
/// The version of what costs nothing.
const FREE: &str = "free";

/// Prices of models and exchange rates, each from its day on.
#[derive(Debug, Clone)]
pub struct Prices {
    built_in: PriceList,
    /// Where this names a model, the built-in prices of that model do not count.
    own: Option<PriceList>,
    rates: Vec<EurPerUsd>,
    free_models: Vec<String>,
}

impl Prices {
    /// The built-in prices, and those of the settings.
    pub fn of(settings: &UsageSettings) -> Result<Self, PriceFileError> {
        let own = settings.prices_file.as_deref().map(read_file).transpose()?;
        Ok(Self {
            built_in: PriceList::parse(BUILT_IN_PRICES)?,
            own: own.map(|text| PriceList::parse(&text)).transpose()?,
            rates: settings.eur_per_usd.clone(),
            free_models: settings.free_models.clone(),
        })
    }

    /// What these tokens of that model cost at that time. `None` where no price is known: nothing is
    /// priced by guess.
    pub fn cost(&self, model: &str, tokens: &Tokens, at: Timestamp) -> Option<Cost> {
        let day = at.to_zoned(TimeZone::UTC).date();
        if self.is_free(model) {
            let free = Millicents::ZERO;
            return Some(Cost { usd: free, eur: free, price_version: FREE.to_owned() });
        }
        let Some(price) = self.price(model, day) else {
            tracing::warn!(model, "no price of this model is known; its calls have no cost");
            return None;
        };
        let rates = match price.long_prompt {
            Some((above, long)) if tokens.prompt() > above => long,
            _ => price.rates,
        };
        let rate = self.rate(day)?;
        let factor = i128::from(rate.rate.checked_mul(Decimal::whole(MICRO))?.as_u64()?);
        let exact = sum(tokens, &rates)?;
        let since = rate.from.map(|from| format!("@{from}")).unwrap_or_default();
        Some(Cost {
            usd: rounded(exact, TENTHS * MICRO)?,
            eur: rounded(exact.checked_mul(factor)?, TENTHS * MICRO * MICRO)?,
            price_version: format!("{}/eur {}{since}", price.version, rate.rate),
        })
    }

    /// Is a price of this model known at that time?
    pub fn knows(&self, model: &str, at: Timestamp) -> bool {
        self.is_free(model) || self.price(model, at.to_zoned(TimeZone::UTC).date()).is_some()
    }

    fn is_free(&self, model: &str) -> bool {
        self.free_models.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(stem) => model.starts_with(stem),
            None => pattern == model,
        })
    }

    fn price(&self, model: &str, day: Date) -> Option<&ModelPrice> {
        [model, without_date(model)].into_iter().find_map(|name| {
            let prices = self
                .own
                .as_ref()
                .and_then(|own| own.models.get(name))
                .or_else(|| self.built_in.models.get(name))?;
            prices.iter().rfind(|price| price.from <= day)
        })
    }

    fn rate(&self, day: Date) -> Option<&EurPerUsd> {
        let begun = |rate: &&EurPerUsd| rate.from.is_none_or(|from| from <= day);
        self.rates.iter().rev().find(begun).or_else(|| self.rates.first())
    }
}

/// Tenths of millionths of millicents.
fn sum(tokens: &Tokens, rates: &Rates) -> Option<i128> {
    [
        (tokens.input, rates.input),
        (tokens.output, rates.output),
        (tokens.cache_read, rates.cache_read),
        (tokens.cache_write_5m, rates.cache_write_5m),
        (tokens.cache_write_1h, rates.cache_write_1h),
    ]
    .into_iter()
    .try_fold(0_i128, |sum, (count, rate)| sum.checked_add(i128::from(count).checked_mul(i128::from(rate))?))
}

/// Half away from zero; nothing here is negative.
fn rounded(exact: i128, unit: i128) -> Option<Millicents> {
    let whole = exact.checked_add(unit / 2)? / unit;
    i64::try_from(whole).ok().map(Millicents)
}

/// A dated model is priced as the model: `claude-haiku-4-5-20251001` as `claude-haiku-4-5`.
fn without_date(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => model,
    }
}

fn read_file(path: &Path) -> Result<String, PriceFileError> {
    let failed = |why: String| PriceFileError { why };
    let about = |error: std::io::Error| failed(format!("it cannot be read: {}", error.kind()));
    if std::fs::metadata(path).map_err(about)?.len() > FILE_BYTES_MAX {
        return Err(failed(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(path).map_err(about)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}T12:00:00Z").parse().unwrap()
    }

    fn tokens(input: u64, output: u64, cache_read: u64, cache_write_5m: u64) -> Tokens {
        Tokens { input, output, cache_read, cache_write_5m, cache_write_1h: 0 }
    }

    fn usual() -> Prices {
        Prices::of(&UsageSettings::default()).unwrap()
    }

    #[test]
    fn the_figures_of_the_vendor_list() {
        for (model, tokens, usd, eur) in [
            ("claude-haiku-4-5", tokens(1_500, 600, 0, 0), 450, 414),
            ("claude-haiku-4-5-20251001", tokens(1_500, 600, 0, 0), 450, 414),
            ("claude-sonnet-4-6", tokens(3_000, 800, 1_000, 2_000), 2_880, 2_650),
            ("claude-opus-4-7", tokens(10_000, 2_000, 0, 0), 10_000, 9_200),
            ("claude-haiku-4-5", tokens(5, 0, 0, 0), 1, 0),
            ("claude-haiku-4-5", tokens(4, 0, 0, 0), 0, 0),
            ("claude-haiku-4-5", tokens(0, 0, 0, 0), 0, 0),
        ] {
            let cost = usual().cost(model, &tokens, at("2026-11-21")).unwrap();
            assert_eq!((cost.usd, cost.eur), (Millicents(usd), Millicents(eur)), "{model} {tokens:?}");
        }
        // A price that changed, and one that depends on the length of the prompt.
        for (model, tokens, day, usd) in [
            ("claude-sonnet-5-5", tokens(0, 0, 1_000_000, 0), "2026-10-06", 20_000),
            ("claude-sonnet-5-5", tokens(0, 0, 1_000_000, 0), "2026-10-07", 10_000),
            ("claude-haiku-5-5", tokens(90_000, 1_000, 10_000, 0), "2026-11-21", 960),
            ("claude-haiku-5-5", tokens(90_000, 1_000, 10_001, 0), "2026-11-21", 4_800),
        ] {
            let cost = usual().cost(model, &tokens, at(day)).unwrap();
            assert_eq!(cost.usd, Millicents(usd), "{model} {tokens:?} {day}");
        }
        let hour = Tokens { cache_write_1h: 1_000, ..Tokens::default() };
        assert_eq!(usual().cost("claude-sonnet-4-6", &hour, at("2026-11-21")).unwrap().usd, Millicents(600));
    }

    #[test]
    fn nothing_is_priced_by_guess() {
        for unknown in [
            "claude-sonnet-9",
            "claude-haiku-4-5-2025100",
            "claude-haiku-4-5-latest",
            "claude-haiku",
            "claude-haiku-4-5-20251001-20251001",
            "CLAUDE-HAIKU-4-5",
            "",
            "gpt-4o",
            "llava:13b",
        ] {
            assert_eq!(usual().cost(unknown, &tokens(1, 1, 0, 0), at("2026-11-21")), None, "{unknown}");
            assert!(!usual().knows(unknown, at("2026-11-21")), "{unknown}");
        }
        // Before it had a price, and more tokens than money can count.
        assert_eq!(usual().cost("claude-haiku-4-5", &tokens(1, 1, 0, 0), at("2020-01-01")), None);
        let all = tokens(u64::MAX, u64::MAX, u64::MAX, u64::MAX);
        assert_eq!(usual().cost("claude-opus-4-7", &all, at("2026-11-21")), None);
    }

    #[test]
    fn free_models_are_named_by_the_operator() {
        let settings = UsageSettings {
            free_models: vec!["llava*".to_owned(), "mine".to_owned()],
            ..UsageSettings::default()
        };
        let prices = Prices::of(&settings).unwrap();
        for free in ["llava:13b", "llava", "mine"] {
            let cost = prices.cost(free, &tokens(1_000, 1_000, 0, 0), at("2026-11-21")).unwrap();
            assert_eq!((cost.eur, cost.price_version.as_str()), (Millicents::ZERO, FREE));
        }
        assert_eq!(prices.cost("mine2", &tokens(1, 1, 0, 0), at("2026-11-21")), None);
    }

    #[test]
    fn own_prices_and_rates_have_days() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.toml");
        let price = |model: &str, from: &str, input: &str, more: &str| {
            format!(
                "[[price]]\nmodel = \"{model}\"\neffective_from = \"{from}\"\ninput = \"{input}\"\noutput = \"0\"\n\
                 cache_read = \"0\"\ncache_write_5m = \"0\"\ncache_write_1h = \"0\"\n{more}\n"
            )
        };
        let band = "long_prompt = { above_tokens = 200, input = \"20\", output = \"0\", cache_read = \"20\", \
                    cache_write_5m = \"20\", cache_write_1h = \"20\" }";
        let text = format!(
            "version = \"mine\"\n{}{}{}",
            price("claude-haiku-4-5", "2026-06-01", "2", ""),
            price("claude-haiku-4-5", "2026-01-01", "1", ""),
            price("banded", "2026-01-01", "10", band),
        );
        std::fs::write(&path, text).unwrap();
        let rate = |from: Option<&str>, rate: &str| EurPerUsd {
            from: from.map(|day| day.parse().unwrap()),
            rate: Decimal::parse(rate).unwrap(),
        };
        let settings = UsageSettings {
            prices_file: Some(path),
            eur_per_usd: vec![rate(None, "0.5"), rate(Some("2026-07-01"), "0.8")],
            ..UsageSettings::default()
        };
        let prices = Prices::of(&settings).unwrap();
        let cost = |model: &str, count: u64, day: &str| {
            prices.cost(model, &tokens(count, 0, 0, 0), at(day)).map(|cost| (cost.usd.0, cost.eur.0))
        };
        assert_eq!(cost("claude-haiku-4-5", 1_000, "2026-05-31"), Some((100, 50)));
        assert_eq!(cost("claude-haiku-4-5", 1_000, "2026-06-01"), Some((200, 100)));
        assert_eq!(cost("claude-haiku-4-5", 1_000, "2026-07-01"), Some((200, 160)));
        // The own file says nothing before, and the built-in prices of this model do not count.
        assert_eq!(cost("claude-haiku-4-5", 1_000, "2025-12-31"), None);
        assert_eq!(cost("banded", 200, "2026-05-31"), Some((200, 100)));
        assert_eq!(cost("banded", 201, "2026-05-31"), Some((402, 201)));
        let version =
            prices.cost("claude-haiku-4-5", &Tokens::default(), at("2026-07-01")).unwrap().price_version;
        assert_eq!(version, "mine/claude-haiku-4-5@2026-06-01/eur 0.8@2026-07-01");
        // What the own file does not name has the built-in price.
        assert!(prices.knows("claude-opus-4-7", at("2026-11-21")));
    }

    #[test]
    fn a_file_that_is_not_there_is_told_of() {
        let settings = UsageSettings { prices_file: Some("none.toml".into()), ..UsageSettings::default() };
        let error = Prices::of(&settings).unwrap_err().to_string();
        assert!(error.contains("cannot be read") && !error.contains("none.toml"), "{error}");
    }
}
