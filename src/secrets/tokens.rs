//! Tokens that tell by their beginning what they are, private keys, and passwords in addresses.

use super::Found;

/// What a token of one maker looks like behind its beginning.
struct Shape {
    beginning: &'static str,
    /// Fewest and most bytes that follow.
    bytes: (usize, usize),
    body: Body,
}

/// Which bytes follow, and what must be among them for the text to be no ordinary word.
#[derive(Clone, Copy)]
enum Body {
    /// Letters and digits.
    Plain,
    /// Capitals and digits.
    Capitals,
    /// Also `-` and `_`.
    Wide,
    /// Also `.`.
    Dotted,
    /// Also `-` and `_`; a capital and a digit among them.
    Mixed,
}

/// Longer tokens than this are masked up to here and beyond: the rest would be of no use.
const ANY: usize = usize::MAX;

const fn shape(beginning: &'static str, from: usize, to: usize, body: Body) -> Shape {
    Shape { beginning, bytes: (from, to), body }
}

/// By first letter, so that an ordinary word costs a few comparisons.
fn shapes(first: u8) -> &'static [Shape] {
    const A: &[Shape] = &[
        shape("AKIA", 16, 16, Body::Capitals),
        shape("ASIA", 16, 16, Body::Capitals),
        shape("AIza", 35, 35, Body::Wide),
    ];
    const D: &[Shape] = &[shape("dop_v1_", 40, ANY, Body::Plain), shape("doo_v1_", 40, ANY, Body::Plain)];
    const G: &[Shape] = &[
        shape("ghp_", 30, ANY, Body::Plain),
        shape("gho_", 30, ANY, Body::Plain),
        shape("ghu_", 30, ANY, Body::Plain),
        shape("ghs_", 30, ANY, Body::Plain),
        shape("ghr_", 30, ANY, Body::Plain),
        shape("github_pat_", 22, ANY, Body::Wide),
        shape("glpat-", 20, ANY, Body::Dotted),
        shape("gldt-", 20, ANY, Body::Wide),
        shape("glrt-", 20, ANY, Body::Wide),
        shape("glptt-", 20, ANY, Body::Wide),
    ];
    const H: &[Shape] = &[shape("hf_", 30, ANY, Body::Plain)];
    const N: &[Shape] = &[shape("npm_", 36, ANY, Body::Plain)];
    const P: &[Shape] = &[shape("pypi-", 50, ANY, Body::Wide)];
    const R: &[Shape] = &[shape("rk_live_", 16, ANY, Body::Plain), shape("rk_test_", 16, ANY, Body::Plain)];
    const S: &[Shape] = &[
        shape("sk-", 20, ANY, Body::Mixed),
        shape("sk_live_", 16, ANY, Body::Plain),
        shape("sk_test_", 16, ANY, Body::Plain),
        shape("shpat_", 32, ANY, Body::Plain),
        shape("shpca_", 32, ANY, Body::Plain),
        shape("shpss_", 32, ANY, Body::Plain),
    ];
    const CAPITAL_S: &[Shape] = &[shape("SG.", 60, ANY, Body::Dotted)];
    const W: &[Shape] = &[shape("whsec_", 24, ANY, Body::Plain)];
    const X: &[Shape] = &[
        shape("xoxb-", 20, ANY, Body::Wide),
        shape("xoxp-", 20, ANY, Body::Wide),
        shape("xoxa-", 20, ANY, Body::Wide),
        shape("xoxr-", 20, ANY, Body::Wide),
        shape("xoxs-", 20, ANY, Body::Wide),
        shape("xoxe-", 20, ANY, Body::Wide),
        shape("xoxe.", 20, ANY, Body::Dotted),
        shape("xapp-", 20, ANY, Body::Wide),
    ];
    const Y: &[Shape] = &[shape("ya29.", 20, ANY, Body::Wide)];
    match first {
        b'A' => A,
        b'd' => D,
        b'g' => G,
        b'h' => H,
        b'n' => N,
        b'p' => P,
        b'r' => R,
        b's' => S,
        b'S' => CAPITAL_S,
        b'w' => W,
        b'x' => X,
        b'y' => Y,
        _ => &[],
    }
}

/// The first two bytes of each beginning: enough to pass over nearly every word.
pub(super) fn may_begin(first: u8, second: Option<&u8>) -> bool {
    let Some(second) = second else { return false };
    matches!(
        (first, second),
        (b'A', b'K' | b'S' | b'I')
            | (b'S', b'G')
            | (b'B' | b'b', b'e' | b'E')
            | (b'd' | b'x', b'o')
            | (b'e' | b'p', b'y')
            | (b'g', b'h' | b'i' | b'l')
            | (b'h', b'f')
            | (b'n', b'p')
            | (b'r', b'k')
            | (b's', b'k' | b'h')
            | (b'w', b'h')
            | (b'x' | b'y', b'a')
    )
}

