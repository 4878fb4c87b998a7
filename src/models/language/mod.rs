//! Language models behind one seam: texts in, texts with their bills out.

mod anthropic;
mod budget;
mod chat;
mod client;
mod config;
mod draft;
mod extractive;
mod limits;
mod openai;
mod price;
mod protocol;
mod record;
mod replay;
mod stream;
mod usage;

use serde::{Deserialize, Serialize};

pub use chat::{ChatConfig, Omitted};
pub use config::{LanguageModelConfig, OpenedLanguageModel};
pub use extractive::{Extractive, ExtractiveConfig};
pub use price::Price;
pub use record::Record;
pub use replay::ReplayConfig;

/// Completes prompts.
pub trait LanguageModel: Sync {
    /// One completion a prompt, in order; for a prompt that cannot be completed, why.
    ///
    /// A completion depends on its own prompt only, never on the batch that it came in.
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>>;

    /// As [`Self::complete`], one by one: `done` gets the place of a prompt and what became of it as soon as that is known,
    /// in any order, so that none is lost where the process ends. A prompt that is no longer `wanted` just before it is begun
    /// is passed over. After an error of `done` no further prompt is begun.
    fn complete_each(
        &self,
        prompts: &[Prompt],
        wanted: &(dyn Fn(usize) -> bool + Sync),
        done: &(dyn Fn(usize, Result<Completion, String>) -> anyhow::Result<()> + Sync),
    ) -> anyhow::Result<()> {
        let places: Vec<usize> = (0..prompts.len()).filter(|place| wanted(*place)).collect();
        let asked: Vec<Prompt> = places.iter().map(|place| prompts[*place].clone()).collect();
        for (place, completion) in places.into_iter().zip(self.complete(&asked)) {
            done(place, completion)?;
        }
        Ok(())
    }
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prompt {
    /// Who the model is to be; none is sent where empty.
    pub system: String,
    /// The user's message.
    pub user: String,
    /// The question that the message was made of. A model that reads messages leaves it and the sources aside.
    pub question: String,
    /// The texts that the message offers as `[1]`, `[2]`, …
    pub sources: Vec<String>,
}

/// What a model answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt, as the server counts them, those that it had cached included.
    pub tokens_in: u64,
    /// Tokens of the prompt that the server had cached.
    pub cached_tokens_in: u64,
    /// Tokens of the answer, as the server counts them.
    pub tokens_out: u64,
    /// Whether the counts are ragkit's own, because the server gave none.
    pub estimated: bool,
    /// How long it took when it was asked for; that of the first time where it came from a cache.
    pub clock: Clock,
}

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// The limit on its tokens was reached.
    Length,
    /// The server withheld it.
    Filtered,
}

/// The clock of one completion.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Clock {
    /// From the request to the last byte, in milliseconds, of the attempt that succeeded.
    pub latency_ms: f64,
    /// From the request to the first token, in milliseconds; where the answer was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// The mean time between tokens behind the first, in milliseconds; where the answer was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token_ms: Option<f64>,
    /// Attempts that it took.
    pub attempts: u32,
    /// Whether it came from the cache of completions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}
