//! Opening a web session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk, Secret},
    odoo::{PermittedWeb, WebCredentials, WebSignedIn},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebLogin>()];

/// Arguments of `odoo_web_login`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebLogin {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Address of the server; only that of the connection is accepted.
    #[serde(default)]
    url: String,
    /// Database; only that of the connection is accepted.
    #[serde(default)]
    db: String,
    /// Login name; that of the connection when empty.
    #[serde(default)]
    login: String,
    /// Password; the saved one of the connection when empty. An API key opens no web session.
    #[serde(default)]
    #[schemars(with = "String")]
    password: Option<Secret>,
    /// The six digits of the second factor, for users who have one.
    #[serde(default)]
    #[schemars(with = "String")]
    totp: Option<Secret>,
    /// Open another session although one is open; the old one is ended.
    #[serde(default)]
    renew: bool,
}

/// Result of `odoo_web_login`.
#[derive(Debug, Serialize, JsonSchema)]
struct LoggedIn {
    /// `authenticated`.
    status: &'static str,
    /// The connection whose web session this is.
    connection: ConnectionAlias,
    /// Id of the user in Odoo.
    uid: i64,
    /// Login name.
    login: String,
    /// Name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Version of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
    /// The session was open already and still good.
    reused: bool,
    /// When it was opened.
    opened_at: String,
    /// When Odoo ends it if nobody uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Reads open a new session by themselves when this one has ended: it uses the saved password.
    renews_itself: bool,
}

impl Tool for WebLogin {
    const NAME: &'static str = "odoo_web_login";
    const TITLE: &'static str = "Open a web session";
    const DESCRIPTION: &'static str = "Sign in to Odoo's web server on a connection, for pages, reports and files. \
         Without arguments the saved password is used; reads do this by themselves. The session is yours alone.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = LoggedIn;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Connection { connection: self.connection.clone(), change: ConnectionChange::SignIn }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<LoggedIn, ToolError> {
        let web = cx.web(&self.connection)?;
        self.check_address(&web)?;
        let given = WebCredentials {
            login: Some(self.login).filter(|login| !login.is_empty()),
            password: self.password.filter(|password| !password.is_empty()),
            totp: self.totp.filter(|code| !code.is_empty()),
        };
        Ok(LoggedIn::of(web.sign_in(given, self.renew).await?, self.connection))
    }
}

impl WebLogin {
    /// A saved password goes to its own server, so another address is refused and not tried.
    fn check_address(&self, web: &PermittedWeb<'_>) -> Result<(), ToolError> {
        let (url, db) = web.address();
        let is_ours = |given: &str| {
            Url::parse(given).is_ok_and(|given| {
                given.origin() == url.origin()
                    && given.path().trim_end_matches('/') == url.path().trim_end_matches('/')
                    && given.username().is_empty()
                    && given.password().is_none()
            })
        };
        let refused = |name: &str| {
            Err(ToolError::arguments_with_hint(
                format!("`{name}` is not that of connection `{}`; nothing was sent", self.connection),
                "leave it out, or make a connection of its own with `odoo_connect`",
            ))
        };
        if !self.url.is_empty() && !is_ours(&self.url) {
            return refused("url");
        }
        if !self.db.is_empty() && self.db != db {
            return refused("db");
        }
        Ok(())
    }
}

impl LoggedIn {
    fn of(session: WebSignedIn, connection: ConnectionAlias) -> Self {
        Self {
            status: "authenticated",
            connection,
            uid: session.user.uid,
            login: session.user.login,
            name: session.user.name,
            server_version: session.user.server_version,
            reused: session.reused,
            opened_at: in_seconds(session.opened_at),
            expires_at: session.user.expires_at.map(in_seconds),
            renews_itself: session.renews_itself,
        }
    }
}

fn in_seconds(moment: jiff::Timestamp) -> String {
    format!("{moment:.0}")
}
