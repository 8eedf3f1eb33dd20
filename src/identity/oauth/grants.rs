//! Which clients an account let in, as people see it: a list, and an end to each.

use jiff::Timestamp;
use serde::Serialize;

use super::{FAMILIES, INDEX, family::Family};
use crate::{
    facts::{Scopes, UserName},
    identity::{people::PeopleError, secrets::digest_of},
    store::{Cabinet, Drawer},
};

/// Consents of one account at once; the one used longest ago makes room.
const GRANTS_MAX: usize = 100;
/// Grants read at a time.
const PAGE: usize = 500;

/// One consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientGrant {
    /// Names it among those of its user; no secret.
    pub id: String,
    pub user: UserName,
    pub client_id: String,
    pub client_name: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    /// When its client last fetched tokens.
    pub used_at: Timestamp,
}

impl From<Family> for ClientGrant {
    fn from(family: Family) -> Self {
        Self {
            id: family.id,
            user: family.user,
            client_id: family.client_id,
            client_name: family.client_name,
            scopes: family.scopes,
            created_at: family.created_at,
            used_at: family.used_at,
        }
    }
}

/// All consents of one cabinet. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ClientGrants {
    pub(super) families: Drawer,
    /// Which families a user has.
    index: Drawer,
}

impl ClientGrants {
    pub fn new(cabinet: &Cabinet) -> Self {
        Self { families: cabinet.drawer(FAMILIES), index: cabinet.drawer(INDEX) }
    }

    /// The clients that this account let in, the one used last first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached; so for the others here.
    pub async fn of(&self, user: &UserName) -> Result<Vec<ClientGrant>, PeopleError> {
        let mut grants: Vec<ClientGrant> =
            self.places_of(user).await?.into_iter().map(|(_, family)| family.into()).collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.used_at));
        Ok(grants)
    }

    /// The clients of all accounts, the one used last first.
    pub async fn all(&self) -> Result<Vec<ClientGrant>, PeopleError> {
        let (mut grants, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.families.list("", after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, item) in &page {
                grants.push(ClientGrant::from(read(key, &item.value)?));
            }
        }
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.used_at));
        Ok(grants)
    }

    /// Ends one grant of this user; false if they have none of that id.
    pub async fn revoke(&self, user: &UserName, id: &str) -> Result<bool, PeopleError> {
        Ok(self.revoke_where(user, |family| family.id == id).await? > 0)
    }

    /// Ends everything this user let this client do, on all devices, and says how many grants that were.
    pub async fn revoke_client(&self, user: &UserName, client_id: &str) -> Result<usize, PeopleError> {
        self.revoke_where(user, |family| family.client_id == client_id).await
    }

    /// Ends everything this user let anybody do.
    pub async fn revoke_all_of(&self, user: &UserName) -> Result<usize, PeopleError> {
        self.revoke_where(user, |_| true).await
    }

    async fn revoke_where(
        &self,
        user: &UserName,
        is_meant: impl Fn(&Family) -> bool,
    ) -> Result<usize, PeopleError> {
        let mut ended = 0;
        for (place, family) in self.places_of(user).await? {
            if is_meant(&family) {
                self.end(&place).await?;
                tracing::info!(%user, client = family.client_id, grant = family.id, "a grant of a client ended");
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Puts a new family on the list of its user.
    pub(super) async fn note(
        &self,
        family: &Family,
        place: &str,
        until: Timestamp,
    ) -> Result<(), PeopleError> {
        let key = index_key(&family.user, &family.id);
        self.index.insert(&key, place.as_bytes().to_vec(), Some(until)).await?;
        Ok(())
    }

    /// Ends a family, and with it all its tokens.
    pub(super) async fn end(&self, place: &str) -> Result<(), PeopleError> {
        let Some(item) = self.families.remove(place).await? else { return Ok(()) };
        if let Ok(family) = read(place, &item.value) {
            self.index.remove(&index_key(&family.user, &family.id)).await?;
        }
        Ok(())
    }

    /// Sees to it that one more fits on the list of a user.
    pub(super) async fn make_room(&self, user: &UserName) -> Result<(), PeopleError> {
        let mut places = self.places_of(user).await?;
        if places.len() < GRANTS_MAX {
            return Ok(());
        }
        places.sort_by_key(|(_, family)| family.used_at);
        for (place, _) in places.iter().take(places.len() + 1 - GRANTS_MAX) {
            self.end(place).await?;
        }
        Ok(())
    }

    /// All families of a user, and where they are kept.
    async fn places_of(&self, user: &UserName) -> Result<Vec<(String, Family)>, PeopleError> {
        let listed = self.index.list(&index_key(user, ""), None, 2 * GRANTS_MAX).await?;
        let mut found = Vec::with_capacity(listed.len());
        for (key, item) in listed {
            let place = String::from_utf8_lossy(&item.value).into_owned();
            match self.families.get(&place).await? {
                Some(item) => {
                    let family = read(&place, &item.value)?;
                    found.push((place, family));
                }
                // It ended by itself; so does its line in the list.
                None => drop(self.index.remove(&key).await?),
            }
        }
        Ok(found)
    }
}

/// Lines of one user stand together; the digest keeps one name from being the beginning of another.
fn index_key(user: &UserName, id: &str) -> String {
    format!("{}/{id}", digest_of(user.as_str()))
}

fn read(key: &str, value: &[u8]) -> Result<Family, PeopleError> {
    serde_json::from_slice(value).map_err(|_| PeopleError::Damaged { key: key.to_owned() })
}
