//! One-time links: whoever redeems one gets a token of their own, once, within minutes.
//!
//! A link holds a random code and nothing else; what it is good for is kept here, under a digest of the
//! code. Redeeming takes the entry out before anything is made, so of all who try one gets a token.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::{Account, Proof, local_name},
    failures::{Failures, TOKENS_OF_ADDRESS, neighbourhood},
    people::{People, PeopleError},
    secrets::{Trace, new_secret},
    tokens::{NewToken, Token},
};
use crate::{
    config::PublicUrl,
    facts::{GrantName, Role, Scope, Scopes, Secret, UserName},
    store::{Cabinet, Drawer},
};

/// How the codes begin, so that whoever finds one knows what it is.
const CODE_PREFIX: &str = "omcp_enrol_";
/// Somebody opens the link right away, or it is not wanted any more.
const MINUTES_MAX: u64 = 60;
/// Links that may wait at the same time.
const WAITING_MAX: u64 = 50;
/// How accounts of enrolled programs begin.
const ACCOUNT_PREFIX: &str = "terminal-";
const TOKEN_LABEL: &str = "enrolled";

/// All links that wait. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Enrolments {
    drawer: Drawer,
    people: People,
    failures: Arc<Failures<IpAddr>>,
    /// Where this server is reached, once that is known.
    public: Arc<OnceLock<PublicUrl>>,
}

/// What a link is good for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Enrolment {
    tenant: String,
    account: UserName,
    grant: GrantName,
    issued_by: UserName,
    proof: String,
}

/// A new link.
#[derive(Debug)]
pub struct Invitation {
    /// `https://…/enroll#code`. What stands behind the `#` is never sent by a browser.
    pub link: Secret,
    pub account: UserName,
    pub expires_at: Timestamp,
}

/// What somebody gets for a link.
#[derive(Debug)]
pub struct Enrolled {
    pub tenant: String,
    pub secret: Secret,
    pub token: Token,
    pub issued_by: UserName,
}

/// Why a code is worth nothing.
#[derive(Debug)]
pub enum NotEnrolled {
    /// Wrong, used, or over: nothing tells which.
    Nothing,
    Wait(Duration),
    Failed(PeopleError),
}

impl Enrolments {
    pub fn new(cabinet: &Cabinet, people: People, public: Option<PublicUrl>) -> Self {
        let place = OnceLock::new();
        if let Some(public) = public {
            // The lock is new, so nothing stands in it.
            let _ = place.set(public);
        }
        Self {
            drawer: cabinet.drawer("enrolments"),
            people,
            failures: Arc::new(Failures::under(TOKENS_OF_ADDRESS)),
            public: Arc::new(place),
        }
    }

    /// The address under which the door was opened; that of the settings stays.
    pub fn reached_at(&self, public: &PublicUrl) {
        // One that is known already is the right one.
        let _ = self.public.set(public.clone());
    }

    /// Makes a link for a tenant.
    ///
    /// # Errors
    ///
    /// If nobody could use it, too many wait, or the store cannot be reached.
    pub async fn invite(
        &self,
        tenant: &str,
        grant: Option<GrantName>,
        minutes: u64,
        issued_by: &UserName,
    ) -> Result<Invitation, PeopleError> {
        let refused = |why: &str| PeopleError::Refused(why.to_owned());
        let public = self.public.get().ok_or_else(|| {
            refused("the address of this server is not known: set `http.public_url`, or serve over HTTP")
        })?;
        if !self.people.are_known().await? {
            return Err(refused("tokens of accounts are not accepted here: set `auth.enabled`"));
        }
        if !(1..=MINUTES_MAX).contains(&minutes) {
            return Err(refused("a link is good for 1 to 60 minutes"));
        }
        let account = local_name(&format!("{ACCOUNT_PREFIX}{tenant}")).map_err(PeopleError::Refused)?;
        if let Some(account) = self.people.accounts().get(&account).await? {
            check_ours(&account)?;
        }
        if self.drawer.count("").await? >= WAITING_MAX {
            return Err(refused("too many links wait already; they run out by themselves"));
        }
        let grant = match grant {
            Some(grant) => grant,
            None => {
                GrantName::parse(account.as_str()).map_err(|error| PeopleError::Refused(error.to_string()))?
            }
        };
        let code = new_secret(CODE_PREFIX)?;
        let trace = Trace::of(code.reveal());
        let enrolment = Enrolment {
            tenant: tenant.to_owned(),
            account: account.clone(),
            grant,
            issued_by: issued_by.clone(),
            proof: trace.proof().to_owned(),
        };
        let expires_at = Timestamp::now() + Duration::from_secs(minutes * 60);
        let value = serde_json::to_vec(&enrolment).map_err(|_| damaged())?;
        if !self.drawer.insert(&trace.place, value, Some(expires_at)).await? {
            return Err(PeopleError::NoRandomness);
        }
        let link = Secret::new(format!("{}#{}", public.join("/enroll"), code.reveal()));
        Ok(Invitation { link, account, expires_at })
    }

    /// Takes a code and hands out a token for it.
    ///
    /// # Errors
    ///
    /// [`NotEnrolled`] says what is to be told.
    pub async fn redeem(&self, shown: &str, peer: Option<IpAddr>) -> Result<Enrolled, NotEnrolled> {
        let trace = Trace::of(shown);
        let item =
            self.drawer.remove(&trace.place).await.map_err(|error| NotEnrolled::Failed(error.into()))?;
        let enrolment = item.and_then(|item| serde_json::from_slice::<Enrolment>(&item.value).ok());
        let Some(enrolment) = enrolment.filter(|enrolment| trace.proves(&enrolment.proof)) else {
            let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
            return Err(match self.failures.count(neighbourhood(peer), Instant::now()) {
                Some(wait) => NotEnrolled::Wait(wait),
                None => NotEnrolled::Nothing,
            });
        };
        self.hand_out(enrolment).await.map_err(NotEnrolled::Failed)
    }

