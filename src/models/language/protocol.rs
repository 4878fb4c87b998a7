//! The two protocols: what is sent, and what an answer means.

use serde_json::{Map, Value};

use super::Prompt;
use super::chat::{ChatConfig, Omitted};
use super::draft::{Bad, Draft};
use super::{anthropic, openai};
use crate::data::Digest;
use crate::models::http::KeyHeader;

/// A protocol that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// OpenAI's chat completions.
    Openai,
    /// Anthropic's Messages API.
    Anthropic,
}

const PLAIN: (&str, &str) = ("accept-encoding", "identity");

impl Protocol {
    /// What is added to the address.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Openai => "/chat/completions",
            Self::Anthropic => "/messages",
        }
    }

    /// The header that the key goes into.
    pub(super) fn key_header(self) -> KeyHeader {
        match self {
            Self::Openai => KeyHeader::Bearer,
            Self::Anthropic => KeyHeader::ApiKey,
        }
    }

    /// Headers of every request. What is compressed comes in blocks, which would spoil the times of tokens.
    pub(super) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Openai => &[PLAIN],
            Self::Anthropic => &[PLAIN, ("anthropic-version", "2023-06-01")],
        }
    }

    /// The body of a request.
    pub(super) fn body(self, config: &ChatConfig, prompt: &Prompt) -> Value {
        let mut body = Map::new();
        body.insert("model".into(), config.model.as_str().into());
        match self {
            Self::Openai => openai::fill(&mut body, config, prompt),
            Self::Anthropic => anthropic::fill(&mut body, config, prompt),
        }
        if !config.omits(Omitted::Temperature) {
            body.insert("temperature".into(), config.temperature.into());
        }
        if let Some(share) = config.top_p {
            body.insert("top_p".into(), share.into());
        }
        if config.stream {
            body.insert("stream".into(), true.into());
        }
        for (name, value) in &config.extra {
            body.insert(name.clone(), value.clone());
        }
        Value::Object(body)
    }

    /// What a model's completions are a function of, beside the prompt: the address, the model and the parameters, but not
    /// how it is asked, nor the key.
    pub(super) fn digest(self, config: &ChatConfig) -> String {
        let config = ChatConfig {
            stream: false,
            ..config.clone()
        };
        let mut body = self.body(&config, &Prompt::default());
        body.sort_all_objects();
        Digest::default()
            .with("address", config.url.trim_end_matches('/'))
            .with("path", self.path())
            .with("body", body.to_string())
            .finish()
    }

    /// Takes in an answer that came as a whole.
    pub(super) fn whole(self, answer: &[u8], draft: &mut Draft) -> Result<(), Bad> {
        match self {
            Self::Openai => openai::whole(answer, draft),
            Self::Anthropic => anthropic::whole(answer, draft),
        }
    }

    /// Takes in one event of a stream, and says whether it was the last.
    pub(super) fn event(self, data: &str, draft: &mut Draft) -> Result<bool, Bad> {
        match self {
            Self::Openai => openai::event(data, draft),
            Self::Anthropic => anthropic::event(data, draft),
        }
    }
}
