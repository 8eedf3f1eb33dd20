//! What lies in a drawer, and what cannot.

use jiff::Timestamp;

use crate::store::DatabaseError;

/// One thing in a drawer.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    pub value: Vec<u8>,
    /// Another one after each change; one that was taken out and put in again has another one, too.
    pub version: u64,
    /// From then on it is as good as gone.
    pub expires_at: Option<Timestamp>,
}

/// A value may be about a secret, so it is never printed.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("bytes", &self.value.len())
            .field("version", &self.version)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// Why a drawer could not be used. Whoever asked for a permission gets none.
#[derive(Debug, thiserror::Error)]
pub enum CabinetError {
    #[error("the store of shared state cannot be reached: {why}")]
    Unavailable { why: String },
    #[error("a key has 1 to {KEY_BYTES_MAX} bytes and no control characters")]
    Key,
    #[error("a value has at most {VALUE_BYTES_MAX} bytes")]
    TooLarge,
}

/// Names of users and of what belongs to them, one behind the other, are shorter.
const KEY_BYTES_MAX: usize = 600;
/// A note, an account, a registered client: none is larger.
const VALUE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The last of all characters means nothing, so it marks the end of a range of keys.
pub(super) const END_OF_RANGE: char = '\u{10ffff}';

impl From<DatabaseError> for CabinetError {
    fn from(error: DatabaseError) -> Self {
        Self::Unavailable { why: error.to_string() }
    }
}

pub(super) fn check_key(key: &str) -> Result<(), CabinetError> {
    let fits =
        (1..=KEY_BYTES_MAX).contains(&key.len()) && !key.chars().any(|c| c.is_control() || c == END_OF_RANGE);
    if fits { Ok(()) } else { Err(CabinetError::Key) }
}

pub(super) fn check_value(value: &[u8]) -> Result<(), CabinetError> {
    if value.len() <= VALUE_BYTES_MAX { Ok(()) } else { Err(CabinetError::TooLarge) }
}
