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
    /// Of a text; letters alone are none, and the first words with marks of their own. Linear.
    pub(super) fn of(text: &str) -> Self {
        let mut found = Self { known: 0, all: 0 };
        let mut accented = 0;
        let is_of_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
        for word in text.as_bytes().split(|byte| !is_of_word(byte)) {
            // accents by themselves (U+0300 to U+036F) may be what hides the word, but not in word after word
            let is_accented = word.iter().any(|byte| matches!(byte, 0xCC | 0xCD));
            accented += usize::from(is_accented);
            if word.len() >= 2 && !(is_accented && accented <= FEWEST) {
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

    /// Whether three in five words are English, and there are enough to tell.
    pub(super) fn is_english(self) -> bool {
        self.all >= FEWEST && self.may_be_english(0, 0)
    }
}
