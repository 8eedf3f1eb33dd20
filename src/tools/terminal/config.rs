//! A one-time link instead of a bundle of secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, GrantName, OwnChange, Risk},
    identity::PeopleError,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<GetConfig>()];

/// Minutes that a link is good for, if nobody says otherwise.
const MINUTES: u64 = 10;

/// Arguments of `mcp_terminal_get_config`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetConfig {
    /// The connection whose database is the tenant.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Code of the tenant; only that of the connection is accepted.
    #[serde(default)]
    tenant_code: String,
    /// Keys of providers are never handed out, so only `false` is accepted.
    #[serde(default)]
    include_anthropic: bool,
    /// The grant of the token; `terminal-` and the code where nothing is said.
    #[serde(default)]
    #[schemars(with = "String")]
    grant: Option<GrantName>,
    /// Minutes until the link runs out, at most 60.
    #[serde(default = "usual_minutes")]
    minutes: u64,
}

fn usual_minutes() -> u64 {
    MINUTES
}

/// Result of `mcp_terminal_get_config`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// Code of the tenant.
    tenant_code: String,
    /// Good once. Hand it to the person who sets the terminal up, and to nobody else.
    link: String,
    /// When it runs out.
    expires_at: String,
    /// The account of the token.
    account: String,
    /// What to do with the link.
    instructions: &'static str,
}

impl Tool for GetConfig {
    const NAME: &'static str = "mcp_terminal_get_config";
    const TITLE: &'static str = "Make an enrolment link";
    const DESCRIPTION: &'static str = "For operators: make a link with which the terminal of one tenant gets a token \
         of its own, once, within minutes. The answer holds no other secret; the token can be revoked alone.";
    const CLASS: Class = Class::Other;
    const RISK: Risk = Risk::Critical;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let connection = self.connection.clone();
        vec![
            Effect::Connection { connection: connection.clone(), change: ConnectionChange::Inspect },
            Effect::Own { connection: Some(connection), change: OwnChange::Enrol },
        ]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        if !cx.caller().is_steward() {
            return Err(ToolError::Stopped {
                code: "not_an_operator",
                message: "only an operator lets programs in".to_owned(),
                hint: None,
            });
        }
        if self.include_anthropic {
            return Err(ToolError::arguments_with_hint(
                "keys of providers are never handed out",
                "leave `include_anthropic` out; models are asked through this server",
            ));
        }
        let helpers = cx.helpers();
        let (Some(enrolments), Some(usage)) = (&helpers.enrolments, &helpers.usage) else {
            return Err(ToolError::Stopped {
                code: "setup",
                message: "this server lets no programs in".to_owned(),
                hint: None,
            });
        };
        let tenant = usage.tenant(&cx.connections().definition(&self.connection)?);
        tenant.must_be(&self.tenant_code)?;
        let invitation = enrolments
            .invite(&tenant.code, self.grant, self.minutes, &cx.caller().user)
            .await
            .map_err(|error| refused(&error))?;
        Ok(Answer {
            tenant_code: tenant.code,
            link: invitation.link.reveal().to_owned(),
            expires_at: format!("{:.0}", invitation.expires_at),
            account: invitation.account.as_str().to_owned(),
            instructions: "send a POST to the address before the `#`, with the JSON {\"code\": …} and what \
                 stands behind it; the answer holds the token, once",
        })
    }
}

fn refused(error: &PeopleError) -> ToolError {
    let code = if matches!(error, PeopleError::Refused(_)) { "setup" } else { "unavailable" };
    ToolError::Stopped { code, message: error.to_string(), hint: None }
}