/// A token that begins a word.
pub(super) fn token(text: &str, at: usize) -> Option<Found> {
    let rest = text.as_bytes().get(at..)?;
    match rest.first()? {
        b'e' => return web_token(text, at),
        b'b' | b'B' => return bearer(text, at),
        _ => {}
    }
    let shape = shapes(*rest.first()?).iter().find(|shape| rest.starts_with(shape.beginning.as_bytes()))?;
    let body = rest.get(shape.beginning.len()..)?;
    let length = length_of(body, |byte| shape.body.holds(byte));
    let (from, to) = shape.bytes;
    let fits = length >= from && length <= to && shape.body.is_told_from_words(body.get(..length)?);
    fits.then(|| Found::secret(at..at + shape.beginning.len() + length))
}

impl Body {
    fn holds(self, byte: u8) -> bool {
        let plain = byte.is_ascii_alphanumeric();
        match self {
            // Small letters count, so that a longer word is seen as too long.
            Self::Plain | Self::Capitals => plain,
            Self::Wide | Self::Mixed => plain || matches!(byte, b'-' | b'_'),
            Self::Dotted => plain || matches!(byte, b'-' | b'_' | b'.'),
        }
    }

    fn is_told_from_words(self, body: &[u8]) -> bool {
        match self {
            Self::Capitals => !body.iter().any(u8::is_ascii_lowercase),
            Self::Mixed => body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_uppercase),
            Self::Plain | Self::Wide | Self::Dotted => body.iter().any(u8::is_ascii_digit),
        }
    }
}

fn length_of(bytes: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| holds(**byte)).count()
}

fn is_base64_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Fewest bytes of each of the first two parts of a web token.
const WEB_TOKEN_PART_BYTES_MIN: usize = 8;

/// `eyJ….….…`: three parts, the first of which is JSON.
fn web_token(text: &str, at: usize) -> Option<Found> {
    let rest = text.as_bytes().get(at..)?;
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let mut end = 0;
    for part in 0..3 {
        let length = length_of(rest.get(end..)?, is_base64_url);
        if part < 2 && length < WEB_TOKEN_PART_BYTES_MIN {
            return None;
        }
        end += length;
        if part < 2 {
            if rest.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
    }
    Some(Found::secret(at..at + end))
}

const BEARER: &str = "bearer ";
/// Fewest bytes of a bearer token; words that follow the word in a sentence are shorter.
const BEARER_BYTES_MIN: usize = 16;

/// The token behind the word; the word stays.
fn bearer(text: &str, at: usize) -> Option<Found> {
    let word = text.get(at..at + BEARER.len())?;
    if !word.eq_ignore_ascii_case(BEARER) {
        return None;
    }
    let start = at + BEARER.len();
    let rest = text.as_bytes().get(start..)?;
    let holds = |byte: u8| is_base64_url(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=');
    let length = length_of(rest, holds);
    let is_token = length >= BEARER_BYTES_MIN && rest.get(..length)?.iter().any(u8::is_ascii_digit);
    is_token.then(|| Found::secret(start..start + length))
}

/// Bytes of the two parts of a bot's token.
const BOT_NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=10;
const BOT_TOKEN_BYTES: usize = 35;

/// `123456789:AA…`, as a messenger gives it to bots.
pub(super) fn bot_token(text: &str, at: usize) -> Option<Found> {
    let rest = text.as_bytes().get(at..)?;
    let digits = length_of(rest, |byte| byte.is_ascii_digit());
    if !BOT_NUMBER_DIGITS.contains(&digits) {
        return None;
    }
    let body = rest.get(digits..)?.strip_prefix(b":AA")?;
    let length = length_of(body, is_base64_url) + "AA".len();
    (length == BOT_TOKEN_BYTES).then(|| Found::secret(at..at + digits + 1 + length))
}

const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_ENDS: &str = "-----END ";
const DASHES: &str = "-----";

/// From the first line of a private key to its last; to the end of the text where that is missing.
pub(super) fn private_key(text: &str, at: usize) -> Option<Found> {
    let rest = text.get(at..)?.strip_prefix(KEY_BEGINS)?;
    let (label, body) = rest.split_once(DASHES)?;
    if !label.contains("PRIVATE KEY") || label.contains('\n') {
        return None;
    }
    let end = body.find(KEY_ENDS).and_then(|start| {
        let after = start + KEY_ENDS.len();
        let dashes = body.get(after..)?.find(DASHES)?;
        Some(text.len() - body.len() + after + dashes + DASHES.len())
    });
    Some(Found::secret(at..end.unwrap_or(text.len())))
}

/// `scheme://user:password@host`; the rest of the address stays.
pub(super) fn password_in_address(text: &str, at: usize) -> Option<Found> {
    let start = at + "://".len();
    if text.as_bytes().get(at..start)? != b"://" {
        return None;
    }
    let rest = text.get(start..)?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '|');
    let authority = rest.split(ends).next()?;
    let (user, _host) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let begins = start + name.len() + 1;
    (!password.is_empty()).then(|| Found::secret(begins..begins + password.len()))
}
