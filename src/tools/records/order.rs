//! The order of rows, checked for its shape, with a last word so that pages never overlap.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::facts::FieldName;

/// More terms than this sort nothing any more.
const TERMS_MAX: usize = 8;
const SHAPE: &str = "write `field`, `field asc` or `field desc`, separated by commas";

/// `name, create_date desc nulls last`; empty means the model's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: String,
    /// `desc`, `nulls last` and the like, in lower case.
    rest: String,
}

impl Order {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let terms = text.split(',').map(parse_term).collect::<Result<Vec<_>, _>>()?;
        if terms.len() > TERMS_MAX {
            return Err(format!("`order` has {} terms; at most {TERMS_MAX}", terms.len()));
        }
        Ok(Self(terms))
    }

    /// The fields that decide the order.
    pub(super) fn fields(&self) -> Vec<String> {
        self.0.iter().map(|term| term.field.clone()).collect()
    }

    /// As Odoo takes it. Equal rows are told apart by id, or pages could repeat and skip rows.
    pub(super) fn stable(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut terms: Vec<String> =
            self.0.iter().map(|term| format!("{}{}", term.field, term.rest)).collect();
        if !self.0.iter().any(|term| term.field == "id") {
            terms.push("id".to_owned());
        }
        Some(terms.join(", "))
    }
}

fn parse_term(text: &str) -> Result<Term, String> {
    let refused = |why: &str| {
        let shown: String = text.trim().chars().take(60).filter(|c| !c.is_control()).collect();
        format!("`{shown}` in `order` {why}: {SHAPE}")
    };
    let lower = text.to_ascii_lowercase();
    let mut words = text.split_ascii_whitespace();
    let field = words.next().ok_or_else(|| refused("is empty"))?;
    if !field.split('.').all(|part| FieldName::parse(part).is_ok()) {
        return Err(refused("names no field"));
    }
    let rest: Vec<&str> = lower.split_ascii_whitespace().skip(1).collect();
    let nulls = match rest.as_slice() {
        [] | ["asc" | "desc"] => rest.as_slice(),
        ["nulls", "first" | "last"] | ["asc" | "desc", "nulls", "first" | "last"] => rest.as_slice(),
        _ => return Err(refused("has an unknown direction")),
    };
    let rest = nulls.iter().fold(String::new(), |rest, word| rest + " " + word);
    Ok(Term { field: field.to_owned(), rest })
}

impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?.unwrap_or_default();
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Order {
    fn schema_name() -> Cow<'static, str> {
        "Order".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: Option<&str>) {
        assert_eq!(Order::parse(given).unwrap().stable().as_deref(), expected, "{given}");
    }

    #[test]
    fn the_id_breaks_ties() {
        check("", None);
        check("name", Some("name, id"));
        check("name DESC,  create_date asc nulls last", Some("name desc, create_date asc nulls last, id"));
        check("id desc", Some("id desc"));
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for bad in
            ["name;", "name desc desc", "name, ", "name sideways", "(select 1)", "name nulls", "a'b", ","]
        {
            assert!(Order::parse(bad).unwrap_err().contains("write `field`"), "{bad}");
        }
        assert!(Order::parse(&["a"; 9].join(",")).is_err());
    }
}
