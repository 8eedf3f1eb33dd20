//! One list of all tools, sorted by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde_json::{Value, json};

use super::{FAMILIES, ToolEntry, features};
use crate::{
    facts::{JsonObject, ToolFacts, hex},
    policy::KnownTools,
};
pub use features::UnknownFeature;

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
    tools: BTreeMap<&'static str, Shelved>,
    /// Tools that do not exist in this process. A policy may go on naming them.
    switched_off: BTreeSet<&'static str>,
}

/// A tool in its place, and what its schema fills in for arguments that a caller leaves out.
#[derive(Debug)]
struct Shelved {
    found: Found,
    /// Made by the first call: schemas are costly, and most tools are not called.
    defaults: OnceLock<Box<[(String, Value)]>>,
    /// The names of its arguments, made by the first call that wants to know.
    arguments: OnceLock<Box<[Box<str>]>>,
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
                let previous = tools.insert(
                    entry.name(),
                    Shelved { found, defaults: OnceLock::new(), arguments: OnceLock::new() },
                );
                debug_assert!(previous.is_none(), "two tools are called {}", entry.name());
            }
        }
        Self { tools, switched_off: BTreeSet::new() }
    }

    /// The same without the tools of these families, classes and risks.
    pub fn without(mut self, features: &[String]) -> Result<Self, UnknownFeature> {
        let tools: Vec<Found> = self.tools.values().map(|shelved| shelved.found).collect();
        self.switched_off = features::named(features, &tools)?;
        Ok(self)
    }

    /// Does a tool of this name exist, but not in this process?
    pub fn is_switched_off(&self, name: &str) -> bool {
        self.switched_off.contains(name)
    }

    /// All names, those of switched-off tools, too.
    pub fn all_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.tools.keys().copied()
    }

    pub fn find(&self, name: &str) -> Option<Found> {
        self.tools.get(name).map(|shelved| shelved.found).filter(|_| !self.is_switched_off(name))
    }

    /// The arguments as rules see them: with the tool's defaults, and without members that are null,
    /// which to every tool is the same as leaving them out.
    pub fn as_rules_see(&self, tool: &Found, arguments: &JsonObject) -> JsonObject {
        let mut seen = arguments.clone();
        seen.retain(|_, value| !value.is_null());
        let Some(shelved) = self.tools.get(tool.entry.name()) else { return seen };
        for (name, value) in shelved.defaults.get_or_init(|| defaults(&tool.entry.input_schema())) {
            if !seen.contains_key(name) {
                seen.insert(name.clone(), value.clone());
            }
        }
        seen
    }

    /// Does the tool have an argument of this name?
    pub fn takes(&self, tool: &Found, argument: &str) -> bool {
        let shelved = self.tools.get(tool.entry.name());
        let names =
            shelved.map(|shelved| shelved.arguments.get_or_init(|| arguments(&tool.entry.input_schema())));
        names.is_some_and(|names| names.iter().any(|name| &**name == argument))
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = Found> + '_ {
        let all = self.tools.values().map(|shelved| shelved.found);
        all.filter(|found| !self.is_switched_off(found.entry.name()))
    }
}

/// The defaults of a schema's properties; one that is null says nothing.
fn defaults(schema: &JsonObject) -> Box<[(String, Value)]> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let with_default = properties.filter_map(|(name, property)| {
        let default = property.get("default").filter(|default| !default.is_null())?;
        Some((name.clone(), default.clone()))
    });
    with_default.collect()
}

fn arguments(schema: &JsonObject) -> Box<[Box<str>]> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter();
    properties.flat_map(JsonObject::keys).map(|name| name.as_str().into()).collect()
}

/// A policy speaks of all tools of the program, whichever of them this process offers.
impl KnownTools for Catalog {
    fn tools(&self) -> Vec<ToolFacts> {
        self.tools.values().map(|shelved| shelved.found.facts()).collect()
    }

    fn input_schema(&self, name: &str) -> Option<JsonObject> {
        self.tools.get(name).map(|shelved| shelved.found.entry.input_schema())
    }

    fn pin(&self, name: &str) -> Option<String> {
        let entry = self.tools.get(name)?.found.entry;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn seen(tool: &str, arguments: Value) -> Value {
        let catalog = Catalog::new();
        let found = catalog.find(tool).unwrap();
        Value::Object(catalog.as_rules_see(&found, arguments.as_object().unwrap()))
    }

    #[test]
    fn rules_see_what_the_tool_will_take_for_granted() {
        let written = seen("odoo_write", json!({ "model": "res.partner", "ids": [1], "values": {} }));
        assert_eq!(written["dry_run"], false);
        assert_eq!(written["connection"], "default");
        assert_eq!(seen("odoo_write", json!({ "dry_run": true, "connection": "x" }))["dry_run"], true);
    }

    #[test]
    fn null_is_no_value() {
        let written = seen("odoo_write", json!({ "values": { "name": null }, "expected": null }));
        assert_eq!(written["values"], json!({ "name": null }));
        assert!(written.get("expected").is_none());
    }
}
