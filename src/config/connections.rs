//! Tables `[connections.NAME]` and their variables `ODOO_MCP_CONNECTIONS_NAME_KEY`.

use std::{collections::BTreeMap, path::PathBuf};

use toml::Value;
use url::Url;

use super::{
    Environment,
    keys::{PREFIX, unknown},
    problems::Findings,
    raw::{Raw, shown},
};
use crate::facts::{
    ConnectionAlias, Credential, Definition, Origin, Pin, Protocol, SecretSource, Trust, from_hex,
};

/// What a connection may say of itself.
const KEYS: &[&str] = &["url", "db", "username", "password", "api_key", "protocol", "ca_file", "pin_sha256"];
/// Secrets that a variable may also name by file: `…_PASSWORD_FILE`.
const SECRET_KEYS: &[&str] = &["password", "api_key"];

/// The values of one connection before they are understood, each with its place.
#[derive(Default)]
struct Draft {
    values: BTreeMap<&'static str, (String, Value)>,
    origin: Option<Origin>,
}

pub(super) fn read(
    table: Option<&toml::Table>,
    environment: &Environment,
    findings: &mut Findings,
) -> Vec<Definition> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    match table.and_then(|table| table.get("connections")) {
        Some(Value::Table(connections)) => {
            for (alias, connection) in connections {
                read_table(alias, connection, &mut drafts, findings);
            }
        }
        Some(_) => findings.problem("`connections`", "tables were expected, such as `[connections.default]`"),
        None => {}
    }
    read_variables(environment, &mut drafts, findings);
    drafts.iter().filter_map(|(alias, draft)| definition(alias, draft, findings)).collect()
}

fn read_table(
    alias: &str,
    connection: &Value,
    drafts: &mut BTreeMap<String, Draft>,
    findings: &mut Findings,
) {
    let place = format!("connections.{}", shown(alias));
    let Value::Table(connection) = connection else {
        findings.problem(format!("`{place}`"), "a table was expected");
        return;
    };
    let draft = drafts.entry(alias.to_owned()).or_default();
    draft.origin = Some(Origin::Settings);
    for (name, value) in connection {
        let place = format!("`{place}.{}`", shown(name));
        match KEYS.iter().find(|key| *key == name) {
            Some(key) => {
                draft.values.insert(key, (place, value.clone()));
            }
            None => findings.problem(place, unknown(name, KEYS.iter().copied())),
        }
    }
}

/// `ODOO_MCP_CONNECTIONS_MY_SHOP_DB` belongs to the connection of the file whose name reads so in
/// capitals (`my-shop`), else to `my_shop`.
fn read_variables(environment: &Environment, drafts: &mut BTreeMap<String, Draft>, findings: &mut Findings) {
    let prefix = format!("{PREFIX}CONNECTIONS_");
    for variable in environment.names() {
        let Some(rest) = variable.strip_prefix(&prefix) else { continue };
        let place = format!("variable `{variable}`");
        let found = KEYS.iter().find_map(|key| {
            let capitals = key.to_ascii_uppercase();
            let by_file = SECRET_KEYS.contains(key).then(|| rest.strip_suffix(&format!("_{capitals}_FILE")));
            match by_file.flatten() {
                Some(name) => Some((name, *key, "file")),
                None => rest.strip_suffix(&format!("_{capitals}")).map(|name| (name, *key, "env")),
            }
        });
        let Some((name, key, reference)) = found.filter(|(name, ..)| !name.is_empty()) else {
            findings.problem(place, format!("it ends in none of {}", KEYS.join(", ").to_ascii_uppercase()));
            continue;
        };
        let text = environment.get(variable).unwrap_or_default();
        let value = if SECRET_KEYS.contains(&key) {
            // The variable is referred to, not copied.
            let target = if reference == "env" { variable } else { text };
            let entry = (reference.to_owned(), Value::String(target.to_owned()));
            Value::Table([entry].into_iter().collect())
        } else {
            Value::String(text.to_owned())
        };
        let alias = drafts.keys().find(|alias| in_capitals(alias) == name).cloned();
        let draft = drafts.entry(alias.unwrap_or_else(|| name.to_ascii_lowercase())).or_default();
        if SECRET_KEYS.contains(&key) {
            // A credential of the environment replaces the one of the file, whatever its kind.
            draft
                .values
                .retain(|other, (place, _)| !SECRET_KEYS.contains(other) || place.starts_with("variable"));
        }
        draft.origin = draft.origin.or(Some(Origin::Environment));
        draft.values.insert(key, (place, value));
    }
}

/// A name as it stands in a variable.
pub(super) fn in_capitals(name: &str) -> String {
    name.replace(['-', '.'], "_").to_ascii_uppercase()
}

