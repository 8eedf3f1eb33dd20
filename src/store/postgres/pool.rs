//! The connections: few, reused, opened again by themselves.

use std::{
    collections::HashMap,
    future::Future,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Handle, Runtime, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::{
    error::PostgresError,
    schema::{self, IN_USE, LOCKS},
    tls::Verified,
};
use crate::{
    config::{StoreAddress, StoreTls},
    facts::Secret,
};

/// Most connections of one process. Lines of the log are written one behind the other anyway.
const CONNECTIONS_MAX: usize = 8;
/// Further ones for locks of documents: whoever holds one reads over another connection meanwhile.
const LOCKS_MAX: usize = 4;
/// Longest wait for a connection to be made.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Longest wait for one of our connections to be free.
const FREE_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer, should the network swallow it; the server itself gives up before.
const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// After a failure everybody is refused at once for so long, twice as long after each further one.
const AWAY_MIN: Duration = Duration::from_millis(100);
const AWAY_MAX: Duration = Duration::from_secs(2);
/// How often a process says that it is there, and looks whether the store is.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Limits that the server keeps for us: one statement, one lock, one transaction nobody ends. What is
/// committed survives a crash of the server, whatever its own settings say: calls run on the strength of it.
const SERVER_LIMITS: &str = "-c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=5000 \
     -c idle_in_transaction_session_timeout=15000 -c tcp_keepalives_idle=10 \
     -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/// Its version, the TLS of this very connection, the number of our tables, and who says to be there.
const LOOK: &str = "select current_setting('server_version'), \
     (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl), \
     (select max(version) from odoo_mcp_schema), \
     (select count(*) from pg_locks where locktype = 'advisory' and classid::bigint = $1 \
      and objid::bigint = $2 and database = (select oid from pg_database where datname = current_database()))";

/// What an operator wants to know of the store.
#[derive(Debug, Clone)]
pub struct StoreLook {
    /// The version of PostgreSQL.
    pub server: String,
    /// The version of TLS; nothing where there is none.
    pub tls: Option<String>,
    /// The number of our tables, and the one that this program makes.
    pub schema: i64,
    pub schema_known: usize,
    /// Processes that use the store now, this one among them.
    pub processes: u64,
    /// How long one question took.
    pub latency: Duration,
}

/// The shared store. Cheap to clone; the connections end with the last clone.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: Arc<Pool>,
}

struct Pool {
    config: Config,
    tls: Option<Verified>,
    idle: Mutex<Vec<Session>>,
    slots: Arc<Semaphore>,
    lock_slots: Arc<Semaphore>,
    away: Mutex<Away>,
    is_away: AtomicBool,
    /// Taken when the pool ends: a runtime must not be dropped where others run.
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("is_away", &self.is_away).finish_non_exhaustive()
    }
}

/// Since when nobody answers, and when to try again.
#[derive(Debug, Default)]
struct Away {
    until: Option<Instant>,
    pause: Duration,
    why: Option<PostgresError>,
}

/// One connection with the statements it knows.
struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// A connection that is ours for now. One that was not given back in order is closed.
pub(in crate::store) struct Lease {
    session: Session,
    pool: Arc<Pool>,
    _slot: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lease")
    }
}

impl Postgres {
    /// Reaches the store, makes what is missing there, and says from then on that this process uses it.
    ///
    /// # Errors
    ///
    /// If it cannot be reached or used now; later outages are errors of the calls that meet them.
    pub fn open(address: &StoreAddress, password: Option<&Secret>) -> Result<Self, PostgresError> {
        let store = Self::reach(address, password)?;
        store.announce()?;
        Ok(store)
    }

    /// The same for somebody who wants the store alone: refused while a server uses it.
    ///
    /// # Errors
    ///
    /// If it cannot be reached, or is in use.
    pub fn open_alone(address: &StoreAddress, password: Option<&Secret>) -> Result<Self, PostgresError> {
        let store = Self::reach(address, password)?;
        let own = store.clone();
        store.wait(async move {
            let lease = own.lease().await?;
            let row = lease.query_one("select pg_try_advisory_lock($1, $2)", &[&LOCKS, &IN_USE]).await?;
            if !row.try_get::<_, bool>(0)? {
                return Err(PostgresError::Refused { why: "a server uses it now".to_owned() });
            }
            // The lock lasts as long as its connection, which is kept until the process ends.
            own.pool.handle.spawn(async move {
                std::future::pending::<()>().await;
                drop(lease);
            });
            Ok(())
        })?;
        Ok(store)
    }

