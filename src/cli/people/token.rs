//! `token`: personal access tokens, for scripts and for clients without a browser.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    place::{Where, account_name, note_if_off, shown, stopped},
    user::grant,
};
use crate::{
    cli::{Session, Stop, runtime, terminal::table},
    facts::{GrantName, Scope, Scopes, UserName},
    identity::{NewToken, People, Token},
};

/// Personal access tokens: made, listed, revoked
#[derive(Debug, Args)]
#[command(after_help = "\
A token is shown once; only its digest is kept. It is sent as `Authorization: Bearer TOKEN`. A revoked or
expired one is refused at once, in all processes. Scopes only take away: odoo:read for calls that look,
odoo:write for those that change something, odoo:admin for those that destroy or change connections; what
is left is decided by the policy, for the token's grant.

Examples:
  odoo-mcp token create --user anna --name laptop
  odoo-mcp token create --user nightly --name report --grant reports --scope odoo:read --days 30
  odoo-mcp token list
  odoo-mcp token revoke 0123456789abcdef")]
pub(in crate::cli) struct TokenCommand {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Make a token and print it
    Create(Create),
    /// List the tokens that are good, without themselves
    List {
        /// Only those of this account
        #[arg(long, value_parser = account_name)]
        user: Option<UserName>,
    },
    /// End a token at once
    Revoke {
        /// As `token list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// The account it is for
    #[arg(long, value_parser = account_name)]
    user: UserName,
    /// What it is for, as lists show it
    #[arg(long, default_value = "token")]
    name: String,
    /// The grant of its calls [default: that of the account]
    #[arg(long, value_parser = grant)]
    grant: Option<GrantName>,
    /// What it may be used for; may be given several times [default: odoo:read and odoo:write]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Days until it expires [default: `auth.token_days`]
    #[arg(long)]
    days: Option<u64>,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| "use odoo:read, odoo:write or odoo:admin".to_owned())
}

impl TokenCommand {
    pub(in crate::cli) fn run(self, session: &Session) -> Result<(), Stop> {
        let people = self.place.open(session)?;
        let json = self.place.json;
        runtime::block_on(async move {
            match self.command {
                Subcommands::Create(create) => create.run(session, &people, json).await,
                Subcommands::List { user } => list(session, &people, user.as_ref(), json).await,
                Subcommands::Revoke { id } => match people.tokens().revoke(&id).await.map_err(stopped)? {
                    Some(token) => {
                        Ok(session.terminal.line(&format!("revoked {} of {}", token.label, token.user))?)
                    }
                    None => Err(Stop::FailedWith("there is no such token".to_owned())),
                },
            }
        })
    }
}

impl Create {
    async fn run(self, session: &Session, people: &People, json: bool) -> Result<(), Stop> {
        let usual = || Scopes::NONE.with(Scope::Read).with(Scope::Write);
        let asked: Scopes = self.scopes.iter().copied().collect();
        let wanted = if asked.is_empty() { self.usual_of(people, usual()).await? } else { asked };
        let new = NewToken {
            user: self.user,
            label: self.name,
            grant: self.grant,
            scopes: wanted,
            days: self.days.unwrap_or(people.settings().token_days),
        };
        let (secret, token) = people.tokens().create(new, people.settings()).await.map_err(stopped)?;
        note_if_off(session, people.settings());
        if json {
            let mut row = as_json(&token);
            if let Value::Object(row) = &mut row {
                row.insert("token".to_owned(), Value::from(secret.reveal()));
            }
            return Ok(session.terminal.json(&row)?);
        }
        session.terminal.note(&format!(
            "{} of {}: grant {}, {}, until {}; it is shown only now:",
            token.label,
            token.user,
            token.grant,
            token.scopes,
            shown(token.expires_at)
        ));
        Ok(session.terminal.line(secret.reveal())?)
    }
}

impl Create {
    /// An account that only looks has tokens that only look.
    async fn usual_of(&self, people: &People, usual: Scopes) -> Result<Scopes, Stop> {
        let account = people.accounts().get(&self.user).await.map_err(stopped)?;
        Ok(account.map_or(usual, |account| usual.within(account.role.scopes_max())))
    }
}

async fn list(session: &Session, people: &People, user: Option<&UserName>, json: bool) -> Result<(), Stop> {
    let mut tokens = people.tokens().list().await.map_err(stopped)?;
    tokens.retain(|token| user.is_none_or(|user| token.user == *user));
    if json {
        return Ok(session.terminal.json(&Value::Array(tokens.iter().map(as_json).collect()))?);
    }
    if tokens.is_empty() {
        return Ok(session.terminal.line("there is no token")?);
    }
    let heading =
        ["ID", "NAME", "USER", "GRANT", "SCOPES", "EXPIRES", "LAST USED"].map(str::to_owned).to_vec();
    let row = |token: &Token| {
        vec![
            token.id.clone(),
            token.label.clone(),
            token.user.to_string(),
            token.grant.to_string(),
            token.scopes.to_string(),
            shown(token.expires_at),
            token.used_at.map_or_else(|| "never".to_owned(), shown),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(tokens.iter().map(row)).collect();
    Ok(session.terminal.line(&table(&rows))?)
}

fn as_json(token: &Token) -> Value {
    json!({
        "id": token.id,
        "name": token.label,
        "user": token.user,
        "grant": token.grant,
        "scopes": token.scopes,
        "created_at": shown(token.created_at),
        "expires_at": shown(token.expires_at),
        "used_at": token.used_at.map(shown),
    })
}
