//! Countries, states, currencies and languages.

use serde_json::{Value, json};

use super::{Loader, id_at};

/// Name, code, telephone prefix.
const COUNTRIES: &[(&str, &str, i64)] = &[
    ("Belgium", "BE", 32),
    ("Germany", "DE", 49),
    ("France", "FR", 33),
    ("Netherlands", "NL", 31),
    ("Austria", "AT", 43),
    ("Switzerland", "CH", 41),
    ("Denmark", "DK", 45),
    ("Sweden", "SE", 46),
    ("Norway", "NO", 47),
    ("Poland", "PL", 48),
    ("Italy", "IT", 39),
    ("Spain", "ES", 34),
    ("Portugal", "PT", 351),
    ("United Kingdom", "GB", 44),
    ("United States", "US", 1),
    ("Canada", "CA", 1),
    ("Japan", "JP", 81),
    ("Luxembourg", "LU", 352),
];

/// Name, code, country code.
const STATES: &[(&str, &str, &str)] = &[
    ("California", "CA", "US"),
    ("Illinois", "IL", "US"),
    ("New York", "NY", "US"),
    ("Oregon", "OR", "US"),
    ("Texas", "TX", "US"),
    ("Ontario", "ON", "CA"),
    ("Quebec", "QC", "CA"),
    ("Hokkaido", "01", "JP"),
    ("Barcelona", "B", "ES"),
    ("Milano", "MI", "IT"),
    ("Porto", "13", "PT"),
];

/// Name, symbol, full name, whether in use.
const CURRENCIES: &[(&str, &str, &str, bool)] = &[
    ("EUR", "€", "Euro", true),
    ("USD", "$", "United States dollar", true),
    ("GBP", "£", "Pound sterling", false),
    ("CHF", "CHF", "Swiss franc", false),
    ("JPY", "¥", "Japanese yen", false),
];

pub(super) fn country(code: &str) -> Value {
    COUNTRIES.iter().position(|(_, known, _)| *known == code).map_or(json!(false), |at| json!(id_at(at)))
}

pub(super) fn state(code: Option<&str>, country: &str) -> Value {
    let at = STATES.iter().position(|(_, known, of)| Some(*known) == code && *of == country);
    at.map_or(json!(false), |at| json!(id_at(at)))
}

pub(super) fn places(loader: &mut Loader) {
    for (index, (name, symbol, full, active)) in CURRENCIES.iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("symbol", json!(symbol)),
            ("active", json!(active)),
            ("rounding", json!(if *name == "JPY" { 1.0 } else { 0.01 })),
            ("decimal_places", json!(if *name == "JPY" { 0 } else { 2 })),
            ("position", json!(if *name == "EUR" { "after" } else { "before" })),
            ("rate", json!(if *name == "USD" { 1.08 } else { 1.0 })),
        ];
        loader.put("res.currency", id_at(index), values);
        if !loader.is_14() {
            loader.db.set("res.currency", id_at(index), [("full_name", json!(full))]);
        }
    }
    for (index, (name, code, phone)) in COUNTRIES.iter().enumerate() {
        let currency = match *code {
            "US" => 2,
            "GB" => 3,
            "CH" => 4,
            "JP" => 5,
            _ => 1,
        };
        loader.put(
            "res.country",
            id_at(index),
            [
                ("name", json!(name)),
                ("code", json!(code)),
                ("phone_code", json!(phone)),
                ("currency_id", json!(currency)),
            ],
        );
    }
    for (index, (name, code, of)) in STATES.iter().enumerate() {
        loader.put(
            "res.country.state",
            id_at(index),
            [("name", json!(name)), ("code", json!(code)), ("country_id", country(of))],
        );
    }
    for (index, (name, code, iso, url)) in
        [("English (US)", "en_US", "en", "en"), ("French / Français", "fr_FR", "fr", "fr")]
            .into_iter()
            .enumerate()
    {
        let values = [
            ("name", json!(name)),
            ("code", json!(code)),
            ("iso_code", json!(iso)),
            ("url_code", json!(url)),
            ("active", json!(true)),
            ("direction", json!("ltr")),
            ("date_format", json!("%m/%d/%Y")),
            ("time_format", json!("%H:%M:%S")),
            ("week_start", json!("7")),
            ("decimal_point", json!(".")),
            ("thousands_sep", json!(",")),
        ];
        loader.put("res.lang", id_at(index), values);
    }
}

/// The telephone prefix of a country.
pub(super) fn prefix(code: &str) -> i64 {
    COUNTRIES.iter().find(|(_, known, _)| *known == code).map_or(0, |found| found.2)
}
