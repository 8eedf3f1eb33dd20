//! Where a redirect leads, which is followed only on the connection's own origin.

use url::Url;

use super::{PagePath, request::is_language};

/// Where the next request would go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// Another page of the same origin.
    To(PagePath),
    /// The page that asks for login and password: there is no session.
    ToLogin,
    /// Elsewhere; the words say where.
    Away(String),
}

/// Reads a `Location` that came with the answer of `path` under `base`.
pub(super) fn leads(base: &str, path: &PagePath, location: &str) -> Leads {
    let read = || {
        let base = Url::parse(&format!("{base}/")).ok()?;
        let current = Url::parse(&format!("{}{}", base.as_str().trim_end_matches('/'), path.sent())).ok()?;
        Some((base, current.join(location).ok()?))
    };
    let Some((base, target)) = read() else {
        return Leads::Away("an address that cannot be read".to_owned());
    };
    if !same_origin(&base, &target) || !target.username().is_empty() || target.password().is_some() {
        return Leads::Away(target.origin().ascii_serialization());
    }
    let prefix = base.path().trim_end_matches('/');
    let Some(behind) = target.path().strip_prefix(prefix) else {
        return Leads::Away("a path outside this Odoo".to_owned());
    };
    let mut text = if behind.is_empty() { "/".to_owned() } else { behind.to_owned() };
    if let Some(query) = target.query() {
        text.push('?');
        text.push_str(query);
    }
    match PagePath::parse(&text) {
        Ok(path) if is_login(&path) => Leads::ToLogin,
        Ok(path) => Leads::To(path),
        Err(_) => Leads::Away("a path that could be read in two ways".to_owned()),
    }
}

/// The same host and port. Behind a proxy that ends TLS some servers write `http` where they mean
/// `https`; the request goes to our own origin in any case.
fn same_origin(base: &Url, target: &Url) -> bool {
    base.origin() == target.origin()
        || (base.scheme() == "https"
            && target.scheme() == "http"
            && base.host() == target.host()
            && base.port().is_none()
            && target.port().is_none())
}

fn is_login(path: &PagePath) -> bool {
    match path.segments().as_slice() {
        ["web", "login", ..] => true,
        [language, "web", "login", ..] => is_language(language),
        _ => false,
    }
}

/// Is it the same page under another spelling: a language in front, a name behind an id, a slash?
pub(super) fn is_same_page(asked: &PagePath, reached: &PagePath) -> bool {
    let plain = |path: &PagePath| -> Vec<String> {
        let segments = path.segments();
        let behind = match segments.split_first() {
            Some((first, rest)) if is_language(first) => rest.to_vec(),
            _ => segments,
        };
        let named = |segment: &&str| match segment.rsplit_once('-') {
            Some((_, id)) if id.bytes().all(|byte| byte.is_ascii_digit()) && !id.is_empty() => id.to_owned(),
            _ => (*segment).to_owned(),
        };
        behind.iter().map(named).collect()
    };
    plain(asked) == plain(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &str, location: &str, expected: &str) {
        let told = match leads(base, &PagePath::parse("/my/x?y=1").unwrap(), location) {
            Leads::To(path) => path.sent(),
            Leads::ToLogin => "login".to_owned(),
            Leads::Away(_) => "away".to_owned(),
        };
        assert_eq!(told, expected, "{base} {location}");
    }

    #[test]
    fn the_own_origin_is_the_only_one() {
        let base = "https://o.example";
        check(base, "/my/home", "/my/home");
        check(base, "home?a=1#b", "/my/home?a=1");
        check(base, "https://o.example/shop", "/shop");
        check(base, "https://o.example:443/shop", "/shop");
        check(base, "http://o.example/shop", "/shop");
        for away in [
            "https://evil.example/my",
            "//evil.example/my",
            "https://o.example.evil.example/",
            "https://o.example@evil.example/",
            "https://user@o.example/",
            "http://o.example:8080/",
            "https://o.example:8443/",
            "ftp://o.example/",
            "javascript:x",
            "https:\\\\evil.example",
            "/\\evil.example",
            "/a%2f..%2fweb",
            "file:///etc/passwd",
            "http://169.254.169.254/",
        ] {
            check(base, away, "away");
        }
        check("http://o.example:8069", "https://o.example:8069/", "away");
        check("https://o.example/odoo1", "/odoo1/my", "/my");
        check("https://o.example/odoo1", "/my", "away");
    }

    #[test]
    fn the_login_is_told_from_pages() {
        check("http://o.example", "http://o.example/web/login?redirect=http%3A%2F%2Fo.example%2Fmy", "login");
        check("http://o.example", "/web/login?redirect=%2Fmy%3F", "login");
        check("http://o.example", "/fr/web/login", "login");
        check("http://o.example", "/web/loginx", "/web/loginx");
    }

    #[test]
    fn the_same_page_has_several_spellings() {
        let same =
            |a: &str, b: &str| is_same_page(&PagePath::parse(a).unwrap(), &PagePath::parse(b).unwrap());
        assert!(same("/shop/7", "/shop/desk-7"));
        assert!(same("/shop", "/fr/shop/"));
        assert!(!same("/shop/7", "/shop/desk-8"));
        assert!(!same("/website/lang/fr", "/my/invoices"));
    }
}
