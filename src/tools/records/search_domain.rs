//! The domain of a search: read at the door, refused where the other mistakes about names are.
//!
//! A decoder can only say "wrong arguments"; an operator that does not exist deserves its own code
//! and the nearest ones.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::odoo::{Domain, OdooError};

/// A domain, or what is wrong with it.
#[derive(Debug)]
pub(in crate::tools) struct SearchDomain(Result<Domain, OdooError>);

impl SearchDomain {
    /// The field paths the domain looks at. One that cannot be read is never sent, so it has none.
    pub(in crate::tools) fn paths(&self) -> Vec<String> {
        self.0.as_ref().map(Domain::paths).unwrap_or_default()
    }

    /// The conditions as they will be sent.
    pub(in crate::tools) fn conditions(&self) -> &[Value] {
        self.0.as_ref().map(Domain::as_slice).unwrap_or_default()
    }

    pub(in crate::tools) fn into_domain(self) -> Result<Domain, OdooError> {
        self.0
    }
}

impl Default for SearchDomain {
    fn default() -> Self {
        Self(Ok(Domain::default()))
    }
}

impl<'de> Deserialize<'de> for SearchDomain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(Domain::parse(value)))
    }
}

impl JsonSchema for SearchDomain {
    fn schema_name() -> Cow<'static, str> {
        Domain::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Domain::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_refused(domain: Value, code: &str) {
        let domain: SearchDomain = serde_json::from_value(domain).unwrap();
        assert!(domain.paths().is_empty());
        assert_eq!(domain.into_domain().unwrap_err().code(), code);
    }

    #[test]
    fn a_mistake_keeps_its_code() {
        check_refused(json!([["name", "ilik", "x"]]), "unknown_operator");
        check_refused(json!([["name"]]), "invalid_domain");
        check_refused(json!(5), "invalid_domain");
    }
}
