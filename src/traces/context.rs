//! Which trace and span something belongs to, and how W3C Trace Context writes that down.

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::facts::{from_hex, hex};

/// The header, and the name below `_meta` of a request of the protocol.
pub const TRACEPARENT: &str = "traceparent";

/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const TEXT_BYTES: usize = 55;
/// Later versions may write more behind it; that much is looked at.
const TEXT_BYTES_MAX: usize = 256;
/// The bit of the flags that says that a trace is recorded.
const SAMPLED: u8 = 1;
/// The version that has no meaning.
const NO_VERSION: &str = "ff";

/// A span as others may refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) is_sampled: bool,
}

impl SpanContext {
    /// Reads `traceparent`. What is not written as the standard says is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (known, rest) = text.split_at_checked(TEXT_BYTES)?;
        let mut parts = known.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_last = parts.next().is_none();
        let follows = match version {
            "00" => rest.is_empty(),
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let lower = known.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        if !is_last || !follows || !lower || version.len() != 2 || version == NO_VERSION {
            return None;
        }
        let trace: [u8; 16] = from_hex(trace)?.try_into().ok()?;
        let span: [u8; 8] = from_hex(span)?.try_into().ok()?;
        let [flags] = <[u8; 1]>::try_from(from_hex(flags)?).ok()?;
        let is_real = trace != [0; 16] && span != [0; 8];
        is_real.then_some(Self { trace, span, is_sampled: flags & SAMPLED != 0 })
    }

    /// The first span of a trace of our own, of which this share is recorded. None without randomness.
    pub(super) fn first(share: f64) -> Option<Self> {
        let trace: [u8; 16] = random()?;
        // The last seven bytes decide, so that servers which share a trace decide the same.
        let [.., a, b, c, d, e, f, g] = trace;
        let drawn = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let is_sampled = (drawn as f64) < share * (1_u64 << 56) as f64;
        Some(Self { trace, span: random()?, is_sampled })
    }

    /// The next span of the same trace.
    pub(super) fn next(self) -> Option<Self> {
        Some(Self { span: random()?, ..self })
    }

    pub(super) fn is_of_the_trace_of(&self, other: &Self) -> bool {
        self.trace == other.trace
    }
}

impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_sampled);
        write!(f, "00-{}-{}-{flags:02x}", hex(&self.trace), hex(&self.span))
    }
}

fn random<const BYTES: usize>() -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    // All zeros mean "none"; the last bit costs nothing and is never missed.
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_the_same() {
        let context = SpanContext::parse(GOOD).unwrap();
        assert!(context.is_sampled);
        assert_eq!(context.to_string(), GOOD);
        assert!(!SpanContext::parse(&GOOD.replace("-01", "-00")).unwrap().is_sampled);
        assert!(SpanContext::parse(&GOOD.replace("-01", "-03")).unwrap().is_sampled);
        // A later version may say more.
        assert!(SpanContext::parse(&format!("01{}-more", GOOD.strip_prefix("00").unwrap())).is_some());
    }

    #[test]
    fn what_is_written_otherwise_is_none() {
        for wrong in [
            String::new(),
            "00".to_owned(),
            GOOD.to_ascii_uppercase(),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            GOOD.replace("00-4", "ff-4"),
            GOOD.replace('-', "_"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace("4bf9", "-bf9"),
            GOOD.replace("4bf9", "xbf9"),
            "é".repeat(40),
            "0".repeat(10_000),
        ] {
            assert_eq!(SpanContext::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn all_or_nothing_of_our_own_traces() {
        for _ in 0..50 {
            assert!(SpanContext::first(1.0).unwrap().is_sampled);
            assert!(!SpanContext::first(0.0).unwrap().is_sampled);
        }
    }
}
