//! What language models cost, and how long their answers are kept.

use std::path::PathBuf;

use jiff::{civil::Date, tz::TimeZone};

use super::{Config, keys::Key, raw::Raw};
use crate::facts::{ConnectionAlias, Decimal};

/// Prices, currency and time of the usage ledger. The ledger itself is in the state directory.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSettings {
    /// Prices that win over the built-in ones, in the same form.
    pub prices_file: Option<PathBuf>,
    /// Euros for one US dollar, each from its day on; the first holds for everything before it too.
    pub eur_per_usd: Vec<EurPerUsd>,
    /// Models that cost nothing, such as those of a server of one's own. A `*` at the end stands for
    /// anything.
    pub free_models: Vec<String>,
    /// Answers and what else may hold names of people are removed after so many days.
    pub answer_days: u64,
    /// Where days and months begin.
    pub time_zone: TimeZone,
    /// What the tenant of a connection is called, where its database name will not do.
    pub tenant_codes: Vec<(ConnectionAlias, String)>,
}

/// An exchange rate and its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EurPerUsd {
    /// `None` means always.
    pub from: Option<Date>,
    pub rate: Decimal,
}

/// The rate where the settings name none: 0.92.
const USUAL_RATE_HUNDREDTHS: i128 = 92;
/// A quarter is closed and looked at again within this time.
const ANSWER_DAYS: u64 = 90;
/// Ten years.
const ANSWER_DAYS_MAX: u64 = 3_660;
const RATES_MAX: usize = 400;
const MODELS_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 100;

impl Default for UsageSettings {
    fn default() -> Self {
        Self {
            prices_file: None,
            eur_per_usd: vec![EurPerUsd { from: None, rate: usual_rate() }],
            free_models: Vec::new(),
            answer_days: ANSWER_DAYS,
            time_zone: TimeZone::UTC,
            tenant_codes: Vec::new(),
        }
    }
}

fn usual_rate() -> Decimal {
    let hundredth = Decimal::parse("0.01").unwrap_or(Decimal::ZERO);
    Decimal::whole(USUAL_RATE_HUNDREDTHS).checked_mul(hundredth).unwrap_or(Decimal::ONE)
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "usage.prices_file",
        read: |config, raw| raw.path().map(|path| config.usage.prices_file = Some(path)),
    },
    Key { path: "usage.eur_per_usd", read: read_rates },
    Key { path: "usage.free_models", read: read_free_models },
    Key {
        path: "usage.answer_days",
        read: |config, raw| raw.whole(1..=ANSWER_DAYS_MAX).map(|days| config.usage.answer_days = days),
    },
    Key { path: "usage.time_zone", read: read_time_zone },
    Key { path: "usage.tenant_codes", read: read_tenant_codes },
];

/// `0.92`, or `2026-01-01=0.92` for a rate that begins on a day.
fn read_rates(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let mut rates = raw.list()?.iter().map(|text| rate(text)).collect::<Result<Vec<_>, String>>()?;
    if rates.is_empty() || rates.len() > RATES_MAX {
        return Err(format!("from 1 to {RATES_MAX} rates were expected"));
    }
    rates.sort_by_key(|rate| rate.from);
    if rates.windows(2).any(|pair| matches!(pair, [one, two] if one.from == two.from)) {
        return Err("two rates begin on the same day".to_owned());
    }
    config.usage.eur_per_usd = rates;
    Ok(())
}

fn rate(text: &str) -> Result<EurPerUsd, String> {
    const FORM: &str = "write a rate such as `0.92`, or its first day and the rate: `2026-01-01=0.92`";
    let (from, rate) = match text.split_once('=') {
        Some((day, rate)) => (Some(day.trim().parse::<Date>().map_err(|_| FORM.to_owned())?), rate),
        None => (None, text),
    };
    let rate = Decimal::parse(rate.trim()).map_err(|_| FORM.to_owned())?;
    let sensible = rate > Decimal::ZERO && rate < Decimal::whole(100);
    // Six places are more than any bank publishes.
    let short = rate.checked_mul(Decimal::whole(1_000_000)).is_some_and(Decimal::is_whole);
    if sensible && short {
        Ok(EurPerUsd { from, rate })
    } else {
        Err(format!("a rate is above 0 and below 100, with up to six decimal places; {FORM}"))
    }
}

