//! Features and a learner together: from a prompt to a score for each model, or for each task.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::features::{Features, FeaturesConfig};
use super::learners::{Learned, Learner, Rows};
use crate::caches::Embeddings;
use crate::data::Digest;

/// What is learned from the prompts of the training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictorConfig {
    /// What is known of a prompt.
    #[serde(default)]
    pub features: FeaturesConfig,
    /// How scores are learned from it.
    pub learner: Learner,
}

/// What was learned.
pub struct Predictor {
    features: Features,
    learned: Learned,
    /// A digest of all that the predictions are a function of.
    pub digest: String,
}

impl PredictorConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where a field is out of its range.
    pub fn validate(&self) -> anyhow::Result<()> {
        self.learner.validate().map_err(anyhow::Error::msg)
    }

    /// How a predictor is stored.
    pub fn stored(&self, predictor: &Predictor) -> Stored {
        Stored::of(self, predictor)
    }

    /// `lsa + ridge`, for messages.
    pub fn describe(&self) -> String {
        let learner = match self.learner {
            Learner::Knn(_) => "knn",
            Learner::Ridge(_) => "ridge",
            Learner::Logistic(_) => "logistic",
            Learner::Factorisation(_) => "factorisation",
            Learner::Trees(_) => "trees",
        };
        format!("{learner} on {}", self.features.name())
    }

    /// Learns from prompts and their targets, `targets[prompt * outputs + output]`, each 0 to 1.
    ///
    /// # Errors
    /// Where a model is missing, or there is no prompt.
    pub fn fit(
        &self,
        prompts: &[&str],
        targets: &[f64],
        outputs: usize,
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Predictor> {
        anyhow::ensure!(
            !prompts.is_empty(),
            "there is no prompt to learn from: the training part has none with outcomes of all models"
        );
        let features = self.features.fit(prompts, embeddings);
        let features = features.with_context(|| self.describe())?;
        let rows = features.of(prompts)?;
        let rows = Rows {
            dim: rows.dim(),
            values: rows.values(),
        };
        let learned = self.learner.fit(rows, targets, outputs, seed);
        let digest = Digest::default()
            .with("features", &features.digest)
            .with("learned", serde_json::to_vec(&learned)?)
            .finish();
        Ok(Predictor {
            features,
            learned,
            digest,
        })
    }
}

/// A predictor as it is stored; vectors that were fitted lie in a folder of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// How it was learned.
    pub config: PredictorConfig,
    /// Digest of what makes the vectors.
    features: String,
    learned: Learned,
    digest: String,
}

impl Stored {
    fn of(config: &PredictorConfig, predictor: &Predictor) -> Self {
        Self {
            config: config.clone(),
            features: predictor.features.digest.clone(),
            learned: predictor.learned.clone(),
            digest: predictor.digest.clone(),
        }
    }

    /// What was stored, ready; what was fitted to texts lies in `folder`.
    ///
    /// # Errors
    /// Where what makes vectors is missing or another one.
    pub fn open(&self, folder: &Path, embeddings: &mut Embeddings) -> anyhow::Result<Predictor> {
        let features = self
            .config
            .features
            .load(folder, &self.features, embeddings);
        Ok(Predictor {
            features: features.with_context(|| self.config.describe())?,
            learned: self.learned.clone(),
            digest: self.digest.clone(),
        })
    }
}

impl Predictor {
    /// Writes what makes the vectors, where it was fitted, to a folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save_features(&self, folder: &Path) -> anyhow::Result<()> {
        self.features.save(folder)
    }

    /// A value an output for each prompt.
    ///
    /// # Errors
    /// Where a model fails.
    pub fn predict(&self, prompts: &[&str]) -> anyhow::Result<Vec<Vec<f64>>> {
        let rows = self.features.of(prompts)?;
        let predict = |row: usize| self.learned.predict(rows.row(row));
        Ok((0..prompts.len()).map(predict).collect())
    }
}
