//! From text to tokens, by the model's own `tokenizer.json`.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use rayon::prelude::*;
use tokenizers::{Tokenizer, TruncationParams};

use super::config::Config;
use super::settings::Settings;

/// One text as the transformer reads it, special tokens included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    pub(super) ids: Vec<u32>,
    /// Which part of a pair each token belongs to; all 0 for one text.
    pub(super) types: Vec<u32>,
}

/// Cuts texts into tokens of a vocabulary.
pub(super) struct Tokeniser {
    tokenizer: Tokenizer,
    path: PathBuf,
    /// Rows of the word table: no token may lie outside.
    vocabulary: usize,
    /// Rows of the table of token types, 0 where there is none.
    types: usize,
    lowercase: bool,
}

impl Tokeniser {
    /// The tokenizer of a model folder, which cuts each text to the length that the model was saved with, at most
    /// `longest` tokens.
    pub(super) fn load(folder: &Path, config: &Config) -> anyhow::Result<Self> {
        let longest = config.longest();
        let path = folder.join("tokenizer.json");
        let bytes = fs_err::read(&path).map_err(|error| {
            anyhow!(error).context(format!(
                "cannot read `{}`; save the model with a fast tokenizer",
                path.display()
            ))
        })?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| {
            anyhow!(error).context(format!(
                "`{}` is not a tokenizer; fetch the file again",
                path.display()
            ))
        })?;
        let sentence = Settings::load_optional(&folder.join("sentence_bert_config.json"))?;
        let model = Settings::load_optional(&folder.join("tokenizer_config.json"))?;
        let saved = match sentence.number(&["max_seq_length"])? {
            Some(length) => Some(length),
            None => model.number(&["model_max_length"])?,
        };
        let max_length = saved.unwrap_or(longest).min(longest);
        let special = tokenizer.get_post_processor().map_or(0, |processor| {
            tokenizers::PostProcessor::added_tokens(processor, false)
        });
        ensure!(
            max_length > special,
            "`{}` cuts texts to {max_length} tokens, which leaves none beside the {special} special ones; take the files that came with the weights",
            folder.display()
        );
        // Sequences are packed and never padded, and what a file says of either was meant for one use of it.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length,
                ..TruncationParams::default()
            }))
            .map_err(|error| anyhow!(error))?;
        Ok(Self {
            tokenizer,
            path,
            vocabulary: config.vocabulary,
            types: config.types,
            lowercase: sentence.flag("do_lower_case")?.unwrap_or(false),
        })
    }

    /// The tokens of each text.
    pub(super) fn encode(&self, texts: &[&str]) -> anyhow::Result<Vec<Sequence>> {
        texts.par_iter().map(|text| self.encode_one(text)).collect()
    }

    fn encode_one(&self, text: &str) -> anyhow::Result<Sequence> {
        let encoding = if self.lowercase {
            self.tokenizer.encode_fast(text.to_lowercase(), true)
        } else {
            self.tokenizer.encode_fast(text, true)
        };
        let encoding = encoding.map_err(|error| {
            anyhow!(error).context("the tokenizer failed on a text; look for broken characters")
        })?;
        let ids = encoding.get_ids().to_vec();
        for id in &ids {
            ensure!(
                (*id as usize) < self.vocabulary,
                "`{}` gives the token {id}, the model knows {}; take files that belong together",
                self.path.display(),
                self.vocabulary
            );
        }
        let types = encoding.get_type_ids().to_vec();
        for of_token in &types {
            ensure!(
                self.types == 0 || (*of_token as usize) < self.types,
                "`{}` gives the token type {of_token}, the model knows {}; take files that belong together",
                self.path.display(),
                self.types
            );
        }
        Ok(Sequence { ids, types })
    }
}
