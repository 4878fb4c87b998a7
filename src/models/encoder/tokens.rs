//! From text to tokens, by the model's own `tokenizer.json`.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use rayon::prelude::*;
use tokenizers::{EncodeInput, Encoding, PostProcessor as _, Tokenizer, TruncationParams};

use super::config::Config;
use super::settings::Settings;

/// One text, or one pair of texts, as the transformer reads it, special tokens included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    pub(super) ids: Vec<u32>,
    /// Which part of a pair each token belongs to; all 0 for one text.
    pub(super) types: Vec<u32>,
    /// Whether the tokenizer added a token to those of the text.
    pub(super) special: Vec<bool>,
}

/// A token of the second text of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// Its place in the sequence.
    pub(super) place: usize,
    /// Where it stands in the text, in bytes.
    pub(super) range: Range<usize>,
}

/// Cuts texts into tokens of a vocabulary.
pub(super) struct Tokeniser {
    tokenizer: Tokenizer,
    path: PathBuf,
    /// Rows of the word table: no token may lie outside.
    vocabulary: usize,
    /// Rows of the table of token types, 0 where there is none.
    types: usize,
    /// Tokens of the longest sequence, special ones included.
    max_length: usize,
    lowercase: bool,
}

impl Tokeniser {
    /// The tokenizer of a model folder, which cuts each text to [`Config::longest`].
    pub(super) fn load(folder: &Path, config: &Config) -> anyhow::Result<Self> {
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
        let max_length = config.longest(saved);
        // Sequences are packed and never padded, and what a file says of either was meant for one use of it.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length,
                ..TruncationParams::default()
            }))
            .map_err(|error| anyhow!(error))?;
        let loaded = Self {
            tokenizer,
            path,
            vocabulary: config.vocabulary,
            types: config.types,
            max_length,
            lowercase: sentence.flag("do_lower_case")?.unwrap_or(false),
        };
        loaded.special(false)?;
        Ok(loaded)
    }

    /// The number of special tokens that are added to one text, or to a pair.
    ///
    /// # Errors
    /// Where they leave no room for others.
    pub(super) fn special(&self, pair: bool) -> anyhow::Result<usize> {
        let processor = self.tokenizer.get_post_processor();
        let special = processor.map_or(0, |processor| processor.added_tokens(pair));
        ensure!(
            self.max_length > special,
            "`{}` cuts texts to {} tokens, which leaves none beside the {special} special ones; take the files that came with the weights",
            self.path.parent().unwrap_or(&self.path).display(),
            self.max_length
        );
        Ok(special)
    }

    /// Tokens of the longest sequence, special ones included.
    pub(super) fn longest(&self) -> usize {
        self.max_length
    }

    /// The tokens of each text; a long one loses its end.
    pub(super) fn encode(&self, texts: &[&str]) -> anyhow::Result<Vec<Sequence>> {
        let encode = |text: &&str| self.encode_one(self.cased(text).into());
        texts.par_iter().map(encode).collect()
    }

    /// The tokens of each pair, one text behind the other; a long pair loses the end of its longer text, and of both
    /// where they are equally long (transformers' `longest_first`).
    pub(super) fn encode_pairs(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Vec<Sequence>> {
        let encode = |(first, second): &(&str, &str)| {
            self.encode_one((self.cased(first), self.cased(second)).into())
        };
        pairs.par_iter().map(encode).collect()
    }

    /// As [`Self::encode_pairs`], each with the tokens of its second text.
    pub(super) fn encode_located(
        &self,
        pairs: &[(&str, &str)],
    ) -> anyhow::Result<Vec<(Sequence, Vec<Located>)>> {
        ensure!(
            !self.lowercase,
            "`{}` asks for lower case, which moves letters; take a model whose tokenizer does so itself",
            self.path
                .with_file_name("sentence_bert_config.json")
                .display()
        );
        let encode = |(first, second): &(&str, &str)| {
            let encoding = self.tokenizer.encode((*first, *second), true);
            let encoding = encoding.map_err(unreadable)?;
            let texts = encoding.get_sequence_ids().into_iter();
            let located = texts.zip(encoding.get_offsets()).enumerate();
            let second = located.filter_map(|(place, (text, &(start, end)))| {
                let range = start..end;
                (text == Some(1)).then_some(Located { place, range })
            });
            anyhow::Ok((self.checked(&encoding)?, second.collect()))
        };
        pairs.par_iter().map(encode).collect()
    }

    /// The most tokens that both texts of a pair may have together.
    pub(super) fn room_for_pairs(&self) -> usize {
        let processor = self.tokenizer.get_post_processor();
        let special = processor.map_or(0, |processor| processor.added_tokens(true));
        self.max_length.saturating_sub(special)
    }

    fn cased<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.lowercase {
            text.to_lowercase().into()
        } else {
            text.into()
        }
    }

    fn encode_one(&self, input: EncodeInput) -> anyhow::Result<Sequence> {
        let encoding = self.tokenizer.encode_fast(input, true);
        self.checked(&encoding.map_err(unreadable)?)
    }

    fn checked(&self, encoding: &Encoding) -> anyhow::Result<Sequence> {
        let ids = encoding.get_ids().to_vec();
        for id in &ids {
            ensure!(
                (*id as usize) < self.vocabulary,
                "`{}` gives the token {id}, the model knows {}; take files that belong together",
                self.path.display(),
                self.vocabulary
            );
        }
        // A model of one type was trained on pairs without types, whatever its tokenizer says of them.
        let types = match self.types {
            1 => vec![0; ids.len()],
            _ => encoding.get_type_ids().to_vec(),
        };
        for of_token in &types {
            ensure!(
                self.types == 0 || (*of_token as usize) < self.types,
                "`{}` gives the token type {of_token}, the model knows {}; take files that belong together",
                self.path.display(),
                self.types
            );
        }
        let special = encoding.get_special_tokens_mask();
        Ok(Sequence {
            special: special.iter().map(|mask| *mask == 1).collect(),
            ids,
            types,
        })
    }
}

fn unreadable(error: tokenizers::Error) -> anyhow::Error {
    anyhow!(error).context("the tokenizer failed on a text; look for broken characters")
}
