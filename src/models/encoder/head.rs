//! Classification heads: from a token's vector to a logit for each label, and what the labels are called.

use std::path::Path;

use anyhow::{bail, ensure};
use candle_core::{Device as Place, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::config::Family;
use super::files::Files;
use super::kernels::Activation;
use super::layers::{Linear, Norm};
use super::parts::Parts;
use super::settings::Settings;

/// What a classifier gives labels to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// The whole text, or pair of texts: transformers' `…ForSequenceClassification`.
    Sequence,
    /// Each token: transformers' `…ForTokenClassification`.
    Token,
}

impl HeadKind {
    /// The kind that `architectures` of a model folder's `config.json` names.
    ///
    /// # Errors
    /// Where the file cannot be read, or names neither.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let settings = Settings::load(&folder.join("config.json"))?;
        let named = settings.texts(&["architectures"])?.unwrap_or_default();
        let is = |end: &str| named.iter().any(|name| name.ends_with(end));
        match (
            is("ForSequenceClassification"),
            is("ForTokenClassification"),
        ) {
            (true, false) => Ok(Self::Sequence),
            (false, true) => Ok(Self::Token),
            _ => bail!(
                "`{}` does not tell in `architectures` whether its head is a `…ForSequenceClassification` or a `…ForTokenClassification`; say so with `head = 'sequence'` or `head = 'token'`",
                settings.path()
            ),
        }
    }

    /// How transformers' classes of it end.
    fn class(self) -> &'static str {
        match self {
            Self::Sequence => "…ForSequenceClassification",
            Self::Token => "…ForTokenClassification",
        }
    }
}

/// A linear map from a vector to the logits, behind another with an activation and a norm as far as the family has them.
pub(super) struct Head {
    dense: Option<Linear>,
    norm: Option<Norm>,
    out: Linear,
}

impl Head {
    /// Reads the head of a kind, with as many outputs as there are labels.
    pub(super) fn load(
        kind: HeadKind,
        files: &Files,
        labels: usize,
        device: &Place,
    ) -> anyhow::Result<Self> {
        let (config, weights) = (&files.config, &files.weights);
        let linear = |name: &str, to: usize, activation| {
            let (weight, bias) = weights.whole_linear(name, config.hidden, to)?;
            anyhow::Ok(Linear::new(&weight, &bias, activation, device)?)
        };
        let dense = |name: &str, activation| linear(name, config.hidden, activation).map(Some);
        let (dense, norm) = match (&config.family, kind) {
            (Family::Modern(modern), _) => {
                let parts = Parts {
                    weights,
                    config,
                    device,
                };
                let (dense, norm) = modern.head(&parts)?;
                (Some(dense), Some(norm))
            }
            (_, HeadKind::Token) => (None, None),
            // The pooler belongs to the transformer, and has its prefix.
            (Family::Bert, _) => (
                dense(&weights.prefixed("pooler.dense"), Activation::Tanh)?,
                None,
            ),
            (Family::Deberta(deberta), _) => {
                (dense("pooler.dense", deberta.head_activation)?, None)
            }
            (Family::Distilbert, _) => (dense("pre_classifier", Activation::Relu)?, None),
            (Family::Roberta | Family::Mpnet, _) => {
                (dense("classifier.dense", Activation::Tanh)?, None)
            }
        };
        Ok(Self {
            dense,
            norm,
            out: linear(out_name(kind, &config.family), labels, Activation::Identity)?,
        })
    }

    /// From `[rows, hidden]` to `[rows, labels]`.
    pub(super) fn forward(&self, vectors: &Tensor) -> Result<Tensor> {
        let mut vectors = vectors.clone();
        if let Some(dense) = &self.dense {
            vectors = dense.forward(&vectors)?;
        }
        if let Some(norm) = &self.norm {
            vectors = norm.forward(&vectors)?;
        }
        self.out.forward(&vectors)
    }
}

/// Where a family keeps the map to the logits.
fn out_name(kind: HeadKind, family: &Family) -> &'static str {
    match (kind, family) {
        (HeadKind::Sequence, Family::Roberta | Family::Mpnet) => "classifier.out_proj",
        _ => "classifier",
    }
}

/// What a classifier's outputs mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels {
    /// The name of each: `id2label`, or `LABEL_0` and so on where `config.json` has none.
    pub(super) names: Vec<String>,
    /// Whether several may hold at once: `problem_type`.
    pub(super) several: bool,
}

impl Labels {
    /// Reads them.
    ///
    /// # Errors
    /// Where the weights have no such head, or it has another number of outputs than `config.json` has labels.
    pub(super) fn load(kind: HeadKind, folder: &Path, files: &Files) -> anyhow::Result<Self> {
        let weight = format!("{}.weight", out_name(kind, &files.config.family));
        let Some(outputs) = files.weights.rows(&weight) else {
            bail!(
                "`{}` has no tensor `{weight}`, so no classification head; take a model that was saved as a `{}`",
                files.weights.path(),
                kind.class()
            );
        };
        let settings = Settings::load(&folder.join("config.json"))?;
        let named = settings.numbered_texts("id2label")?;
        let said = match &named {
            Some(named) => Some(named.len()),
            None => settings.number(&["num_labels"])?,
        };
        ensure!(
            outputs > 0 && said.is_none_or(|said| said == outputs),
            "`{}` has {} labels, and the head in `{}` has {outputs} outputs; take files that belong together",
            settings.path(),
            said.unwrap_or(0),
            files.weights.path()
        );
        let numbered = || (0..outputs).map(|label| format!("LABEL_{label}")).collect();
        Ok(Self {
            several: settings.text(&["problem_type"])? == Some("multi_label_classification"),
            names: named.unwrap_or_else(numbered),
        })
    }
}
