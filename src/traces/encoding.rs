//! Spans as the JSON of OTLP: ids in hexadecimal, times and whole numbers as texts.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::span::{Ended, Kind, Word};
use crate::facts::hex;

/// The bit of a span's flags that says: it is known whether the parent is of another process.
const FLAGS_SAMPLED: u32 = 1;
/// The status of a span that failed.
const STATUS_ERROR: u32 = 2;

/// A whole request to `/v1/traces`.
pub(super) fn request(service: &str, instance: &str, spans: &[Ended]) -> Value {
    let resource = [
        ("service.name", service),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", instance),
    ];
    let resource: Vec<Value> =
        resource.iter().map(|(key, text)| json!({ "key": key, "value": { "stringValue": text } })).collect();
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{
            "scope": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
            "spans": spans,
        }],
    }] })
}

fn span(ended: &Ended) -> Value {
    let words: Vec<Value> =
        ended.said.words.iter().map(|(key, word)| json!({ "key": key, "value": value(word) })).collect();
    let mut span = json!({
        "traceId": hex(&ended.context.trace),
        "spanId": hex(&ended.context.span),
        "flags": FLAGS_SAMPLED,
        "name": ended.name,
        "kind": match ended.kind { Kind::Internal => 1, Kind::Server => 2, Kind::Client => 3 },
        "startTimeUnixNano": nanoseconds(ended.began),
        "endTimeUnixNano": nanoseconds(ended.ended),
        "attributes": words,
    });
    let Value::Object(fields) = &mut span else { return span };
    if let Some(parent) = &ended.parent {
        fields.insert("parentSpanId".to_owned(), hex(parent).into());
    }
    if let Some(link) = &ended.link {
        let link = json!({ "traceId": hex(&link.trace), "spanId": hex(&link.span) });
        fields.insert("links".to_owned(), json!([link]));
    }
    if !ended.said.events.is_empty() {
        let events = ended.said.events.iter();
        let events: Vec<Value> =
            events.map(|(at, name)| json!({ "timeUnixNano": nanoseconds(*at), "name": name })).collect();
        fields.insert("events".to_owned(), events.into());
    }
    if ended.said.has_failed {
        fields.insert("status".to_owned(), json!({ "code": STATUS_ERROR }));
    }
    span
}

fn value(word: &Word) -> Value {
    match word {
        Word::Known(text) => json!({ "stringValue": text }),
        Word::Named(text) => json!({ "stringValue": text }),
        Word::Number(number) => json!({ "intValue": number.to_string() }),
    }
}

fn nanoseconds(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
