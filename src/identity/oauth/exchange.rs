//! The token endpoint: a code becomes tokens, once; a refresh token becomes new ones, once.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json as object};

use super::{
    AuthorizationServer, OauthError, Parameters,
    consent::{Code, json},
    family::Issued,
    pkce,
};
use crate::{
    facts::{Scope, Scopes},
    identity::{
        failures::neighbourhood,
        secrets::{Trace, same},
    },
};

/// A verifier has between 43 and 128 of these characters (RFC 7636).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

impl AuthorizationServer {
    /// Answers a request for tokens.
    pub async fn token(&self, asked: &Parameters, now: Timestamp) -> Result<Value, OauthError> {
        let kind = asked.required("grant_type")?;
        if asked.get("client_secret")?.is_some() || asked.get("client_assertion")?.is_some() {
            return Err(OauthError::no_secrets());
        }
        let client_id = asked.required("client_id")?;
        let issued = match kind {
            "authorization_code" => self.redeem(asked, client_id, now).await?,
            "refresh_token" => self.refresh(asked, client_id, now).await?,
            _ => {
                let why = "use `authorization_code` or `refresh_token`";
                return Err(OauthError::new("unsupported_grant_type", why));
            }
        };
        Ok(answer(&issued))
    }

    /// Answers a request to end a token (RFC 7009).
    pub async fn revoke(&self, asked: &Parameters) -> Result<(), OauthError> {
        let client_id = asked.required("client_id")?;
        self.revoke_token(asked.required("token")?, client_id).await
    }

    /// Counts a wrong code or token of this address; how long to wait, if there were too many.
    pub fn count_failure(&self, error: &OauthError, peer: IpAddr) -> Option<Duration> {
        if error.code != "invalid_grant" {
            return None;
        }
        self.failures.count(neighbourhood(peer), Instant::now())
    }

    /// A code is good once. Whoever shows one that was used, or shows it wrongly, ends what came of it:
    /// one of the two is not who they seem to be.
    async fn redeem(
        &self,
        asked: &Parameters,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Issued, OauthError> {
        let worthless = || OauthError::grant("the code is wrong, used or too old");
        let trace = Trace::of(asked.required("code")?);
        let redirect_uri = asked.required("redirect_uri")?;
        let verifier = asked.required("code_verifier")?;
        self.check_resource(asked)?;
        let item = self.codes.get(&trace.place).await?.ok_or_else(worthless)?;
        let mut code: Code = serde_json::from_slice(&item.value).map_err(|_| worthless())?;
        if !trace.proves(&code.proof) {
            return Err(worthless());
        }
        if code.used {
            return Err(self.shown_again(&code).await?);
        }
        let fits = code.client_id == client_id
            && code.redirect_uri == redirect_uri
            && VERIFIER_CHARS.contains(&verifier.len())
            && same(&code.challenge, &pkce::challenge_of(verifier))
            && now < code.good_until;
        code.used = true;
        let issued = if fits { self.begin_family(&code, now).await? } else { None };
        code.family = issued.as_ref().map(|issued| issued.family.clone());
        // The family is there before the code is used up, so that a second use always finds it.
        let first = self.codes.replace(&trace.place, item.version, json(&code)?, item.expires_at).await?;
        match issued {
            Some(issued) if first => Ok(issued),
            Some(issued) => {
                self.grants.end(&issued.family).await?;
                if let Some(item) = self.codes.get(&trace.place).await?
                    && let Ok(other) = serde_json::from_slice::<Code>(&item.value)
                {
                    return Err(self.shown_again(&other).await?);
                }
                Err(worthless())
            }
            None => Err(worthless()),
        }
    }

    async fn shown_again(&self, code: &Code) -> Result<OauthError, OauthError> {
        tracing::warn!(user = %code.user, client = code.client_id, "a code was shown again; what came of it ends");
        if let Some(family) = &code.family {
            self.grants.end(family).await?;
        }
        Ok(OauthError::grant("the code is wrong, used or too old"))
    }

    async fn refresh(
        &self,
        asked: &Parameters,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Issued, OauthError> {
        let token = asked.required("refresh_token")?;
        self.check_resource(asked)?;
        let scopes = asked.get("scope")?;
        let scopes = scopes.map(|text| text.split(' ').filter_map(Scope::parse).collect::<Scopes>());
        self.rotate(token, client_id, scopes, now).await
    }
}

fn answer(issued: &Issued) -> Value {
    object!({
        "access_token": issued.access.reveal(),
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "refresh_token": issued.refresh.reveal(),
        "scope": issued.scopes.to_string(),
    })
}
