//! Prices as a file says them: dated, per million tokens, in US dollars.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::facts::Decimal;

/// The prices that the program knows by itself.
pub const BUILT_IN_PRICES: &str = include_str!("prices.toml");

/// Millionths of a dollar in a dollar: prices have at most six decimal places.
const MICRO: i128 = 1_000_000;
/// No model costs more dollars per million tokens.
const PRICE_MAX: u64 = 1_000_000;
const PRICES_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 100;

/// Why a file of prices cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the prices of `usage.prices_file` cannot be used: {why}")]
pub struct PriceFileError {
    pub why: String,
}

/// All prices of a file: of each model the earliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PriceList {
    pub(super) models: BTreeMap<String, Vec<ModelPrice>>,
}

/// What a model costs from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelPrice {
    pub(super) from: Date,
    /// Version of the file and day of the price.
    pub(super) version: String,
    pub(super) rates: Rates,
    /// From more than so many tokens of prompt on, these rates hold for the whole call.
    pub(super) long_prompt: Option<(u64, Rates)>,
}

/// Millionths of a dollar per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write_5m: u64,
    pub(super) cache_write_1h: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    version: String,
    price: Vec<PriceForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceForm {
    model: String,
    effective_from: String,
    input: Decimal,
    output: Decimal,
    cache_read: Decimal,
    cache_write_5m: Decimal,
    cache_write_1h: Decimal,
    long_prompt: Option<LongPromptForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongPromptForm {
    above_tokens: u64,
    input: Decimal,
    output: Decimal,
    cache_read: Decimal,
    cache_write_5m: Decimal,
    cache_write_1h: Decimal,
}

impl PriceList {
    pub(super) fn parse(text: &str) -> Result<Self, PriceFileError> {
        let failed = |why: String| PriceFileError { why };
        let file: FileForm = toml::from_str(text).map_err(|error| failed(error.message().to_owned()))?;
        if !is_name(&file.version) || file.price.is_empty() || file.price.len() > PRICES_MAX {
            return Err(failed(format!("a version and from 1 to {PRICES_MAX} prices were expected")));
        }
        let mut models: BTreeMap<String, Vec<ModelPrice>> = BTreeMap::new();
        for form in file.price {
            let price = form.read(&file.version).map_err(|why| failed(format!("`{}`: {why}", form.model)))?;
            models.entry(form.model).or_default().push(price);
        }
        for (model, prices) in &mut models {
            prices.sort_by_key(|price| price.from);
            if prices.windows(2).any(|pair| matches!(pair, [one, two] if one.from == two.from)) {
                return Err(failed(format!("`{model}`: two prices begin on the same day")));
            }
        }
        Ok(Self { models })
    }
}

impl PriceForm {
    fn read(&self, version: &str) -> Result<ModelPrice, String> {
        if !is_name(&self.model) {
            return Err("a name of a model was expected".to_owned());
        }
        let from: Date = self
            .effective_from
            .parse()
            .map_err(|_| "`effective_from` is a day such as `2026-01-31`".to_owned())?;
        let rates =
            Rates::of([self.input, self.output, self.cache_read, self.cache_write_5m, self.cache_write_1h])?;
        let long_prompt = self.long_prompt.as_ref().map(LongPromptForm::read).transpose()?;
        Ok(ModelPrice { from, version: format!("{version}/{}@{from}", self.model), rates, long_prompt })
    }
}

impl LongPromptForm {
    fn read(&self) -> Result<(u64, Rates), String> {
        let rates =
            Rates::of([self.input, self.output, self.cache_read, self.cache_write_5m, self.cache_write_1h])?;
        Ok((self.above_tokens, rates))
    }
}

impl Rates {
    fn of(prices: [Decimal; 5]) -> Result<Self, String> {
        let [input, output, cache_read, cache_write_5m, cache_write_1h] = prices.map(micro);
        Ok(Self {
            input: input?,
            output: output?,
            cache_read: cache_read?,
            cache_write_5m: cache_write_5m?,
            cache_write_1h: cache_write_1h?,
        })
    }
}

fn micro(price: Decimal) -> Result<u64, String> {
    let micro = price.checked_mul(Decimal::whole(MICRO)).and_then(Decimal::as_u64);
    micro.filter(|_| price <= Decimal::from(PRICE_MAX)).ok_or_else(|| {
        format!("a price is a number from 0 to {PRICE_MAX} with up to six decimal places, in quotation marks")
    })
}

fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(changed: &str, to: &str) -> String {
        let good = r#"
            version = "mine"
            [[price]]
            model = "small"
            effective_from = "2026-01-01"
            input = "1.00"
            output = "5"
            cache_read = "0.1"
            cache_write_5m = "1.25"
            cache_write_1h = "2"
        "#;
        assert!(good.contains(changed), "{changed}");
        good.replacen(changed, to, 1)
    }

    #[test]
    fn the_built_in_prices_can_be_read() {
        let list = PriceList::parse(BUILT_IN_PRICES).unwrap();
        for model in ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-7"] {
            assert!(list.models.contains_key(model), "{model}");
        }
        // A cache of an hour costs twice the input, one of five minutes a quarter more than it, and
        // reading a tenth or, of some models, a twentieth.
        for price in list.models.values().flatten() {
            for rates in [Some(price.rates), price.long_prompt.map(|(_, rates)| rates)].into_iter().flatten()
            {
                assert_eq!(rates.cache_write_1h, rates.input * 2, "{}", price.version);
                assert_eq!(rates.cache_write_5m * 4, rates.input * 5, "{}", price.version);
                let of_input = rates.input / rates.cache_read;
                assert!(matches!(of_input, 10 | 20), "{}: {of_input}", price.version);
                assert_eq!(rates.cache_read * of_input, rates.input, "{}", price.version);
            }
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        PriceList::parse(&file("mine", "mine")).unwrap();
        for (changed, to, part) in [
            ("\"1.00\"", "1.00", "expected"),
            ("\"1.00\"", "\"-1\"", "a price is"),
            ("\"1.00\"", "\"0.0000001\"", "a price is"),
            ("\"1.00\"", "\"1e9\"", "a price is"),
            ("\"1.00\"", "\"cheap\"", "decimal"),
            ("2026-01-01", "soon", "effective_from"),
            ("version = \"mine\"", "", "version"),
            ("\"mine\"", "\"\"", "version"),
            ("\"small\"", "\"\"", "name"),
            ("output = \"5\"", "", "output"),
            ("output", "outptu", "outptu"),
            ("[[price]]", "[[price]", ""),
        ] {
            let error = PriceList::parse(&file(changed, to)).unwrap_err().to_string();
            assert!(error.contains(part), "{changed} -> {to}: {error}");
        }
        let twice = format!("{}{}", file("mine", "mine"), file("version = \"mine\"", ""));
        assert!(PriceList::parse(&twice).unwrap_err().to_string().contains("same day"));
    }
}
