//! The language in which the tables of keys are written: what a member of an object may be.
//!
//! One table drives the reader, its messages and the JSON Schema for editors, so they cannot differ.

use std::{cell::RefCell, collections::HashMap};

use regex::Regex;
use serde_json::Value;

use crate::facts::nearest;

/// A kind of object in the file.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name in the schema and in messages: `a limit`.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The keys; several kinds may share a group.
    pub(super) keys: &'static [&'static [Key]],
    /// Exactly one of these has to be there; empty where that does not matter.
    pub(super) exactly_one: &'static [&'static str],
    /// Pairs that must not stand together.
    pub(super) not_together: &'static [(&'static str, &'static str)],
    /// Where the first is there, the others have to be as well.
    pub(super) needs: &'static [(&'static str, &'static [&'static str])],
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    Anything,
    Text,
    /// A text of a certain form.
    Form(&'static Form),
    Flag,
    /// One of these words, each with what it means.
    Word(&'static [(&'static str, &'static str)]),
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// So many seconds.
    Seconds(u64, u64),
    Object(&'static Kind),
    List(&'static Shape),
    /// A list with at least one element: an empty one would hold always or never.
    Filled(&'static Shape),
    /// Names of a form to values.
    Map(&'static Form, &'static Shape),
    /// The one whose JSON type fits.
    OneOf(&'static [Shape]),
    /// A shape that holds itself.
    Later(fn() -> &'static Shape),
}

/// Reads a text only to find out what is wrong with it.
type Reading = fn(&str) -> Result<(), String>;

/// Texts of a certain form.
#[derive(Debug)]
pub(super) struct Form {
    /// For messages: `a tool name`.
    pub(super) said: &'static str,
    pub(super) pattern: &'static str,
    /// Says more exactly than the pattern what is wrong.
    read: Option<Reading>,
}

thread_local! {
    /// The patterns of forms, compiled when a thread first meets them.
    static COMPILED: RefCell<HashMap<&'static str, Regex>> = RefCell::default();
}

/// Longest piece of a value that a message repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// A key that has to be there. Macros, because what they borrow has to live as long as the table.
macro_rules! required {
    ($name:expr, $shape:expr, $about:expr $(,)?) => {
        $crate::policy::file::shape::Key { name: $name, shape: $shape, required: true, about: $about }
    };
}

/// A key that may stay away.
macro_rules! optional {
    ($name:expr, $shape:expr, $about:expr $(,)?) => {
        $crate::policy::file::shape::Key { name: $name, shape: $shape, required: false, about: $about }
    };
}

pub(super) use {optional, required};

impl Form {
    pub(super) const fn new(said: &'static str, pattern: &'static str) -> Self {
        Self { said, pattern, read: None }
    }

    pub(super) const fn reading(said: &'static str, pattern: &'static str, read: Reading) -> Self {
        Self { said, pattern, read: Some(read) }
    }

    /// What is wrong with a text, if anything.
    fn wrong(&self, text: &str) -> Option<String> {
        match self.read {
            Some(read) => read(text).err(),
            None => (!self.fits(text)).then(|| format!("`{}` is not {}", shown(text), self.said)),
        }
    }

    fn fits(&self, text: &str) -> bool {
        COMPILED.with_borrow_mut(|compiled| {
            if let Some(regex) = compiled.get(self.pattern) {
                return regex.is_match(text);
            }
            let Ok(regex) = Regex::new(self.pattern) else { return false };
            compiled.entry(self.pattern).or_insert(regex).is_match(text)
        })
    }
}

impl Kind {
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }

    pub(super) fn key(&self, name: &str) -> Option<(usize, &'static Key)> {
        self.all_keys().enumerate().find(|(_, key)| key.name == name)
    }
}

/// Keys that say nothing to the policy.
pub(super) fn is_comment(key: &str) -> bool {
    key == "description" || key.starts_with("x-")
}

impl Shape {
    /// Is the value of the JSON type this shape wants? What is in it is another question.
    pub(super) fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Anything => true,
            Self::Text | Self::Form(_) | Self::Word(_) => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Whole(..) | Self::Seconds(..) => value.is_number(),
            Self::Object(_) | Self::Map(..) => value.is_object(),
            Self::List(_) | Self::Filled(_) => value.is_array(),
            Self::OneOf(shapes) => shapes.iter().any(|shape| shape.takes(value)),
            Self::Later(shape) => shape().takes(value),
        }
    }

    /// Every way in which the value does not fit, with its pointer. Objects of a kind are only looked
    /// at from outside: their reader says the rest.
    pub(super) fn check(&self, value: &Value, at: &str, tell: &mut dyn FnMut(String, String)) {
        match (self, value) {
            (Self::Later(shape), value) => shape().check(value, at, tell),
            (Self::Form(form), Value::String(text)) => {
                if let Some(message) = form.wrong(text) {
                    tell(at.to_owned(), message);
                }
            }
            (Self::Word(words), Value::String(text)) if !words.iter().any(|(word, _)| word == text) => {
                let message = match meant_by(text, words) {
                    Some(word) => format!("`{}` is not known here; did you mean \"{word}\"?", shown(text)),
                    None => format!("`{}` is not known here; use {}", shown(text), self.said()),
                };
                tell(at.to_owned(), message);
            }
            (Self::Whole(min, max) | Self::Seconds(min, max), Value::Number(number))
                if !number.as_u64().is_some_and(|number| (*min..=*max).contains(&number)) =>
            {
                tell(at.to_owned(), format!("`{number}` is not {}", self.said()));
            }
            (Self::Filled(_), Value::Array(items)) if items.is_empty() => {
                tell(at.to_owned(), "an empty list says nothing here; fill it or leave it out".to_owned());
            }
            (Self::List(shape) | Self::Filled(shape), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    shape.check(item, &format!("{at}/{index}"), tell);
                }
            }
            (Self::Map(form, shape), Value::Object(members)) => {
                for (key, value) in members.iter().filter(|(key, value)| is_entry(key, value, shape)) {
                    let at = child(at, key);
                    if form.fits(key) {
                        shape.check(value, &at, tell);
                    } else {
                        tell(at, format!("`{}` is not {}", shown(key), form.said));
                    }
                }
            }
            (Self::OneOf(shapes), value) => match shapes.iter().find(|shape| shape.takes(value)) {
                Some(shape @ Self::Word(_)) => shape.check(value, at, &mut |at, message| {
                    let others = shapes.iter().filter(|other| !std::ptr::eq(*other, shape));
                    let others: Vec<String> = others.map(Self::said).collect();
                    tell(at, format!("{message} (or {})", either(&others)));
                }),
                Some(shape) => shape.check(value, at, tell),
                None => tell(at.to_owned(), format!("use {}, not {}", self.said(), type_of(value))),
            },
            (shape, value) if !shape.takes(value) => {
                tell(at.to_owned(), format!("use {}, not {}", self.said(), type_of(value)));
            }
            _ => {}
        }
    }

    /// For messages: what to write here.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Anything => "any value".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Form(form) => form.said.to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                either(&words)
            }
            Self::Whole(min, u64::MAX) => format!("a whole number, {min} or more"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Seconds(min, max) => format!("a number of seconds from {min} to {max}"),
            Self::Object(kind) => format!("an object: {}", kind.name),
            Self::List(shape) | Self::Filled(shape) => match shape {
                Self::Anything => "a list".to_owned(),
                shape => format!("a list, each of it {}", shape.said()),
            },
            Self::Map(form, _) => format!("an object whose keys are each {}", form.said),
            Self::OneOf(shapes) => {
                let shapes: Vec<String> = shapes.iter().map(Self::said).collect();
                either(&shapes)
            }
            Self::Later(shape) => shape().said(),
        }
    }
}

