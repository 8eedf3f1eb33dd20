//! Getting a secret from where it is kept, at the moment it is needed.

use super::OdooError;
use crate::facts::{Secret, SecretSource};

/// The secret itself. Environment, file and command are read anew each time, so rotation works.
pub(crate) async fn resolve(source: &SecretSource) -> Result<Secret, OdooError> {
    match source {
        SecretSource::Inline(secret) => Ok(secret.clone()),
        SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Command(_) => {
            Err(OdooError::Setup { why: "skeleton".to_owned(), hint: None })
        }
    }
}
