//! How usual letters are beside each other in English: what tells `i` from `l`, a word from a product code, `kill` from `kiill`.
//!
//! The table is made by `tests/golden/oracle/s26_english.py`, where the format stands, from SCOWL (Spell Checker Oriented Word Lists, Kevin Atkinson): 72,700
//! words of sizes 10 to 50. Its licence allows any use of it and of what is made from it if its notice goes along, which is `english.LICENSE`.

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
/// How many places the filter has in a segment, and how many segments its first places lie in.
const SEGMENT: u64 = 2_048;
const SEGMENTS: u64 = 40;
const SEED: u64 = 1;
#[expect(clippy::cast_possible_truncation, reason = "it is small")]
const MARKS: usize = (SEGMENT * (SEGMENTS + 2)) as usize;
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
/// What makes eight ASCII letters small.
const SMALL: u64 = 0x2020_2020_2020_2020;
/// No word of English is longer.
pub(super) const LONGEST: usize = 32;

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

/// Whether a word is one of English; wrong for one in 1,024 others that look like one.
pub(super) fn is_word(word: &[u8]) -> bool {
    let is_plain = word.iter().all(|symbol| (1..27).contains(symbol));
    if !is_plain || word.len() < 2 || word.len() > LONGEST {
        return false;
    }
    let mut letters = [0; LONGEST];
    for (letter, symbol) in letters.iter_mut().zip(word) {
        *letter = symbol - 1 + b'a';
    }
    is_known(&letters[..word.len()]) && least_level(word) > 0
}

/// The same of ASCII letters in any case; those that only look like a word as far as the filter tells.
pub(super) fn is_word_of_letters(word: &[u8]) -> bool {
    (2..=LONGEST).contains(&word.len()) && is_marked(hash(word, SMALL))
}

/// The same of up to seven letters, the first in the lowest byte and nothing above the last.
pub(super) fn is_short_word(letters: u64, length: usize) -> bool {
    let small = letters | SMALL >> (64 - 8 * length.clamp(1, 7));
    length >= 2 && is_marked(last_mix(mix(length as u64 ^ SEED << 32, small)))
}

/// Whether a word in small letters that has accents is one that English took from elsewhere (`café`).
pub(super) fn is_loan(word: &str) -> bool {
    is_known(word.as_bytes())
}

/// Whether the filter has these bytes of UTF-8.
fn is_known(word: &[u8]) -> bool {
    is_marked(hash(word, 0))
}

/// The hash of some bytes, with bits that are set in each.
fn hash(word: &[u8], bits: u64) -> u64 {
    let (whole, rest) = word.as_chunks::<8>();
    let mut hash = word.len() as u64 ^ SEED << 32;
    for chunk in whole {
        hash = mix(hash, u64::from_le_bytes(*chunk) | bits);
    }
    if !rest.is_empty() {
        hash = mix(hash, rest_of(rest) | bits >> (64 - 8 * rest.len()));
    }
    last_mix(hash)
}

fn mix(hash: u64, part: u64) -> u64 {
    let hash = (hash ^ part).wrapping_mul(ODD);
    hash ^ (hash >> 32)
}

fn last_mix(hash: u64) -> u64 {
    let hash = hash.wrapping_mul(ODD);
    hash ^ (hash >> 29)
}

/// One to seven bytes as a number, the first lowest: read in two parts that may lie over each other.
fn rest_of(rest: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (rest.len() - 4));
    }
    let middle = rest.len() / 2;
    let last = rest.len() - 1;
    u64::from(rest[0])
        | u64::from(rest[middle]) << (8 * middle)
        | u64::from(rest[last]) << (8 * last)
}

/// Whether the filter has what has this hash: a binary fuse filter (Graf and Lemire 2022), of which three marks together are that of the word.
fn is_marked(hash: u64) -> bool {
    let first = ((hash >> 32) * (SEGMENT * SEGMENTS)) >> 32;
    let second = (first + SEGMENT) ^ ((hash >> 18) % SEGMENT);
    let third = (first + 2 * SEGMENT) ^ (hash % SEGMENT);
    let mark = hash.wrapping_mul(ODD) >> 54;
    let places = [first, second, third].map(|place| usize::try_from(place).unwrap_or(0));
    let low = places.map(|place| TABLE[LEXICON + place]);
    if u64::from(low[0] ^ low[1] ^ low[2]) != mark & 255 {
        return false;
    }
    let high = places.map(|place| TABLE[LEXICON + MARKS + place / 4] >> (2 * (place % 4)) & 3);
    u64::from(high[0] ^ high[1] ^ high[2]) == mark >> 8
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
