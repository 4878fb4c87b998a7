//! Variants of a text as people write them who want to slip past a filter: what a reader still reads and a machine no longer matches.
//!
//! # The rule of the attacker
//!
//! The attacker does not know the filter. An edit changes one place, and each goes to the word that a filter most likely looks at:
//!
//! * A word is a run of letters (of grapheme clusters that begin with one); it has at least [`LEAST_LETTERS`], in scripts whose signs are
//!   syllables or words at least [`LEAST_SIGNS`]. Links, `@handles` and HTML entities are left alone: changed, they stop working.
//! * Words are taken longest first, with so much noise that every content word of a text is the first under some seed; the commonest
//!   English words come last. Lengths count up to eight letters: beyond, no word is rarer for being longer.
//! * Each word gets one edit before any gets a second. Spaced-out letters are the exception: `h a t e` is three edits of one word, so
//!   [`Family::Spacing`] fills the gaps of one word, from a random one on, with one separator before it goes to the next. Words that the budget
//!   spaces out in full are taken as readily as the longest.
//! * No edit falls into a grapheme cluster of the original, so what is written stays legible in every script.
//!
//! The edits of a smaller budget are the first of a larger one's, for the same seed (but where spacing turns to other words): what is lost by a larger budget is lost by more
//! edits, not by others.

mod disguises;
mod insertions;
mod places;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use disguises::homoglyphs;
pub use places::{LEAST_LETTERS, LEAST_SIGNS};
use places::{Order, Text};

/// A kind of edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// A letter becomes one that looks alike ([`homoglyphs`]).
    Homoglyph,
    /// An invisible character is put between two letters.
    ZeroWidth,
    /// A letter becomes a digit or sign that stands for it: `h4te`.
    Leet,
    /// A separator (space, full stop, hyphen, underscore, asterisk) is put between two letters: `h a t e`.
    Spacing,
    /// Bidirectional controls: a mark between two letters, a pair around some letters that changes no order, or letters written
    /// backwards between controls that show them forwards.
    Bidi,
    /// One to four combining marks are stacked on a letter.
    Combining,
    /// A letter becomes an emoji that shows it (🅰️, 🇦, ⓐ, 4️⃣), or an emoji is put between two letters.
    Emoji,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Homoglyph,
        Self::ZeroWidth,
        Self::Leet,
        Self::Spacing,
        Self::Bidi,
        Self::Combining,
        Self::Emoji,
    ];

    /// Its name in configs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Homoglyph => "homoglyph",
            Self::ZeroWidth => "zero-width",
            Self::Leet => "leet",
            Self::Spacing => "spacing",
            Self::Bidi => "bidi",
            Self::Combining => "combining",
            Self::Emoji => "emoji",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Family {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let same = |family: &Self| family.name() == name;
        Self::ALL.into_iter().find(same).ok_or_else(|| {
            format!(
                "`{name}` is no family of attacks: expected one of {}",
                Self::ALL.map(Self::name).join(", ")
            )
        })
    }
}

/// A variant of `text` with at most `budget` edits of one family; `None` where the text offers no place for one. It is a function of its
/// arguments: random choices are drawn from `seed`, the family and the text.
pub fn attack(text: &str, family: Family, budget: usize, seed: u64) -> Option<String> {
    if budget == 0 {
        return None;
    }
    let text = Text::new(text);
    let mut edits = Edits {
        rng: rng(&text, family, seed),
        text: &text,
        changed: BTreeMap::new(),
        made: 0,
    };
    let order = match family {
        Family::Spacing => Order::WordByWord { budget },
        _ => Order::Round,
    };
    let can = |place| match family {
        Family::Homoglyph => disguises::has_homoglyph(text.graphemes[place]),
        Family::Leet => disguises::has_leet(text.graphemes[place]),
        Family::Emoji => text.gap_after(place) || disguises::has_emoji(text.graphemes[place]),
        Family::Combining => text.graphemes[place].chars().count() <= places::MOST_CHARACTERS,
        Family::ZeroWidth | Family::Spacing | Family::Bidi => text.gap_after(place),
    };
    let places = text.places(order, can, &mut edits.rng);
    for place in places {
        if edits.made == budget {
            break;
        }
        if edits.changed.contains_key(&place) {
            continue;
        }
        match family {
            Family::Homoglyph | Family::Leet => edits.disguise(family, place),
            Family::Emoji => edits.emoji(place),
            Family::ZeroWidth => edits.zero_width(place),
            Family::Spacing => edits.separator(place),
            Family::Combining => edits.marks(place),
            Family::Bidi => edits.bidi(place),
        }
        edits.made += 1;
    }
    (edits.made > 0).then(|| edits.written())
}

/// Random numbers of this text, family and seed, whatever the budget.
fn rng(text: &Text, family: Family, seed: u64) -> ChaCha8Rng {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(family.name());
    text.graphemes
        .iter()
        .for_each(|grapheme| digest.update(grapheme));
    ChaCha8Rng::from_seed(digest.finalize().into())
}

/// Edits of a text.
struct Edits<'a> {
    rng: ChaCha8Rng,
    text: &'a Text<'a>,
    /// What is written in the place of a grapheme cluster.
    changed: BTreeMap<usize, String>,
    made: usize,
}

impl Edits<'_> {
    /// What the text becomes.
    fn written(self) -> String {
        let mut written = String::new();
        for (place, grapheme) in self.text.graphemes.iter().enumerate() {
            match self.changed.get(&place) {
                Some(changed) => written.push_str(changed),
                None => written.push_str(grapheme),
            }
        }
        written
    }

    /// A random one.
    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[crate::metrics::statistics::below(&mut self.rng, choices.len())]
    }

    /// Writes something after a grapheme cluster.
    fn put_after(&mut self, place: usize, what: &str) {
        let written = format!("{}{what}", self.text.graphemes[place]);
        self.changed.insert(place, written);
    }
}
