//! Sequence classification: the transformer with a head over the first token, or the mean of all, as transformers'
//! `…ForSequenceClassification` compute it.

use std::path::Path;

use anyhow::{Context as _, ensure};

use super::files::Files;
use super::head::{Head, HeadKind, Labels};
use super::in_batches;
use super::layers::Transformer;
use super::tokens::{Sequence, Tokeniser};
use crate::models::{Device, Matrix};

/// A transformer that gives a text, or a pair of texts, a number for each of its labels.
pub struct SequenceClassifier {
    transformer: Transformer,
    pub(super) tokeniser: Tokeniser,
    head: Head,
    labels: Labels,
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
        let labels = Labels::load(HeadKind::Sequence, folder, &files)?;
        let device = device.open()?;
        Ok(Self {
            head: Head::load(HeadKind::Sequence, &files, labels.names.len(), &device)?,
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
        &self.labels.names
    }

    /// Whether several labels may hold at once (`problem_type` is `multi_label_classification`), so that each logit is for a sigmoid of
    /// its own and not for a softmax over all.
    pub fn is_multi_label(&self) -> bool {
        self.labels.several
    }

    /// The most tokens that both texts of a pair may have together, special ones apart.
    pub fn pair_tokens(&self) -> usize {
        self.tokeniser.room_for_pairs()
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
            let summaries = self.transformer.summaries(batch);
            summaries
                .and_then(|summaries| self.head.forward(&summaries)?.flatten_all()?.to_vec1())
                .context("the classifier failed")
        })?;
        ensure!(
            logits.iter().all(|logit| logit.is_finite()),
            "the classifier gives logits that are not numbers; fetch its weights again"
        );
        Ok(Matrix::new(self.labels.names.len(), logits))
    }
}
