//! Digests that stand for values: the same for the same value and grant, and nothing to whoever lacks
//! the key. The key is that of the state directory, fetched when the first digest is made.

use std::sync::Arc;

use serde_json::Value;

use super::{Connections, shelf::Shelf};
use crate::facts::GrantName;

/// Characters of a digest that are shown: enough that two values hardly ever share them.
const SHOWN_CHARS: usize = 16;
const PREFIX: &str = "hash:";
/// Keeps these digests apart from all others under the same key.
const PURPOSE: &str = "value of a field";

/// Makes digests for one grant.
#[derive(Debug, Clone)]
pub(in crate::odoo) struct Digests {
    shelf: Option<Arc<Shelf>>,
    grant: GrantName,
}

impl Digests {
    /// The digest of a value; `None` where there is no key.
    pub(in crate::odoo) fn of(&self, value: &Value) -> Option<String> {
        let key = match self.shelf.as_ref()?.keys().for_sealing() {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(%error, "no key for digests of values; they are masked");
                return None;
            }
        };
        let text = [PURPOSE, self.grant.as_str(), &value.to_string()].join("\0");
        let digest = key.digest(text.as_bytes());
        Some(PREFIX.chars().chain(digest.chars().take(SHOWN_CHARS)).collect())
    }

    /// Digests without a key, for tests.
    #[cfg(test)]
    pub(in crate::odoo) fn without_key() -> Self {
        Self { shelf: None, grant: GrantName::local() }
    }

    /// Digests under the key of a directory, for tests.
    #[cfg(test)]
    pub(in crate::odoo) fn in_directory(dir: &crate::store::StateDir, grant: &str) -> Self {
        let keys = crate::store::SealKeys::in_file(dir);
        let limits = crate::facts::Limits::default();
        let shelf = Shelf::new(dir.clone(), keys, limits);
        Self { shelf: Some(Arc::new(shelf)), grant: GrantName::parse(grant).unwrap() }
    }
}

impl Connections {
    /// What makes the digests that a caller of this grant sees.
    pub(in crate::odoo) fn digests(&self, grant: &GrantName) -> Digests {
        Digests { shelf: self.shelf.clone(), grant: grant.clone() }
    }
}
