//! Which web sessions there are: one place per caller and connection, none shared.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    OdooError,
    cookies::CookieJar,
    login::{self, Refused},
};
use crate::{
    facts::{Caller, ConnectionAlias, GrantName, Secret, UserName},
    odoo::{OdooClient, client::lock},
};

/// Sessions of one process. Each is a cookie and a little more; Odoo keeps a file for each.
const WEB_SESSIONS_MAX: usize = 256;
/// A session that nobody used for this long is forgotten here. Odoo keeps its own for days.
const IDLE_MAX: Duration = Duration::from_secs(2 * 60 * 60);

/// How long the end of a connection waits for the server to end its sessions.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// Whose session, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    grant: GrantName,
    user: UserName,
    connection: ConnectionAlias,
}

impl Owner {
    pub(super) fn new(caller: &Caller, connection: &ConnectionAlias) -> Self {
        Self { grant: caller.grant.clone(), user: caller.user.clone(), connection: connection.clone() }
    }
}

/// All web sessions of this process.
#[derive(Debug, Default)]
pub(in crate::odoo) struct WebSessions {
    places: Mutex<HashMap<Owner, Arc<Place>>>,
}

impl WebSessions {
    /// The place of this owner. One that belongs to an earlier client of the same alias is dropped
    /// with its cookie: the connection was changed, pinned anew or made again.
    pub(super) fn place(&self, owner: Owner, client: &Arc<OdooClient>) -> Result<Arc<Place>, OdooError> {
        let mut places = lock(&self.places);
        if let Some(place) = places.get(&owner).filter(|place| place.is_of(client) && !place.is_stale()) {
            *lock(&place.used_at) = Instant::now();
            return Ok(Arc::clone(place));
        }
        // What a caller decided about signing in outlives the session that ran out of time.
        let standing =
            places.remove(&owner).filter(|place| place.is_of(client)).map(|place| place.standing());
        places.retain(|_, place| place.client.strong_count() > 0 && !place.is_stale());
        if places.len() >= WEB_SESSIONS_MAX {
            let oldest = places
                .iter()
                .filter(|(_, place)| place.running.is_empty())
                .min_by_key(|(_, place)| *lock(&place.used_at))
                .map(|(owner, _)| owner.clone());
            let Some(oldest) = oldest else {
                return Err(OdooError::Web {
                    code: "busy",
                    why: format!("{WEB_SESSIONS_MAX} web sessions are in use"),
                    hint: Some("nothing was sent; try again when other calls have ended".to_owned()),
                    sent: false,
                });
            };
            places.remove(&oldest);
        }
        let place = Arc::new(Place::new(client, standing.unwrap_or_default()));
        places.insert(owner, Arc::clone(&place));
        Ok(place)
    }

    /// Drops every session of a connection, and ends those on the server as far as it lets us.
    pub(in crate::odoo) async fn forget(
        &self,
        connection: &ConnectionAlias,
        client: Option<Arc<OdooClient>>,
    ) {
        self.drop_all(|owner| owner.connection == *connection, client).await;
    }

    /// The same for a connection of one user, whichever grant they came with.
    pub(in crate::odoo) async fn forget_of(
        &self,
        user: &UserName,
        connection: &ConnectionAlias,
        client: Option<Arc<OdooClient>>,
    ) {
        self.drop_all(|owner| owner.connection == *connection && owner.user == *user, client).await;
    }

    async fn drop_all(&self, goes: impl Fn(&Owner) -> bool, client: Option<Arc<OdooClient>>) {
        let mut dropped = Vec::new();
        lock(&self.places).retain(|owner, place| {
            let goes = goes(owner);
            if goes {
                dropped.push(Arc::clone(place));
            }
            !goes
        });
        let Some(client) = client else { return };
        let sessions = dropped.iter().filter_map(|place| match place.standing() {
            Standing::Open(session) | Standing::SignedOut(Some(session)) => Some(session),
            Standing::Never | Standing::SignedOut(None) | Standing::RanOut => None,
        });
        let ending = sessions.map(|session| {
            let client = &client;
            async move {
                let _ = tokio::time::timeout(FAREWELL_TIMEOUT, login::end(client, &session)).await;
                session.wipe();
            }
        });
        futures_util::future::join_all(ending).await;
    }
}

