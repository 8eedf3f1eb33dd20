//! One consent and everything that came of it: a refresh token that changes with each use, and access
//! tokens that live for minutes. When the family ends, all of them end in the same moment.
//!
//! A refresh token has two halves. The first names the family and stays; the second changes. Somebody
//! who shows the first half with an old second one holds a token that was used before: either they or
//! whoever used it took it from the other, so the family ends.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AuthorizationServer, OauthError,
    consent::{Code, json, later},
};
use crate::{
    facts::{Scopes, Secret, UserName},
    identity::{
        gate::{Bearer, BearerTokens},
        people::PeopleError,
        secrets::{Trace, digest_of, new_id, new_secret, same},
    },
    store::Item,
};

/// Short, because nothing but its end stops a stolen one that nobody missed.
pub(super) const ACCESS_GOOD_FOR: SignedDuration = SignedDuration::from_mins(15);
/// So long it is known that a token was good once, so that its owner is not taken for a guesser.
const ACCESS_KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);
/// However often somebody comes back: half a year later they are asked again.
const FAMILY_GOOD_FOR: SignedDuration = SignedDuration::from_hours(183 * 24);
pub(super) const ACCESS_PREFIX: &str = "omcp_at_";
pub(super) const REFRESH_PREFIX: &str = "omcp_rt_";
/// 256 bits in base64.
const HALF_CHARS: usize = 43;

/// A family as it is kept. Of its tokens there are only digests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Family {
    pub(super) id: String,
    proof: String,
    /// The second half of the refresh token that is good now.
    current: String,
    pub(super) user: UserName,
    account_id: String,
    epoch: u64,
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) scopes: Scopes,
    pub(super) created_at: Timestamp,
    pub(super) used_at: Timestamp,
}

/// An access token as it is kept.
#[derive(Serialize, Deserialize)]
struct Access {
    proof: String,
    family: String,
    client_id: String,
    scopes: Scopes,
    good_until: Timestamp,
}

/// Tokens that go out, once.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access: Secret,
    pub(super) refresh: Secret,
    pub(super) scopes: Scopes,
    pub(super) seconds: i64,
    /// Where the family is kept.
    pub(super) family: String,
}

/// The two halves of a refresh token.
struct Halves<'a> {
    family: Trace,
    current: &'a str,
}

impl AuthorizationServer {
    /// The family of a code, if its account may still be used.
    pub(super) async fn begin_family(
        &self,
        code: &Code,
        now: Timestamp,
    ) -> Result<Option<Issued>, OauthError> {
        if self.people.still(&code.user, &code.account_id, code.epoch).await?.is_none() {
            return Ok(None);
        }
        let (first, second) = (new_secret("")?, new_secret("")?);
        let trace = Trace::of(first.reveal());
        let family = Family {
            id: new_id()?,
            proof: trace.proof().to_owned(),
            current: digest_of(second.reveal()),
            user: code.user.clone(),
            account_id: code.account_id.clone(),
            epoch: code.epoch,
            client_id: code.client_id.clone(),
            client_name: code.client_name.clone(),
            scopes: code.scopes,
            created_at: now,
            used_at: now,
        };
        self.grants.make_room(&family.user).await?;
        let until = self.end_of(&family, now)?;
        let listed_until = later(now, FAMILY_GOOD_FOR)?;
        self.grants.note(&family, &trace.place, listed_until).await?;
        if !self.grants.families.insert(&trace.place, json(&family)?, Some(until)).await? {
            return Err(OauthError::unavailable());
        }
        // Whoever looked at the list meanwhile took the line for one of a family that is over.
        self.grants.note(&family, &trace.place, listed_until).await?;
        self.issue(&family, &trace.place, first.reveal(), second.reveal(), family.scopes, now).await.map(Some)
    }

    /// New tokens for a refresh token, which is worth nothing afterwards.
    pub(super) async fn rotate(
        &self,
        token: &str,
        client_id: &str,
        scopes: Option<Scopes>,
        now: Timestamp,
    ) -> Result<Issued, OauthError> {
        let worthless = || OauthError::grant("the refresh token is wrong, used or too old");
        let halves = halves(token).ok_or_else(worthless)?;
        let (mut family, item) = self.family_of(&halves).await?.ok_or_else(worthless)?;
        let place = &halves.family.place;
        if family.client_id != client_id {
            return Err(worthless());
        }
        if !same(&family.current, &digest_of(halves.current)) {
            tracing::warn!(
                user = %family.user, client = family.client_id, grant = family.id,
                "a used refresh token was shown again; everything that came of its consent ends"
            );
            self.grants.end(place).await?;
            return Err(worthless());
        }
        if self.people.still(&family.user, &family.account_id, family.epoch).await?.is_none() {
            self.grants.end(place).await?;
            return Err(worthless());
        }
        let scopes = scopes.map_or(family.scopes, |scopes| scopes.within(family.scopes));
        if scopes.is_empty() {
            return Err(OauthError::new("invalid_scope", "none of these scopes was consented to"));
        }
        let second = new_secret("")?;
        family.current = digest_of(second.reveal());
        family.used_at = now;
        let until = self.end_of(&family, now)?;
        // Of two at the same moment one is too late; the client that sent both uses the other answer.
        if !self.grants.families.replace(place, item.version, json(&family)?, Some(until)).await? {
            return Err(worthless());
        }
        let first =
            token.get(REFRESH_PREFIX.len()..REFRESH_PREFIX.len() + HALF_CHARS).ok_or_else(worthless)?;
        self.issue(&family, place, first, second.reveal(), scopes, now).await
    }

