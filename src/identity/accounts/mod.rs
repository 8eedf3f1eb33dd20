//! Accounts of this server: made by the operator, or by the first sign-in of an Odoo user.
//!
//! Deliberately absent: renaming and deleting. A name belongs to one person for ever, because what
//! they keep here is found by it.

mod account;
mod first_owner;
mod offer;
mod password;
mod second_factor;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub(super) use self::account::odoo_name;
use self::password::{PasswordWork, check_new};
pub use self::{
    account::{Account, Proof, local_name},
    password::PasswordDigest,
    second_factor::NewSecondFactor,
};
use super::{people::PeopleError, secrets::new_id};
use crate::{
    facts::{ConnectionAlias, GrantName, Role, Secret, UserName},
    store::{Cabinet, Drawer, SealKeys},
};

/// Tries of a change while others change the same account.
const TRIES_MAX: usize = 20;
/// Accounts read at a time.
const PAGE: usize = 500;

/// All accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    drawer: Drawer,
    /// Codes with which the first owner makes an account.
    codes: Drawer,
    passwords: PasswordWork,
    seal_keys: Arc<SealKeys>,
}

impl Accounts {
    pub(super) fn new(cabinet: &Cabinet, seal_keys: Arc<SealKeys>) -> Self {
        Self {
            drawer: cabinet.drawer("accounts"),
            codes: cabinet.drawer("first-owner"),
            passwords: PasswordWork::new(),
            seal_keys,
        }
    }

    /// The account of that name.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or the entry is damaged.
    pub async fn get(&self, name: &UserName) -> Result<Option<Account>, PeopleError> {
        let item = self.drawer.get(name.as_str()).await?;
        item.map(|item| read(name.as_str(), &item.value)).transpose()
    }

    /// All of them, by name.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or an entry is damaged.
    pub async fn list(&self) -> Result<Vec<Account>, PeopleError> {
        let (mut accounts, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.drawer.list("", after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(accounts) };
            after = Some(last.clone());
            for (key, item) in &page {
                accounts.push(read(key, &item.value)?);
            }
        }
    }

