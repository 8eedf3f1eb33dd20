//! `Host` and `Origin`: a web page in somebody's browser must not reach a server on their machine.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};

/// Where a browser says from whose page a request comes.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names this server answers to, and the pages that may call it.
#[derive(Debug)]
pub(super) struct Names {
    hosts: Vec<Host>,
    origins: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Host {
    name: String,
    /// `None` fits any port.
    port: Option<u16>,
}

/// Why a request is not for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    Host,
    Origin,
}

impl Names {
    pub(super) fn new(hosts: &[String], origins: &[String], bound: SocketAddr) -> Self {
        let any_port = |name: &str| Host { name: name.to_owned(), port: None };
        let mut known: Vec<Host> = ["localhost", "127.0.0.1", "::1"].map(any_port).into();
        if !bound.ip().is_unspecified() {
            known.push(any_port(&bound.ip().to_string()));
        }
        known.extend(hosts.iter().filter_map(|text| Host::parse(text)));
        let origins = origins.iter().map(|text| text.trim_end_matches('/').to_ascii_lowercase()).collect();
        Self { hosts: known, origins }
    }

    pub(super) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let mut named = headers.get_all(header::HOST).iter();
        let host = match (named.next(), named.next()) {
            (Some(host), None) => host.to_str().ok().and_then(Host::parse),
            (None, None) => uri.authority().and_then(|authority| Host::parse(authority.as_str())),
            _ => None,
        }
        .ok_or(Foreign::Host)?;
        let known = |own: &Host| own.name == host.name && (own.port.is_none() || own.port == host.port);
        if !self.hosts.iter().any(known) {
            return Err(Foreign::Host);
        }
        let allowed = |origin: &HeaderValue| origin.to_str().is_ok_and(|text| self.is_allowed(text, &host));
        let is_fine = headers.get_all(header::ORIGIN).iter().all(allowed) && !is_led_here(method, headers);
        if is_fine { Ok(()) } else { Err(Foreign::Origin) }
    }

    /// Exactly one of the settings, or the very address the request came to.
    fn is_allowed(&self, origin: &str, host: &Host) -> bool {
        let origin = origin.to_ascii_lowercase();
        let own = origin.strip_prefix("http://").and_then(Host::parse).is_some_and(|own| own == *host);
        own || self.origins.contains(&origin)
    }
}

/// Does a page of somebody else send something, without the `Origin` that would say whose it is? To look
/// at a page of ours a link may lead here.
fn is_led_here(method: &Method, headers: &HeaderMap) -> bool {
    let is_elsewhere = |site: &HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
    !method.is_safe()
        && !headers.contains_key(header::ORIGIN)
        && headers.get_all(FETCH_SITE).iter().any(is_elsewhere)
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        // An IPv6 address in the settings may come without its brackets.
        if let Ok(address @ IpAddr::V6(_)) = text.parse::<IpAddr>() {
            return Some(Self { name: address.to_string(), port: None });
        }
        let authority: Authority = text.parse().ok()?;
        // What follows the host can only be a port.
        if authority.as_str().contains('@')
            || (authority.as_str().len() > authority.host().len() && authority.port_u16().is_none())
        {
            return None;
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Some(Self { name, port: authority.port_u16() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>) -> Result<(), Foreign> {
        let names = Names::new(
            &["mcp.example.com".to_owned(), "other.example.com:8443".to_owned()],
            &["https://app.example.com".to_owned(), "http://localhost:3000/".to_owned()],
            "127.0.0.1:8084".parse().unwrap(),
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        names.check(&Method::POST, &Uri::from_static("/mcp"), &headers)
    }

    #[test]
    fn own_names_come_in() {
        for host in [
            "localhost",
            "LOCALHOST:8084",
            "127.0.0.1:1",
            "[::1]:8084",
            "mcp.example.com",
            "mcp.example.com:443",
            "other.example.com:8443",
        ] {
            assert_eq!(check(host, None), Ok(()), "{host}");
        }
    }

    #[test]
    fn foreign_names_do_not() {
        for host in [
            "evil.example.com",
            "localhost.evil.example.com",
            "other.example.com",
            "other.example.com:80",
            "127.0.0.2",
            "user@localhost",
            "",
            "a b",
            "localhost:99999",
        ] {
            assert_eq!(check(host, None), Err(Foreign::Host), "{host}");
        }
    }

    #[test]
    fn pages_are_matched_exactly() {
        for origin in [
            "https://app.example.com",
            "HTTPS://APP.example.com",
            "http://localhost:3000",
            "http://localhost:8084",
        ] {
            assert_eq!(check("localhost:8084", Some(origin)), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://app.example.com",
            "https://app.example.com:444",
            "https://app.example.com.evil.example.com",
            "https://evil.example.com",
            "http://localhost:3001",
            "http://localhost",
            "http://127.0.0.1:8084",
            "localhost:8084",
        ] {
            assert_eq!(check("localhost:8084", Some(origin)), Err(Foreign::Origin), "{origin}");
        }
    }

    #[test]
    fn what_a_browser_says_of_the_page_counts_where_it_sends_something() {
        let names = Names::new(&[], &["https://app.example.com".to_owned()], "127.0.0.1:1".parse().unwrap());
        let check = |method: Method, lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            names.check(&method, &Uri::from_static("/console"), &headers).is_ok()
        };
        for (site, sends) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false), ("x", false)]
        {
            assert_eq!(check(Method::POST, &[("sec-fetch-site", site)]), sends, "{site}");
            assert!(check(Method::GET, &[("sec-fetch-site", site)]), "{site}");
        }
        // An origin that is allowed is on another site, and says so.
        let allowed = [("sec-fetch-site", "cross-site"), ("origin", "https://app.example.com")];
        assert!(check(Method::POST, &allowed));
        let foreign = [("sec-fetch-site", "same-origin"), ("origin", "https://evil.example.com")];
        assert!(!check(Method::POST, &foreign));
        assert!(!check(Method::DELETE, &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn two_hosts_are_none() {
        let names = Names::new(&[], &[], "127.0.0.1:1".parse().unwrap());
        let mut headers = HeaderMap::new();
        assert_eq!(names.check(&Method::POST, &Uri::from_static("/mcp"), &headers), Err(Foreign::Host));
        headers.append(header::HOST, "localhost".parse().unwrap());
        headers.append(header::HOST, "evil.example.com".parse().unwrap());
        assert_eq!(names.check(&Method::POST, &Uri::from_static("/mcp"), &headers), Err(Foreign::Host));
    }
}
