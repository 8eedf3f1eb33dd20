//! Signing in with a browser: a password, perhaps a code, and then a session.
//!
//! Whoever guesses waits longer each time: per account, per address, and apart from both per browser
//! that has signed in to the account before, so that a guesser cannot keep the owner out. A try is
//! counted before it is looked at, so that many at once are counted, too.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::{Account, Accounts, local_name, odoo_name},
    failures::{
        CODES_OF_ACCOUNT, Failures, PASSWORDS_OF_ACCOUNT, PASSWORDS_OF_ADDRESS, PASSWORDS_OF_BROWSER,
        PASSWORDS_OF_ODOO, neighbourhood,
    },
    odoo_login,
    people::PeopleError,
    secrets::{Trace, digest_of, new_secret, same},
    sessions::{Sessions, Visitor},
};
use crate::{
    config::AuthSettings,
    facts::{ConnectionAlias, Secret, UserName},
    odoo::Connections,
    store::{Cabinet, Drawer, SealKeys},
};

/// Between password and code.
const CODE_ASKED_FOR: Duration = Duration::from_secs(300);
/// Wrong codes before the password is asked for again.
const CODES_MAX: u32 = 5;
/// A browser is known for so long after it signed in.
const BROWSER_KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Where somebody has their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this server.
    Here,
    /// In the Odoo of this connection.
    Odoo(ConnectionAlias),
}

/// How far somebody got.
#[derive(Debug)]
pub enum Step {
    /// Signed in: what the browser keeps, and what makes it known.
    Done { session: Secret, known: Option<Secret> },
    /// The password was right; a code is wanted as well, with this to go on.
    Code { ticket: Secret },
}

/// Why somebody is not signed in. What was wrong is not told.
#[derive(Debug, thiserror::Error)]
pub enum NotSignedIn {
    #[error("the name or the password is wrong")]
    Wrong,
    #[error("the code is wrong")]
    WrongCode,
    #[error("it took too long, or there were too many wrong codes")]
    Over,
    #[error("there were too many tries")]
    Wait(Duration),
    #[error(transparent)]
    Failed(#[from] PeopleError),
}

/// Signing in to one server.
#[derive(Debug, Clone)]
pub struct SignIn {
    tickets: Drawer,
    accounts: Accounts,
    sessions: Sessions,
    seal_keys: Arc<SealKeys>,
    settings: Arc<AuthSettings>,
    connections: Option<Arc<Connections>>,
    waits: Arc<Waits>,
}

#[derive(Debug)]
struct Waits {
    accounts: Failures<UserName>,
    addresses: Failures<IpAddr>,
    browsers: Failures<String>,
    odoos: Failures<ConnectionAlias>,
    codes: Failures<UserName>,
}

/// Who tries: what their failures are counted under.
#[derive(Debug, Clone)]
enum Trier {
    KnownBrowser(String),
    Anybody {
        account: UserName,
        address: Option<IpAddr>,
        odoo: Option<ConnectionAlias>,
    },
    /// Somebody who had the right password.
    SecondStep(UserName),
}

/// A right password that waits for its code.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    user: UserName,
    account_id: String,
    epoch: u64,
    tries: u32,
    proof: String,
}

impl SignIn {
    pub(super) fn new(
        cabinet: &Cabinet,
        accounts: Accounts,
        sessions: Sessions,
        seal_keys: Arc<SealKeys>,
        settings: Arc<AuthSettings>,
    ) -> Self {
        let waits = Waits {
            accounts: Failures::under(PASSWORDS_OF_ACCOUNT),
            addresses: Failures::under(PASSWORDS_OF_ADDRESS),
            browsers: Failures::under(PASSWORDS_OF_BROWSER),
            odoos: Failures::under(PASSWORDS_OF_ODOO),
            codes: Failures::under(CODES_OF_ACCOUNT),
        };
        let tickets = cabinet.drawer("sign-ins");
        Self { tickets, accounts, sessions, seal_keys, settings, connections: None, waits: Arc::new(waits) }
    }

    pub(super) fn with_connections(&self, connections: Arc<Connections>) -> Self {
        Self { connections: Some(connections), ..self.clone() }
    }

    /// The connections whose users may sign in.
    pub fn odoo_connections(&self) -> &[ConnectionAlias] {
        if self.connections.is_some() { &self.settings.odoo_connections } else { &[] }
    }

