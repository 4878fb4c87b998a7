//! How a linear model is trained.

use serde::{Deserialize, Serialize};

use crate::moderation::ngrams::NgramConfig;

/// Logistic regression over hashed n-grams, in a config `linear = { l2 = 1.0 }`; each field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {
    /// The features.
    pub ngrams: NgramConfig,
    /// The penalty, above 0, scikit-learn's 1 / C: Σ weight · cross entropy + `l2` / 2 · |w|² is minimised. The intercept is not penalised.
    pub l2: f64,
    /// What a class counts for.
    pub class_weight: ClassWeight,
}

/// What a row of a class counts for, before its own weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeight {
    /// 1.
    #[default]
    None,
    /// Half of all weight over the weight of its class, in each category for itself: both classes count the same. Chances are then those of a balanced
    /// set, and want calibration.
    Balanced,
}

impl Default for LinearConfig {
    fn default() -> Self {
        Self {
            ngrams: NgramConfig::default(),
            l2: 1.0,
            class_weight: ClassWeight::default(),
        }
    }
}

impl LinearConfig {
    /// Whether all fields are in range; the message names the one that is not.
    pub fn validate(&self) -> Result<(), String> {
        self.ngrams.validate()?;
        if self.l2.is_finite() && self.l2 > 0.0 {
            return Ok(());
        }
        Err(format!(
            "`linear.l2` must be a number above 0, and is {}",
            self.l2
        ))
    }
}
