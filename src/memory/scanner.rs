//! Texts that do not belong into a memory: secrets, and characters that hide something from people.

use super::MemoryError;
use crate::secrets::holds_secret;

/// What passwords and keys are called where somebody writes them down.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwort",
    "passwd",
    "passphrase",
    "парола",
    "api_key",
    "api-key",
    "apikey",
    "api key",
    "secret_key",
    "secret-key",
    "secret key",
    "client_secret",
    "access_token",
    "access token",
    "auth_token",
    "bearer_token",
    "private_key",
    "private key",
    "totp_secret",
];
/// Shorter values are words about a secret rather than one.
const VALUE_CHARS_MIN: usize = 6;
/// How tokens of this server begin.
const OWN_TOKENS: &[&str] = &["omcp_pat_", "omcp_at_", "omcp_rt_"];
/// Letters and digits of an API key of Odoo, and of digests that are no secrets but look the same.
const KEY_DIGITS: usize = 40;

/// Refuses a text that holds a secret, or something that a person reading it would not see.
pub(super) fn check(text: &str) -> Result<(), MemoryError> {
    if let Some(what) = text.chars().find_map(hidden) {
        return Err(MemoryError::NotPlain { what });
    }
    if holds_secret(text) {
        return Err(MemoryError::Secret {
            what: "a key, a token, a card number or a password in an address",
        });
    }
    if OWN_TOKENS.iter().any(|beginning| text.contains(beginning)) {
        return Err(MemoryError::Secret { what: "a token of this server" });
    }
    if text.lines().any(assigns_secret) {
        return Err(MemoryError::Secret { what: "a password or a key with its value" });
    }
    Ok(())
}

fn hidden(c: char) -> Option<&'static str> {
    match c {
        '\n' | '\r' | '\t' => None,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a character that turns the reading direction")
        }
        '\u{e0000}'..='\u{e007f}' => Some("invisible tag characters"),
        c if c.is_control() => Some("a control character"),
        _ => None,
    }
}

/// `password: hunter22`, `api_key = "…"`. A sentence about passwords has no value behind the word.
fn assigns_secret(line: &str) -> bool {
    let lower = line.to_lowercase();
    SECRET_WORDS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = lower.get(at + word.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches(['"', '\'', '*', '`', ' ', '_']);
            let Some(rest) = rest.strip_prefix([':', '=']) else { return false };
            let rest = rest.trim_start_matches([':', '=', ' ', '*', '`', '"', '\'']);
            is_value(rest.split([' ', '"', '\'', '`', ',', ';']).next().unwrap_or_default())
        })
    })
}

/// Something that is no placeholder and no ordinary word.
fn is_value(value: &str) -> bool {
    let places = ["env:", "file:", "command:", "vault:", "http:", "https:", "xxx", "***", "…", "..."];
    if value.chars().count() < VALUE_CHARS_MIN
        || value.starts_with(['<', '{', '[', '$', '('])
        || places.iter().any(|place| value.starts_with(place))
    {
        return false;
    }
    let has_digit = value.chars().any(|c| c.is_ascii_digit());
    let has_letter = value.chars().any(char::is_alphabetic);
    let has_other = value.chars().any(|c| c.is_ascii_punctuation() && !matches!(c, '.' | '-' | '_' | '/'));
    let is_key = value.len() == KEY_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key || (has_digit && has_letter) || (has_other && (has_digit || has_letter))
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn refused(text: &str, code: &str) {
        assert_eq!(super::check(text).map_err(|error| error.code()), Err(code), "{text:?}");
    }

    #[test]
    fn notes_about_secrets_are_no_secrets() {
        for text in [
            "The password is kept in the safe.",
            "password: ask the operator",
            "Password: <see vault>",
            "api_key: env:ODOO_SHOP_KEY",
            "api_key = $ODOO_KEY",
            "Passwords: at least twelve characters",
            "The token of the portal link",
            "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "IBAN AT61 1904 3002 3457 3201, order S00042",
            "Line one\nline two\twith a tab\r\n",
            "emoji 👩‍👩‍👧 and שלום",
            "password: ********",
            "secret key: see https://vault.example/1",
        ] {
            super::check(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        }
    }

    #[test]
    fn secrets_are_refused() {
        for text in [
            "password: hunter22",
            "The **Password:** `Tr0ub4dor&3`",
            "парола: тайна123",
            "api_key = \"0123456789abcdef0123456789abcdef01234567\"",
            "export ODOO_API_KEY=abc123def",
            "client_secret: Zx9-kkkk",
            "https://admin:hunter22@odoo.example.com",
            "Authorization: Bearer abcdefghij0123456789",
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
            "AKIAABCDEFGHIJKLMNOP",
            "omcp_pat_abc",
            "4242 4242 4242 4242",
        ] {
            refused(text, "holds_secret");
        }
    }

    #[test]
    fn what_people_would_not_see_is_refused() {
        for text in ["a\u{202e}b", "a\u{2066}b", "\u{e0041}", "a\0b", "\u{1b}[31m", "a\u{8}"] {
            refused(text, "invalid_arguments");
        }
    }
}
