//! What a caller asks of `odoo_connect`, checked before anything is sent.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{ProtocolName, references};
use crate::{
    config::{ConnectSettings, odoo_url},
    facts::{ConnectionAlias, Credential, Secret, SecretSource},
    odoo::{OdooError, address},
};

/// A connection somebody wants to make.
#[derive(Debug)]
pub struct ConnectRequest {
    pub alias: ConnectionAlias,
    pub url: String,
    /// Without it the server must have exactly one.
    pub db: Option<String>,
    pub username: String,
    pub password: Option<Secret>,
    pub api_key: Option<Secret>,
    pub secret_ref: Option<String>,
    pub secret_kind: SecretKind,
    pub protocol: ProtocolName,
    /// False: trust the key that the server shows now, and only that key from then on.
    pub verify_ssl: bool,
    pub ca_file: Option<String>,
    pub replace: bool,
    /// Look and check, but send no credential and save nothing.
    pub dry_run: bool,
}

/// What a `secret_ref` leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    #[default]
    ApiKey,
    Password,
}

/// The request with every part understood.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) url: Url,
    pub(super) db: Option<String>,
    pub(super) username: String,
    pub(super) credential: Credential,
    pub(super) trust: WantedTrust,
    pub(super) warnings: Vec<String>,
}

/// How the caller wants the server to be trusted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WantedTrust {
    System,
    CaFile(PathBuf),
    /// The key the server shows now.
    FirstUse,
}

/// Longest address; servers refuse longer ones.
const URL_BYTES_MAX: usize = 2_048;
/// Longest database or user name. PostgreSQL ends at 63 bytes, mail addresses at 254.
const NAME_BYTES_MAX: usize = 256;
/// Longest secret by value; keys have 40 characters.
const SECRET_BYTES_MAX: usize = 16 * 1024;

impl ConnectRequest {
    pub(super) fn check(
        &self,
        settings: &ConnectSettings,
        operator_urls: &[Url],
    ) -> Result<Checked, OdooError> {
        let url = server_url(&self.url, settings)?;
        let username = self.username.trim();
        check_name("username", username)?;
        if username.is_empty() {
            return Err(invalid("`username` is empty", None));
        }
        let db = self.db.as_deref().map(str::trim).filter(|db| !db.is_empty());
        check_name("db", db.unwrap_or_default())?;
        let mut warnings = Vec::new();
        if url.scheme() == "http" && !is_loopback(&url) {
            warnings.push(
                "the connection uses plain http to another machine: the credential and all data travel readable"
                    .to_owned(),
            );
        }
        Ok(Checked {
            credential: self.credential(&url, settings, operator_urls)?,
            trust: self.trust(&url)?,
            db: db.map(str::to_owned),
            username: username.to_owned(),
            url,
            warnings,
        })
    }

    fn credential(
        &self,
        url: &Url,
        settings: &ConnectSettings,
        operator_urls: &[Url],
    ) -> Result<Credential, OdooError> {
        let given = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.is_empty());
        let reference = self.secret_ref.as_deref().filter(|reference| !reference.is_empty());
        match (given(&self.password), given(&self.api_key), reference) {
            (Some(password), None, None) => Ok(Credential::Password(by_value(password)?)),
            (None, Some(key), None) => Ok(Credential::ApiKey(by_value(key)?)),
            (None, None, Some(reference)) => {
                let source = references::secret_source(reference, url, settings, operator_urls)?;
                Ok(match self.secret_kind {
                    SecretKind::ApiKey => Credential::ApiKey(source),
                    SecretKind::Password => Credential::Password(source),
                })
            }
            (None, None, None) => Err(invalid(
                "no credential is given",
                Some("give exactly one of `api_key`, `password` and `secret_ref`"),
            )),
            _ => Err(invalid(
                "more than one credential is given",
                Some("give exactly one of `api_key`, `password` and `secret_ref`"),
            )),
        }
    }

    fn trust(&self, url: &Url) -> Result<WantedTrust, OdooError> {
        let ca_file = self.ca_file.as_deref().filter(|path| !path.is_empty());
        match (url.scheme(), ca_file, self.verify_ssl) {
            ("https", None, true) | ("http", None, _) => Ok(WantedTrust::System),
            ("https", None, false) => Ok(WantedTrust::FirstUse),
            ("https", Some(path), true) if path.starts_with('/') || cfg!(windows) => {
                Ok(WantedTrust::CaFile(path.into()))
            }
            ("https", Some(_), true) => Err(invalid("`ca_file` is not an absolute path", None)),
            ("https", Some(_), false) => Err(invalid(
                "`ca_file` and `verify_ssl: false` exclude each other",
                Some("with `ca_file` the server is verified by that authority"),
            )),
            _ => Err(invalid("`ca_file` needs an `https` address", None)),
        }
    }
}

