//! JSON files with a version inside, so that a later program knows what it reads.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Why a file of ours cannot be used. It stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("it is damaged ({0})")]
    Damaged(String),
    #[error("it was written by a newer odoo-mcp (version {found}, this one reads {known})")]
    Newer { found: u64, known: u64 },
}

/// Reads the content of a document; the version stands beside it as `version`.
pub fn parse_document<T: DeserializeOwned>(bytes: &[u8], known: u64) -> Result<T, DocumentError> {
    let damaged = |why: &str| DocumentError::Damaged(why.to_owned());
    let value: Value = serde_json::from_slice(bytes).map_err(|error| damaged(&position(&error)))?;
    let Value::Object(mut object) = value else { return Err(damaged("an object was expected")) };
    let version = object.remove("version").and_then(|version| version.as_u64());
    match version {
        Some(found) if found > known => Err(DocumentError::Newer { found, known }),
        Some(_) => serde_json::from_value(Value::Object(object))
            .map_err(|_| damaged("an entry is not of the expected shape")),
        None => Err(damaged("it has no version")),
    }
}

/// The bytes of a document.
pub fn write_document<T: Serialize>(content: &T, version: u64) -> Result<Vec<u8>, serde_json::Error> {
    let mut object = Map::new();
    object.insert("version".to_owned(), version.into());
    if let Value::Object(content) = serde_json::to_value(content)? {
        object.extend(content);
    }
    let mut bytes = serde_json::to_vec_pretty(&object)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Where it stops being JSON, without repeating what stands there.
fn position(error: &serde_json::Error) -> String {
    format!("not JSON at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_everything_else_is_refused() {
        let content = BTreeMap::from([("entries".to_owned(), vec![1, 2])]);
        let bytes = write_document(&content, 1).unwrap();
        assert_eq!(parse_document::<BTreeMap<String, Vec<i32>>>(&bytes, 1), Ok(content));
        for (bad, part) in [
            ("", "line 1"),
            ("{\"version\":1,\"entries\":[1,", "not JSON"),
            ("[]", "an object"),
            ("{\"entries\":[]}", "no version"),
            ("{\"version\":\"1\"}", "no version"),
            ("{\"version\":1,\"entries\":[\"canary\"]}", "expected shape"),
            ("{\"version\":2,\"entries\":[]}", "newer"),
        ] {
            let error = parse_document::<BTreeMap<String, Vec<i32>>>(bad.as_bytes(), 1).unwrap_err();
            assert!(error.to_string().contains(part), "{bad}: {error}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
