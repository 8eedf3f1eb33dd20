//! `completions`: what a shell needs to complete our command line.

use clap::Args;
use clap_complete::Shell;

use super::{Session, Stop};

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  odoo-mcp completions bash > ~/.local/share/bash-completion/completions/odoo-mcp
  odoo-mcp completions zsh > ~/.zfunc/_odoo-mcp
  odoo-mcp completions fish > ~/.config/fish/completions/odoo-mcp.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, session: &Session, mut command: clap::Command) -> Result<(), Stop> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "odoo-mcp", &mut script);
        Ok(session.terminal.raw(&script)?)
    }
}
