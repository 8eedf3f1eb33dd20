//! Settings of single tools, which the corridor hands to each call.

use std::{collections::BTreeMap, path::PathBuf};

use crate::facts::ConnectionAlias;

/// What tools need to know from the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolSettings {
    /// Directories with the source of modules, for `odoo_module_info`.
    pub module_source_dirs: Vec<PathBuf>,
    pub refresh: RefreshSettings,
}

/// How browsers are told of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshSettings {
    /// Tell them after every create, write and message by itself.
    pub after_changes: bool,
    /// The server action that an administrator made once, by connection, where the connection's user
    /// may run it and not look for it.
    pub server_actions: BTreeMap<ConnectionAlias, i64>,
}

/// `default=42`: a connection and the id of its server action.
pub(super) fn server_action(text: &str) -> Result<(ConnectionAlias, i64), String> {
    let (alias, id) = text.split_once('=').ok_or("write the connection and the id, such as `default=42`")?;
    let alias = ConnectionAlias::parse(alias.trim()).map_err(|error| error.to_string())?;
    let id = id.trim().parse::<i64>().ok().filter(|id| (1..=i64::from(i32::MAX)).contains(id));
    Ok((alias, id.ok_or("the id of a server action is a whole number from 1 up")?))
}
