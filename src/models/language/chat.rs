//! A server that chats, and what may be asked of it.

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::price::Price;
use super::protocol::Protocol;
use crate::models::http::{check_key_env, check_url};

/// A server, a model on it, and what may be asked of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatConfig {
    /// The address that `/chat/completions` (OpenAI) or `/messages` (Anthropic) is added to, such as `http://localhost:8000/v1`
    /// or `https://api.anthropic.com/v1`.
    pub url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// The environment variable that holds the key; none is sent where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The most tokens of a completion, hidden reasoning included.
    #[serde(default = "default_output")]
    pub max_output_tokens: u64,
    /// How freely words are drawn: 0 takes the likeliest.
    #[serde(default)]
    pub temperature: f64,
    /// Only the likeliest words that make up this share of the probability are drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The seed of the draws, for servers that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Texts that end a completion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Further fields of the request's body, such as `reasoning_effort = "low"`. No place for secrets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// What the server does not understand and is not sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<Omitted>,
    /// Whether tokens are asked for as they come, so that the first one and the time between them are timed.
    #[serde(default = "default_stream")]
    pub stream: bool,
    /// Requests at the same time.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// Requests that may be sent in a minute; unlimited where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Tokens of prompts and completions that may be asked for in a minute; unlimited where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Further attempts after a request that was refused for now (408, 409, 429, 5xx), or lost on the way.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Seconds that a request and its answer may take in all.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Seconds that the server may be silent, before the first token or between two; as long as `timeout_seconds` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<u64>,
    /// Tokens that a process may use; unlimited where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens_total: Option<u64>,
    /// US dollars that a process may spend, at the prices of `usd_per_million`; unlimited where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<f64>,
    /// What a million tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_million: Option<Price>,
}

/// A field that some servers or models refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omitted {
    /// `temperature`, which reasoning models fix.
    Temperature,
    /// `max_tokens`: the limit goes as `max_completion_tokens`, as OpenAI's reasoning models want it.
    MaxTokens,
    /// `stream_options`, without which most servers do not count the tokens of a stream.
    StreamOptions,
}

fn default_output() -> u64 {
    512
}

fn default_stream() -> bool {
    true
}

fn default_concurrency() -> usize {
    8
}

fn default_retries() -> u32 {
    5
}

fn default_timeout() -> u64 {
    120
}

/// Fields of the body that `extra` may not set: ragkit's own, and those that make a request cost more than it seems to.
const RESERVED: [&str; 15] = [
    "model",
    "messages",
    "system",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "stop_sequences",
    "n",
    "best_of",
    "use_beam_search",
];

impl ChatConfig {
    /// Whether a field is left out.
    pub(super) fn omits(&self, field: Omitted) -> bool {
        self.omit.contains(&field)
    }

    /// Checks what serde cannot.
    pub(super) fn validate(&self, protocol: Protocol) -> anyhow::Result<()> {
        check_url(&self.url)?;
        // The address stands in errors and manifests: it must not hold a password.
        ensure!(
            !self.url.contains(['@', '?', '#']),
            "`url` must be a plain address without user, `?` and `#`; a key goes into the environment variable that `key_env` names"
        );
        check_key_env(self.key_env.as_deref())?;
        ensure!(
            !self.model.is_empty(),
            "`model = \"\"` must be the name of a model"
        );
        self.check_numbers()?;
        for name in RESERVED {
            ensure!(
                !self.extra.contains_key(name),
                "`extra.{name}` is not for `extra`; set it by ragkit's own name for it, or leave it out"
            );
        }
        if protocol == Protocol::Anthropic {
            ensure!(
                self.seed.is_none(),
                "`seed`: the Messages API has none; leave it out"
            );
            ensure!(
                !self.omits(Omitted::MaxTokens),
                "`omit = [\"max_tokens\"]`: the Messages API needs it; leave it out of `omit`"
            );
        }
        self.check_budget()
    }

    fn check_numbers(&self) -> anyhow::Result<()> {
        for (name, number, most) in [
            ("max_output_tokens", self.max_output_tokens, 1_000_000),
            ("concurrency", self.concurrency as u64, 1024),
            (
                "requests_per_minute",
                self.requests_per_minute.unwrap_or(1),
                u64::MAX,
            ),
            (
                "tokens_per_minute",
                self.tokens_per_minute.unwrap_or(1),
                u64::MAX,
            ),
            ("timeout_seconds", self.timeout_seconds, 86_400),
            (
                "silence_seconds",
                self.silence_seconds.unwrap_or(1),
                self.timeout_seconds,
            ),
            (
                "max_tokens_total",
                self.max_tokens_total.unwrap_or(1),
                u64::MAX,
            ),
        ] {
            ensure!(
                (1..=most).contains(&number),
                "`{name} = {number}` must be a whole number from 1 to {most}"
            );
        }
        ensure!(
            self.retries <= 100,
            "`retries = {}` must be a whole number from 0 to 100",
            self.retries
        );
        ensure!(
            (0.0..=2.0).contains(&self.temperature),
            "`temperature = {}` must be from 0 to 2",
            self.temperature
        );
        if let Some(share) = self.top_p {
            ensure!(
                share > 0.0 && share <= 1.0,
                "`top_p = {share}` must be above 0 and at most 1"
            );
        }
        ensure!(
            self.stop.iter().all(|text| !text.is_empty()),
            "`stop` holds an empty text, which ends everything; leave it out"
        );
        Ok(())
    }

    fn check_budget(&self) -> anyhow::Result<()> {
        if let Some(price) = &self.usd_per_million {
            price.validate()?;
        }
        let Some(most) = self.max_usd else {
            return Ok(());
        };
        ensure!(
            most > 0.0 && most <= 1e6,
            "`max_usd = {most}` must be above 0 and at most 1000000"
        );
        ensure!(
            self.usd_per_million.is_some(),
            "`max_usd` needs the prices; give `usd_per_million = {{ input = …, output = … }}`"
        );
        ensure!(
            !self
                .extra
                .values()
                .any(|value| names(value, "cache_control"))
                && !self.extra.contains_key("cache_control"),
            "`max_usd` cannot be kept with `cache_control`, as writing the server's cache costs more than `input`; give `max_tokens_total`"
        );
        Ok(())
    }
}

/// Whether a field of this name stands anywhere in a value.
fn names(value: &Value, field: &str) -> bool {
    match value {
        Value::Object(fields) => {
            fields.contains_key(field) || fields.values().any(|value| names(value, field))
        }
        Value::Array(values) => values.iter().any(|value| names(value, field)),
        _ => false,
    }
}
