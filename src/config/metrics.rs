//! Numbers for Prometheus: nowhere, at an address of their own, or at the main door.

use std::net::SocketAddr;

use super::{
    Config,
    keys::{Key, listen_address},
    raw::{Raw, shown},
};
use crate::facts::{Secret, SecretSource};

/// Who may read numbers, and where.
#[derive(Debug, Clone, Default)]
pub struct MetricsSettings {
    pub door: MetricsDoor,
    /// The address of their own. Only a loopback one needs no token.
    pub listen: Option<SocketAddr>,
    /// The bearer token of whoever collects them.
    pub token: Option<Secret>,
}

/// Where numbers are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MetricsDoor {
    #[default]
    Off,
    /// At `metrics.listen`, beside the probes.
    Own,
    /// At `/metrics` of the HTTP door, with the token or as somebody who runs this server.
    Main,
}

pub(super) const KEYS: &[Key] = &[
    Key { path: "metrics.serve", read: read_door },
    Key {
        path: "metrics.listen",
        read: |config, raw| {
            config.http.metrics.listen = Some(listen_address(&raw.text()?)?);
            Ok(())
        },
    },
    Key { path: "metrics.token", read: read_token },
];

/// Shorter ones can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

fn read_door(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    config.http.metrics.door = match text.as_str() {
        "off" => MetricsDoor::Off,
        "own" => MetricsDoor::Own,
        "main" => MetricsDoor::Main,
        other => return Err(format!("`{}` is no place for numbers; use off, own or main", shown(other))),
    };
    Ok(())
}

fn read_token(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let token = match raw.secret()? {
        SecretSource::Inline(secret) => secret,
        SecretSource::File(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read `{}`: {}", path.display(), error.kind()))?;
            Secret::new(text.trim().to_owned())
        }
        SecretSource::Env(_) | SecretSource::Command(_) => {
            return Err("write { file = \"PATH\" } or set the variable `ODOO_MCP_METRICS_TOKEN`".to_owned());
        }
    };
    if token.reveal().len() < TOKEN_BYTES_MIN {
        return Err(format!("the token is shorter than {TOKEN_BYTES_MIN} bytes"));
    }
    config.http.metrics.token = Some(token);
    Ok(())
}

/// What only shows when all layers lie on top of each other.
pub(super) fn problem(config: &Config) -> Option<&'static str> {
    let settings = &config.http.metrics;
    match (settings.door, settings.listen) {
        (MetricsDoor::Off | MetricsDoor::Main, Some(_)) => {
            Some("`metrics.listen` is used only with `metrics.serve = \"own\"`")
        }
        (MetricsDoor::Own, None) => Some("`metrics.serve = \"own\"` needs `metrics.listen`"),
        (MetricsDoor::Own, Some(address))
            if settings.token.is_none() && !address.ip().to_canonical().is_loopback() =>
        {
            Some("`metrics.listen` is not a loopback address, so it needs `metrics.token`")
        }
        _ => None,
    }
}
