//! People at the HTTP door: tokens, scopes, signing in, sessions; and what must not come in.

mod interleaved;
mod place;
mod questions;
mod scopes;
mod sign_in;
mod tokens;
