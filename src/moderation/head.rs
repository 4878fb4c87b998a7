//! A head over vectors of posts: a learner for each category.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::ensemble::Sample;
use crate::caches::Embeddings;
use crate::data::Digest;
use crate::learning::learners::{Logistic, Rows};
use crate::learning::{Features, FeaturesConfig, Learned, Learner};

/// A learner on vectors of the posts, such as those of a sentence encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// What makes the vectors.
    #[serde(default)]
    pub features: FeaturesConfig,
    /// What is learned from them.
    #[serde(default = "HeadConfig::default_learner")]
    pub learner: Learner,
}

impl HeadConfig {
    fn default_learner() -> Learner {
        Learner::Logistic(Logistic::default())
    }

    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where a field of the learner is out of its range.
    pub fn validate(&self) -> anyhow::Result<()> {
        self.learner.validate().map_err(anyhow::Error::msg)
    }
}

/// A head that was learned.
pub(super) struct Head {
    pub(super) features: Features,
    /// By category.
    pub(super) learned: Vec<Learned>,
}

/// Probabilities beyond these are not told apart: their logits would be infinite.
const LEAST: f64 = 1e-6;

impl Head {
    /// Learns each category from the posts of which it is known, each with its weight where the learner knows weights: logistic regression does.
    pub(super) fn fit(
        config: &HeadConfig,
        sample: &Sample<'_>,
        categories: usize,
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Self> {
        let features = config.features.fit(&sample.texts, embeddings)?;
        let vectors = features.of(&sample.texts)?;
        let learn = |category: usize| {
            let (mut values, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
            for (post, aims) in sample.aims.iter().enumerate() {
                if let Some(aim) = aims[category] {
                    values.extend_from_slice(vectors.row(post));
                    targets.push(aim.share);
                    weights.push(aim.weight);
                }
            }
            let rows = Rows {
                dim: vectors.dim(),
                values: &values,
            };
            match &config.learner {
                Learner::Logistic(logistic) => {
                    Learned::Logistic(logistic.fit_weighed(rows, &targets, &weights, 1))
                }
                other => other.fit(rows, &targets, 1, seed),
            }
        };
        Ok(Self {
            learned: (0..categories).map(learn).collect(),
            features,
        })
    }

    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let digest = Digest::default().with("features", &self.features.digest);
        let learned = serde_json::to_vec(&self.learned)?;
        Ok(digest.with("learned", learned).finish())
    }

    /// By post and category.
    pub(super) fn logits(&self, texts: &[&str]) -> anyhow::Result<Vec<Vec<f64>>> {
        let vectors = self.features.of(texts).context("the head's vectors")?;
        let logit = |learned: &Learned, post: usize| {
            let chance = learned.predict(vectors.row(post))[0].clamp(LEAST, 1.0 - LEAST);
            (chance / (1.0 - chance)).ln()
        };
        let of_post = |post: usize| {
            let learned = self.learned.iter();
            learned.map(|learned| logit(learned, post)).collect()
        };
        Ok((0..texts.len()).map(of_post).collect())
    }
}
