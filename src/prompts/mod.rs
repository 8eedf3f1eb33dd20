//! Prompts: how the usual jobs are done with the tools of this program, as plain texts.
//!
//! The texts are the files of this folder. What stands in `{{ }}` is an argument; what begins with
//! `odoo_` in backticks is a tool, and a prompt is offered only to those who have all of its tools.

mod listed;

use crate::facts::JsonObject;

pub use listed::PROMPTS;

/// A text with gaps.
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub arguments: &'static [Argument],
    text: &'static str,
}

/// What fills a gap.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    pub name: &'static str,
    pub description: &'static str,
    pub completes: Option<Completes>,
    /// What stands there if nothing is given; without it the argument is required.
    otherwise: Option<&'static str>,
}

/// What the values of an argument are names of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completes {
    Connection,
    Model,
    Field,
}

/// Longest value: a long mail, or a few thousand rows.
const VALUE_BYTES_MAX: usize = 200_000;

/// Why a prompt could not be filled in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    #[error("argument `{0}` is missing")]
    Missing(&'static str),
    #[error("argument `{0}` is no text")]
    NoText(&'static str),
    #[error("argument `{0}` is longer than {VALUE_BYTES_MAX} bytes")]
    TooLong(&'static str),
    #[error("the prompt has no argument `{0}`")]
    Unknown(String),
}

/// The prompt of that name.
pub fn find(name: &str) -> Option<&'static Prompt> {
    PROMPTS.iter().find(|prompt| prompt.name == name)
}

impl Argument {
    pub fn is_required(&self) -> bool {
        self.otherwise.is_none()
    }
}

impl Prompt {
    /// The tools that its text names.
    pub fn tools(&self) -> impl Iterator<Item = &'static str> {
        self.text.split('`').skip(1).step_by(2).filter(|word| word.starts_with("odoo_"))
    }

    /// The text with its gaps filled. A value is put in as it is; gaps within values stay text.
    pub fn filled(&self, given: &JsonObject) -> Result<String, PromptError> {
        if let Some(unknown) = given.keys().find(|name| self.argument(name).is_none()) {
            return Err(PromptError::Unknown(unknown.chars().take(64).collect()));
        }
        for argument in self.arguments {
            argument.value(given)?;
        }
        let mut filled = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            if let Some(argument) = self.argument(name) {
                filled.push_str(argument.value(given)?);
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    pub fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

impl Argument {
    fn value<'a>(&'static self, given: &'a JsonObject) -> Result<&'a str, PromptError> {
        let text = match given.get(self.name) {
            None | Some(serde_json::Value::Null) => "",
            Some(serde_json::Value::String(text)) => text.trim(),
            Some(_) => return Err(PromptError::NoText(self.name)),
        };
        match (text.is_empty(), self.otherwise) {
            (true, None) => Err(PromptError::Missing(self.name)),
            (true, Some(otherwise)) => Ok(otherwise),
            (false, _) if text.len() > VALUE_BYTES_MAX => Err(PromptError::TooLong(self.name)),
            (false, _) => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: serde_json::Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_gap_is_an_argument_and_every_argument_a_gap() {
        for prompt in PROMPTS {
            let gaps: Vec<&str> =
                prompt.text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0)).collect();
            for gap in &gaps {
                assert!(prompt.argument(gap).is_some(), "{}: {gap}", prompt.name);
            }
            for argument in prompt.arguments {
                assert!(gaps.contains(&argument.name), "{}: {}", prompt.name, argument.name);
            }
            assert!(prompt.tools().count() > 0, "{}", prompt.name);
        }
    }

    #[test]
    fn gaps_are_filled_once() {
        let prompt = find("quotation_from_mail").unwrap();
        let text = prompt.filled(&given(json!({"mail": "ten {{customer}} chairs"}))).unwrap();
        assert!(text.contains("ten {{customer}} chairs"), "{text}");
        assert!(text.contains("`default`") && !text.contains("{{connection}}"), "{text}");
    }

    #[test]
    fn wrong_arguments_are_told() {
        let prompt = find("quotation_from_mail").unwrap();
        for (wrong, error) in [
            (json!({}), PromptError::Missing("mail")),
            (json!({"mail": "  "}), PromptError::Missing("mail")),
            (json!({"mail": 5}), PromptError::NoText("mail")),
            (json!({"mail": "x".repeat(VALUE_BYTES_MAX + 1)}), PromptError::TooLong("mail")),
            (json!({"mail": "x", "other": "y"}), PromptError::Unknown("other".to_owned())),
        ] {
            assert_eq!(prompt.filled(&given(wrong)), Err(error));
        }
    }
}
