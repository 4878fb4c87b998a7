//! Encoders from a local Hugging Face folder, and classifiers over them.

mod alignment;
mod classifier;
mod composed;
mod config;
mod deberta;
mod files;
mod head;
mod kernels;
mod late_interaction;
mod layers;
#[cfg(test)]
pub(crate) mod made;
mod modern;
mod mpnet;
mod parts;
mod pooling;
mod settings;
mod token_classifier;
mod tokens;
mod weights;

#[cfg(test)]
mod tests;

use std::path::Path;

use rayon::prelude::*;

pub use self::alignment::Claimed;
pub use self::classifier::SequenceClassifier;
use self::files::Files;
pub use self::head::HeadKind;
pub use self::late_interaction::LateInteraction;
use self::layers::Transformer;
use self::pooling::{Modules, Pooling};
pub use self::token_classifier::{TokenClassifier, TokenLogits};
use self::tokens::{Sequence, Tokeniser};
use crate::models::{Device, Embedder, Matrix};

/// Tokens that go through the layers together: enough to keep all threads busy, few enough that what lies between two
/// layers stays in the cache.
const BATCH_TOKENS: usize = 512;

/// A transformer with its tokenizer and pooling.
pub struct Encoder {
    transformer: Transformer,
    tokeniser: Tokeniser,
    pooling: Pooling,
    hidden: usize,
    digest: String,
}

impl Encoder {
    /// Reads a model for the CPU from a folder as Hugging Face and sentence-transformers write it: `config.json`, `tokenizer.json`
    /// and `model.safetensors` (f32, f16 or bf16), and `modules.json` with the files it names where there is one.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        Self::load_on(folder, Device::Cpu)
    }

    /// As [`Self::load`], on this device.
    pub fn load_on(folder: &Path, device: Device) -> anyhow::Result<Self> {
        let modules = Modules::load(folder)?;
        let pooling = format!("{:?}", modules.pooling);
        let files = Files::read(&modules.transformer, ("pooling", &pooling))?;
        Ok(Self {
            hidden: files.config.hidden,
            transformer: Transformer::load(files.config, &files.weights, &device.open()?)?,
            tokeniser: files.tokeniser,
            pooling: modules.pooling,
            digest: files.digest,
        })
    }

    /// SHA-256 of all files that decide what the model computes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// One pooled row a text, not normalised; a text without a token gets a row of zeros.
    ///
    /// A row depends on its own text only, never on the batch that it came in.
    pub fn pooled(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let rows = self.map(texts, |_, _, tokens| {
            Ok(self.pooling.pool(tokens, self.hidden))
        })?;
        Ok(Matrix::new(self.pooling.dim(self.hidden), rows.concat()))
    }

    /// The last layer's vector of every token of each text, special tokens included.
    pub fn token_vectors(&self, texts: &[&str]) -> anyhow::Result<Vec<Matrix>> {
        self.map(texts, |_, _, tokens| {
            Ok(Matrix::new(self.hidden, tokens.to_vec()))
        })
    }

    /// Applies a function to each text: its place, its tokens and their vectors.
    fn map<T: Send>(
        &self,
        texts: &[&str],
        of: impl Fn(usize, &Sequence, &[f32]) -> anyhow::Result<T> + Sync,
    ) -> anyhow::Result<Vec<T>> {
        in_batches(&self.tokeniser.encode(texts)?, |start, batch| {
            let vectors = self.transformer.forward(batch)?;
            let mut rest = vectors.as_slice();
            batch
                .iter()
                .enumerate()
                .map(|(place, sequence)| {
                    let (tokens, left) = rest.split_at(sequence.ids.len() * self.hidden);
                    rest = left;
                    of(start + place, sequence, tokens)
                })
                .collect()
        })
    }
}

impl Embedder for Encoder {
    fn dim(&self) -> usize {
        self.pooling.dim(self.hidden)
    }

    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let mut rows = Vec::with_capacity(texts.len() * self.dim());
        let pooled = self.pooled(texts)?;
        for row in 0..pooled.rows() {
            let start = rows.len();
            rows.extend_from_slice(pooled.row(row));
            Matrix::normalise(&mut rows[start..]);
        }
        Ok(Matrix::new(self.dim(), rows))
    }
}

/// Applies a function to runs of sequences, given with the place of the first, and lays what it makes of them end to end.
///
/// Threads take whole batches as long as there are any: they need not wait for each other after every operation.
fn in_batches<T: Send>(
    sequences: &[Sequence],
    of: impl Fn(usize, &[Sequence]) -> anyhow::Result<Vec<T>> + Sync,
) -> anyhow::Result<Vec<T>> {
    let batches: Vec<(usize, &[Sequence])> = Batches { sequences, next: 0 }.collect();
    let made: Vec<Vec<T>> = batches
        .into_par_iter()
        .map(|(start, batch)| of(start, batch))
        .collect::<anyhow::Result<_>>()?;
    Ok(made.into_iter().flatten().collect())
}

/// Runs of sequences of at most [`BATCH_TOKENS`], or of one that is longer, with the place of the first.
struct Batches<'a> {
    sequences: &'a [Sequence],
    next: usize,
}

impl<'a> Iterator for Batches<'a> {
    type Item = (usize, &'a [Sequence]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut tokens = 0;
        let fits = |one: &&Sequence| {
            tokens += one.ids.len();
            tokens <= BATCH_TOKENS
        };
        let start = self.next;
        let rest = &self.sequences[start..];
        let count = rest.iter().take_while(fits).count().max(1);
        let (batch, _) = rest.split_at_checked(count)?;
        self.next += count;
        Some((start, batch))
    }
}
