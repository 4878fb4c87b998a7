//! A transformer that was trained elsewhere to tell categories of texts: BERT, `DistilBERT`, `RoBERTa` and the like, from a local folder.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::data::Digest;
use crate::models::{Device, SequenceClassifier, model_folder};

/// A sequence classifier and what its labels mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceConfig {
    /// The folder, as transformers saves a model: a name in `$RAGKIT_MODELS` (`models` unless set), or a path with a `/` in it.
    pub model: String,
    /// Where it computes.
    #[serde(default)]
    pub device: Device,
    /// By category the labels that mean it, as the model's `config.json` names them; the label of the category's own name where absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Vec<String>>,
}

impl SequenceConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where no model is named, or a category has no label.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.model.is_empty(),
            "`classifier` names no `model`; give the name of a folder"
        );
        for (category, labels) in &self.labels {
            ensure!(
                !labels.is_empty(),
                "`classifier.labels.{category}` is empty; name at least one label of the model"
            );
        }
        Ok(())
    }

    /// Checks that the folder is there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(&self) -> anyhow::Result<()> {
        model_folder(&self.model).map(|_| ())
    }
}

/// A classifier, ready.
pub(super) struct Sequence {
    model: SequenceClassifier,
    /// By category the places of its labels.
    places: Vec<Vec<usize>>,
}

impl Sequence {
    pub(super) fn open(config: &SequenceConfig, categories: &[String]) -> anyhow::Result<Self> {
        let model = SequenceClassifier::load_on(&model_folder(&config.model)?, config.device)?;
        let known = model.labels();
        let place = |name: &String| {
            let found = known
                .iter()
                .position(|label| label.eq_ignore_ascii_case(name));
            found.with_context(|| {
                format!(
                    "the classifier `{}` has no label `{name}`; it has {}: say which of them mean a category, as in `labels.hate = [\"{}\"]`",
                    config.model,
                    known.join(", "),
                    known.first().map_or("", String::as_str)
                )
            })
        };
        let of_category = |category: &String| {
            let own = [category.clone()];
            let names = config.labels.get(category).map_or(&own[..], Vec::as_slice);
            names.iter().map(place).collect()
        };
        let places: anyhow::Result<Vec<Vec<usize>>> = categories.iter().map(of_category).collect();
        Ok(Self {
            places: places?,
            model,
        })
    }

    pub(super) fn digest(&self) -> String {
        let places = format!("{:?}", self.places);
        let digest = Digest::default().with("model", self.model.digest());
        digest.with("places", places).finish()
    }

    /// By post and category: of a model that gives each label a sigmoid the largest logit of the category's labels, of one with a softmax over all the log-odds of their
    /// sum.
    pub(super) fn logits(&self, texts: &[&str]) -> anyhow::Result<Vec<Vec<f64>>> {
        let logits = self.model.logits(texts)?;
        let of_post = |post: usize| {
            let row: Vec<f64> = logits
                .row(post)
                .iter()
                .map(|logit| f64::from(*logit))
                .collect();
            let of_category = |places: &Vec<usize>| {
                let own = places.iter().map(|place| row[*place]);
                if self.model.is_multi_label() {
                    return own.fold(f64::NEG_INFINITY, f64::max);
                }
                let others = (0..row.len()).filter(|place| !places.contains(place));
                log_sum(own) - log_sum(others.map(|place| row[place]))
            };
            self.places.iter().map(of_category).collect()
        };
        Ok((0..texts.len()).map(of_post).collect())
    }
}

/// ln Σ eˣ.
fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    most + values.map(|value| (value - most).exp()).sum::<f64>().ln()
}
