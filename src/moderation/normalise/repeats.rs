//! Letters that are drawn out (`haaaate`), brought back to one, or to two where English has two there (`killlll`).

use std::cell::LazyCell;

use super::addresses::Addresses;
use super::characters::{CASED, Characters, WORD};
use super::draft::Edits;
use super::english::{self, EDGE};

/// Fewer of a letter in a row are spelling.
const FEWEST: usize = 3;

/// Words of two letters with one doubled, which are drawn out more often than the words with the single letter.
const SHORT: [&str; 12] = [
    "ass", "all", "too", "see", "off", "boo", "add", "egg", "odd", "bee", "pee", "zoo",
];

/// A letter, so often in a row.
struct Run {
    letter: char,
    start: usize,
    end: usize,
    count: usize,
}

/// Three and more of a letter become one or two. A word of one letter keeps three (`www`, `xxx`, `kkk`), a word with a digit and a Roman numeral (`xiii`) all.
pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let addresses = LazyCell::new(|| Addresses::of(text));
    let mut settle = |word: &[Run]| {
        let is_drawn_out = word.iter().any(|run| run.count >= FEWEST);
        if is_drawn_out && !addresses.hold(word[0].start) {
            settle(text, word, characters, edits);
        }
    };
    let mut word: Vec<Run> = Vec::new();
    for (place, c) in text.char_indices() {
        let flags = characters.of(c);
        if flags & WORD == 0 {
            settle(&word);
            word.clear();
            continue;
        }
        let letter = lower(c);
        let end = place + c.len_utf8();
        match word.last_mut() {
            Some(run) if run.letter == letter => {
                run.end = end;
                run.count += 1;
            }
            _ => word.push(Run {
                letter,
                start: place,
                end,
                count: 1,
            }),
        }
    }
    settle(&word);
}

fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    c.to_lowercase().next().unwrap_or(c)
}

fn settle(text: &str, word: &[Run], characters: Characters, edits: &mut Edits) {
    if word.iter().any(|run| run.letter.is_numeric()) {
        return;
    }
    let is_roman = is_roman(word);
    for (place, run) in word.iter().enumerate() {
        if run.count < FEWEST || !characters.is(run.letter, CASED) || is_roman {
            continue;
        }
        let beside = |place: Option<usize>| {
            place
                .and_then(|place| word.get(place))
                .map_or(EDGE, |run| english::symbol(run.letter))
        };
        let (before, after) = (beside(place.checked_sub(1)), beside(Some(place + 1)));
        let keep = if word.len() == 1 {
            FEWEST
        } else {
            let letter = english::symbol(run.letter);
            let is_last = place + 2 >= word.len();
            let words = [1, 2].map(|count| english::is_word(&spelt(word, place, count)));
            if words == [false, false] && is_compound(word, place) {
                continue;
            }
            let is_doubled = match words {
                [false, true] => true,
                [true, false] => false,
                _ => is_short(word, place) || english::is_doubled(before, letter, after, is_last),
            };
            1 + usize::from(is_doubled)
        };
        let mut letters = text[run.start..run.end].char_indices().skip(keep);
        if let Some((offset, _)) = letters.next() {
            edits.remove(run.start + offset..run.end);
        }
    }
}

/// Whether three of a consonant may be where two words meet, as in German `Missstand`: inside a long word.
fn is_compound(word: &[Run], place: usize) -> bool {
    const LONG: usize = 6;
    let is_vowel = matches!(word[place].letter, 'a' | 'e' | 'i' | 'o' | 'u');
    let is_inside = place > 0 && place + 1 < word.len();
    word[place].count == FEWEST && is_inside && !is_vowel && word.len() >= LONG
}

/// A word with the letter of a run `count` times; the other runs of three and more as they stand, so that the word is none.
fn spelt(word: &[Run], place: usize, count: usize) -> Vec<u8> {
    // no word of English is longer
    const LONGEST: usize = 32;
    let runs = word.iter().enumerate().flat_map(|(other, run)| {
        let count = if other == place { count } else { run.count };
        std::iter::repeat_n(english::symbol(run.letter), count)
    });
    runs.take(LONGEST).collect()
}

/// Whether a word is one of [`SHORT`] if it has the letter of a run twice.
fn is_short(word: &[Run], place: usize) -> bool {
    let twice = spelt(word, place, 2);
    let is = |short: &str| short.chars().map(english::symbol).eq(twice.iter().copied());
    word.len() == 2 && SHORT.iter().any(|short| is(short))
}

/// Whether a word is a numeral with three of a sign.
fn is_roman(word: &[Run]) -> bool {
    word.iter().all(|run| {
        let most = if matches!(run.letter, 'i' | 'x' | 'c' | 'm') {
            3
        } else {
            1
        };
        matches!(run.letter, 'i' | 'v' | 'x' | 'l' | 'c' | 'd' | 'm') && run.count <= most
    }) && word
        .iter()
        .any(|run| run.letter == 'i' || run.letter == 'x')
}
