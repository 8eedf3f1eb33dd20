//! Every request that was sent becomes a row of the ledger, whatever came of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    language::{Attempt, LanguageError, Told, Usage},
    usage::{CallEnd, CallState, Cost, Millicents, Prices, Tokens},
};

/// Longest text of an error that is kept; it is ours, never that of the provider.
const ERROR_CHARS_MAX: usize = 400;

/// The rows of one question: the earlier requests that may be paid for, and the last one.
pub(super) struct Ends {
    pub(super) earlier: Vec<CallEnd>,
    pub(super) last: CallEnd,
    /// All of them together; `None` where a price is not known.
    pub(super) cost: Option<Cost>,
}

/// What a question cost, request by request. `estimate` stands for requests whose answer was lost.
pub(super) fn ends_of(
    told: &Told,
    prices: &Prices,
    estimate: Option<&Cost>,
    answer: Option<Value>,
    extra: Option<&Value>,
    at: Timestamp,
) -> Option<Ends> {
    let (last, earlier) = told.attempts.split_last()?;
    let end = |attempt: &Attempt| CallEnd {
        state: if attempt.lost { CallState::Lost } else { CallState::Error },
        tokens: tokens_of(attempt.usage),
        cost: match attempt.lost {
            true => estimate.cloned(),
            false => prices.cost(&told.model, &tokens_of(attempt.usage), at),
        },
        duration_ms: attempt.duration_ms,
        error_message: Some(format!("HTTP {}", attempt.status)),
        answer: None,
        extra: None,
    };
    let earlier: Vec<CallEnd> =
        earlier.iter().filter(|attempt| attempt.billed || attempt.lost).map(end).collect();
    let mut last = end(last);
    last.extra = Some(extra_of(told, extra));
    match &told.outcome {
        Ok(_) => {
            last.state = CallState::Success;
            last.error_message = None;
            last.answer = answer;
        }
        Err(error) => last.error_message = Some(shown(error)),
    }
    let cost = earlier.iter().chain([&last]).map(|end| end.cost.clone()).reduce(|sum, more| {
        let (sum, more) = (sum?, more?);
        Some(Cost {
            usd: sum.usd.plus(more.usd),
            eur: sum.eur.plus(more.eur),
            price_version: more.price_version,
        })
    });
    Some(Ends { earlier, last, cost: cost.flatten() })
}

/// Nothing of the sums is lost in a call that was answered from what was kept.
pub(super) fn nothing() -> Cost {
    Cost { usd: Millicents::ZERO, eur: Millicents::ZERO, price_version: "kept".to_owned() }
}

fn tokens_of(usage: Usage) -> Tokens {
    Tokens {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cache_read: usage.cache_read_tokens,
        cache_write_5m: usage.cache_creation_tokens,
        cache_write_1h: 0,
    }
}

fn shown(error: &LanguageError) -> String {
    format!("{}: {error}", error.code()).chars().take(ERROR_CHARS_MAX).collect()
}

fn extra_of(told: &Told, extra: Option<&Value>) -> Value {
    let mut all = json!({"attempts": told.attempts.len()});
    if let Some(all) = all.as_object_mut() {
        if let Some(stop_reason) = &told.stop_reason {
            all.insert("stop_reason".to_owned(), json!(stop_reason));
        }
        if let Some(Value::Object(extra)) = extra {
            all.extend(extra.clone());
        }
    }
    all
}
