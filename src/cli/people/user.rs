//! `user`: accounts of this server, and the roles of everybody who has one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    place::{Where, account_name, note_if_off, shown, stopped},
    secrets::new_password,
    totp::Totp,
};
use crate::{
    cli::{Session, Stop, runtime, terminal::table},
    facts::{GrantName, Role, UserName},
    identity::{Account, People, Proof, local_name},
};

/// Accounts: who may sign in, and as what
#[derive(Debug, Args)]
#[command(after_help = "\
Roles: owner (everything, roles included), operator (runs the server), auditor (looks, changes nothing),
member (uses the tools). What a call may do in Odoo is decided by the policy, for the grant of the account.
A running server takes notice at its next request. Names are never reused: disable an account instead of
deleting it. Users of an Odoo named in `auth.odoo_connections` have their account, CONNECTION/LOGIN, from
their first sign-in on.

Examples:
  odoo-mcp user add anna --role owner
  odoo-mcp user add nightly --no-password            for tokens alone
  odoo-mcp user add bert --grant office --password-stdin < password
  odoo-mcp user totp anna
  odoo-mcp user set-role default/bert@example.com operator
  odoo-mcp user disable bert")]
pub(in crate::cli) struct UserCommand {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Make an account of this server
    Add {
        #[arg(value_parser = local_name)]
        name: UserName,
        #[arg(long, value_parser = role, default_value = "member")]
        role: Role,
        /// The grant of its calls [default: `auth.grant`, or its name]
        #[arg(long, value_parser = grant)]
        grant: Option<GrantName>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Make an account that nobody can sign in to: it has tokens only
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// List all accounts
    List,
    /// Give an account another role
    SetRole {
        #[arg(value_parser = account_name)]
        name: UserName,
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Give an account a grant of its own, or the usual one again
    SetGrant {
        #[arg(value_parser = account_name)]
        name: UserName,
        #[arg(value_parser = grant)]
        grant: Option<GrantName>,
    },
    /// Refuse an account from now on: its sessions end, its tokens do not work
    Disable {
        #[arg(value_parser = account_name)]
        name: UserName,
    },
    /// Take an account back; whoever was signed in signs in again
    Enable {
        #[arg(value_parser = account_name)]
        name: UserName,
    },
    /// Set the password of an account; its sessions end
    Password {
        #[arg(value_parser = local_name)]
        name: UserName,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    Totp(Totp),
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "use owner, operator, auditor or member".to_owned())
}

pub(super) fn grant(text: &str) -> Result<GrantName, String> {
    GrantName::parse(text).map_err(|error| error.to_string())
}

impl UserCommand {
    pub(in crate::cli) fn run(self, session: &Session) -> Result<(), Stop> {
        let people = self.place.open(session)?;
        let json = self.place.json;
        runtime::block_on(async move {
            let accounts = people.accounts();
            let changed = match self.command {
                Subcommands::List => return list(session, &people, json).await,
                Subcommands::Totp(totp) => return totp.run(session, &people).await,
                Subcommands::Add { name, role, grant, password_stdin, no_password } => {
                    let password =
                        if no_password { None } else { Some(new_password(session, password_stdin)?) };
                    accounts.add(&name, role, grant, password.as_ref()).await
                }
                Subcommands::SetRole { name, role } => accounts.set_role(&name, role).await,
                Subcommands::SetGrant { name, grant } => accounts.set_grant(&name, grant).await,
                Subcommands::Disable { name } => accounts.set_disabled(&name, true).await,
                Subcommands::Enable { name } => accounts.set_disabled(&name, false).await,
                Subcommands::Password { name, password_stdin } => {
                    let password = new_password(session, password_stdin)?;
                    accounts.set_password(&name, &password).await
                }
            };
            let account = changed.map_err(stopped)?;
            note_if_off(session, people.settings());
            if json {
                return Ok(session.terminal.json(&as_json(&account, &people))?);
            }
            Ok(session.terminal.line(&sentence(&account, &people))?)
        })
    }
}

async fn list(session: &Session, people: &People, json: bool) -> Result<(), Stop> {
    let accounts = people.accounts().list().await.map_err(stopped)?;
    if json {
        let rows: Vec<Value> = accounts.iter().map(|account| as_json(account, people)).collect();
        return Ok(session.terminal.json(&Value::Array(rows))?);
    }
    if accounts.is_empty() {
        return Ok(session
            .terminal
            .line("there is no account; `odoo-mcp user add NAME --role owner` makes one")?);
    }
    let heading = ["NAME", "ROLE", "GRANT", "SIGNS IN WITH", "SINCE"].map(str::to_owned).to_vec();
    let row = |account: &Account| {
        let with = if account.disabled { "disabled".to_owned() } else { signs_in_with(account) };
        vec![
            account.name.to_string(),
            account.role.as_str().to_owned(),
            account.grant(people.settings()).to_string(),
            with,
            shown(account.created_at),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(accounts.iter().map(row)).collect();
    Ok(session.terminal.line(&table(&rows))?)
}

fn sentence(account: &Account, people: &People) -> String {
    let state = if account.disabled { "disabled".to_owned() } else { signs_in_with(account) };
    format!(
        "{}: role {}, grant {}, {state}",
        account.name,
        account.role.as_str(),
        account.grant(people.settings())
    )
}

fn signs_in_with(account: &Account) -> String {
    match &account.proof {
        Proof::Password { digest: None } => "tokens only".to_owned(),
        Proof::Password { digest: Some(_) } if account.has_second_factor() => {
            format!("password and code ({} recovery codes)", account.recovery_codes_left())
        }
        Proof::Password { digest: Some(_) } => "password".to_owned(),
        Proof::Odoo { connection, .. } => format!("password of {connection}"),
    }
}

fn as_json(account: &Account, people: &People) -> Value {
    json!({
        "name": account.name,
        "role": account.role,
        "grant": account.grant(people.settings()),
        "disabled": account.disabled,
        "created_at": shown(account.created_at),
        "password": matches!(account.proof, Proof::Password { digest: Some(_) }),
        "second_factor": account.has_second_factor(),
        "recovery_codes_left": account.recovery_codes_left(),
        "odoo_connection": match &account.proof {
            Proof::Odoo { connection, .. } => Some(connection.as_str()),
            Proof::Password { .. } => None,
        },
    })
}
