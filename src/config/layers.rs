//! The layers, lowest first: defaults, settings file, environment, flags.

use std::{
    fs::File,
    io::Read as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    Config, ConfigError, Environment, LanguageModelSettings, Provider, connections, grants,
    keys::{self, PREFIX, TABLES},
    legacy, metrics, paths,
    problems::Findings,
    raw::Raw,
    store, tenant_keys, traces,
};
use crate::facts::{Credential, SecretSource, nearest};

/// What the command line says. `None` and `false` say nothing.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub state_dir: Option<PathBuf>,
    pub policy: Option<PathBuf>,
    pub http: Option<SocketAddr>,
    pub sandbox: bool,
}

/// Settings are written by hand; a larger file is another file.
const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;
/// Names the settings file; not a key of it.
const CONFIG_VARIABLE: &str = "ODOO_MCP_CONFIG";

pub(super) fn load(flags: &Flags, environment: &Environment) -> Result<Config, ConfigError> {
    let mut findings = Findings::default();
    let mut config = Config::with_state_dir(paths::state_dir(environment).unwrap_or_default());

    let table = settings_table(flags, environment, &mut config, &mut findings);
    if let Some(table) = &table {
        apply_table(&mut config, table, &mut findings);
    }
    apply_environment(&mut config, environment, &mut findings);
    let tables = table.as_ref();
    config.connections = connections::read(tables, environment, &mut findings);
    config.grants = grants::read(tables, environment, &mut findings);
    if let Some(definition) = legacy::read(environment, &mut findings) {
        config.connections.retain(|other| other.alias != definition.alias);
        config.connections.push(definition);
    }
    tenant_keys::read(&mut config.language_model, environment, &mut findings);
    apply_flags(&mut config, flags);
    check_whole(&config, environment, &mut findings);

    if findings.problems.is_empty() {
        config.warnings = findings.warnings;
        Ok(config)
    } else {
        Err(ConfigError { problems: findings.problems })
    }
}

/// The settings file of the flag, the variable or the usual place. Only the last may be missing.
fn settings_table(
    flags: &Flags,
    environment: &Environment,
    config: &mut Config,
    findings: &mut Findings,
) -> Option<toml::Table> {
    let named = flags.config.clone().or_else(|| environment.get(CONFIG_VARIABLE).map(PathBuf::from));
    let path = match named {
        Some(path) => path,
        None => paths::settings_file(environment).filter(|path| path.exists())?,
    };
    let text = match read_bounded(&path) {
        Ok(text) => text,
        Err(why) => {
            findings.problem(format!("settings file `{}`", path.display()), why);
            return None;
        }
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => Some(table),
        Err(error) => {
            // The library's own rendering repeats the line, which may hold a secret.
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            let what = error.message().lines().next().unwrap_or("not TOML").to_owned();
            findings.problem(format!("settings file `{}`, line {line}", path.display()), what);
            None
        }
    };
    config.settings_file = Some(path);
    table
}

