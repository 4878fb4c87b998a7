//! Encoders of the BERT family from a local Hugging Face folder.

mod composed;
mod config;
mod kernels;
mod layers;
mod pooling;
mod settings;
mod tokens;
mod weights;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;
use rayon::prelude::*;

use self::config::Config;
use self::layers::Transformer;
use self::pooling::{Modules, Pooling};
use self::tokens::{Sequence, Tokeniser};
use self::weights::Weights;
use crate::data::Digest;
use crate::models::{Device, Embedder, Matrix};

/// Tokens that go through the layers together: enough to keep all threads busy, few enough that what lies between two
/// layers stays in the cache.
const BATCH_TOKENS: usize = 512;

/// The files that decide what a model computes, beside its weights.
const FILES: [&str; 4] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
];

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
        let folder = modules.transformer;
        let config = Config::load(&folder.join("config.json"))?;
        let tokeniser = Tokeniser::load(&folder, &config)?;

        let mut files = Vec::new();
        for path in Weights::files(&folder)? {
            let bytes =
                fs::read(&path).context("a part of the model is missing; fetch it again")?;
            files.push((path, bytes));
        }
        let mut digest = Digest::default();
        for name in FILES {
            let path = folder.join(name);
            let bytes = if path.is_file() {
                fs::read(&path)?
            } else {
                Vec::new()
            };
            digest = digest.with(name, bytes);
        }
        digest = digest.with("pooling", format!("{:?}", modules.pooling));
        for (_, bytes) in &files {
            digest = digest.with("weights", bytes);
        }

        Ok(Self {
            hidden: config.hidden,
            transformer: Transformer::load(config, &Weights::read(&files)?, &device.open()?)?,
            tokeniser,
            pooling: modules.pooling,
            digest: digest.finish(),
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
        let rows = self.map(texts, |tokens| self.pooling.pool(tokens, self.hidden))?;
        Ok(Matrix::new(self.pooling.dim(self.hidden), rows.concat()))
    }

    /// The last layer's vector of every token of each text, special tokens included.
    pub fn token_vectors(&self, texts: &[&str]) -> anyhow::Result<Vec<Matrix>> {
        self.map(texts, |tokens| Matrix::new(self.hidden, tokens.to_vec()))
    }

    /// Applies a function to the token vectors of each text.
    fn map<T: Send>(
        &self,
        texts: &[&str],
        of: impl Fn(&[f32]) -> T + Sync,
    ) -> anyhow::Result<Vec<T>> {
        let sequences = self.tokeniser.encode(texts)?;
        // Threads take whole batches as long as there are any: they need not wait for each other after every operation.
        let batches: Vec<&[Sequence]> = Batches(&sequences).collect();
        let mapped: Vec<Vec<T>> = batches
            .into_par_iter()
            .map(|batch| {
                let vectors = self.transformer.forward(batch)?;
                let mut rest = vectors.as_slice();
                Ok(batch
                    .iter()
                    .map(|sequence| {
                        let (tokens, left) = rest.split_at(sequence.ids.len() * self.hidden);
                        rest = left;
                        of(tokens)
                    })
                    .collect())
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(mapped.into_iter().flatten().collect())
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

/// Runs of sequences of at most [`BATCH_TOKENS`], or of one that is longer.
struct Batches<'a>(&'a [Sequence]);

impl<'a> Iterator for Batches<'a> {
    type Item = &'a [Sequence];

    fn next(&mut self) -> Option<Self::Item> {
        let mut tokens = 0;
        let fits = |one: &&Sequence| {
            tokens += one.ids.len();
            tokens <= BATCH_TOKENS
        };
        let count = self.0.iter().take_while(fits).count().max(1);
        let (batch, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(batch)
    }
}
