//! A small Odoo in memory, on a loopback port, for the tour and for tests.
//!
//! It imitates versions 14 and 19 on their own terms: shapes, status codes and error texts are those of the real
//! servers, and where a test finds a difference, the sandbox is wrong. What it has not: accounting, stock, a website,
//! printed reports of more than a page, translations, and any way in from another machine.

mod access;
mod data;
mod database;
mod domain;
mod env;
mod errors;
mod faults;
mod field;
mod groups;
mod matching;
mod methods;
mod models;
mod orm;
mod recorder;
mod routes;
mod server;
#[cfg(test)]
mod testing;
mod world;

use std::{fmt, io, net::SocketAddr, sync::Arc};

use serde_json::Value;
use tokio::task::JoinHandle;

use self::world::World;
use crate::facts::JsonObject;

pub use self::{
    faults::{Fault, FaultKind, Faults},
    field::SandboxVersion,
    recorder::ReceivedCall,
};

/// How to start a sandbox.
#[derive(Clone)]
pub struct SandboxOptions {
    pub version: SandboxVersion,
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Password of `admin`; a random one without it.
    pub password: Option<String>,
    /// API key of `admin`; a random one without it.
    pub api_key: Option<String>,
    /// Opens the routes under `/_sandbox` for whoever knows this text.
    pub control_token: Option<String>,
}

/// Says nothing of passwords and keys.
impl fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("version", &self.version)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

impl SandboxOptions {
    pub fn new(version: SandboxVersion) -> Self {
        Self {
            version,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            password: None,
            api_key: None,
            control_token: None,
        }
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self::new(SandboxVersion::V19)
    }
}

/// A running sandbox; dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    world: Arc<World>,
    task: JoinHandle<()>,
}

/// Binds the port and serves.
pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
    let listener = server::listen(options.listen).await?;
    let address = listener.local_addr()?;
    let world = Arc::new(World::new(
        options.version,
        options.password.unwrap_or_else(|| world::random_text(8)),
        options.api_key.unwrap_or_else(|| world::random_text(20)),
        options.control_token,
    ));
    let task = tokio::spawn(server::serve(listener, Arc::clone(&world)));
    Ok(Sandbox { address, world, task })
}

impl Sandbox {
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn database(&self) -> &str {
        world::DATABASE
    }

    pub fn login(&self) -> &str {
        "admin"
    }

    pub fn password(&self) -> &str {
        self.world.password()
    }

    pub fn api_key(&self) -> &str {
        self.world.api_key()
    }

    /// Calls of methods that arrived, in their order.
    pub fn received(&self) -> Vec<ReceivedCall> {
        self.world.recorder.all()
    }

    pub fn clear_received(&self) {
        self.world.recorder.clear();
    }

    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// How many records a model has, archived ones included.
    pub fn count(&self, model: &str) -> usize {
        self.world.lock().count(model)
    }

    /// All values of a record, many2one fields as ids.
    pub fn record(&self, model: &str, id: i64) -> Option<JsonObject> {
        self.world.look(env::ADMIN, |env| {
            let schema = env.schema.get(model)?;
            env.db.get(model, id)?;
            Some(
                schema
                    .fields
                    .iter()
                    .map(|field| (field.name.to_owned(), env.value_of(model, id, field)))
                    .collect(),
            )
        })
    }

    /// One value of a record.
    pub fn value(&self, model: &str, id: i64, field: &str) -> Option<Value> {
        self.record(model, id)?.get(field).cloned()
    }

    /// Ends all sessions, as a restart of the server would.
    pub fn expire_sessions(&self) {
        self.world.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Back to the data of the start.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Closes the port and all connections.
    pub async fn stop(self) {
        self.task.abort();
        // The port is free once the task is gone.
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}
