//! One list of all tools, sorted by name.

use std::collections::BTreeMap;

use super::{FAMILIES, ToolEntry};
use crate::facts::ToolFacts;

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

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}
