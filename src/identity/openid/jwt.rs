//! One signed token (RFC 7519, RFC 9068), from text to claims that somebody signed. What the claims say
//! is judged beside this.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{TokenError, jwk::Key};
use crate::{
    config::TokenAlgorithm,
    facts::{JsonObject, StrictJsonError, check_strict_json},
};

/// Tokens with many groups come near this; a longer one would not fit into a header elsewhere.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Claims are flat, or nearly so.
const DEPTH_MAX: usize = 16;

/// A token that was taken apart; nothing is proven yet.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) algorithm: TokenAlgorithm,
    pub(super) kid: Option<String>,
    signed: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

/// What a header may say. `jku`, `jwk` and `x5u` bring keys along, and nobody looks at those.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
    /// Whether the claims are encoded; anything but yes is another kind of token.
    b64: Option<serde_json::Value>,
    zip: Option<serde_json::Value>,
}

/// Takes a token apart and refuses what we would not check anyway.
pub(super) fn read<'a>(token: &'a str, allowed: &[TokenAlgorithm]) -> Result<Parts<'a>, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Form)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Form);
    let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
    check_unambiguous(&header)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| TokenError::Form)?;
    let algorithm =
        allowed.iter().copied().find(|one| one.as_str() == header.alg).ok_or(TokenError::Algorithm)?;
    if header.crit.is_some() || header.b64.is_some() || header.zip.is_some() {
        return Err(TokenError::Critical);
    }
    if !header.typ.as_deref().is_none_or(is_access_token) {
        return Err(TokenError::Type);
    }
    Ok(Parts { algorithm, kid: header.kid, signed, claims, signature })
}

/// Access tokens are `at+jwt`, or plain `JWT` where the provider is older than that name.
fn is_access_token(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

impl Parts<'_> {
    /// Could this key have signed it? Without a name in the token, only an only key will do.
    pub(super) fn fits(&self, key: &Key) -> bool {
        key.algorithm == self.algorithm && (self.kid.is_none() || key.kid == self.kid)
    }

    /// The claims, if one of these keys signed them.
    pub(super) fn proven_by(&self, keys: &[Key]) -> Result<JsonObject, TokenError> {
        let fitting: Vec<&Key> = keys.iter().filter(|key| self.fits(key)).collect();
        let [key] = fitting.as_slice() else { return Err(TokenError::UnknownKey) };
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(TokenError::Signature);
        }
        check_unambiguous(&self.claims)?;
        serde_json::from_slice(&self.claims).map_err(|_| TokenError::Form)
    }
}

/// A member that stands twice is read differently by different readers. Numbers are our reader's own.
fn check_unambiguous(text: &[u8]) -> Result<(), TokenError> {
    let Err(findings) = check_strict_json(text, DEPTH_MAX) else { return Ok(()) };
    let harmless = findings.iter().all(|finding| matches!(finding, StrictJsonError::Number { .. }));
    if harmless { Ok(()) } else { Err(TokenError::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode("{}"), encode("signature"))
    }

    #[test]
    fn a_header_says_what_kind_of_token_it_is() {
        for header in [
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"ES256","typ":"JWT"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"a"}"#,
            r#"{"alg":"RS256","typ":"application/AT+JWT","jku":"https://evil.example"}"#,
        ] {
            assert!(read(&token(header), &TokenAlgorithm::ALL).is_ok(), "{header}");
        }
        for (header, error) in [
            (r#"{"alg":"none"}"#, TokenError::Algorithm),
            (r#"{"alg":"None"}"#, TokenError::Algorithm),
            (r#"{"alg":""}"#, TokenError::Algorithm),
            (r#"{"alg":"HS256"}"#, TokenError::Algorithm),
            (r#"{"alg":"rs256"}"#, TokenError::Algorithm),
            (r#"{"alg":"RS512"}"#, TokenError::Algorithm),
            (r#"{"alg":"RS256","typ":"id+jwt"}"#, TokenError::Type),
            (r#"{"alg":"RS256","typ":"dpop+jwt"}"#, TokenError::Type),
            (r#"{"alg":"RS256","crit":["exp"]}"#, TokenError::Critical),
            (r#"{"alg":"RS256","b64":false}"#, TokenError::Critical),
            (r#"{"alg":"RS256","zip":"DEF"}"#, TokenError::Critical),
            (r#"{"alg":"RS256","alg":"none"}"#, TokenError::Form),
            (r#"{"typ":"JWT"}"#, TokenError::Form),
            (r#"{"alg":["RS256"]}"#, TokenError::Form),
            ("alg", TokenError::Form),
        ] {
            assert_eq!(read(&token(header), &TokenAlgorithm::ALL).unwrap_err(), error, "{header}");
        }
        let only = [TokenAlgorithm::Es256];
        assert_eq!(read(&token(r#"{"alg":"RS256"}"#), &only).unwrap_err(), TokenError::Algorithm);
    }

    #[test]
    fn what_is_not_three_parts_is_no_token() {
        let long = token(&format!(r#"{{"alg":"RS256","x":"{}"}}"#, "y".repeat(TOKEN_BYTES_MAX)));
        let fine = token(r#"{"alg":"RS256"}"#);
        for text in ["", ".", "..", "a.b", "a.b.c.d", &format!("{fine}."), &format!("{fine}="), &long] {
            assert_eq!(read(text, &TokenAlgorithm::ALL).unwrap_err(), TokenError::Form, "{text:.40}");
        }
    }
}
