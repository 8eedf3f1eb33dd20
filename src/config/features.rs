//! Switches for whole groups of tools. Which groups there are, the catalogue knows; here they are texts.

use super::keys::Key;

pub(super) const KEYS: &[Key] =
    &[Key { path: "features.off", read: |config, raw| raw.list().map(|off| config.features_off = off) }];

/// The name that other servers have for it.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[("MCP_DISABLE_FEATURES", "features.off")];