    fn reach(address: &StoreAddress, password: Option<&Secret>) -> Result<Self, PostgresError> {
        let mut config = Config::new();
        config
            .host(&address.host)
            .port(address.port)
            .user(&address.user)
            .dbname(&address.database)
            .application_name("odoo-mcp")
            .options(SERVER_LIMITS)
            .connect_timeout(CONNECT_WAIT);
        if let Some(password) = password {
            config.password(password.reveal());
        }
        let tls = match &address.tls {
            StoreTls::Off => None,
            StoreTls::Verified { root } => {
                config.ssl_mode(tokio_postgres::config::SslMode::Require);
                Some(Verified::by(root.as_deref())?)
            }
        };
        if tls.is_none() {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("shared store")
            .enable_all()
            .build()
            .map_err(|error| PostgresError::Refused { why: error.to_string() })?;
        let handle = runtime.handle().clone();
        let pool = Pool {
            config,
            tls,
            idle: Mutex::default(),
            slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            lock_slots: Arc::new(Semaphore::new(LOCKS_MAX)),
            away: Mutex::default(),
            is_away: AtomicBool::new(false),
            runtime: Mutex::new(Some(runtime)),
            handle,
        };
        let store = Self { pool: Arc::new(pool) };
        let own = store.clone();
        store.wait(async move {
            let mut lease = own.lease().await?;
            schema::migrate(&mut lease).await?;
            lease.give_back();
            Ok(())
        })?;
        Ok(store)
    }

    /// Holds the sign that this process uses the store, and takes it up again after an outage.
    fn announce(&self) -> Result<(), PostgresError> {
        let pool = Arc::downgrade(&self.pool);
        let own = self.clone();
        let first = self.wait(async move { in_use(&own.pool).await })?;
        self.pool.handle.spawn(async move {
            let mut session = Some(first);
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Some(pool) = pool.upgrade() else { return };
                let is_alive = match &session {
                    Some(session) => {
                        matches!(timeout(CONNECT_WAIT, session.client.batch_execute("")).await, Ok(Ok(())))
                    }
                    None => false,
                };
                if !is_alive {
                    session = in_use(&pool).await.ok();
                }
                pool.is_away.store(session.is_none(), Ordering::Release);
            }
        });
        Ok(())
    }

    /// What an operator wants to know of the store.
    ///
    /// # Errors
    ///
    /// If it cannot be reached.
    pub fn look(&self) -> Result<StoreLook, PostgresError> {
        let own = self.clone();
        self.wait(async move {
            let lease = own.lease().await?;
            let asked = Instant::now();
            let row = lease.query_one(LOOK, &[&i64::from(LOCKS), &i64::from(IN_USE)]).await?;
            let latency = asked.elapsed();
            let look = StoreLook {
                server: row.try_get(0)?,
                tls: row.try_get(1)?,
                schema: row.try_get(2)?,
                schema_known: schema::known(),
                processes: row.try_get::<_, i64>(3)?.unsigned_abs(),
                latency,
            };
            lease.give_back();
            Ok(look)
        })
    }

    /// Is the store known to be away? A memory, not a question.
    pub fn is_away(&self) -> bool {
        self.pool.is_away.load(Ordering::Acquire)
    }

