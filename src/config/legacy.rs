//! The plain variables `ODOO_URL` and friends: they make the connection `default`.

use super::{
    Environment,
    connections::{odoo_url, protocol, secret_by_variable},
    problems::Findings,
};
use crate::facts::{ConnectionAlias, Credential, Definition, Origin, Trust};

pub(super) fn read(environment: &Environment, findings: &mut Findings) -> Option<Definition> {
    let Some(address) = environment.get("ODOO_URL") else {
        let others = ["ODOO_DB", "ODOO_USERNAME", "ODOO_PASSWORD", "ODOO_API_KEY"];
        if let Some(set) = others.iter().find(|name| environment.get(name).is_some()) {
            findings.warn(format!(
                "variable `{set}` is set and `ODOO_URL` is not: the environment defines no connection"
            ));
        }
        return None;
    };
    let url = odoo_url(address).map_err(|message| findings.problem("variable `ODOO_URL`", message)).ok();
    let db = required(environment, &["ODOO_DB"], findings);
    let username = required(environment, &["ODOO_USERNAME", "ODOO_USER"], findings);
    let credential = credential(environment, findings);
    let protocol = environment.get("ODOO_PROTOCOL").map_or(Ok(Default::default()), protocol);
    let protocol = protocol.map_err(|message| findings.problem("variable `ODOO_PROTOCOL`", message)).ok();
    let trust = environment.get("ODOO_CA_FILE").map_or(Trust::System, |path| Trust::CaFile(path.into()));
    Some(Definition {
        alias: ConnectionAlias::default_alias(),
        url: url?,
        db: db?,
        username: username?,
        credential: credential?,
        protocol: protocol?,
        trust,
        origin: Origin::Environment,
    })
}

fn required(environment: &Environment, names: &[&str], findings: &mut Findings) -> Option<String> {
    let value = names.iter().find_map(|name| environment.get(name));
    if value.is_none() {
        findings.problem(
            "variable `ODOO_URL`",
            format!("it defines the connection `default`, and `{}` is not set", names.join("` or `")),
        );
    }
    value.map(str::to_owned)
}

fn credential(environment: &Environment, findings: &mut Findings) -> Option<Credential> {
    let passwords = secret_by_variable(environment, "ODOO_PASSWORD")
        .into_iter()
        .map(|(n, s)| (n, Credential::Password(s)));
    let keys =
        secret_by_variable(environment, "ODOO_API_KEY").into_iter().map(|(n, s)| (n, Credential::ApiKey(s)));
    let mut given: Vec<(String, Credential)> = passwords.chain(keys).collect();
    if given.len() > 1 {
        let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
        findings.problem(
            "variable `ODOO_URL`",
            format!("more than one credential is set: `{}`; keep one", names.join("`, `")),
        );
        return None;
    }
    let found = given.pop().map(|(_, credential)| credential);
    if found.is_none() {
        findings.problem(
            "variable `ODOO_URL`",
            "it defines the connection `default`, and no credential is set: `ODOO_API_KEY`, `ODOO_API_KEY_FILE`, `ODOO_PASSWORD` or `ODOO_PASSWORD_FILE`",
        );
    }
    found
}
