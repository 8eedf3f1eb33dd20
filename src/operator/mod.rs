//! What the operator tells running servers, and what they answer, through files of the state directory.
//!
//! Files and not a port: whoever may write into the directory is the operator, and nobody else can
//! ask. Nothing here decides about calls or reads policies; it keeps what was said until it is read.

mod pauses;
mod presence;
mod request;

pub use pauses::{FILE as PAUSES_FILE, PauseError, PauseOrder, Pauses, lift, order_pause, orders};
pub use presence::{Presence, RefusedFile, ServerStatus, servers};
pub use request::{RequestError, ask_all, newest_request};
