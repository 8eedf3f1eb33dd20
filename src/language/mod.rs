//! Language models behind one type, only where the operator has set one up.
//!
//! A question has instructions, a text, perhaps documents, and the shape of the answer; an answer is a
//! JSON value and what it cost. Which provider is asked, where and with which key, only the settings
//! say. Deliberately absent: what a question is about, and any trust in the answer. Whoever asks
//! checks it.

mod anthropic;
mod asking;
mod error;
mod model;
mod ollama;
mod openai;
mod question;
mod sending;
mod wire;

pub use error::LanguageError;
pub use model::{KeyReader, LanguageModel};
pub use question::{Access, Attempt, Caching, Document, Question, Reply, Told, Usage};

pub use crate::config::{LanguageModelSettings, Provider};
