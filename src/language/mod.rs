//! Language models behind one type, only where the operator has set one up.
//!
//! A question has instructions, a text and the shape of the answer; an answer is a JSON value and what
//! it cost. Which provider is asked, where and with which key, only the settings say. Deliberately
//! absent: what a question is about, and any trust in the answer. Whoever asks checks it.

mod anthropic;
mod error;
mod model;
mod ollama;
mod openai;
mod question;
mod wire;

pub use error::LanguageError;
pub use model::{KeyReader, LanguageModel};
pub use question::{Question, Reply, Usage};

pub use crate::config::{LanguageModelSettings, Provider};
