//! What ids of currencies and companies mean on a connection, for limits that count money.
//!
//! Deliberately absent: rates. Those stand in the policy file, with a date.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::ConnectionAlias;

/// The tables of the connections that a decision asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Currencies(pub BTreeMap<ConnectionAlias, Arc<CurrencyTable>>);

/// Currencies and companies of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyTable {
    /// Codes such as `EUR`, by the id of the currency; archived ones included.
    #[serde(default)]
    pub codes: BTreeMap<i64, Arc<str>>,
    /// The code of a company's currency, by the id of the company.
    #[serde(default)]
    pub companies: BTreeMap<i64, Arc<str>>,
    /// The company that the connection's user works in.
    #[serde(default)]
    pub own_company: Option<i64>,
}

impl Currencies {
    pub fn of(&self, connection: &ConnectionAlias) -> Option<&CurrencyTable> {
        self.0.get(connection).map(|table| &**table)
    }
}

impl CurrencyTable {
    /// The code of a currency that is named by its id.
    pub fn code(&self, currency: i64) -> Option<&str> {
        self.codes.get(&currency).map(|code| &**code)
    }

    /// The currency of a company; of the user's own where none is named.
    pub fn of_company(&self, company: Option<i64>) -> Option<&str> {
        self.companies.get(&company.or(self.own_company)?).map(|code| &**code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_table_holds_has_a_code() {
        let table: CurrencyTable = serde_json::from_str(
            r#"{"codes": {"1": "EUR", "2": "USD"}, "companies": {"7": "USD"}, "own_company": 7}"#,
        )
        .unwrap();
        assert_eq!(table.code(2), Some("USD"));
        assert_eq!(table.code(3), None);
        assert_eq!(table.of_company(None), Some("USD"));
        assert_eq!(table.of_company(Some(8)), None);
        let stranger = CurrencyTable { own_company: None, ..table };
        assert_eq!(stranger.of_company(None), None);
        assert_eq!(stranger.of_company(Some(7)), Some("USD"));
    }
}
