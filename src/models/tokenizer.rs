//! How tokens are counted: what a chunk may be long, and what was retrieved.

use std::ops::Range;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};
use tokenizers::Tokenizer;

use super::config::model_folder;
use crate::data::{Checksum, Digest};

/// What a token is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenizerConfig {
    /// Runs of letters and digits, every ideograph and kana, every other sign: BERT's tokens before they are cut into pieces.
    #[default]
    Words,
    /// Those of a model's own `tokenizer.json`, without its special ones: a name in `$RAGKIT_MODELS`, or a path with a `/` in it.
    Model(String),
}

/// Cuts text into tokens.
pub struct Tokens(Kind);

enum Kind {
    Words,
    Model(Box<Tokenizer>),
}

impl TokenizerConfig {
    /// Opens it, with a digest of what its tokens are a function of.
    pub fn open(&self) -> anyhow::Result<(Tokens, String)> {
        let name = match self {
            Self::Words => return Ok((Tokens(Kind::Words), "words".to_owned())),
            Self::Model(name) => name,
        };
        let path = model_folder(name)?.join("tokenizer.json");
        let bytes = fs_err::read(&path)?;
        let not_one = |error| {
            anyhow!(
                "`{}` is not a tokenizer: {error}; fetch the file again",
                path.display()
            )
        };
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(not_one)?;
        // What the file says of either was meant for feeding a model.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| anyhow!(error))?;
        let digest = Digest::default().with("tokenizer", Checksum::of_file(&path)?.sha256);
        Ok((Tokens(Kind::Model(Box::new(tokenizer))), digest.finish()))
    }
}

impl Tokens {
    /// Where each token of `text` stands, in bytes; in order and without overlaps.
    pub fn of(&self, text: &str) -> anyhow::Result<Vec<Range<usize>>> {
        let tokenizer = match &self.0 {
            Kind::Words => return Ok(words(text)),
            Kind::Model(tokenizer) => tokenizer,
        };
        let encoding = tokenizer.encode(text, false);
        let encoding =
            encoding.map_err(|error| anyhow!("the tokenizer failed on a text: {error}"))?;
        let mut tokens: Vec<Range<usize>> = Vec::with_capacity(encoding.len());
        for &(start, end) in encoding.get_offsets() {
            // Several tokens of one character (the bytes of an emoji, say) have the place of that character.
            let from = tokens.last().map_or(0, |last| last.end);
            let start = start.max(from);
            if end >= start && text.is_char_boundary(start) && text.is_char_boundary(end) {
                tokens.push(start..end);
            }
        }
        Ok(tokens)
    }
}

fn words(text: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (start, character) in text.char_indices() {
        let end = start + character.len_utf8();
        let continues = character.is_alphanumeric() && !stands_alone(character);
        match tokens.last_mut() {
            Some(last) if continues && in_word => last.end = end,
            _ if !character.is_whitespace() && !character.is_control() => tokens.push(start..end),
            _ => {}
        }
        in_word = continues;
    }
    tokens
}

/// Scripts that put no spaces between words.
fn stands_alone(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_ideographs_are_tokens() {
        let text = "L'été 2024: 日本 a_b…";
        let found: Vec<&str> = words(text).into_iter().map(|token| &text[token]).collect();
        assert_eq!(
            found,
            ["L", "'", "été", "2024", ":", "日", "本", "a", "_", "b", "…"]
        );
    }
}
