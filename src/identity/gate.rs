//! Bearer tokens: compared by digest, all of them, in constant time.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ring::digest::{SHA256, digest};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use futures_util::future::BoxFuture;

use super::{
    failures::{Failures, TOKENS_OF_ADDRESS, neighbourhood},
    issuers::Issuers,
    people::{People, PeopleError},
    tokens::TOKEN_PREFIX,
};
use crate::{
    config::GrantSettings,
    facts::{Arrival, Caller, GrantName},
    odoo::resolve_secret,
};

/// A shorter token could be guessed.
const TOKEN_BYTES_MIN: usize = 16;
/// A longer one is not a token of ours.
const TOKEN_BYTES_MAX: usize = 4096;
/// Tokens of a provider say who somebody is and may be longer.
const BEARER_BYTES_MAX: usize = 16 * 1024;

/// A grant that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the token of grant `{grant}` cannot be read: {why}")]
    Token { grant: GrantName, why: String },
    #[error("the token of grant `{grant}` is shorter than {TOKEN_BYTES_MIN} bytes")]
    Short { grant: GrantName },
    #[error("the token of grant `{grant}` has characters other than visible ASCII")]
    Characters { grant: GrantName },
    #[error("grants `{first}` and `{second}` have the same token")]
    Same { first: GrantName, second: GrantName },
}

/// Why a request does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No token was shown.
    Missing,
    /// The token is none of ours, or not any more.
    Wrong,
    /// So many wrong tokens came from this address that it should wait.
    TooMany { wait: Duration },
    /// Whether the token is good could not be found out.
    Unavailable,
}

/// What a token turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearer {
    Good(Caller),
    /// It was good once: expired, or revoked. Its owner is no guesser, and fetches another one.
    Over,
    Wrong,
}

/// A further kind of bearer tokens.
pub trait BearerTokens: Send + Sync + std::fmt::Debug {
    /// Might this be one of them? By its form alone, without looking anything up.
    fn is_shaped(&self, token: &str) -> bool;

    /// The caller behind it, if it is good.
    fn bearer<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Bearer, PeopleError>>;
}

/// The callers of the HTTP door.
#[derive(Debug)]
pub struct Gate {
    grants: Vec<Grant>,
    people: Option<People>,
    /// Where nobody has an account yet: who may get one while the server runs.
    newcomers: Option<Newcomers>,
    others: Vec<Arc<dyn BearerTokens>>,
    issuers: Option<Issuers>,
    failures: Failures<IpAddr>,
}

/// People nobody knew when the server started.
#[derive(Debug)]
struct Newcomers {
    people: People,
    /// An account is disabled and never deleted, so what is known once is known for good.
    are_known: AtomicBool,
}

#[derive(Debug)]
struct Grant {
    token_sha256: [u8; 32],
    caller: Caller,
}

impl Gate {
    /// A gate without grants: whoever reaches it is the owner of this process.
    pub fn open() -> Self {
        Self {
            grants: Vec::new(),
            people: None,
            newcomers: None,
            others: Vec::new(),
            issuers: None,
            failures: Failures::under(TOKENS_OF_ADDRESS),
        }
    }

    /// Reads the tokens of all grants, once.
    pub async fn new(settings: &[GrantSettings]) -> Result<Self, IdentityError> {
        let mut gate = Self::open();
        for setting in settings {
            let grant = &setting.grant;
            let token = resolve_secret(&setting.token)
                .await
                .map_err(|error| IdentityError::Token { grant: grant.clone(), why: error.to_string() })?;
            gate.add(setting, token.reveal())?;
        }
        Ok(gate)
    }

    /// The same for people with accounts, too.
    #[must_use]
    pub fn for_people(mut self, people: People) -> Self {
        self.people = Some(people);
        self
    }

    /// The same, and the first account that is made from now on closes a gate that stands open.
    #[must_use]
    pub fn expecting(mut self, people: People) -> Self {
        self.newcomers = Some(Newcomers { people, are_known: AtomicBool::new(false) });
        self
    }

    /// The same for a further kind of tokens, too.
    #[must_use]
    pub fn accepting(mut self, tokens: Arc<dyn BearerTokens>) -> Self {
        self.others.push(tokens);
        self
    }

