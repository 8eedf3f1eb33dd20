//! The code with which whoever started the server makes the first account.

use std::time::Duration;

use jiff::Timestamp;

use super::{Accounts, second_factor::base32};
use crate::{
    facts::{Role, Secret, UserName},
    identity::{
        accounts::Account,
        people::PeopleError,
        secrets::{Trace, random},
    },
};

/// Whoever starts a server makes the account soon, or starts it again.
const CODE_GOOD_FOR: Duration = Duration::from_secs(60 * 60);
/// A hundred bits.
const CODE_BYTES: usize = 15;

impl Accounts {
    /// A code for the first owner, or none where there is an account already.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn first_owner_code(&self) -> Result<Option<Secret>, PeopleError> {
        if self.count().await? > 0 {
            return Ok(None);
        }
        let text = base32(&random::<CODE_BYTES>()?).to_lowercase();
        let trace = Trace::of(&text);
        let until = Some(Timestamp::now() + CODE_GOOD_FOR);
        self.codes.insert(&trace.place, trace.proof().as_bytes().to_vec(), until).await?;
        let groups: Vec<String> =
            text.chars().collect::<Vec<_>>().chunks(6).map(|group| group.iter().collect()).collect();
        Ok(Some(Secret::new(groups.join("-"))))
    }

    /// Makes the first account, once, for whoever shows the code. `None`: the code is not good.
    ///
    /// # Errors
    ///
    /// If name or password will not do, or the store cannot be reached.
    pub async fn add_first_owner(
        &self,
        code: &str,
        name: &UserName,
        password: &Secret,
    ) -> Result<Option<Account>, PeopleError> {
        let bare: String =
            code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let trace = Trace::of(&bare);
        let kept = self.codes.get(&trace.place).await?;
        let fits = kept.is_some_and(|item| trace.proves(&String::from_utf8_lossy(&item.value)));
        if !fits || self.count().await? > 0 {
            return Ok(None);
        }
        // What is wrong with the password is said before the code is used up.
        super::password::check_new(password, name.as_str()).map_err(PeopleError::Refused)?;
        if self.codes.remove(&trace.place).await?.is_none() {
            return Ok(None);
        }
        self.add(name, Role::Owner, None, Some(password)).await.map(Some)
    }
}