/// Words that other languages use for ours.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("equals", "eq"),
    ("equal", "eq"),
    ("=", "eq"),
    ("==", "eq"),
    ("!=", "neq"),
    ("not_equals", "neq"),
    ("not_eq", "neq"),
    ("<", "lt"),
    ("less", "lt"),
    ("less_than", "lt"),
    ("<=", "lte"),
    (">", "gt"),
    ("greater", "gt"),
    ("greater_than", "gt"),
    (">=", "gte"),
    ("matches", "regex"),
    ("match", "regex"),
    ("not in", "not_in"),
    ("nin", "not_in"),
    ("block", "deny"),
    ("refuse", "deny"),
    ("forbid", "deny"),
    ("hide", "deny"),
    ("hidden", "deny"),
    ("permit", "allow"),
    ("ask", "require_approval"),
    ("approve", "require_approval"),
    ("delete", "unlink"),
    ("remove", "unlink"),
    ("update", "write"),
    ("readonly", "read_only"),
    ("read-only", "read_only"),
];

/// The word that was probably meant.
fn meant_by(text: &str, words: &[(&'static str, &str)]) -> Option<&'static str> {
    let text = text.to_lowercase();
    let known = |wanted: &str| words.iter().map(|(word, _)| *word).find(|word| *word == wanted);
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == text).and_then(|(_, word)| known(word));
    known(&text).or(other).or_else(|| nearest(&text, words.iter().map(|(word, _)| *word), 1).first().copied())
}

/// In a map from names, `description` and `x-…` are names where they hold what an entry holds: a rule
/// for a tool of that name must not be taken for a remark.
pub(super) fn is_entry(key: &str, value: &Value, shape: &Shape) -> bool {
    if !is_comment(key) {
        return true;
    }
    let mut fits = shape.takes(value);
    if !value.is_object() {
        shape.check(value, "", &mut |_, _| fits = false);
    }
    fits
}

/// A pointer one step deeper.
pub(super) fn child(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A piece of the file for a message: shortened, on one line.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn either(choices: &[String]) -> String {
    match choices {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
