//! Which clients an account let in, as people see it: a list, and an end to each.

use jiff::Timestamp;
use serde::Serialize;

use super::{AuthorizationServer, OauthError, family::Family};
use crate::facts::{Scopes, UserName};

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

impl AuthorizationServer {
    /// The clients that this account let in, the one used last first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached; so for the others here.
    pub async fn grants_of(&self, user: &UserName) -> Result<Vec<ClientGrant>, OauthError> {
        let mut grants: Vec<ClientGrant> =
            self.places_of(user).await?.into_iter().map(|(_, family)| family.into()).collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.used_at));
        Ok(grants)
    }

    /// Clients of all accounts, page by page: the page and what to ask the next one with.
    pub async fn all_grants(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ClientGrant>, Option<String>), OauthError> {
        let listed = self.families.list("", after, limit).await?;
        let last = (listed.len() == limit).then(|| listed.last().map(|(key, _)| key.clone())).flatten();
        let families = listed.into_iter().filter_map(|(_, item)| serde_json::from_slice(&item.value).ok());
        Ok((families.map(|family: Family| family.into()).collect(), last))
    }

    /// Ends one grant of this user; false if they have none of that id.
    pub async fn revoke_grant(&self, user: &UserName, id: &str) -> Result<bool, OauthError> {
        Ok(self.revoke_where(user, |family| family.id == id).await? > 0)
    }

    /// Ends everything this user let this client do, on all devices, and says how many grants that were.
    pub async fn revoke_client(&self, user: &UserName, client_id: &str) -> Result<usize, OauthError> {
        self.revoke_where(user, |family| family.client_id == client_id).await
    }

    /// Ends everything this user let anybody do.
    pub async fn revoke_all(&self, user: &UserName) -> Result<usize, OauthError> {
        self.revoke_where(user, |_| true).await
    }

    async fn revoke_where(
        &self,
        user: &UserName,
        is_meant: impl Fn(&Family) -> bool,
    ) -> Result<usize, OauthError> {
        let mut ended = 0;
        for (place, family) in self.places_of(user).await? {
            if is_meant(&family) {
                self.end_family(&place).await?;
                tracing::info!(%user, client = family.client_id, grant = family.id, "a grant of a client ended");
                ended += 1;
            }
        }
        Ok(ended)
    }
}
