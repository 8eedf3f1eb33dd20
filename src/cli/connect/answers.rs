//! What a connection needs, from flags or by asking.

use std::io::Read as _;

use zeroize::Zeroizing;

use super::{Connect, Session, Stop};
use crate::{
    config::odoo_url,
    facts::{ConnectionAlias, Secret},
};

/// Passwords and keys are far shorter.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// Everything needed to sign in.
pub(super) struct Answers {
    pub(super) alias: ConnectionAlias,
    pub(super) url: String,
    /// `None` leaves the choice to a server that has only one.
    pub(super) db: Option<String>,
    pub(super) login: String,
    pub(super) secret: Secret,
}

impl Answers {
    pub(super) fn gather(flags: &Connect, session: &Session) -> Result<Self, Stop> {
        let asking = Asking { session };
        let url = asking.text(flags.url.as_deref(), "URL", "Odoo address (https://…)")?;
        let url = odoo_url(&url).map_err(|why| Stop::Settings(format!("URL: {why}")))?.to_string();
        let db = flags.db.clone();
        let login = asking.text(flags.login.as_deref(), "--login", "Login")?;
        let alias = match &flags.alias {
            Some(alias) => alias.clone(),
            None => ConnectionAlias::default_alias(),
        };
        let secret = asking.secret(flags)?;
        Ok(Self { alias, url: url.trim_end_matches('/').to_owned(), db, login, secret })
    }
}

impl Answers {
    pub(super) fn ask_database(session: &Session) -> Result<String, Stop> {
        Asking { session }.text(None, "--db", "Database")
    }

    /// Only a plain yes is one.
    pub(super) fn confirm(session: &Session, question: &str) -> bool {
        matches!(line(session, question).to_ascii_lowercase().as_str(), "y" | "yes")
    }
}

/// What a person answers; nothing where nobody does.
fn line(session: &Session, question: &str) -> String {
    session.terminal.ask(question);
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(_) => line.trim().to_owned(),
        Err(_) => String::new(),
    }
}

struct Asking<'a> {
    session: &'a Session,
}

impl Asking<'_> {
    /// The flag's value, or what a person at the terminal answers.
    fn text(&self, given: Option<&str>, flag: &str, question: &str) -> Result<String, Stop> {
        if let Some(text) = given {
            return Ok(text.to_owned());
        }
        if !self.session.terminal.can_ask() {
            return Err(Stop::Settings(format!("{flag} is missing, and there is no terminal to ask at")));
        }
        let answer = line(self.session, &format!("{question}: "));
        if answer.is_empty() { Err(Stop::Settings(format!("{flag} is missing"))) } else { Ok(answer) }
    }

    fn secret(&self, flags: &Connect) -> Result<Secret, Stop> {
        let question = if flags.api_key { "API key: " } else { "Password: " };
        let text = if flags.password_stdin {
            let mut text = Zeroizing::new(String::new());
            std::io::stdin()
                .lock()
                .take(SECRET_BYTES_MAX)
                .read_to_string(&mut text)
                .map_err(|error| Stop::Settings(format!("--password-stdin: {}", error.kind())))?;
            text
        } else if self.session.terminal.can_ask() {
            rpassword::prompt_password(question)
                .map(Zeroizing::new)
                .map_err(|error| Stop::Settings(format!("the password cannot be read: {}", error.kind())))?
        } else {
            return Err(Stop::Settings(
                "--password-stdin is missing, and there is no terminal to ask at".to_owned(),
            ));
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(Stop::Settings("the password is empty".to_owned()));
        }
        Ok(Secret::new(secret.to_owned()))
    }
}
