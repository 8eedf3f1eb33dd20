//! The cookies of one web session: few, small, and never shown.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header};

use crate::facts::Secret;

/// Odoo sets about five; a website may add some.
const COOKIES_MAX: usize = 24;
/// Names and values; browsers take about as much.
const COOKIE_BYTES_MAX: usize = 4096;
/// The cookie that is the session.
pub(super) const SESSION: &str = "session_id";

/// A jar that only answers of the connection's own origin fill.
#[derive(Debug, Clone, Default)]
pub(super) struct CookieJar {
    session: Option<Secret>,
    others: BTreeMap<String, Secret>,
}

impl CookieJar {
    /// Takes what an answer sets. A new session id counts only where `rotates`: an answer that refuses
    /// something sets an anonymous one.
    pub(super) fn take(&mut self, headers: &HeaderMap, rotates: bool) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Some(set) = value.to_str().ok().and_then(SetCookie::read) else { continue };
            if set.name == SESSION {
                if rotates && !set.is_over && !set.value.is_empty() {
                    self.session = Some(Secret::new(set.value.to_owned()));
                }
            } else if set.is_over {
                self.others.remove(set.name);
            } else if self.others.len() < COOKIES_MAX || self.others.contains_key(set.name) {
                self.others.insert(set.name.to_owned(), Secret::new(set.value.to_owned()));
            }
        }
    }

    pub(super) fn session(&self) -> Option<&Secret> {
        self.session.as_ref()
    }

    /// The header that carries them all; marked so that nobody prints it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let session = self.session.iter().map(|id| format!("{SESSION}={}", id.reveal()));
        let others = self.others.iter().map(|(name, value)| format!("{name}={}", value.reveal()));
        let all: Vec<String> = session.chain(others).collect();
        let mut value = HeaderValue::from_str(&zeroize::Zeroizing::new(all.join("; "))).ok()?;
        value.set_sensitive(true);
        (!all.is_empty()).then_some(value)
    }
}

/// One `Set-Cookie`, as far as it matters here.
struct SetCookie<'a> {
    name: &'a str,
    value: &'a str,
    is_over: bool,
}

impl<'a> SetCookie<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let is_plain = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b',');
        if name.is_empty()
            || name.len() + value.len() > COOKIE_BYTES_MAX
            || !is_plain(name)
            || !is_plain(value)
        {
            return None;
        }
        let is_over = parts.any(|attribute| {
            let attribute = attribute.to_ascii_lowercase();
            attribute == "max-age=0"
                || attribute.starts_with("max-age=-")
                || attribute.contains("01 jan 1970")
                || attribute.contains("01-jan-1970")
        });
        Some(Self { name, value, is_over })
    }
}

/// Seconds that the session cookie of an answer lives, where the answer says so.
pub(super) fn lifetime_seconds(headers: &HeaderMap) -> Option<i64> {
    let cookies = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let session = cookies.rev().find(|text| text.starts_with(SESSION))?;
    session.split(';').find_map(|attribute| {
        let (name, value) = attribute.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("max-age") { value.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|text| (header::SET_COOKIE, HeaderValue::from_str(text).unwrap())).collect()
    }

    #[track_caller]
    fn check(answers: &[(&[&str], bool)], expected: Option<&str>) {
        let mut jar = CookieJar::default();
        for (cookies, rotates) in answers {
            jar.take(&answer(cookies), *rotates);
        }
        assert_eq!(jar.header().as_ref().map(|value| value.to_str().unwrap()), expected);
        assert!(!format!("{jar:?} {:?}", jar.header()).contains("canary"));
    }

    #[test]
    fn sessions_rotate_with_good_answers_only() {
        check(&[(&["session_id=canary1; HttpOnly; Path=/"], true)], Some("session_id=canary1"));
        check(
            &[(&["session_id=canary1"], true), (&["session_id=canary2"], false)],
            Some("session_id=canary1"),
        );
        check(
            &[(&["session_id=canary1"], true), (&["session_id=canary2"], true)],
            Some("session_id=canary2"),
        );
        check(
            &[(&["session_id=canary1"], true), (&["session_id=; Max-Age=0"], true)],
            Some("session_id=canary1"),
        );
        check(&[(&["session_id=a", "session_id=canary3; Path=/"], true)], Some("session_id=canary3"));
    }

    #[test]
    fn other_cookies_come_and_go() {
        check(
            &[(&["cids=1-2; Path=/", "frontend_lang=en_US"], false)],
            Some("cids=1-2; frontend_lang=en_US"),
        );
        check(
            &[(&["cids=1"], true), (&["cids=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"], true)],
            None,
        );
        check(&[(&["a b=c", "=x", "nothing", "d=e f", "\u{e9}=1"], true)], None);
        check(&[(&[&format!("a={}", "x".repeat(COOKIE_BYTES_MAX))], true)], None);
    }

    #[test]
    fn a_jar_is_soon_full() {
        let many: Vec<String> = (0..1000).map(|n| format!("c{n:04}=1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut jar = CookieJar::default();
        jar.take(&answer(&many), true);
        assert_eq!(jar.others.len(), COOKIES_MAX);
        jar.take(&answer(&["c0000=2"]), true);
        assert!(jar.header().unwrap().to_str().unwrap().starts_with("c0000=2;"));
    }

    #[test]
    fn the_life_of_a_session_is_read() {
        assert_eq!(
            lifetime_seconds(&answer(&["cids=1; Max-Age=5", "session_id=x; Max-Age=604800; Path=/"])),
            Some(604_800)
        );
        assert_eq!(lifetime_seconds(&answer(&["session_id=x; Path=/"])), None);
    }
}
