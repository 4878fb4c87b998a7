//! The training file: what a scorer of faithfulness is trained on.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::analysis::AnalyserConfig;
use crate::caches;
use crate::data::{Card, LabelledSources, PathText};
use crate::faithfulness::train::{Collections, Options};

/// A file such as `configs/faithfulness/train.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaithfulnessTraining {
    /// Seed of the made-up negatives.
    #[serde(default = "super::default_seed")]
    pub seed: u64,
    /// The penalty on squared coefficients of standardised features.
    #[serde(default = "default_l2")]
    pub l2: f64,
    /// How text becomes terms.
    #[serde(default)]
    pub analyser: AnalyserConfig,
    /// Collections of one origin together.
    pub families: Vec<FamilySources>,
}

/// Collections of one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySources {
    /// The family's name.
    pub name: String,
    /// The cards of its labelled answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<PathText>,
    /// Its labelled answers, where there is no card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<LabelledSources>,
}

fn default_l2() -> f64 {
    0.1
}

impl FaithfulnessTraining {
    /// Reads and validates a training file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let training: Self = super::parsed(path)?;
        training
            .validate()
            .with_context(|| format!("`{}` is not a valid training file", path.display()))?;
        Ok(training)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.l2 > 0.0 && self.l2.is_finite(),
            "`l2 = {}` must be a number above 0",
            self.l2
        );
        for (place, family) in self.families.iter().enumerate() {
            let mut before = self.families[..place].iter();
            ensure!(
                before.all(|other| other.name != family.name),
                "two families are called `{}`; give each its own name",
                family.name
            );
            ensure!(
                family.cards.is_empty() == family.labelled.is_some(),
                "the family `{}` needs `cards`, or else `labelled`",
                family.name
            );
            if let Some(labelled) = &family.labelled {
                let labelled = labelled.validate();
                labelled.with_context(|| format!("the family `{}`", family.name))?;
            }
        }
        Ok(())
    }

    /// Reads what the families hold.
    pub fn collections(&self) -> anyhow::Result<Vec<Collections>> {
        let read = |family: &FamilySources| {
            let answers = match &family.labelled {
                Some(labelled) => labelled.read(&caches::folder()),
                None => Card::labelled(&family.cards, &caches::folder()),
            };
            Ok(Collections {
                name: family.name.clone(),
                answers: answers.with_context(|| format!("the family `{}`", family.name))?,
            })
        };
        self.families.iter().map(read).collect()
    }

    /// How to train.
    pub fn options(&self) -> Options {
        Options {
            analyser: self.analyser.clone(),
            l2: self.l2,
            seed: self.seed,
        }
    }
}
