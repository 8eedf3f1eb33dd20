//! How much one answer may hold: rows asked for, where they begin, and bytes of JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Bytes of JSON an answer holds unless the call asks otherwise: about 15,000 tokens.
const ANSWER_BYTES_DEFAULT: usize = 60_000;
/// The most a call can ask for; beyond it no model's window has room left to think.
pub(in crate::tools) const ANSWER_BYTES_MAX: usize = 400_000;
/// Less than this has no room for one useful row.
const ANSWER_BYTES_MIN: usize = 1_000;
/// PostgreSQL would take more, but skipping millions of rows is a scan, not a page.
const OFFSET_MAX: u32 = 10_000_000;

/// How many rows to return: 1 to `MAX`, `DEFAULT` when absent. Zero would mean "all" to Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::tools) struct RowLimit<const DEFAULT: u32, const MAX: u32>(u32);

impl<const DEFAULT: u32, const MAX: u32> RowLimit<DEFAULT, MAX> {
    pub(in crate::tools) fn get(self) -> u32 {
        self.0
    }
}

impl<const DEFAULT: u32, const MAX: u32> Default for RowLimit<DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: u32, const MAX: u32> Deserialize<'de> for RowLimit<DEFAULT, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer, "limit", 1, u64::from(MAX))
            .and_then(|number| u32::try_from(number).map_err(serde::de::Error::custom))
            .map(Self)
    }
}

impl<const DEFAULT: u32, const MAX: u32> JsonSchema for RowLimit<DEFAULT, MAX> {
    fn schema_name() -> Cow<'static, str> {
        "RowLimit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX })
    }
}

/// Rows to skip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::tools) struct Offset(u32);

impl Offset {
    pub(in crate::tools) fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer, "offset", 0, u64::from(OFFSET_MAX))
            .and_then(|number| u32::try_from(number).map_err(serde::de::Error::custom))
            .map(Self)
    }
}

impl JsonSchema for Offset {
    fn schema_name() -> Cow<'static, str> {
        "Offset".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

/// Bytes of JSON the answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::tools) struct MaxBytes(usize);

impl MaxBytes {
    pub(in crate::tools) fn get(self) -> usize {
        self.0
    }
}

impl Default for MaxBytes {
    fn default() -> Self {
        Self(ANSWER_BYTES_DEFAULT)
    }
}

impl<'de> Deserialize<'de> for MaxBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer, "max_bytes", ANSWER_BYTES_MIN as u64, ANSWER_BYTES_MAX as u64)
            .and_then(|number| usize::try_from(number).map_err(serde::de::Error::custom))
            .map(Self)
    }
}

impl JsonSchema for MaxBytes {
    fn schema_name() -> Cow<'static, str> {
        "MaxBytes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": ANSWER_BYTES_MIN, "maximum": ANSWER_BYTES_MAX })
    }
}

fn whole_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    name: &str,
    least: u64,
    most: u64,
) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value.as_u64().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        let given = match &value {
            Value::Number(number) => number.to_string(),
            other => super::ids::kind_of(other).to_owned(),
        };
        serde::de::Error::custom(format!("`{name}` is a whole number from {least} to {most}, not {given}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Rows = RowLimit<80, 1000>;

    #[test]
    fn the_limits_say_their_bounds() {
        assert_eq!(serde_json::from_value::<Rows>(json!(1000)).unwrap().get(), 1000);
        for bad in [json!(0), json!(-1), json!(1001), json!(1.5), json!("5"), json!(true), json!(null)] {
            let error = serde_json::from_value::<Rows>(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("from 1 to 1000"), "{bad}: {error}");
        }
        for bad in [json!(-1), json!(1e12), json!([])] {
            assert!(serde_json::from_value::<Offset>(bad.clone()).is_err(), "{bad}");
        }
        for bad in [json!(0), json!(999), json!(10_000_000)] {
            assert!(serde_json::from_value::<MaxBytes>(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(MaxBytes::default().get(), ANSWER_BYTES_DEFAULT);
    }
}
