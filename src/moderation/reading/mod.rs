//! What classifiers read of a post: its words, without what only machines write.
//!
//! It comes after normalisation ([`crate::moderation::normalise`]), which undoes disguises, and does what a blocklist must not see done: names of people
//! become one word, links vanish, emoji become words, and, if asked for, words that training texts do not know become those that were meant ([`RepairConfig`]).
//! It needs no normaliser: capitals stay, except in names of emoji and in words that are repaired.
//!
//! The steps, in their order:
//!
//! 1. `html`: entities become characters, twice, as HTML5 and Python's `html.unescape` read them (`&amp;lt;` is `<`, `&#8220;` a quotation mark, `&ampx` is `&x`).
//! 2. `links`: `http://…`, `https://…` and `www.…` vanish up to the next white space; `www.` only where no letter or digit stands before it.
//! 3. `mentions`: `@name` becomes `user`, except in `me@there.org`: behind a letter, a digit or `_`. `RT` vanishes (`rt` too) where it
//!    is the first word and where no letter or digit stands between it and a mention.
//! 4. `emoji`: each becomes its short name of CLDR in small letters, as a word of its own (see below); one between two letters, which parts a word, vanishes.
//! 5. `digits`: each decimal digit of any script becomes `0`.
//! 6. White space becomes one space, none at either end. This step has no switch.
//! 7. `repair`.
//!
//! An emoji of several characters (flags, keycaps, families) has the name of the whole where Unicode recommends the sequence for general interchange, and the
//! names of its parts where not. Skin tones, variation selectors and joiners go with the emoji that they belong to; elsewhere, as in Persian,
//! joiners stay. Signs below U+2600 that are emoji only if a selector says so (`©`, `↔`) stay without one. Of a name only letters, digits, hyphens
//! and apostrophes are kept, and `#` and `*` of keycaps: `flag: Antigua & Barbuda` is `flag antigua barbuda`.
//!
//! Reading what was read changes nothing, but for entities that were escaped three times and more, or whose parts come together only
//! when others are gone.

mod clean;
mod emoji;
mod entities;
mod repair;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Digest;
use repair::Lexicon;

pub use repair::RepairConfig;

/// What is read. By default all but `digits` and `repair`.
#[expect(clippy::struct_excessive_bools, reason = "one switch per step")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadingConfig {
    /// Entities of HTML become characters.
    pub html: bool,
    /// Links vanish.
    pub links: bool,
    /// Names of people become `user`; the sign of a quoted post vanishes.
    pub mentions: bool,
    /// Emoji become their names.
    pub emoji: bool,
    /// Each digit becomes `0`: what counts is how many there are.
    pub digits: bool,
    /// Words that are not known are repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<RepairConfig>,
}

impl Default for ReadingConfig {
    fn default() -> Self {
        Self {
            html: true,
            links: true,
            mentions: true,
            emoji: true,
            digits: false,
            repair: None,
        }
    }
}

impl ReadingConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where a figure of `repair` makes no sense.
    pub fn validate(&self) -> Result<(), String> {
        self.repair.as_ref().map_or(Ok(()), RepairConfig::validate)
    }

    /// A reading whose repair knows the words of the texts that classifiers are trained on, normalised as what it is to read. Without repair
    /// there is nothing to learn.
    pub fn fit(&self, texts: &[&str]) -> Reading {
        let lexicon = self.repair.as_ref().map(|repair| {
            let cleaned = texts.iter().map(|text| clean::clean(self, text));
            Lexicon::learn(repair, cleaned)
        });
        Reading {
            config: self.clone(),
            lexicon,
        }
    }
}

/// Reads posts; a function of each text alone. As data it is the config and, with repair, all words of the training texts by how often they
/// stand there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Reading {
    config: ReadingConfig,
    /// There with `repair` alone.
    lexicon: Option<Lexicon>,
}

/// A reading as data.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    config: ReadingConfig,
    /// By count: the words, in their order, with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<BTreeMap<u32, String>>,
}

impl From<Reading> for Stored {
    fn from(reading: Reading) -> Self {
        Self {
            words: reading.lexicon.as_ref().map(Lexicon::to_words),
            config: reading.config,
        }
    }
}

impl TryFrom<Stored> for Reading {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        stored.config.validate()?;
        let lexicon = match (&stored.config.repair, &stored.words) {
            (None, None) => None,
            (Some(repair), Some(words)) => Some(Lexicon::from_words(repair, words)?),
            (repair, _) => {
                let (there, missing) = match repair {
                    None => ("words", "`repair`"),
                    Some(_) => ("`repair`", "words"),
                };
                return Err(format!(
                    "the reading has {there} and no {missing}; train it again"
                ));
            }
        };
        Ok(Self {
            config: stored.config,
            lexicon,
        })
    }
}

impl Reading {
    /// What it was made with.
    pub fn config(&self) -> &ReadingConfig {
        &self.config
    }

    /// What classifiers read of a text; the text itself where there is nothing to do.
    pub fn read<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let cleaned = clean::clean(&self.config, text);
        let repaired = match &self.lexicon {
            Some(lexicon) => lexicon.repair(&cleaned),
            None => None,
        };
        repaired.map_or(cleaned, Cow::Owned)
    }

    /// SHA-256 in hexadecimal of all that decides what is read.
    pub fn digest(&self) -> String {
        let data = serde_json::to_vec(self).expect("plain data is JSON");
        Digest::default().with("reading", data).finish()
    }
}
