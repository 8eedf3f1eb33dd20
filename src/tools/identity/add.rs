//! Making and changing a connection of the caller's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, OwnChange, Risk, Secret},
    odoo::{CertificateFacts, ConnectRequest, OwnRequest, ProtocolName, SecretKind},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Add>()];

/// Arguments of `user_connection_add`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// Name that later calls of yours use; no name of a shared connection.
    alias: ConnectionAlias,
    /// Address of the server, one that the operator allows.
    url: String,
    /// Database.
    db: String,
    /// Your login name in Odoo.
    user: String,
    /// Your API key. What stands here passes through the conversation; the operator may refuse it.
    #[serde(default)]
    #[schemars(with = "String")]
    api_key: Option<Secret>,
    /// Your password, where there is no API key. It passes through the conversation as well.
    #[serde(default)]
    #[schemars(with = "String")]
    password: Option<Secret>,
    /// For operators: where the server process finds the secret, such as `env:ODOO_ANNA_KEY`.
    #[serde(default)]
    #[schemars(with = "String")]
    secret_ref: Option<String>,
    /// What `secret_ref` leads to: `api_key` or `password`.
    #[serde(default)]
    secret_kind: SecretKind,
    /// Wire protocol; `auto` takes the best that server and credential allow.
    #[serde(default)]
    protocol: ProtocolName,
    /// False pins the key that the server shows now: for self-signed certificates.
    #[serde(default = "yes")]
    verify_ssl: bool,
    /// Host of the machine behind the Odoo; opens the `ssh` section.
    #[serde(default)]
    #[schemars(with = "String")]
    ssh_host: Option<String>,
    /// Login there; `root` where nothing is said.
    #[serde(default)]
    #[schemars(with = "String")]
    ssh_user: Option<String>,
    /// Port there; 22 where nothing is said.
    #[serde(default)]
    #[schemars(with = "u16")]
    ssh_port: Option<u16>,
    /// Address of Portainer; opens the `portainer` section.
    #[serde(default)]
    #[schemars(with = "String")]
    portainer_url: Option<String>,
    /// Token for it.
    #[serde(default)]
    #[schemars(with = "String")]
    portainer_token: Option<Secret>,
    /// Login for the web pages, where it is another one; opens the `web` section.
    #[serde(default)]
    #[schemars(with = "String")]
    web_login: Option<String>,
    /// Password for the web pages.
    #[serde(default)]
    #[schemars(with = "String")]
    web_password: Option<Secret>,
    /// Sections to take away: `ssh`, `portainer`, `web`. What is not named and not given stays.
    #[serde(default)]
    unset: Vec<String>,
    /// Check the arguments and look at the certificate; send no credential and save nothing.
    #[serde(default)]
    dry_run: bool,
}

fn yes() -> bool {
    true
}

/// Result of `user_connection_add`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `saved`, or `checked` after a dry run.
    status: &'static str,
    /// Name of the connection.
    alias: ConnectionAlias,
    /// Whose it is.
    user: String,
    /// Address of the server.
    url: String,
    /// Database.
    db: String,
    /// Login name in Odoo.
    login: String,
    /// Id of the user in Odoo.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<i64>,
    /// An earlier connection of this alias was changed (or would be).
    replaced: bool,
    /// The certificate whose public key is trusted from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<CertificateFacts>,
    /// What should be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Tool for Add {
    const NAME: &'static str = "user_connection_add";
    const TITLE: &'static str = "Make or change a connection of your own";
    const DESCRIPTION: &'static str = "Sign in to an Odoo with your own login and save the connection for you alone, \
         secrets sealed. Nothing is saved unless the login works. An alias of yours that exists is changed: what is \
         not given stays, and a new server, database or user needs its own credential.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::High;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let change = if self.dry_run { OwnChange::Rehearse } else { OwnChange::Save };
        vec![Effect::Own { connection: Some(self.alias.clone()), change }]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let request = OwnRequest {
            connect: ConnectRequest {
                alias: self.alias,
                url: self.url,
                db: Some(self.db),
                username: self.user,
                password: self.password,
                api_key: self.api_key,
                secret_ref: self.secret_ref,
                secret_kind: self.secret_kind,
                protocol: self.protocol,
                verify_ssl: self.verify_ssl,
                ca_file: None,
                replace: true,
                dry_run: self.dry_run,
            },
            ssh_host: self.ssh_host,
            ssh_user: self.ssh_user,
            ssh_port: self.ssh_port,
            portainer_url: self.portainer_url,
            portainer_token: self.portainer_token,
            web_login: self.web_login,
            web_password: self.web_password,
            unset: self.unset,
            is_steward: cx.caller().is_steward(),
        };
        let saved = cx.connections().save_own(request).await?;
        Ok(Answer {
            status: if saved.sign_in.is_some() { "saved" } else { "checked" },
            alias: saved.alias,
            user: cx.caller().user.as_str().to_owned(),
            url: saved.url,
            db: saved.db,
            login: saved.username,
            uid: saved.sign_in.map(|sign_in| sign_in.uid),
            replaced: saved.replaced,
            pinned: saved.pinned,
            warnings: saved.warnings,
        })
    }
}
