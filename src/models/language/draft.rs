//! An answer as it comes in.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Clock, Completion, Finish};
use crate::models::http::read_reason;

/// An answer that is coming in.
#[derive(Default)]
pub(super) struct Draft {
    /// Its text so far.
    pub(super) text: String,
    /// Why it ended, once it has.
    pub(super) finish: Option<Finish>,
    /// Its tokens, as far as the server has counted them.
    pub(super) counts: Counts,
    /// Whether it comes in pieces.
    pub(super) streamed: bool,
    /// Pieces that came, of text or of thought.
    pieces: u64,
    /// Whether thoughts came.
    thought: bool,
    /// When the first and the last piece came.
    times: Option<(Instant, Instant)>,
}

/// Tokens, as far as the server has counted them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Of the prompt, those that it had cached included.
    pub(super) tokens_in: Option<u64>,
    /// Of the prompt, those that it had cached.
    pub(super) cached_tokens_in: Option<u64>,
    /// Of the answer, those of hidden reasoning included.
    pub(super) tokens_out: Option<u64>,
    /// Of hidden reasoning.
    pub(super) reasoning_tokens: Option<u64>,
}

/// The most tokens that a count can mean: sums of such counts do not wrap.
const MOST_TOKENS: u64 = 1_000_000_000;

/// A count of a server, if it is one: what is no whole number, or one that no request has, is not counted.
pub(super) fn tokens(count: &Value) -> Option<u64> {
    count.as_u64().filter(|tokens| *tokens <= MOST_TOKENS)
}

/// What is no answer. Its text may hold the key, and is as long as the server likes.
#[derive(Debug)]
pub(super) enum Bad {
    /// It may be one the next time.
    Passing(String),
    /// It will not.
    Lasting(String),
}

impl From<std::io::Error> for Bad {
    fn from(error: std::io::Error) -> Self {
        Self::Passing(format!("no end: {}", read_reason(&error)))
    }
}

impl From<serde_json::Error> for Bad {
    fn from(error: serde_json::Error) -> Self {
        Self::Passing(format!("what is no completion: {error}"))
    }
}

impl Bad {
    /// An error that the server reports in the place of an answer, as both protocols write it: `message`, `type`, `code`.
    pub(super) fn reported(error: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let message = error.get("message").or(Some(error)).and_then(text);
        let message = message.unwrap_or_else(|| error.to_string());
        let code = error.get("code").and_then(Value::as_u64).unwrap_or(500);
        let kind = error.get("type").and_then(Value::as_str).unwrap_or("");
        let is_lasting = matches!(
            kind,
            "invalid_request_error"
                | "authentication_error"
                | "permission_error"
                | "billing_error"
                | "not_found_error"
                | "request_too_large"
        ) || (400..500).contains(&code) && !matches!(code, 408 | 409 | 429);
        let message = format!("an error: {message}");
        if is_lasting {
            Self::Lasting(message)
        } else {
            Self::Passing(message)
        }
    }
}

impl Draft {
    /// Takes in a piece of text.
    pub(super) fn say(&mut self, text: &str) {
        self.text += text;
        self.came(text);
    }

    /// Takes in a piece of thought, which is timed and not kept.
    pub(super) fn think(&mut self, text: &str) {
        self.thought |= !text.is_empty();
        self.came(text);
    }

    /// Whether nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces == 0
    }

    fn came(&mut self, text: &str) {
        if !text.is_empty() {
            let now = Instant::now();
            self.pieces += 1;
            self.times = Some((self.times.map_or(now, |(first, _)| first), now));
        }
    }

    /// Its completion, of a request sent at `start`. Counts that the server did not give are `estimated`, the prompt's first.
    pub(super) fn complete(
        self,
        finish: Finish,
        estimated: [u64; 2],
        mut clock: Clock,
        start: Instant,
    ) -> Completion {
        let counts = &self.counts;
        let tokens_in = counts.tokens_in.unwrap_or(estimated[0]);
        let tokens_out = counts.tokens_out.unwrap_or(estimated[1]);
        if let Some((first, last)) = self.times.filter(|_| self.streamed) {
            clock.ttft_ms = Some(milliseconds(first - start));
            // A piece holds one token or more; what was thought in secret came in none.
            let hidden = counts.reasoning_tokens.filter(|_| !self.thought);
            let came = tokens_out.saturating_sub(hidden.unwrap_or(0));
            let gaps = came.max(self.pieces) - 1;
            clock.inter_token_ms =
                (self.pieces > 1).then(|| milliseconds(last - first) / gaps as f64);
        }
        Completion {
            finish,
            tokens_in,
            cached_tokens_in: counts.cached_tokens_in.unwrap_or(0).min(tokens_in),
            tokens_out,
            estimated: counts.tokens_in.is_none() || counts.tokens_out.is_none(),
            clock,
            text: self.text,
        }
    }
}

/// A time in milliseconds.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