    /// Checks name and password. `known` is what made the browser known, if it shows anything.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`] says why not; wrong names and wrong passwords are the same.
    pub async fn with_password(
        &self,
        place: &Place,
        login: &str,
        password: &Secret,
        visitor: &Visitor,
        known: Option<&str>,
    ) -> Result<Step, NotSignedIn> {
        let login = login.trim();
        // A name that can be none is looked up under one that nobody has, with the same work.
        let name = match place {
            Place::Here => local_name(login).ok(),
            Place::Odoo(alias) => odoo_name(alias, login).ok(),
        };
        let name = name.unwrap_or_else(UserName::local);
        let before = self.accounts.get(&name).await?;
        let odoo = match place {
            Place::Odoo(alias) if self.odoo_connections().contains(alias) => Some(alias.clone()),
            Place::Odoo(_) | Place::Here => None,
        };
        let trier = self.trier(&name, before.as_ref(), visitor, known, odoo);
        self.begin_try(&trier)?;
        let account = match place {
            Place::Here => {
                let fits = self.accounts.password_fits(before.as_ref(), password).await?;
                before.filter(|_| fits)
            }
            Place::Odoo(alias) => self.odoo_account(alias, login, password).await?,
        };
        let Some(account) = account.filter(|account| !account.disabled) else {
            return Err(NotSignedIn::Wrong);
        };
        if account.has_second_factor() {
            // A right password must not make wrong codes forgotten.
            self.take_back(&trier);
            return Ok(Step::Code { ticket: self.ticket(&account).await? });
        }
        self.end_try(&trier);
        self.begin_session(&account, visitor).await
    }

    /// Checks the code of somebody whose password was right.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`] says why not.
    pub async fn with_code(
        &self,
        ticket: &str,
        code: &str,
        visitor: &Visitor,
        known: Option<&str>,
    ) -> Result<Step, NotSignedIn> {
        let trace = Trace::of(ticket);
        let item = self.tickets.get(&trace.place).await?;
        let Some(item) = item else { return Err(NotSignedIn::Over) };
        let mut kept: Ticket = serde_json::from_slice(&item.value)
            .map_err(|_| PeopleError::Damaged { key: trace.place.clone() })?;
        if !trace.proves(&kept.proof) || kept.tries >= CODES_MAX {
            return Err(NotSignedIn::Over);
        }
        kept.tries += 1;
        // Of two codes at once one is looked at.
        if !self.tickets.replace(&trace.place, item.version, written(&kept)?, item.expires_at).await? {
            return Err(NotSignedIn::WrongCode);
        }
        let account = self.accounts.get(&kept.user).await?;
        let is_good = |account: &Account| account.is_still(&kept.account_id) && account.epoch == kept.epoch;
        let Some(account) = account.filter(is_good) else { return Err(NotSignedIn::Over) };
        let trier = match self.trier(&account.name, Some(&account), visitor, known, None) {
            Trier::Anybody { account, .. } => Trier::SecondStep(account),
            trier @ (Trier::KnownBrowser(_) | Trier::SecondStep(_)) => trier,
        };
        self.begin_try(&trier)?;
        if !self.accounts.take_code(&account.name, code).await? {
            return Err(if kept.tries >= CODES_MAX { NotSignedIn::Over } else { NotSignedIn::WrongCode });
        }
        self.end_try(&trier);
        // Who takes the ticket is in; a second one with the same ticket is not.
        if self.tickets.remove(&trace.place).await?.is_none() {
            return Err(NotSignedIn::Over);
        }
        self.begin_session(&account, visitor).await
    }

    /// Is it really the owner of the account who sits before this session? Asked before what would
    /// lock them out; wrong tries are counted by session, so that they lock out nobody else.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`] says why not.
    pub async fn prove_again(
        &self,
        account: &Account,
        session: &str,
        password: &Secret,
        code: &str,
    ) -> Result<(), NotSignedIn> {
        let trier = Trier::KnownBrowser(digest_of(session));
        self.begin_try(&trier)?;
        if !self.accounts.password_fits(Some(account), password).await? {
            return Err(NotSignedIn::Wrong);
        }
        if account.has_second_factor() && !self.accounts.take_code(&account.name, code).await? {
            return Err(NotSignedIn::WrongCode);
        }
        self.end_try(&trier);
        Ok(())
    }

