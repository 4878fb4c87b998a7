//! `[system.cache]`: which caches are compared, and how the pairs are divided.

use std::fmt;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::metric::CacheMetric;
use crate::caches::Guard;
use crate::models::{
    EmbedderConfig, EncoderConfig, EndpointConfig, OpenedEmbedder, Terms, TermsConfig,
};
use crate::systems::{check_names, check_needs};

/// Caches of answers under evaluation, on pairs of questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the pairs are divided into those that thresholds are fitted on and those that are evaluated.
    #[serde(default)]
    pub split: Split,
    /// What a cache holds when a pair's new question comes.
    #[serde(default)]
    pub holds: Holds,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

/// Half of the clusters of pairs, by a hash, is for fitting; the other half is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Split {
    /// Seed of the hash.
    pub seed: u64,
    /// The field of the pairs that names their cluster: those made from one question stay together.
    pub by: String,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            seed: 17,
            by: "base".to_owned(),
        }
    }
}

/// What a cache holds when a pair's new question comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// The pair's own cached question and no other: what is measured is what the labels say.
    #[default]
    Own,
    /// The cached questions of all pairs, as a cache in use would. A hit on another one than the pair's own counts as wrong, so this suits pairs
    /// whose cached questions all have answers of their own.
    All,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "the cache holds the pair's own cached question",
            Self::All => "the cache holds the cached questions of all pairs; a hit on another than the pair's own is wrong",
        })
    }
}

/// One cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// How it knows a question again.
    pub cache: Cache,
}

/// How a cache knows a question again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// By its words ([`crate::caches::ExactCache`]).
    Exact(Exact),
    /// By its vector ([`crate::caches::SemanticCache`]).
    Semantic(Box<Semantic>),
}

/// The exact cache has nothing to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {}

/// A semantic cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Semantic {
    /// What makes vectors of questions.
    pub embedder: QuestionEmbedder,
    /// From which similarity on it hits.
    pub threshold: Threshold,
    /// What both questions must fulfil besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

/// What makes vectors of questions. Latent semantic analysis is not among them: it is fitted on a corpus, and here there is none but the questions
/// that it would be evaluated on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionEmbedder {
    /// Counts of letters, with nothing downloaded.
    Terms(TermsConfig),
    /// A transformer from a local folder.
    Encoder(EncoderConfig),
    /// A server that speaks `OpenAI`'s embeddings protocol.
    Endpoint(EndpointConfig),
}

/// From which similarity on a cache hits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// From this cosine on, -1 to 1.
    Fixed(f64),
    /// From the lowest that keeps a promise on the half for fitting.
    Fitted(Fitted),
}

/// A promise that a threshold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// The share of pairs with different answers that may hit, 0 to 1.
    pub max_false_hits: f64,
}

impl Config {
    /// The config of each variant by itself.
    pub fn single_variants(&self) -> Vec<Self> {
        let only = |variant: &Variant| Self {
            variants: vec![variant.clone()],
            ..self.clone()
        };
        self.variants.iter().map(only).collect()
    }

    /// Checks what serde cannot: ranges and fields that belong together.
    pub fn validate(&self, metrics: &[CacheMetric]) -> anyhow::Result<()> {
        ensure!(
            !metrics.is_empty(),
            "`metrics` is empty; a cache has {}",
            CacheMetric::names()
        );
        ensure!(
            !self.variants.is_empty(),
            "`system.cache.variants` is empty; declare one with `[[system.cache.variants]]`"
        );
        check_names(self.variants.iter().map(|variant| variant.name.as_str()))?;
        for Variant { name, cache } in &self.variants {
            if let Cache::Semantic(semantic) = cache {
                semantic
                    .validate()
                    .map_err(|error| error.context(format!("variant `{name}`")))?;
            }
        }
        Ok(())
    }

    /// Checks that the models are there, without reading them.
    ///
    /// # Errors
    /// Where one is missing, with the variants that run without it.
    pub fn check_models(&self) -> anyhow::Result<()> {
        let needs = |variant: &Variant| match &variant.cache {
            Cache::Exact(_) => Ok(()),
            Cache::Semantic(semantic) => semantic.embedder.check(),
        };
        let variants = self.variants.iter();
        let variants = variants.map(|variant| (variant.name.as_str(), needs(variant)));
        check_needs(&variants.collect::<Vec<_>>())
    }
}

impl Semantic {
    /// Checks what serde cannot: ranges, and guards named once.
    ///
    /// # Errors
    /// Where a value is out of its range.
    pub fn validate(&self) -> anyhow::Result<()> {
        match self.threshold {
            Threshold::Fixed(threshold) => ensure!(
                (-1.0..=1.0).contains(&threshold),
                "`threshold.fixed = {threshold}` must be a cosine, from -1 to 1"
            ),
            Threshold::Fitted(Fitted { max_false_hits }) => ensure!(
                (0.0..=1.0).contains(&max_false_hits),
                "`max_false_hits = {max_false_hits}` must be a share, from 0 to 1"
            ),
        }
        for (place, guard) in self.guards.iter().enumerate() {
            ensure!(
                !self.guards[..place].contains(guard),
                "`guards` names `{}` twice",
                guard.name()
            );
        }
        match &self.embedder {
            QuestionEmbedder::Terms(terms) => Terms::new(terms).map(|_| ()),
            QuestionEmbedder::Encoder(_) => Ok(()),
            QuestionEmbedder::Endpoint(endpoint) => endpoint.validate(),
        }
    }
}

impl QuestionEmbedder {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Terms(_) => "terms",
            Self::Encoder(_) => "encoder",
            Self::Endpoint(_) => "endpoint",
        }
    }

    /// What is put before a question.
    pub fn prefix(&self) -> &str {
        match self {
            Self::Terms(_) => "",
            Self::Encoder(encoder) => &encoder.query_prefix,
            Self::Endpoint(endpoint) => &endpoint.query_prefix,
        }
    }

    /// As that of an index, where an index can have it.
    fn as_embedder(&self) -> Option<EmbedderConfig> {
        match self {
            Self::Terms(_) => None,
            Self::Encoder(encoder) => Some(EmbedderConfig::Encoder(encoder.clone())),
            Self::Endpoint(endpoint) => Some(EmbedderConfig::Endpoint(endpoint.clone())),
        }
    }

    /// Checks that the model is there, without reading it.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(&self) -> anyhow::Result<()> {
        self.as_embedder().map_or(Ok(()), |config| config.check())
    }

    /// The model.
    ///
    /// # Errors
    /// Where it is not there or cannot be read.
    pub fn open(&self) -> anyhow::Result<OpenedEmbedder> {
        match self {
            Self::Terms(config) => Ok(OpenedEmbedder {
                embedder: Box::new(Terms::new(config)?),
                digest: config.digest(),
            }),
            Self::Encoder(_) | Self::Endpoint(_) => {
                let opened = self.as_embedder().map(|config| config.open()).transpose()?;
                opened
                    .flatten()
                    .ok_or_else(|| anyhow::anyhow!("the model needs a corpus"))
            }
        }
    }
}
