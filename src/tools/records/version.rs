//! Which Odoo is at the other end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk},
    odoo::{OdooError, Route, ServerVersion, VersionState},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Version>()];

/// The number of the protocol of `common.version`, the same since it exists.
const PROTOCOL_VERSION: u16 = 1;

/// Arguments of `odoo_version`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Version {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `odoo_version`.
#[derive(Debug, Serialize, JsonSchema)]
struct VersionAnswer {
    /// As the server wrote it, such as `19.0` or `saas~17.4`.
    server_version: String,
    /// The version in parts, as Odoo writes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version_info: Option<Vec<Value>>,
    /// Major and minor, such as `19.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_serie: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<u16>,
    /// Could the version be read?
    known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    major: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<u16>,
    /// A release between two major ones, as Odoo's own hosting runs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    saas: Option<bool>,
    /// `community` or `enterprise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    edition: Option<&'static str>,
    /// How calls travel there now: `session`, `json2`, `jsonrpc` or `xmlrpc`; absent before the first login.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'static str>,
}

impl Tool for Version {
    const NAME: &'static str = "odoo_version";
    const TITLE: &'static str = "Server version";
    const DESCRIPTION: &'static str =
        "Tell which Odoo version a connection leads to and how calls travel there.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = VersionAnswer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Connection { connection: self.connection.clone(), change: ConnectionChange::Inspect }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<VersionAnswer, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let state = odoo.version().await;
        let client = odoo.state();
        let route = client.route.or_else(|| Some(client.signed_in?.route)).map(Route::as_str);
        match state {
            VersionState::Known(version) => Ok(known(&version, route)),
            VersionState::Unknown { answered } => Ok(unknown(answered, route)),
            VersionState::Unreachable { why } => {
                Err(OdooError::Unreachable { connection: self.connection, why }.into())
            }
        }
    }
}

fn known(version: &ServerVersion, route: Option<&'static str>) -> VersionAnswer {
    let edition = if version.enterprise { ("enterprise", "e") } else { ("community", "") };
    let major = if version.saas { json!(format!("saas~{}", version.major)) } else { json!(version.major) };
    let serie = format!("{}{}.{}", if version.saas { "saas~" } else { "" }, version.major, version.minor);
    VersionAnswer {
        server_version: version.text.clone(),
        server_version_info: Some(vec![
            major,
            json!(version.minor),
            json!(0),
            json!("final"),
            json!(0),
            json!(edition.1),
        ]),
        server_serie: Some(serie),
        protocol_version: Some(PROTOCOL_VERSION),
        known: true,
        major: Some(version.major),
        minor: Some(version.minor),
        saas: Some(version.saas),
        edition: Some(edition.0),
        route,
    }
}

fn unknown(answered: String, route: Option<&'static str>) -> VersionAnswer {
    VersionAnswer {
        server_version: answered,
        server_version_info: None,
        server_serie: None,
        protocol_version: None,
        known: false,
        major: None,
        minor: None,
        saas: None,
        edition: None,
        route,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saas_version_is_told_as_odoo_tells_it() {
        let version = ServerVersion {
            major: 17,
            minor: 4,
            saas: true,
            enterprise: true,
            text: "saas~17.4+e".to_owned(),
        };
        let answer = serde_json::to_value(known(&version, None)).unwrap();
        assert_eq!(answer["server_serie"], "saas~17.4");
        assert_eq!(answer["server_version_info"], json!(["saas~17", 4, 0, "final", 0, "e"]));
        assert_eq!(answer["edition"], "enterprise");
        assert!(answer.get("route").is_none());
    }

    #[test]
    fn an_unknown_version_is_never_a_number() {
        let answer = serde_json::to_value(unknown("odd".to_owned(), None)).unwrap();
        assert_eq!(answer, json!({"server_version": "odd", "known": false}));
    }
}