/// Where one caller's session of one connection is kept.
#[derive(Debug)]
pub(super) struct Place {
    client: Weak<OdooClient>,
    /// Held while somebody signs in or out; remembers a refused secret.
    pub(super) door: tokio::sync::Mutex<Option<Refused>>,
    standing: Mutex<Standing>,
    pub(super) running: Running,
    used_at: Mutex<Instant>,
}

/// What is known of signing in here.
#[derive(Debug, Clone, Default)]
pub(super) enum Standing {
    /// Nobody signed in or out: a read may sign in with the saved password.
    #[default]
    Never,
    Open(Arc<WebSession>),
    /// The caller signed out. Nothing signs in again until they ask for it. A session whose end the
    /// server did not confirm is kept for the next attempt, and for nothing else.
    SignedOut(Option<Arc<WebSession>>),
    /// A session that was opened with a secret of the call has ended; nobody else's takes its place.
    RanOut,
}

impl Place {
    fn new(client: &Arc<OdooClient>, standing: Standing) -> Self {
        Self {
            client: Arc::downgrade(client),
            door: tokio::sync::Mutex::new(None),
            standing: Mutex::new(standing),
            running: Running::default(),
            used_at: Mutex::new(Instant::now()),
        }
    }

    fn is_of(&self, client: &Arc<OdooClient>) -> bool {
        std::ptr::eq(self.client.as_ptr(), Arc::as_ptr(client))
    }

    fn is_stale(&self) -> bool {
        let is_open = matches!(&*lock(&self.standing), Standing::Open(_));
        is_open && self.running.is_empty() && lock(&self.used_at).elapsed() > IDLE_MAX
    }

    /// How things stand; a session that was too long idle counts as over.
    pub(super) fn standing(&self) -> Standing {
        let standing = lock(&self.standing).clone();
        match standing {
            Standing::Open(session) if self.is_stale() => session.after_its_end(),
            other => other,
        }
    }

    pub(super) fn set(&self, standing: Standing) {
        *lock(&self.standing) = standing;
    }

    /// Notes that the server ended a session, unless another one has taken its place already.
    pub(super) fn lost(&self, ended: &Arc<WebSession>) {
        let mut standing = lock(&self.standing);
        if matches!(&*standing, Standing::Open(session) if Arc::ptr_eq(session, ended)) {
            *standing = ended.after_its_end();
        }
    }
}

/// A session that Odoo opened for a caller.
#[derive(Debug)]
pub(super) struct WebSession {
    pub(super) user: WebUser,
    /// Opened with the secret of the connection, so that it can be opened again without asking.
    pub(super) from_saved: bool,
    pub(super) opened_at: Timestamp,
    pub(super) jar: Mutex<CookieJar>,
    /// The last form token, and the session id it is for.
    pub(super) form_token: Mutex<Option<FormToken>>,
}

/// Who a session belongs to on the server.
#[derive(Debug, Clone, Default)]
pub struct WebUser {
    pub uid: i64,
    pub login: String,
    pub name: Option<String>,
    pub server_version: Option<String>,
    /// When the server ends the session if nobody uses it.
    pub expires_at: Option<Timestamp>,
}

/// A token that Odoo wants with every form.
#[derive(Debug)]
pub(super) struct FormToken {
    pub(super) token: Secret,
    pub(super) of_session: Secret,
    pub(super) read_at: Instant,
}

impl WebSession {
    /// Forgets cookies and tokens; they are zeroed as they go.
    pub(super) fn wipe(&self) {
        *lock(&self.jar) = CookieJar::default();
        *lock(&self.form_token) = None;
    }

    fn after_its_end(&self) -> Standing {
        if self.from_saved { Standing::Never } else { Standing::RanOut }
    }
}

/// What is under way on a session at this moment.
#[derive(Debug, Default)]
pub(super) struct Running {
    runs: Mutex<BTreeMap<u64, Run>>,
    next: AtomicU64,
}

#[derive(Debug, Clone)]
struct Run {
    tool: &'static str,
    what: String,
    since: Instant,
}

/// A request that has not ended yet.
#[derive(Debug, Clone)]
pub struct RunningRequest {
    pub tool: &'static str,
    pub what: String,
    pub age: Duration,
}

impl Running {
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.runs).is_empty()
    }

    /// Oldest first.
    pub(super) fn all(&self) -> Vec<RunningRequest> {
        let runs = lock(&self.runs);
        let told =
            |run: &Run| RunningRequest { tool: run.tool, what: run.what.clone(), age: run.since.elapsed() };
        runs.values().map(told).collect()
    }
}

