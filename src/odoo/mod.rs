//! Talking to Odoo: connections, sessions, wire formats, domains, faults.
//!
//! Nothing but this room knows Odoo's wire, and nothing here knows MCP.

mod address;
mod call;
mod client;
mod connections;
mod domain;
mod fault;
mod permitted;
mod schema;
mod secrets;
mod sign_in;
mod tls;
mod version;

pub use call::{Argument, Call, Context, Page, PageQuery};
pub use client::OdooClient;
pub use connections::{Connections, PermittedConnections};
pub use domain::Domain;
pub use fault::{FaultKind, OdooError};
pub use permitted::PermittedOdoo;
pub use schema::{FieldInfo, FieldType, ModelSchema};
pub(crate) use secrets::resolve as resolve_secret;
pub use sign_in::{ClientState, Route, SignIn};
pub use version::{ServerVersion, VersionState};
