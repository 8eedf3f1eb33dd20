//! `usage prices`: the built-in price file, to read or to start one's own from.

use clap::Args;

use crate::{
    cli::{Session, Stop},
    usage::BUILT_IN_PRICES,
};

/// Print the built-in prices, in the form of `usage.prices_file`
#[derive(Debug, Args)]
pub(super) struct Prices {}

impl Prices {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        Ok(session.terminal.raw(BUILT_IN_PRICES.as_bytes())?)
    }
}
