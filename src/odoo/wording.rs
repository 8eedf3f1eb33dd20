//! Odoo's errors in clean sentences: no traceback, no path of the server, no SQL.

use super::{Call, FaultKind, OdooError, failure::ServerFault};

/// Longest message that is passed on; Odoo's own longest (access errors with all groups) stay below.
const MESSAGE_CHARS_MAX: usize = 2_000;
/// Longest exception class that is passed on.
const EXCEPTION_CHARS_MAX: usize = 120;

/// The error a caller sees for a fault of the server.
pub(super) fn error(fault: &ServerFault, call: &Call) -> OdooError {
    let kind = kind(fault);
    OdooError::Fault {
        kind,
        message: message(fault),
        exception: class_name(&fault.exception),
        model: Some(call.model.clone()),
        method: Some(call.method.clone()),
        hint: hint(kind, call),
    }
}

/// The exception class. The library behind a database error is nobody's concern but the server's.
fn class_name(exception: &str) -> String {
    let name = exception.strip_prefix("psycopg2.errors.").or_else(|| exception.strip_prefix("psycopg2."));
    name.unwrap_or(exception).chars().take(EXCEPTION_CHARS_MAX).collect()
}

/// Told by the exception class; JSON-2 adds the HTTP status for classes we do not know.
pub(super) fn kind(fault: &ServerFault) -> FaultKind {
    let class = fault.exception.rsplit('.').next().unwrap_or_default();
    match class {
        "AccessDenied" => FaultKind::AccessDenied,
        "AccessError" | "Forbidden" => FaultKind::AccessError,
        "MissingError" => FaultKind::Missing,
        "ValidationError" => FaultKind::Validation,
        "UserError" | "Warning" | "RedirectWarning" | "except_orm" => FaultKind::User,
        "SessionExpiredException" => FaultKind::SessionExpired,
        "LockError"
        | "ConcurrencyError"
        | "SerializationFailure"
        | "LockNotAvailable"
        | "DeadlockDetected"
        | "TransactionRollbackError" => FaultKind::Concurrency,
        _ => match fault.status {
            401 => FaultKind::AccessDenied,
            403 => FaultKind::AccessError,
            404 => FaultKind::Missing,
            409 => FaultKind::Concurrency,
            422 => FaultKind::User,
            _ => FaultKind::Server,
        },
    }
}

/// Is this the fault of two requests that came together, so that asking again may well succeed? Odoo
/// makes a user's settings at the first web login, and refuses the second of two first ones.
pub(super) fn came_together(fault: &ServerFault) -> bool {
    matches!(kind(fault), FaultKind::Concurrency | FaultKind::Validation)
        || fault.exception.ends_with("UniqueViolation")
        || fault.exception.ends_with("IntegrityError")
}

fn message(fault: &ServerFault) -> String {
    if fault.exception.starts_with("psycopg2.") {
        return database_message(&fault.exception).to_owned();
    }
    let text = clean(&fault.message);
    if text.is_empty() { "Odoo gave no reason".to_owned() } else { text }
}

/// Database messages carry host names and SQL, so none of their words are passed on.
fn database_message(exception: &str) -> &'static str {
    match exception.rsplit('.').next().unwrap_or_default() {
        "InvalidTextRepresentation" | "DatatypeMismatch" | "UndefinedFunction" | "CannotCoerce" => {
            "the database refused a value of the wrong type"
        }
        "InvalidDatetimeFormat" | "DatetimeFieldOverflow" => "the database refused a date or time",
        "NumericValueOutOfRange" => "the database refused a number out of range",
        "StringDataRightTruncation" => "the database refused a text that is too long",
        "NotNullViolation" => "the database refused a record without a required value",
        "UniqueViolation" => "the database refused a value that must be unique and exists already",
        "ForeignKeyViolation" => "the database refused a link to a record that does not exist or is in use",
        "CheckViolation" | "ExclusionViolation" | "IntegrityError" => {
            "the database refused values that break a constraint"
        }
        "SerializationFailure" | "LockNotAvailable" | "DeadlockDetected" | "TransactionRollbackError" => {
            "another change of the same records was faster"
        }
        "QueryCanceled" => "the database gave up a query that took too long",
        "OperationalError" | "InterfaceError" | "InsufficientPrivilege" => {
            "the server could not use its database"
        }
        _ => "the database refused the request",
    }
}

/// A server's text without traceback, without paths of its Python files, in bounded length.
pub(super) fn clean(text: &str) -> String {
    let told = text.split("Traceback (most recent call last)").next().unwrap_or_default().trim();
    let mut cleaned = String::with_capacity(told.len().min(MESSAGE_CHARS_MAX));
    for (count, piece) in told.split_inclusive(char::is_whitespace).enumerate() {
        let _ = count;
        if is_server_path(piece) {
            cleaned.push_str("[server file] ")
        } else {
            cleaned.push_str(piece)
        }
        if cleaned.len() > MESSAGE_CHARS_MAX * 4 {
            break;
        }
    }
    let mut short: String = cleaned.chars().take(MESSAGE_CHARS_MAX).collect();
    if short.len() < cleaned.len() {
        short.push('…');
    }
    short.trim().to_owned()
}

fn is_server_path(piece: &str) -> bool {
    let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '\\');
    let rooted = piece.starts_with('/') || piece.get(1..3) == Some(":\\");
    rooted && (piece.contains(".py") || piece.contains("site-packages") || piece.contains("dist-packages"))
}

fn hint(kind: FaultKind, call: &Call) -> Option<String> {
    let hint = match kind {
        FaultKind::AccessError => format!(
            "the Odoo user of this connection may not do this; an administrator grants it in the access rights of `{}`",
            call.model
        ),
        FaultKind::AccessDenied => "the Odoo user of this connection may not do this".to_owned(),
        FaultKind::Missing => "the record does not exist or has been deleted; search for it anew".to_owned(),
        FaultKind::Concurrency => "nothing was changed; read the records again, then try again".to_owned(),
        FaultKind::Validation | FaultKind::User | FaultKind::SessionExpired | FaultKind::Server => {
            return None;
        }
    };
    Some(hint)
}
