//! What a document will cost at most, before anybody is asked.

use jiff::Timestamp;

use super::{Cost, Prices, Tokens};

/// What is known of a call before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSize {
    /// Pages of the document; a picture is one.
    pub pages: u32,
    /// Bytes of everything that goes with it as text: instructions, schema, examples.
    pub text_bytes: u64,
    /// Most tokens of the answer.
    pub output_tokens_max: u32,
}

/// A page is read as text and as a picture: 3 000 tokens of dense text and 1 600 of the picture, and some more.
const TOKENS_PER_PAGE: u64 = 5_000;
/// Latin text has four bytes to a token, Cyrillic two to a letter and fewer letters to a token.
const BYTES_PER_TOKEN: u64 = 2;
/// What the request itself adds.
const TOKENS_PER_REQUEST: u64 = 500;

impl Prices {
    /// The most that a call can cost: nothing comes out of a cache, everything goes into one, and the
    /// answer is as long as it may be. `None` where no price is known.
    pub fn estimate(&self, model: &str, size: &DocumentSize, at: Timestamp) -> Option<Cost> {
        let prompt = TOKENS_PER_REQUEST
            .saturating_add(u64::from(size.pages.max(1)).saturating_mul(TOKENS_PER_PAGE))
            .saturating_add(size.text_bytes.div_ceil(BYTES_PER_TOKEN));
        let tokens =
            Tokens { cache_write_5m: prompt, output: u64::from(size.output_tokens_max), ..Tokens::default() };
        self.cost(model, &tokens, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{Millicents, UsageSettings};

    #[test]
    fn an_estimate_is_never_below_the_cost() {
        let prices = Prices::of(&UsageSettings::default()).unwrap();
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let size = DocumentSize { pages: 2, text_bytes: 3_000, output_tokens_max: 2_000 };
        let estimate = prices.estimate("claude-haiku-4-5", &size, at).unwrap();
        // 12 000 tokens of prompt and 2 000 of the answer.
        assert_eq!(estimate.usd, Millicents(2_500));
        let real = Tokens { input: 9_000, output: 2_000, ..Tokens::default() };
        assert!(prices.cost("claude-haiku-4-5", &real, at).unwrap().usd <= estimate.usd);
        assert_eq!(prices.estimate("unknown", &size, at), None);
        let nothing = DocumentSize { pages: 0, text_bytes: 0, output_tokens_max: 0 };
        assert!(prices.estimate("claude-haiku-4-5", &nothing, at).unwrap().usd > Millicents::ZERO);
    }
}
