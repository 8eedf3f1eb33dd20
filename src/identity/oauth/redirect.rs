//! Where a browser goes back to with a code: compared letter by letter.

use url::Url;

use crate::config::is_loopback;

/// Longer addresses do not fit into a header elsewhere.
const URI_BYTES_MAX: usize = 2048;
/// Schemes that a browser runs or shows by itself, or that lead into the machine.
const SCHEMES_REFUSED: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "jar",
    "mailto",
    "ms-appx",
    "resource",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// May a client name this address? The sentence says why not.
pub(super) fn check(uri: &str) -> Result<(), &'static str> {
    if uri.len() > URI_BYTES_MAX {
        return Err("it is too long");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) || uri.contains(['\\', '"', '<', '>']) {
        return Err("it holds characters no address has");
    }
    let Ok(url) = Url::parse(uri) else { return Err("it is no address") };
    if uri.contains('#') {
        return Err("it has a part behind `#`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" | "https" => Err("use `https`, or `http` on a loopback address"),
        scheme if SCHEMES_REFUSED.contains(&scheme) => Err("its scheme is not for clients"),
        // An application on the same device, which listens to a scheme of its own.
        scheme if uri.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://")) => Ok(()),
        _ => Err("it is no address of a client"),
    }
}

/// Is the address in the request one that the client named? Exactly, but for the port of a loopback
/// address, which a native application cannot know before it listens (RFC 8252).
pub(super) fn matches(named: &str, asked: &str) -> bool {
    named == asked || matches!((without_port(named), without_port(asked)), (Some(a), Some(b)) if a == b)
}

/// Host and rest of a plain loopback address.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| rest.starts_with(host))?;
    let rest = rest.strip_prefix(host)?;
    let path = match rest.strip_prefix(':') {
        Some(ported) => {
            let digits = ported.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            ported.get(digits..)?
        }
        None => rest,
    };
    // Anything else would be a longer name that only begins like a loopback address.
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
}

/// The address with more in its query; what is there already stays.
pub(super) fn with_query(uri: &str, members: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(members);
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, given)) if given.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", query.finish())
}

/// Where it leads, as a person can judge it: a host, or a program on their own machine.
pub(super) fn shown(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return String::new() };
    match url.host_str() {
        Some(host) if matches!(url.scheme(), "http" | "https") => match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        },
        _ => format!("{}:", url.scheme()),
    }
}

/// Does it lead to a program on the person's own machine?
pub(super) fn stays_local(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| is_loopback(&url) || !matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_name_addresses_of_their_own() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://client.example.com:8443/cb?x=1",
            "http://localhost:3118/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:1/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app://callback",
        ] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
        for uri in [
            "",
            "/callback",
            "http://client.example.com/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost.evil.example/cb",
            "https://client.example.com/cb#x",
            "https://client.example.com/cb#",
            "https://user@client.example.com/cb",
            "https://client.example.com\\@evil.example/cb",
            "https://client.example.com/a b",
            "https://client.example.com/\n",
            "https://клиент.example/cb",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "JavaScript://x/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "urn:ietf:wg:oauth:2.0:oob",
            "mailto:a@b.c",
            "app:callback",
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
        assert!(check(&format!("https://client.example.com/{}", "x".repeat(3000))).is_err());
    }

    #[test]
    fn an_address_fits_exactly_or_not_at_all() {
        let named = "https://client.example.com/cb";
        assert!(matches(named, named));
        for other in [
            "https://client.example.com/cb/",
            "https://client.example.com/cb?x",
            "https://client.example.com/CB",
            "https://client.example.com:443/cb",
            "HTTPS://client.example.com/cb",
            "https://client.example.com/cb/../evil",
            "https://client.example.com/%63b",
            "http://client.example.com/cb",
            "https://evil.example/cb",
            "",
        ] {
            assert!(!matches(named, other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        for (named, asked, fits) in [
            ("http://localhost/cb", "http://localhost:3118/cb", true),
            ("http://localhost:1/cb", "http://localhost:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]:1/cb?a=b", "http://[::1]:2/cb?a=b", true),
            ("http://localhost", "http://localhost:9", true),
            ("http://localhost/cb", "http://127.0.0.1/cb", false),
            ("http://localhost/cb", "http://localhost:1/other", false),
            ("http://localhost/cb", "http://localhost:/cb", false),
            ("http://localhost/cb", "http://localhost:1@evil.example/cb", false),
            ("http://localhost/cb", "http://localhost.evil.example/cb", false),
            ("http://localhost/cb", "http://localhostevil/cb", false),
            ("http://localhost/cb", "https://localhost:1/cb", false),
            ("https://localhost/cb", "https://localhost:1/cb", false),
            ("http://10.0.0.1/cb", "http://10.0.0.1:1/cb", false),
        ] {
            assert_eq!(matches(named, asked), fits, "{named} {asked}");
        }
    }

    #[test]
    fn answers_are_added_to_the_query() {
        for (uri, expected) in [
            ("https://a/cb", "https://a/cb?code=x%26y&state=%22"),
            ("https://a/cb?", "https://a/cb?code=x%26y&state=%22"),
            ("https://a/cb?z=1", "https://a/cb?z=1&code=x%26y&state=%22"),
            ("app://cb", "app://cb?code=x%26y&state=%22"),
        ] {
            assert_eq!(with_query(uri, &[("code", "x&y"), ("state", "\"")]), expected);
        }
        for (uri, name, local) in [
            ("https://claude.ai/cb", "claude.ai", false),
            ("http://localhost:31/cb", "localhost:31", true),
            ("cursor://x/cb", "cursor:", true),
        ] {
            assert_eq!((shown(uri).as_str(), stays_local(uri)), (name, local));
        }
    }
}
