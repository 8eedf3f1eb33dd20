//! Which secrets of the operator a tool call may refer to, and where they may go.
//!
//! The danger: whoever chooses both the reference and the URL can have any secret of this process
//! sent to a server of their own. So there are two rules, and both must hold.
//!
//! 1. *What*: only environment variables named `ODOO_…`, and none of our own settings
//!    (`ODOO_MCP_…`, among them the sealing key and the bearer tokens). Files, commands and other
//!    variables need `connect.any_secret_ref` in the settings.
//! 2. *Where to*: only a server that the operator has named, in `connect.allowed_urls` or as a
//!    connection of the settings or the environment. A secret typed into the call belongs to the
//!    caller and may go anywhere the other rules allow.

use std::path::PathBuf;

use url::Url;

use crate::{config::ConnectSettings, facts::SecretSource, odoo::OdooError};

const FORMS: &str = "write `env:NAME`, `file:/path` or `command:PROGRAM ARGUMENT …`";
/// What every operator may mean for Odoo.
const VARIABLE_PREFIX: &str = "ODOO_";
/// Our own settings: never a login secret that a tool may name.
const OWN_PREFIX: &str = "ODOO_MCP_";

/// Understands a reference and checks both rules.
pub(super) fn secret_source(
    reference: &str,
    url: &Url,
    settings: &ConnectSettings,
    operator_urls: &[Url],
) -> Result<SecretSource, OdooError> {
    let source = parse(reference)?;
    check_what(&source, settings)?;
    let named = settings.allowed_urls.iter().chain(operator_urls).any(|known| is_same_server(known, url));
    if !named {
        return Err(OdooError::ConnectionRefused {
            code: "secret_ref_not_allowed",
            why: "a secret of the operator may only go to a server that the operator has named".to_owned(),
            hint: Some("the operator can add the URL to `connect.allowed_urls`".to_owned()),
        });
    }
    Ok(source)
}

fn parse(reference: &str) -> Result<SecretSource, OdooError> {
    let unreadable = || OdooError::ConnectionRefused {
        code: "invalid_arguments",
        why: "`secret_ref` is no reference to a secret".to_owned(),
        hint: Some(FORMS.to_owned()),
    };
    let (kind, target) = reference.split_once(':').ok_or_else(unreadable)?;
    match kind {
        "env" if is_variable(target) => Ok(SecretSource::Env(target.to_owned())),
        "file" if target.starts_with('/') => Ok(SecretSource::File(PathBuf::from(target))),
        "command" => {
            // No shell reads this: words between blanks, no quotes, no variables.
            let argv: Vec<String> = target.split_whitespace().map(str::to_owned).collect();
            if argv.is_empty() { Err(unreadable()) } else { Ok(SecretSource::Command(argv)) }
        }
        _ => Err(unreadable()),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn check_what(source: &SecretSource, settings: &ConnectSettings) -> Result<(), OdooError> {
    let (allowed, why) = match source {
        SecretSource::Env(name) if name.to_ascii_uppercase().starts_with(OWN_PREFIX) => {
            (false, "variables named `ODOO_MCP_…` are settings of this program and no login secrets")
        }
        SecretSource::Env(name) => (
            name.starts_with(VARIABLE_PREFIX) || settings.any_secret_ref,
            "a tool call may refer to environment variables named `ODOO_…` only",
        ),
        SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Inline(_) => {
            (settings.any_secret_ref, "a tool call may not refer to files and commands")
        }
    };
    if allowed {
        return Ok(());
    }
    Err(OdooError::ConnectionRefused {
        code: "secret_ref_not_allowed",
        why: why.to_owned(),
        hint: Some("the operator can allow more with `connect.any_secret_ref`".to_owned()),
    })
}

/// Scheme, host and port are the same.
fn is_same_server(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &str, any: bool, url: &str, expected: Result<(), &str>) {
        let settings = ConnectSettings {
            allowed_urls: vec![Url::parse("https://named.example").unwrap()],
            any_secret_ref: any,
            os_keyring: false,
        };
        let operator = [Url::parse("https://configured.example:8443/").unwrap()];
        let got = secret_source(reference, &Url::parse(url).unwrap(), &settings, &operator);
        match (got, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(code)) => assert_eq!(error.code(), code, "{reference}: {error}"),
            (got, _) => panic!("{reference} {url}: {got:?}"),
        }
    }

    const NAMED: &str = "https://named.example/";
    const REFUSED: Result<(), &str> = Err("secret_ref_not_allowed");

    #[test]
    fn only_odoo_variables_and_never_our_own_settings() {
        check("env:ODOO_SHOP_KEY", false, NAMED, Ok(()));
        check("env:HOME", false, NAMED, REFUSED);
        check("env:AWS_SECRET_ACCESS_KEY", false, NAMED, REFUSED);
        check("env:odoo_shop_key", false, NAMED, REFUSED);
        check("env:ODOO_MCP_KEY", false, NAMED, REFUSED);
        check("env:ODOO_MCP_KEY", true, NAMED, REFUSED);
        check("env:odoo_mcp_key", true, NAMED, REFUSED);
        check("env:ODOO_MCP_GRANTS_A_TOKEN", true, NAMED, REFUSED);
        check("env:HOME", true, NAMED, Ok(()));
    }

    #[test]
    fn files_and_commands_need_the_setting() {
        check("file:/etc/shadow", false, NAMED, REFUSED);
        check("command:cat /etc/shadow", false, NAMED, REFUSED);
        check("file:/run/secrets/key", true, NAMED, Ok(()));
        check("command:pass show odoo", true, NAMED, Ok(()));
    }

    #[test]
    fn a_secret_goes_to_servers_of_the_operator_only() {
        check("env:ODOO_KEY", false, "https://configured.example:8443/", Ok(()));
        check("env:ODOO_KEY", false, "https://attacker.example/", REFUSED);
        check("env:ODOO_KEY", false, "http://named.example/", REFUSED);
        check("env:ODOO_KEY", false, "https://named.example:8443/", REFUSED);
        check("env:ODOO_KEY", false, "https://named.example.attacker.example/", REFUSED);
        check("command:pass odoo", true, "https://attacker.example/", REFUSED);
        check("env:ODOO_KEY", false, "http://127.0.0.1/", REFUSED);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in [
            "",
            "ODOO_KEY",
            "env:",
            "env:A=B",
            "env:A B",
            "file:",
            "file:relative",
            "command:",
            "command: ",
            "vault:x",
        ] {
            check(bad, true, NAMED, Err("invalid_arguments"));
        }
    }
}
