//! The address by which clients know this server. It comes from the settings, never from a request:
//! whoever sends a `Host` header must not choose what tokens are good for.

use std::{fmt, net::SocketAddr, sync::Arc};

use url::{Host, Url};

/// Where the protocol is spoken, below the address.
const MCP_PATH: &str = "/mcp";

/// Scheme, host and port, in lower case and without a slash at the end.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: Arc<str>,
    host: Arc<str>,
    port: Option<u16>,
}

impl PublicUrl {
    /// The address of the settings, which is an origin.
    pub fn of(url: &Url) -> Self {
        Self {
            origin: url.origin().ascii_serialization().into(),
            host: url.host_str().unwrap_or_default().into(),
            port: url.port(),
        }
    }

    /// The address of a door on this machine.
    pub fn of_address(address: SocketAddr) -> Self {
        let host: Arc<str> = match address.ip() {
            std::net::IpAddr::V4(ip) => ip.to_string().into(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]").into(),
        };
        let port = (address.port() != 80).then(|| address.port());
        let origin = match port {
            Some(port) => format!("http://{host}:{port}").into(),
            None => format!("http://{host}").into(),
        };
        Self { origin, host, port }
    }

    /// `https://mcp.example.com`: also the issuer of our own tokens.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Host, and port where it is not the usual one, as in a `Host` header.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// An address below this one. `path` begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What tokens for this server are issued for.
    pub fn resource(&self) -> String {
        self.join(MCP_PATH)
    }

    /// Does this text name our resource? Case of scheme and host, the usual port and one slash at the
    /// end make no difference; anything else does.
    pub fn is_resource(&self, text: &str) -> bool {
        plain_url(text).is_some_and(|url| {
            let path = url.path();
            Self::of(&url) == *self && path.strip_suffix('/').unwrap_or(path) == MCP_PATH
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.origin)
    }
}

/// An address without user, query and fragment, written in one way only: the parser forgives tabs and
/// backslashes, and two readers would not agree on those.
fn plain_url(text: &str) -> Option<Url> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '?', '#', '@']) {
        return None;
    }
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// True for addresses of this machine, by number or as `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_in_one_way() {
        let check = |text: &str, expected: &str| {
            let url = PublicUrl::of(&Url::parse(text).unwrap());
            assert_eq!(url.as_str(), expected, "{text}");
            assert_eq!(url.resource(), format!("{expected}/mcp"));
        };
        check("https://mcp.example.com", "https://mcp.example.com");
        check("HTTPS://MCP.Example.COM:443/", "https://mcp.example.com");
        check("https://mcp.example.com:8443", "https://mcp.example.com:8443");
        check("http://127.0.0.1:8084", "http://127.0.0.1:8084");
        check("http://localhost:80", "http://localhost");
        check("http://[::1]:8084", "http://[::1]:8084");
        for address in ["127.0.0.1:8084", "[::1]:8084", "127.0.0.1:80"] {
            let of_address = PublicUrl::of_address(address.parse().unwrap());
            assert_eq!(of_address, PublicUrl::of(&Url::parse(&format!("http://{address}")).unwrap()));
        }
    }

    #[test]
    fn the_resource_is_one_address() {
        let url = PublicUrl::of(&Url::parse("https://mcp.example.com").unwrap());
        for same in [
            "https://mcp.example.com/mcp",
            "https://mcp.example.com/mcp/",
            "HTTPS://mcp.EXAMPLE.com/mcp",
            "https://mcp.example.com:443/mcp",
        ] {
            assert!(url.is_resource(same), "{same}");
        }
        for other in [
            "",
            "https://mcp.example.com",
            "https://mcp.example.com/",
            "https://mcp.example.com/MCP",
            "https://mcp.example.com/mcp//",
            "https://mcp.example.com/mcp/x",
            "https://mcp.example.com/mcp?x=1",
            "https://mcp.example.com/mcp#x",
            "https://mcp.example.com:8443/mcp",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com.evil.example/mcp",
            "https://evil@mcp.example.com/mcp",
            "https://mcp.example.com/\tmcp",
            "https://mcp.example.com\\mcp",
            "mcp.example.com/mcp",
        ] {
            assert!(!url.is_resource(other), "{other}");
        }
    }
}
