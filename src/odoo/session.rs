//! A login that calls can use, whatever the route.

use std::sync::{Arc, PoisonError, RwLock};

use ::http::HeaderValue;
use serde_json::Value;

use super::{
    Call, Failure, FaultKind, Route, SignIn,
    http::{Answer, Http, Request},
    routes::{json2, jsonrpc, session, xmlrpc},
    wording,
};
use crate::facts::{Operation, Secret};

/// Who we are on the server and what proves it. Dropped and made anew when the server ends it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) db: String,
    pub(super) sign_in: Arc<SignIn>,
    pub(super) proof: Proof,
}

/// What goes with each call.
#[derive(Debug)]
pub(super) enum Proof {
    /// The server may exchange it with any answer.
    Cookie(RwLock<HeaderValue>),
    Secret(Secret),
}

impl Session {
    pub(super) fn route(&self) -> Route {
        self.sign_in.route
    }

    /// Does the failure say that this login is not good any more and that nothing was executed?
    pub(super) fn is_over(&self, failure: &Failure) -> bool {
        match failure {
            Failure::SessionGone | Failure::KeyRefused { .. } => true,
            // The route may have gone with an upgrade. On the web session it is the model that is missing.
            Failure::NoRoute => self.route() != Route::Session,
            // These routes prove the secret with every call.
            Failure::Fault(fault) => {
                matches!(self.route(), Route::JsonRpc | Route::XmlRpc)
                    && wording::kind(fault) == FaultKind::AccessDenied
            }
            _ => false,
        }
    }

    /// Was the other session opened with the same secret?
    pub(super) fn has_proof_of(&self, other: &Self) -> bool {
        match (&self.proof, &other.proof) {
            (Proof::Secret(mine), Proof::Secret(theirs)) => mine.same_as(theirs.reveal()),
            _ => false,
        }
    }

    /// Sends one call and reads its result. `names` are those of the positional arguments, for JSON-2.
    pub(super) async fn send(&self, http: &Http, call: &Call, names: &[&str]) -> Result<Value, Failure> {
        let request = self.request(call, names)?;
        let operation = call.operation();
        let request = request.about(call.model.as_str(), operation).changing(operation != Operation::Read);
        let answer = http.send(request).await?;
        self.result(&answer)
    }

    /// One call, written for the route of this login.
    pub(super) fn request(&self, call: &Call, names: &[&str]) -> Result<Request, Failure> {
        let uid = self.sign_in.uid;
        match (self.route(), &self.proof) {
            (_, Proof::Cookie(cookie)) => {
                let cookie = cookie.read().unwrap_or_else(PoisonError::into_inner).clone();
                session::request(&cookie, call)
            }
            (Route::Json2, Proof::Secret(key)) => json2::request(&self.db, key, call, names),
            (Route::XmlRpc, Proof::Secret(secret)) => xmlrpc::request(&self.db, uid, secret, call),
            (Route::JsonRpc | Route::Session, Proof::Secret(secret)) => {
                jsonrpc::request(&self.db, uid, secret, call)
            }
        }
    }

    /// The result inside an answer on the route of this login.
    pub(super) fn result(&self, answer: &Answer) -> Result<Value, Failure> {
        let result = match self.route() {
            Route::Session => session::answer(answer),
            Route::Json2 => json2::answer(answer),
            Route::JsonRpc => jsonrpc::answer(answer),
            Route::XmlRpc => xmlrpc::answer(answer),
        }?;
        self.follow_rotation(answer);
        Ok(result)
    }

    /// The cookie of a web session, for what is no call.
    pub(super) fn cookie(&self) -> Option<HeaderValue> {
        match &self.proof {
            Proof::Cookie(cookie) => Some(cookie.read().unwrap_or_else(PoisonError::into_inner).clone()),
            Proof::Secret(_) => None,
        }
    }

    /// Takes over a new session id, but only from an answer of success: a refusal sets an anonymous one.
    fn follow_rotation(&self, answer: &Answer) {
        if let (Proof::Cookie(kept), Some(fresh)) = (&self.proof, &answer.session_cookie)
            && let Ok(fresh) = session::cookie(fresh)
        {
            let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
            if *kept != fresh {
                *kept = fresh;
            }
        }
    }
}
