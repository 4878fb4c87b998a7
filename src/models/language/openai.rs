//! OpenAI's chat completions, as its own servers, vLLM, `SGLang`, llama.cpp and Ollama speak them.
//!
//! <https://platform.openai.com/docs/api-reference/chat>. A stream is a chunk an event and ends with `[DONE]`; with
//! `include_usage` the last chunk but that has the counts and no choices. Servers that break down in the middle of a
//! stream send an `error`, or just `[DONE]`: only a `finish_reason` says that the answer is whole.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::chat::{ChatConfig, Omitted};
use super::draft::{Bad, Counts, Draft, tokens};
use super::{Finish, Prompt};

/// What is the protocol's own of a request's body.
pub(super) fn fill(body: &mut Map<String, Value>, config: &ChatConfig, prompt: &Prompt) {
    let mut messages = Vec::new();
    if !prompt.system.is_empty() {
        messages.push(json!({ "role": "system", "content": prompt.system }));
    }
    messages.push(json!({ "role": "user", "content": prompt.user }));
    body.insert("messages".into(), messages.into());
    let limit = if config.omits(Omitted::MaxTokens) {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body.insert(limit.into(), config.max_output_tokens.into());
    if let Some(seed) = config.seed {
        body.insert("seed".into(), seed.into());
    }
    if !config.stop.is_empty() {
        body.insert("stop".into(), config.stop.clone().into());
    }
    if config.stream && !config.omits(Omitted::StreamOptions) {
        body.insert("stream_options".into(), json!({ "include_usage": true }));
    }
}

/// A completion, or a chunk of one.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    /// As it comes: counts that cannot be read are no reason to ask again.
    usage: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    /// Its number among those that were asked for, 0 where absent.
    index: Option<u64>,
    /// Of an answer as a whole.
    message: Option<Message>,
    /// Of a stream.
    delta: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    /// What a reasoning model thinks, where the server shows it; some servers write both names.
    reasoning_content: Option<String>,
    reasoning: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    /// Of a part that is text.
    text: Option<String>,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

/// Takes in an answer that came as a whole.
pub(super) fn whole(answer: &[u8], draft: &mut Draft) -> Result<(), Bad> {
    take(serde_json::from_slice(answer)?, draft)
}

/// Takes in one event of a stream, and says whether it was the last.
pub(super) fn event(data: &str, draft: &mut Draft) -> Result<bool, Bad> {
    if data == "[DONE]" {
        return Ok(true);
    }
    take(serde_json::from_str(data)?, draft)?;
    Ok(false)
}

fn take(chunk: Chunk, draft: &mut Draft) -> Result<(), Bad> {
    if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
        return Err(Bad::reported(&error));
    }
    // One was asked for; a server that gives others too may send them in turns.
    let mut choices = chunk.choices.unwrap_or_default().into_iter();
    if let Some(choice) = choices.find(|choice| choice.index.unwrap_or(0) == 0) {
        if let Some(message) = choice.message.or(choice.delta) {
            let thought = message.reasoning_content.or(message.reasoning);
            draft.think(&thought.unwrap_or_default());
            draft.say(&message.content.map(Content::text).unwrap_or_default());
        }
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("length") => draft.finish = Some(Finish::Length),
            Some("content_filter") => draft.finish = Some(Finish::Filtered),
            Some(reason @ ("abort" | "error")) => {
                return Err(Bad::Passing(format!("the server gave up (`{reason}`)")));
            }
            Some(_) => draft.finish = Some(Finish::Stop),
        }
    }
    if let Some(usage) = chunk.usage {
        draft.counts = Counts {
            tokens_in: tokens(&usage["prompt_tokens"]),
            cached_tokens_in: tokens(&usage["prompt_tokens_details"]["cached_tokens"]),
            tokens_out: tokens(&usage["completion_tokens"]),
            reasoning_tokens: tokens(&usage["completion_tokens_details"]["reasoning_tokens"]),
        };
    }
    Ok(())
}