fn read_bounded(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SETTINGS_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > SETTINGS_BYTES_MAX => {
            Err(format!("larger than {SETTINGS_BYTES_MAX} bytes"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("cannot be read: {}", error.kind())),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Walks the file; keys of the table parts are read by their own files.
fn apply_table(config: &mut Config, table: &toml::Table, findings: &mut Findings) {
    for (name, value) in table {
        match value {
            _ if TABLES.contains(&name.as_str()) => {}
            value => apply_value(config, name, value, findings),
        }
    }
}

/// One key, or a section of them, which may have sections of its own.
fn apply_value(config: &mut Config, path: &str, value: &toml::Value, findings: &mut Findings) {
    match value {
        toml::Value::Table(section) if is_section(path) => {
            for (inner, value) in section {
                apply_value(config, &format!("{path}.{inner}"), value, findings);
            }
        }
        value => apply_key(config, path, value, findings),
    }
}

fn is_section(path: &str) -> bool {
    keys::all().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn apply_key(config: &mut Config, path: &str, value: &toml::Value, findings: &mut Findings) {
    let outcome = keys::find(path).and_then(|key| (key.read)(config, Raw::Toml(value)));
    if let Err(message) = outcome {
        findings.problem(format!("`{path}`"), message);
    }
}

fn apply_environment(config: &mut Config, environment: &Environment, findings: &mut Findings) {
    // Our own names come after these and win.
    for (variable, path) in keys::other_names() {
        if let Some(text) = environment.get(variable)
            && let Err(message) = keys::find(path).and_then(|key| (key.read)(config, Raw::Text(text)))
        {
            findings.problem(format!("variable `{variable}`"), message);
        }
    }
    for key in keys::all() {
        let variable = key.variable();
        if let Some(text) = environment.get(&variable)
            && let Err(message) = (key.read)(config, Raw::Text(text))
        {
            findings.problem(format!("variable `{variable}`"), message);
        }
    }
    if let Some(path) = environment.get(&format!("{PREFIX}KEY_FILE")) {
        read_key_file(config, path, findings);
    }
    let known: Vec<String> = keys::all().map(keys::Key::variable).collect();
    let tables: Vec<String> =
        TABLES.iter().map(|table| format!("{PREFIX}{}_", table.to_ascii_uppercase())).collect();
    for name in environment.names().filter(|name| name.starts_with(PREFIX)) {
        let ours = known.iter().any(|known| known == name)
            || name == CONFIG_VARIABLE
            || name == "ODOO_MCP_KEY_FILE"
            || tables.iter().any(|table| name.starts_with(table.as_str()));
        if !ours {
            let meant = nearest(name, known.iter().map(String::as_str), 1);
            let hint = meant.first().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            // Only a warning: the prefix may be shared with a wrapper script of the operator.
            findings.warn(format!("variable `{name}` is not a setting{hint}"));
        }
    }
}

fn read_key_file(config: &mut Config, path: &str, findings: &mut Findings) {
    let mut reference = toml::Table::new();
    reference.insert("file".to_owned(), path.into());
    let value = toml::Value::Table(reference);
    let outcome = keys::find("key").and_then(|key| (key.read)(config, Raw::Toml(&value)));
    if let Err(message) = outcome {
        findings.problem("variable `ODOO_MCP_KEY_FILE`", message);
    }
}

fn apply_flags(config: &mut Config, flags: &Flags) {
    if let Some(state_dir) = &flags.state_dir {
        config.state_dir.clone_from(state_dir);
    }
    if let Some(policy) = &flags.policy {
        config.policy = Some(policy.clone());
    }
    if let Some(http) = flags.http {
        config.http.listen = Some(http);
    }
    config.sandbox |= flags.sandbox;
}

/// What only shows when all layers lie on top of each other.
fn check_whole(config: &Config, environment: &Environment, findings: &mut Findings) {
    if config.state_dir.as_os_str().is_empty() {
        findings.problem(
            "`state_dir`",
            "no home directory is known; name one with --state-dir, `ODOO_MCP_STATE_DIR` or `state_dir`",
        );
    }
    for definition in &config.connections {
        let (Credential::Password(source) | Credential::ApiKey(source)) = &definition.credential;
        check_reference(&format!("connection `{}`", definition.alias), source, environment, findings);
    }
    for grant in &config.grants {
        check_reference(&format!("grant `{}`", grant.grant), &grant.token, environment, findings);
    }
    if let Some(key) = &config.language_model.key {
        check_reference("`language_model.key`", key, environment, findings);
    }
    match store::check(config) {
        Ok(Some(password)) => check_reference("`store_password`", password, environment, findings),
        Ok(None) => {}
        Err(why) => findings.problem("`store_password`", why),
    }
    check_language_model(&config.language_model, findings);
    if let Some(problem) = metrics::problem(config) {
        findings.problem("`metrics`", problem);
    }
    if let Some(problem) = traces::problem(config) {
        findings.problem("`traces`", problem);
    }
    check_file_mode(config, findings);
}

fn check_language_model(settings: &LanguageModelSettings, findings: &mut Findings) {
    let Some(provider) = settings.provider else { return };
    if settings.models.is_empty() {
        findings.problem("`language_model.models`", "name at least one model that may be asked");
    }
    if provider == Provider::Anthropic && settings.key.is_none() && settings.tenants.is_empty() {
        findings.problem(
            "`language_model.key`",
            "the provider wants a key, here or in `ANTHROPIC_API_KEY` or `ANTHROPIC_API_KEY_TENANT`",
        );
    }
}

/// A variable cannot appear later, so it has to be there; a file can.
fn check_reference(owner: &str, source: &SecretSource, environment: &Environment, findings: &mut Findings) {
    match source {
        SecretSource::Env(name) if environment.get(name).is_none() => {
            findings.problem(owner, format!("the variable `{name}` that holds its secret is not set"));
        }
        SecretSource::File(path) if !path.is_file() => {
            findings
                .warn(format!("{owner}: the file `{}` that holds its secret is not there", path.display()));
        }
        SecretSource::Inline(_) | SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Command(_) => {
        }
    }
}

/// A settings file with a secret in it is for its owner only.
#[cfg(unix)]
fn check_file_mode(config: &Config, findings: &mut Findings) {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(path) = &config.settings_file else { return };
    let credentials = config.connections.iter().filter(|one| one.origin == crate::facts::Origin::Settings);
    let inline = credentials
        .map(|one| match &one.credential {
            Credential::Password(source) | Credential::ApiKey(source) => source,
        })
        .chain(config.grants.iter().map(|grant| &grant.token))
        .chain(&config.language_model.key)
        .chain(&config.store_password)
        .any(|source| matches!(source, SecretSource::Inline(_)));
    let open = path.metadata().is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
    if inline && open {
        findings.warn(format!(
            "settings file `{}` holds a secret and others can read it; run `chmod 600` on it or refer to the secret",
            path.display()
        ));
    }
}

#[cfg(not(unix))]
fn check_file_mode(_: &Config, _: &mut Findings) {}
