//! The policy file as types: what can be written, before anything is decided with it.
//!
//! Reading is strict and reports every problem at once. Nothing here knows how rules are applied.

mod announced;
mod body;
mod catalogue;
pub mod completion;
mod connection_rules;
pub mod document;
mod domain;
mod facts_schema;
mod fitting;
mod items;
mod keys;
mod limits;
mod lints;
mod model_rules;
mod operators;
mod path;
mod reader;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod tool_rules;
mod zone;

use std::sync::Arc;

use serde_json::Value;

pub use self::schema::schema;
use self::{catalogue::Catalogue, document::Document, reader::Reader};
use crate::{
    facts::{StrictJsonError, check_strict_json, hex},
    policy::{KnownTools, PolicyDigest, PolicyError, PolicyProblem},
};

/// Largest policy file; a reviewed file is never near it.
pub const POLICY_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of a policy file.
const POLICY_DEPTH_MAX: usize = 32;

/// A file that was read.
#[derive(Debug)]
pub struct Read {
    pub document: Document,
    /// What is legal and probably not meant.
    pub warnings: Vec<PolicyProblem>,
    pub digest: PolicyDigest,
}

/// Reads a policy file, or says everything that is wrong with it.
pub fn read(text: &[u8], known: &dyn KnownTools) -> Result<Read, PolicyError> {
    if text.len() > POLICY_BYTES_MAX {
        return refused("", format!("the file is larger than {POLICY_BYTES_MAX} bytes"));
    }
    if text.starts_with(b"\xef\xbb\xbf") {
        return refused("", "the file begins with a byte order mark; save it as plain UTF-8".to_owned());
    }
    if let Err(errors) = check_strict_json(text, POLICY_DEPTH_MAX) {
        let problems =
            errors.iter().map(|error| PolicyProblem { pointer: place(error), message: error.to_string() });
        return Err(PolicyError { problems: problems.collect() });
    }
    let value: Value = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => return refused("", format!("not JSON: {error}")),
    };
    let mut reader = Reader::new(Catalogue::new(known));
    let document = reader.document(&value);
    if let Some(document) = &document {
        lints::look(&mut reader, document, &value);
    }
    let clean = reader.is_clean();
    let (problems, warnings) = reader.finish(&value);
    match document {
        Some(document) if clean => Ok(Read { document, warnings, digest: digest(text) }),
        _ => Err(PolicyError { problems }),
    }
}

fn refused<T>(at: &str, message: String) -> Result<T, PolicyError> {
    Err(PolicyError { problems: vec![PolicyProblem { pointer: at.to_owned(), message }] })
}

fn place(error: &StrictJsonError) -> String {
    match error {
        StrictJsonError::DuplicateKey { pointer, .. } | StrictJsonError::Number { pointer, .. } => {
            pointer.clone()
        }
        StrictJsonError::TooDeep(_) | StrictJsonError::Syntax(_) => String::new(),
    }
}

fn digest(text: &[u8]) -> PolicyDigest {
    let digest = ring::digest::digest(&ring::digest::SHA256, text);
    PolicyDigest(Arc::from(format!("sha256:{}", hex(digest.as_ref()))))
}
