//! What a server tells of its methods: Odoo 19 describes each model live, to users who may read it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    OdooClient,
    client::lock,
    http::Http,
    routes::json2,
    session::{Proof, Session},
};
use crate::facts::ModelName;

/// Methods change when modules are installed or upgraded; a refusal is remembered as long.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Models kept at once.
const KEPT_MAX: usize = 16;

/// Parameter names of each public method, in order.
pub(super) type MethodDocs = BTreeMap<String, Vec<String>>;

/// `None` where the server does not tell.
#[derive(Debug, Default)]
pub(super) struct KeptDocs(HashMap<ModelName, (Instant, Option<Arc<MethodDocs>>)>);

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    methods: BTreeMap<String, Method>,
}

#[derive(Deserialize)]
struct Method {
    #[serde(default)]
    parameters: serde_json::Map<String, Value>,
}

impl OdooClient {
    /// The methods of a model, over a session with a key.
    pub(super) async fn method_docs(
        &self,
        http: &Http,
        session: &Session,
        model: &ModelName,
    ) -> Option<Arc<MethodDocs>> {
        if let Some((at, docs)) = lock(&self.docs).0.get(model)
            && at.elapsed() < KEPT_FOR
        {
            return docs.clone();
        }
        let Proof::Secret(key) = &session.proof else { return None };
        let answer = http.send(json2::description(&session.db, key, model.as_str()).ok()?).await.ok()?;
        let docs = read(&answer).map(Arc::new);
        let mut kept = lock(&self.docs);
        if kept.0.len() >= KEPT_MAX {
            kept.0.clear();
        }
        kept.0.insert(model.clone(), (Instant::now(), docs.clone()));
        docs
    }
}

fn read(answer: &super::http::Answer) -> Option<MethodDocs> {
    if !answer.status.is_success() {
        return None;
    }
    let document: Document = serde_json::from_slice(&answer.body).ok()?;
    let names = |method: Method| {
        // Catch-all parameters stand for no argument of their own.
        let catch_all = |about: &Value| {
            about.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("VAR_"))
        };
        method.parameters.into_iter().filter(|(_, about)| !catch_all(about)).map(|(name, _)| name).collect()
    };
    Some(document.methods.into_iter().map(|(name, method)| (name, names(method))).collect())
}
