//! What is read of a model folder, whatever the model is used for.

use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;

use super::config::Config;
use super::tokens::Tokeniser;
use super::weights::Weights;
use crate::data::Digest;

/// The files that decide what a model computes, beside its weights.
const FILES: [&str; 4] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
];

/// The parts of a transformer on their way to a device.
pub(super) struct Files {
    pub(super) config: Config,
    pub(super) tokeniser: Tokeniser,
    pub(super) weights: Weights,
    /// SHA-256 of all files that decide what the model computes, in hexadecimal.
    pub(super) digest: String,
}

impl Files {
    /// Reads the transformer's own files; the digest also takes in what is made of its tokens: the name of a part, and the
    /// part.
    pub(super) fn read(folder: &Path, (name, part): (&str, &str)) -> anyhow::Result<Self> {
        let config = Config::load(&folder.join("config.json"))?;
        let tokeniser = Tokeniser::load(folder, &config)?;
        let mut files = Vec::new();
        for path in Weights::files(folder)? {
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
        digest = digest.with(name, part);
        for (_, bytes) in &files {
            digest = digest.with("weights", bytes);
        }
        Ok(Self {
            weights: Weights::read(&files, config.family.words())?,
            config,
            tokeniser,
            digest: digest.finish(),
        })
    }
}
