//! The three flags of every command that builds a house.

use std::path::PathBuf;

use clap::Args;

use crate::config::Flags;

#[derive(Debug, Clone, Default, Args)]
pub(super) struct HouseFlags {
    /// Policy file [default: `policy.json` here, else the one inside the program]
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// Where connections, keys and the audit log are kept
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Start the built-in practice Odoo as the connection `default`
    #[arg(long)]
    pub(super) sandbox: bool,
}

impl HouseFlags {
    pub(super) fn layer(&self) -> Flags {
        Flags {
            state_dir: self.state_dir.clone(),
            policy: self.policy.clone(),
            sandbox: self.sandbox,
            ..Flags::default()
        }
    }
}
