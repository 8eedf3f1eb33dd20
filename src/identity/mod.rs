//! Who is calling: from what a request shows to a `Caller`.
//!
//! Bearer tokens of the settings, personal access tokens of accounts, tokens of further kinds, and
//! sessions of browsers. Nothing here knows what a caller may do, and no secret is kept: only digests,
//! and sealed what has to be known again.

mod accounts;
mod enrolments;
mod failures;
mod fetch;
mod gate;
mod issuers;
pub mod oauth;
mod odoo_login;
mod openid;
mod operator;
mod people;
mod secrets;
mod sessions;
mod sign_in;
mod tokens;

pub use accounts::{Account, Accounts, NewSecondFactor, PasswordDigest, Proof, local_name};
pub use enrolments::{Enrolled, Enrolments, Invitation, NotEnrolled};
pub use gate::{Bearer, BearerTokens, Gate, IdentityError, Refused};
pub use issuers::{Issuers, IssuersError};
pub use openid::OpenId;
pub use operator::at_command_line;
pub use people::{People, PeopleError};
pub use secrets::{browser_secret, form_token, form_token_fits};
pub use sessions::{Session, Sessions, SignedIn, Visitor};
pub use sign_in::{NotSignedIn, Place, SignIn, Step};
pub use tokens::{NewToken, TOKEN_PREFIX, Token, Tokens};