    /// The same for tokens of these issuers, too.
    #[must_use]
    pub fn trusting(mut self, issuers: Issuers) -> Self {
        if let Some(server) = &issuers.server {
            self = self.accepting(Arc::clone(server) as Arc<dyn BearerTokens>);
        }
        if let Some(provider) = &issuers.provider {
            self = self.accepting(Arc::clone(provider) as Arc<dyn BearerTokens>);
        }
        self.issuers = Some(issuers);
        self
    }

    /// Who issues tokens for us.
    pub fn issuers(&self) -> Option<&Issuers> {
        self.issuers.as_ref()
    }

    fn add(&mut self, setting: &GrantSettings, token: &str) -> Result<(), IdentityError> {
        let grant = &setting.grant;
        if token.len() < TOKEN_BYTES_MIN {
            return Err(IdentityError::Short { grant: grant.clone() });
        }
        if token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IdentityError::Characters { grant: grant.clone() });
        }
        let token_sha256 = sha256(token);
        if let Some(same) = self.grants.iter().find(|other| other.token_sha256 == token_sha256) {
            return Err(IdentityError::Same { first: same.caller.grant.clone(), second: grant.clone() });
        }
        let caller = Caller {
            user: setting.user.clone(),
            grant: grant.clone(),
            arrived_by: Arrival::Http,
            client: None,
            groups: Arc::default(),
            scopes: setting.scopes.within(setting.role.scopes_max()),
            role: setting.role,
        };
        self.grants.push(Grant { token_sha256, caller });
        Ok(())
    }

    /// True where a caller must show a token from the start.
    pub fn wants_token(&self) -> bool {
        !self.grants.is_empty() || self.people.is_some() || !self.others.is_empty()
    }

    /// Are there tokens that clients get by themselves?
    pub fn accepts_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// The grants of the settings, by name.
    pub fn grant_names(&self) -> Vec<crate::facts::GrantName> {
        self.grants.iter().map(|grant| grant.caller.grant.clone()).collect()
    }

    /// How many grants there are.
    pub fn grants(&self) -> usize {
        self.grants.len()
    }

    /// The people who may sign in, if there is any signing in.
    pub fn people(&self) -> Option<&People> {
        self.people.as_ref()
    }

    /// The caller behind an `Authorization` header. A right token always passes: an address that
    /// others share with a guesser is not locked out.
    pub async fn admit(&self, authorization: Option<&[u8]>, peer: IpAddr) -> Result<Caller, Refused> {
        if !self.wants_token() && !self.was_closed().await? {
            return Ok(Caller::local(Arrival::Http));
        }
        let token = authorization.and_then(bearer).ok_or(Refused::Missing)?;
        if let Some(caller) = self.find(token) {
            return Ok(caller.clone());
        }
        match self.look_up(token).await {
            Ok(Bearer::Good(caller)) => Ok(caller),
            Ok(Bearer::Over) => Err(Refused::Wrong),
            Ok(Bearer::Wrong) => Err(match self.failures.count(neighbourhood(peer), Instant::now()) {
                Some(wait) => Refused::TooMany { wait },
                None => Refused::Wrong,
            }),
            Err(error) => {
                tracing::error!(%error, "a token could not be checked");
                Err(Refused::Unavailable)
            }
        }
    }

    /// Has somebody got an account since the server started? Asked for each request until it is so.
    async fn was_closed(&self) -> Result<bool, Refused> {
        let Some(newcomers) = &self.newcomers else { return Ok(false) };
        if newcomers.are_known.load(Ordering::Acquire) {
            return Ok(true);
        }
        let are_known = newcomers.people.are_known().await.map_err(|error| {
            tracing::error!(%error, "whether there are accounts could not be found out");
            Refused::Unavailable
        })?;
        if are_known && !newcomers.are_known.swap(true, Ordering::AcqRel) {
            tracing::warn!("there is an account now: calls have to show a token from here on");
        }
        Ok(are_known)
    }

    /// Looks at every grant, whichever matches, so that time tells nothing.
    fn find(&self, token: &str) -> Option<&Caller> {
        let shown = sha256(token);
        let mut at = u64::MAX;
        for (index, grant) in (0_u64..).zip(&self.grants) {
            at.conditional_assign(&index, grant.token_sha256.ct_eq(&shown));
        }
        self.grants.get(usize::try_from(at).ok()?).map(|grant| &grant.caller)
    }

    /// Tokens that are known elsewhere. Only the form of a token decides where it is looked for.
    async fn look_up(&self, token: &str) -> Result<Bearer, PeopleError> {
        let people = self.people.as_ref().or_else(|| self.newcomers.as_ref().map(|new| &new.people));
        if let Some(people) = people.filter(|_| token.starts_with(TOKEN_PREFIX)) {
            return Ok(people.tokens().caller(token).await?.map_or(Bearer::Wrong, Bearer::Good));
        }
        match self.others.iter().find(|tokens| tokens.is_shaped(token)) {
            Some(tokens) => tokens.bearer(token).await,
            None => Ok(Bearer::Wrong),
        }
    }
}

