//! Calls of methods over a caller's web session: the wire of `/web/dataset/call_kw`, the cookie of
//! the caller.

use std::sync::Arc;

use serde_json::Value;

use super::{
    OdooError,
    login::{self, refusal},
    sessions::{Place, RunGuard, Standing, WebSession},
    wire,
};
use crate::{
    facts::Operation,
    odoo::{Call, Failure, OdooClient, Route, client::lock, http::Outgoing, routes::session},
};

/// A caller's way to Odoo through their web session.
#[derive(Debug, Clone)]
pub(in crate::odoo) struct Line {
    pub(super) client: Arc<OdooClient>,
    pub(super) place: Arc<Place>,
    pub(super) tool: &'static str,
    /// May a session that ran out be opened again on the way? Only where the whole call reads: a
    /// change that begins in one session does not end in another.
    pub(super) renews: bool,
}

impl Line {
    /// Calls a method. A session that ran out is opened again for a read, and only with the
    /// connection's own password; a change is not sent twice.
    pub(in crate::odoo) async fn call(&self, call: Call) -> Result<Value, OdooError> {
        let _run = RunGuard::enter(&self.place, self.tool, format!("{}.{}", call.model, call.method));
        let calling = self.call_within(&call);
        let result = match tokio::time::timeout(self.client.total_timeout(), calling).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut.into_error(&self.client.alias(), &call)),
        };
        self.client.note(result.as_ref().err());
        result
    }

    async fn call_within(&self, call: &Call) -> Result<Value, OdooError> {
        let _slot = self.client.slot().await?;
        let session = self.session().await?;
        let failure = match self.send(&session, call).await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if !matches!(failure, Failure::SessionGone) {
            return Err(self.explained(failure, call).await);
        }
        self.place.lost(&session);
        if !self.renews || call.operation() != Operation::Read {
            return Err(expired_before_a_change());
        }
        let session = self.session().await?;
        match self.send(&session, call).await {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.explained(failure, call).await),
        }
    }

    async fn explained(&self, failure: Failure, call: &Call) -> OdooError {
        self.client.explained_on(Some(Route::Session), failure, call).await
    }

    async fn send(&self, session: &WebSession, call: &Call) -> Result<Value, Failure> {
        let http = self.client.http()?;
        let cookies = lock(&session.jar).header().ok_or(Failure::SessionGone)?;
        let request = session::request(&cookies, call)?;
        let body = request.body.map(|body| Outgoing {
            content_type: body.content_type.to_owned(),
            length: body.bytes.len() as u64,
            content: body.bytes.into(),
        });
        let changes = call.operation() != Operation::Read;
        let response = http.open(&request.path, body, request.headers, changes).await?;
        let heard = wire::whole(&http, response, self.client.limits.response_bytes_max).await?;
        let result = session::answer(&heard.answer)?;
        lock(&session.jar).take(&heard.headers, true);
        Ok(result)
    }

    /// The session of this caller, opened with the connection's password if nobody decided otherwise.
    pub(super) async fn session(&self) -> Result<Arc<WebSession>, OdooError> {
        if let Some(settled) = self.settled() {
            return settled;
        }
        let mut door = self.place.door.lock().await;
        // Callers that came together share one login.
        if let Some(settled) = self.settled() {
            return settled;
        }
        let proof = login::proof(&self.client, login::WebCredentials::default()).await?;
        login::open(&self.client, &self.place, &mut door, proof).await
    }

    /// What the standing says, unless it leaves a login to be made.
    fn settled(&self) -> Option<Result<Arc<WebSession>, OdooError>> {
        match self.place.standing() {
            Standing::Open(session) => Some(Ok(session)),
            Standing::SignedOut(_) => Some(Err(refusal(
                "no_session",
                format!("the web session of `{}` was ended by `odoo_web_logout`", self.client.alias()),
                Some("call `odoo_web_login` to open another one"),
            ))),
            Standing::RanOut => Some(Err(refusal(
                "session_expired",
                format!("the web session of `{}` has ended; nothing was done", self.client.alias()),
                Some("call `odoo_web_login` again: its password is not kept"),
            ))),
            Standing::Never if !login::has_password(&self.client) => {
                Some(Err(login::password_needed(&self.client)))
            }
            Standing::Never => None,
        }
    }
}

/// Odoo says so before it looks at the call.
pub(super) fn expired_before_a_change() -> OdooError {
    OdooError::Web {
        code: "session_expired",
        why: "the web session had ended, and the change was not made".to_owned(),
        hint: Some("call again: a new session is opened where the connection has a password, else by `odoo_web_login`".to_owned()),
        sent: true,
    }
}
