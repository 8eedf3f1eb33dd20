//! Features that a server may not have.

use crate::{odoo::OdooError, tools::ToolError};

/// A model that is not there is an application that is not installed.
pub(super) fn not_installed(error: OdooError, feature: &str, modules: &str) -> ToolError {
    match error {
        OdooError::UnknownModel { .. } => ToolError::Stopped {
            code: "not_installed",
            message: format!("this Odoo has no {feature}"),
            hint: Some(format!("an administrator can install {modules} there")),
        },
        other => other.into(),
    }
}
