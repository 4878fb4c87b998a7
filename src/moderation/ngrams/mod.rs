//! From a text to a sparse row: its n-grams of characters and of words, hashed into buckets.

mod config;
mod grams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use config::{Lengths, NgramConfig, NgramValues, Normalisation};
use grams::{Word, bucket};

/// What makes rows of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ngrams {
    config: NgramConfig,
}

/// A text's features, with the buffers to make the next one: keep one for many texts.
#[derive(Debug, Clone, Default)]
pub struct SparseRow {
    indices: Vec<u32>,
    values: Vec<f32>,
    buckets: Vec<u32>,
    padded: Vec<char>,
    words: Vec<Word>,
}

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Characters inside a word with a space on each side.
    Characters,
    /// Words; they are written with one space between them.
    Words,
}

impl SparseRow {
    /// Buckets, below 2^bits. Those of characters stand before those of words, each ascending and once; so one may stand in both.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// What each counts for, above 0, in the order of [`Self::indices`].
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Adds what has been found in `buckets`, and returns how long that is, squared.
    fn take(&mut self, values: NgramValues) -> f64 {
        self.buckets.sort_unstable();
        let mut square = 0.0;
        for run in self.buckets.chunk_by(|a, b| a == b) {
            let value = match values {
                NgramValues::Sublinear if run.len() > 1 => 1.0 + (run.len() as f64).ln(),
                NgramValues::Binary | NgramValues::Sublinear => 1.0,
            };
            square += value * value;
            self.indices.push(run[0]);
            self.values.push(single(value));
        }
        self.buckets.clear();
        square
    }

    /// Divides the values from `begin` on by the square root of `square`.
    fn shorten(&mut self, begin: usize, square: f64) {
        let factor = single(square.sqrt().recip());
        for value in &mut self.values[begin..] {
            *value *= factor;
        }
    }
}

impl Ngrams {
    /// # Errors
    /// Where the config is out of range.
    pub fn new(config: &NgramConfig) -> Result<Self, String> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
        })
    }

    /// The config.
    pub fn config(&self) -> &NgramConfig {
        &self.config
    }

    /// The features of a text, which is normalised already (such as in lower case). A text without n-grams has none.
    pub fn row(&self, text: &str, row: &mut SparseRow) {
        let (bits, values) = (self.config.bits, self.config.values);
        row.indices.clear();
        row.values.clear();
        row.buckets.clear();
        let mut square = 0.0;
        if let Some(lengths) = self.config.characters {
            let (padded, buckets) = (&mut row.padded, &mut row.buckets);
            grams::characters(text, lengths, padded, |hash, _| {
                buckets.push(bucket(hash, bits));
            });
            square += row.take(values);
        }
        let of_characters = row.indices.len();
        if self.config.normalisation == Normalisation::Family {
            row.shorten(0, square);
            square = 0.0;
        }
        if let Some(lengths) = self.config.words {
            let (words, buckets) = (&mut row.words, &mut row.buckets);
            grams::words(text, lengths, words, |hash, _| {
                buckets.push(bucket(hash, bits));
            });
            square += row.take(values);
        }
        match self.config.normalisation {
            Normalisation::Family => row.shorten(of_characters, square),
            Normalisation::Joint => row.shorten(0, square),
        }
    }

    /// The n-grams that fall into each bucket, in the order of families and strings, each once.
    pub fn names(&self, text: &str) -> BTreeMap<(Family, u32), Vec<String>> {
        let mut found: BTreeMap<(Family, u32), Vec<String>> = BTreeMap::new();
        let mut take = |family, hash, name: String| {
            let names = found
                .entry((family, bucket(hash, self.config.bits)))
                .or_default();
            if let Err(place) = names.binary_search(&name) {
                names.insert(place, name);
            }
        };
        if let Some(lengths) = self.config.characters {
            grams::characters(text, lengths, &mut Vec::new(), |hash, ngram| {
                take(Family::Characters, hash, ngram.iter().collect());
            });
        }
        if let Some(lengths) = self.config.words {
            grams::words(text, lengths, &mut Vec::new(), |hash, ngram| {
                let words = ngram.iter().map(|word| &text[word.begin..word.end]);
                take(Family::Words, hash, words.collect::<Vec<_>>().join(" "));
            });
        }
        found
    }
}

/// The nearest f32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "values and weights are small, and f32 is what scoring is done in"
)]
pub(in crate::moderation) fn single(value: f64) -> f32 {
    value as f32
}
