//! Choosing a route and signing in: once, for all calls that wait, and seldom when it is refused.

use std::{
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Call, Context, Failure, FaultKind, OdooClient, OdooError, Route, SignIn, VersionState,
    failure::ServerFault,
    http::Http,
    routes::{json2, jsonrpc, session, xmlrpc},
    secrets,
    session::{Proof, Session},
    wording,
};
use crate::facts::{Credential, MethodName, ModelName, Protocol, Secret};

/// A refused login is not tried again for this long with the same secret: Odoo locks an address
/// after ten failures, and then right passwords look wrong.
const REFUSAL_REMEMBERED_FOR: Duration = Duration::from_secs(30);
/// JSON-2 exists from this version on.
const JSON2_SINCE: u16 = 19;
/// Odoo's API keys have this many hexadecimal digits.
const API_KEY_CHARS: usize = 40;

/// The last refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    secret: Secret,
    at: Instant,
    why: String,
    hint: Option<String>,
}

impl OdooClient {
    /// The session of this client, made if there is none. Callers that come together share one login.
    pub(super) async fn session(&self, http: &Http) -> Result<Arc<Session>, OdooError> {
        if let Some(session) = self.session.load_full() {
            return Ok(session);
        }
        let mut refusal = self.login.lock().await;
        if let Some(session) = self.session.load_full() {
            return Ok(session);
        }
        let (source, is_key) = match &self.definition.credential {
            Credential::Password(source) => (source, false),
            Credential::ApiKey(source) => (source, true),
        };
        let secret = secrets::resolve(source).await?;
        self.secret.store(Some(Arc::new(secret.clone())));
        if let Some(refused) = &*refusal
            && refused.at.elapsed() < REFUSAL_REMEMBERED_FOR
            && refused.secret.same_as(secret.reveal())
        {
            return Err(self.refused(refused.why.clone(), refused.hint.clone()));
        }
        match self.sign_in_over_best_route(http, &secret, is_key).await {
            Ok(session) => {
                *refusal = None;
                let session = Arc::new(session);
                self.session.store(Some(session.clone()));
                self.remember_version(&session.sign_in.version);
                Ok(session)
            }
            Err(error) => {
                // Where nobody answered as Odoo does, nobody refused the secret either.
                if let OdooError::AuthFailed { why, hint, .. } = &error
                    && *why != self.no_route_reason()
                {
                    let (why, hint) = (why.clone(), hint.clone());
                    *refusal = Some(Refusal { secret, at: Instant::now(), why, hint });
                }
                Err(error)
            }
        }
    }

