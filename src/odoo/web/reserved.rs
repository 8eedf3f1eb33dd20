//! Addresses of Odoo that no page request may reach, whoever asks.
//!
//! They are the doors that this house has keys of its own for: the session, the databases, calls of
//! methods. A page request through them would go around what the policy decided.

use super::{OdooError, PagePath};

/// What a reserved address is for, and what to use instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Sessions, logins, sign-ups and passwords.
    Session,
    /// Managing databases.
    Database,
    /// Calls of model methods.
    Methods,
    /// Exports, whose fields and records a path does not show.
    Export,
    /// A payment or a signature that binds somebody.
    Binding,
}

impl Reserved {
    /// What this address is reserved for, if it is.
    ///
    /// A website strips a language in front of a path, whatever it is called, so the path behind the
    /// first segment is looked at as well.
    pub fn of(path: &PagePath) -> Option<Self> {
        let segments: Vec<String> =
            path.segments().iter().map(|segment| segment.to_ascii_lowercase()).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        of_segments(&segments).or_else(|| of_segments(segments.get(1..).unwrap_or_default()))
    }

    /// Refuses an address that no tool asks for as a page.
    pub(super) fn check(path: &PagePath) -> Result<(), OdooError> {
        match Self::of(path) {
            Some(reserved @ (Self::Session | Self::Database | Self::Methods)) => Err(reserved.refusal(path)),
            Some(Self::Export | Self::Binding) | None => Ok(()),
        }
    }

    /// The error for a request of this address.
    pub fn refusal(self, path: &PagePath) -> OdooError {
        let (what, instead) = match self {
            Self::Session => ("signing in and out", "use `odoo_web_login` and `odoo_web_logout`"),
            Self::Database => ("managing databases", "ask the operator of the server"),
            Self::Methods => ("calls of model methods", "use `odoo_web_call` or `odoo_execute`"),
            Self::Export => ("exports", "use `odoo_web_export`"),
            Self::Binding => {
                ("a payment, an acceptance or a signature", "a person has to do this in the browser")
            }
        };
        OdooError::Web {
            code: "path_reserved",
            why: format!("`{}` is reserved for {what}; nothing was sent", path.path()),
            hint: Some(instead.to_owned()),
            sent: false,
        }
    }
}

fn of_segments(segments: &[&str]) -> Option<Reserved> {
    Some(match segments {
        ["web", "session" | "login" | "signup" | "reset_password" | "become" | "login_successful", ..]
        | ["auth_oauth" | "auth_signup" | "auth_totp" | "auth_passkey" | "saml", ..] => Reserved::Session,
        ["web", "database", ..] => Reserved::Database,
        ["jsonrpc" | "xmlrpc" | "json" | "web_editor_rpc", ..] | ["web", "dataset" | "action", ..] => {
            Reserved::Methods
        }
        ["web", "export", ..] => Reserved::Export,
        ["payment" | "sign", ..] => Reserved::Binding,
        [.., "accept" | "decline" | "sign" | "signature" | "transaction" | "confirm" | "payment" | "pay"] => {
            Reserved::Binding
        }
        [.., "transaction" | "payment", _] => Reserved::Binding,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<Reserved>) {
        assert_eq!(Reserved::of(&PagePath::parse(path).unwrap()), expected, "{path}");
    }

    #[test]
    fn doors_with_keys_of_their_own_are_no_pages() {
        check("/web/session/logout", Some(Reserved::Session));
        check("/fr/web/session/destroy/", Some(Reserved::Session));
        check("/web/login", Some(Reserved::Session));
        check("/WEB/Login", Some(Reserved::Session));
        check("/web/database/manager", Some(Reserved::Database));
        check("/w%65b/database", Some(Reserved::Database));
        check("/jsonrpc", Some(Reserved::Methods));
        check("/xmlrpc/2/object", Some(Reserved::Methods));
        check("/json/2/res.partner/unlink", Some(Reserved::Methods));
        check("/web/dataset/call_kw/res.partner/unlink", Some(Reserved::Methods));
        check("/web/export/csv", Some(Reserved::Export));
        check("/payment/pay", Some(Reserved::Binding));
        check("/my/orders/7/accept", Some(Reserved::Binding));
        check("/my/orders/7/transaction/", Some(Reserved::Binding));
        check("/shop/payment/validate", Some(Reserved::Binding));
    }

    #[test]
    fn pages_are_pages() {
        for page in [
            "/",
            "/web",
            "/my/invoices",
            "/my/orders/7",
            "/report/pdf/a.b/7",
            "/web/content/7",
            "/shop/cart",
            "/webx/login-x",
        ] {
            check(page, None);
        }
    }
}
