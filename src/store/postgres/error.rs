//! What can go wrong with PostgreSQL, without passwords and without values of rows.

use std::io;

/// Why the shared store could not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostgresError {
    /// It is away, or does not let us in. It is tried again by itself.
    #[error("the shared store cannot be reached: {why}")]
    Unreachable { why: String },
    /// It is there, and we do not get in: a password, a database or a certificate is not the right one. It
    /// is tried again by itself, too, but somebody has to mend something first.
    #[error("the shared store cannot be used: {why}")]
    LockedOut { why: String },
    /// It answered, and refused.
    #[error("the shared store refused: {why}")]
    Refused { why: String },
    #[error("somebody else has been holding `{name}` for too long")]
    Busy { name: String },
    #[error("the shared store was made by a newer version of this program (schema {found}, known {known})")]
    Newer { found: i64, known: usize },
    #[error("certificates for the shared store cannot be read: {why}")]
    Certificates { why: String },
}

/// The classes of states with which a server that stops, starts or is full turns us away.
const AWAY: &[&str] = &["08", "53", "57"];
/// The classes of a wrong password, of a user who may not come in and of a database that is not there.
const LOCKED_OUT: &[&str] = &["28", "3D"];
/// Somebody else had a lock, or the statement took, for longer than we wait.
const TOO_LONG: &[&str] = &["55P03", "57014"];

impl PostgresError {
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::LockedOut { .. })
    }

    /// May it pass although nobody mends anything?
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(super) fn away(why: impl Into<String>) -> Self {
        Self::Unreachable { why: why.into() }
    }

    /// The server's own message names tables and columns; its details, which hold values, are left out.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            if error.is_closed() {
                return Self::away("the connection was closed");
            }
            let why = plain(error);
            return match distrust(error) {
                Some(what) => Self::LockedOut { why: format!("{what}: {why}") },
                None => Self::Unreachable { why },
            };
        };
        let state = answer.code().code();
        let why = format!("{} ({state})", answer.message());
        if TOO_LONG.contains(&state) {
            return Self::Busy { name: "the shared store".to_owned() };
        }
        if LOCKED_OUT.iter().any(|class| state.starts_with(class)) {
            return Self::LockedOut { why };
        }
        if AWAY.iter().any(|class| state.starts_with(class)) {
            Self::away(why)
        } else {
            Self::Refused { why }
        }
    }
}

/// What keeps us from trusting the server, or from signing in, before it said a word about it.
fn distrust(error: &tokio_postgres::Error) -> Option<&'static str> {
    // The kinds of these errors have no name outside their crate; the beginnings of their texts do.
    let said = error.to_string();
    if said.starts_with("authentication error") || said.starts_with("invalid configuration") {
        return Some("it is asked to sign in in a way that it cannot");
    }
    if !said.starts_with("error performing TLS handshake") {
        return None;
    }
    let cause = std::error::Error::source(error)?;
    match cause.downcast_ref::<io::Error>() {
        Some(cause) if cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            Some("its TLS is not trusted")
        }
        // The network ended in the middle of it.
        Some(_) => None,
        None => Some("its TLS cannot be used"),
    }
}

/// The innermost cause says what happened; what stands around it only says where.
fn plain(error: &tokio_postgres::Error) -> String {
    let mut why: &dyn std::error::Error = error;
    while let Some(inner) = why.source() {
        why = inner;
    }
    why.to_string()
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::of(&error)
    }
}

impl From<PostgresError> for io::Error {
    fn from(error: PostgresError) -> Self {
        let kind = match &error {
            PostgresError::Unreachable { .. } | PostgresError::LockedOut { .. } => {
                io::ErrorKind::NotConnected
            }
            PostgresError::Busy { .. } => io::ErrorKind::TimedOut,
            PostgresError::Refused { .. }
            | PostgresError::Newer { .. }
            | PostgresError::Certificates { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Does this error mean that the shared store is away?
pub fn is_unreachable(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<PostgresError>());
    inner.is_some_and(PostgresError::is_unreachable)
}
