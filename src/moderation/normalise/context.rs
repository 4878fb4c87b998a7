//! Whether a text is English, as far as its words tell.

use super::english;

/// Fewer words than this tell nothing.
const FEWEST: usize = 3;

/// How many words of a text are in the filter of English, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    known: usize,
    all: usize,
}

impl Context {
    /// Of a text; letters alone are no words. Linear.
    pub(super) fn of(text: &str) -> Self {
        let mut found = Self { known: 0, all: 0 };
        let is_of_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
        for word in text.as_bytes().split(|byte| !is_of_word(byte)) {
            if word.len() >= 2 {
                found.all += 1;
                found.known += usize::from(word.is_ascii() && english::is_word_of_letters(word));
            }
        }
        found
    }

    /// Whether three in five of the words beside `apart` others are English, or there are too few to tell; `known` of the others are in the filter.
    pub(super) fn may_be_english(self, apart: usize, known: usize) -> bool {
        let others = self.all.saturating_sub(apart);
        others < FEWEST || 5 * self.known.saturating_sub(known) >= 3 * others
    }
}
