//! What a policy may ask about the tools it rules over, while it is loaded.

use crate::facts::{Class, JsonObject, Risk, ToolFacts};

/// The catalogue as the policy sees it. Schemas are made only for the tools a file speaks of.
pub trait KnownTools {
    /// All tools, sorted by name.
    fn tools(&self) -> Vec<ToolFacts>;
    /// The schema of a tool's arguments; `None` for a tool of another server.
    fn input_schema(&self, name: &str) -> Option<JsonObject>;
    /// Digest over name, description, schemas and annotations, as `sha256:…`.
    fn pin(&self, name: &str) -> Option<String>;
}

/// Names without schemas, for tests and for files that are looked at without a catalogue.
#[derive(Debug)]
pub struct Names(pub &'static [&'static str]);

impl KnownTools for Names {
    fn tools(&self) -> Vec<ToolFacts> {
        let named =
            |name: &&'static str| ToolFacts { name, family: "test", class: Class::Other, risk: Risk::Low };
        self.0.iter().map(named).collect()
    }

    fn input_schema(&self, _: &str) -> Option<JsonObject> {
        None
    }

    fn pin(&self, _: &str) -> Option<String> {
        None
    }
}
