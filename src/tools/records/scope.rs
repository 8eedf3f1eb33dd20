//! What every record tool takes besides its own arguments: where, in which language, for which company.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ids::kind_of;
use crate::{
    facts::{ConnectionAlias, JsonObject},
    odoo::{Context, OdooError},
};

/// Connection, context, company and language of a call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(in crate::tools) struct Scope {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias", deserialize_with = "checked_connection")]
    pub(in crate::tools) connection: ConnectionAlias,
    /// Odoo context, such as `{"active_test": false}` to see archived records too.
    #[serde(default, deserialize_with = "checked_context")]
    context: Context,
    /// Company to work in, by id.
    #[serde(default, deserialize_with = "checked_company")]
    #[schemars(with = "i64")]
    company_id: Option<i64>,
    /// Language of texts, such as `fr_FR`.
    #[serde(default, deserialize_with = "checked_lang")]
    #[schemars(with = "String")]
    lang: Option<String>,
}

impl Scope {
    /// The context to send: the caller's, then company and language, which were asked for by name.
    pub(in crate::tools) fn context(&self) -> Result<Context, OdooError> {
        self.over(self.context.clone())
    }

    /// The same with members that were given in another place and yield to those of the scope.
    pub(in crate::tools) fn context_over(&self, mut members: JsonObject) -> Result<Context, OdooError> {
        members.extend(self.context.as_object().clone());
        self.over(Context::new(members)?)
    }

    /// For reading records: binary fields come as their size, never as content.
    pub(in crate::tools) fn reading_context(&self) -> Result<Context, OdooError> {
        let mut members = self.context()?.as_object().clone();
        members.insert("bin_size".to_owned(), Value::Bool(true));
        Ok(Context::new(members)?)
    }

    /// The context for stating effects: what is sent, as far as it can be sent at all.
    pub(in crate::tools) fn stated(&self) -> Arc<JsonObject> {
        self.context().map(|context| Arc::new(context.0)).unwrap_or_default()
    }

    fn over(&self, mut context: Context) -> Result<Context, OdooError> {
        if let Some(company) = self.company_id {
            context = context.with_company(company)?;
        }
        if let Some(lang) = &self.lang {
            context = context.with_lang(lang)?;
        }
        Ok(context)
    }
}

/// These arguments are flattened into those of each tool, where the decoder loses sight of their
/// names: so the messages name them.
fn in_argument<E: serde::de::Error>(name: &str) -> impl Fn(&dyn std::fmt::Display) -> E {
    move |why| E::custom(format!("argument `{name}`: {why}"))
}

fn checked_connection<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConnectionAlias, D::Error> {
    let refused = in_argument::<D::Error>("connection");
    match Value::deserialize(deserializer)? {
        Value::String(text) => ConnectionAlias::parse(&text).map_err(|error| refused(&error)),
        Value::Null => Ok(ConnectionAlias::default_alias()),
        other => Err(refused(&format!("it is the alias of a connection, not {}", kind_of(&other)))),
    }
}

fn checked_context<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Context, D::Error> {
    let refused = in_argument::<D::Error>("context");
    match Value::deserialize(deserializer)? {
        Value::Object(members) => Context::new(members).map_err(|error| refused(&error)),
        Value::Null => Ok(Context::default()),
        other => Err(refused(&format!("it is an object, not {}", kind_of(&other)))),
    }
}

fn checked_company<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let id = value.as_i64().filter(|id| (1..=i64::from(i32::MAX)).contains(id));
    match (id, value.is_null()) {
        (None, false) => {
            Err(in_argument::<D::Error>("company_id")(&"it is the id of a company, a whole number from 1 up"))
        }
        (id, _) => Ok(id),
    }
}

fn checked_lang<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(lang) if lang.is_empty() => Ok(None),
        Value::String(lang) if Context::default().with_lang(&lang).is_ok() => Ok(Some(lang)),
        _ => Err(in_argument::<D::Error>("lang")(&"it is the code of a language, such as `fr_FR`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(given: Value, expected: Value) {
        let scope: Scope = serde_json::from_value(given).unwrap();
        assert_eq!(Value::Object(scope.context().unwrap().0), expected);
    }

    #[test]
    fn company_and_language_become_context() {
        check(json!({}), json!({}));
        check(
            json!({"context": {"active_test": false, "lang": "de_DE"}, "company_id": 2, "lang": "fr_FR"}),
            json!({"active_test": false, "lang": "fr_FR", "allowed_company_ids": [2]}),
        );
        check(json!({"context": null, "lang": null, "company_id": null}), json!({}));
    }

    #[test]
    fn odd_contexts_are_refused() {
        for bad in [
            json!({"context": []}),
            json!({"context": "lang"}),
            json!({"context": {"a b": 1}}),
            json!({"context": {"": 1}}),
            json!({"context": {"allowed_company_ids": "1"}}),
            json!({"context": {"lang": 5}}),
            json!({"context": {"x": "y".repeat(40_000)}}),
            json!({"company_id": 0}),
            json!({"company_id": "1"}),
            json!({"company_id": true}),
            json!({"lang": "fr FR"}),
            json!({"lang": 3}),
            json!({"connection": "../x"}),
        ] {
            assert!(serde_json::from_value::<Scope>(bad.clone()).is_err(), "{bad}");
        }
    }
}
