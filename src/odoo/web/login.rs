//! Opening and ending a web session.
//!
//! A saved password goes to its own connection and nowhere else: there is no argument for a host.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    OdooError, WebUser,
    cookies::{self, CookieJar},
    sessions::{Place, Standing, WebSession},
    token,
    wire::{ask, exchange},
};
use crate::{
    facts::{Credential, Secret},
    odoo::{
        Failure, OdooClient, VersionState,
        failure::ServerFault,
        http::{Http, Outgoing},
        routes::envelope::{self, Envelope},
        secrets, wording,
    },
};

/// A refused secret is not tried again for this long: Odoo locks an address after ten failures, and
/// then right passwords look wrong.
const REFUSAL_REMEMBERED_FOR: Duration = Duration::from_secs(30);
const LOGIN_PATH: &str = "/web/session/authenticate";
const SECOND_FACTOR_PATH: &str = "/web/login/totp";

/// Who wants to sign in, where it is not the user of the connection.
#[derive(Debug, Default)]
pub struct WebCredentials {
    pub login: Option<String>,
    pub password: Option<Secret>,
    /// The code of the second factor.
    pub totp: Option<Secret>,
}

/// The last refusal at this place.
#[derive(Debug)]
pub(super) struct Refused {
    login: String,
    secret: Secret,
    at: Instant,
    code: &'static str,
    why: String,
    hint: Option<String>,
}

/// What proves it, and whether it is the connection's own.
pub(super) struct Proof {
    login: String,
    password: Secret,
    totp: Option<Secret>,
    from_saved: bool,
}

#[derive(Serialize)]
struct LoginParams<'a> {
    db: &'a str,
    login: &'a str,
    password: &'a str,
}

/// The login and password to use. Without any those of the connection.
pub(super) async fn proof(client: &OdooClient, given: WebCredentials) -> Result<Proof, OdooError> {
    let definition = client.definition();
    let WebCredentials { login, password, totp } = given;
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        let login = login.filter(|login| !login.is_empty()).unwrap_or_else(|| definition.username.clone());
        return Ok(Proof { login, password, totp, from_saved: false });
    }
    if login.is_some_and(|login| !login.is_empty() && login != definition.username) {
        return Err(OdooError::BadCall {
            why: format!(
                "the saved password of `{}` is that of `{}` and of nobody else",
                definition.alias, definition.username
            ),
            hint: Some("give the password of the other login as well".to_owned()),
        });
    }
    let Credential::Password(source) = &definition.credential else { return Err(password_needed(client)) };
    let password = secrets::resolve(source).await?;
    Ok(Proof { login: definition.username.clone(), password, totp, from_saved: true })
}

/// May this connection sign in by itself?
pub(super) fn has_password(client: &OdooClient) -> bool {
    matches!(client.definition().credential, Credential::Password(_))
}

pub(super) fn password_needed(client: &OdooClient) -> OdooError {
    refusal(
        "session_required",
        format!("`{}` has an API key, and Odoo opens web sessions for passwords only", client.alias()),
        Some(
            "call `odoo_web_login` with the user's password, or use the tools without a web session: `odoo_execute`, `odoo_search_read`, `odoo_read`",
        ),
    )
}

pub(super) fn refusal(code: &'static str, why: String, hint: Option<&str>) -> OdooError {
    OdooError::Web { code, why, hint: hint.map(str::to_owned), sent: false }
}

/// The server said no to a login: an attempt that counts.
fn login_refused(code: &'static str, why: String, hint: Option<&str>) -> OdooError {
    OdooError::Web { code, why, hint: hint.map(str::to_owned), sent: true }
}

/// Signs in and makes the session the one of this place. The door is held by the caller.
pub(super) async fn open(
    client: &OdooClient,
    place: &Place,
    door: &mut Option<Refused>,
    proof: Proof,
) -> Result<Arc<WebSession>, OdooError> {
    if let Some(refused) = door
        && refused.at.elapsed() < REFUSAL_REMEMBERED_FOR
        && refused.login == proof.login
        && refused.secret.same_as(proof.password.reveal())
        && proof.totp.is_none()
    {
        return Err(refusal(refused.code, refused.why.clone(), refused.hint.as_deref()));
    }
    let time = client.total_timeout();
    let opening = tokio::time::timeout(time, authenticate(client, &proof)).await;
    match opening.unwrap_or_else(|_| Err(too_late(client))) {
        Ok(session) => {
            *door = None;
            let session = Arc::new(session);
            place.set(Standing::Open(Arc::clone(&session)));
            Ok(session)
        }
        Err(error) => {
            if let OdooError::Web { code, why, hint, .. } = &error {
                *door = Some(Refused {
                    login: proof.login,
                    secret: proof.password,
                    at: Instant::now(),
                    code,
                    why: why.clone(),
                    hint: hint.clone(),
                });
            }
            Err(error)
        }
    }
}