/// Keeps a request on the list for as long as it lives.
#[derive(Debug)]
pub(super) struct RunGuard {
    place: Arc<Place>,
    number: u64,
}

impl RunGuard {
    pub(super) fn enter(place: &Arc<Place>, tool: &'static str, what: String) -> Self {
        let number = place.running.next.fetch_add(1, Ordering::Relaxed);
        lock(&place.running.runs).insert(number, Run { tool, what, since: Instant::now() });
        Self { place: Arc::clone(place), number }
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        lock(&self.place.running.runs).remove(&self.number);
        *lock(&self.place.used_at) = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Arrival, Credential, Definition, Limits, Origin, Protocol, SecretSource, Trust};

    fn client() -> Arc<OdooClient> {
        let definition = Definition {
            alias: shop(),
            url: url::Url::parse("http://127.0.0.1:1").unwrap(),
            db: "lab".to_owned(),
            username: "admin".to_owned(),
            credential: Credential::Password(SecretSource::Inline(Secret::new("canary".to_owned()))),
            protocol: Protocol::Auto,
            trust: Trust::System,
            origin: Origin::Settings,
        };
        Arc::new(OdooClient::new(Arc::new(definition), Limits::default()))
    }

    fn shop() -> ConnectionAlias {
        ConnectionAlias::parse("shop").unwrap()
    }

    fn owner(grant: &str, user: &str) -> Owner {
        let mut caller = Caller::local(Arrival::Http);
        caller.grant = GrantName::parse(grant).unwrap();
        caller.user = UserName::parse(user).unwrap();
        Owner::new(&caller, &shop())
    }

    fn session(from_saved: bool) -> Arc<WebSession> {
        Arc::new(WebSession {
            user: WebUser::default(),
            from_saved,
            opened_at: Timestamp::UNIX_EPOCH,
            jar: Mutex::default(),
            form_token: Mutex::default(),
        })
    }

    #[test]
    fn callers_share_nothing() {
        let (sessions, client) = (WebSessions::default(), client());
        let place = |grant: &str, user: &str| sessions.place(owner(grant, user), &client).unwrap();
        let first = place("sales", "a");
        first.set(Standing::Open(session(true)));
        for (grant, user) in [("sales", "b"), ("stock", "a")] {
            assert!(matches!(place(grant, user).standing(), Standing::Never), "{grant} {user}");
        }
        assert!(Arc::ptr_eq(&place("sales", "a"), &first));
    }

    #[test]
    fn a_changed_connection_has_no_session() {
        let sessions = WebSessions::default();
        let (before, after) = (client(), client());
        sessions.place(owner("sales", "a"), &before).unwrap().set(Standing::Open(session(true)));
        let place = sessions.place(owner("sales", "a"), &after).unwrap();
        assert!(matches!(place.standing(), Standing::Never));
    }

    #[test]
    fn what_ended_is_opened_again_only_with_the_saved_secret() {
        let (sessions, client) = (WebSessions::default(), client());
        let place = sessions.place(owner("sales", "a"), &client).unwrap();
        for from_saved in [true, false] {
            let ended = session(from_saved);
            place.set(Standing::Open(Arc::clone(&ended)));
            place.lost(&session(true));
            assert!(matches!(place.standing(), Standing::Open(_)), "another one had ended");
            place.lost(&ended);
            assert_eq!(matches!(place.standing(), Standing::Never), from_saved);
            assert_eq!(matches!(place.standing(), Standing::RanOut), !from_saved);
        }
    }

    #[test]
    fn there_is_a_most_of_sessions_and_busy_ones_stay() {
        let (sessions, client) = (WebSessions::default(), client());
        let busy = sessions.place(owner("sales", "busy"), &client).unwrap();
        let guard = RunGuard::enter(&busy, "odoo_web_call", "res.partner.read".to_owned());
        for number in 0..2 * WEB_SESSIONS_MAX {
            sessions.place(owner("sales", &format!("u{number}")), &client).unwrap();
        }
        assert_eq!(lock(&sessions.places).len(), WEB_SESSIONS_MAX);
        assert!(Arc::ptr_eq(&sessions.place(owner("sales", "busy"), &client).unwrap(), &busy));
        assert_eq!(busy.running.all().len(), 1);
        drop(guard);
        assert!(busy.running.is_empty());
    }
}