    /// Forgets a session that the server ended, unless another call has replaced it already.
    pub(super) fn forget(&self, ended: &Arc<Session>) {
        let current = self.session.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, ended)) {
            self.session.store(None);
        }
    }

    async fn sign_in_over_best_route(
        &self,
        http: &Http,
        secret: &Secret,
        is_key: bool,
    ) -> Result<Session, OdooError> {
        let forced = match self.definition.protocol {
            Protocol::Auto => None,
            Protocol::Json2 => Some(Route::Json2),
            Protocol::JsonRpc => Some(Route::JsonRpc),
            Protocol::XmlRpc => Some(Route::XmlRpc),
        };
        if let Some(route) = forced {
            return self.sign_in_over_forced_route(http, route, secret, is_key).await;
        }
        let routes: &[Route] = if !is_key {
            &[Route::Session, Route::JsonRpc, Route::XmlRpc]
        } else {
            let version = self.version_of_trusted(http).await;
            match version.map_err(|why| OdooError::Untrusted { connection: self.alias(), why })? {
                VersionState::Unreachable { why } => {
                    return Err(OdooError::Unreachable { connection: self.alias(), why });
                }
                version if version.major().is_some_and(|major| major >= JSON2_SINCE) => {
                    &[Route::Json2, Route::JsonRpc, Route::XmlRpc]
                }
                VersionState::Known(_) => &[Route::JsonRpc, Route::XmlRpc],
                VersionState::Unknown { .. } => &[Route::JsonRpc, Route::Json2, Route::XmlRpc],
            }
        };
        for route in routes {
            match self.sign_in_over(http, *route, secret).await {
                Err(Failure::NoRoute) => {}
                done => return done.map_err(|failure| self.login_error(failure, *route, secret)),
            }
        }
        Err(self.no_route_left())
    }

    async fn sign_in_over_forced_route(
        &self,
        http: &Http,
        route: Route,
        secret: &Secret,
        is_key: bool,
    ) -> Result<Session, OdooError> {
        if route == Route::Json2 {
            if !is_key {
                return Err(OdooError::Setup {
                    why: format!("connection `{}` is set to JSON-2, which takes API keys only", self.alias()),
                    hint: Some("give an API key, or another protocol".to_owned()),
                });
            }
            if let VersionState::Known(version) = self.ask_version(http).await
                && version.major < JSON2_SINCE
            {
                return Err(OdooError::VersionUnsupported {
                    connection: self.alias(),
                    what: "the JSON-2 protocol".to_owned(),
                    needs: format!("{JSON2_SINCE} or later"),
                    found: version.text,
                });
            }
        }
        self.sign_in_over(http, route, secret).await.map_err(|failure| match failure {
            Failure::NoRoute => OdooError::Setup {
                why: format!(
                    "connection `{}` is set to {}, which the server does not offer",
                    self.alias(),
                    route.as_str()
                ),
                hint: Some("leave the protocol to `auto`, or check URL and database".to_owned()),
            },
            other => self.login_error(other, route, secret),
        })
    }

    /// A login that met another one inside Odoo is tried once more: it has changed nothing.
    async fn sign_in_over(&self, http: &Http, route: Route, secret: &Secret) -> Result<Session, Failure> {
        match self.try_route(http, route, secret).await {
            Err(Failure::Fault(fault)) if wording::came_together(&fault) => {
                self.try_route(http, route, secret).await
            }
            done => done,
        }
    }

    async fn try_route(&self, http: &Http, route: Route, secret: &Secret) -> Result<Session, Failure> {
        match route {
            Route::Session => self.open_web_session(http, secret).await,
            Route::Json2 => self.check_key(http, secret).await,
            Route::JsonRpc => {
                let answer = http.send(jsonrpc::login(&self.definition, secret)?).await?;
                self.by_uid(http, Route::JsonRpc, secret, &jsonrpc::answer(&answer)?).await
            }
            Route::XmlRpc => {
                let answer = http.send(xmlrpc::login(&self.definition, secret)?).await?;
                self.by_uid(http, Route::XmlRpc, secret, &xmlrpc::answer(&answer)?).await
            }
        }
    }

    async fn open_web_session(&self, http: &Http, password: &Secret) -> Result<Session, Failure> {
        let answer = http.send(session::login(&self.definition, password)?).await?;
        let info = session::answer(&answer)?;
        let Some(uid) = info.get("uid").and_then(Value::as_i64) else {
            let hint = "this user signs in with a second factor; use an API key instead of the password";
            return Err(self.refusal("the login needs a second factor", Some(hint)));
        };
        let Some(cookie) = &answer.session_cookie else {
            let why = "it signs in without a session cookie".to_owned();
            return Err(Failure::Strange { why, maybe_done: false });
        };
        let sign_in = SignIn {
            uid,
            user_name: info.get("name").and_then(Value::as_str).map(str::to_owned),
            companies: companies_of_session(&info),
            is_admin: info.get("is_system").and_then(Value::as_bool),
            route: Route::Session,
            version: VersionState::read(&info),
        };
        Ok(self.make(sign_in, Proof::Cookie(RwLock::new(session::cookie(cookie)?))))
    }

    /// JSON-2 has no login: the key is right when it can say whose it is.
    async fn check_key(&self, http: &Http, key: &Secret) -> Result<Session, Failure> {
        let call = Call::new(&users()?, MethodName::known("context_get"));
        let answer = http.send(json2::request(&self.definition.db, key, &call, &[])?).await?;
        let Some(uid) = json2::answer(&answer)?.get("uid").and_then(Value::as_i64) else {
            return Err(Failure::Strange {
                why: "it does not say whose key it is".to_owned(),
                maybe_done: false,
            });
        };
        let unnamed = self.make(self.anonymous(uid, Route::Json2), Proof::Secret(key.clone()));
        let (sign_in, login) = describe(&unnamed, http).await?;
        if let Some(login) =
            login.filter(|login| !self.definition.username.is_empty() && *login != self.definition.username)
        {
            let hint =
                format!("the key belongs to the user `{login}`: give that user name, or a key of this user");
            return Err(self.refusal("the API key belongs to another user", Some(&hint)));
        }
        Ok(self.make(sign_in, Proof::Secret(key.clone())))
    }

    async fn by_uid(
        &self,
        http: &Http,
        route: Route,
        secret: &Secret,
        uid: &Value,
    ) -> Result<Session, Failure> {
        let Some(uid) = uid.as_i64().filter(|uid| *uid > 0) else {
            let hint = "check user name and secret; a user with a second factor needs an API key, and after \
                        many failures Odoo refuses everybody for a minute";
            return Err(self.refusal("the user name or the secret is wrong", Some(hint)));
        };
        // Known from the choice of the route, or asked once now: `page` and others depend on it.
        self.ask_version(http).await;
        Ok(self.make(self.anonymous(uid, route), Proof::Secret(secret.clone())))
    }

    fn anonymous(&self, uid: i64, route: Route) -> SignIn {
        let unknown = || VersionState::Unknown { answered: "not asked yet".to_owned() };
        let version = self.fresh_version().unwrap_or_else(unknown);
        SignIn { uid, user_name: None, companies: Vec::new(), is_admin: None, route, version }
    }

    fn make(&self, sign_in: SignIn, proof: Proof) -> Session {
        Session { db: self.definition.db.clone(), sign_in: Arc::new(sign_in), proof }
    }

    /// Adds name and companies to a login that came without them.
    pub(super) async fn complete(&self, session: Arc<Session>, http: &Http) -> Result<Arc<SignIn>, Failure> {
        if session.sign_in.user_name.is_some() {
            return Ok(session.sign_in.clone());
        }
        let (sign_in, _) = describe(&session, http).await?;
        let Proof::Secret(secret) = &session.proof else { return Ok(session.sign_in.clone()) };
        let completed = Arc::new(self.make(sign_in, Proof::Secret(secret.clone())));
        self.session.store(Some(completed.clone()));
        Ok(completed.sign_in.clone())
    }

    fn refusal(&self, why: &str, hint: Option<&str>) -> Failure {
        Failure::Done(self.refused(why.to_owned(), hint.map(str::to_owned)))
    }

    fn refused(&self, why: String, hint: Option<String>) -> OdooError {
        OdooError::AuthFailed { connection: self.alias(), why, hint }
    }

    fn no_route_left(&self) -> OdooError {
        self.refused(
            self.no_route_reason(),
            Some("check the URL (no path behind the host) and the name of the database".to_owned()),
        )
    }

    fn no_route_reason(&self) -> String {
        format!("no Odoo login answers there, or it has no database `{}`", self.definition.db)
    }

    /// Nothing of the caller was sent yet, so no failure here leaves a change in doubt.
    fn login_error(&self, failure: Failure, route: Route, secret: &Secret) -> OdooError {
        let connection = self.alias();
        match failure {
            Failure::Fault(fault) => self.login_fault(&fault, route, secret),
            Failure::NotSent { why } | Failure::NoAnswer { why } => {
                OdooError::Unreachable { connection, why }
            }
            Failure::Untrusted { why } => OdooError::Untrusted { connection, why },
            Failure::TimedOut => {
                OdooError::Unreachable { connection, why: "the login was not answered in time".to_owned() }
            }
            Failure::KeyRefused { why } => self.refused(
                why,
                Some("make a new API key in the user's preferences, under account security".to_owned()),
            ),
            Failure::SessionGone | Failure::NoRoute => self.no_route_left(),
            Failure::TooLarge { limit_bytes } => OdooError::TooLarge { connection, limit_bytes },
            Failure::Strange { why, .. } => OdooError::BadAnswer { connection, why },
            Failure::Done(error) => error,
        }
    }

    fn login_fault(&self, fault: &ServerFault, route: Route, secret: &Secret) -> OdooError {
        let missing_database = fault.exception.starts_with("psycopg2.")
            || fault.message.trim_end_matches('.') == "Database not found"
            || fault.exception.ends_with("KeyError");
        if missing_database {
            return self.refused(
                format!("it has no database `{}`, or cannot open it", self.definition.db),
                Some("check the name of the database; it is case-sensitive".to_owned()),
            );
        }
        match wording::kind(fault) {
            FaultKind::AccessDenied | FaultKind::AccessError | FaultKind::Missing => {
                let told = wording::clean(&fault.message);
                let why = if told.is_empty() || told.eq_ignore_ascii_case("access denied") {
                    "the user name or the secret is wrong".to_owned()
                } else {
                    format!("it says: {told}")
                };
                self.refused(why, Some(login_hint(route, secret).to_owned()))
            }
            _ => OdooError::BadAnswer {
                connection: self.alias(),
                why: "the login failed inside Odoo".to_owned(),
            },
        }
    }
}

