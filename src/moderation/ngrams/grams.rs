//! The n-grams of a text, each with its hash.
//!
//! All n-grams that begin at one place are hashed in one pass, because the hash of one goes on from that of the shorter one. Trained models hold
//! hashes: another hash, or another way to find n-grams, is another [`crate::moderation::linear::Linear`] format.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::Lengths;

/// Where hashes of characters' n-grams begin.
const CHARACTERS: u64 = 0x243F_6A88_85A3_08D3;
/// Where those of words do.
const WORDS: u64 = 0x1319_8A2E_0370_7344;
/// Where that of one word does.
const WORD: u64 = 0xA409_3822_299F_31D0;
/// 2^64 divided by the golden ratio, odd.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

fn step(hash: u64, next: u64) -> u64 {
    let product = (hash ^ next).wrapping_mul(FACTOR);
    product ^ (product >> 32)
}

/// One of 2^`bits` buckets: the upper bits, which depend on all others.
pub(super) fn bucket(hash: u64, bits: u32) -> u32 {
    let upper = hash.wrapping_mul(FACTOR) >> (64 - bits);
    u32::try_from(upper).expect("`bits` is at most 24")
}

/// Visits the n-grams of characters as scikit-learn's `char_wb` finds them: inside each word, which is what stands between white space, with a space
/// before and after it. A word that is shorter than the least length is an n-gram itself. `padded` is a buffer.
pub(super) fn characters(
    text: &str,
    lengths: Lengths,
    padded: &mut Vec<char>,
    mut visit: impl FnMut(u64, &[char]),
) {
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars());
        padded.push(' ');
        let least = lengths.min.min(padded.len());
        for begin in 0..=padded.len() - least {
            let rest = &padded[begin..];
            let longest = &rest[..lengths.max.min(rest.len())];
            let mut hash = CHARACTERS;
            for (place, character) in longest.iter().enumerate() {
                hash = step(hash, u64::from(*character));
                if place + 1 >= least {
                    visit(hash, &longest[..=place]);
                }
            }
        }
    }
}

/// What Python's `str.split` splits at: Unicode's white space and four separators of ASCII.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// A word of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    hash: u64,
    /// Its first byte.
    pub(super) begin: usize,
    /// The byte after its last.
    pub(super) end: usize,
}

/// Visits the n-grams of words. `words` is a buffer.
pub(super) fn words(
    text: &str,
    lengths: Lengths,
    words: &mut Vec<Word>,
    mut visit: impl FnMut(u64, &[Word]),
) {
    find_words(text, words);
    for begin in 0..words.len() {
        let rest = &words[begin..];
        let longest = &rest[..lengths.max.min(rest.len())];
        let mut hash = WORDS;
        for (place, word) in longest.iter().enumerate() {
            hash = step(hash, word.hash);
            if place + 1 >= lengths.min {
                visit(hash, &longest[..=place]);
            }
        }
    }
}

fn find_words(text: &str, words: &mut Vec<Word>) {
    words.clear();
    let mut is_inside = false;
    for (place, character) in text.char_indices() {
        // A mark goes on with a word but begins none: an emoji's variation selector is no word.
        let is_letter = character.is_alphanumeric() || character == '_';
        if !(is_letter || (is_inside && is_mark(character))) {
            is_inside = false;
            continue;
        }
        if !is_inside {
            words.push(Word {
                hash: WORD,
                begin: place,
                end: place,
            });
            is_inside = true;
        }
        if let Some(word) = words.last_mut() {
            word.hash = step(word.hash, u64::from(character));
            word.end = place + character.len_utf8();
        }
    }
}

fn is_mark(character: char) -> bool {
    !character.is_ascii() && character.general_category_group() == GeneralCategoryGroup::Mark
}
