//! Bearer tokens: compared by digest, all of them, in constant time.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use ring::digest::{SHA256, digest};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::failures::Failures;
use crate::{
    config::GrantSettings,
    facts::{Arrival, Caller, GrantName},
    odoo::resolve_secret,
};

/// A shorter token could be guessed.
const TOKEN_BYTES_MIN: usize = 16;
/// A longer one is not a token of ours.
const TOKEN_BYTES_MAX: usize = 4096;

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
    /// The token is none of ours.
    Wrong,
    /// So many wrong tokens came from this address that it should wait.
    TooMany { wait: Duration },
}

/// The callers of the HTTP door.
#[derive(Debug)]
pub struct Gate {
    grants: Vec<Grant>,
    failures: Failures,
}

#[derive(Debug)]
struct Grant {
    token_sha256: [u8; 32],
    caller: Caller,
}

impl Gate {
    /// A gate without grants: whoever reaches it is the owner of this process.
    pub fn open() -> Self {
        Self { grants: Vec::new(), failures: Failures::default() }
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

    /// True where a caller must show a token.
    pub fn has_grants(&self) -> bool {
        !self.grants.is_empty()
    }

    /// How many grants there are.
    pub fn grants(&self) -> usize {
        self.grants.len()
    }

    /// The caller behind an `Authorization` header. A right token always passes: an address that
    /// others share with a guesser is not locked out.
    pub fn admit(&self, authorization: Option<&[u8]>, peer: IpAddr) -> Result<Caller, Refused> {
        if self.grants.is_empty() {
            return Ok(Caller::local(Arrival::Http));
        }
        let token = authorization.and_then(bearer).ok_or(Refused::Missing)?;
        match self.find(token) {
            Some(caller) => Ok(caller.clone()),
            None => Err(match self.failures.count(peer, Instant::now()) {
                Some(wait) => Refused::TooMany { wait },
                None => Refused::Wrong,
            }),
        }
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
    let fits = (1..=TOKEN_BYTES_MAX).contains(&token.len());
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
            let caller = gate.admit(Some(header.as_bytes()), PEER).unwrap();
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
            assert_eq!(gate.admit(Some(header.as_bytes()), PEER), Err(Refused::Wrong), "{header}");
        }
        for header in ["", "Bearer", "Bearer ", "Basic token-number-one", "token-number-one"] {
            assert_eq!(gate.admit(Some(header.as_bytes()), PEER), Err(Refused::Missing), "{header}");
        }
        assert_eq!(gate.admit(None, PEER), Err(Refused::Missing));
        assert_eq!(gate.admit(Some(b"Bearer \xff\xfe"), PEER), Err(Refused::Missing));
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_and_locks_nobody_out() {
        let gate = gate().await;
        let guess = || gate.admit(Some(b"Bearer guess"), PEER);
        let refusals: Vec<_> = (0..100).map(|_| guess().unwrap_err()).collect();
        assert!(refusals.iter().any(|refused| matches!(refused, Refused::TooMany { .. })));
        assert!(gate.admit(Some(b"Bearer token-number-one"), PEER).is_ok());
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

    #[test]
    fn without_grants_the_caller_is_the_owner() {
        assert_eq!(Gate::open().admit(None, PEER), Ok(Caller::local(Arrival::Http)));
    }
}
