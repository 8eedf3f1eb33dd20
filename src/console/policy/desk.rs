//! What the console needs of whoever keeps the policy: its text, its earlier texts, and a new one.

use std::fmt::Debug;

use crate::store::StateDir;

/// A text that was in force before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub id: String,
    pub at: String,
}

/// What became of a new policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activated {
    InForce,
    /// Another text was put in place meanwhile, by somebody else.
    Conflict,
    Failed(String),
}

/// Where the policy is kept. Its methods read and write files, so they are called where that may wait.
pub trait PolicyDesk: Debug + Send + Sync {
    fn state(&self) -> &StateDir;

    /// What the policy is called, without its directory.
    fn name(&self) -> String;

    /// The text as it stands in the file.
    fn text(&self) -> Result<String, String>;

    /// Why the file cannot be written, if it cannot.
    fn locked_because(&self) -> Option<String>;

    /// Texts that were in force before, the newest first.
    fn versions(&self) -> Vec<Version>;

    fn version(&self, id: &str) -> Option<String>;

    /// Puts a checked text in place of the one whose digest is named, and in force. The one before is kept.
    fn activate(&self, base: &str, text: &str) -> Activated;
}

/// The digest by which a text is told from others.
pub fn digest_of(text: &str) -> String {
    crate::facts::hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}
