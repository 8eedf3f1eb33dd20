//! Asking a server which Odoo it is, oldest knowledge last.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    Failure, OdooClient, VersionState,
    http::{Http, Request},
    routes::{envelope, jsonrpc, xmlrpc},
};

/// A server is not upgraded more often than this matters.
const KNOWN_FOR: Duration = Duration::from_secs(600);

/// The last answer and when it came.
#[derive(Debug)]
pub(super) struct SeenVersion {
    state: VersionState,
    at: Instant,
}

impl OdooClient {
    /// The server's version, from memory while it is fresh. No credential is sent for it.
    pub async fn version(&self) -> VersionState {
        if let Some(state) = self.fresh_version() {
            return state;
        }
        let asking = async {
            let http = self.http()?;
            let _slot = self.slot().await?;
            Ok::<_, super::OdooError>(self.ask_version(&http).await)
        };
        match tokio::time::timeout(self.total_timeout(), asking).await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => VersionState::Unreachable { why: error.to_string() },
            Err(_) => VersionState::Unreachable { why: "no answer in time".to_owned() },
        }
    }

    /// Asks while the caller holds a slot.
    pub(super) async fn ask_version(&self, http: &Http) -> VersionState {
        self.version_of_trusted(http).await.unwrap_or_else(|why| VersionState::Unreachable { why })
    }

    /// The same for a login, which has to tell a server that is not trusted from one that is away.
    pub(super) async fn version_of_trusted(&self, http: &Http) -> Result<VersionState, String> {
        if let Some(state) = self.fresh_version() {
            return Ok(state);
        }
        let state = ask(http).await?;
        self.remember_version(&state);
        Ok(state)
    }

    pub(super) fn fresh_version(&self) -> Option<VersionState> {
        let seen = super::client::lock(&self.seen_version);
        seen.as_ref().filter(|seen| seen.at.elapsed() < KNOWN_FOR).map(|seen| seen.state.clone())
    }

    /// Only what is known is kept: the rest is asked again.
    pub(super) fn remember_version(&self, state: &VersionState) {
        if let VersionState::Known(_) = state {
            let seen = SeenVersion { state: state.clone(), at: Instant::now() };
            *super::client::lock(&self.seen_version) = Some(seen);
        }
    }
}

/// Asks in every way there is; the error says why the server is not trusted.
async fn ask(http: &Http) -> Result<VersionState, String> {
    let mut last = VersionState::Unknown { answered: "no version".to_owned() };
    for question in [web_version, version_info, common_version, xmlrpc_version] {
        let (request, read) = question();
        let answer = match request {
            Ok(request) => http.send(request).await,
            Err(failure) => Err(failure),
        };
        match answer.and_then(|answer| read(&answer)) {
            Ok(value) => match VersionState::read(&value) {
                known @ VersionState::Known(_) => return Ok(known),
                unknown => last = unknown,
            },
            Err(Failure::Untrusted { why }) => return Err(why),
            Err(Failure::NotSent { why } | Failure::NoAnswer { why }) => {
                return Ok(VersionState::Unreachable { why });
            }
            Err(Failure::TimedOut) => {
                return Ok(VersionState::Unreachable { why: "no answer in time".to_owned() });
            }
            Err(_) => {}
        }
    }
    Ok(last)
}

type Question = (Result<Request, Failure>, fn(&super::http::Answer) -> Result<Value, Failure>);

/// Odoo 19 and later.
fn web_version() -> Question {
    (Ok(Request::get("/web/version")), |answer| {
        if !answer.status.is_success() {
            return Err(Failure::NoRoute);
        }
        serde_json::from_slice(&answer.body).map_err(|_| envelope::page(answer))
    })
}

fn version_info() -> Question {
    let request =
        Request::post_json("/web/webclient/version_info".to_owned(), &envelope::Envelope::new(json!({})));
    (request, envelope::read)
}

fn common_version() -> Question {
    (jsonrpc::version(), jsonrpc::answer)
}

fn xmlrpc_version() -> Question {
    (xmlrpc::version(), xmlrpc::answer)
}
