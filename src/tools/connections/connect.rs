//! Making a connection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk, Secret},
    odoo::{CertificateFacts, ConnectRequest, Connected, ProtocolName, SecretKind, VersionState},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Connect>()];

/// Arguments of `odoo_connect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Connect {
    /// Name that later calls use for this connection.
    #[serde(default = "ConnectionAlias::default_alias")]
    alias: ConnectionAlias,
    /// Address of the server, such as `https://odoo.example.com`.
    url: String,
    /// Database; may be left out when the server has exactly one and lists it.
    #[serde(default)]
    #[schemars(with = "String")]
    db: Option<String>,
    /// Login name of the user.
    username: String,
    /// Password of the user. One of `api_key`, `password` and `secret_ref` is needed.
    #[serde(default)]
    #[schemars(with = "String")]
    password: Option<Secret>,
    /// API key of the user; works with two-factor accounts and can be revoked on its own.
    #[serde(default)]
    #[schemars(with = "String")]
    api_key: Option<Secret>,
    /// Where the server process finds the secret: `env:NAME`, or `file:/path` and `command:PROGRAM ARGUMENT` if the operator allows them. Keeps it out of the conversation.
    #[serde(default)]
    #[schemars(with = "String")]
    secret_ref: Option<String>,
    /// What `secret_ref` leads to: `api_key` or `password`.
    #[serde(default)]
    secret_kind: SecretKind,
    /// Wire protocol; `auto` takes the best that server and credential allow.
    #[serde(default)]
    protocol: ProtocolName,
    /// False pins the key that the server shows now: for self-signed certificates. Later another key is refused.
    #[serde(default = "yes")]
    verify_ssl: bool,
    /// Absolute path, on the machine of this server, of a PEM file with the only authority to trust.
    #[serde(default)]
    #[schemars(with = "String")]
    ca_file: Option<String>,
    /// Let an existing alias lead to another server, database or user.
    #[serde(default)]
    replace: bool,
    /// Check the arguments and look at the certificate; send no credential and save nothing.
    #[serde(default)]
    dry_run: bool,
}

fn yes() -> bool {
    true
}

/// Result of `odoo_connect`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `connected`, or `checked` after a dry run.
    status: &'static str,
    /// Name of the connection.
    alias: ConnectionAlias,
    /// Address of the server.
    url: String,
    /// Database.
    db: String,
    /// Login name.
    username: String,
    /// Id of the user in Odoo.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<i64>,
    /// Name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    /// Version of the server, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
    /// Route the calls take: `session`, `json2`, `jsonrpc` or `xmlrpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'static str>,
    /// Companies of the user, the current one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    companies: Vec<Company>,
    /// Whether the user is an administrator, where the server tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_admin: Option<bool>,
    /// An earlier connection of this alias was replaced (or would be).
    replaced: bool,
    /// The certificate whose public key is trusted from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<CertificateFacts>,
    /// What should be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// A company.
#[derive(Debug, Serialize, JsonSchema)]
struct Company {
    /// Id.
    id: i64,
    /// Name.
    name: String,
}

impl Tool for Connect {
    const NAME: &'static str = "odoo_connect";
    const TITLE: &'static str = "Connect to an Odoo database";
    const DESCRIPTION: &'static str = "Sign in to an Odoo database and save the connection under an alias, the \
         secret sealed. Nothing is saved or replaced unless the login works. With `verify_ssl: false` the answer \
         holds the fingerprints of the certificate whose key was pinned.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::High;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let change = if self.dry_run { ConnectionChange::Inspect } else { ConnectionChange::Connect };
        vec![Effect::Connection { connection: self.alias.clone(), change }]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let connected = cx
            .connections()
            .connect(ConnectRequest {
                alias: self.alias,
                url: self.url,
                db: self.db,
                username: self.username,
                password: self.password,
                api_key: self.api_key,
                secret_ref: self.secret_ref,
                secret_kind: self.secret_kind,
                protocol: self.protocol,
                verify_ssl: self.verify_ssl,
                ca_file: self.ca_file,
                replace: self.replace,
                dry_run: self.dry_run,
            })
            .await?;
        Ok(Answer::of(connected))
    }
}

impl Answer {
    fn of(connected: Connected) -> Self {
        let sign_in = connected.sign_in.as_deref();
        let known_version = |version: &VersionState| match version {
            VersionState::Known(known) => Some(known.text.clone()),
            VersionState::Unknown { .. } | VersionState::Unreachable { .. } => None,
        };
        Self {
            status: if sign_in.is_some() { "connected" } else { "checked" },
            uid: sign_in.map(|sign_in| sign_in.uid),
            user_name: sign_in.and_then(|sign_in| sign_in.user_name.clone()),
            server_version: sign_in.and_then(|sign_in| known_version(&sign_in.version)),
            route: sign_in.map(|sign_in| sign_in.route.as_str()),
            companies: sign_in.map_or_else(Vec::new, |sign_in| {
                sign_in.companies.iter().map(|(id, name)| Company { id: *id, name: name.clone() }).collect()
            }),
            is_admin: sign_in.and_then(|sign_in| sign_in.is_admin),
            alias: connected.alias,
            url: connected.url,
            db: connected.db,
            username: connected.username,
            replaced: connected.replaced,
            pinned: connected.pinned,
            warnings: connected.warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::JsonObject;

    fn decode(arguments: serde_json::Value) -> Result<Connect, String> {
        let arguments: JsonObject = serde_json::from_value(arguments).unwrap();
        serde_json::from_value(arguments.into()).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn what_callers_know_from_elsewhere_is_understood() {
        let call = decode(json!({
            "alias": "shop", "url": "https://o.example", "db": "d", "username": "u", "password": "canary",
            "api_key": "", "protocol": "xmlrpc", "verify_ssl": true
        }))
        .unwrap();
        assert_eq!(call.protocol, ProtocolName::Xmlrpc);
        assert!(!format!("{call:?}").contains("canary"));
        let call = decode(json!({"url": "https://o.example", "db": "d", "username": "u"})).unwrap();
        assert_eq!(
            (call.alias.as_str(), call.protocol, call.verify_ssl),
            ("default", ProtocolName::Auto, true)
        );
    }

    #[test]
    fn a_dry_run_only_looks() {
        let caller = Caller::local(crate::facts::Arrival::Stdio);
        for (dry_run, class, change) in
            [(true, Class::Read, ConnectionChange::Inspect), (false, Class::Write, ConnectionChange::Connect)]
        {
            let call = json!({"url": "https://o.example", "username": "u", "dry_run": dry_run});
            let call = decode(call).unwrap();
            assert_eq!(Tool::class(&call), class);
            let connection = ConnectionAlias::default_alias();
            assert_eq!(Tool::effects(&call, &caller), [Effect::Connection { connection, change }]);
        }
    }

    #[test]
    fn an_error_about_a_secret_does_not_repeat_it() {
        for bad in [json!(471_100_815), json!(["canary"]), json!({"canary": 1}), json!(true)] {
            let error = decode(json!({"url": "u", "username": "u", "api_key": bad})).unwrap_err();
            assert!(!error.contains("canary") && !error.contains("4711"), "{error}");
        }
    }
}
