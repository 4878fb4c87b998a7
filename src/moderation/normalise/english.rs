//! How usual letters are beside each other in English: what tells `i` from `l`, a word from a product code, `kill` from `kiill`.
//!
//! The table is made by `tests/golden/oracle/s26_english.py` from the frequencies of 100,000 words; the format stands there.

/// The edge of a word, as the symbol beside the letters 1 to 26.
pub(super) const EDGE: u8 = 0;
/// A letter that English does not have, with which everything is as usual as the middle.
pub(super) const STRANGE: u8 = 27;
/// A level below this is not English.
pub(super) const UNUSUAL: u8 = 6;
/// A level from this on is met in ordinary words.
pub(super) const USUAL: u8 = 9;

const SYMBOLS: usize = 27;
const TABLE: &[u8] = include_bytes!("english.bin");
/// Where the bits of doubled letters begin.
const DOUBLES: usize = (SYMBOLS * SYMBOLS * SYMBOLS).div_ceil(2);
/// Where those of the words begin.
const LEXICON: usize = DOUBLES + (SYMBOLS * 26 * SYMBOLS * 2).div_ceil(8);
const LEXICON_BITS: u64 = 1 << 19;
const LEXICON_HASHES: u64 = 7;

/// The symbol of a letter, whatever its case.
pub(super) fn symbol(letter: char) -> u8 {
    match letter {
        'a'..='z' => letter as u8 - b'a' + 1,
        'A'..='Z' => letter as u8 - b'A' + 1,
        _ => STRANGE,
    }
}

/// The letter of a symbol 1 to 26.
pub(super) fn letter(symbol: u8) -> char {
    char::from(b'a' + (symbol - 1).min(25))
}

/// How usual three symbols in a row are, 0 (never met) to 15; a step is a factor of 2^1.5 of occurrences.
pub(super) fn level(x: u8, y: u8, z: u8) -> u8 {
    if x == STRANGE || y == STRANGE || z == STRANGE {
        return USUAL;
    }
    let place = (usize::from(x) * SYMBOLS + usize::from(y)) * SYMBOLS + usize::from(z);
    (TABLE[place / 2] >> (4 * (place % 2))) & 15
}

/// Whether `letter` stands doubled between these at least as often as single; `is_last` says that the word ends with or before `after`.
pub(super) fn is_doubled(before: u8, letter: u8, after: u8, is_last: bool) -> bool {
    if [before, letter, after].contains(&STRANGE) || letter == EDGE {
        return false;
    }
    let place = (usize::from(before) * 26 + usize::from(letter) - 1) * SYMBOLS + usize::from(after);
    let bit = place * 2 + usize::from(is_last);
    TABLE[DOUBLES + bit / 8] >> (bit % 8) & 1 == 1
}

/// The least level of the trigrams of a word.
pub(super) fn least_level(word: &[u8]) -> u8 {
    levels(word).min().unwrap_or(0)
}

/// The levels of all trigrams of a word with its edges.
pub(super) fn levels(word: &[u8]) -> impl Iterator<Item = u8> {
    let at = |place: usize| {
        place
            .checked_sub(1)
            .and_then(|place| word.get(place))
            .map_or(EDGE, |symbol| *symbol)
    };
    (0..word.len()).map(move |place| level(at(place), at(place + 1), at(place + 2)))
}

/// A place of a word that may be read in two ways; the second is [`EDGE`] where there is but one.
pub(super) type Reading = [u8; 2];

/// What a word with places of two readings is. One and the same reading everywhere comes first (who hides letters hides `ll` in one way): the first if that
/// is a word, else the second, else the more usual one if it is possible English; else the most usual mixture.
pub(super) fn read(places: &[Reading]) -> Vec<u8> {
    let alike = |which: usize| -> Vec<u8> {
        let chosen = |place: &Reading| place[if place[1] == EDGE { 0 } else { which }];
        places.iter().map(chosen).collect()
    };
    let (first, second) = (alike(0), alike(1));
    if first == second || is_word(&first) {
        return first;
    }
    if is_word(&second) {
        return second;
    }
    let mixed = mixture(places);
    if is_word(&mixed) {
        return mixed;
    }
    let worth = |word: &[u8]| (least_level(word) >= UNUSUAL).then(|| sum(word));
    match (worth(&first), worth(&second)) {
        (Some(one), Some(other)) if other > one => second,
        (Some(_), _) => first,
        (None, Some(_)) => second,
        (None, None) => mixed,
    }
}

/// Whether a word is among the 40,000 most frequent of English; wrong for one other in a hundred.
pub(super) fn is_word(word: &[u8]) -> bool {
    if word.len() < 2 || word.iter().any(|symbol| !(1..27).contains(symbol)) {
        return false;
    }
    let hash = word.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, symbol| {
        (hash ^ u64::from(symbol - 1 + b'a')).wrapping_mul(0x100_0000_01B3)
    });
    let step = (hash >> 32) | 1;
    (0..LEXICON_HASHES).all(|round| {
        let place = ((hash & 0xFFFF_FFFF) + round * step) % LEXICON_BITS;
        let place = usize::try_from(place).unwrap_or(0);
        TABLE[LEXICON + place / 8] >> (place % 8) & 1 == 1
    })
}

/// The levels of a word's trigrams together.
pub(super) fn sum(word: &[u8]) -> i64 {
    levels(word).map(i64::from).sum()
}

/// The most usual word that places can be read as: the one with the greatest sum of levels, a trigram that is never met counting −30. Linear in the length (Viterbi's
/// algorithm over the last two places); of equal ones the first readings win.
fn mixture(places: &[Reading]) -> Vec<u8> {
    let (Some(first), count) = (places.first(), places.len()) else {
        return Vec::new();
    };
    let weigh = |x, y, z| match level(x, y, z) {
        0 => -30,
        level => i64::from(level),
    };
    // scores[a][b]: the best of what ends with reading a of the place before and b of this one; for the first place a is the edge
    let mut scores = [[None; 2]; 2];
    for (b, symbol) in first.iter().enumerate() {
        scores[0][b] = (b == 0 || *symbol != EDGE).then_some(0);
    }
    let mut before = [EDGE, EDGE];
    let mut came_from: Vec<[[u8; 2]; 2]> = Vec::with_capacity(count);
    for place in 0..count {
        let here = places[place];
        let after = places.get(place + 1).copied().unwrap_or([EDGE, EDGE]);
        let mut next = [[None; 2]; 2];
        let mut source = [[0; 2]; 2];
        for b in 0..2 {
            for c in 0..2 {
                if c == 1 && after[1] == EDGE {
                    continue;
                }
                for a in 0..2 {
                    let Some(so_far) = scores[a][b] else { continue };
                    let score: i64 = so_far + weigh(before[a], here[b], after[c]);
                    if next[b][c].is_none_or(|best| score > best) {
                        next[b][c] = Some(score);
                        source[b][c] = u8::from(a == 1);
                    }
                }
            }
        }
        came_from.push(source);
        (scores, before) = (next, here);
    }
    let (mut b, mut c) = (usize::from(scores[1][0] > scores[0][0]), 0);
    let mut word = vec![EDGE; count];
    for place in (0..count).rev() {
        word[place] = places[place][b];
        (b, c) = (usize::from(came_from[place][b][c]), b);
    }
    word
}
