//! Each connection: can it be reached, is the peer the right one, does the login work?

use serde_json::{Value, json};

use super::{Check, Session};
use crate::{
    cli::corridor::{call, object},
    facts::{ConnectionAlias, Origin},
    house::House,
    odoo::{OdooError, VersionState},
};

/// A certificate that ends sooner needs somebody's attention now.
const DAYS_LEFT_MIN: i64 = 21;

pub(super) async fn look(session: &Session, house: &House) -> Vec<Check> {
    let listed = match call(&house.corridor, "odoo_connections", object(json!({}))).await {
        Ok(listed) => listed,
        Err(error) => {
            let why = crate::cli::corridor::sentence(&error);
            return vec![Check::broken("connections", why, "look at the files of the state directory")];
        }
    };
    let aliases: Vec<ConnectionAlias> = listed
        .get("connections")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| ConnectionAlias::parse(one.get("alias")?.as_str()?).ok())
        .collect();
    if aliases.is_empty() {
        let advice = "run `odoo-mcp connect`, or try `odoo-mcp demo`";
        return vec![Check::warning("connections", "none yet", advice)];
    }
    let mut checks = Vec::new();
    for alias in &aliases {
        let looking = one(house, alias);
        checks.extend(session.terminal.waiting(&format!("looking at `{alias}`"), looking).await);
    }
    checks
}

async fn one(house: &House, alias: &ConnectionAlias) -> Vec<Check> {
    let subject = format!("`{alias}`");
    let client = match house.corridor.connections().get(alias) {
        Ok(client) => client,
        Err(error) => return vec![failed(&subject, &error)],
    };
    let url = client.definition().url.clone();
    let mut checks = Vec::new();
    if url.scheme() == "https" {
        checks.extend(certificate(house, alias, &subject).await);
    } else if !is_loopback(&url) {
        checks.push(Check::warning(
            &subject,
            format!("{url} is not encrypted: the credential travels in the clear"),
            "use the https address of the server",
        ));
    }
    match client.sign_in().await {
        Ok(signed_in) => {
            let version = match &signed_in.version {
                VersionState::Known(version) => format!("Odoo {}", version.text),
                VersionState::Unknown { .. } | VersionState::Unreachable { .. } => {
                    "a server that does not tell its version".to_owned()
                }
            };
            let user = signed_in.user_name.clone().unwrap_or_else(|| client.definition().username.clone());
            let route = signed_in.route.as_str();
            checks.push(Check::ok(&subject, format!("{url}: {version}, signed in as {user}, route {route}")));
            if signed_in.is_admin == Some(true) && client.definition().origin != Origin::Sandbox {
                checks.push(Check::warning(
                    &subject,
                    format!("{user} is an administrator of this Odoo"),
                    "give odoo-mcp a user of its own with the rights its work needs",
                ));
            }
        }
        Err(error) => checks.push(failed(&subject, &error)),
    }
    checks
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn certificate(house: &House, alias: &ConnectionAlias, subject: &str) -> Vec<Check> {
    let arguments = object(json!({ "alias": alias }));
    let info = match call(&house.corridor, "odoo_cert_info", arguments).await {
        Ok(info) => info,
        Err(error) => {
            let why = crate::cli::corridor::sentence(&error);
            return vec![Check::broken(subject, format!("certificate: {why}"), "check address and network")];
        }
    };
    let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("status") != "trusted" {
        return vec![Check::broken(
            subject,
            format!("certificate: {}", text("reason")),
            "nothing is sent to this server; if its key was changed on purpose, check the new one and call `odoo_cert_refresh`",
        )];
    }
    let how = if text("trust") == "pinned" { "pinned" } else { "verified" };
    match info.pointer("/served/days_left").and_then(Value::as_i64) {
        Some(days) if days < DAYS_LEFT_MIN => vec![Check::warning(
            subject,
            format!("certificate {how}; it ends in {days} days"),
            "renew it on the server; a pinned key then needs `odoo_cert_refresh`",
        )],
        Some(days) => vec![Check::ok(subject, format!("certificate {how}, {days} days left"))],
        None => vec![Check::ok(subject, format!("certificate {how}"))],
    }
}

fn failed(subject: &str, error: &OdooError) -> Check {
    let advice = error.hint().unwrap_or_else(|| {
        match error {
            OdooError::Unreachable { .. } | OdooError::Timeout { .. } => {
                "check the address, the network and whether the server runs"
            }
            OdooError::Untrusted { .. } => {
                "if the server's key was changed on purpose, check the new one and call `odoo_cert_refresh`"
            }
            OdooError::AuthFailed { .. } => "run `odoo-mcp connect` again with a valid login",
            _ => "run `odoo-mcp connect` again",
        }
        .to_owned()
    });
    Check::broken(subject, format!("{}: {error}", error.code()), advice)
}
