//! What a tool is: its arguments as a type, and what it says of itself.

use std::{borrow::Cow, sync::Arc};

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    context::CallContext,
    error::ToolError,
    helpers::Helpers,
    schema::{answer_schema_of, schema_of},
};
use crate::{
    facts::{Caller, Class, Effect, JsonObject, Risk, ToolFacts},
    files::StoredFile,
};

/// A tool. The struct that implements it holds what may be asked; the `impl` says what it is,
/// what it touches and how it answers.
pub trait Tool: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    const NAME: &'static str;
    /// A short human title, such as `Search and read records`.
    const TITLE: &'static str;
    /// What the model reads: what it does, what it returns, what to mind.
    const DESCRIPTION: &'static str;
    /// No default: forgetting it does not compile.
    const CLASS: Class;
    const RISK: Risk;
    /// True where repeating the call with the same arguments changes nothing more.
    const IDEMPOTENT: bool = false;
    /// The structured result; its schema is the tool's output schema.
    type Output: Serialize + JsonSchema + Send;

    /// Everything the call will do, before it does it.
    fn effects(&self, caller: &Caller) -> Vec<Effect>;

    /// Effects that depend on what is set up here, such as the plugins that are loaded. They are added
    /// to `effects`.
    fn further_effects(&self, _caller: &Caller, _helpers: &Helpers) -> Vec<Effect> {
        Vec::new()
    }

    /// Arguments that are each of the right shape and cannot be meant so together. What is refused
    /// here is refused before the policy is asked.
    fn check(&self) -> Result<(), ArgumentsError> {
        Ok(())
    }

    /// The class of this very call; never worse than `CLASS`.
    fn class(&self) -> Class {
        Self::CLASS
    }

    /// Is this call a rehearsal that changes nothing?
    fn is_rehearsal(&self) -> bool {
        false
    }

    fn run(self, cx: &CallContext<'_>) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;

    /// The text form of a result, where the general one (see `reply`) is not the best.
    fn text(_output: &Self::Output) -> Option<String> {
        None
    }

    /// Files and pictures that go beside the structured result.
    fn attached(_output: &Self::Output) -> Vec<Attached> {
        Vec::new()
    }
}

/// Something beside the structured result that a client can open or show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    /// A file of the caller's download area, or another resource of this server.
    Link { uri: String, name: String, mime_type: Option<String>, size_bytes: Option<u64> },
    /// A small picture.
    Image { mime_type: String, content_base64: String },
}

impl Attached {
    /// A file of the caller's download area.
    pub fn file(file: &StoredFile) -> Self {
        Self::Link {
            uri: file.uri.clone(),
            name: file.name.clone(),
            mime_type: Some(file.mime_type.clone()),
            size_bytes: Some(file.size),
        }
    }
}

/// A result that is ready to be shaped for the client.
#[derive(Debug)]
pub struct Output {
    /// Always a JSON object, as the tool's output schema says.
    pub structured: Value,
    /// A text form of its own, if the tool has one.
    pub text: Option<String>,
    pub attached: Vec<Attached>,
}

impl Output {
    /// Rows of the result: the entries of its longest list of records.
    pub fn rows(&self) -> u64 {
        let lists = self.structured.as_object().into_iter().flat_map(|object| object.values());
        lists.filter_map(Value::as_array).map(|list| list.len() as u64).max().unwrap_or_default()
    }

    /// Bytes of the result as JSON.
    pub fn bytes(&self) -> u64 {
        serde_json::to_vec(&self.structured).map_or(u64::MAX, |bytes| bytes.len() as u64)
    }
}

/// The same tool with its argument type erased, so that the catalogue can be one list.
#[derive(Clone, Copy)]
pub struct ToolEntry {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    class: Class,
    risk: Risk,
    idempotent: bool,
    input_schema: fn() -> JsonObject,
    output_schema: fn() -> JsonObject,
    decode: fn(JsonObject) -> Result<Box<dyn DecodedCall>, ArgumentsError>,
}

impl std::fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ToolEntry({})", self.name)
    }
}

/// Arguments that are not those of the tool.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ArgumentsError {
    pub message: String,
    pub hint: Option<String>,
}

impl ToolEntry {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn title(&self) -> &'static str {
        self.title
    }

    pub fn description(&self) -> &'static str {
        self.description
    }

    pub fn class(&self) -> Class {
        self.class
    }

    pub fn risk(&self) -> Risk {
        self.risk
    }

    pub fn idempotent(&self) -> bool {
        self.idempotent
    }

    pub fn facts(&self, family: &'static str) -> ToolFacts {
        ToolFacts { name: self.name, family, class: self.class, risk: self.risk }
    }

    pub fn input_schema(&self) -> JsonObject {
        (self.input_schema)()
    }

    pub fn output_schema(&self) -> JsonObject {
        (self.output_schema)()
    }

    pub fn decode(&self, arguments: JsonObject) -> Result<Box<dyn DecodedCall>, ArgumentsError> {
        (self.decode)(arguments)
    }
}

/// The row of a tool in its file's `TOOLS` list.
pub const fn row<T: Tool>() -> ToolEntry {
    ToolEntry {
        name: T::NAME,
        title: T::TITLE,
        description: T::DESCRIPTION,
        class: T::CLASS,
        risk: T::RISK,
        idempotent: T::IDEMPOTENT,
        input_schema: schema_of::<T>,
        output_schema: answer_schema_of::<T::Output>,
        decode: super::arguments::decode::<T>,
    }
}

/// A call whose arguments were understood.
pub trait DecodedCall: Send + Sync {
    /// Everything the call will do, with the helpers it will have.
    fn effects(&self, caller: &Caller, helpers: &Helpers) -> Vec<Effect>;
    fn class(&self) -> Class;
    fn is_rehearsal(&self) -> bool;
    fn run<'a>(self: Box<Self>, cx: &'a CallContext<'a>) -> BoxFuture<'a, Result<Output, ToolError>>;
}

impl<T: Tool> DecodedCall for T {
    fn effects(&self, caller: &Caller, helpers: &Helpers) -> Vec<Effect> {
        let mut effects = Tool::effects(self, caller);
        effects.extend(self.further_effects(caller, helpers));
        effects
    }

    fn class(&self) -> Class {
        Tool::class(self)
    }

    fn is_rehearsal(&self) -> bool {
        Tool::is_rehearsal(self)
    }

    fn run<'a>(self: Box<Self>, cx: &'a CallContext<'a>) -> BoxFuture<'a, Result<Output, ToolError>> {
        Box::pin(async move {
            let output = Tool::run(*self, cx).await?;
            let text = T::text(&output);
            let attached = T::attached(&output);
            let structured = serde_json::to_value(output)
                .map_err(|error| ToolError::Internal { detail: Cow::Owned(error.to_string()) })?;
            Ok(Output { structured, text, attached })
        })
    }
}

/// Where a long call tells how far it is. Cheap to clone; does nothing when nobody listens.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<ProgressSink>>);

type ProgressSink = dyn Fn(f64, Option<f64>, &str) + Send + Sync;

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Progress(listening: {})", self.0.is_some())
    }
}

impl Progress {
    pub fn silent() -> Self {
        Self(None)
    }

    pub fn to(sink: impl Fn(f64, Option<f64>, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// `done` must grow from call to call.
    pub fn report(&self, done: f64, total: Option<f64>, message: &str) {
        if let Some(sink) = &self.0 {
            sink(done, total, message);
        }
    }
}
