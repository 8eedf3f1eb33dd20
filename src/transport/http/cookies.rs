//! Our cookies: what they are called, how long they live, and where browsers send them.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, header};

/// Longest value of ours.
const VALUE_BYTES_MAX: usize = 256;

/// One of our cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Who is signed in.
    Session,
    /// Binds the forms of a browser that is not signed in.
    Form,
    /// Makes a browser known that signed in before.
    Known,
}

/// From which pages a browser sends a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameSite {
    /// From ours alone.
    Strict,
    /// Also when somebody else's page leads to ours.
    Lax,
}

/// The cookies of one server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    /// Over https a browser keeps them from every other host and from http.
    is_https: bool,
}

impl Cookies {
    pub(super) fn new(is_https: bool) -> Self {
        Self { is_https }
    }

    fn name(self, cookie: Cookie) -> &'static str {
        match (self.is_https, cookie) {
            (true, Cookie::Session) => "__Host-odoo-mcp",
            (true, Cookie::Form) => "__Host-odoo-mcp-form",
            (true, Cookie::Known) => "__Host-odoo-mcp-known",
            (false, Cookie::Session) => "odoo-mcp",
            (false, Cookie::Form) => "odoo-mcp-form",
            (false, Cookie::Known) => "odoo-mcp-known",
        }
    }

    /// The value that the browser shows; nothing where it shows two of them.
    pub(super) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
        let name = self.name(cookie);
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(shown, _)| *shown == name).map(|(_, value)| value);
        let only = values.next().filter(|_| values.next().is_none())?;
        let fits = (1..=VALUE_BYTES_MAX).contains(&only.len())
            && only.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        fits.then(|| only.to_owned())
    }

    /// A header that keeps this value, until the browser is closed or for so many seconds.
    pub(super) fn keep(
        self,
        cookie: Cookie,
        value: &str,
        same_site: SameSite,
        seconds: Option<u64>,
    ) -> Option<HeaderValue> {
        let mut line = format!("{}={value}; Path=/; HttpOnly", self.name(cookie));
        line.push_str(match same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
        });
        if self.is_https {
            line.push_str("; Secure");
        }
        if let Some(seconds) = seconds {
            // Writing to a text cannot fail.
            let _ = write!(line, "; Max-Age={seconds}");
        }
        let mut header = HeaderValue::from_str(&line).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    pub(super) fn forget(self, cookie: Cookie) -> Option<HeaderValue> {
        self.keep(cookie, "", SameSite::Strict, Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        Cookies::new(true).read(&headers, Cookie::Session)
    }

    #[test]
    fn a_cookie_is_read_when_there_is_exactly_one() {
        assert_eq!(read(&["a=b; __Host-odoo-mcp=abc-_1; c=d"]).as_deref(), Some("abc-_1"));
        for lines in [
            &[][..],
            &["odoo-mcp=abc"],
            &["__Host-odoo-mcp=a; __Host-odoo-mcp=b"],
            &["__Host-odoo-mcp=a", "__Host-odoo-mcp=a"],
            &["__Host-odoo-mcp="],
            &["__Host-odoo-mcp=\"a\""],
            &["__host-odoo-mcp=a"],
            &["x__Host-odoo-mcp=a"],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
        assert_eq!(read(&[&format!("__Host-odoo-mcp={}", "a".repeat(257))]), None);
    }

    #[test]
    fn over_https_a_cookie_belongs_to_this_host_alone() {
        let line = |https, same_site| {
            let header = Cookies::new(https).keep(Cookie::Session, "v", same_site, None).unwrap();
            header.to_str().unwrap().to_owned()
        };
        assert_eq!(
            line(true, SameSite::Strict),
            "__Host-odoo-mcp=v; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(line(false, SameSite::Lax), "odoo-mcp=v; Path=/; HttpOnly; SameSite=Lax");
        let gone = Cookies::new(true).forget(Cookie::Session).unwrap();
        assert!(gone.to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
