//! The tools of a rehearsal: those of this program, and those a case file makes up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;

use crate::{
    facts::{Class, JsonObject, Risk, ToolFacts},
    policy::KnownTools,
    tools::{Catalog, Found},
};

/// What a case file says of a tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolNotes {
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub class: Option<Class>,
    #[serde(default)]
    pub risk: Option<Risk>,
    /// The schema of its arguments.
    #[serde(default)]
    pub input_schema: Option<JsonObject>,
}

/// The tools that exist in a rehearsal.
#[derive(Debug)]
pub struct StageTools<'a> {
    catalog: &'a Catalog,
    tools: BTreeMap<&'static str, Known>,
}

#[derive(Debug)]
struct Known {
    facts: ToolFacts,
    input_schema: Option<JsonObject>,
    own: Option<Found>,
}

impl<'a> StageTools<'a> {
    /// All tools of this program.
    pub fn all(catalog: &'a Catalog) -> Self {
        let known = |found: Found| {
            (found.entry.name(), Known { facts: found.facts(), input_schema: None, own: Some(found) })
        };
        Self { catalog, tools: catalog.iter().map(known).collect() }
    }

    /// Exactly the tools that a case file names.
    pub fn only(catalog: &'a Catalog, named: &BTreeMap<String, ToolNotes>) -> Self {
        let tools = named.iter().map(|(name, notes)| {
            let own = catalog.find(name).filter(|_| notes.class.is_none() && notes.input_schema.is_none());
            let facts = own.map_or_else(
                || ToolFacts {
                    name: kept(name),
                    family: "other",
                    class: notes.class.unwrap_or(Class::Other),
                    risk: notes.risk.unwrap_or(Risk::Low),
                },
                |found| found.facts(),
            );
            (facts.name, Known { facts, input_schema: notes.input_schema.clone(), own })
        });
        Self { catalog, tools: tools.collect() }
    }

    pub fn facts(&self, name: &str) -> Option<ToolFacts> {
        self.tools.get(name).map(|known| known.facts)
    }

    /// The arguments as rules see them, with the defaults of a tool of this program.
    pub(super) fn as_rules_see(&self, name: &str, arguments: JsonObject) -> JsonObject {
        match self.own(name) {
            Some(own) => self.catalog.as_rules_see(&own, &arguments),
            None => arguments,
        }
    }

    /// The tool of this program with that name.
    pub(super) fn own(&self, name: &str) -> Option<Found> {
        self.tools.get(name).and_then(|known| known.own)
    }
}

impl KnownTools for StageTools<'_> {
    fn tools(&self) -> Vec<ToolFacts> {
        self.tools.values().map(|known| known.facts).collect()
    }

    fn input_schema(&self, name: &str) -> Option<JsonObject> {
        let known = self.tools.get(name)?;
        known.input_schema.clone().or_else(|| Some(known.own?.entry.input_schema()))
    }

    fn pin(&self, name: &str) -> Option<String> {
        self.tools.get(name)?.own?;
        self.catalog.pin(name)
    }
}

/// Tools bear names that live as long as the program. Those of case files are kept, once each: a
/// command reads a few files and ends.
fn kept(name: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(name) {
        return known;
    }
    let name: &'static str = String::leak(name.to_owned());
    kept.insert(name);
    name
}
