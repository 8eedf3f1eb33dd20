//! `user`, `token`, `session` and `client`: who may use this server, for whoever runs it.
//!
//! Works beside running servers: what is changed here holds for their next request. A secret is read
//! without echo or from standard input, never from the command line.

mod client;
mod place;
mod secrets;
mod session;
mod token;
mod totp;
mod user;

pub(super) use self::{
    client::ClientCommand, session::SessionCommand, token::TokenCommand, user::UserCommand,
};
