//! Everybody who has an account here, and what they hold: tokens, sessions.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    accounts::{Account, Accounts},
    sessions::Sessions,
    sign_in::SignIn,
    tokens::Tokens,
};
use crate::{
    config::AuthSettings,
    facts::{Arrival, Caller, GrantName, Scopes, UserName},
    odoo::Connections,
    store::{Cabinet, CabinetError, SealKeys},
};

/// Why something about people could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error(transparent)]
    Store(#[from] CabinetError),
    #[error("the entry of `{key}` in the store of shared state is damaged")]
    Damaged { key: String },
    #[error("{0}")]
    Refused(String),
    #[error("there is no account `{name}`")]
    NoAccount { name: String },
    #[error("there is already an account `{name}`")]
    Exists { name: UserName },
    #[error("somebody else changes it all the time; try again")]
    Contended,
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    #[error("the sealing key cannot be used: {0}")]
    Seal(String),
    #[error("the keys of the OpenID provider cannot be had")]
    NoProviderKeys,
    #[error("the system gave no random numbers")]
    NoRandomness,
}

/// Accounts, personal access tokens and sessions of one cabinet. Cheap to clone.
#[derive(Debug, Clone)]
pub struct People {
    accounts: Accounts,
    tokens: Tokens,
    sessions: Sessions,
    sign_in: Arc<SignIn>,
    settings: Arc<AuthSettings>,
}

impl People {
    pub fn new(cabinet: &Cabinet, settings: &AuthSettings, seal_keys: Arc<SealKeys>) -> Self {
        let settings = Arc::new(settings.clone());
        let accounts = Accounts::new(cabinet, Arc::clone(&seal_keys));
        let sessions = Sessions::new(cabinet, accounts.clone(), &settings);
        let tokens = Tokens::new(cabinet, accounts.clone());
        let sign_in =
            SignIn::new(cabinet, accounts.clone(), sessions.clone(), seal_keys, Arc::clone(&settings));
        Self { accounts, tokens, sessions, sign_in: Arc::new(sign_in), settings }
    }

    /// The same with connections whose users may sign in, as far as the settings name them.
    #[must_use]
    pub fn with_connections(mut self, connections: Arc<Connections>) -> Self {
        self.sign_in = Arc::new(self.sign_in.with_connections(connections));
        self
    }

    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    pub fn settings(&self) -> &AuthSettings {
        &self.settings
    }

    /// Is there anybody, or another way in, so that callers have to show who they are?
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn are_known(&self) -> Result<bool, PeopleError> {
        match self.settings.enabled {
            Some(enabled) => Ok(enabled),
            None => Ok(!self.settings.odoo_connections.is_empty() || self.accounts.count().await? > 0),
        }
    }

    /// The account behind something that was handed out before, if it may still be used: nobody disabled
    /// it, it is the same account, and its password has not been changed since.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn still(&self, name: &UserName, id: &str, epoch: u64) -> Result<Option<Account>, PeopleError> {
        let account = self.accounts.get(name).await?;
        Ok(account.filter(|account| account.is_still(id) && account.epoch == epoch))
    }

    /// Calls of this account, with a token for these scopes.
    pub fn caller_of(&self, account: &Account, scopes: Scopes) -> Caller {
        caller(account, account.grant(&self.settings), scopes)
    }

    /// Throws away what is over: sessions, steps of signing in, tokens.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.accounts.sweep(now).await?;
        self.tokens.sweep(now).await?;
        self.sessions.sweep(now).await?;
        self.sign_in.sweep(now).await
    }
}

/// A caller over HTTP who acts for an account. What a role may not do, no token of it can.
pub(super) fn caller(account: &Account, grant: GrantName, scopes: Scopes) -> Caller {
    Caller {
        user: account.name.clone(),
        grant,
        arrived_by: Arrival::Http,
        client: None,
        groups: Arc::default(),
        scopes: scopes.within(account.role.scopes_max()),
        role: account.role,
    }
}
