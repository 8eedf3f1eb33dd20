//! Access tokens of an OpenID provider: signed by one of its keys, issued for us, and still good.
//!
//! Nothing is asked of the provider per token. Its keys are fetched when they are needed, at most once
//! in a while, and what was verified is remembered for a short time. A token is never passed on.

mod claims;
mod jwk;
mod jwt;
mod keys;
mod provider;
mod seen;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Instant};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use self::{keys::Keys, provider::Provider, seen::Seen};
use super::{
    gate::{Bearer, BearerTokens},
    people::PeopleError,
};
use crate::{
    config::{OpenIdSettings, PublicUrl},
    facts::{Arrival, Caller, GrantName, Role, Scopes, UserName},
};

/// Why a token does not open the door. The caller hears less than the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("it is no signed token")]
    Form,
    #[error("it is signed in a way that is not allowed")]
    Algorithm,
    #[error("it is not an access token")]
    Type,
    #[error("it asks for something that is not understood")]
    Critical,
    #[error("no key of the provider fits")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("another issuer issued it")]
    Issuer,
    #[error("it was issued for somebody else")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
    #[error("its claim for `{0}` is missing or wrong")]
    Claim(&'static str),
    #[error("the keys of the provider cannot be had")]
    Unavailable,
}

/// Whom a token means, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) user: UserName,
    pub(super) groups: Arc<[Arc<str>]>,
    pub(super) grant: GrantName,
    pub(super) scopes: Scopes,
    /// Seconds since 1970.
    pub(super) expires_at: i64,
}

/// What a token is held against.
#[derive(Debug)]
struct Rules {
    issuer: String,
    audience: Audience,
    settings: OpenIdSettings,
    default_grant: GrantName,
}

/// What tokens must be issued for.
#[derive(Debug)]
enum Audience {
    /// Our own resource, in any of its spellings.
    Resource(PublicUrl),
    /// Exactly this text.
    Named(String),
}

impl Audience {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Resource(public) => public.is_resource(text),
            Self::Named(name) => name == text,
        }
    }
}

/// One provider.
#[derive(Debug)]
pub struct OpenId {
    rules: Rules,
    keys: Keys,
    seen: Seen,
}

impl OpenId {
    /// The provider of the settings, if they name one. Users without a grant of their own have the
    /// default one, or that of the provider's name.
    pub fn of(
        settings: &OpenIdSettings,
        public: &PublicUrl,
        default_grant: Option<&GrantName>,
    ) -> Option<Self> {
        let issuer = settings.issuer.clone()?;
        let own_name = || GrantName::parse(&settings.name).ok();
        let default_grant = default_grant.cloned().or_else(own_name)?;
        let audience = match &settings.audience {
            Some(name) => Audience::Named(name.clone()),
            None => Audience::Resource(public.clone()),
        };
        let keys = Keys::new(Arc::new(Provider::new(&issuer, settings)));
        let rules = Rules { issuer, audience, settings: settings.clone(), default_grant };
        Some(Self { rules, keys, seen: Seen::default() })
    }

    pub fn issuer(&self) -> &str {
        &self.rules.issuer
    }

    /// Whom this token means.
    pub(super) async fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let seconds = now.as_second();
        if let Some(known) = self.seen.find(token, self.keys.generation(), seconds) {
            return Ok(known);
        }
        let parts = jwt::read(token, &self.rules.settings.algorithms)?;
        let current = self.keys.for_token(&parts, Instant::now()).await?;
        let verified = claims::judge(&parts.proven_by(&current.keys)?, &self.rules, seconds)?;
        self.seen.remember(token, &verified, current.generation, seconds);
        Ok(verified)
    }
}

impl BearerTokens for OpenId {
    /// Two dots, and the beginning of an object in base64. Ours have neither.
    fn is_shaped(&self, token: &str) -> bool {
        token.starts_with("eyJ") && token.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    fn bearer<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Bearer, PeopleError>> {
        Box::pin(async move {
            match self.verify(token, Timestamp::now()).await {
                Ok(verified) => Ok(Bearer::Good(verified.caller())),
                // By then signature, issuer and audience were right.
                Err(TokenError::Expired) => Ok(Bearer::Over),
                Err(TokenError::Unavailable) => Err(PeopleError::NoProviderKeys),
                Err(why) => {
                    tracing::info!(%why, "a token of the OpenID provider was refused");
                    Ok(Bearer::Wrong)
                }
            }
        })
    }
}

impl Verified {
    fn caller(self) -> Caller {
        Caller {
            user: self.user,
            grant: self.grant,
            arrived_by: Arrival::Http,
            client: None,
            groups: self.groups,
            scopes: self.scopes,
            // Who steers this server has an account on it.
            role: Role::Member,
        }
    }
}
