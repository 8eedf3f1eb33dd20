//! `user totp`: a second factor for an account of this server.

use clap::Args;
use qrcodegen::{QrCode, QrCodeEcc};

use super::{place::stopped, secrets::line};
use crate::{
    cli::{Session, Stop},
    facts::UserName,
    identity::{NewSecondFactor, People, local_name},
};

/// Ask an account for the code of an authenticator as well, or not any more
#[derive(Debug, Args)]
#[command(after_help = "\
Shows a key for an authenticator and ten recovery codes, once, and asks for a first code. Nothing is kept
before that code is right. Without a terminal the code is read from standard input.

Examples:
  odoo-mcp user totp anna
  odoo-mcp user totp anna --off")]
pub(super) struct Totp {
    #[arg(value_parser = local_name)]
    name: UserName,
    /// Ask for no code any more
    #[arg(long)]
    off: bool,
}

impl Totp {
    pub(super) async fn run(self, session: &Session, people: &People) -> Result<(), Stop> {
        let accounts = people.accounts();
        if self.off {
            accounts.set_second_factor(&self.name, None).await.map_err(stopped)?;
            return Ok(session.terminal.line(&format!("{}: no code is asked for any more", self.name))?);
        }
        let new = accounts.new_second_factor(&self.name).await.map_err(stopped)?;
        show(session, &self.name, &new)?;
        let code = line(session, "Code that the authenticator shows now: ");
        if !new.is_shown_as(&code, jiff::Timestamp::now()) {
            return Err(Stop::FailedWith(
                "this is not the code of that key, so nothing was changed; is the clock right?".to_owned(),
            ));
        }
        accounts.set_second_factor(&self.name, Some(&new)).await.map_err(stopped)?;
        Ok(session.terminal.line(&format!("{}: from now on a code is asked for", self.name))?)
    }
}

/// The only time that anybody sees them.
fn show(session: &Session, name: &UserName, new: &NewSecondFactor) -> Result<(), Stop> {
    let terminal = session.terminal;
    let address = new.address(name.as_str());
    if terminal.can_ask()
        && let Some(picture) = picture(address.reveal())
    {
        terminal.line(&picture)?;
    }
    terminal.line(&format!("key:     {}", new.key.reveal()))?;
    terminal.line(&format!("address: {}", address.reveal()))?;
    terminal.line("recovery codes, each good once; keep them where the authenticator is not:")?;
    for code in &new.recovery_codes {
        terminal.line(&format!("  {}", code.reveal()))?;
    }
    Ok(())
}

/// Two rows of the code in each line of text, light on dark as terminals mostly are.
fn picture(text: &str) -> Option<String> {
    const QUIET: i32 = 2;
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let (from, to) = (-QUIET, code.size() + QUIET);
    let mut lines = String::new();
    for y in (from..to).step_by(2) {
        for x in from..to {
            lines.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => ' ',
                (true, false) => '▄',
                (false, true) => '▀',
                (false, false) => '█',
            });
        }
        lines.push('\n');
    }
    Some(lines)
}