fn read_free_models(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let models = raw.list()?;
    let is_pattern = |name: &String| {
        let stem = name.strip_suffix('*').unwrap_or(name);
        (1..=NAME_CHARS_MAX).contains(&stem.chars().count())
            && !stem.contains('*')
            && !stem.chars().any(char::is_control)
    };
    if models.len() > MODELS_MAX || !models.iter().all(is_pattern) {
        return Err(format!(
            "up to {MODELS_MAX} names of models were expected, such as `llava:13b` or `llava*`"
        ));
    }
    config.usage.free_models = models;
    Ok(())
}

fn read_time_zone(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let name = raw.text()?;
    config.usage.time_zone =
        TimeZone::get(&name).map_err(|_| "a time zone was expected, such as `Europe/Sofia`".to_owned())?;
    Ok(())
}

/// `default=acme`: a connection and the code of its tenant.
fn read_tenant_codes(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.usage.tenant_codes =
        raw.list()?.iter().map(|text| tenant_code(text)).collect::<Result<_, String>>()?;
    Ok(())
}

fn tenant_code(text: &str) -> Result<(ConnectionAlias, String), String> {
    let (alias, code) =
        text.split_once('=').ok_or("write the connection and its code, such as `default=acme`")?;
    let alias = ConnectionAlias::parse(alias.trim()).map_err(|error| error.to_string())?;
    let code = code.trim();
    let is_code = (1..=NAME_CHARS_MAX).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    if !is_code {
        return Err("a code has lower-case letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok((alias, code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Result<UsageSettings, String> {
        let mut config = Config::with_state_dir(PathBuf::from("state"));
        let key = KEYS.iter().find(|key| key.path == path).unwrap();
        (key.read)(&mut config, Raw::Text(text)).map(|()| config.usage)
    }

    #[test]
    fn rates_have_days_and_limits() {
        assert_eq!(UsageSettings::default().eur_per_usd[0].rate, Decimal::parse("0.92").unwrap());
        let rates = read("usage.eur_per_usd", "2026-07-01=0.88, 0.92").unwrap().eur_per_usd;
        assert_eq!(rates[0], EurPerUsd { from: None, rate: Decimal::parse("0.92").unwrap() });
        assert_eq!(rates[1].from, Some(jiff::civil::date(2026, 7, 1)));
        for bad in ["", "0", "-1", "100", "0.1234567", "yesterday=1", "2026-02-30=1", "0.9,0.8", "1=2=3"] {
            read("usage.eur_per_usd", bad).unwrap_err();
        }
    }

    #[test]
    fn names_zones_and_codes_are_checked() {
        assert_eq!(read("usage.free_models", "llava*,mine").unwrap().free_models, ["llava*", "mine"]);
        for bad in ["*", "a*b", "a**"] {
            read("usage.free_models", bad).unwrap_err();
        }
        assert!(read("usage.time_zone", "Europe/Sofia").is_ok());
        read("usage.time_zone", "Europe/Nowhere").unwrap_err();
        assert_eq!(read("usage.tenant_codes", "default=acme").unwrap().tenant_codes[0].1, "acme");
        for bad in ["default", "default=", "default=Acme", "default=a b", "=acme", "default=../x"] {
            read("usage.tenant_codes", bad).unwrap_err();
        }
        assert_eq!(read("usage.answer_days", "7").unwrap().answer_days, 7);
        read("usage.answer_days", "0").unwrap_err();
    }
}
