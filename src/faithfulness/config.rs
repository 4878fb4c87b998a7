//! Which scorer, and what must be known of it to read its numbers.

use serde::{Deserialize, Serialize};

use super::{BaselineConfig, Classifying, Scorer, TrainedConfig, Words, WordsConfig};
use crate::data::Digest;

/// How it is told whether answers say only what their sources say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScorerConfig {
    /// Tier 0: by words, numbers, names and denials.
    Words(WordsConfig),
    /// Tier 1: a small trained classifier over words, and an encoder where its weights have one.
    Trained(TrainedConfig),
    /// A scorer that a good one must beat.
    Baseline(BaselineConfig),
}

/// A scorer that is ready, with what must stand beside every number that it makes.
pub struct OpenedScorer {
    /// The scorer.
    pub scorer: Box<dyn Scorer + Send>,
    /// Equal digests, equal scorers: models, prompts, weights and threshold.
    pub digest: String,
    /// Tier, threshold and its origin, measured quality where that is known.
    pub description: String,
}

impl Default for ScorerConfig {
    /// The best that needs no model.
    fn default() -> Self {
        Self::Trained(TrainedConfig::default())
    }
}

impl ScorerConfig {
    /// Whether it is what a config has that names none.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Words(_) => "words",
            Self::Trained(_) => "trained",
            Self::Baseline(baseline) => baseline.by.name(),
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        match self {
            Self::Words(words) => words.validate(),
            Self::Trained(trained) => trained.validate(),
            Self::Baseline(baseline) => baseline.validate(),
        }
    }

    /// Checks that what it needs is there, without reading it.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Words(_) => Ok(()),
            Self::Trained(trained) => trained.check(),
            Self::Baseline(baseline) => baseline.check(),
        }
    }

    /// The scorer. What its models compute is looked up and kept in the caches if they are to `remember` it.
    ///
    /// # Errors
    /// Where a model is missing or cannot be read.
    pub fn open(&self, remember: bool) -> anyhow::Result<OpenedScorer> {
        let _ = remember;
        match self {
            Self::Words(config) => {
                let words = Words::open(config)?;
                Ok(OpenedScorer {
                    digest: Digest::default()
                        .with("words", serde_json::to_vec(self)?)
                        .with("says", words.describe())
                        .finish(),
                    description: words.describe().to_owned(),
                    scorer: Box::new(words),
                })
            }
            Self::Trained(config) => {
                let trained = Classifying::open(config)?;
                Ok(OpenedScorer {
                    digest: trained.digest()?,
                    description: trained.describe(),
                    scorer: Box::new(trained),
                })
            }
            Self::Baseline(config) => Ok(OpenedScorer {
                scorer: config.open()?,
                digest: Digest::default()
                    .with("baseline", serde_json::to_vec(config)?)
                    .finish(),
                description: config.describe(),
            }),
        }
    }
}