fn by_value(secret: Secret) -> Result<SecretSource, OdooError> {
    if secret.reveal().len() > SECRET_BYTES_MAX || secret.reveal().contains(['\n', '\r', '\0']) {
        return Err(invalid("the credential is longer than any, or has a line break in it", None));
    }
    Ok(SecretSource::Inline(secret))
}

/// The address as it is saved: without a slash at the end, allowed, and not of a forbidden kind.
fn server_url(text: &str, settings: &ConnectSettings) -> Result<Url, OdooError> {
    if text.len() > URL_BYTES_MAX {
        return Err(invalid("`url` is longer than 2048 bytes", None));
    }
    let mut url = odoo_url(text.trim()).map_err(|why| invalid(&format!("`url`: {why}"), None))?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    if address::leads_to_forbidden(&url) {
        return Err(OdooError::ConnectionRefused {
            code: "url_not_allowed",
            why: "the address is a link-local one, where no Odoo is and clouds keep secrets".to_owned(),
            hint: None,
        });
    }
    let allowed = &settings.allowed_urls;
    let same = |known: &Url| {
        known.origin() == url.origin()
            && known.path().trim_end_matches('/') == url.path().trim_end_matches('/')
    };
    if !allowed.is_empty() && !allowed.iter().any(same) {
        return Err(OdooError::ConnectionRefused {
            code: "url_not_allowed",
            why: "the operator allows connections to other addresses only".to_owned(),
            hint: Some(format!(
                "allowed are {}",
                allowed.iter().map(|url| format!("`{url}`")).collect::<Vec<_>>().join(", ")
            )),
        });
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn check_name(argument: &str, text: &str) -> Result<(), OdooError> {
    if text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(invalid(&format!("`{argument}` is too long or holds control characters"), None));
    }
    Ok(())
}

pub(super) fn invalid(why: &str, hint: Option<&str>) -> OdooError {
    OdooError::ConnectionRefused {
        code: "invalid_arguments",
        why: why.to_owned(),
        hint: hint.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut ConnectRequest)) -> ConnectRequest {
        let mut request = ConnectRequest {
            alias: ConnectionAlias::default_alias(),
            url: "https://odoo.example".to_owned(),
            db: None,
            username: "admin".to_owned(),
            password: None,
            api_key: Some(Secret::new("canary".to_owned())),
            secret_ref: None,
            secret_kind: SecretKind::ApiKey,
            protocol: ProtocolName::Auto,
            verify_ssl: true,
            ca_file: None,
            replace: false,
            dry_run: false,
        };
        change(&mut request);
        request
    }

    #[track_caller]
    fn refused(code: &str, part: &str, change: impl FnOnce(&mut ConnectRequest)) {
        let error = request(change).check(&ConnectSettings::default(), &[]).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[track_caller]
    fn accepted(change: impl FnOnce(&mut ConnectRequest)) -> Checked {
        request(change).check(&ConnectSettings::default(), &[]).unwrap()
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        let bad =
            |url: &'static str, part: &str| refused("invalid_arguments", part, |r| r.url = url.to_owned());
        bad("", "url");
        bad("odoo.example", "url");
        bad("ftp://odoo.example", "http");
        bad("file:///etc/passwd", "http");
        bad("https://", "url");
        bad("https://admin:canary@odoo.example", "user name");
        bad("https://odoo.example?db=x", "`?`");
        bad("https://odoo.example#x", "`?`");
        refused("invalid_arguments", "2048", |r| r.url = format!("https://{}", "a".repeat(3000)));
    }

    #[test]
    fn link_local_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://169.254.169.254/latest",
            "http://2852039166",
            "http://0xa9.0xfe.0xa9.0xfe",
            "http://[::ffff:169.254.169.254]",
            "https://[fe80::1]",
            "http://0.0.0.0:8069",
        ] {
            refused("url_not_allowed", "link-local", |r| r.url = url.to_owned());
        }
    }

    #[test]
    fn exactly_one_credential() {
        let some = || Some(Secret::new("canary".to_owned()));
        refused("invalid_arguments", "no credential", |r| r.api_key = None);
        refused("invalid_arguments", "no credential", |r| r.api_key = Some(Secret::new(String::new())));
        refused("invalid_arguments", "more than one", |r| r.password = some());
        refused("invalid_arguments", "more than one", |r| r.secret_ref = Some("env:ODOO_X".to_owned()));
        refused("invalid_arguments", "line break", |r| r.api_key = Some(Secret::new("canary\n".to_owned())));
        refused("secret_ref_not_allowed", "operator has named", |r| {
            r.api_key = None;
            r.secret_ref = Some("env:ODOO_X".to_owned());
        });
    }

    #[test]
    fn names_and_trust_are_checked() {
        refused("invalid_arguments", "empty", |r| r.username = " ".to_owned());
        refused("invalid_arguments", "`db`", |r| r.db = Some("a\u{0}b".to_owned()));
        refused("invalid_arguments", "absolute", |r| r.ca_file = Some("ca.pem".to_owned()));
        refused("invalid_arguments", "exclude", |r| {
            r.ca_file = Some("/ca.pem".to_owned());
            r.verify_ssl = false;
        });
        refused("invalid_arguments", "needs an `https`", |r| {
            r.ca_file = Some("/ca.pem".to_owned());
            r.url = "http://odoo.example".to_owned();
        });
    }

    #[test]
    fn what_is_accepted_is_normalised() {
        assert_eq!(
            accepted(|r| r.url = " https://Odoo.Example/ ".to_owned()).url.as_str(),
            "https://odoo.example/"
        );
        assert_eq!(
            accepted(|r| r.url = "https://o.example/sub//".to_owned()).url.as_str(),
            "https://o.example/sub"
        );
        assert_eq!(accepted(|r| r.verify_ssl = false).trust, WantedTrust::FirstUse);
        assert_eq!(accepted(|r| r.db = Some(" ".to_owned())).db, None);
        assert_eq!(accepted(|r| r.url = "http://odoo.example".to_owned()).warnings.len(), 1);
        assert!(accepted(|r| r.url = "http://127.0.0.1:8069".to_owned()).warnings.is_empty());
        assert!(accepted(|r| r.url = "http://[::1]".to_owned()).warnings.is_empty());
    }

    #[test]
    fn only_allowed_addresses_where_the_operator_lists_them() {
        let settings = ConnectSettings {
            allowed_urls: vec![Url::parse("https://odoo.example").unwrap()],
            ..ConnectSettings::default()
        };
        let try_url = |url: &str| request(|r| r.url = url.to_owned()).check(&settings, &[]).map(|_| ());
        assert!(try_url("https://odoo.example/").is_ok());
        for url in [
            "http://odoo.example",
            "https://odoo.example:444",
            "https://odoo.example/x",
            "https://odoo.example.x",
        ] {
            assert_eq!(try_url(url).unwrap_err().code(), "url_not_allowed", "{url}");
        }
    }
}
