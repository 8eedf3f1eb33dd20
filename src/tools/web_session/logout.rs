//! Ending a web session, with proof.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk},
    odoo::RunningRequest,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebLogout>()];

/// Arguments of `odoo_web_logout`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebLogout {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `odoo_web_logout`.
#[derive(Debug, Serialize, JsonSchema)]
struct LoggedOut {
    /// `logged_out`, or `no_session` where none was open.
    status: &'static str,
    /// The connection.
    connection: ConnectionAlias,
    /// The server ended the session now; false where it had ended before.
    server_confirmed: bool,
    /// A request with the old cookie was refused afterwards.
    cookie_refused: bool,
    /// What was under way on the session when it ended; these calls fail or have failed.
    running: Vec<Running>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// A request that had not ended.
#[derive(Debug, Serialize, JsonSchema)]
struct Running {
    /// The tool that made it.
    tool: &'static str,
    /// What it asked for.
    request: String,
    /// How long ago it began.
    age_ms: u64,
}

impl Tool for WebLogout {
    const NAME: &'static str = "odoo_web_logout";
    const TITLE: &'static str = "End the web session";
    const DESCRIPTION: &'static str = "End your web session of a connection on the server, and prove that its cookie \
         no longer works. Harmless where none is open. Afterwards nothing signs in again until `odoo_web_login`.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::Critical;
    const IDEMPOTENT: bool = true;
    type Output = LoggedOut;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Connection { connection: self.connection.clone(), change: ConnectionChange::SignOut }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<LoggedOut, ToolError> {
        let ended = cx.web(&self.connection)?.sign_out().await?;
        Ok(LoggedOut {
            status: if ended.had_session { "logged_out" } else { "no_session" },
            connection: self.connection,
            server_confirmed: ended.confirmed,
            cookie_refused: ended.proven,
            running: ended.running.into_iter().map(Running::of).collect(),
            note: (ended.had_session && !ended.proven).then_some(
                "the server still takes the old cookie; it is used for nothing any more, and calling again tries once more",
            ),
        })
    }
}

impl Running {
    fn of(request: RunningRequest) -> Self {
        Self {
            tool: request.tool,
            request: request.what,
            age_ms: u64::try_from(request.age.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
