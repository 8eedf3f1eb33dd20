//! What a person is asked, and the code that their yes becomes.
//!
//! A question belongs to the session in which it was asked and is answered once. The address of the
//! client is the one that was checked before the question: nothing of it comes back from the page.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AuthorizationRequest, AuthorizationServer, OauthError};
use crate::{
    facts::{Scopes, UserName},
    identity::{
        secrets::{Trace, new_secret, same},
        sessions::SignedIn,
    },
};

/// Whoever reads the question has so long to answer it.
const QUESTION_OPEN_FOR: SignedDuration = SignedDuration::from_mins(10);
/// The client fetches its tokens at once.
pub(super) const CODE_GOOD_FOR: SignedDuration = SignedDuration::from_secs(60);
/// A used code is remembered for longer, so that somebody who shows it again is noticed.
const CODE_KNOWN_FOR: SignedDuration = SignedDuration::from_mins(15);
const CODE_PREFIX: &str = "omcp_code_";
const QUESTION_PREFIX: &str = "omcp_ask_";

/// A question that waits for its answer.
#[derive(Serialize, Deserialize)]
struct Question {
    proof: String,
    session: String,
    user: UserName,
    request: AuthorizationRequest,
}

/// What a code is good for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) proof: String,
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) user: UserName,
    pub(super) account_id: String,
    pub(super) epoch: u64,
    pub(super) scopes: Scopes,
    pub(super) good_until: Timestamp,
    pub(super) used: bool,
    /// Where the tokens are that came of it.
    pub(super) family: Option<String>,
}

impl AuthorizationServer {
    /// Opens a question in this session; the answer has to name it.
    pub async fn ask(
        &self,
        request: &AuthorizationRequest,
        by: &SignedIn,
        now: Timestamp,
    ) -> Result<String, OauthError> {
        let ticket = new_secret(QUESTION_PREFIX)?;
        let trace = Trace::of(ticket.reveal());
        let question = Question {
            proof: trace.proof().to_owned(),
            session: by.session.id.clone(),
            user: by.account.name.clone(),
            request: request.clone(),
        };
        let until = later(now, QUESTION_OPEN_FOR)?;
        self.questions.insert(&trace.place, json(&question)?, Some(until)).await?;
        Ok(ticket.reveal().to_owned())
    }

    /// The request of an open question of this session, without answering it.
    pub async fn question(&self, ticket: &str, by: &SignedIn) -> Result<AuthorizationRequest, OauthError> {
        let trace = Trace::of(ticket);
        let item = self.questions.get(&trace.place).await?.ok_or_else(closed)?;
        let question: Question = serde_json::from_slice(&item.value).map_err(|_| closed())?;
        let own = same(&question.session, &by.session.id) && question.user == by.account.name;
        if trace.proves(&question.proof) && own { Ok(question.request) } else { Err(closed()) }
    }

    /// The person says yes, to these scopes at most. The address to go back to, with a code.
    pub async fn allow(
        &self,
        ticket: &str,
        by: &SignedIn,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<String, OauthError> {
        let request = self.close(ticket, by).await?;
        let scopes = scopes.within(request.scopes).within(by.account.role.scopes_max());
        if scopes.is_empty() {
            return Ok(self.refused(&request));
        }
        self.keep_client(&request.client_id, now).await?;
        let code = new_secret(CODE_PREFIX)?;
        let trace = Trace::of(code.reveal());
        let kept = Code {
            proof: trace.proof().to_owned(),
            client_id: request.client_id.clone(),
            client_name: request.client_name.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            user: by.account.name.clone(),
            account_id: by.account.id.clone(),
            epoch: by.account.epoch,
            scopes,
            good_until: later(now, CODE_GOOD_FOR)?,
            used: false,
            family: None,
        };
        let until = later(now, CODE_KNOWN_FOR)?;
        if !self.codes.insert(&trace.place, json(&kept)?, Some(until)).await? {
            return Err(OauthError::unavailable());
        }
        tracing::info!(
            user = %by.account.name, client = request.client_id, %scopes, "somebody consented to a client"
        );
        let members = [("code", code.reveal())];
        Ok(self.back_with(&request.redirect_uri, request.state.as_deref(), &members))
    }

    /// The person says no. The address to go back to, without a code.
    pub async fn deny(&self, ticket: &str, by: &SignedIn) -> Result<String, OauthError> {
        let request = self.close(ticket, by).await?;
        Ok(self.refused(&request))
    }

    fn refused(&self, request: &AuthorizationRequest) -> String {
        let members = [("error", "access_denied"), ("error_description", "the person did not consent")];
        self.back_with(&request.redirect_uri, request.state.as_deref(), &members)
    }

    /// Takes the question out: of all answers, one counts.
    async fn close(&self, ticket: &str, by: &SignedIn) -> Result<AuthorizationRequest, OauthError> {
        let request = self.question(ticket, by).await?;
        self.questions.remove(&Trace::of(ticket).place).await?.ok_or_else(closed)?;
        Ok(request)
    }
}

/// Somebody else's question looks like none.
fn closed() -> OauthError {
    OauthError::request("there is no such question any more; begin again in the program that sent you here")
}

pub(super) fn later(now: Timestamp, by: SignedDuration) -> Result<Timestamp, OauthError> {
    now.checked_add(by).map_err(|_| OauthError::unavailable())
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, OauthError> {
    serde_json::to_vec(value).map_err(|_| OauthError::unavailable())
}
