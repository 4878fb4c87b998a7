//! Sequence classification: the transformer with a head over the first token, as transformers'
//! `…ForSequenceClassification` compute it.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use candle_core::{Device as Place, Result, Tensor};

use super::config::{Config, Family};
use super::files::Files;
use super::in_batches;
use super::kernels::Activation;
use super::layers::{Linear, Transformer};
use super::settings::Settings;
use super::tokens::{Sequence, Tokeniser};
use super::weights::Weights;
use crate::models::{Device, Matrix};

/// A transformer that gives a text, or a pair of texts, a number for each of its labels.
pub struct SequenceClassifier {
    transformer: Transformer,
    pub(super) tokeniser: Tokeniser,
    head: Head,
    labels: Vec<String>,
    digest: String,
}

impl SequenceClassifier {
    /// Reads a model from a folder that transformers saved a `…ForSequenceClassification` of one of the encoder's families in:
    /// `config.json`, `tokenizer.json` and `model.safetensors` (f32, f16 or bf16).
    ///
    /// # Errors
    /// Where a file cannot be read, the weights have no classification head, or the head has another number of outputs
    /// than `config.json` has labels.
    pub fn load_on(folder: &Path, device: Device) -> anyhow::Result<Self> {
        let files = Files::read(folder, ("head", "sequence classification"))?;
        // The head reads the first token, so there has to be one even where both texts are empty.
        for pair in [false, true] {
            ensure!(
                files.tokeniser.special(pair)? > 0,
                "`{}` adds no special tokens, and the head reads the first of them; take the files that came with the weights",
                folder.join("tokenizer.json").display()
            );
        }
        let labels = labels(folder, &files)?;
        let device = device.open()?;
        Ok(Self {
            head: Head::load(&files.config, &files.weights, labels.len(), &device)?,
            transformer: Transformer::load(files.config, &files.weights, &device)?,
            tokeniser: files.tokeniser,
            labels,
            digest: files.digest,
        })
    }

    /// SHA-256 of all files that decide what the model computes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The names of the labels (`id2label`), in the order of the logits.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// One row a text, one logit a label: any finite number, before softmax or sigmoid.
    ///
    /// A row depends on its own text only, never on the batch that it came in: on the CPU to the last bit.
    pub fn logits(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        self.classify(&self.tokeniser.encode(texts)?)
    }

    /// As [`Self::logits`], one row a pair. What is too long for the model loses the end of its longer text
    /// (transformers' `truncation=True`).
    pub fn logits_of_pairs(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Matrix> {
        self.classify(&self.tokeniser.encode_pairs(pairs)?)
    }

    fn classify(&self, sequences: &[Sequence]) -> anyhow::Result<Matrix> {
        let logits: Vec<f32> = in_batches(sequences, |_, batch| {
            let first = self.transformer.first_tokens(batch);
            first
                .and_then(|first| self.head.forward(&first)?.flatten_all()?.to_vec1())
                .context("the classifier failed")
        })?;
        ensure!(
            logits.iter().all(|logit| logit.is_finite()),
            "the classifier gives logits that are not numbers; fetch its weights again"
        );
        Ok(Matrix::new(self.labels.len(), logits))
    }
}

/// Two linear maps from a token to the logits, the first with an activation.
struct Head {
    dense: Linear,
    out: Linear,
}

impl Head {
    fn load(
        config: &Config,
        weights: &Weights,
        labels: usize,
        device: &Place,
    ) -> anyhow::Result<Self> {
        let (dense, activation) = match config.family {
            // The pooler belongs to the transformer, and has its prefix.
            Family::Bert => (weights.prefixed("pooler.dense"), Activation::Tanh),
            Family::Distilbert => ("pre_classifier".to_owned(), Activation::Relu),
            Family::Roberta | Family::Mpnet => ("classifier.dense".to_owned(), Activation::Tanh),
        };
        let linear = |name: &str, to: usize, activation| {
            let (weight, bias) = weights.whole_linear(name, config.hidden, to)?;
            anyhow::Ok(Linear::new(&weight, &bias, activation, device)?)
        };
        Ok(Self {
            dense: linear(&dense, config.hidden, activation)?,
            out: linear(out_name(config.family), labels, Activation::Identity)?,
        })
    }

    fn forward(&self, first_tokens: &Tensor) -> Result<Tensor> {
        self.out.forward(&self.dense.forward(first_tokens)?)
    }
}

/// Where a family keeps the map to the logits.
fn out_name(family: Family) -> &'static str {
    match family {
        Family::Bert | Family::Distilbert => "classifier",
        Family::Roberta | Family::Mpnet => "classifier.out_proj",
    }
}

/// The name of each output of the head: `id2label`, or `LABEL_0` and so on where `config.json` has none.
fn labels(folder: &Path, files: &Files) -> anyhow::Result<Vec<String>> {
    let weight = format!("{}.weight", out_name(files.config.family));
    let Some(outputs) = files.weights.rows(&weight) else {
        bail!(
            "`{}` has no tensor `{weight}`, so no classification head; take a model that was saved as a `…ForSequenceClassification`",
            files.weights.path()
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
    Ok(named.unwrap_or_else(|| (0..outputs).map(|label| format!("LABEL_{label}")).collect()))
}
