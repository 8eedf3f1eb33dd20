//! The forms of signing in, and what comes back from them.

use axum::body::{Body, to_bytes};

use super::look::escaped;
use crate::facts::{ConnectionAlias, Secret};

/// A form with a few fields and an address to go on to.
const BODY_BYTES_MAX: usize = 16 * 1024;
const BODY_READ_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// Longest address to go on to: an authorization request with all its parameters.
const NEXT_BYTES_MAX: usize = 8 * 1024;
/// Pages of ours that somebody may be sent on to.
const NEXT_PLACES: [&str; 3] = ["/oauth/", "/console", "/approve/"];

/// The fields of a form that was sent. One that is there twice is not there.
pub(in crate::transport::http) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(in crate::transport::http) async fn read(body: Body) -> Option<Self> {
        let reading = to_bytes(body, BODY_BYTES_MAX);
        let Ok(Ok(body)) = tokio::time::timeout(BODY_READ_MAX, reading).await else { return None };
        Some(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }

    pub(in crate::transport::http) fn get(&self, name: &str) -> &str {
        let mut values = self.0.iter().filter(|(shown, _)| shown == name).map(|(_, value)| value.as_str());
        let only = values.next();
        only.filter(|_| values.next().is_none()).unwrap_or_default()
    }

    pub(in crate::transport::http) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name).to_owned())
    }
}

/// The address to go on to, if it is one of ours. Anything else could lead away from here.
pub(super) fn next_of(text: &str) -> Option<&str> {
    let ours = NEXT_PLACES.iter().any(|place| {
        text.strip_prefix(place)
            .is_some_and(|rest| place.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?']))
    });
    // Two slashes may stand in the parameters, as part of another address.
    let path = text.split('?').next().unwrap_or_default();
    let is_plain = text.len() <= NEXT_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.contains("//")
        && !path.contains("/..");
    (ours && is_plain).then_some(text)
}

/// What every form of this page holds.
pub(super) struct Frame<'a> {
    pub(super) token: &'a str,
    pub(super) next: &'a str,
    pub(super) problem: &'a str,
}

impl Frame<'_> {
    fn around(&self, step: &str, fields: &str, button: &str) -> String {
        let problem = match self.problem {
            "" => String::new(),
            problem => format!("<p class=\"problem\" role=\"alert\">{}</p>", escaped(problem)),
        };
        format!(
            "{problem}<form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"form\" \
             value=\"{}\"><input type=\"hidden\" name=\"next\" value=\"{}\"><input type=\"hidden\" name=\"step\" \
             value=\"{step}\">{fields}<button>{button}</button></form>",
            escaped(self.token),
            escaped(self.next),
        )
    }
}

/// Name and password, and where the account is if there is a choice.
pub(super) fn password(
    frame: &Frame<'_>,
    has_accounts: bool,
    odoos: &[ConnectionAlias],
    login: &str,
    chosen: &str,
) -> String {
    let mut places: Vec<(String, String)> = Vec::new();
    if has_accounts || odoos.is_empty() {
        places.push((String::new(), "This server".to_owned()));
    }
    places.extend(odoos.iter().map(|alias| (alias.to_string(), format!("Odoo: {alias}"))));
    let choice = match places.as_slice() {
        [(only, _)] => format!("<input type=\"hidden\" name=\"place\" value=\"{}\">", escaped(only)),
        several => {
            let option = |(value, shown): &(String, String)| {
                let selected = if value == chosen { " selected" } else { "" };
                format!("<option value=\"{}\"{selected}>{}</option>", escaped(value), escaped(shown))
            };
            let options: String = several.iter().map(option).collect();
            format!(
                "<label for=\"place\">Account in</label><select id=\"place\" name=\"place\">{options}</select>"
            )
        }
    };
    let fields = format!(
        "{choice}<label for=\"login\">Name</label><input id=\"login\" name=\"login\" value=\"{}\" required \
         maxlength=\"128\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"><label \
         for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" required \
         maxlength=\"1024\" autocomplete=\"current-password\">",
        escaped(login)
    );
    frame.around("password", &fields, "Sign in")
}

/// The code of an authenticator, or a recovery code.
pub(super) fn code(frame: &Frame<'_>, ticket: &Secret) -> String {
    let fields = format!(
        "<input type=\"hidden\" name=\"ticket\" value=\"{}\"><label for=\"code\">Code</label><input id=\"code\" \
         name=\"code\" required maxlength=\"40\" autocomplete=\"one-time-code\" autocapitalize=\"none\" \
         spellcheck=\"false\" aria-describedby=\"about-code\"><p id=\"about-code\" class=\"soft\">The six digits \
         your authenticator shows, or one of your recovery codes.</p>",
        escaped(ticket.reveal())
    );
    frame.around("code", &fields, "Go on")
}

/// The first account, for whoever started the server.
pub(super) fn first_owner(frame: &Frame<'_>, name: &str) -> String {
    let fields = format!(
        "<p>There is no account yet. Whoever started this server has seen a code.</p><label \
         for=\"code\">Code</label><input id=\"code\" name=\"code\" required maxlength=\"60\" autocomplete=\"off\" \
         autocapitalize=\"none\" spellcheck=\"false\"><label for=\"login\">Name of your account</label><input \
         id=\"login\" name=\"login\" value=\"{}\" required maxlength=\"64\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\"><label for=\"password\">Password</label><input \
         id=\"password\" name=\"password\" type=\"password\" required minlength=\"12\" maxlength=\"1024\" \
         autocomplete=\"new-password\" aria-describedby=\"about-password\"><p id=\"about-password\" \
         class=\"soft\">At least twelve characters.</p>",
        escaped(name)
    );
    frame.around("first", &fields, "Make the account")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away() {
        for good in [
            "/console",
            "/console/approvals?x=1",
            "/console?x",
            "/oauth/authorize?client_id=https%3A%2F%2Fx.example&redirect_uri=http://127.0.0.1:1/cb",
            "/approve/abc",
        ] {
            assert_eq!(next_of(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/oauth/",
            "/oauth//evil.example",
            "/consoles",
            "/console/../mcp",
            "/console\r\nSet-Cookie: a=b",
            "/oauth/a b",
            "/sign-in",
            "javascript:alert(1)",
        ] {
            assert_eq!(next_of(bad), None, "{bad}");
        }
        assert_eq!(next_of(&format!("/console?{}", "a".repeat(9_000))), None);
    }

    #[tokio::test]
    async fn a_field_that_is_there_twice_is_not_there() {
        let fields = Fields::read(Body::from("a=1&b=2&a=3&c=%3Cx%3E")).await.unwrap();
        assert_eq!(
            (fields.get("a"), fields.get("b"), fields.get("c"), fields.get("d")),
            ("", "2", "<x>", "")
        );
        assert!(Fields::read(Body::from("a".repeat(20_000))).await.is_none());
    }

    #[test]
    fn what_people_type_stays_text() {
        let frame = Frame { token: "t", next: "\"><script>", problem: "<b>" };
        let html = password(&frame, true, &[ConnectionAlias::default_alias()], "\"><img>", "default");
        assert!(!html.contains("<script>") && !html.contains("<img>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("<option value=\"default\" selected>"), "{html}");
    }
}
