//! What the door says to a tool call, and what every answer has to be.

use serde_json::Value;

/// Words that only a leaking server would send.
const NEVER_IN_AN_ANSWER: &[&str] =
    &["Traceback", "psycopg2", "/usr/", "File \\\"", "File \"", "panicked", "site-packages", "dist-packages"];

/// An answer to one call, checked for what holds of every answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) structured: Value,
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

impl Answer {
    /// Reads a `tools/call` response. A protocol error becomes an error object with the code `protocol`.
    #[track_caller]
    pub(crate) fn read(response: &Value) -> Self {
        let whole = response.to_string();
        for word in NEVER_IN_AN_ANSWER {
            assert!(!whole.contains(word), "an answer holds `{word}`: {whole}");
        }
        if let Some(error) = response.get("error") {
            let mut structured = error.clone();
            structured["code"] = "protocol".into();
            structured["rpc_code"] = error["code"].clone();
            assert!(error["code"].is_i64(), "an error without a code: {whole}");
            let text = error["message"].as_str().unwrap_or_default().to_owned();
            return Self { structured, text, is_error: true };
        }
        let result = &response["result"];
        let is_error = result["isError"].as_bool().unwrap_or(false);
        let structured = result["structuredContent"].clone();
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        assert!(structured.is_object(), "no structured content: {whole}");
        assert!(!text.is_empty(), "no text: {whole}");
        if is_error {
            let code = structured["code"].as_str().unwrap_or_default();
            assert!(!code.is_empty(), "an error without a code: {whole}");
            assert!(text.contains(code), "the text does not name the code `{code}`: {text}");
            assert!(structured["message"].is_string(), "an error without a message: {whole}");
        }
        Self { structured, text, is_error }
    }

    pub(crate) fn into_result(self) -> Result<Value, Value> {
        if self.is_error { Err(self.structured) } else { Ok(self.structured) }
    }
}

/// The ids of the records of a result.
#[track_caller]
pub(crate) fn ids_of(result: &Value) -> Vec<i64> {
    let records = result["records"].as_array().unwrap_or_else(|| panic!("no records: {result}"));
    records.iter().map(|record| record["id"].as_i64().expect("an id")).collect()
}
