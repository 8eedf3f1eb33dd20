//! Which Odoo is at the other end.

/// A parsed server version; `saas~17.4` is major 17, minor 4, saas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    pub major: u16,
    pub minor: u16,
    pub saas: bool,
    pub enterprise: bool,
    /// As the server wrote it.
    pub text: String,
}

/// What is known of a server's version. Unknown is never taken for old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionState {
    Known(ServerVersion),
    /// It answered, but not with a version we can read.
    Unknown {
        answered: String,
    },
    /// It did not answer.
    Unreachable {
        why: String,
    },
}
