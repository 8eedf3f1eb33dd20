//! Field definitions are asked once per model and language, for all callers together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Call, Context, ModelSchema, OdooClient, OdooError, client::lock, schema::ATTRIBUTES};
use crate::facts::{MethodName, ModelName};

/// Field definitions change when modules are installed or upgraded.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Schemas kept at once: a large one takes about 100 KB.
const KEPT_MAX: usize = 48;

type Key = (ModelName, Option<String>);
type Entry = Arc<tokio::sync::Mutex<Option<(Instant, Arc<ModelSchema>)>>>;

/// One entry per model and language; whoever fills it holds its lock, so all others wait for one answer.
#[derive(Debug, Default)]
pub(super) struct SchemaCache(Mutex<HashMap<Key, Entry>>);

impl SchemaCache {
    fn entry(&self, key: &Key) -> Entry {
        let mut entries = lock(&self.0);
        if entries.len() >= KEPT_MAX && !entries.contains_key(key) {
            let stale = entries.iter().min_by_key(|(_, entry)| match entry.try_lock() {
                Ok(kept) => kept.as_ref().map(|(at, _)| *at),
                Err(_) => Some(Instant::now()),
            });
            if let Some(oldest) = stale.map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        entries.entry(key.clone()).or_default().clone()
    }

    /// What is kept of a model is not true any more.
    pub(super) fn forget(&self, model: &ModelName) {
        lock(&self.0).retain(|(kept, _), _| kept != model);
    }
}

impl OdooClient {
    /// Field definitions of a model, cached. Labels are in the language of the user's connection.
    pub async fn schema(&self, model: &ModelName) -> Result<Arc<ModelSchema>, OdooError> {
        self.schema_in(model, None).await
    }

    /// Field definitions with labels in a language.
    pub async fn schema_in(
        &self,
        model: &ModelName,
        lang: Option<&str>,
    ) -> Result<Arc<ModelSchema>, OdooError> {
        let key = (model.clone(), lang.map(str::to_owned));
        let entry = self.schemas.entry(&key);
        let mut kept = entry.lock().await;
        if let Some((at, schema)) = &*kept
            && at.elapsed() < KEPT_FOR
        {
            return Ok(schema.clone());
        }
        let schema = Arc::new(self.fetch_schema(model, lang).await?);
        *kept = Some((Instant::now(), schema.clone()));
        Ok(schema)
    }

    pub(super) async fn fetch_schema(
        &self,
        model: &ModelName,
        lang: Option<&str>,
    ) -> Result<ModelSchema, OdooError> {
        let mut context = Context::default();
        if let Some(lang) = lang {
            context = context.with_lang(lang)?;
        }
        let call = Call::new(model, MethodName::known("fields_get"))
            .named("attributes", json!(ATTRIBUTES))
            .within(&context);
        let answer = match self.call_plainly(&call).await {
            Ok(answer) => answer,
            Err(failure) => return Err(Box::pin(self.explained(failure, &call)).await),
        };
        match answer {
            Value::Object(fields) => Ok(ModelSchema::read(model, &fields)),
            _ => Err(self.bad_answer("`fields_get` did not answer field definitions")),
        }
    }
}
