//! Which n-grams are features of a text, and what they count for.

use serde::{Deserialize, Serialize};

/// How a text becomes a sparse row. A config that names neither `characters` nor `words` is refused: one that names one has that one only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NgramConfig {
    /// N-grams of characters inside a word with one space on each side, scikit-learn's `char_wb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<Lengths>,
    /// N-grams of words. A word begins with a letter, a digit or `_`, and goes on with these and with marks; it may be one character long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Lengths>,
    /// There are 2^`bits` buckets, 8 to 24. Each n-gram falls into one of them, and both families share them.
    #[serde(default = "twenty")]
    pub bits: u32,
    /// What an n-gram counts for.
    #[serde(default)]
    pub values: NgramValues,
    /// What is brought to a length of 1.
    #[serde(default)]
    pub normalisation: Normalisation,
}

/// The lengths of n-grams, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// The least, 1 or more.
    pub min: usize,
    /// The greatest.
    pub max: usize,
}

/// What an n-gram that occurs in a text counts for, by the number of times that its bucket is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NgramValues {
    /// 1, however often.
    #[default]
    Binary,
    /// 1 + ln(times).
    Sublinear,
}

/// What is divided by its Euclidean length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// The n-grams of characters and those of words, each for themselves: a row of both is √2 long.
    #[default]
    Family,
    /// The whole row.
    Joint,
}

/// The most characters in an n-gram.
const MOST_CHARACTERS: usize = 16;
/// The most words in one.
const MOST_WORDS: usize = 5;

fn twenty() -> u32 {
    20
}

impl Default for NgramConfig {
    fn default() -> Self {
        Self {
            characters: Some(Lengths { min: 2, max: 5 }),
            words: Some(Lengths { min: 1, max: 2 }),
            bits: twenty(),
            values: NgramValues::default(),
            normalisation: Normalisation::default(),
        }
    }
}

impl NgramConfig {
    /// Whether all fields are in range; the message names the one that is not.
    pub fn validate(&self) -> Result<(), String> {
        if self.characters.is_none() && self.words.is_none() {
            return Err(
                "`ngrams` has no family; give it `characters = { min = 2, max = 5 }`, `words = { min = 1, max = 2 }` or both"
                    .to_owned(),
            );
        }
        for (field, lengths, most) in [
            ("characters", self.characters, MOST_CHARACTERS),
            ("words", self.words, MOST_WORDS),
        ] {
            let Some(Lengths { min, max }) = lengths else {
                continue;
            };
            if min == 0 || min > max || max > most {
                return Err(format!(
                    "`ngrams.{field}` must have 1 ≤ `min` ≤ `max` ≤ {most}, and has `min` {min} and `max` {max}"
                ));
            }
        }
        if !(8..=24).contains(&self.bits) {
            return Err(format!(
                "`ngrams.bits` must be 8 to 24, and is {}",
                self.bits
            ));
        }
        Ok(())
    }
}
