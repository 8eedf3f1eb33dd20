//! Who we are on a server, and over which route.

use super::VersionState;

/// A successful login.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub uid: i64,
    pub user_name: Option<String>,
    /// Id and name of the companies the user may work in; the first is the current one.
    pub companies: Vec<(i64, String)>,
    /// Known only where the server tells it.
    pub is_admin: Option<bool>,
    pub route: Route,
    pub version: VersionState,
}

/// How calls travel, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Web session: password logins, every version; the fastest.
    Session,
    /// `/json/2`: API keys, 19 and later.
    Json2,
    /// `/jsonrpc`: any credential, 14 to 21.
    JsonRpc,
    /// `/xmlrpc/2`: the last resort.
    XmlRpc,
}

impl Route {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Json2 => "json2",
            Self::JsonRpc => "jsonrpc",
            Self::XmlRpc => "xmlrpc",
        }
    }
}

/// What a client knows without asking the server.
#[derive(Debug, Clone, Default)]
pub struct ClientState {
    /// The route that calls take, once it has been chosen.
    pub route: Option<Route>,
    /// The last successful login of this process.
    pub signed_in: Option<std::sync::Arc<SignIn>>,
    pub last_used: Option<jiff::Timestamp>,
    /// Code and message of the last failure, if the last request failed.
    pub last_error: Option<(&'static str, String)>,
}