    /// Signs in whoever has just made the first account.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn first_owner(&self, account: &Account, visitor: &Visitor) -> Result<Step, NotSignedIn> {
        self.begin_session(account, visitor).await
    }

    /// Counts a try of a first owner's code from this address.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn::Wait`] where there were too many.
    pub fn try_code_of_first_owner(&self, visitor: &Visitor) -> Result<(), NotSignedIn> {
        self.begin_try(&Trier::Anybody {
            account: UserName::local(),
            address: visitor.address.map(neighbourhood),
            odoo: None,
        })
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.tickets.sweep(now).await?;
        Ok(())
    }

    async fn odoo_account(
        &self,
        alias: &ConnectionAlias,
        login: &str,
        password: &Secret,
    ) -> Result<Option<Account>, NotSignedIn> {
        let Some(connections) = &self.connections else { return Ok(None) };
        if !self.settings.odoo_connections.contains(alias) {
            return Ok(None);
        }
        let Some(user) = odoo_login::check(connections, alias, login, password).await? else {
            return Ok(None);
        };
        Ok(Some(self.accounts.of_odoo_user(alias, &user.login, user.uid).await?))
    }

    async fn ticket(&self, account: &Account) -> Result<Secret, PeopleError> {
        let secret = new_secret("")?;
        let trace = Trace::of(secret.reveal());
        let ticket = Ticket {
            user: account.name.clone(),
            account_id: account.id.clone(),
            epoch: account.epoch,
            tries: 0,
            proof: trace.proof().to_owned(),
        };
        let until = Some(Timestamp::now() + CODE_ASKED_FOR);
        self.tickets.insert(&trace.place, written(&ticket)?, until).await?;
        Ok(secret)
    }

    async fn begin_session(&self, account: &Account, visitor: &Visitor) -> Result<Step, NotSignedIn> {
        let session = self.sessions.begin(account, visitor).await?;
        Ok(Step::Done { session, known: self.mark(account) })
    }

    fn trier(
        &self,
        name: &UserName,
        account: Option<&Account>,
        visitor: &Visitor,
        known: Option<&str>,
        odoo: Option<ConnectionAlias>,
    ) -> Trier {
        match (account, known) {
            (Some(account), Some(known)) if self.is_known(account, known) => {
                Trier::KnownBrowser(digest_of(known))
            }
            _ => Trier::Anybody { account: name.clone(), address: visitor.address.map(neighbourhood), odoo },
        }
    }

    /// Refuses whoever has to wait, and counts the try of everybody else.
    fn begin_try(&self, trier: &Trier) -> Result<(), NotSignedIn> {
        let now = Instant::now();
        let wait = match trier {
            Trier::KnownBrowser(browser) => self.waits.browsers.wait(browser, now),
            Trier::SecondStep(account) => self.waits.codes.wait(account, now),
            Trier::Anybody { account, address, odoo } => {
                let of_address = address.as_ref().and_then(|address| self.waits.addresses.wait(address, now));
                let of_odoo = odoo.as_ref().and_then(|odoo| self.waits.odoos.wait(odoo, now));
                self.waits.accounts.wait(account, now).max(of_address).max(of_odoo)
            }
        };
        if let Some(wait) = wait {
            return Err(NotSignedIn::Wait(wait));
        }
        match trier {
            Trier::KnownBrowser(browser) => {
                self.waits.browsers.count(browser.clone(), now);
            }
            Trier::SecondStep(account) => {
                self.waits.codes.count(account.clone(), now);
            }
            Trier::Anybody { account, address, odoo } => {
                self.waits.accounts.count(account.clone(), now);
                if let Some(address) = address {
                    self.waits.addresses.count(*address, now);
                }
                if let Some(odoo) = odoo {
                    self.waits.odoos.count(odoo.clone(), now);
                }
            }
        }
        Ok(())
    }

    /// The try was a good one. Whoever guesses other accounts from the same address gains nothing.
    fn end_try(&self, trier: &Trier) {
        match trier {
            Trier::KnownBrowser(browser) => self.waits.browsers.forget(browser),
            Trier::SecondStep(account) => self.waits.codes.forget(account),
            Trier::Anybody { account, .. } => {
                self.take_back(trier);
                self.waits.accounts.forget(account);
            }
        }
    }

    /// The try was none of a guesser; what was counted before stays.
    fn take_back(&self, trier: &Trier) {
        match trier {
            Trier::KnownBrowser(browser) => self.waits.browsers.take_back(browser),
            Trier::SecondStep(account) => self.waits.codes.take_back(account),
            Trier::Anybody { account, address, odoo } => {
                self.waits.accounts.take_back(account);
                if let Some(address) = address {
                    self.waits.addresses.take_back(address);
                }
                if let Some(odoo) = odoo {
                    self.waits.odoos.take_back(odoo);
                }
            }
        }
    }

    /// What makes a browser known: nothing secret, and nobody else can make it.
    fn mark(&self, account: &Account) -> Option<Secret> {
        let until = (Timestamp::now() + BROWSER_KNOWN_FOR).as_second();
        Some(Secret::new(format!("{}.{until}.{}", account.id, self.signature(&account.id, until)?)))
    }

    fn is_known(&self, account: &Account, mark: &str) -> bool {
        let mut parts = mark.split('.');
        let (Some(id), Some(until), Some(shown), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let Ok(until) = until.parse::<i64>() else { return false };
        let signed = self.signature(id, until).is_some_and(|own| same(&own, shown));
        signed && id == account.id && until > Timestamp::now().as_second()
    }

    /// Without a sealing key no browser is known, and everybody waits as everybody does.
    fn signature(&self, account_id: &str, until: i64) -> Option<String> {
        let key = self.seal_keys.for_sealing().ok()?;
        Some(key.digest(format!("known browser\n{account_id}\n{until}").as_bytes()))
    }
}

fn written(ticket: &Ticket) -> Result<Vec<u8>, PeopleError> {
    serde_json::to_vec(ticket).map_err(|_| PeopleError::Damaged { key: ticket.user.to_string() })
}

impl From<crate::store::CabinetError> for NotSignedIn {
    fn from(error: crate::store::CabinetError) -> Self {
        Self::Failed(error.into())
    }
}
