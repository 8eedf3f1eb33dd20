//! A second factor that was shown and is not proved yet, on its way through a browser and back.
//!
//! It is sealed for one account, so that nothing is kept here before a first code proves it, and any
//! process can go on.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Account, Accounts, NewSecondFactor};
use crate::{facts::Secret, identity::people::PeopleError};

/// Long enough to fetch a telephone.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(15);

#[derive(Serialize, Deserialize)]
struct Offer {
    key: String,
    codes: Vec<String>,
    at: Timestamp,
    /// Whatever changed at the account meanwhile ends the offer.
    epoch: u64,
}

impl Accounts {
    /// What a form brings back together with the first code.
    ///
    /// # Errors
    ///
    /// If the sealing key cannot be used.
    pub fn offer_second_factor(
        &self,
        account: &Account,
        new: &NewSecondFactor,
        now: Timestamp,
    ) -> Result<String, PeopleError> {
        let codes = new.recovery_codes.iter().map(|code| code.reveal().to_owned()).collect();
        let offer = Offer { key: new.key.reveal().to_owned(), codes, at: now, epoch: account.epoch };
        let text = serde_json::to_string(&offer).map_err(|error| PeopleError::Seal(error.to_string()))?;
        let seal = self.seal_keys.for_sealing().map_err(|error| PeopleError::Seal(error.to_string()))?;
        seal.seal(&place(&account.id), &Secret::new(text))
            .map_err(|error| PeopleError::Seal(error.to_string()))
    }

    /// What was offered to this account; `None` where it is too old, of somebody else, or no offer.
    ///
    /// # Errors
    ///
    /// If the sealing key cannot be used.
    pub fn offered_second_factor(
        &self,
        account: &Account,
        sealed: &str,
        now: Timestamp,
    ) -> Result<Option<NewSecondFactor>, PeopleError> {
        let seal = self.seal_keys.for_opening().map_err(|error| PeopleError::Seal(error.to_string()))?;
        let Ok(text) = seal.open(&place(&account.id), sealed) else { return Ok(None) };
        let Ok(offer) = serde_json::from_str::<Offer>(text.reveal()) else { return Ok(None) };
        if offer.epoch != account.epoch || now.duration_since(offer.at) > GOOD_FOR {
            return Ok(None);
        }
        let recovery_codes = offer.codes.into_iter().map(Secret::new).collect();
        Ok(Some(NewSecondFactor { key: Secret::new(offer.key), recovery_codes }))
    }
}

fn place(account_id: &str) -> [&str; 2] {
    ["offered second factor", account_id]
}
