//! Odoo's web server as a caller sees it: a session with cookies, pages, files, forms.
//!
//! A session belongs to one caller (grant and user) and one connection, travels over that
//! connection's own TLS policy, and never leaves its origin. Calls of methods over it meet the same
//! checks and the same eyes as over any other route. Deliberately absent: reading pages; that is the
//! room `markup`.

mod answer;
mod body;
mod cookies;
mod disposition;
mod fetch;
mod line;
mod login;
mod needed;
mod path;
mod redirect;
mod request;
mod reserved;
mod sessions;
mod token;
mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

pub use answer::PageAnswer;
pub use body::{FormPart, PageBody, PartContent};
pub(super) use line::Line;
pub use login::WebCredentials;
pub use path::PagePath;
pub use request::{PageRequest, content_address, is_known_page, request_effects, web_page_effect};
pub use reserved::Reserved;
pub(super) use sessions::WebSessions;
pub use sessions::{RunningRequest, WebUser};

use super::{Call, Connections, OdooError, PermittedOdoo, permitted::Way};
use crate::{
    facts::{Caller, ConnectionAlias, ConnectionChange, Effect, Operation},
    policy::Permit,
};
use sessions::{Owner, Place, Standing};

/// A caller's web session of one connection, bound to a permit.
#[derive(Debug)]
pub struct PermittedWeb<'a> {
    pub(super) odoo: PermittedOdoo<'a>,
    line: Line,
}

/// A session as it may be told.
#[derive(Debug, Clone)]
pub struct WebSignedIn {
    pub user: WebUser,
    pub opened_at: Timestamp,
    /// It was open before.
    pub reused: bool,
    /// Opened with the connection's own password, so reads can open it again.
    pub renews_itself: bool,
}

/// What became of signing out.
#[derive(Debug, Clone)]
pub struct WebSignedOut {
    /// There was a session of this caller here.
    pub had_session: bool,
    /// The server ended it at our word; else it had ended before.
    pub confirmed: bool,
    /// A request with the old cookie was refused afterwards.
    pub proven: bool,
    /// What was under way on the session at that moment.
    pub running: Vec<RunningRequest>,
}

impl<'a> PermittedWeb<'a> {
    pub(crate) fn new(
        permit: &'a Permit,
        connections: &Connections,
        connection: &ConnectionAlias,
        caller: &Caller,
    ) -> Result<Self, OdooError> {
        let mut odoo = PermittedOdoo::new(permit, connections, connection, &caller.grant)?;
        let place = connections.web_sessions().place(Owner::new(caller, connection), &odoo.client)?;
        let line = Line {
            client: Arc::clone(&odoo.client),
            place,
            tool: permit.tool().name,
            renews: permit.effects().iter().all(only_reads),
        };
        odoo.way = Way::Web(line.clone());
        Ok(Self { odoo, line })
    }

    /// Records over this session: the same client, checks and eyes, another way for the calls.
    pub fn odoo(&self) -> &PermittedOdoo<'a> {
        &self.odoo
    }

    /// Calls a method that the permit's effects cover, over the session.
    pub async fn call(&self, call: Call) -> Result<Value, OdooError> {
        self.odoo.call(call).await
    }

    /// Where the connection leads: its URL and its database.
    pub fn address(&self) -> (&url::Url, &str) {
        let definition = self.odoo.client.definition();
        (&definition.url, &definition.db)
    }

    /// Is a session open, or can one be opened without asking anybody?
    pub fn is_available(&self) -> bool {
        match self.place().standing() {
            Standing::Open(_) => true,
            Standing::Never => login::has_password(&self.odoo.client),
            Standing::SignedOut(_) | Standing::RanOut => false,
        }
    }

    /// Opens a session, or says that one is open. Without credentials those of the connection count.
    pub async fn sign_in(&self, given: WebCredentials, renew: bool) -> Result<WebSignedIn, OdooError> {
        self.permitted(ConnectionChange::SignIn)?;
        let client = &self.odoo.client;
        let mut door = self.place().door.lock().await;
        let before = match self.place().standing() {
            Standing::Open(session) => Some(session),
            Standing::Never | Standing::SignedOut(_) | Standing::RanOut => None,
        };
        if let Some(session) = &before {
            let wanted = given.login.as_deref().filter(|login| !login.is_empty());
            let is_same = wanted.is_none_or(|login| login == session.user.login);
            let brings_password = given.password.as_ref().is_some_and(|password| !password.is_empty());
            if !renew && is_same && !brings_password {
                if login::is_alive(client, session).await? {
                    return Ok(told(session, true));
                }
                self.place().lost(session);
            }
        }
        let proof = login::proof(client, given).await?;
        let session = login::open(client, self.place(), &mut door, proof).await?;
        if let Some(before) = before
            && let Err(error) = login::end(client, &before).await
        {
            tracing::debug!(%error, "the web session before this one could not be ended");
        }
        Ok(told(&session, false))
    }

    /// Ends the session on the server and proves it. Calm where there is none; never signs in.
    pub async fn sign_out(&self) -> Result<WebSignedOut, OdooError> {
        self.permitted(ConnectionChange::SignOut)?;
        let mut door = self.place().door.lock().await;
        *door = None;
        let running = self.place().running.all();
        let session = match self.place().standing() {
            Standing::Open(session) | Standing::SignedOut(Some(session)) => session,
            Standing::Never | Standing::SignedOut(None) | Standing::RanOut => {
                self.place().set(Standing::SignedOut(None));
                return Ok(WebSignedOut {
                    had_session: false,
                    confirmed: false,
                    proven: false,
                    running: Vec::new(),
                });
            }
        };
        // From here on nobody uses it, whatever the server answers.
        self.place().set(Standing::SignedOut(Some(Arc::clone(&session))));
        let ended = login::end(&self.odoo.client, &session).await?;
        if ended.proven {
            session.wipe();
            self.place().set(Standing::SignedOut(None));
        }
        Ok(WebSignedOut { had_session: true, confirmed: ended.confirmed, proven: ended.proven, running })
    }

    fn permitted(&self, change: ConnectionChange) -> Result<(), OdooError> {
        let wanted = Effect::Connection { connection: self.alias(), change };
        if self.odoo.permit.effects().contains(&wanted) {
            Ok(())
        } else {
            Err(OdooError::NotPermitted {
                what: format!("{change:?} of connection {}", self.alias()).to_lowercase(),
            })
        }
    }

    fn place(&self) -> &Arc<Place> {
        &self.line.place
    }

    fn alias(&self) -> ConnectionAlias {
        self.odoo.client.definition().alias.clone()
    }
}

fn only_reads(effect: &Effect) -> bool {
    match effect {
        Effect::Records(records) => matches!(records.operation, Operation::Read | Operation::Report),
        Effect::Connection { .. }
        | Effect::AllConnections { .. }
        | Effect::Memory { .. }
        | Effect::Own { .. } => true,
    }
}

fn told(session: &sessions::WebSession, reused: bool) -> WebSignedIn {
    WebSignedIn {
        user: session.user.clone(),
        opened_at: session.opened_at,
        reused,
        renews_itself: session.from_saved,
    }
}