fn definition(alias: &str, draft: &Draft, findings: &mut Findings) -> Option<Definition> {
    let before = findings.problems.len();
    let owner = format!("`connections.{}`", shown(alias));
    let mut reader = Reader { draft, owner: &owner, findings };
    let name = match ConnectionAlias::parse(alias) {
        Ok(name) => Some(name),
        Err(error) => {
            reader.findings.problem(owner.as_str(), error.to_string());
            None
        }
    };
    let url = reader.required("url", |raw| raw.text().and_then(|text| odoo_url(&text)));
    let db = reader.required("db", |raw| raw.text());
    let username = reader.required("username", |raw| raw.text());
    let credential = reader.credential();
    let protocol = reader.optional("protocol", |raw| raw.text().and_then(|text| protocol(&text)));
    let trust = reader.trust(url.as_ref());
    if findings.problems.len() > before {
        return None;
    }
    Some(Definition {
        alias: name?,
        url: url?,
        db: db?,
        username: username?,
        credential: credential?,
        protocol: protocol.unwrap_or_default(),
        trust,
        origin: draft.origin.unwrap_or(Origin::Settings),
    })
}

struct Reader<'a> {
    draft: &'a Draft,
    owner: &'a str,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn optional<T>(&mut self, key: &str, read: impl FnOnce(Raw<'_>) -> Result<T, String>) -> Option<T> {
        let (place, value) = self.draft.values.get(key)?;
        match read(Raw::Toml(value)) {
            Ok(value) => Some(value),
            Err(message) => {
                self.findings.problem(place.as_str(), message);
                None
            }
        }
    }

    fn required<T>(&mut self, key: &str, read: impl FnOnce(Raw<'_>) -> Result<T, String>) -> Option<T> {
        let given = match self.draft.values.get(key) {
            Some((_, Value::String(text))) => !text.is_empty(),
            Some(_) => true,
            None => false,
        };
        if !given {
            self.findings.problem(self.owner, format!("`{key}` is missing"));
            return None;
        }
        self.optional(key, read)
    }

    fn credential(&mut self) -> Option<Credential> {
        let given = |key| self.draft.values.contains_key(key);
        match (given("password"), given("api_key")) {
            (true, true) => {
                self.findings.problem(self.owner, "both `password` and `api_key` are given; keep one");
                None
            }
            (false, false) => {
                self.findings.problem(self.owner, "`api_key` or `password` is missing");
                None
            }
            (true, false) => self.optional("password", |raw| raw.secret()).map(Credential::Password),
            (false, true) => self.optional("api_key", |raw| raw.secret()).map(Credential::ApiKey),
        }
    }

    fn trust(&mut self, url: Option<&Url>) -> Trust {
        let ca_file: Option<PathBuf> = self.optional("ca_file", |raw| raw.path());
        let pin = self.optional("pin_sha256", |raw| raw.text().and_then(|text| pin_bytes(&text)));
        let Some(url) = url else { return Trust::System };
        if (ca_file.is_some() || pin.is_some()) && url.scheme() != "https" {
            self.findings.problem(self.owner, "`ca_file` and `pin_sha256` need an `https` address");
        }
        match (ca_file, pin) {
            (Some(_), Some(_)) => {
                self.findings.problem(self.owner, "both `ca_file` and `pin_sha256` are given; keep one");
                Trust::System
            }
            (Some(path), None) => Trust::CaFile(path),
            (None, Some(spki_sha256)) => Trust::Pinned(Pin {
                host: url.host_str().unwrap_or_default().to_owned(),
                port: url.port_or_known_default().unwrap_or_default(),
                spki_sha256,
            }),
            (None, None) => Trust::System,
        }
    }
}

/// The address of an Odoo: scheme, host, port, perhaps a prefix; nothing that could carry a secret.
pub fn odoo_url(text: &str) -> Result<Url, String> {
    const EXAMPLE: &str = "such as `https://odoo.example.com`";
    let url = Url::parse(text).map_err(|error| format!("not an address ({error}), {EXAMPLE}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("an address with `http` or `https` was expected, {EXAMPLE}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user name and password do not belong into the address".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("an address without `?` and `#` was expected, {EXAMPLE}"));
    }
    Ok(url)
}

pub(super) fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "auto" => Ok(Protocol::Auto),
        "json2" => Ok(Protocol::Json2),
        "jsonrpc" => Ok(Protocol::JsonRpc),
        "xmlrpc" => Ok(Protocol::XmlRpc),
        other => Err(format!("`{}` is no protocol; use auto, json2, jsonrpc or xmlrpc", shown(other))),
    }
}

fn pin_bytes(text: &str) -> Result<[u8; 32], String> {
    from_hex(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "the SHA-256 of the public key was expected: 64 hexadecimal digits".to_owned())
}

/// A secret of the legacy variables: by reference to the variable itself, or to the file it names.
pub(super) fn secret_by_variable(environment: &Environment, variable: &str) -> Vec<(String, SecretSource)> {
    let mut found = Vec::new();
    if environment.get(variable).is_some() {
        found.push((variable.to_owned(), SecretSource::Env(variable.to_owned())));
    }
    let by_file = format!("{variable}_FILE");
    if let Some(path) = environment.get(&by_file) {
        found.push((by_file, SecretSource::File(path.into())));
    }
    found
}
