//! What plugins asked for while a call ran, for the log: who asked, for what, how it ended. Names and
//! numbers only, never a value.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::{FieldName, MethodName, ModelName};

/// Requests of one call that are kept one by one; the others are counted. Sixty-four at their longest
/// fill less than half of a line of the log.
const KEPT_MAX: usize = 64;
/// Ids and field names of one request that are kept; how many there are is told in any case.
const NAMES_MAX: usize = 16;

/// One request of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginRequest {
    pub plugin: String,
    /// The kind of capability, such as `odoo.read`.
    pub capability: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<MethodName>,
    /// Fields that it wanted to read or write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldName>,
    /// Records that it named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// How many records it named, or rows it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// `answered`, or the stable word of the refusal; `unanswered` where the call ended before.
    pub outcome: String,
}

/// The requests of one call. Cheap to clone; all clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct PluginRequests(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    requests: Vec<PluginRequest>,
    left_out: u64,
}

/// Where the outcome of a request goes.
#[derive(Debug)]
pub struct Noted(Option<usize>);

impl PluginRequests {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request before it is looked at.
    pub fn begin(&self, mut request: PluginRequest) -> Noted {
        let mut kept = self.kept();
        if kept.requests.len() >= KEPT_MAX {
            kept.left_out += 1;
            return Noted(None);
        }
        request.fields.truncate(NAMES_MAX);
        request.ids.truncate(NAMES_MAX);
        kept.requests.push(request);
        Noted(Some(kept.requests.len() - 1))
    }

    /// Notes how it ended.
    pub fn end(&self, noted: &Noted, outcome: &str, rows: Option<u64>) {
        let mut kept = self.kept();
        if let Some(request) = noted.0.and_then(|index| kept.requests.get_mut(index)) {
            outcome.clone_into(&mut request.outcome);
            request.count = rows.or(request.count);
        }
    }

    /// What was noted so far, and how many more requests there were.
    pub fn so_far(&self) -> (Vec<PluginRequest>, u64) {
        let kept = self.kept();
        (kept.requests.clone(), kept.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(ids: Vec<i64>) -> PluginRequest {
        PluginRequest {
            plugin: "hint".to_owned(),
            capability: "odoo.read",
            model: ModelName::parse("res.partner").ok(),
            method: None,
            fields: Vec::new(),
            count: None,
            ids,
            outcome: "unanswered".to_owned(),
        }
    }

    #[test]
    fn requests_are_kept_with_their_outcome_up_to_a_limit() {
        let requests = PluginRequests::default();
        let first = requests.begin(request(vec![7]));
        requests.clone().end(&first, "answered", Some(3));
        for _ in 0..100 {
            let noted = requests.begin(request((0..1_000).collect()));
            requests.end(&noted, "not_permitted", None);
        }
        let (kept, left_out) = requests.so_far();
        assert_eq!((kept.len() as u64 + left_out, kept.len()), (101, KEPT_MAX));
        assert_eq!((kept[0].outcome.as_str(), kept[0].count), ("answered", Some(3)));
        assert_eq!((kept[1].outcome.as_str(), kept[1].ids.len()), ("not_permitted", NAMES_MAX));
        assert!(serde_json::to_string(&kept).unwrap().len() < 64 * 1024);
    }
}
