//! PostgreSQL as the store that any number of processes share.
//!
//! A small pool on a thread of its own, so that code that may block and code that may not use the same
//! connections. What the rows mean is known to the rooms that keep them. Deliberately absent: retries of
//! a statement; whoever asked is told, and asks again.

mod documents;
mod error;
mod lines;
mod moving;
mod pool;
mod schema;
mod tls;

pub(super) use documents::DocumentLock;
pub use documents::Documents;
pub use error::{PostgresError, is_unreachable};
pub use lines::{Lines, LinesTurn};
pub use moving::{Counts, KeptDocument, KeptItem};
pub use pool::{Postgres, StoreLook};

/// An empty store of its own, as two processes have it; `None` where `ODOO_MCP_TEST_STORE` names no
/// PostgreSQL whose user may make databases.
#[cfg(test)]
pub(crate) fn test_stores() -> Option<[Postgres; 2]> {
    use crate::config::{Environment, StoreAddress};

    let environment = Environment::of_process();
    let mut address = StoreAddress::parse(environment.get("ODOO_MCP_TEST_STORE")?).unwrap();
    let own = format!("test_{}_{:?}", std::process::id(), std::thread::current().id())
        .to_ascii_lowercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let maker = Postgres::open(&address, address.password.as_ref()).unwrap();
    let make = format!("create database {own}");
    let store = maker.clone();
    maker
        .wait(async move {
            let lease = store.lease().await?;
            Ok(lease.batch_execute(&make).await?)
        })
        .unwrap();
    address.database = own;
    Some([(), ()].map(|()| Postgres::open(&address, address.password.as_ref()).unwrap()))
}

#[cfg(test)]
mod tests;
