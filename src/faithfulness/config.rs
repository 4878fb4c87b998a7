//! Which scorer, and what must be known of it to read its numbers.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{
    BaselineConfig, Classifier, ClassifierConfig, Classifying, Judge, JudgeConfig, Scorer,
    TrainedConfig, Words, WordsConfig,
};
use crate::caches::language_model;
use crate::data::Digest;
use crate::models::language::LanguageModelConfig;

/// The language models that a config declares, by name.
pub type LanguageModels = BTreeMap<String, LanguageModelConfig>;

/// How it is told whether answers say only what their sources say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScorerConfig {
    /// Tier 0: by words, numbers, names and denials.
    Words(WordsConfig),
    /// Tier 1: a small trained classifier over words, and an encoder where its weights have one.
    Trained(TrainedConfig),
    /// Tier 2: a classifier of pairs of texts, or of the tokens of an answer, from a local folder.
    Classifier(ClassifierConfig),
    /// Tier 3: a language model as the judge, claim by claim.
    Judge(JudgeConfig),
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
            Self::Classifier(_) => "classifier",
            Self::Judge(_) => "judge",
            Self::Baseline(baseline) => baseline.by.name(),
        }
    }

    /// Checks what serde cannot; `models` are the language models that the config declares.
    pub fn validate(&self, models: &LanguageModels) -> anyhow::Result<()> {
        match self {
            Self::Words(words) => words.validate(),
            Self::Trained(trained) => trained.validate(),
            Self::Classifier(classifier) => classifier.validate(),
            Self::Judge(judge) => {
                judge.validate()?;
                model(judge, models).map(|_| ())
            }
            Self::Baseline(baseline) => baseline.validate(),
        }
    }

    /// Checks that what it needs is there, without reading it.
    pub fn check(&self, models: &LanguageModels) -> anyhow::Result<()> {
        match self {
            Self::Words(_) => Ok(()),
            Self::Trained(trained) => trained.check(),
            Self::Classifier(classifier) => classifier.check(),
            Self::Judge(judge) => model(judge, models)?.check(),
            Self::Baseline(baseline) => baseline.check(),
        }
    }

    /// The scorer. What its models compute is looked up and kept in the caches if they are to `remember` it.
    ///
    /// # Errors
    /// Where a model is missing or cannot be read.
    pub fn open(&self, models: &LanguageModels, remember: bool) -> anyhow::Result<OpenedScorer> {
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
            Self::Classifier(config) => {
                let classifier = Classifier::open(config)?;
                Ok(OpenedScorer {
                    digest: classifier.digest()?,
                    description: classifier.describe(),
                    scorer: Box::new(classifier),
                })
            }
            Self::Judge(config) => {
                let opened = language_model(model(config, models)?, remember);
                let opened =
                    opened.with_context(|| format!("the language model `{}`", config.model))?;
                let judge = Judge::new(config, opened.model, &opened.digest, opened.price)?;
                Ok(OpenedScorer {
                    digest: judge.digest().to_owned(),
                    description: judge.describe(),
                    scorer: Box::new(judge),
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

/// The language model that a judge asks.
fn model<'m>(
    judge: &JudgeConfig,
    models: &'m LanguageModels,
) -> anyhow::Result<&'m LanguageModelConfig> {
    models.get(&judge.model).with_context(|| {
        let names: Vec<String> = models.keys().map(|name| format!("`{name}`")).collect();
        format!(
            "`judge.model = \"{}\"` is no language model of this config, which has {}; declare it in the `models` beside",
            judge.model,
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        )
    })
}
