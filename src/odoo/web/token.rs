//! The token that Odoo wants with every form, as its pages print it.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use regex::bytes::Regex;

use super::sessions::{FormToken, WebSession};
use crate::{facts::Secret, odoo::client::lock};

/// A token is good for at least an hour; pages may be cached for a part of that.
const TOKEN_KEPT_FOR: Duration = Duration::from_secs(10 * 60);
/// The page that prints a token for every user, in every version.
pub(super) const TOKEN_PAGE: &str = "/web";
/// The token stands in the head of the page.
pub(super) const TOKEN_PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A script says `csrf_token: "…"`, a form `name="csrf_token" … value="…"`.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"csrf_token["']?\s*:\s*["']([0-9a-f]{40}o[0-9]{1,12})["']|name=["']csrf_token["'][^>]{0,80}value=["']([0-9a-f]{40}o[0-9]{1,12})["']"#,
    )
    .ok()
});

/// The token that a page prints.
pub(super) fn in_page(page: &[u8]) -> Option<Secret> {
    let found = TOKEN.as_ref()?.captures(page)?;
    let token = found.get(1).or_else(|| found.get(2))?;
    std::str::from_utf8(token.as_bytes()).ok().map(|text| Secret::new(text.to_owned()))
}

/// A token that was read before and is still good for this session id.
pub(super) fn kept(session: &WebSession) -> Option<Secret> {
    let id = lock(&session.jar).session()?.clone();
    let token = lock(&session.form_token);
    let token = token.as_ref()?;
    (token.read_at.elapsed() < TOKEN_KEPT_FOR && token.of_session.same_as(id.reveal()))
        .then(|| token.token.clone())
}

pub(super) fn keep(session: &WebSession, token: &Secret) {
    let Some(of_session) = lock(&session.jar).session().cloned() else { return };
    *lock(&session.form_token) =
        Some(FormToken { token: token.clone(), of_session, read_at: Instant::now() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(in_page(page.as_bytes()).as_ref().map(Secret::reveal), expected, "{page}");
    }

    #[test]
    fn a_token_is_found_in_scripts_and_forms() {
        let token = format!("{}o1893456000", "0a1b2c3d4e".repeat(4));
        check(
            &format!("<script>var odoo = {{ csrf_token: \"{token}\", debug: \"\" }}</script>"),
            Some(&token),
        );
        check(&format!("<input type=\"hidden\" name=\"csrf_token\" value=\"{token}\"/>"), Some(&token));
        check("<script>csrf_token: \"\"</script>", None);
        check("<input name=\"csrf_token\" value=\"zz\"/>", None);
    }
}