    /// How many there are.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn count(&self) -> Result<u64, PeopleError> {
        Ok(self.drawer.count("").await?)
    }

    /// A new account of this server. Without a password nobody can sign in to it; tokens it can have.
    ///
    /// # Errors
    ///
    /// If there is one of that name, the password is too weak, or the store cannot be reached.
    pub async fn add(
        &self,
        name: &UserName,
        role: Role,
        grant: Option<GrantName>,
        password: Option<&Secret>,
    ) -> Result<Account, PeopleError> {
        let digest = match password {
            Some(password) => Some(self.digest(name, password).await?),
            None => None,
        };
        let account =
            Account { own_grant: grant, ..new_account(name.clone(), role, Proof::Password { digest })? };
        self.keep_new(account).await
    }

    /// The account of an Odoo user who has just proved to be one: made at the first sign-in.
    ///
    /// # Errors
    ///
    /// If the login belonged to another user of that Odoo before, or the store cannot be reached.
    pub(super) async fn of_odoo_user(
        &self,
        connection: &ConnectionAlias,
        login: &str,
        uid: i64,
    ) -> Result<Account, PeopleError> {
        let name = odoo_name(connection, login).map_err(|error| PeopleError::Refused(error.to_string()))?;
        let proof = Proof::Odoo { connection: connection.clone(), uid };
        for _ in 0..TRIES_MAX {
            if let Some(account) = self.get(&name).await? {
                let same = matches!(&account.proof, Proof::Odoo { uid: known, .. } if *known == uid);
                // Whoever has the login now must not find what another one left.
                return if same {
                    Ok(account)
                } else {
                    Err(PeopleError::Refused(format!("`{name}` is the account of another user of that Odoo")))
                };
            }
            match self.keep_new(new_account(name.clone(), Role::Member, proof.clone())?).await {
                Err(PeopleError::Exists { .. }) => {}
                done => return done,
            }
        }
        Err(PeopleError::Contended)
    }

    /// Does the password open the account? The work is the same where there is no such account.
    pub(super) async fn password_fits(
        &self,
        account: Option<&Account>,
        password: &Secret,
    ) -> Result<bool, PeopleError> {
        let digest = match account.map(|account| &account.proof) {
            Some(Proof::Password { digest }) => digest.as_ref(),
            Some(Proof::Odoo { .. }) | None => None,
        };
        self.passwords.fits(digest, password).await
    }

    /// Gives the account another role.
    ///
    /// # Errors
    ///
    /// If it is the last owner's, there is no such account, or the store cannot be reached.
    pub async fn set_role(&self, name: &UserName, role: Role) -> Result<Account, PeopleError> {
        if role != Role::Owner {
            self.check_other_owner(name).await?;
        }
        self.change(name, |account| {
            account.role = role;
            Ok(())
        })
        .await
    }

    /// Gives the account a grant of its own, or takes it away.
    ///
    /// # Errors
    ///
    /// If there is no such account, or the store cannot be reached.
    pub async fn set_grant(&self, name: &UserName, grant: Option<GrantName>) -> Result<Account, PeopleError> {
        self.change(name, |account| {
            account.own_grant.clone_from(&grant);
            Ok(())
        })
        .await
    }

    /// Nothing of a disabled account works: no session, no token.
    ///
    /// # Errors
    ///
    /// If it is the last owner's, there is no such account, or the store cannot be reached.
    pub async fn set_disabled(&self, name: &UserName, disabled: bool) -> Result<Account, PeopleError> {
        if disabled {
            self.check_other_owner(name).await?;
        }
        self.change(name, |account| {
            account.disabled = disabled;
            account.epoch += u64::from(disabled);
            Ok(())
        })
        .await
    }

    /// Another password. Whoever signed in with the old one is signed out.
    ///
    /// # Errors
    ///
    /// If the password is too weak, the account is not one of this server, or the store cannot be reached.
    pub async fn set_password(&self, name: &UserName, password: &Secret) -> Result<Account, PeopleError> {
        let new = self.digest(name, password).await?;
        self.change(name, |account| match &mut account.proof {
            Proof::Password { digest } => {
                *digest = Some(new.clone());
                account.epoch += 1;
                Ok(())
            }
            Proof::Odoo { .. } => Err(PeopleError::Refused(format!(
                "`{name}` signs in with the password of an Odoo, which is changed there"
            ))),
        })
        .await
    }

    /// A key and recovery codes to show once; nothing is kept before a first code proves them.
    ///
    /// # Errors
    ///
    /// If the account is not one of this server, or the system gives no random numbers.
    pub async fn new_second_factor(&self, name: &UserName) -> Result<NewSecondFactor, PeopleError> {
        match self.get(name).await?.map(|account| account.proof) {
            Some(Proof::Password { .. }) => NewSecondFactor::make(),
            Some(Proof::Odoo { .. }) => Err(PeopleError::Refused(format!(
                "`{name}` signs in with the password of an Odoo, which has a second factor of its own"
            ))),
            None => Err(PeopleError::NoAccount { name: name.to_string() }),
        }
    }

    /// From now on the account wants a code as well, or not any more. Whoever signed in is signed out.
    ///
    /// # Errors
    ///
    /// If there is no such account, or store or sealing key cannot be used.
    pub async fn set_second_factor(
        &self,
        name: &UserName,
        new: Option<&NewSecondFactor>,
    ) -> Result<Account, PeopleError> {
        let seal = self.seal_keys.for_sealing().map_err(|error| PeopleError::Seal(error.to_string()))?;
        self.change(name, |account| {
            let sealed = new.map(|new| new.sealed(&account.id, &seal)).transpose();
            account.second_factor = sealed.map_err(|error| PeopleError::Seal(error.to_string()))?;
            account.epoch += 1;
            Ok(())
        })
        .await
    }

    /// Uses up a code of the second factor.
    pub(super) async fn take_code(&self, name: &UserName, code: &str) -> Result<bool, PeopleError> {
        let mut fits = false;
        let changed = self
            .change(name, |account| {
                let Some(factor) = &mut account.second_factor else {
                    return Err(PeopleError::Refused(String::new()));
                };
                let seal =
                    self.seal_keys.for_opening().map_err(|error| PeopleError::Seal(error.to_string()))?;
                fits = factor
                    .take(code, &account.id, &seal, Timestamp::now())
                    .map_err(|error| PeopleError::Seal(error.to_string()))?;
                // A code that does not fit changes nothing.
                if fits { Ok(()) } else { Err(PeopleError::Refused(String::new())) }
            })
            .await;
        match changed {
            Ok(_) => Ok(fits),
            Err(PeopleError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.codes.sweep(now).await?;
        Ok(())
    }

    async fn digest(&self, name: &UserName, password: &Secret) -> Result<PasswordDigest, PeopleError> {
        check_new(password, name.as_str()).map_err(PeopleError::Refused)?;
        self.passwords.digest(password).await
    }

    async fn keep_new(&self, account: Account) -> Result<Account, PeopleError> {
        let new = self.drawer.insert(account.name.as_str(), written(&account)?, None).await?;
        if new { Ok(account) } else { Err(PeopleError::Exists { name: account.name }) }
    }

    /// Reads, changes and writes, again when somebody else was faster.
    async fn change(
        &self,
        name: &UserName,
        mut edit: impl FnMut(&mut Account) -> Result<(), PeopleError>,
    ) -> Result<Account, PeopleError> {
        for _ in 0..TRIES_MAX {
            let item = self.drawer.get(name.as_str()).await?;
            let Some(item) = item else { return Err(PeopleError::NoAccount { name: name.to_string() }) };
            let mut account = read(name.as_str(), &item.value)?;
            edit(&mut account)?;
            if self.drawer.replace(name.as_str(), item.version, written(&account)?, None).await? {
                return Ok(account);
            }
        }
        Err(PeopleError::Contended)
    }

    /// A server without an owner could be taken by whoever reads the next code.
    async fn check_other_owner(&self, name: &UserName) -> Result<(), PeopleError> {
        let accounts = self.list().await?;
        let mut owners = accounts.iter().filter(|account| account.role == Role::Owner && !account.disabled);
        let is_last =
            owners.clone().any(|owner| owner.name == *name) && owners.all(|owner| owner.name == *name);
        if is_last {
            return Err(PeopleError::Refused(format!(
                "`{name}` is the only owner; make somebody else an owner first"
            )));
        }
        Ok(())
    }
}

fn new_account(name: UserName, role: Role, proof: Proof) -> Result<Account, PeopleError> {
    Ok(Account {
        id: new_id()?,
        name,
        role,
        disabled: false,
        own_grant: None,
        created_at: Timestamp::now(),
        epoch: 1,
        proof,
        second_factor: None,
    })
}

fn read(key: &str, value: &[u8]) -> Result<Account, PeopleError> {
    serde_json::from_slice(value).map_err(|_| PeopleError::Damaged { key: key.to_owned() })
}

fn written(account: &Account) -> Result<Vec<u8>, PeopleError> {
    serde_json::to_vec(account).map_err(|_| PeopleError::Damaged { key: account.name.to_string() })
}
