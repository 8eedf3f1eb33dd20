//! Programs that ask for access: registered by themselves, or known by a document about them.
//!
//! Neither proves who made the program; both say where a browser may go back to, and that is what the
//! person who consents is shown.

use serde::{Deserialize, Serialize};

use super::{OauthError, redirect};

/// Longest name that a consent page shows.
const NAME_CHARS_MAX: usize = 60;
/// Addresses of one client.
const REDIRECTS_MAX: usize = 20;

/// What is known of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) redirect_uris: Vec<String>,
}

/// What a client says of itself, in a registration or in a document.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ClientMetadata {
    pub(super) client_id: Option<String>,
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    client_secret: Option<serde_json::Value>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
}

impl Client {
    /// A client of this name, if what it says of itself will do.
    pub(super) fn of(id: String, metadata: &ClientMetadata) -> Result<Self, OauthError> {
        let wrong = |why: &str| OauthError::new("invalid_client_metadata", why);
        let redirect_uris = metadata.redirect_uris.clone().unwrap_or_default();
        if redirect_uris.is_empty() || redirect_uris.len() > REDIRECTS_MAX {
            let why = format!("1 to {REDIRECTS_MAX} `redirect_uris` are needed");
            return Err(OauthError::new("invalid_redirect_uri", why));
        }
        for (index, uri) in redirect_uris.iter().enumerate() {
            redirect::check(uri).map_err(|why| {
                OauthError::new("invalid_redirect_uri", format!("`redirect_uris[{index}]`: {why}"))
            })?;
        }
        if !lists(metadata.grant_types.as_deref(), "authorization_code") {
            return Err(wrong("the only way in is the grant type `authorization_code`"));
        }
        if !lists(metadata.response_types.as_deref(), "code") {
            return Err(wrong("the only response type is `code`"));
        }
        let name = metadata.client_name.as_deref().map(shown_name).unwrap_or_default();
        Ok(Self { id, name, redirect_uris })
    }

    /// The address of the request, if the client named it.
    pub(super) fn redirect<'a>(&self, asked: &'a str) -> Option<&'a str> {
        self.redirect_uris.iter().any(|named| redirect::matches(named, asked)).then_some(asked)
    }
}

impl ClientMetadata {
    /// True where the client wants to prove itself with a secret, which it could not keep.
    pub(super) fn wants_secret(&self) -> bool {
        let method = self.token_endpoint_auth_method.as_deref();
        self.client_secret.is_some() || method.is_some_and(|method| method != "none")
    }
}

/// Without a list the usual value is meant.
fn lists(values: Option<&[String]>, wanted: &str) -> bool {
    values.is_none_or(|values| values.iter().any(|value| value == wanted))
}

/// A name as a page may show it: one line, no marks that turn the direction of a text, not endless.
fn shown_name(name: &str) -> String {
    let one_line = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    let visible = one_line.filter(|c| !is_invisible(*c));
    let name: String = visible.take(NAME_CHARS_MAX).collect();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks of direction and characters without width, with which a name could pretend to be another text.
pub(in crate::identity) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn client(metadata: &Value) -> Result<Client, OauthError> {
        Client::of("id".to_owned(), &serde_json::from_value(metadata.clone()).unwrap())
    }

    #[test]
    fn a_client_says_where_to_go_back_to() {
        let known = client(&json!({ "redirect_uris": ["https://a.example/cb", "http://localhost/cb"],
            "client_name": " A\u{202e} client\n of\tours ", "grant_types": ["authorization_code", "refresh_token"] }))
        .unwrap();
        assert_eq!(known.name, "A client of ours");
        assert_eq!(known.redirect("http://localhost:7/cb"), Some("http://localhost:7/cb"));
        assert_eq!(known.redirect("https://a.example/other"), None);
    }

    #[test]
    fn what_will_not_do_is_named() {
        let cb = "https://a.example/cb";
        for (metadata, code) in [
            (json!({}), "invalid_redirect_uri"),
            (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
            (json!({ "redirect_uris": vec![cb; 21] }), "invalid_redirect_uri"),
            (json!({ "redirect_uris": [cb, "http://b.example/cb"] }), "invalid_redirect_uri"),
            (
                json!({ "redirect_uris": [cb], "grant_types": ["client_credentials"] }),
                "invalid_client_metadata",
            ),
            (json!({ "redirect_uris": [cb], "response_types": ["token"] }), "invalid_client_metadata"),
        ] {
            assert_eq!(client(&metadata).unwrap_err().code, code, "{metadata}");
        }
        let wants =
            |metadata: Value| serde_json::from_value::<ClientMetadata>(metadata).unwrap().wants_secret();
        assert!(!wants(json!({})) && !wants(json!({ "token_endpoint_auth_method": "none" })));
        assert!(wants(json!({ "token_endpoint_auth_method": "client_secret_post" })));
        assert!(wants(json!({ "client_secret": "x" })));
    }
}
