//! `serve`: the doors for clients.

use std::net::SocketAddr;

use clap::Args;

use super::{Session, Stop, house_flags::HouseFlags, logging, runtime, signals};
use crate::{config, house::House};

/// Serve MCP on standard input and output, or over HTTP
#[derive(Debug, Args)]
#[command(after_help = "\
Standard output carries MCP and nothing else; the log goes to standard error.
SIGHUP reads the policy again; SIGTERM lets running calls end and stops.

Examples:
  claude mcp add odoo -- odoo-mcp serve
  odoo-mcp serve --http 127.0.0.1:8084
  odoo-mcp serve --policy /etc/odoo-mcp/policy.json --state-dir /var/lib/odoo-mcp
  odoo-mcp serve --sandbox")]
pub(super) struct Serve {
    /// Serve Streamable HTTP at http://ADDR/mcp
    #[arg(long, value_name = "ADDR", value_parser = config::listen_address)]
    http: Option<SocketAddr>,
    #[command(flatten)]
    house: HouseFlags,
}

impl Serve {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let mut flags = self.house.layer();
        flags.config.clone_from(&session.config_file);
        flags.http = self.http;
        let config = session.load(&flags)?;
        logging::start(config.log);
        runtime::block_on(async move {
            let house = House::build(config).await?;
            let reload = signals::at_each_hangup(|| house.reload_policy());
            tokio::select! {
                () = signals::end_asked() => Ok(()),
                () = reload => Ok(()),
            }
        })
    }
}
