//! Search domains: shape and operators are checked before anything is sent.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{OdooError, domain_check};

/// A search domain in Odoo's prefix notation, checked and in the spelling every version reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Domain(Vec<Value>);

impl Domain {
    /// Reads a JSON array, or the JSON text of one; `null` is the empty domain.
    pub fn parse(value: Value) -> Result<Self, OdooError> {
        domain_check::checked(value).map(Self)
    }

    /// Both at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        // Several conditions without an operator are joined by `&`, so both sides are closed first.
        let mut joined = vec![json!("&")];
        joined.extend(closed(self.0));
        joined.extend(closed(other.0));
        Self(joined)
    }

    /// The field paths the domain looks at; those inside `any` begin with the field before it.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        collect_paths(&self.0, "", &mut paths);
        paths.sort();
        paths.dedup();
        paths
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }
}

/// The items with the `&` operators that Odoo leaves out at the top.
fn closed(items: Vec<Value>) -> Vec<Value> {
    let mut missing: usize = 0;
    let mut needed: usize = 1;
    for item in &items {
        if needed == 0 {
            missing += 1;
            needed = 1;
        }
        match item.as_str() {
            Some("!") => {}
            Some(_) => needed += 1,
            None => needed -= 1,
        }
    }
    let mut closed = vec![json!("&"); missing];
    closed.extend(items);
    closed
}

/// Recursion is bounded by the depth that `domain_check` lets through.
fn collect_paths(items: &[Value], prefix: &str, paths: &mut Vec<String>) {
    for leaf in items.iter().filter_map(Value::as_array) {
        let [Value::String(path), operator, value] = leaf.as_slice() else { continue };
        let path = if prefix.is_empty() { path.clone() } else { format!("{prefix}.{path}") };
        if let (Some("any" | "not any"), Value::Array(inner)) = (operator.as_str(), value) {
            collect_paths(inner, &path, paths);
        }
        paths.push(path);
    }
}

impl From<Domain> for Value {
    fn from(domain: Domain) -> Self {
        Value::Array(domain.0)
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(value).map_err(|error| match error.hint() {
            Some(hint) => serde::de::Error::custom(format!("{error}; {hint}")),
            None => serde::de::Error::custom(error),
        })
    }
}

impl JsonSchema for Domain {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Domain".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": {} })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(value: Value) -> Domain {
        Domain::parse(value).unwrap()
    }

    #[test]
    fn paths_reach_into_sub_domains() {
        let found = domain(json!([
            "|",
            ["name", "=", "x"],
            ["country_id.code", "=", "BE"],
            ["child_ids", "any", [["user_id", "not any", [["login", "=", "x"]]]]],
            [1, "=", 1]
        ]));
        assert_eq!(
            found.paths(),
            ["child_ids", "child_ids.user_id", "child_ids.user_id.login", "country_id.code", "name"]
        );
    }

    #[test]
    fn two_domains_join_without_changing_their_meaning() {
        let left = domain(json!([["a", "=", 1], ["b", "=", 2]]));
        let right = domain(json!(["|", ["c", "=", 3], ["d", "=", 4]]));
        let expected = json!(["&", "&", ["a", "=", 1], ["b", "=", 2], "|", ["c", "=", 3], ["d", "=", 4]]);
        assert_eq!(Value::from(left.clone().and(right)), expected);
        assert_eq!(left.clone().and(Domain::default()), left);
        assert_eq!(Domain::default().and(left.clone()), left);
    }

    #[test]
    fn errors_of_reading_say_what_was_probably_meant() {
        let error = serde_json::from_value::<Domain>(json!([["name", "ilke", "x"]])).unwrap_err().to_string();
        assert_eq!(error, "`ilke` is no domain operator; did you mean `like`, `ilike`?");
    }
}
