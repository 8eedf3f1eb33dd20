//! One connection's client: picks the route, signs in once, bounds and retries.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{
    Call, ClientState, Failure, OdooError, Route, SignIn,
    currencies::CurrencyCache,
    default_order::DefaultOrderCache,
    explain::KeptModels,
    http::Http,
    list_view::ListViewCache,
    login::Refusal,
    method_docs::KeptDocs,
    notices::KnownMeans,
    parameters,
    routes::json2,
    schema_cache::SchemaCache,
    session::{Proof, Session},
    version_check::SeenVersion,
};
use crate::facts::{ConnectionAlias, Definition, Limits, Operation, Secret};

/// The program that makes PDFs asks the same server for pictures and styles: where all of Odoo's
/// workers print, they wait for each other until they time out.
const PRINTING_AT_ONCE_MAX: usize = 1;
/// Waits before a read is sent again; as many repeats as there are waits.
const READ_RETRY_WAITS_MS: [u64; 2] = [100, 400];

/// Talks to one Odoo database. Making one sends nothing.
#[derive(Debug)]
pub struct OdooClient {
    pub(super) definition: Arc<Definition>,
    pub(super) limits: Limits,
    http: ArcSwapOption<Http>,
    slots: Arc<Semaphore>,
    printing: Semaphore,
    pub(super) session: ArcSwapOption<Session>,
    /// Held while somebody signs in; remembers a refusal.
    pub(super) login: tokio::sync::Mutex<Option<Refusal>>,
    pub(super) schemas: SchemaCache,
    pub(super) models: tokio::sync::Mutex<KeptModels>,
    pub(super) docs: Mutex<KeptDocs>,
    pub(super) list_views: ListViewCache,
    pub(super) default_orders: DefaultOrderCache,
    pub(super) currencies: CurrencyCache,
    pub(super) means: Mutex<KnownMeans>,
    pub(super) seen_version: Mutex<Option<SeenVersion>>,
    /// The secret of the last login, so that nothing a server says can repeat it.
    pub(super) secret: ArcSwapOption<Secret>,
    seen: Mutex<Seen>,
}

/// What the last calls taught us.
#[derive(Debug, Default)]
struct Seen {
    route: Option<Route>,
    last_used: Option<jiff::Timestamp>,
    last_error: Option<(&'static str, String)>,
}

/// A poisoned lock holds plain notes here; they stay usable.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OdooClient {
    pub fn new(definition: Arc<Definition>, limits: Limits) -> Self {
        Self {
            definition,
            limits,
            http: ArcSwapOption::empty(),
            slots: Arc::new(Semaphore::new(limits.parallel_requests.max(1))),
            printing: Semaphore::new(PRINTING_AT_ONCE_MAX),
            session: ArcSwapOption::empty(),
            login: tokio::sync::Mutex::new(None),
            schemas: SchemaCache::default(),
            models: tokio::sync::Mutex::default(),
            docs: Mutex::default(),
            list_views: ListViewCache::default(),
            default_orders: DefaultOrderCache::default(),
            currencies: CurrencyCache::default(),
            means: Mutex::default(),
            seen_version: Mutex::new(None),
            secret: ArcSwapOption::empty(),
            seen: Mutex::new(Seen::default()),
        }
    }

    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Signs in now, if not done yet, and says who we are there.
    pub async fn sign_in(&self) -> Result<Arc<SignIn>, OdooError> {
        let signing_in = async {
            let _slot = self.slot().await?;
            let http = self.http()?;
            let session = self.session(&http).await?;
            self.complete(session, &http).await.map_err(|failure| self.plain_error(failure))
        };
        let signed_in = match tokio::time::timeout(self.total_timeout(), signing_in).await {
            Ok(signed_in) => signed_in,
            Err(_) => Err(self.login_timed_out()),
        };
        self.note(signed_in.as_ref().err());
        signed_in
    }

