//! One call of a model method, before any wire format.

use std::borrow::Cow;

use serde_json::Value;

use super::{Context, Domain, calls};
use crate::facts::{FieldName, JsonObject, MethodName, ModelName, Operation};

/// A public method, its records, its arguments.
///
/// JSON-2 takes arguments by name only, the other routes by position first: a positional
/// argument that knows its name travels on every route.
#[derive(Debug, Clone)]
pub struct Call {
    pub model: ModelName,
    pub method: MethodName,
    /// Records the method runs on; `None` for methods of the model itself.
    pub ids: Option<Vec<i64>>,
    pub positional: Vec<Argument>,
    pub named: JsonObject,
    pub context: Context,
}

/// A positional argument.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Its parameter name where we know it.
    pub name: Option<Cow<'static, str>>,
    pub value: Value,
}

impl Call {
    pub fn new(model: &ModelName, method: MethodName) -> Self {
        Self {
            model: model.clone(),
            method,
            ids: None,
            positional: Vec::new(),
            named: JsonObject::new(),
            context: Context::default(),
        }
    }

    #[must_use]
    pub fn on(mut self, ids: &[i64]) -> Self {
        self.ids = Some(ids.to_vec());
        self
    }

    /// The next positional argument, with its parameter name.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: Value) -> Self {
        self.positional.push(Argument { name: Some(Cow::Borrowed(name)), value });
        self
    }

    /// The next positional argument, whose name nobody told us.
    #[must_use]
    pub fn unnamed_arg(mut self, value: Value) -> Self {
        self.positional.push(Argument { name: None, value });
        self
    }

    #[must_use]
    pub fn named(mut self, name: &str, value: Value) -> Self {
        self.named.insert(name.to_owned(), value);
        self
    }

    /// What the call does to records. Only `Read` may be repeated.
    pub fn operation(&self) -> Operation {
        let positional = self.positional.iter().map(|argument| &argument.value);
        if calls::shows_snippets(&self.model, &self.method, positional, &self.named) {
            return Operation::Read;
        }
        Operation::of_method(self.method.as_str(), self.ids.as_ref().is_some_and(|ids| !ids.is_empty()))
    }

    #[must_use]
    pub fn within(mut self, context: &Context) -> Self {
        self.context = context.clone();
        self
    }
}

/// A search with rows.
#[derive(Debug, Clone)]
pub struct PageQuery {
    pub model: ModelName,
    pub domain: Domain,
    pub fields: Vec<FieldName>,
    pub limit: u32,
    pub offset: u32,
    pub order: Option<String>,
    pub context: Context,
}

/// Rows of a search and how many there are in all.
#[derive(Debug, Clone)]
pub struct Page {
    /// As `read` gives them: many2one as `[id, name]`, empty as `false`.
    pub records: Vec<JsonObject>,
    pub total: u64,
}
