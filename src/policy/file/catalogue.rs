//! The tools that a file may speak of: those of this program, and those that were announced.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::{announced::ANNOUNCED, document::Pattern};
use crate::{
    facts::{Class, nearest, within_distance},
    policy::KnownTools,
};

/// A name this close to a real one is taken for a mistake.
const TYPING_MISTAKES_MAX: usize = 2;

pub(super) struct Catalogue<'a> {
    known: &'a dyn KnownTools,
    classes: HashMap<&'static str, Class>,
    names: BTreeMap<&'static str, Letters>,
    schemas: RefCell<HashMap<String, Option<Arc<Value>>>>,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(known: &'a dyn KnownTools) -> Self {
        let tools = known.tools();
        let classes: HashMap<&'static str, Class> =
            tools.iter().map(|tool| (tool.name, tool.class)).collect();
        let names = classes.keys().copied().chain(ANNOUNCED.iter().copied());
        let names = names.map(|name| (name, Letters::of(name))).collect();
        Self { known, classes, names, schemas: RefCell::default() }
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// A real name that was probably meant. Most pairs are told apart by their letters alone.
    pub(super) fn meant_by(&self, name: &str) -> Option<&'static str> {
        let wanted = Letters::of(name);
        let near: Vec<&'static str> = self
            .names
            .iter()
            .filter(|(known, _)| known.len().abs_diff(name.len()) <= TYPING_MISTAKES_MAX)
            .filter(|(_, letters)| wanted.may_become(letters))
            .map(|(known, _)| *known)
            .filter(|known| within_distance(name, known, TYPING_MISTAKES_MAX))
            .collect();
        nearest(name, near.iter().copied(), 1).first().copied().or_else(|| near.first().copied())
    }

    /// Real names that a pattern matches.
    pub(super) fn matching(&self, pattern: &Pattern) -> impl Iterator<Item = &'static str> {
        self.names.keys().copied().filter(move |name| pattern.matches(name))
    }

    pub(super) fn all(&self) -> Vec<&'static str> {
        self.names.keys().copied().collect()
    }

    pub(super) fn of_class(&self, class: Class) -> Vec<&'static str> {
        let of_class = self.classes.iter().filter(|(_, declared)| **declared == class);
        of_class.map(|(name, _)| *name).collect()
    }

    /// The class of a tool of this program.
    pub(super) fn class(&self, name: &str) -> Option<Class> {
        self.classes.get(name).copied()
    }

    /// The schema of a tool's arguments, made once.
    pub(super) fn schema(&self, name: &str) -> Option<Arc<Value>> {
        if let Some(schema) = self.schemas.borrow().get(name) {
            return schema.clone();
        }
        let schema = self.classes.contains_key(name).then(|| self.known.input_schema(name)).flatten();
        let schema = schema.map(|schema| Arc::new(Value::Object(schema)));
        self.schemas.borrow_mut().insert(name.to_owned(), schema.clone());
        schema
    }
}

/// How often each byte stands in a name, by its low bits.
struct Letters([i16; 32]);

impl Letters {
    fn of(name: &str) -> Self {
        let mut counts = [0; 32];
        for byte in name.bytes() {
            if let Some(count) = counts.get_mut(usize::from(byte % 32)) {
                *count += 1;
            }
        }
        Self(counts)
    }

    /// One mistake changes two of the counts by one at most.
    fn may_become(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&other.0).map(|(one, other)| usize::from(one.abs_diff(*other)));
        differences.sum::<usize>() <= 2 * TYPING_MISTAKES_MAX
    }
}