    /// Does something with the store and waits, wherever this is.
    pub(in crate::store) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PostgresError>> + Send + 'static,
    ) -> Result<T, PostgresError> {
        self.wait_for_long(limited(work))
    }

    /// The same for work that may take as long as it needs.
    pub(in crate::store) fn wait_for_long<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PostgresError>> + Send + 'static,
    ) -> Result<T, PostgresError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.pool.handle.spawn(async move {
            // Whoever waited may have gone away.
            let _ = sender.send(work.await);
        });
        let wait = || receiver.recv().unwrap_or_else(|_| Err(PostgresError::away("this process ends")));
        let done = match Handle::try_current() {
            Ok(here) if here.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(wait)
            }
            _ => wait(),
        };
        self.note(done)
    }

    /// Does something with the store without holding up a thread.
    pub(in crate::store) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PostgresError>> + Send + 'static,
    ) -> Result<T, PostgresError> {
        let done = self.pool.handle.spawn(limited(work)).await;
        self.note(done.unwrap_or_else(|_| Err(PostgresError::away("this process ends"))))
    }

    fn note<T>(&self, done: Result<T, PostgresError>) -> Result<T, PostgresError> {
        if let Err(error) = &done
            && error.is_unreachable()
        {
            self.pool.is_away.store(true, Ordering::Release);
        }
        done
    }

    pub(in crate::store) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.pool.handle.spawn(work);
    }

    /// A connection, waiting for a free one, opening one where there is room.
    pub(in crate::store) async fn lease(&self) -> Result<Lease, PostgresError> {
        self.lease_of(&self.pool.slots).await
    }

    /// A connection for holding a lock with.
    pub(in crate::store) async fn lease_for_lock(&self) -> Result<Lease, PostgresError> {
        self.lease_of(&self.pool.lock_slots).await
    }

    async fn lease_of(&self, slots: &Arc<Semaphore>) -> Result<Lease, PostgresError> {
        let pool = &self.pool;
        let slot = timeout(FREE_WAIT, Arc::clone(slots).acquire_owned()).await;
        let Ok(Ok(slot)) = slot else {
            return Err(PostgresError::Busy { name: "the shared store".to_owned() });
        };
        let session = match pool.take_idle() {
            Some(session) => session,
            None => pool.connect().await?,
        };
        Ok(Lease { session, pool: Arc::clone(pool), _slot: slot })
    }
}

async fn limited<T>(work: impl Future<Output = Result<T, PostgresError>>) -> Result<T, PostgresError> {
    let late = || Err(PostgresError::away("it does not answer"));
    timeout(ANSWER_WAIT, work).await.unwrap_or_else(|_| late())
}

async fn in_use(pool: &Pool) -> Result<Session, PostgresError> {
    let session = pool.connect().await?;
    session.client.execute("select pg_advisory_lock_shared($1, $2)", &[&LOCKS, &IN_USE]).await?;
    Ok(session)
}

impl Pool {
    fn take_idle(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(session) = idle.pop() {
            if !session.client.is_closed() {
                return Some(session);
            }
        }
        None
    }

    async fn connect(&self) -> Result<Session, PostgresError> {
        {
            let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
            if let (Some(until), Some(why)) = (away.until, &away.why)
                && Instant::now() < until
            {
                return Err(why.clone());
            }
        }
        let made = timeout(CONNECT_WAIT, self.connect_now()).await;
        let made = made.unwrap_or_else(|_| Err(PostgresError::away("it does not answer")));
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match &made {
            Ok(_) => {
                *away = Away::default();
                self.is_away.store(false, Ordering::Release);
            }
            Err(error) => {
                away.pause = (away.pause * 2).clamp(AWAY_MIN, AWAY_MAX);
                away.until = Some(Instant::now() + away.pause);
                // Whatever it was: who has no connection does not reach the store.
                away.why = Some(match error {
                    PostgresError::Unreachable { .. } | PostgresError::LockedOut { .. } => error.clone(),
                    other => PostgresError::away(other.to_string()),
                });
            }
        }
        made
    }

    async fn connect_now(&self) -> Result<Session, PostgresError> {
        let client = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                self.handle.spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                self.handle.spawn(connection);
                client
            }
        };
        Ok(Session { client, statements: HashMap::new() })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

impl Lease {
    /// A statement, prepared once for each connection.
    pub(in crate::store) async fn prepared(&mut self, sql: &'static str) -> Result<Statement, PostgresError> {
        if let Some(statement) = self.session.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.session.client.prepare(sql).await?;
        self.session.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// For the next one: the connection is as it was found, with no transaction and no lock.
    pub(in crate::store) fn give_back(self) {
        let Self { session, pool, _slot } = self;
        if !session.client.is_closed() {
            pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.session.client
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.session.client
    }
}
