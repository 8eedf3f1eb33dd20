//! What all lists of the portal take.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kinds::Kind;
use crate::{facts::ConnectionAlias, tools::ArgumentsError};

/// Rows of a page where nobody says otherwise, as many as Odoo's portal shows.
const PAGE_SIZE_DEFAULT: u32 = 20;
/// The longest page of Odoo's portal.
const PAGE_SIZE_MAX: u32 = 80;
/// Far enough; what lies beyond is found by a filter.
const PAGE_MAX: u32 = 100_000;
/// Characters of a search.
const SEARCH_CHARACTERS_MAX: usize = 200;

/// Arguments of the lists of the portal.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(super) struct Asked {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    pub(super) connection: ConnectionAlias,
    /// Which page, from 1.
    #[serde(default = "first_page")]
    #[schemars(range(min = 1, max = PAGE_MAX))]
    pub(super) page: u32,
    /// Rows of a page.
    #[serde(default = "page_size_default")]
    #[schemars(range(min = 1, max = PAGE_SIZE_MAX))]
    pub(super) page_size: u32,
    /// Order of the rows, such as `date` or `name`; newest first when empty.
    #[serde(default)]
    pub(super) sortby: String,
    /// Which of the documents, such as `all`; what the portal shows first when empty.
    #[serde(default)]
    pub(super) filterby: String,
    /// Only documents made on this day or later: `2026-01-31`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) date_begin: Option<Day>,
    /// Only documents made on this day or earlier.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) date_end: Option<Day>,
    /// Only documents with this text in their number or title.
    #[serde(default)]
    pub(super) search: String,
}

fn first_page() -> u32 {
    1
}

fn page_size_default() -> u32 {
    PAGE_SIZE_DEFAULT
}

/// A day, written `2026-01-31`; an empty text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(pub(super) Option<Date>);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-01-31".len());
        day.map(|day| Self(Some(day)))
            .ok_or_else(|| serde::de::Error::custom("a day is written `2026-01-31`"))
    }
}

impl Asked {
    pub(super) fn check(&self, kind: Kind) -> Result<(), ArgumentsError> {
        if !(1..=PAGE_MAX).contains(&self.page) {
            return Err(refused(format!("`page` is a whole number from 1 to {PAGE_MAX}")));
        }
        if !(1..=PAGE_SIZE_MAX).contains(&self.page_size) {
            return Err(refused(format!("`page_size` is a whole number from 1 to {PAGE_SIZE_MAX}")));
        }
        if self.search.chars().count() > SEARCH_CHARACTERS_MAX {
            return Err(refused(format!("`search` has at most {SEARCH_CHARACTERS_MAX} characters")));
        }
        let sortings: Vec<&str> = kind.sortings().iter().map(|(name, _)| *name).collect();
        one_of("sortby", &self.sortby, &sortings)?;
        one_of("filterby", &self.filterby, kind.filters())?;
        if let (Some(Day(Some(begin))), Some(Day(Some(end)))) = (self.date_begin, self.date_end)
            && begin > end
        {
            return Err(refused("`date_begin` is later than `date_end`".to_owned()));
        }
        Ok(())
    }

    pub(super) fn order(&self, kind: Kind) -> &'static str {
        let named = kind.sortings().iter().find(|(name, _)| *name == self.sortby);
        named.or(kind.sortings().first()).map_or("id desc", |(_, order)| order)
    }

    pub(super) fn filter(&self, kind: Kind) -> &'static str {
        let named = kind.filters().iter().find(|name| **name == self.filterby);
        named.or(kind.filters().first()).copied().unwrap_or_default()
    }

    pub(super) fn offset(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.page_size)
    }

    pub(super) fn begin(&self) -> Option<Date> {
        self.date_begin.and_then(|Day(day)| day)
    }

    pub(super) fn end(&self) -> Option<Date> {
        self.date_end.and_then(|Day(day)| day)
    }
}

fn one_of(argument: &str, given: &str, known: &[&str]) -> Result<(), ArgumentsError> {
    if given.is_empty() || known.contains(&given) {
        return Ok(());
    }
    Err(refused(format!("`{argument}` is one of {}", known.join(", "))))
}

fn refused(message: String) -> ArgumentsError {
    ArgumentsError { message, hint: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(given: serde_json::Value, kind: Kind, fits: bool) {
        let asked = serde_json::from_value::<Asked>(given.clone());
        let ok = asked.is_ok_and(|asked| asked.check(kind).is_ok());
        assert_eq!(ok, fits, "{given}");
    }

    #[test]
    fn what_can_be_meant_passes() {
        check(json!({}), Kind::Orders, true);
        check(
            json!({"page": 3, "page_size": 80, "sortby": "stage", "filterby": "quotations"}),
            Kind::Orders,
            true,
        );
        check(json!({"date_begin": "2026-01-01", "date_end": "2026-01-01"}), Kind::Invoices, true);
        check(json!({"date_begin": "", "sortby": "", "filterby": "overdue_invoices"}), Kind::Invoices, true);
    }

    #[test]
    fn what_cannot_is_refused() {
        for bad in [
            json!({"page": 0}),
            json!({"page": -1}),
            json!({"page": 1_000_000}),
            json!({"page_size": 0}),
            json!({"page_size": 81}),
            json!({"sortby": "name; drop"}),
            json!({"filterby": "all"}),
            json!({"date_begin": "01/02/2026"}),
            json!({"date_begin": "2026-02-30"}),
            json!({"date_begin": "2026-01-31T10:00"}),
            json!({"date_begin": "2026-02-01", "date_end": "2026-01-31"}),
            json!({"search": "x".repeat(201)}),
        ] {
            check(bad, Kind::Orders, false);
        }
    }
}