    async fn issue(
        &self,
        family: &Family,
        place: &str,
        first: &str,
        second: &str,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<Issued, OauthError> {
        let access = new_secret(ACCESS_PREFIX)?;
        let trace = Trace::of(access.reveal());
        let kept = Access {
            proof: trace.proof().to_owned(),
            family: place.to_owned(),
            client_id: family.client_id.clone(),
            scopes,
            good_until: later(now, ACCESS_GOOD_FOR)?,
        };
        self.tokens.insert(&trace.place, json(&kept)?, Some(later(now, ACCESS_KNOWN_FOR)?)).await?;
        Ok(Issued {
            access,
            refresh: Secret::new(format!("{REFRESH_PREFIX}{first}{second}")),
            scopes,
            seconds: ACCESS_GOOD_FOR.as_secs(),
            family: place.to_owned(),
        })
    }

    /// The caller behind an access token of ours, if token, family and account still are.
    pub(super) async fn admit(&self, token: &str, now: Timestamp) -> Result<Bearer, PeopleError> {
        let trace = Trace::of(token);
        let Some(item) = self.tokens.get(&trace.place).await? else { return Ok(Bearer::Wrong) };
        let Ok(access) = serde_json::from_slice::<Access>(&item.value) else { return Ok(Bearer::Wrong) };
        if !trace.proves(&access.proof) {
            return Ok(Bearer::Wrong);
        }
        if access.good_until <= now {
            return Ok(Bearer::Over);
        }
        let Some(item) = self.grants.families.get(&access.family).await? else { return Ok(Bearer::Over) };
        let Ok(family) = serde_json::from_slice::<Family>(&item.value) else { return Ok(Bearer::Over) };
        let account = self.people.still(&family.user, &family.account_id, family.epoch).await?;
        let caller = account.map(|account| self.people.caller_of(&account, access.scopes));
        Ok(caller.map_or(Bearer::Over, Bearer::Good))
    }

    /// Ends a token at the wish of its client (RFC 7009). What is no token of it is no error.
    pub async fn revoke_token(&self, token: &str, client_id: &str) -> Result<(), OauthError> {
        if let Some(halves) = halves(token) {
            if let Some((family, _)) = self.family_of(&halves).await?
                && family.client_id == client_id
            {
                tracing::info!(user = %family.user, client = client_id, "a client gave up its access");
                self.grants.end(&halves.family.place).await?;
            }
            return Ok(());
        }
        let trace = Trace::of(token);
        if let Some(item) = self.tokens.get(&trace.place).await?
            && let Ok(access) = serde_json::from_slice::<Access>(&item.value)
            && trace.proves(&access.proof)
            && access.client_id == client_id
        {
            self.tokens.remove(&trace.place).await?;
        }
        Ok(())
    }

    async fn family_of(&self, halves: &Halves<'_>) -> Result<Option<(Family, Item)>, OauthError> {
        let Some(item) = self.grants.families.get(&halves.family.place).await? else { return Ok(None) };
        let family: Family = serde_json::from_slice(&item.value).map_err(|_| OauthError::unavailable())?;
        Ok(halves.family.proves(&family.proof).then_some((family, item)))
    }

    /// A family ends when nobody came back for long, and in any case at its end.
    fn end_of(&self, family: &Family, now: Timestamp) -> Result<Timestamp, OauthError> {
        let days = i64::try_from(self.settings.refresh_days).unwrap_or(1);
        let idle = later(now, SignedDuration::from_hours(days.saturating_mul(24)))?;
        Ok(idle.min(later(family.created_at, FAMILY_GOOD_FOR)?))
    }
}

impl BearerTokens for AuthorizationServer {
    fn is_shaped(&self, token: &str) -> bool {
        token.starts_with(ACCESS_PREFIX)
    }

    fn bearer<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Bearer, PeopleError>> {
        Box::pin(self.admit(token, Timestamp::now()))
    }
}

fn halves(token: &str) -> Option<Halves<'_>> {
    let rest = token.strip_prefix(REFRESH_PREFIX)?;
    let (first, second) = rest.split_at_checked(HALF_CHARS)?;
    (second.len() == HALF_CHARS).then(|| Halves { family: Trace::of(first), current: second })
}