fn too_late(client: &OdooClient) -> OdooError {
    OdooError::Unreachable {
        connection: client.alias(),
        why: "the login was not answered in time".to_owned(),
    }
}

async fn authenticate(client: &OdooClient, proof: &Proof) -> Result<WebSession, OdooError> {
    let http = client.http()?;
    let mut jar = CookieJar::default();
    let params =
        LoginParams { db: &client.definition().db, login: &proof.login, password: proof.password.reveal() };
    let authenticating = || ask(&http, &jar, LOGIN_PATH, Some(Envelope::new(&params)));
    let mut heard = authenticating().await.map_err(|failure| failed(client, failure))?;
    let mut read = envelope::read(&heard.answer);
    if matches!(&read, Err(Failure::Fault(fault)) if wording::came_together(fault)) {
        // It met another login of the same user inside Odoo and has changed nothing.
        heard = authenticating().await.map_err(|failure| failed(client, failure))?;
        read = envelope::read(&heard.answer);
    }
    let mut info = read.map_err(|failure| failed(client, masked(failure, proof)))?;
    jar.take(&heard.headers, true);
    let mut lifetime = cookies::lifetime_seconds(&heard.headers);
    if info.get("uid").and_then(Value::as_i64).is_none() {
        let Some(code) = &proof.totp else { return Err(second_factor_needed()) };
        second_factor(client, &http, &mut jar, code).await?;
        let heard = ask(&http, &jar, "/web/session/get_session_info", Some(Envelope::new(json!({}))))
            .await
            .map_err(|failure| failed(client, failure))?;
        info = envelope::read(&heard.answer).map_err(|failure| match failure {
            Failure::SessionGone => wrong_code(),
            other => failed(client, masked(other, proof)),
        })?;
        jar.take(&heard.headers, true);
        lifetime = cookies::lifetime_seconds(&heard.headers).or(lifetime);
    }
    let uid = info.get("uid").and_then(Value::as_i64).ok_or_else(second_factor_needed)?;
    if jar.session().is_none() {
        return Err(client.bad_answer("it signs in without a session cookie"));
    }
    let opened_at = Timestamp::now();
    let user = WebUser {
        uid,
        login: proof.login.clone(),
        name: info.get("name").and_then(Value::as_str).map(str::to_owned),
        server_version: match VersionState::read(&info) {
            VersionState::Known(version) => Some(version.text),
            VersionState::Unknown { .. } | VersionState::Unreachable { .. } => None,
        },
        expires_at: lifetime
            .and_then(|seconds| opened_at.checked_add(SignedDuration::from_secs(seconds)).ok()),
    };
    Ok(WebSession {
        user,
        from_saved: proof.from_saved,
        opened_at,
        jar: Mutex::new(jar),
        form_token: Mutex::new(None),
    })
}

/// Sends the code to the page that asks for it.
async fn second_factor(
    client: &OdooClient,
    http: &Http,
    jar: &mut CookieJar,
    code: &Secret,
) -> Result<(), OdooError> {
    let unknown = || {
        refusal(
            "second_factor_unsupported",
            "this Odoo has no page for the second factor that we know".to_owned(),
            Some("use an API key for this user, with the tools that need no web session"),
        )
    };
    let page =
        ask(http, jar, SECOND_FACTOR_PATH, None::<Value>).await.map_err(|failure| failed(client, failure))?;
    jar.take(&page.headers, page.answer.status.is_success());
    let token = token::in_page(&page.answer.body).ok_or_else(unknown)?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("totp_token", code.reveal().trim())
        .append_pair("csrf_token", token.reveal())
        .finish();
    let body = Outgoing {
        content_type: "application/x-www-form-urlencoded".to_owned(),
        length: form.len() as u64,
        content: form.into(),
    };
    let sent = exchange(http, jar, SECOND_FACTOR_PATH, Some(body), true)
        .await
        .map_err(|failure| failed(client, failure))?;
    if !sent.answer.status.is_redirection() {
        // The same page again, with a word about the code.
        return Err(wrong_code());
    }
    jar.take(&sent.headers, true);
    Ok(())
}

