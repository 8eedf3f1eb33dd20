//! `connect`: sign in once, keep a key instead of the password, and say how clients start us.
//!
//! The connection is made by the tool `odoo_connect` in the corridor, so that the log knows of it.
//! A secret is read without echo and printed nowhere.

mod answers;
mod api_key;
mod clients;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Session, Stop,
    corridor::{call, object, sentence},
    logging, runtime,
};
use crate::{
    config::Flags,
    facts::{ConnectionAlias, JsonObject, Secret},
    house::{House, PolicySource},
};
use answers::Answers;

/// Sign in to an Odoo, store the connection, and print how clients use it
#[derive(Debug, Args)]
#[command(after_help = "\
What is missing is asked for. The password makes an API key named \"odoo-mcp\" where the server can
make one; only the key is kept then, sealed in the state directory.

Examples:
  odoo-mcp connect
  odoo-mcp connect https://odoo.example.com --db production --login bot@example.com
  odoo-mcp connect https://odoo.example.com --db production --login bot@example.com --password-stdin < secret
  odoo-mcp connect https://10.0.0.5 --pin            for a self-signed certificate")]
pub(super) struct Connect {
    /// Address of the Odoo server
    url: Option<String>,
    /// Name of the connection [default: default]
    #[arg(long, value_parser = alias)]
    alias: Option<ConnectionAlias>,
    /// Database
    #[arg(long)]
    db: Option<String>,
    /// Login of the Odoo user
    #[arg(long)]
    login: Option<String>,
    /// Read the password (or an API key) from standard input
    #[arg(long)]
    password_stdin: bool,
    /// What is given is an API key already
    #[arg(long)]
    api_key: bool,
    /// Keep the password; make no API key
    #[arg(long, conflicts_with = "api_key")]
    no_key: bool,
    /// Trust the public key the server shows now, and no other from then on
    #[arg(long)]
    pin: bool,
    /// Trust only the authority in this PEM file
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    ca_file: Option<PathBuf>,
    /// Let an existing name lead to another server, database or user
    #[arg(long)]
    replace: bool,
    /// Where connections, keys and the audit log are kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

fn alias(text: &str) -> Result<ConnectionAlias, String> {
    ConnectionAlias::parse(text).map_err(|error| error.to_string())
}

/// What a new connection holds on to.
enum Kept {
    Password { why: Option<String> },
    Key { expires: Option<String>, signed_in: Value },
    GivenKey,
}

impl Connect {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags = Flags {
            state_dir: self.state_dir.clone(),
            config: session.config_file.clone(),
            ..Flags::default()
        };
        let config = session.load(&flags)?;
        logging::start_quiet(config.log);
        runtime::block_on(async move {
            let mut answers = Answers::gather(&self, session)?;
            let house = House::build_under(config, PolicySource::Operator).await?;
            if answers.db.is_none() || self.pin {
                self.look_first(session, &house, &mut answers).await?;
            }
            let signed_in = self.sign_in(session, &house, &answers).await?;
            let kept = self.keep(session, &house, &answers).await;
            self.tell(session, &answers, &signed_in, kept)
        })
    }

    /// Asks the server for what only it knows, its database and its key, before any credential is sent.
    async fn look_first(&self, session: &Session, house: &House, answers: &mut Answers) -> Result<(), Stop> {
        let seen = match self.look(session, house, answers).await {
            Err(error) if answers.db.is_none() && session.terminal.can_ask() => {
                session.terminal.note(&sentence(&error));
                answers.db = Some(Answers::ask_database(session)?);
                self.look(session, house, answers).await
            }
            seen => seen,
        };
        let seen = seen.map_err(|error| self.refused(&error))?;
        if answers.db.is_none() {
            answers.db = seen.get("db").and_then(Value::as_str).map(str::to_owned);
        }
        if self.pin && session.terminal.can_ask() {
            let question = format!("{}\nTrust this key from now on? [y/N] ", clients::pinned_key(&seen));
            if !Answers::confirm(session, &question) {
                return Err(Stop::FailedWith("nothing was sent and nothing was saved".to_owned()));
            }
        }
        Ok(())
    }