fn login_hint(route: Route, secret: &Secret) -> &'static str {
    let text = secret.reveal();
    let like_a_key = text.len() == API_KEY_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (route, like_a_key) {
        (Route::Session, true) => {
            "the password looks like an API key, which the web login refuses: give it as API key"
        }
        (Route::Session, false) => {
            "check user name and password; if the user signs in elsewhere only (single sign-on), use an API key"
        }
        _ => "check user name and secret; a user with a second factor needs an API key",
    }
}

fn users() -> Result<ModelName, Failure> {
    ModelName::parse("res.users").map_err(|error| Failure::Done(error.into()))
}

/// Login name, name and companies of the user, over a session that works.
async fn describe(session: &Session, http: &Http) -> Result<(SignIn, Option<String>), Failure> {
    let fields = json!(["login", "name", "company_id", "company_ids"]);
    let read =
        Call::new(&users()?, MethodName::known("read")).on(&[session.sign_in.uid]).arg("fields", fields);
    let answer = session.send(http, &read, &["fields"]).await?;
    let user = answer.get(0).cloned().unwrap_or_default();
    let text = |key: &str| user.get(key).and_then(Value::as_str).map(str::to_owned);
    let ids = user.get("company_ids").cloned().unwrap_or_default();
    let mut sign_in = SignIn::clone(&session.sign_in);
    sign_in.user_name = text("name");
    sign_in.companies = user.get("company_id").and_then(pair).into_iter().collect();
    let others: Vec<i64> = ids.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    if others.len() > 1
        && let Ok(model) = ModelName::parse("res.company")
    {
        let read = Call::new(&model, MethodName::known("read"))
            .on(&others)
            .arg("fields", json!(["name"]))
            .within(&Context::default());
        // The names of further companies are a courtesy; without the right to read them there are none.
        if let Ok(Value::Array(rows)) = session.send(http, &read, &["fields"]).await {
            let named = rows
                .iter()
                .filter_map(|row| Some((row.get("id")?.as_i64()?, row.get("name")?.as_str()?.to_owned())));
            let current = sign_in.companies.first().map(|(id, _)| *id);
            sign_in.companies.extend(named.filter(|(id, _)| Some(*id) != current));
        }
    }
    Ok((sign_in, text("login")))
}

fn pair(value: &Value) -> Option<(i64, String)> {
    Some((value.get(0)?.as_i64()?, value.get(1)?.as_str()?.to_owned()))
}

/// 14 lists pairs, later versions a map of ids; the current company comes first here.
fn companies_of_session(info: &Value) -> Vec<(i64, String)> {
    let Some(companies) = info.get("user_companies").filter(|value| value.is_object()) else {
        return Vec::new();
    };
    let current = companies.get("current_company");
    let current = current.and_then(|current| current.as_i64().or_else(|| current.get(0)?.as_i64()));
    let mut all: Vec<(i64, String)> = match companies.get("allowed_companies") {
        Some(Value::Array(pairs)) => pairs.iter().filter_map(pair).collect(),
        Some(Value::Object(by_id)) => by_id
            .values()
            .filter_map(|company| {
                Some((company.get("id")?.as_i64()?, company.get("name")?.as_str()?.to_owned()))
            })
            .collect(),
        _ => Vec::new(),
    };
    all.sort_by_key(|(id, _)| (Some(*id) != current, *id));
    all
}
