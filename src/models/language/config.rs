//! Which language model answers.

use serde::{Deserialize, Serialize};

use super::LanguageModel;
use super::chat::ChatConfig;
use super::client::ChatModel;
use super::price::Price;
use super::protocol::Protocol;
use super::replay::{Replay, ReplayConfig};

/// Where completions come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LanguageModelConfig {
    /// A server that speaks OpenAI's chat completions: hosted ones, vLLM, `SGLang`, Ollama, llama.cpp.
    Openai(ChatConfig),
    /// A server that speaks Anthropic's Messages API.
    Anthropic(ChatConfig),
    /// Completions that were recorded.
    Replay(ReplayConfig),
}

/// A model that is ready, what its completions are a function of beside the prompt, and what they cost.
pub struct OpenedLanguageModel {
    /// The model.
    pub model: Box<dyn LanguageModel + Send>,
    /// Equal digests, equal models and parameters.
    pub digest: String,
    /// The config's price, if it names one.
    pub price: Option<Price>,
}

impl LanguageModelConfig {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Openai(_) => "openai",
            Self::Anthropic(_) => "anthropic",
            Self::Replay(_) => "replay",
        }
    }

    /// The server and what may be asked of it, of a model that is asked over HTTP: its completions are worth a cache.
    pub fn server(&self) -> Option<&ChatConfig> {
        match self {
            Self::Openai(config) | Self::Anthropic(config) => Some(config),
            Self::Replay(_) => None,
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        match self {
            Self::Openai(config) => config.validate(Protocol::Openai),
            Self::Anthropic(config) => config.validate(Protocol::Anthropic),
            Self::Replay(_) => Ok(()),
        }
    }

    /// Whether what the model needs is there, without reading it or asking a server.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Openai(_) | Self::Anthropic(_) => self.open().map(|_| ()),
            Self::Replay(config) => config.check(),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// Where the key is not in its environment variable, or the recorded completions cannot be read.
    pub fn open(&self) -> anyhow::Result<OpenedLanguageModel> {
        let (protocol, config) = match self {
            Self::Openai(config) => (Protocol::Openai, config),
            Self::Anthropic(config) => (Protocol::Anthropic, config),
            Self::Replay(config) => {
                let replay = Replay::open(config)?;
                return Ok(OpenedLanguageModel {
                    digest: replay.digest().to_owned(),
                    model: Box::new(replay),
                    price: None,
                });
            }
        };
        Ok(OpenedLanguageModel {
            model: Box::new(ChatModel::open(protocol, config)?),
            digest: protocol.digest(config),
            price: config.usd_per_million,
        })
    }
}
