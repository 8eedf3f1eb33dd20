//! One question until its end: patience with a provider that is busy, a second chance for an answer
//! that was cut off, and an account of every request on the way.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::{
    Attempt, LanguageError, Question, Told, Usage,
    sending::{Sender, Sent},
    wire::Wire,
};

/// Requests of one question: enough for a short rush, few enough that a call ends.
const TRIES_MAX: u32 = 4;
/// The first wait before another try; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait that a provider may ask for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A wait is made longer by up to so many hundredths, so that many that were sent away together do
/// not come back together.
const JITTER_PERCENT_MAX: u32 = 25;
/// Largest request of the provider with the smallest limit.
const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Everything that one question needs on its way.
pub(super) struct Way<'a> {
    pub(super) wire: &'static dyn Wire,
    pub(super) sender: &'a Sender,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) tokens: u32,
    pub(super) tokens_second: Option<u32>,
}

impl Way<'_> {
    /// Asks and writes down what happens in `told` as it happens: whoever stops waiting keeps that.
    pub(super) async fn ask(&self, question: &Question, told: &mut Told) {
        told.outcome = self.ask_once(question, self.tokens, told).await;
        if let (Err(LanguageError::Truncated { .. }), Some(more)) = (&told.outcome, self.tokens_second)
            && more > self.tokens
        {
            told.outcome = self.ask_once(question, more, told).await;
        }
    }

    async fn ask_once(
        &self,
        question: &Question,
        tokens: u32,
        told: &mut Told,
    ) -> Result<Value, LanguageError> {
        let body = serde_json::to_vec(&self.wire.body(question, &told.model, tokens)).unwrap_or_default();
        if body.len() > REQUEST_BYTES_MAX {
            return Err(LanguageError::TooLarge { what: "the request", limit_bytes: REQUEST_BYTES_MAX });
        }
        let body = Bytes::from(body);
        let mut wait = FIRST_WAIT;
        for try_number in 1..=TRIES_MAX {
            match self.attempt(&body, told).await {
                Sent::Answer(answer) => {
                    told.stop_reason = self.wire.stop_reason(&answer).map(word);
                    return self.wire.answer(&answer, question, tokens);
                }
                Sent::Busy { asked_wait, .. } if try_number < TRIES_MAX => {
                    tokio::time::sleep(jittered(asked_wait.unwrap_or(wait).min(WAIT_MAX))).await;
                    wait *= 2;
                }
                Sent::Busy { .. } => {}
                Sent::Failed { error, .. } | Sent::Lost { error, .. } => return Err(error),
            }
        }
        Err(LanguageError::Overloaded { tries: TRIES_MAX })
    }

    /// One request. It counts as lost until more is known of it.
    async fn attempt(&self, body: &Bytes, told: &mut Told) -> Sent {
        let started = Instant::now();
        told.attempts.push(Attempt {
            status: 0,
            usage: Usage::default(),
            duration_ms: 0,
            billed: false,
            lost: true,
        });
        let sent = self.sender.send(&self.url, &self.headers, body).await;
        let Some(attempt) = told.attempts.last_mut() else { return sent };
        attempt.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &sent {
            Sent::Answer(answer) => {
                attempt.status = 200;
                attempt.usage = self.wire.usage(answer);
                attempt.billed = true;
                attempt.lost = false;
            }
            Sent::Busy { status, .. } => {
                attempt.status = *status;
                attempt.lost = false;
            }
            // An answer that cannot be read may have been counted all the same.
            Sent::Failed { status, .. } => {
                attempt.status = *status;
                attempt.lost = (200..300).contains(status);
            }
            Sent::Lost { reached, .. } => attempt.lost = *reached,
        }
        sent
    }
}

/// A word of a server that goes into records.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}

fn jittered(wait: Duration) -> Duration {
    use ring::rand::SecureRandom as _;
    let mut byte = [0_u8; 1];
    if ring::rand::SystemRandom::new().fill(&mut byte).is_err() {
        return wait;
    }
    let hundredths = u32::from(byte.first().copied().unwrap_or_default()) * JITTER_PERCENT_MAX / 255;
    wait + wait * hundredths / 100
}