/// Is the session good on the server? `None` where nobody said.
pub(super) async fn is_alive(client: &OdooClient, session: &WebSession) -> Result<bool, OdooError> {
    let http = client.http()?;
    let jar = session.copied_jar();
    let asking = ask(&http, &jar, "/web/session/check", Some(Envelope::new(json!({}))));
    let heard = tokio::time::timeout(client.total_timeout(), asking).await.unwrap_or(Err(Failure::TimedOut));
    let heard = heard.map_err(|failure| failed(client, failure))?;
    match envelope::read(&heard.answer) {
        Ok(_) => Ok(true),
        Err(Failure::SessionGone) => Ok(false),
        Err(other) => Err(failed(client, other)),
    }
}

/// Asks the server to end the session, then asks with the same cookie once more.
pub(super) async fn end(client: &OdooClient, session: &WebSession) -> Result<Ended, OdooError> {
    let http = client.http()?;
    let jar = session.copied_jar();
    let asking = ask(&http, &jar, "/web/session/destroy", Some(Envelope::new(json!({}))));
    let heard = tokio::time::timeout(client.total_timeout(), asking).await.unwrap_or(Err(Failure::TimedOut));
    let confirmed = match heard.and_then(|heard| envelope::read(&heard.answer)) {
        Ok(_) => true,
        Err(Failure::SessionGone) => false,
        Err(other) => return Err(failed(client, other)),
    };
    Ok(Ended { confirmed, proven: !is_alive(client, session).await? })
}

/// How a session ended on the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The server ended it now; else it had ended before.
    pub(super) confirmed: bool,
    /// The cookie was refused afterwards.
    pub(super) proven: bool,
}

impl WebSession {
    /// What the jar holds now; ours for requests outside the usual way.
    fn copied_jar(&self) -> CookieJar {
        crate::odoo::client::lock(&self.jar).clone()
    }
}

fn second_factor_needed() -> OdooError {
    login_refused(
        "second_factor_required",
        "the password is right, and this user signs in with a second factor".to_owned(),
        Some("call `odoo_web_login` again with the six digits as `totp`"),
    )
}

fn wrong_code() -> OdooError {
    login_refused(
        "wrong_second_factor",
        "the code of the second factor was not accepted".to_owned(),
        Some("wait for the next code and call `odoo_web_login` with it as `totp`"),
    )
}

/// A server may repeat in an error what it was sent.
fn masked(failure: Failure, proof: &Proof) -> Failure {
    match failure {
        Failure::Fault(fault) => Failure::Fault(ServerFault {
            message: proof.password.masked_in(fault.message),
            exception: proof.password.masked_in(fault.exception),
            status: fault.status,
        }),
        other => other,
    }
}

/// Nothing of the caller was sent yet, so no failure here leaves a change in doubt.
fn failed(client: &OdooClient, failure: Failure) -> OdooError {
    let connection = client.alias();
    match failure {
        Failure::Fault(fault) => refused_by_odoo(client, &fault),
        Failure::NotSent { why } | Failure::NoAnswer { why } => OdooError::Unreachable { connection, why },
        Failure::Untrusted { why } => OdooError::Untrusted { connection, why },
        Failure::TimedOut => too_late(client),
        Failure::TooLarge { limit_bytes } => OdooError::TooLarge { connection, limit_bytes },
        Failure::SessionGone | Failure::NoRoute => login_refused(
            "unknown_database",
            format!("no web login answers there, or it has no database `{}`", client.definition().db),
            Some("check the URL and the name of the database with `odoo_connections`"),
        ),
        Failure::KeyRefused { why } => login_refused("wrong_credentials", why, None),
        Failure::Strange { why, .. } => OdooError::BadAnswer { connection, why },
        Failure::Done(error) => error,
    }
}

fn refused_by_odoo(client: &OdooClient, fault: &ServerFault) -> OdooError {
    let database = client.definition().db.as_str();
    let is = |name: &str| fault.exception.ends_with(name);
    if fault.message.contains("login failures") {
        let hint = "wait a minute; until then Odoo refuses right passwords as well";
        return login_refused(
            "login_locked",
            "Odoo refuses logins from here after too many failures".to_owned(),
            Some(hint),
        );
    }
    if is("AccessDenied") {
        return login_refused(
            "wrong_credentials",
            "Odoo did not accept login and password".to_owned(),
            Some(
                "check both; an API key is no password here, and a user who is archived or signs in elsewhere cannot log in",
            ),
        );
    }
    if is("OperationalError") || fault.message.contains("Database not found") {
        return login_refused(
            "unknown_database",
            format!("the server has no database `{database}`"),
            Some("check the connection with `odoo_connections`"),
        );
    }
    OdooError::BadAnswer { connection: client.alias(), why: "the login failed inside Odoo".to_owned() }
}
