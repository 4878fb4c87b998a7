//! Token classification: the transformer with a head over each token, as transformers' `…ForTokenClassification` compute it.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::files::Files;
use super::head::{Head, HeadKind, Labels};
use super::in_batches;
use super::layers::Transformer;
use super::tokens::{Located, Sequence, Tokeniser};
use crate::models::{Device, Matrix};

/// A transformer that gives each token of a text, read behind another, a number for each of its labels.
pub struct TokenClassifier {
    transformer: Transformer,
    tokeniser: Tokeniser,
    head: Head,
    labels: Labels,
    digest: String,
}

/// What a [`TokenClassifier`] says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogits {
    /// Where each token stands, in bytes, in order. Tokens of one character share its place, and one that stands for no character
    /// of the text has an empty one.
    pub tokens: Vec<Range<usize>>,
    /// One row a token, one logit a label: any finite number, before softmax or sigmoid.
    pub logits: Matrix,
}

impl TokenClassifier {
    /// Reads a model from a folder that transformers saved a `…ForTokenClassification` of one of the encoder's families in:
    /// `config.json`, `tokenizer.json` and `model.safetensors` (f32, f16 or bf16).
    ///
    /// # Errors
    /// Where a file cannot be read, the weights have no classification head, or the head has another number of outputs
    /// than `config.json` has labels.
    pub fn load_on(folder: &Path, device: Device) -> anyhow::Result<Self> {
        let files = Files::read(folder, ("head", "token classification"))?;
        files.tokeniser.special(true)?;
        let labels = Labels::load(HeadKind::Token, folder, &files)?;
        let device = device.open()?;
        Ok(Self {
            head: Head::load(HeadKind::Token, &files, labels.names.len(), &device)?,
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

    /// Whether several labels may hold at once, as [`super::SequenceClassifier::is_multi_label`] says.
    pub fn is_multi_label(&self) -> bool {
        self.labels.several
    }

    /// The most tokens that both texts of a pair may have together, special ones apart.
    pub fn pair_tokens(&self) -> usize {
        self.tokeniser.room_for_pairs()
    }

    /// For each pair the tokens of its second text. What is too long for the model loses the end of its longer text
    /// (transformers' `truncation=True`), and tokens that are lost have no row.
    ///
    /// A row depends on its own pair only, never on the batch that it came in: on the CPU to the last bit.
    pub fn logits_of_pairs(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Vec<TokenLogits>> {
        let (sequences, located): (Vec<Sequence>, Vec<Vec<Located>>) =
            self.tokeniser.encode_located(pairs)?.into_iter().unzip();
        let labels = self.labels.names.len();
        let logits: Vec<f32> = in_batches(&sequences, |start, batch| {
            let mut before = 0;
            let mut places = Vec::new();
            for (sequence, located) in batch.iter().zip(&located[start..]) {
                places.extend(located.iter().map(|token| before + token.place));
                before += sequence.ids.len();
            }
            if places.is_empty() {
                return Ok(Vec::new());
            }
            let chosen = self.transformer.chosen(batch, places);
            chosen
                .and_then(|chosen| self.head.forward(&chosen)?.flatten_all()?.to_vec1())
                .context("the classifier failed")
        })?;
        ensure!(
            logits.iter().all(|logit| logit.is_finite()),
            "the classifier gives logits that are not numbers; fetch its weights again"
        );
        let mut rest = logits.as_slice();
        let of_text = located.into_iter().map(|located| {
            let (own, left) = rest.split_at(located.len() * labels);
            rest = left;
            TokenLogits {
                tokens: located.into_iter().map(|token| token.range).collect(),
                logits: Matrix::new(labels, own.to_vec()),
            }
        });
        Ok(of_text.collect())
    }
}
