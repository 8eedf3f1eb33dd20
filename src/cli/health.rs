//! `health`: asks a running server whether it can take calls, for images and service managers that have no
//! other way to ask.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use clap::Args;

use super::{Session, Stop};
use crate::config;

/// Whoever asks has a few seconds.
const WAIT: Duration = Duration::from_secs(3);
/// The answer is a line of JSON.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Ask a running server whether it can take calls
#[derive(Debug, Args)]
#[command(after_help = "\
The answer is that of /readyz; the exit code is 1 where the server cannot take calls, or is not there.

Examples:
  odoo-mcp health
  odoo-mcp health 127.0.0.1:9184")]
pub(super) struct Health {
    /// Where it listens
    #[arg(default_value = "127.0.0.1:8084", value_parser = config::listen_address)]
    address: SocketAddr,
}

impl Health {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let failed = |error: std::io::Error| {
            Stop::FailedWith(format!("no answer from `{}`: {}", self.address, error.kind()))
        };
        let answer = self.ask().map_err(failed)?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim()).unwrap_or_default();
        session.terminal.line(body)?;
        if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(Stop::Failed) }
    }

    fn ask(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, WAIT)?;
        stream.set_read_timeout(Some(WAIT))?;
        stream.set_write_timeout(Some(WAIT))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    }
}
