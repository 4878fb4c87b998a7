//! Which model turns text into vectors.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::endpoint::EndpointConfig;
use super::{Device, Embedder, Encoder, LsaConfig};
use crate::data::Digest;

/// Where vectors come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbedderConfig {
    /// Latent semantic analysis, fitted on the corpus.
    Lsa(LsaConfig),
    /// The user's own vectors, from the corpus and from the queries, scaled to length 1.
    Own,
    /// A transformer from a local folder.
    Encoder(EncoderConfig),
    /// A server that speaks OpenAI's embeddings protocol.
    Endpoint(EndpointConfig),
}

/// A transformer in a folder as Hugging Face and sentence-transformers write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The folder: a name in `$RAGKIT_MODELS` (`models` unless set), or a path with a `/` in it.
    pub model: String,
    /// Where it computes.
    #[serde(default)]
    pub device: Device,
    /// What is put before a query, as some models ask for (`query: `).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query_prefix: String,
    /// What is put before a document (`passage: `).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document_prefix: String,
}

/// A model that is ready, and what its vectors are a function of beside the text.
pub struct OpenedEmbedder {
    /// The model.
    pub embedder: Box<dyn Embedder + Send>,
    /// Equal digests, equal vectors.
    pub digest: String,
}

impl EncoderConfig {
    /// The encoder in this folder.
    pub fn at(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            device: Device::default(),
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }

    /// Checks that the folder is there.
    pub fn check(&self) -> anyhow::Result<()> {
        model_folder(&self.model).map(|_| ())
    }

    /// Reads the encoder.
    pub fn load(&self) -> anyhow::Result<Encoder> {
        Encoder::load_on(&model_folder(&self.model)?, self.device)
    }
}

impl EmbedderConfig {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lsa(_) => "lsa",
            Self::Own => "own",
            Self::Encoder(_) => "encoder",
            Self::Endpoint(_) => "endpoint",
        }
    }

    /// What is put before a query and before a document.
    pub fn prefixes(&self) -> [&str; 2] {
        match self {
            Self::Encoder(encoder) => [&encoder.query_prefix, &encoder.document_prefix],
            Self::Endpoint(endpoint) => [&endpoint.query_prefix, &endpoint.document_prefix],
            Self::Lsa(_) | Self::Own => ["", ""],
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        match self {
            Self::Endpoint(endpoint) => endpoint.validate(),
            Self::Lsa(_) | Self::Own | Self::Encoder(_) => Ok(()),
        }
    }

    /// Whether what the model needs is there, without reading it.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Encoder(config) => model_folder(&config.model).map(|_| ()),
            Self::Endpoint(config) => config.open().map(|_| ()),
            Self::Lsa(_) | Self::Own => Ok(()),
        }
    }

    /// The model, where it needs no corpus to be fitted on; `None` for the others.
    ///
    /// # Errors
    /// Where the model is not there or cannot be read.
    pub fn open(&self) -> anyhow::Result<Option<OpenedEmbedder>> {
        match self {
            Self::Lsa(_) | Self::Own => Ok(None),
            Self::Encoder(config) => {
                let encoder = config.load()?;
                let digest = encoder.digest().to_owned();
                Ok(Some(OpenedEmbedder {
                    embedder: Box::new(encoder),
                    digest,
                }))
            }
            Self::Endpoint(config) => Ok(Some(OpenedEmbedder {
                digest: config.digest(),
                embedder: Box::new(config.open()?),
            })),
        }
    }

    /// What the vectors are a function of, beside the corpus: the model and what is put before a text.
    pub fn digest(&self, opened: Option<&OpenedEmbedder>) -> anyhow::Result<String> {
        let digest = match (self, opened) {
            // A model is known by its files, wherever they lie.
            (Self::Encoder(_) | Self::Endpoint(_), Some(opened)) => {
                Digest::default().with("model", &opened.digest)
            }
            (Self::Lsa(_) | Self::Own, _) => {
                Digest::default().with("config", serde_json::to_vec(self)?)
            }
            (Self::Encoder(_) | Self::Endpoint(_), None) => bail!("the model is not open"),
        };
        let [query, document] = self.prefixes();
        Ok(digest
            .with("query", query)
            .with("document", document)
            .finish())
    }
}

/// The folder of a model: a name in `$RAGKIT_MODELS`, or a path with a `/` in it.
pub(crate) fn model_folder(model: &str) -> anyhow::Result<PathBuf> {
    let folder = if model.contains('/') {
        PathBuf::from(model)
    } else {
        models_folder().join(model)
    };
    if !folder.is_dir() {
        let place = folder.parent().unwrap_or(Path::new("."));
        return Err(anyhow::anyhow!(if model.contains('/') {
            "put it there, or name another; words can be searched without it"
        } else {
            "fetch it with `just model` (or its commands in `justfile`), or set RAGKIT_MODELS to the folder that holds it"
        }))
        .context(format!("the model `{model}` is not in `{}`", place.display()));
    }
    Ok(folder)
}

/// Where models are: `$RAGKIT_MODELS`, or `models` in the working directory.
pub fn models_folder() -> PathBuf {
    std::env::var_os("RAGKIT_MODELS")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| PathBuf::from("models"), PathBuf::from)
}