fn sha256(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

/// The token of `Bearer TOKEN`; the scheme is not case-sensitive.
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    let token = token.trim();
    let fits = (1..=BEARER_BYTES_MAX).contains(&token.len());
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::facts::{Role, Scopes, Secret, SecretSource, UserName};

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn grant(name: &str, token: &str) -> GrantSettings {
        GrantSettings {
            grant: GrantName::parse(name).unwrap(),
            user: UserName::parse(name).unwrap(),
            token: SecretSource::Inline(Secret::new(token.to_owned())),
            scopes: Scopes::ALL,
            role: Role::Member,
        }
    }

    async fn gate() -> Gate {
        Gate::new(&[grant("one", "token-number-one"), grant("two", "token-number-two")]).await.unwrap()
    }

    #[tokio::test]
    async fn a_token_is_its_grant() {
        let gate = gate().await;
        for (header, name) in [
            ("Bearer token-number-one", "one"),
            ("bearer token-number-two", "two"),
            ("BEARER  token-number-two ", "two"),
        ] {
            let caller = gate.admit(Some(header.as_bytes()), PEER).await.unwrap();
            assert_eq!(caller.grant.as_str(), name);
            assert_eq!(caller.arrived_by, Arrival::Http);
        }
    }

    #[tokio::test]
    async fn everything_else_is_refused() {
        let gate = gate().await;
        for header in [
            "Bearer token-number-on",
            "Bearer token-number-one1",
            "Bearer x",
            "Bearer token-number-one token",
        ] {
            assert_eq!(gate.admit(Some(header.as_bytes()), PEER).await, Err(Refused::Wrong), "{header}");
        }
        for header in ["", "Bearer", "Bearer ", "Basic token-number-one", "token-number-one"] {
            assert_eq!(gate.admit(Some(header.as_bytes()), PEER).await, Err(Refused::Missing), "{header}");
        }
        assert_eq!(gate.admit(None, PEER).await, Err(Refused::Missing));
        assert_eq!(gate.admit(Some(b"Bearer \xff\xfe"), PEER).await, Err(Refused::Missing));
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_and_locks_nobody_out() {
        let gate = gate().await;
        let mut refusals = Vec::new();
        for _ in 0..100 {
            refusals.push(gate.admit(Some(b"Bearer guess"), PEER).await.unwrap_err());
        }
        assert!(refusals.iter().any(|refused| matches!(refused, Refused::TooMany { .. })));
        assert!(gate.admit(Some(b"Bearer token-number-one"), PEER).await.is_ok());
    }

    #[tokio::test]
    async fn bad_tokens_never_open_the_gate() {
        for (grants, says) in [
            (vec![grant("a", "short")], "shorter"),
            (vec![grant("a", "")], "cannot be read"),
            (vec![grant("a", "with a space in it")], "visible ASCII"),
            (vec![grant("a", "long-enough-token"), grant("b", "long-enough-token")], "same token"),
        ] {
            let error = Gate::new(&grants).await.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("long-enough"), "{error}");
        }
    }

    #[tokio::test]
    async fn without_grants_the_caller_is_the_owner() {
        assert_eq!(Gate::open().admit(None, PEER).await, Ok(Caller::local(Arrival::Http)));
    }
}
