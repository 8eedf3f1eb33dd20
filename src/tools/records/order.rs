//! The order of rows, checked for its shape, with a last word so that pages never overlap.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::{
    facts::{FieldName, ModelName},
    odoo::PermittedOdoo,
};

/// More terms than this sort nothing any more.
const TERMS_MAX: usize = 8;
const SHAPE: &str = "write `field`, `field asc` or `field desc`, separated by commas";

/// `name, create_date desc nulls last`; empty means the model's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::tools) struct Order(Vec<Term>);

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
    pub(in crate::tools) fn fields(&self) -> Vec<String> {
        self.0.iter().map(|term| term.field.clone()).collect()
    }

    /// As Odoo takes it. Equal rows are told apart by id, or pages could repeat and skip rows. Where
    /// nobody asked for an order it is the model's own, as far as this user may know it.
    pub(in crate::tools) async fn stable(&self, odoo: &PermittedOdoo<'_>, model: &ModelName) -> String {
        if !self.0.is_empty() {
            return self.with_last_word();
        }
        let own = odoo.default_order(model).await;
        own.and_then(|own| Self::parse(&own).ok()).unwrap_or_default().with_last_word()
    }

    fn with_last_word(&self) -> String {
        let mut terms: Vec<String> =
            self.0.iter().map(|term| format!("{}{}", term.field, term.rest)).collect();
        if !self.0.iter().any(|term| term.field == "id") {
            terms.push("id".to_owned());
        }
        terms.join(", ")
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
    fn check(given: &str, expected: &str) {
        assert_eq!(Order::parse(given).unwrap().with_last_word(), expected, "{given}");
    }

    #[test]
    fn the_id_breaks_ties() {
        check("", "id");
        check("name", "name, id");
        check("name DESC,  create_date asc nulls last", "name desc, create_date asc nulls last, id");
        check("id desc", "id desc");
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
