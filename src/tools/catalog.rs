//! One list of all tools, sorted by name.

use std::collections::BTreeMap;

use serde_json::json;

use super::{FAMILIES, ToolEntry};
use crate::{
    facts::{JsonObject, ToolFacts, hex},
    policy::KnownTools,
};

/// A folder of tools that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    pub name: &'static str,
    /// The `TOOLS` list of each file of the family.
    pub tools: &'static [&'static [ToolEntry]],
}

/// A tool and the family it lives in.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub entry: ToolEntry,
    pub family: &'static str,
}

impl Found {
    pub fn facts(&self) -> ToolFacts {
        self.entry.facts(self.family)
    }
}

/// All tools of this program by name.
#[derive(Debug)]
pub struct Catalog {
    tools: BTreeMap<&'static str, Found>,
}

impl Catalog {
    pub fn new() -> Self {
        Self::of(FAMILIES)
    }

    pub fn of(families: &[Family]) -> Self {
        let mut tools = BTreeMap::new();
        for family in families {
            for entry in family.tools.iter().copied().flatten() {
                let found = Found { entry: *entry, family: family.name };
                let previous = tools.insert(entry.name(), found);
                debug_assert!(previous.is_none(), "two tools are called {}", entry.name());
            }
        }
        Self { tools }
    }

    pub fn find(&self, name: &str) -> Option<Found> {
        self.tools.get(name).copied()
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = Found> + '_ {
        self.tools.values().copied()
    }
}

impl KnownTools for Catalog {
    fn tools(&self) -> Vec<ToolFacts> {
        self.iter().map(|found| found.facts()).collect()
    }

    fn input_schema(&self, name: &str) -> Option<JsonObject> {
        self.find(name).map(|found| found.entry.input_schema())
    }

    fn pin(&self, name: &str) -> Option<String> {
        let entry = self.find(name)?.entry;
        let told = json!({
            "name": entry.name(), "title": entry.title(), "description": entry.description(),
            "input": entry.input_schema(), "output": entry.output_schema(),
            "class": entry.class(), "risk": entry.risk(), "idempotent": entry.idempotent(),
        });
        let digest = ring::digest::digest(&ring::digest::SHA256, told.to_string().as_bytes());
        Some(format!("sha256:{}", hex(digest.as_ref())))
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}
