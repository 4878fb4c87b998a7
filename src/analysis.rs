//! From text to terms: one analyser, used alike for documents and queries, for BM25 and for LSA; and from text to sentences.

mod sentences;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tantivy::tokenizer::{
    self, LowerCaser, RemoveLongFilter, SimpleTokenizer, StopWordFilter, TextAnalyzer, Token,
};

pub use self::sentences::sentences;
pub(crate) use self::sentences::trimmed;

/// Terms of this many bytes or more are dropped: they are base64, hashes and broken extraction, not words.
const LONGEST_TERM_BYTES: usize = 40;

/// How text becomes terms: runs of letters and digits, lower-cased, without stop words, stemmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalyserConfig {
    /// The language of the stop words and of the stemmer.
    pub language: Language,
    /// Drop the language's stop words (English: Lucene's 33).
    pub stop_words: bool,
    /// Reduce words to their Snowball stem (English: Porter 2).
    pub stem: bool,
}

impl Default for AnalyserConfig {
    fn default() -> Self {
        Self {
            language: Language::English,
            stop_words: true,
            stem: true,
        }
    }
}

/// The languages that have a stemmer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    Arabic,
    Danish,
    Dutch,
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

impl From<Language> for tokenizer::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Arabic => Self::Arabic,
            Language::Danish => Self::Danish,
            Language::Dutch => Self::Dutch,
            Language::English => Self::English,
            Language::Finnish => Self::Finnish,
            Language::French => Self::French,
            Language::German => Self::German,
            Language::Greek => Self::Greek,
            Language::Hungarian => Self::Hungarian,
            Language::Italian => Self::Italian,
            Language::Norwegian => Self::Norwegian,
            Language::Portuguese => Self::Portuguese,
            Language::Romanian => Self::Romanian,
            Language::Russian => Self::Russian,
            Language::Spanish => Self::Spanish,
            Language::Swedish => Self::Swedish,
            Language::Tamil => Self::Tamil,
            Language::Turkish => Self::Turkish,
        }
    }
}

/// Turns text into terms. Cheap to clone; each thread needs its own.
#[derive(Clone)]
pub struct Analyser(TextAnalyzer);

impl Analyser {
    /// Builds the analyser that `config` describes.
    pub fn new(config: &AnalyserConfig) -> anyhow::Result<Self> {
        let language = config.language.into();
        let mut builder = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(LONGEST_TERM_BYTES))
            .filter(LowerCaser)
            .dynamic();
        if config.stop_words {
            let filter = StopWordFilter::new(language).with_context(|| {
                format!("there is no stop-word list for {language:?}; set `stop_words = false` in the analyser (`--keep-stop-words`)")
            })?;
            builder = builder.filter_dynamic(filter);
        }
        if config.stem {
            builder = builder.filter_dynamic(tokenizer::Stemmer::new(language));
        }
        Ok(Self(builder.build()))
    }

    /// The terms of `text`, in order.
    pub fn terms(&mut self, text: &str) -> Vec<String> {
        self.tokens(text)
            .into_iter()
            .map(|token| token.text)
            .collect()
    }

    /// The terms of `text` with their places, as the inverted index takes them.
    pub(crate) fn tokens(&mut self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.0
            .token_stream(text)
            .process(&mut |token| tokens.push(token.clone()));
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_terms_are_lower_case_stemmed_and_without_stop_words() {
        let mut analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        let long = "x".repeat(40);
        assert_eq!(
            analyser.terms(&format!("The Dogs' IL-2 levels, in 1% of running {long}!")),
            ["dog", "il", "2", "level", "1", "run"]
        );
    }

    #[test]
    fn a_language_without_stop_words_says_so() {
        let config = AnalyserConfig {
            language: Language::Arabic,
            ..AnalyserConfig::default()
        };
        let message = Analyser::new(&config).err().unwrap().to_string();
        assert_eq!(
            message,
            "there is no stop-word list for Arabic; set `stop_words = false` in the analyser (`--keep-stop-words`)"
        );
    }
}
