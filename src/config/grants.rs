//! Tables `[[grants]]` and their variables `ODOO_MCP_GRANTS_NAME_TOKEN`.

use toml::Value;

use super::{
    Environment, GrantSettings,
    connections::{in_capitals, secret_by_variable},
    keys::{PREFIX, unknown},
    problems::Findings,
    raw::{Raw, shown},
};
use crate::facts::{GrantName, Role, Scope, Scopes, SecretSource, UserName};

const KEYS: &[&str] = &["name", "user", "token", "scopes", "role"];
/// A shorter token could be guessed.
const TOKEN_CHARS_MIN: usize = 16;

pub(super) fn read(
    table: Option<&toml::Table>,
    environment: &Environment,
    findings: &mut Findings,
) -> Vec<GrantSettings> {
    let mut grants = Vec::new();
    match table.and_then(|table| table.get("grants")) {
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                grants.extend(read_table(&format!("grants[{index}]"), item, findings));
            }
        }
        Some(_) => findings.problem("`grants`", "a list of tables was expected: `[[grants]]`"),
        None => {}
    }
    read_variables(environment, &mut grants, findings);
    check_tokens(&grants, findings);
    grants
}

fn read_table(place: &str, item: &Value, findings: &mut Findings) -> Option<GrantSettings> {
    let Value::Table(item) = item else {
        findings.problem(format!("`{place}`"), "a table was expected");
        return None;
    };
    for name in item.keys().filter(|name| !KEYS.contains(&name.as_str())) {
        findings.problem(format!("`{place}.{}`", shown(name)), unknown(name, KEYS.iter().copied()));
    }
    let text = |key: &str, findings: &mut Findings| {
        let value = item.get(key)?;
        Raw::Toml(value).text().map_err(|message| findings.problem(format!("`{place}.{key}`"), message)).ok()
    };
    let name = text("name", findings);
    let user = text("user", findings);
    if !item.contains_key("name") {
        findings.problem(format!("`{place}`"), "`name` is missing");
    }
    let token = match item.get("token").map(|value| Raw::Toml(value).secret()) {
        Some(Ok(token)) => Some(token),
        Some(Err(message)) => {
            findings.problem(format!("`{place}.token`"), message);
            None
        }
        None => {
            findings.problem(format!("`{place}`"), "`token` is missing");
            None
        }
    };
    let scopes = scopes(place, item, findings);
    let role = text("role", findings).map(|name| role(place, &name, findings));
    let mut grant = grant(&format!("`{place}`"), &name?, user.as_deref(), token?, findings)?;
    grant.scopes = scopes?;
    grant.role = role.unwrap_or(Some(Role::Member))?;
    Some(grant)
}

/// A list such as `["odoo:read"]`; without it the token is good for everything its policy allows.
fn scopes(place: &str, item: &toml::Table, findings: &mut Findings) -> Option<Scopes> {
    let Some(value) = item.get("scopes") else { return Some(Scopes::ALL) };
    let read = Raw::Toml(value).list().and_then(|names| {
        names
            .iter()
            .map(|name| {
                Scope::parse(name).ok_or_else(|| {
                    format!("`{}` is no scope; use odoo:read, odoo:write, odoo:admin", shown(name))
                })
            })
            .collect()
    });
    read.map_err(|message| findings.problem(format!("`{place}.scopes`"), message)).ok()
}

fn role(place: &str, name: &str, findings: &mut Findings) -> Option<Role> {
    let role = Role::parse(name);
    if role.is_none() {
        let message = format!("`{}` is no role; use owner, operator, auditor or member", shown(name));
        findings.problem(format!("`{place}.role`"), message);
    }
    role
}

/// `ODOO_MCP_GRANTS_ALICE_TOKEN` replaces the token of the grant `alice`, or makes that grant.
fn read_variables(environment: &Environment, grants: &mut Vec<GrantSettings>, findings: &mut Findings) {
    let prefix = format!("{PREFIX}GRANTS_");
    for variable in environment.names() {
        let Some(rest) = variable.strip_prefix(&prefix) else { continue };
        let name = rest
            .strip_suffix("_TOKEN")
            .or_else(|| rest.strip_suffix("_TOKEN_FILE"))
            .or_else(|| rest.strip_suffix("_USER"))
            .filter(|name| !name.is_empty());
        let Some(name) = name else {
            findings.problem(format!("variable `{variable}`"), "it ends in none of TOKEN, TOKEN_FILE, USER");
            continue;
        };
        if rest.ends_with("_USER") {
            let has_token = secret_by_variable(environment, &format!("{prefix}{name}_TOKEN")).is_empty();
            let known = grants.iter().any(|grant| in_capitals(grant.grant.as_str()) == name);
            if has_token && !known {
                findings.problem(format!("variable `{variable}`"), "no such grant has a token");
            }
            if let Some(user) = environment.get(variable) {
                rename_user(grants, name, user, variable, findings);
            }
            continue;
        }
        let token = secret_by_variable(environment, &format!("{prefix}{name}_TOKEN"));
        let [(_, token)] = token.as_slice() else {
            findings.problem(format!("variable `{variable}`"), "both TOKEN and TOKEN_FILE are set; keep one");
            continue;
        };
        let user = environment.get(&format!("{prefix}{name}_USER"));
        match grants.iter_mut().find(|grant| in_capitals(grant.grant.as_str()) == name) {
            Some(grant) => grant.token = token.clone(),
            None => grants.extend(grant(
                &format!("variable `{variable}`"),
                &name.to_ascii_lowercase(),
                user,
                token.clone(),
                findings,
            )),
        }
    }
}

fn rename_user(
    grants: &mut [GrantSettings],
    name: &str,
    user: &str,
    variable: &str,
    findings: &mut Findings,
) {
    match UserName::parse(user) {
        Ok(user) => {
            for grant in grants.iter_mut().filter(|grant| in_capitals(grant.grant.as_str()) == name) {
                grant.user = user.clone();
            }
        }
        Err(error) => findings.problem(format!("variable `{variable}`"), error.to_string()),
    }
}

/// A grant whose user is not named acts under the grant's own name.
fn grant(
    place: &str,
    name: &str,
    user: Option<&str>,
    token: SecretSource,
    findings: &mut Findings,
) -> Option<GrantSettings> {
    let grant = GrantName::parse(name).map_err(|error| findings.problem(place, error.to_string())).ok();
    let user = UserName::parse(user.unwrap_or(name))
        .map_err(|error| findings.problem(place, error.to_string()))
        .ok();
    Some(GrantSettings { grant: grant?, user: user?, token, scopes: Scopes::ALL, role: Role::Member })
}

/// Two grants behind one token would make the log lie about who called.
fn check_tokens(grants: &[GrantSettings], findings: &mut Findings) {
    for (index, one) in grants.iter().enumerate() {
        let SecretSource::Inline(token) = &one.token else { continue };
        if token.reveal().chars().count() < TOKEN_CHARS_MIN {
            findings.problem(
                format!("grant `{}`", one.grant),
                format!("its token is shorter than {TOKEN_CHARS_MIN} characters"),
            );
        }
        let twin = grants.iter().skip(index + 1).find(
            |other| matches!(&other.token, SecretSource::Inline(other) if other.same_as(token.reveal())),
        );
        if let Some(twin) = twin {
            findings.problem(
                format!("grant `{}`", one.grant),
                format!("it has the same token as grant `{}`", twin.grant),
            );
        }
    }
}