    /// Calls a method. Reads survive a lost connection; a change is sent once.
    pub async fn call(&self, call: Call) -> Result<Value, OdooError> {
        let result = match self.call_plainly(&call).await {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.explained(failure, &call).await),
        };
        self.note(result.as_ref().err());
        result
    }

    /// What is known without asking the server.
    pub fn state(&self) -> ClientState {
        let seen = lock(&self.seen);
        ClientState {
            route: seen.route,
            signed_in: self.session.load().as_ref().map(|session| session.sign_in.clone()),
            last_used: seen.last_used,
            last_error: seen.last_error.clone(),
        }
    }

    pub(super) fn route(&self) -> Option<Route> {
        lock(&self.seen).route
    }

    /// The major version of the server; signs in when that is how we learn it.
    pub(super) async fn major_version(&self) -> Result<Option<u16>, OdooError> {
        if let Some(session) = self.session.load().as_ref() {
            return Ok(session.sign_in.version.major());
        }
        let signing_in = async {
            let _slot = self.slot().await?;
            self.session(&*self.http()?).await
        };
        match tokio::time::timeout(self.total_timeout(), signing_in).await {
            Ok(session) => Ok(session?.sign_in.version.major()),
            Err(_) => Err(self.login_timed_out()),
        }
    }

    pub(super) fn bad_answer(&self, why: &str) -> OdooError {
        OdooError::BadAnswer { connection: self.alias(), why: why.to_owned() }
    }

    pub(super) fn alias(&self) -> ConnectionAlias {
        self.definition.alias.clone()
    }

    pub(super) fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.total_timeout_ms)
    }

    /// The HTTP clients, made when first needed.
    pub(super) fn http(&self) -> Result<Arc<Http>, OdooError> {
        if let Some(http) = self.http.load_full() {
            return Ok(http);
        }
        let http = Arc::new(Http::new(&self.definition, &self.limits)?);
        self.http.store(Some(http.clone()));
        Ok(http)
    }

    /// Leave to send one request at a time. The wait ends with the caller's total time-out.
    pub(super) async fn slot(&self) -> Result<SemaphorePermit<'_>, OdooError> {
        match tokio::time::timeout(self.total_timeout(), self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(OdooError::Busy { connection: self.alias(), waited_ms: self.limits.total_timeout_ms }),
        }
    }

    /// The same for a request whose answer is read by somebody else.
    pub(super) async fn own_slot(&self) -> Result<OwnedSemaphorePermit, OdooError> {
        let slots = Arc::clone(&self.slots);
        match tokio::time::timeout(self.total_timeout(), slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(OdooError::Busy { connection: self.alias(), waited_ms: self.limits.total_timeout_ms }),
        }
    }

    /// Leave to print. Printing takes a place of its own, so that calls are not held up by it.
    pub(super) async fn print_turn(&self) -> Result<SemaphorePermit<'_>, OdooError> {
        match tokio::time::timeout(self.total_timeout(), self.printing.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(OdooError::Busy { connection: self.alias(), waited_ms: self.limits.total_timeout_ms }),
        }
    }

    /// A call whose failure is not looked into.
    pub(super) async fn call_plainly(&self, call: &Call) -> Result<Value, Failure> {
        let deadline = tokio::time::Instant::now() + self.total_timeout();
        let _slot = self.slot().await?;
        let sent = AtomicBool::new(false);
        match tokio::time::timeout_at(deadline, self.attempts(call, &sent)).await {
            Ok(result) => result.map_err(|failure| self.without_secret(failure)),
            Err(_) if sent.load(Ordering::Relaxed) => Err(Failure::TimedOut),
            Err(_) => Err(Failure::Done(self.login_timed_out())),
        }
    }

    /// INVARIANT: a call that is not a read is sent a second time only after the server said that it
    /// did not execute the first one.
    async fn attempts(&self, call: &Call, sent: &AtomicBool) -> Result<Value, Failure> {
        let http = self.http()?;
        let is_read = call.operation() == Operation::Read;
        let mut waits = READ_RETRY_WAITS_MS.iter();
        let mut signed_in_again = false;
        loop {
            let session = self.session(&http).await?;
            lock(&self.seen).route = Some(session.route());
            sent.store(true, Ordering::Relaxed);
            let failure = match self.attempt(&http, &session, call).await {
                Ok(result) => return Ok(result),
                Err(failure) => failure,
            };
            if !signed_in_again && session.is_over(&failure) {
                signed_in_again = true;
                sent.store(false, Ordering::Relaxed);
                self.forget(&session);
                if let Failure::Fault(_) = failure
                    && !is_read
                    && self.session(&http).await?.has_proof_of(&session)
                {
                    // The secret is still right, so it was the method that refused.
                    return Err(failure);
                }
            } else if is_read && failure.is_worth_another_read() {
                match waits.next() {
                    Some(wait_ms) => tokio::time::sleep(Duration::from_millis(*wait_ms)).await,
                    None => return Err(failure),
                }
            } else {
                return Err(failure);
            }
        }
    }

    async fn attempt(&self, http: &Http, session: &Session, call: &Call) -> Result<Value, Failure> {
        if session.route() != Route::Json2 {
            return session.send(http, call, &[]).await;
        }
        if call.named.contains_key(json2::IDS) {
            return Err(Failure::Done(OdooError::BadCall {
                why: "an argument cannot be called `ids`: JSON-2 keeps that name for the records".to_owned(),
                hint: Some("give the records as `ids` of the call itself".to_owned()),
            }));
        }
        let known = parameters::of_method(call.method.as_str());
        let names: Option<Vec<&str>> = call
            .positional
            .iter()
            .enumerate()
            .map(|(index, argument)| known.get(index).copied().or(argument.name.as_deref()))
            .collect();
        if let Some(names) = names {
            return session.send(http, call, &names).await;
        }
        if let Some(docs) = self.method_docs(http, session, &call.model).await
            && let Some(names) = docs.get(call.method.as_str())
            && names.len() >= call.positional.len()
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return session.send(http, call, &names).await;
        }
        self.attempt_by_position(http, session, call).await
    }

    /// Arguments whose names nobody knows travel over a route that needs none.
    async fn attempt_by_position(
        &self,
        http: &Http,
        session: &Session,
        call: &Call,
    ) -> Result<Value, Failure> {
        let Proof::Secret(secret) = &session.proof else { return session.send(http, call, &[]).await };
        let mut sign_in = SignIn::clone(&session.sign_in);
        sign_in.route = Route::JsonRpc;
        let detour = Session {
            db: session.db.clone(),
            sign_in: Arc::new(sign_in),
            proof: Proof::Secret(secret.clone()),
        };
        match detour.send(http, call, &[]).await {
            Err(Failure::NoRoute) => Err(Failure::Done(OdooError::BadCall {
                why: format!("the names of the arguments of `{}.{}` are not known", call.model, call.method),
                hint: Some("give the arguments by name, as `kwargs`".to_owned()),
            })),
            done => done,
        }
    }

    /// Some servers and proxies repeat in an error what they were sent.
    fn without_secret(&self, failure: Failure) -> Failure {
        match (&*self.secret.load(), failure) {
            (Some(secret), Failure::Fault(mut fault)) => {
                fault.message = secret.masked_in(fault.message);
                fault.exception = secret.masked_in(fault.exception);
                Failure::Fault(fault)
            }
            (_, failure) => failure,
        }
    }

    fn login_timed_out(&self) -> OdooError {
        OdooError::Unreachable {
            connection: self.alias(),
            why: "the login was not answered in time".to_owned(),
        }
    }

    /// A failure of a read that we make on our own account.
    fn plain_error(&self, failure: Failure) -> OdooError {
        match failure {
            Failure::Done(error) => error,
            Failure::NotSent { why } => OdooError::Unreachable { connection: self.alias(), why },
            Failure::Fault(_) => OdooError::BadAnswer {
                connection: self.alias(),
                why: "it does not say who we are".to_owned(),
            },
            other => OdooError::NoAnswer { connection: self.alias(), why: format!("{other:?}") },
        }
    }

    /// Notes when the connection was used and how that ended.
    pub(super) fn note(&self, error: Option<&OdooError>) {
        let mut seen = lock(&self.seen);
        seen.last_used = Some(jiff::Timestamp::now());
        seen.last_error = error.map(|error| (error.code(), error.told_to_others()));
    }
}