    async fn look(&self, session: &Session, house: &House, answers: &Answers) -> Result<Value, Value> {
        let mut arguments = self.arguments(answers, self.credential(), &answers.secret);
        arguments.insert("dry_run".to_owned(), true.into());
        session.terminal.waiting("looking", call(&house.corridor, "odoo_connect", arguments)).await
    }

    /// The first sign-in, with what the person gave.
    async fn sign_in(&self, session: &Session, house: &House, answers: &Answers) -> Result<Value, Stop> {
        let arguments = self.arguments(answers, self.credential(), &answers.secret);
        let called = call(&house.corridor, "odoo_connect", arguments);
        session.terminal.waiting("signing in", called).await.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &Value) -> Stop {
        let mut text = format!("cannot connect: {}", sentence(error));
        let untrusted = error.get("code").and_then(Value::as_str) == Some("untrusted_certificate");
        if untrusted && !self.pin {
            text.push_str("\nif the server's certificate is self-signed on purpose, use --pin or --ca-file");
        }
        Stop::FailedWith(text)
    }

    fn credential(&self) -> &'static str {
        if self.api_key { "api_key" } else { "password" }
    }

    fn arguments(&self, answers: &Answers, credential: &str, secret: &Secret) -> JsonObject {
        let mut arguments = object(json!({
            "alias": answers.alias,
            "url": answers.url,
            "username": answers.login,
            "verify_ssl": !self.pin,
            "replace": self.replace,
        }));
        arguments.insert(credential.to_owned(), secret.reveal().into());
        if let Some(db) = &answers.db {
            arguments.insert("db".to_owned(), db.as_str().into());
        }
        if let Some(path) = &self.ca_file {
            arguments.insert("ca_file".to_owned(), clients::absolute(path).into());
        }
        arguments
    }

    /// Replaces the password by a key where the server makes one.
    async fn keep(&self, session: &Session, house: &House, answers: &Answers) -> Kept {
        if self.api_key {
            return Kept::GivenKey;
        }
        if self.no_key {
            return Kept::Password { why: None };
        }
        let client = match house.corridor.connections().get(&answers.alias) {
            Ok(client) => client,
            Err(error) => return Kept::Password { why: Some(error.to_string()) },
        };
        let minting = api_key::mint(&client, &answers.secret);
        let minted = match session.terminal.waiting("making an API key", minting).await {
            Ok(minted) => minted,
            Err(why) => return Kept::Password { why: Some(why) },
        };
        let arguments = self.arguments(answers, "api_key", &minted.key);
        match call(&house.corridor, "odoo_connect", arguments).await {
            Ok(signed_in) => Kept::Key { expires: minted.expires, signed_in },
            Err(error) => Kept::Password { why: Some(sentence(&error)) },
        }
    }

    fn tell(&self, session: &Session, answers: &Answers, first: &Value, kept: Kept) -> Result<(), Stop> {
        let (signed_in, sentence) = match kept {
            Kept::Key { expires, signed_in } => {
                let life = expires.map(|words| format!(", valid for {words},")).unwrap_or_default();
                let sentence = format!(
                    "An API key named \"odoo-mcp\"{life} was made and is kept sealed; the password is not kept."
                );
                (signed_in, sentence)
            }
            Kept::GivenKey => (first.clone(), "The API key is kept sealed.".to_owned()),
            Kept::Password { why: None } => (first.clone(), "The password is kept sealed.".to_owned()),
            Kept::Password { why: Some(why) } => {
                let sentence = format!("No API key could be made ({why}), so the password is kept, sealed.");
                (first.clone(), sentence)
            }
        };
        let terminal = &session.terminal;
        let server = clients::server_in_words(&signed_in);
        terminal.line(&format!(
            "Connected `{}` to {} as {}{server}.",
            answers.alias, answers.url, answers.login
        ))?;
        if self.pin {
            terminal.line(&clients::pinned_key(first))?;
        }
        terminal.line(&sentence)?;
        terminal.line("")?;
        Ok(terminal.line(&clients::lines(self.state_dir.as_deref(), session.config_file.as_deref()))?)
    }
}
