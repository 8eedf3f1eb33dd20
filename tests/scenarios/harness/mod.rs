//! The tools of the scenarios: a door to the built program, an oracle that knows better, and
//! fronts that fail on purpose.

mod answer;
mod door;
mod front;
pub(crate) mod http;
#[allow(dead_code, reason = "each binary and group uses a part of what it can say")]
mod model_server;
mod oracle;
pub(crate) mod papers;
mod people;
pub(crate) mod plugins;
pub(crate) mod tested;
mod tls;
mod world;
mod xlsx;

pub(crate) use answer::{Answer, ids_of};
pub(crate) use door::{Door, DoorSettings, Pending, Via, program};
pub(crate) use front::{Behaviour, Front, Recorded};
#[allow(unused_imports, reason = "each binary and group uses a part of it")]
pub(crate) use model_server::{Asked, ModelServer, Says, Tokens};
#[allow(unused_imports, reason = "only the end-to-end binary asks a server for its version")]
pub(crate) use oracle::Oracle;
pub(crate) use people::{People, Person};
pub(crate) use tls::TlsIdentity;
pub(crate) use world::{OdooUnderTest, SignInBy, Temporary, World, unique};
pub(crate) use xlsx::{ReadCell, rows_of};
