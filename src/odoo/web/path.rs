//! Paths on a connection's own origin, read in one way only.
//!
//! A path is refused where two readers could disagree about it: our check, a proxy in front of Odoo,
//! Odoo itself. What is accepted is written out in one spelling, and that spelling is what the policy
//! sees and what is sent.

use url::Url;

use super::OdooError;

/// Longer paths are nobody's page.
const PATH_BYTES_MAX: usize = 2048;
/// A query is longer where a domain travels in it.
const QUERY_BYTES_MAX: usize = 16 * 1024;
/// Only there to let the URL parser read a path; nothing is ever sent to it.
const NOWHERE: &str = "http://origin.invalid";

/// A path of the connection, and its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePath {
    path: String,
    query: String,
}

impl PagePath {
    /// Reads a path as a caller writes it: one leading `/`, no host, a query behind `?` if any.
    pub fn parse(text: &str) -> Result<Self, OdooError> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        if path.len() > PATH_BYTES_MAX || query.len() > QUERY_BYTES_MAX {
            return Err(refused("it is too long"));
        }
        if let Some(why) = two_readings(path) {
            return Err(refused(why));
        }
        if query.contains('#') || query.chars().any(char::is_control) {
            return Err(refused("its query holds `#` or a control character"));
        }
        let path = one_spelling(path)?;
        let base = Url::parse(NOWHERE).map_err(|_| refused("it cannot be read"))?;
        let url = base.join(&path).map_err(|_| refused("it is no path of a URL"))?;
        if url.origin() != base.origin() || url.path() != path {
            return Err(refused("it can be read in two ways"));
        }
        let mut url = url;
        url.set_query((!query.is_empty()).then_some(query));
        Ok(Self { path, query: url.query().unwrap_or_default().to_owned() })
    }

    /// The path without its query, such as `/my/invoices`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without `?`, empty where there is none.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The same path with these pairs added to its query.
    #[must_use]
    pub fn with_query<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut added = url::form_urlencoded::Serializer::new(std::mem::take(&mut self.query));
        added.extend_pairs(pairs);
        self.query = added.finish();
        self
    }

    /// Path and query as they are sent.
    pub(super) fn sent(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The parts between slashes, without empty ones at the end.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }
}

/// Why a path could mean one thing here and another thing there.
fn two_readings(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("it does not begin with `/`");
    }
    if path.contains("//") || path.contains('\\') {
        return Some("it holds `//` or a backslash");
    }
    if path.contains('@') || path.contains('#') || path.contains(';') {
        return Some("it holds `@`, `#` or `;`");
    }
    if path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Some("it holds white space or a control character");
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Some("it holds `.` or `..` as a part of its own");
    }
    None
}

/// Escapes of plain letters are undone, so that `/w%65b` is `/web`; escapes of what steers a URL are refused.
fn one_spelling(path: &str) -> Result<String, OdooError> {
    let mut spelled = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            match byte {
                b'!'..=b'~' if !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'^' | b'|') => {
                    spelled.push(char::from(byte));
                }
                _ => spelled.push_str(&format!("%{byte:02X}")),
            }
            continue;
        }
        let digits = [bytes.next(), bytes.next()].map(|digit| {
            digit.and_then(|digit| char::from(digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
        });
        let [Some(high), Some(low)] = digits else { return Err(refused("it holds a `%` that is no escape")) };
        let meant = high * 16 + low;
        match meant {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => spelled.push(char::from(meant)),
            0..=0x1f | 0x7f | b'/' | b'\\' | b'.' | b'%' | b'@' | b'#' | b'?' | b';' | b':' => {
                return Err(refused("it hides a character behind an escape that steers a URL"));
            }
            _ => spelled.push_str(&format!("%{meant:02X}")),
        }
    }
    Ok(spelled)
}

fn refused(why: &str) -> OdooError {
    OdooError::BadCall {
        why: format!("the path cannot be used: {why}"),
        hint: Some(
            "give a plain path of this Odoo, such as `/my/invoices`; the host is always that of the connection".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = PagePath::parse(text).ok().map(|path| path.sent());
        assert_eq!(read.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn plain_paths_are_taken_as_they_are() {
        check("/", Some("/"));
        check("/my/invoices", Some("/my/invoices"));
        check("/shop/a-b_c~1?search=x%20y&p=a@b.example", Some("/shop/a-b_c~1?search=x%20y&p=a@b.example"));
        check("/shop/caf\u{e9}", Some("/shop/caf%C3%A9"));
        check("/w%65b/%64atabase", Some("/web/database"));
        check("/slides/a%20b", Some("/slides/a%20b"));
        check("/report/pdf/sale.report_saleorder/7,8", Some("/report/pdf/sale.report_saleorder/7,8"));
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for bad in [
            "",
            "my",
            "//evil.example/x",
            "/\\evil.example",
            "\\\\evil.example",
            "@evil.example/",
            "/x@evil.example",
            "http://evil.example/",
            "/a/../web/database/manager",
            "/a/./b",
            "/a//b",
            "/%2e%2e/web",
            "/a%2fb",
            "/a%5cb",
            "/a%00",
            "/a%0d%0aHost:x",
            "/a\r\nHost: x",
            "/a b",
            "/a\tb",
            "/a%25%32%65",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a#b",
            "/a?x=\r\ny",
            "/web;/x",
            "/a%3Fx",
            ".evil.example",
            "/a\u{2028}b",
        ] {
            check(bad, None);
        }
        check(&format!("/{}", "a".repeat(PATH_BYTES_MAX)), None);
    }

    #[test]
    fn pairs_are_written_into_the_query() {
        let path = PagePath::parse("/shop?a=1").unwrap().with_query([("b c", "d&e=f")]);
        assert_eq!(path.sent(), "/shop?a=1&b+c=d%26e%3Df");
    }
}