    /// Ends a token that was handed out and could not be accounted for.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn take_back(&self, token: &Token) -> Result<(), PeopleError> {
        self.people.tokens().revoke(&token.id).await.map(drop)
    }

    /// Throws away links that nobody redeemed.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.drawer.sweep(now).await?;
        Ok(())
    }

    async fn hand_out(&self, enrolment: Enrolment) -> Result<Enrolled, PeopleError> {
        let accounts = self.people.accounts();
        let account = match accounts.get(&enrolment.account).await? {
            Some(account) => account,
            None => {
                let grant = Some(enrolment.grant.clone());
                match accounts.add(&enrolment.account, Role::Member, grant, None).await {
                    Err(PeopleError::Exists { name }) => {
                        accounts.get(&name).await?.ok_or(PeopleError::Contended)?
                    }
                    made => made?,
                }
            }
        };
        check_ours(&account)?;
        let settings = self.people.settings();
        let new = NewToken {
            user: account.name,
            label: TOKEN_LABEL.to_owned(),
            grant: Some(enrolment.grant),
            scopes: Scopes::NONE.with(Scope::Read).with(Scope::Write),
            days: settings.token_days,
        };
        let (secret, token) = self.people.tokens().create(new, settings).await?;
        Ok(Enrolled { tenant: enrolment.tenant, secret, token, issued_by: enrolment.issued_by })
    }
}

/// An account of that name that a person signs in to, or that may do more, is not one to hand out.
fn check_ours(account: &Account) -> Result<(), PeopleError> {
    let has_no_password = matches!(&account.proof, Proof::Password { digest: None });
    if has_no_password && account.role == Role::Member && !account.disabled {
        return Ok(());
    }
    Err(PeopleError::Refused(format!("the account `{}` is not one for programs", account.name)))
}

fn damaged() -> PeopleError {
    PeopleError::Damaged { key: "enrolment".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::AuthSettings,
        store::{SealKeys, StateDir},
    };

    fn enrolments(enabled: bool) -> (tempfile::TempDir, Enrolments) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(&dir.path().join("state")).unwrap();
        let cabinet = Cabinet::open(&state);
        let settings = AuthSettings { enabled: Some(enabled), ..AuthSettings::default() };
        let people = People::new(&cabinet, &settings, Arc::new(SealKeys::in_file(&state)));
        let public = PublicUrl::of(&url::Url::parse("https://mcp.example.com").unwrap());
        (dir, Enrolments::new(&cabinet, people, Some(public)))
    }

    fn code_of(invitation: &Invitation) -> String {
        invitation.link.reveal().split_once('#').unwrap().1.to_owned()
    }

    #[tokio::test]
    async fn a_link_is_worth_one_token() {
        let (_dir, enrolments) = enrolments(true);
        let by = UserName::local();
        let invitation = enrolments.invite("shop", None, 5, &by).await.unwrap();
        assert!(invitation.link.reveal().starts_with("https://mcp.example.com/enroll#omcp_enrol_"));
        let code = code_of(&invitation);
        let tries = (0..8).map(|_| {
            let (enrolments, code) = (enrolments.clone(), code.clone());
            tokio::spawn(async move { enrolments.redeem(&code, None).await.ok() })
        });
        let mut won = Vec::new();
        for tried in tries.collect::<Vec<_>>() {
            won.extend(tried.await.unwrap());
        }
        assert_eq!(won.len(), 1);
        assert_eq!(
            (won[0].token.grant.as_str(), won[0].token.user.as_str()),
            ("terminal-shop", "terminal-shop")
        );
        let caller = enrolments.people.tokens().caller(won[0].secret.reveal()).await.unwrap().unwrap();
        assert_eq!((caller.role, caller.scopes.contains(Scope::Admin)), (Role::Member, false));
        // A second link is for the same account, with a token of its own.
        let again = enrolments.invite("shop", GrantName::parse("office").ok(), 5, &by).await.unwrap();
        let again = enrolments.redeem(&code_of(&again), None).await.unwrap();
        assert_eq!((again.token.user.as_str(), again.token.grant.as_str()), ("terminal-shop", "office"));
    }

    #[tokio::test]
    async fn wrong_codes_are_worth_nothing_and_wait() {
        let (_dir, enrolments) = enrolments(true);
        for wrong in ["", "omcp_enrol_", "omcp_enrol_x", "../..", "\u{0}"] {
            assert!(matches!(enrolments.redeem(wrong, None).await, Err(NotEnrolled::Nothing)), "{wrong:?}");
        }
        let mut waits = false;
        for _ in 0..40 {
            waits |= matches!(enrolments.redeem("omcp_enrol_x", None).await, Err(NotEnrolled::Wait(_)));
        }
        assert!(waits);
    }

    #[tokio::test]
    async fn what_nobody_could_use_is_refused() {
        let (_dir, closed) = enrolments(false);
        assert!(closed.invite("shop", None, 5, &UserName::local()).await.is_err());
        let (_dir, open) = enrolments(true);
        for minutes in [0, 61] {
            assert!(open.invite("shop", None, minutes, &UserName::local()).await.is_err());
        }
        assert!(open.invite("../x", None, 5, &UserName::local()).await.is_err());
        let name = local_name("terminal-boss").unwrap();
        open.people.accounts().add(&name, Role::Owner, None, None).await.unwrap();
        assert!(open.invite("boss", None, 5, &UserName::local()).await.is_err());
        let nameless = Enrolments { public: Arc::default(), ..open };
        assert!(nameless.invite("shop", None, 5, &UserName::local()).await.is_err());
    }
}
