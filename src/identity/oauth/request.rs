//! A request for access, as a browser brings it (RFC 6749, RFC 7636, RFC 8707).

use serde::{Deserialize, Serialize};

use super::{AuthorizationServer, OauthError, Parameters, redirect};
use crate::facts::{Scope, Scopes};

/// A challenge is the SHA-256 of a verifier in base64: always 43 characters.
const CHALLENGE_CHARS: usize = 43;
/// A state is a random text or a small signed one.
const STATE_BYTES_MAX: usize = 4096;

/// A request that may be shown to a person: everything in it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) state: Option<String>,
    pub(super) scopes: Scopes,
}

/// Why a request is not shown to anybody, and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestRefused {
    /// The client or its address is not proven, so only the person is told.
    Person(OauthError),
    /// The browser goes back to the client with this.
    Client(String),
}

impl AuthorizationRequest {
    /// What the client calls itself; its address where it has no name.
    pub fn client_name(&self) -> &str {
        if self.client_name.is_empty() { &self.client_id } else { &self.client_name }
    }

    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The host that the browser goes back to, as a person can judge it.
    pub fn destination(&self) -> String {
        redirect::shown(&self.redirect_uri)
    }

    /// True where that is a program on the person's own machine.
    pub fn stays_local(&self) -> bool {
        redirect::stays_local(&self.redirect_uri)
    }

    /// Where a form may lead in the end, as a content security policy says it.
    pub fn form_target(&self) -> String {
        match url::Url::parse(&self.redirect_uri) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => String::new(),
        }
    }

    pub fn scopes(&self) -> Scopes {
        self.scopes
    }
}

impl AuthorizationServer {
    /// Reads a request. What is wrong is told to the client only where client and address are proven.
    pub async fn read_request(&self, asked: &Parameters) -> Result<AuthorizationRequest, RequestRefused> {
        let proven = async {
            let client = self.client(asked.required("client_id")?).await?;
            let uri = asked.required("redirect_uri")?;
            let uri = client.redirect(uri).map(str::to_owned);
            let uri = uri.ok_or_else(|| {
                OauthError::request(
                    "`redirect_uri` is none of those the client named: it must be exactly one of them",
                )
            })?;
            Ok((client, uri))
        };
        let (client, uri) = proven.await.map_err(RequestRefused::Person)?;
        let state = asked.get("state").map_or(None, |state| state.map(str::to_owned));
        self.read_rest(asked).map_err(|error| self.back_with_error(&uri, state.as_deref(), &error)).map(
            |(challenge, scopes)| AuthorizationRequest {
                client_id: client.id,
                client_name: client.name,
                redirect_uri: uri,
                challenge,
                state,
                scopes,
            },
        )
    }

    fn read_rest(&self, asked: &Parameters) -> Result<(String, Scopes), OauthError> {
        if asked.required("response_type")? != "code" {
            return Err(OauthError::new("unsupported_response_type", "only `code` is given out"));
        }
        if asked.get("request")?.is_some() || asked.get("request_uri")?.is_some() {
            return Err(OauthError::new("request_not_supported", "write the parameters into the address"));
        }
        if asked.get("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(OauthError::request("the only `response_mode` is `query`"));
        }
        if asked.get("prompt")? == Some("none") {
            return Err(OauthError::new("interaction_required", "a person has to consent"));
        }
        if asked.get("state")?.is_some_and(|state| state.len() > STATE_BYTES_MAX) {
            return Err(OauthError::request("`state` is too long"));
        }
        let challenge = asked.required("code_challenge")?;
        if asked.get("code_challenge_method")? != Some("S256") {
            return Err(OauthError::request("`code_challenge_method` must be `S256`"));
        }
        if challenge.len() != CHALLENGE_CHARS || !challenge.bytes().all(is_base64url) {
            return Err(OauthError::request(
                "`code_challenge` is not the SHA-256 of a verifier in base64url",
            ));
        }
        self.check_resource(asked)?;
        Ok((challenge.to_owned(), asked_scopes(asked.get("scope")?)?))
    }

    /// A token is for this server or for nobody. Older clients do not say for what they want one.
    pub(super) fn check_resource(&self, asked: &Parameters) -> Result<(), OauthError> {
        match asked.get("resource")? {
            Some(resource) if !self.public.is_resource(resource) => Err(OauthError::new(
                "invalid_target",
                format!("`resource` must be `{}`", self.public.resource()),
            )),
            _ => Ok(()),
        }
    }

    /// The browser goes back with a refusal.
    pub(super) fn back_with_error(
        &self,
        redirect_uri: &str,
        state: Option<&str>,
        error: &OauthError,
    ) -> RequestRefused {
        let members = [("error", error.code), ("error_description", error.description.as_str())];
        RequestRefused::Client(self.back_with(redirect_uri, state, &members))
    }

    /// The client's address with an answer: its own `state`, and who answers (RFC 9207).
    pub(super) fn back_with(
        &self,
        redirect_uri: &str,
        state: Option<&str>,
        members: &[(&str, &str)],
    ) -> String {
        let rest = state.map(|state| ("state", state)).into_iter().chain([("iss", self.public.as_str())]);
        let members: Vec<_> = members.iter().copied().chain(rest).collect();
        redirect::with_query(redirect_uri, &members)
    }
}

/// The scopes asked for. Names that are none of ours are left out, as the standard allows; without any
/// name, reading and writing are meant.
fn asked_scopes(text: Option<&str>) -> Result<Scopes, OauthError> {
    let Some(text) = text else { return Ok(Scopes::NONE.with(Scope::Read).with(Scope::Write)) };
    let scopes: Scopes = text.split(' ').filter_map(Scope::parse).collect();
    if scopes.is_empty() {
        let known = Scopes::ALL.to_string();
        return Err(OauthError::new(
            "invalid_scope",
            format!("none of these scopes is known; known are {known}"),
        ));
    }
    Ok(scopes)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
