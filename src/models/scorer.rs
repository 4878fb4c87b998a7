//! Which model scores pairs of query and passage.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::config::model_folder;
use super::{CrossEncoder, Device, Encoder, LateInteraction, SequenceClassifier};
use crate::data::Digest;

/// Tells how well passages answer queries.
pub trait Scorer: Sync {
    /// One score a pair of query and passage, in order; more is better. Scores of different scorers do not compare.
    ///
    /// A score depends on its own pair only, never on the batch that it came in: on the CPU to the last bit.
    fn score(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Vec<f32>>;
}

/// Where scores come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScorerConfig {
    /// A classifier that reads query and passage together.
    Cross(CrossConfig),
    /// An encoder's token vectors, compared one by one.
    Late(LateConfig),
}

/// A sequence classifier in a folder as transformers writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossConfig {
    /// The folder: a name in `$RAGKIT_MODELS` (`models` unless set), or a path with a `/` in it.
    pub model: String,
    /// Where it computes.
    #[serde(default)]
    pub device: Device,
    /// The label that means that a passage is relevant; needed where the model has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
}

/// One output of a classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// Its place, from 0 on.
    Number(usize),
    /// Its name in `id2label` of the model's `config.json`.
    Name(String),
}

/// An encoder in a folder as Hugging Face and sentence-transformers write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LateConfig {
    /// The folder: a name in `$RAGKIT_MODELS` (`models` unless set), or a path with a `/` in it.
    pub model: String,
    /// Where it computes.
    #[serde(default)]
    pub device: Device,
    /// What is put before a query, as some models ask for (`query: `).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query_prefix: String,
    /// What is put before a passage (`passage: `).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document_prefix: String,
}

/// A scorer that is ready, and what its scores are a function of beside the pair.
pub struct OpenedScorer {
    /// The model.
    pub scorer: Box<dyn Scorer + Send>,
    /// Equal digests, equal scores.
    pub digest: String,
}

impl ScorerConfig {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cross(_) => "cross",
            Self::Late(_) => "late",
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.model().is_empty(),
            "the scorer `{}` names no `model`; give the name of a folder",
            self.name()
        );
        Ok(())
    }

    /// Whether the model is there, without reading it.
    pub fn check(&self) -> anyhow::Result<()> {
        model_folder(self.model()).map(|_| ())
    }

    /// The model, ready to score.
    ///
    /// # Errors
    /// Where it is not there or cannot be read, or has no such label.
    pub fn open(&self) -> anyhow::Result<OpenedScorer> {
        let folder = model_folder(self.model())?;
        let digest = Digest::default().with("scorer", self.name());
        Ok(match self {
            Self::Cross(config) => {
                let classifier = SequenceClassifier::load_on(&folder, config.device)?;
                let digest = digest.with("model", classifier.digest());
                let scorer = CrossEncoder::new(classifier, config.label.as_ref())?;
                OpenedScorer {
                    digest: digest.with("label", scorer.label().to_string()).finish(),
                    scorer: Box::new(scorer),
                }
            }
            Self::Late(config) => {
                let encoder = Encoder::load_on(&folder, config.device)?;
                let [query, document] = [&config.query_prefix, &config.document_prefix];
                OpenedScorer {
                    digest: digest
                        .with("model", encoder.digest())
                        .with("query", query)
                        .with("document", document)
                        .finish(),
                    scorer: Box::new(LateInteraction::new(encoder, query, document)),
                }
            }
        })
    }

    /// The name of the model.
    pub fn model(&self) -> &str {
        match self {
            Self::Cross(config) => &config.model,
            Self::Late(config) => &config.model,
        }
    }
}
