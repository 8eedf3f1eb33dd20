//! Traces for OpenTelemetry: where they go, and how many.

use url::Url;

use super::{
    Config,
    connections::odoo_url,
    keys::Key,
    public_url::is_loopback,
    raw::{Raw, shown},
};
use crate::facts::{Secret, SecretSource};

/// Spans for a collector.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// Where spans are sent; without it there are none.
    pub endpoint: Option<Url>,
    /// How this server is called among others.
    pub service: String,
    /// The part of the traces that begin here which is recorded, from 0 to 1.
    pub share: f64,
    /// Headers that the collector wants.
    pub headers: Vec<(String, Secret)>,
    /// Does Odoo get to know which trace a request belongs to?
    pub to_odoo: bool,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            service: "odoo-mcp".to_owned(),
            share: 1.0,
            headers: Vec::new(),
            to_odoo: false,
        }
    }
}

/// What stands behind the address of a collector.
const PATH: &str = "/v1/traces";
/// Longest name of this server.
const SERVICE_CHARS_MAX: usize = 100;

pub(super) const KEYS: &[Key] = &[
    Key { path: "traces.endpoint", read: read_endpoint },
    Key { path: "traces.service", read: read_service },
    Key { path: "traces.share", read: read_share },
    Key { path: "traces.headers", read: read_headers },
    Key {
        path: "traces.to_odoo",
        read: |config, raw| raw.yes_or_no().map(|yes| config.traces.to_odoo = yes),
    },
];

/// As the OpenTelemetry specification names them.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "traces.endpoint"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "traces.headers"),
    ("OTEL_SERVICE_NAME", "traces.service"),
];

fn read_endpoint(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    let mut url = odoo_url(&text).map_err(|why| why.replace("odoo.example.com", "collector.example.com"))?;
    let path = url.path().trim_end_matches('/');
    if !path.ends_with(PATH) {
        let path = format!("{path}{PATH}");
        url.set_path(&path);
    }
    config.traces.endpoint = Some(url);
    Ok(())
}

fn read_service(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let name = raw.text()?;
    if name.is_empty() || name.chars().count() > SERVICE_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(format!("a name of at most {SERVICE_CHARS_MAX} characters was expected"));
    }
    config.traces.service = name;
    Ok(())
}

fn read_share(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.traces.share = raw.share()?;
    Ok(())
}

/// `name=value,name=value`, as the specification writes them.
fn read_headers(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = match raw.secret()? {
        SecretSource::Inline(secret) => secret,
        SecretSource::File(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read `{}`: {}", path.display(), error.kind()))?;
            Secret::new(text.trim().to_owned())
        }
        SecretSource::Env(_) | SecretSource::Command(_) => {
            return Err("write { file = \"PATH\" } or set `OTEL_EXPORTER_OTLP_HEADERS`".to_owned());
        }
    };
    let mut headers = Vec::new();
    for pair in text.reveal().split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err("headers are written as `name=value,name=value`".to_owned());
        };
        let name = name.trim();
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!("`{}` is no name of a header", shown(name)));
        }
        let value = decoded(value.trim());
        if http::HeaderValue::from_str(&value).is_err() {
            return Err(format!("the value of the header `{}` cannot be sent", shown(name)));
        }
        headers.push((name.to_owned(), Secret::new(value)));
    }
    config.traces.headers = headers;
    Ok(())
}

/// Values may hold `%20` and the like.
fn decoded(value: &str) -> String {
    let pair = format!("x={}", value.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map_or_else(|| value.to_owned(), |(_, value)| value.into_owned())
}

/// What only shows when all layers lie on top of each other.
pub(super) fn problem(config: &Config) -> Option<&'static str> {
    let endpoint = config.traces.endpoint.as_ref()?;
    let in_clear = endpoint.scheme() == "http" && !is_loopback(endpoint);
    (in_clear && !config.traces.headers.is_empty())
        .then_some("`traces.headers` would travel in clear; use an https address")
}
