//! Anthropic's Messages API.
//!
//! <https://docs.anthropic.com/en/api/messages-streaming>: `message_start` with the prompt's counts, deltas of content blocks,
//! `message_delta` with the reason of the end and the counts so far, `message_stop`; an `error` may come at any time. What
//! the cache gave and took is not part of `input_tokens`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::chat::ChatConfig;
use super::draft::{Bad, Draft, tokens};
use super::{Finish, Prompt};

/// What is the protocol's own of a request's body.
pub(super) fn fill(body: &mut Map<String, Value>, config: &ChatConfig, prompt: &Prompt) {
    body.insert("max_tokens".into(), config.max_output_tokens.into());
    if !prompt.system.is_empty() {
        body.insert("system".into(), prompt.system.as_str().into());
    }
    body.insert(
        "messages".into(),
        json!([{ "role": "user", "content": prompt.user }]),
    );
    if !config.stop.is_empty() {
        body.insert("stop_sequences".into(), config.stop.clone().into());
    }
}

/// A message as a whole.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Value>,
    error: Option<Value>,
}

/// A block of content, or an addition to one.
#[derive(Deserialize)]
struct Block {
    text: Option<String>,
    thinking: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    message: Option<Message>,
    content_block: Option<Block>,
    delta: Option<Block>,
    usage: Option<Value>,
    error: Option<Value>,
}

/// Takes in an answer that came as a whole.
pub(super) fn whole(answer: &[u8], draft: &mut Draft) -> Result<(), Bad> {
    take(serde_json::from_slice(answer)?, draft)
}

/// Takes in one event of a stream, and says whether it was the last.
pub(super) fn event(data: &str, draft: &mut Draft) -> Result<bool, Bad> {
    let event: Event = serde_json::from_str(data)?;
    if event.kind == "error" {
        return Err(Bad::reported(&event.error.unwrap_or_default()));
    }
    if let Some(message) = event.message {
        take(message, draft)?;
        // What a start counts of the answer is not the answer's.
        draft.counts.tokens_out = None;
    }
    for block in [event.content_block, event.delta].into_iter().flatten() {
        add(block, draft);
    }
    if let Some(usage) = event.usage {
        count(&usage, draft);
    }
    Ok(event.kind == "message_stop")
}

fn take(message: Message, draft: &mut Draft) -> Result<(), Bad> {
    if let Some(error) = message.error.filter(|error| !error.is_null()) {
        return Err(Bad::reported(&error));
    }
    for block in message.content {
        add(block, draft);
    }
    end(message.stop_reason.as_deref(), draft);
    if let Some(usage) = message.usage {
        count(&usage, draft);
    }
    Ok(())
}

fn add(block: Block, draft: &mut Draft) {
    draft.think(&block.thinking.unwrap_or_default());
    draft.say(&block.text.unwrap_or_default());
    end(block.stop_reason.as_deref(), draft);
}

fn end(reason: Option<&str>, draft: &mut Draft) {
    match reason {
        None => {}
        Some("max_tokens" | "model_context_window_exceeded") => draft.finish = Some(Finish::Length),
        Some("refusal") => draft.finish = Some(Finish::Filtered),
        Some(_) => draft.finish = Some(Finish::Stop),
    }
}

/// Counts are of all that came so far: the last ones, which are never the smaller ones, hold.
fn count(usage: &Value, draft: &mut Draft) {
    let counts = &mut draft.counts;
    // What is absent is none of the prompt's parts, and what is not readable leaves the sum unknown.
    let part = |count: &Value| match count {
        Value::Null => Some(0),
        _ => tokens(count),
    };
    let input = &usage["input_tokens"];
    if !input.is_null() {
        let read = part(&usage["cache_read_input_tokens"]);
        let written = part(&usage["cache_creation_input_tokens"]);
        let sum = |input: u64| Some(input.saturating_add(read?).saturating_add(written?));
        let at_least = |before: Option<u64>| move |tokens: u64| tokens.max(before.unwrap_or(0));
        counts.tokens_in = tokens(input).and_then(sum).map(at_least(counts.tokens_in));
        counts.cached_tokens_in = read.map(at_least(counts.cached_tokens_in));
    }
    if let Some(output) = usage.get("output_tokens") {
        counts.tokens_out = tokens(output);
    }
}
