//! What settings say, what they may not say, and what a message never repeats.

use super::*;
use crate::facts::{Credential, Origin, Protocol, Trust};

const HOME: (&str, &str) = ("HOME", "/somewhere");
const CANARY: &str = "canary-4711-do-not-print";

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    std::fs::write(&path, file).unwrap();
    let mut all = vec![HOME];
    all.extend_from_slice(variables);
    let flags = Flags { config: Some(path), ..Flags::default() };
    Config::load(&flags, &Environment::of(&all))
}

#[track_caller]
fn refused(file: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let error = load(file, variables).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.problems.len(), expected.len(), "{text}");
    for piece in expected {
        assert!(text.contains(piece), "{piece:?} is not in {text}");
    }
    assert!(!text.contains(CANARY), "{text}");
}

#[test]
fn the_default_file_parses_to_the_defaults() {
    let read = load(DEFAULT_SETTINGS, &[]).unwrap();
    let plain = Config::load(&Flags::default(), &Environment::of(&[HOME])).unwrap();
    let shown = |config: &Config| {
        format!("{:?}", Config { settings_file: None, warnings: Vec::new(), ..copy(config) })
    };
    assert_eq!(shown(&read), shown(&plain));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

fn copy(config: &Config) -> Config {
    Config {
        state_dir: config.state_dir.clone(),
        store: config.store.clone(),
        store_password: config.store_password.clone(),
        store_wait_ms: config.store_wait_ms,
        policy: config.policy.clone(),
        http: config.http.clone(),
        connect: config.connect.clone(),
        grants: config.grants.clone(),
        auth: config.auth.clone(),
        oauth: config.oauth.clone(),
        openid: config.openid.clone(),
        odoo: config.odoo,
        files: config.files,
        memory: config.memory,
        tools: config.tools.clone(),
        language_model: config.language_model.clone(),
        plugins: config.plugins.clone(),
        usage: config.usage.clone(),
        invoices: config.invoices.clone(),
        connections: config.connections.clone(),
        seal_key: config.seal_key.clone(),
        sandbox: config.sandbox,
        sandbox_token: config.sandbox_token.clone(),
        log: config.log,
        traces: config.traces.clone(),
        drain_ms: config.drain_ms,
        features_off: config.features_off.clone(),
        settings_file: None,
        warnings: Vec::new(),
    }
}

#[test]
fn every_key_stands_in_the_default_file_with_its_variable() {
    for key in keys::all() {
        let (section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let stands = DEFAULT_SETTINGS
            .lines()
            .any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} = ")));
        assert!(stands, "{section}.{name} is not in the default file");
        assert!(DEFAULT_SETTINGS.contains(&key.variable()), "{} is not documented", key.variable());
    }
}

#[test]
fn every_key_has_a_variable_that_is_read() {
    for key in keys::all() {
        let variable = key.variable();
        let value = match key.path {
            "http.listen" => "127.0.0.1:1",
            "traces.endpoint" => "https://collector.example.com",
            "traces.headers" => "x-key=a%20b",
            "traces.share" => "0.25",
            "http.trusted_proxies" => "10.0.0.0/8",
            "http.forwarded_by" => "forwarded",
            "log.level" => "debug",
            "metrics.serve" => "main",
            "metrics.token" => "a token for numbers",
            // An address alone is refused; the tests of operations have both.
            "metrics.listen" => continue,
            "auth.openid.issuer" | "auth.openid.jwks_url" => "https://login.example.com",
            "auth.server.registration" | "auth.server.client_documents" => "false",
            "auth.server.enabled" | "auth.server.loopback_documents" => "true",
            "auth.server.refresh_days" | "auth.openid.clock_skew_seconds" => "7",
            "auth.openid.name" => "company",
            "auth.openid.algorithms" => "ES256",
            "auth.openid.grants_by_group" => "staff=office",
            "auth.openid.scopes" => "odoo:read",
            "connect.allowed_urls" => "https://odoo.example.com",
            "connect.os_keyring" if cfg!(not(feature = "os-keyring")) => continue,
            "refresh.server_actions" => "default=42",
            "usage.eur_per_usd" => "2026-01-01=0.9",
            "usage.answer_days" => "7",
            "usage.time_zone" => "Europe/Sofia",
            "usage.tenant_codes" => "default=acme",
            "invoices.pipeline_methods" => "account.move:action_*",
            "plugins.signature" => "off",
            "plugins.unsigned_mode" => "declared",
            "http.public_url" => "https://mcp.example.com",
            "auth.session_hours_max" => "24",
            "auth.token_days" | "auth.session_idle_minutes" => "33",
            "auth.token_days_max" => "333",
            "auth.odoo_connections" | "auth.grant" => "office",
            "auth.enabled" => "true",
            "sandbox"
            | "plugins.enabled"
            | "plugins.strict"
            | "plugins.allow_root"
            | "refresh.after_changes"
            | "log.json"
            | "traces.to_odoo"
            | "connect.any_secret_ref"
            | "connect.os_keyring" => "true",
            "key" => CANARY,
            "store" => "postgres://anna@localhost/shop",
            "invoices.few_shot" | "invoices.routing" => "false",
            "invoices.line_proposals" => "true",
            "invoices.prompt_version" => "v3",
            "invoices.escalation" => "always",
            "invoices.escalation_percent" => "80",
            "invoices.pdf_policy" => "refuse",
            "invoices.posting_method" => "action_post",
            "invoices.unreadable_cap" => "stop",
            "invoices.budget_override_grants" => "local",
            "memory.keep_deleted_days"
            | "invoices.small_bytes"
            | "invoices.image_bytes_min"
            | "invoices.tolerance_thousandths"
            | "invoices.tolerance_per_line_thousandths" => "77",
            path if path.ends_with("_ms") => "1234",
            path if path.ends_with("_max") => "4321",
            "odoo.parallel_requests"
            | "files.keep_hours"
            | "language_model.parallel_requests"
            | "invoices.parallel_per_tenant" => "3",
            // A provider alone is not enough; the test below has all of them.
            "language_model.provider" => continue,
            "language_model.url" => "https://models.example.com",
            _ => "some/where",
        };
        let before = format!("{:?}", load("", &[]).unwrap().with_no_file());
        let after = format!("{:?}", load("", &[(&variable, value)]).unwrap().with_no_file());
        let expected_change = before != after;
        assert!(expected_change, "{variable} changes nothing");
    }
}

impl Config {
    fn with_no_file(mut self) -> Self {
        self.settings_file = None;
        self
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "state_dir = \"/file\"\npolicy = \"/file.json\"\n[log]\nlevel = \"warn\"\n";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    std::fs::write(&path, file).unwrap();
    let flags = Flags { config: Some(path), state_dir: Some("/flag".into()), ..Flags::default() };
    let environment =
        Environment::of(&[HOME, ("ODOO_MCP_STATE_DIR", "/variable"), ("ODOO_MCP_POLICY", "/variable.json")]);
    let config = Config::load(&flags, &environment).unwrap();
    assert_eq!(config.state_dir.to_str(), Some("/flag"));
    assert_eq!(config.policy.unwrap().to_str(), Some("/variable.json"));
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn all_problems_are_said_at_once_with_the_nearest_key() {
    refused(
        "stat_dir = \"x\"\n[htp]\n[http]\nlisten = \"here\"\nbody_bytes_max = -1\n[log]\nlevel = \"loud\"\njson = 1\n",
        &[("ODOO_MCP_DRAIN_MS", "soon")],
        &[
            "`stat_dir`: unknown key; did you mean `state_dir`?",
            "`htp`: unknown key",
            "`here` is not an address and port",
            "`http.body_bytes_max`: a whole number",
            "`loud` is no level",
            "`log.json`: true or false",
            "variable `ODOO_MCP_DRAIN_MS`: a whole number",
        ],
    );
}

#[test]
fn a_file_that_is_not_toml_is_refused_without_repeating_it() {
    let broken = format!("[connections.a]\npassword = \"{CANARY}\nurl=1");
    refused(&broken, &[], &["line 2"]);
    let twice = format!("[connections.a]\npassword = \"{CANARY}\"\npassword = \"{CANARY}\"");
    refused(&twice, &[], &["line 3"]);
}

#[test]
fn a_named_settings_file_has_to_exist() {
    let flags = Flags { config: Some("/nowhere/odoo-mcp.toml".into()), ..Flags::default() };
    let error = Config::load(&flags, &Environment::of(&[HOME])).unwrap_err().to_string();
    assert!(error.contains("/nowhere/odoo-mcp.toml"), "{error}");
}

#[test]
fn without_a_home_the_state_directory_has_to_be_named() {
    let error = Config::load(&Flags::default(), &Environment::default()).unwrap_err().to_string();
    assert!(error.contains("--state-dir"), "{error}");
}

#[test]
fn a_connection_says_everything_that_is_missing_or_wrong() {
    refused("[connections.a]", &[], &["`url` is missing", "`db` is", "`username` is", "`api_key` or"]);
    refused(
        &format!(
            "[connections.\"a/b\"]\nurl = \"ftp://x\"\ndb = \"\"\nusername = 1\npassword = \"{CANARY}\"\napi_key = \"{CANARY}\"\nport = 1\nprotocol = \"soap\"\n"
        ),
        &[],
        &[
            "`a/b` is not a connection alias",
            "`http` or `https`",
            "`db` is missing",
            "username`: a text",
            "both `password` and `api_key`",
            "port`: unknown key",
            "`soap` is no protocol",
        ],
    );
    refused(
        &format!(
            "[connections.a]\nurl = \"https://u:{CANARY}@x\"\ndb = \"d\"\nusername = \"u\"\npassword = {{ envv = \"{CANARY}\" }}"
        ),
        &[],
        &["do not belong into the address", "unknown kind of reference"],
    );
    refused(
        "[connections.a]\nurl = \"http://x\"\ndb = \"d\"\nusername = \"u\"\npassword = { env = \"NOT_SET\" }\nca_file = \"/ca\"",
        &[],
        &["need an `https` address"],
    );
    refused(
        "[connections.a]\nurl = \"http://x\"\ndb = \"d\"\nusername = \"u\"\npassword = { env = \"NOT_SET\" }",
        &[],
        &["the variable `NOT_SET`"],
    );
}

#[test]
fn a_connection_of_the_file_is_read_whole() {
    let pin = "ab".repeat(32);
    let file = format!(
        "[connections.shop]\nurl = \"https://odoo.example.com/\"\ndb = \"d\"\nusername = \"u\"\napi_key = \"{CANARY}\"\nprotocol = \"json2\"\npin_sha256 = \"{pin}\""
    );
    let config = load(&file, &[]).unwrap();
    let [shop] = config.connections.as_slice() else { panic!("{:?}", config.connections) };
    assert_eq!(
        (shop.alias.as_str(), shop.protocol, shop.origin),
        ("shop", Protocol::Json2, Origin::Settings)
    );
    assert!(matches!(&shop.trust, Trust::Pinned(pin) if pin.port == 443 && pin.spki_sha256 == [0xab; 32]));
    assert!(!format!("{config:?}").contains(CANARY));
}

#[test]
fn variables_change_a_connection_of_the_file_and_make_new_ones() {
    let file = "[connections.my-shop]\nurl = \"https://a.example\"\ndb = \"d\"\nusername = \"u\"\npassword = \"old\"";
    let config = load(
        file,
        &[
            ("ODOO_MCP_CONNECTIONS_MY_SHOP_URL", "https://b.example"),
            ("ODOO_MCP_CONNECTIONS_MY_SHOP_API_KEY", CANARY),
            ("ODOO_MCP_CONNECTIONS_TWO_URL", "http://two"),
            ("ODOO_MCP_CONNECTIONS_TWO_DB", "d"),
            ("ODOO_MCP_CONNECTIONS_TWO_USERNAME", "u"),
            ("ODOO_MCP_CONNECTIONS_TWO_PASSWORD_FILE", "/secret"),
        ],
    )
    .unwrap();
    let [shop, two] = config.connections.as_slice() else { panic!("{:?}", config.connections) };
    assert_eq!((shop.alias.as_str(), shop.url.as_str()), ("my-shop", "https://b.example/"));
    assert!(matches!(&shop.credential, Credential::ApiKey(SecretSource::Env(_))));
    assert_eq!(two.origin, Origin::Environment);
    assert!(matches!(&two.credential, Credential::Password(SecretSource::File(_))));
    refused("", &[("ODOO_MCP_CONNECTIONS_X_PORT", "1")], &["ends in none of"]);
}

const LEGACY: [(&str, &str); 3] =
    [("ODOO_URL", "http://127.0.0.1:8069"), ("ODOO_DB", "d"), ("ODOO_USER", "admin")];

fn legacy<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    LEGACY.iter().chain(more).copied().collect()
}

#[test]
fn the_plain_variables_make_the_default_connection() {
    let config = load("", &legacy(&[("ODOO_PASSWORD", CANARY), ("ODOO_PROTOCOL", "xmlrpc")])).unwrap();
    let [one] = config.connections.as_slice() else { panic!("{:?}", config.connections) };
    assert_eq!((one.alias.as_str(), one.username.as_str()), ("default", "admin"));
    assert_eq!((one.protocol, one.origin), (Protocol::XmlRpc, Origin::Environment));
    let both = legacy(&[("ODOO_USERNAME", "other"), ("ODOO_API_KEY_FILE", "/key")]);
    let config = load("", &both).unwrap();
    assert_eq!(config.connections[0].username, "other");
    assert!(matches!(&config.connections[0].credential, Credential::ApiKey(SecretSource::File(_))));
}

#[test]
fn the_plain_variables_need_exactly_one_credential() {
    refused("", &legacy(&[]), &["no credential is set"]);
    refused(
        "",
        &legacy(&[("ODOO_PASSWORD", CANARY), ("ODOO_API_KEY", CANARY)]),
        &["more than one credential"],
    );
    refused("", &legacy(&[("ODOO_PASSWORD", CANARY), ("ODOO_PASSWORD_FILE", "/f")]), &["more than one"]);
    refused(
        "",
        &[("ODOO_URL", "nonsense"), ("ODOO_PASSWORD", CANARY)],
        &["not an address", "`ODOO_DB`", "`ODOO_USERNAME`"],
    );
    assert_eq!(load("", &[("ODOO_DB", "d")]).unwrap().warnings.len(), 1);
}

#[test]
fn grants_need_a_name_and_a_token_that_cannot_be_guessed() {
    let good = format!("[[grants]]\nname = \"office\"\ntoken = \"{CANARY}\"");
    let config = load(&good, &[]).unwrap();
    assert_eq!((config.grants[0].grant.as_str(), config.grants[0].user.as_str()), ("office", "office"));
    refused("[[grants]]", &[], &["`name` is missing", "`token` is missing"]);
    refused("grants = 1", &[], &["`[[grants]]`"]);
    refused("[[grants]]\nname = \"a\"\ntoken = \"short\"", &[], &["shorter than 16"]);
    refused(&format!("{good}\n[[grants]]\nname = \"b\"\ntoken = \"{CANARY}\""), &[], &["the same token"]);
    refused(
        &format!("{good}\nuser = \"a\\nb\"\ntokn = 1"),
        &[],
        &["not a user name", "did you mean `token`"],
    );
}

#[test]
fn a_grant_can_come_from_variables_alone() {
    let config =
        load("", &[("ODOO_MCP_GRANTS_OFFICE_TOKEN", CANARY), ("ODOO_MCP_GRANTS_OFFICE_USER", "u@x")])
            .unwrap();
    let [grant] = config.grants.as_slice() else { panic!("{:?}", config.grants) };
    assert_eq!((grant.grant.as_str(), grant.user.as_str()), ("office", "u@x"));
    assert!(matches!(&grant.token, SecretSource::Env(_)));
    refused("", &[("ODOO_MCP_GRANTS_OFFICE_USER", "u")], &["no such grant"]);
    refused("", &[("ODOO_MCP_GRANTS_OFFICE_ROLE", "u")], &["ends in none of"]);
}

#[test]
fn an_unknown_variable_of_ours_is_a_warning() {
    let config = load("", &[("ODOO_MCP_HTTP_LISTN", "127.0.0.1:1")]).unwrap();
    assert!(config.warnings[0].contains("did you mean `ODOO_MCP_HTTP_LISTEN`"), "{:?}", config.warnings);
}

#[test]
fn an_empty_variable_is_absent() {
    assert!(load("", &[("ODOO_URL", ""), ("ODOO_MCP_HTTP_LISTEN", "")]).unwrap().connections.is_empty());
}

#[test]
fn a_language_model_is_set_up_whole_or_not_at_all() {
    let whole = "[language_model]\nprovider = \"anthropic\"\nkey = \"CANARY\"\nmodels = [\"a\", \"b\"]\n";
    let config = load(&whole.replace("CANARY", CANARY), &[]).unwrap();
    assert_eq!(config.language_model.provider, Some(Provider::Anthropic));
    assert_eq!(config.language_model.models, ["a", "b"]);
    assert!(!format!("{:?}", config.language_model).contains(CANARY));
    let local = [("ODOO_MCP_LANGUAGE_MODEL_PROVIDER", "ollama"), ("ODOO_MCP_LANGUAGE_MODEL_MODELS", "llama")];
    assert_eq!(load("", &local).unwrap().language_model.provider, Some(Provider::Ollama));
    for (settings, piece) in [
        ("provider = \"anthropic\"\nkey = \"x\"", "name at least one model"),
        ("provider = \"anthropic\"\nmodels = [\"a\"]", "wants a key"),
        ("provider = \"other\"", "anthropic, ollama or openai"),
        ("url = \"http://models.example.com\"", "`https` was expected"),
        ("url = \"https://user:pass@models.example.com\"", "do not belong"),
        ("url = \"http://127.0.0.1.example.com\"", "`https` was expected"),
        ("models = [\"\"]", "names of models"),
        ("output_tokens_max = 0", "whole number"),
    ] {
        refused(&format!("[language_model]\n{settings}\n"), &[], &[piece]);
    }
    assert!(load("[language_model]\nurl = \"http://[::1]:11434\"\n", &[]).is_ok());
}
