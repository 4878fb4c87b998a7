//! Words with a few separators or emoji between their letters (`final*ly`, `yest erday`, `drin👏k`), put together again where English has the whole.

use std::cell::LazyCell;
use std::ops::Range;

use super::addresses::Addresses;
use super::context::Context;
use super::draft::Edits;
use super::english::{self, UNUSUAL};

/// Letters in a row that nothing but separators stands beside.
#[derive(Debug, Clone)]
struct Piece {
    at: Range<usize>,
    /// Whether it may be part of a word that was split: no part of a mention, a contraction, a number or a word with other letters.
    is_whole: bool,
    class: Class,
}

/// What a piece is for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Of English, or the letters `a` and `i`.
    Word,
    /// What is typed as a word ([`TYPED`]).
    Typed,
    /// Neither.
    Fragment,
}

/// What stands between two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Space,
    /// `-`, beside which prefixes are words.
    Hyphen,
    /// `.`, which also parts sentences.
    Stop,
    /// Another sign, or emoji.
    Sign,
}

/// A word is looked for in so many pieces.
const MOST_PIECES: usize = 8;
/// An emoji has at most so many characters here.
const LONGEST_EMOJI: usize = 4;
/// Longer words are hardly ever split; strings so long are taken for words as often.
const LONGEST: usize = 14;
/// Who keeps letters apart goes on letter by letter: pieces between others are no longer.
const LONGEST_INNER: usize = 2;
/// Shorter words are not looked for across signs and spaces.
const SHORTEST: usize = 3;
/// Words that are not in the filter are longer.
const PLAUSIBLE: usize = 5;

/// Letters and abbreviations that are typed as words of their own beside others.
const TYPED: [&str; 47] = [
    "b", "c", "d", "k", "m", "n", "o", "r", "u", "v", "w", "x", "y", "bf", "cd", "co", "da", "de",
    "dj", "dr", "eh", "em", "ex", "gf", "hr", "id", "il", "im", "jr", "la", "le", "mr", "ms", "nu",
    "ny", "pm", "ps", "re", "rt", "st", "tv", "uk", "un", "ur", "vs", "ya", "yo",
];

/// What stands before a hyphen and is no word without one.
const PREFIXES: [&str; 46] = [
    "e", "x", "t", "u", "re", "co", "de", "pre", "non", "anti", "un", "bi", "tri", "semi", "multi",
    "sub", "ex", "mid", "neo", "micro", "mini", "macro", "ultra", "inter", "intra", "trans",
    "counter", "cyber", "eco", "geo", "bio", "auto", "tele", "electro", "psycho", "socio",
    "pseudo", "quasi", "hydro", "hyper", "hypo", "infra", "mono", "poly", "meta", "mega",
];

/// What few words end with, and what few begin with.
const LAST: [&str; 11] = [
    "are", "is", "was", "the", "of", "and", "for", "has", "had", "who", "can",
];
const FIRST: [&str; 6] = ["the", "of", "was", "are", "and", "is"];

pub(super) fn find(text: &str, edits: &mut Edits) {
    let bytes = text.as_bytes();
    let addresses = LazyCell::new(|| Addresses::of(text));
    let context = LazyCell::new(|| Context::of(text));
    let mut pieces = Vec::new();
    let (mut place, mut last) = (0, None);
    while place < bytes.len() {
        let eight = eight(bytes, place);
        let length = letters_first(eight);
        if length == 0 {
            place += others_first(eight);
            continue;
        }
        let (at, is_word) = if length < 8 {
            let letters = eight & (u64::MAX >> (64 - 8 * length));
            let is_alone =
                length == 1 && [u64::from(b'a'), u64::from(b'i')].contains(&(letters | 0x20));
            let is_word = is_alone || english::is_short_word(letters, length);
            (place..place + length, is_word)
        } else {
            let more = bytes[place..]
                .iter()
                .position(|byte| !byte.is_ascii_alphabetic());
            let at = place..more.map_or(bytes.len(), |more| place + more);
            (at.clone(), english::is_word_of_letters(&bytes[at]))
        };
        let before = last.replace((at.clone(), is_word));
        place = at.end;
        let Some((before, was_word)) = before else {
            continue;
        };
        // most words are beside words, with a space between
        let may_be = match &bytes[before.end..at.start] {
            b" " => !(is_word && was_word) && may_be_joined(bytes, &before, &at),
            [sign] => matches!(sign, b'-' | b'.' | b'_' | b'*' | b'~'),
            [sign, ..] => *sign >= 0x80,
            [] => false,
        };
        if !may_be {
            continue;
        }
        collect(text, before.start, &mut pieces);
        let Some((end, gap)) = joined(text, &pieces) else {
            continue;
        };
        let run = &pieces[..end];
        if (gap == Gap::Space && !is_among_english(run, *context))
            || addresses.hold(run[0].at.start)
            || addresses.hold(run[1].at.start)
        {
            continue;
        }
        for pair in run.windows(2) {
            edits.remove(pair[0].at.end..pair[1].at.start);
        }
        (place, last) = (run[end - 1].at.end, None);
    }
}

/// Whether two pieces with a space between may be a word, or the beginning of one.
fn may_be_joined(bytes: &[u8], first: &Range<usize>, second: &Range<usize>) -> bool {
    let length = first.len() + second.len();
    let mut letters = [0; LONGEST];
    if second.len() <= LONGEST_INNER || length > LONGEST {
        return length <= LONGEST;
    }
    letters[..first.len()].copy_from_slice(&bytes[first.clone()]);
    letters[first.len()..length].copy_from_slice(&bytes[second.clone()]);
    english::is_word_of_letters(&letters[..length])
}

/// Eight bytes from a place on, the first lowest; zero behind the end.
fn eight(bytes: &[u8], place: usize) -> u64 {
    let rest = &bytes[place..];
    if let Some(eight) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(eight)
}

const HIGHEST: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each byte that is an ASCII letter.
fn letters(eight: u64) -> u64 {
    let small = (eight | 0x2020_2020_2020_2020) & !HIGHEST;
    let from_a = small + 0x1F1F_1F1F_1F1F_1F1F;
    let behind_z = small + 0x0505_0505_0505_0505;
    from_a & !behind_z & !eight & HIGHEST
}

/// How many bytes are letters before the first that is none.
fn letters_first(eight: u64) -> usize {
    (!letters(eight) & HIGHEST).trailing_zeros() as usize / 8
}

/// How many bytes are none before the first letter.
fn others_first(eight: u64) -> usize {
    letters(eight).trailing_zeros() as usize / 8
}

/// The next ASCII letters in a row.
fn next_letters(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let start = from + bytes[from..].iter().position(is_letter)?;
    let length = bytes[start..].iter().position(|byte| !is_letter(byte));
    Some(start..length.map_or(bytes.len(), |length| start + length))
}

fn is_word(letters: &[u8]) -> bool {
    matches!(letters, b"a" | b"A" | b"i" | b"I") || english::is_word_of_letters(letters)
}

fn is_among_english(run: &[Piece], context: Context) -> bool {
    let words = || run.iter().filter(|piece| piece.at.len() > 1);
    let is_known = |piece: &&Piece| piece.class == Class::Word;
    context.may_be_english(words().count(), words().filter(is_known).count())
}

/// The pieces that may be a word from a place on, and one more.
fn collect(text: &str, from: usize, pieces: &mut Vec<Piece>) {
    let bytes = text.as_bytes();
    pieces.clear();
    let mut place = from;
    while pieces.len() <= MOST_PIECES {
        let Some(at) = next_letters(bytes, place) else {
            break;
        };
        // what is far behind is no gap
        if !pieces.is_empty() && gap(&text[place..at.start]).is_none() {
            break;
        }
        place = at.end;
        let before = at.start.checked_sub(1);
        pieces.push(Piece {
            is_whole: !before.is_some_and(|before| is_bound(text, before))
                && !continues(text, at.end),
            class: class(&bytes[at.clone()]),
            at,
        });
    }
}

/// Whether the character that ends at byte `last` binds the letters behind it to itself.
fn is_bound(text: &str, last: usize) -> bool {
    match text.as_bytes()[last] {
        b'0'..=b'9' | b'@' | b'&' | b'\'' | b'/' | b'\\' => true,
        0x80.. => text[..=last].chars().next_back().is_some_and(is_letter),
        _ => false,
    }
}

fn continues(text: &str, next: usize) -> bool {
    match text.as_bytes().get(next) {
        Some(b'0'..=b'9' | b'@' | b'/' | b'\\') => true,
        Some(0x80..) => text[next..].chars().next().is_some_and(is_letter),
        _ => false,
    }
}

/// Letters, digits, marks and apostrophes that are not ASCII.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{2019}' | '\u{300}'..='\u{36F}')
}

fn class(piece: &[u8]) -> Class {
    if is_word(piece) {
        return Class::Word;
    }
    let is = |typed: &&str| typed.as_bytes().eq_ignore_ascii_case(piece);
    if piece.len() <= SHORTEST && TYPED.iter().any(is) {
        Class::Typed
    } else {
        Class::Fragment
    }
}

/// The longest word of the first pieces that was split: how many they are, and what stands in their gaps.
fn joined(text: &str, pieces: &[Piece]) -> Option<(usize, Gap)> {
    let first = pieces.first()?;
    let kind = |place: usize| gap(&text[pieces[place].at.end..pieces[place + 1].at.start]);
    if !first.is_whole {
        return None;
    }
    let gap = if pieces.len() > 1 {
        kind(0)?
    } else {
        return None;
    };
    let mut letters = [0; LONGEST];
    let mut length = first.at.len();
    letters
        .get_mut(..length)?
        .copy_from_slice(&text.as_bytes()[first.at.clone()]);
    let mut best = None;
    let mut has_fragment = first.class == Class::Fragment;
    for end in 1..pieces.len().min(MOST_PIECES) {
        let piece = &pieces[end];
        let longer = length + piece.at.len();
        if !piece.is_whole || longer > LONGEST || kind(end - 1) != Some(gap) {
            break;
        }
        letters[length..longer].copy_from_slice(&text.as_bytes()[piece.at.clone()]);
        length = longer;
        has_fragment |= piece.class == Class::Fragment;
        let may_be = has_fragment || gap != Gap::Space || end == 1;
        let run = &pieces[..=end];
        if may_be
            && length >= SHORTEST
            && is_split(text, run, gap)
            && (english::is_word_of_letters(&letters[..length])
                || (gap == Gap::Sign && is_plausible(run, &letters[..length])))
        {
            best = Some((end + 1, gap));
        }
    }
    // what a sign is beside belongs to what is behind the sign
    let is_sign = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'.' | b'_' | b'*' | b'~'));
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let bytes = text.as_bytes();
    let start = first.at.start;
    let is_behind_sign =
        start >= 2 && is_sign(bytes.get(start - 1)) && is_letter(bytes.get(start - 2));
    let is_alone = |end: usize| {
        let behind = pieces[end - 1].at.end;
        let is_signed = is_sign(bytes.get(behind)) && is_letter(bytes.get(behind + 1));
        let is_before_emoji = end < pieces.len() && kind(end - 1) == Some(Gap::Sign);
        !is_behind_sign && !is_signed && !is_before_emoji
    };
    let is_counted = || {
        let before = text[..first.at.start].trim_end_matches(' ');
        before.ends_with(|c: char| c.is_ascii_digit())
    };
    best.filter(|(end, gap)| match gap {
        Gap::Space => is_alone(*end) && !is_counted(),
        // `v.end()`
        Gap::Stop => !text[pieces[*end - 1].at.end..].starts_with(['(', '=', '[', ';']),
        _ => true,
    })
}

/// Whether pieces that are no words make what English could have, as a word that the filter lacks.
fn is_plausible(pieces: &[Piece], letters: &[u8]) -> bool {
    let symbols = letters
        .iter()
        .map(|letter| english::symbol(char::from(*letter)));
    letters.len() >= PLAUSIBLE
        && pieces.iter().all(|piece| piece.class != Class::Word)
        && english::least_level(&symbols.collect::<Vec<_>>()) >= UNUSUAL
}

/// Whether pieces are less than words, so that what they make together is one.
fn is_split(text: &str, pieces: &[Piece], gap: Gap) -> bool {
    let has_fragment = pieces.iter().any(|piece| piece.class == Class::Fragment);
    let has_word = pieces.iter().any(|piece| piece.class == Class::Word);
    // `U.S.S.R.`, `h a t e`: letters alone are for the step of spacing
    if pieces.iter().all(|piece| piece.at.len() == 1) {
        return false;
    }
    let inner = pieces.get(1..pieces.len() - 1).unwrap_or_default();
    if inner.iter().any(|piece| piece.at.len() > LONGEST_INNER) {
        return false;
    }
    match (gap, pieces) {
        (Gap::Sign, _) => true,
        (Gap::Hyphen, [first, second]) => {
            let first = &text[first.at.clone()];
            let is_prefix = || {
                PREFIXES
                    .iter()
                    .any(|prefix| prefix.eq_ignore_ascii_case(first))
            };
            pieces.iter().any(|piece| piece.class != Class::Word)
                && !(second.class == Class::Word && is_prefix())
        }
        (Gap::Hyphen | Gap::Stop, _) => pieces.iter().any(|piece| piece.class != Class::Word),
        // `4 g in`, `plan s`
        (Gap::Space, [first, second]) => {
            (has_fragment || !has_word)
                && first.at.len() + second.at.len() > SHORTEST
                && !(first.class == Class::Word && second.at.len() == 1)
                && !is_beside_function_word(text, first, second)
        }
        (Gap::Space, _) => {
            let is_long = |piece: &Piece| piece.class == Class::Word && piece.at.len() > 1;
            has_fragment
                && !pieces
                    .windows(2)
                    .any(|pair| is_long(&pair[0]) && is_long(&pair[1]))
        }
    }
}

/// Whether a long fragment stands beside a word that is beside names more often than it begins or ends another.
fn is_beside_function_word(text: &str, first: &Piece, second: &Piece) -> bool {
    const LONG: usize = 5;
    let is = |piece: &Piece, words: &[&str]| {
        let piece = &text[piece.at.clone()];
        words.iter().any(|word| word.eq_ignore_ascii_case(piece))
    };
    (first.at.len() >= LONG && is(second, &LAST)) || (second.at.len() >= LONG && is(first, &FIRST))
}

/// What kind of gap a text is, if it is one that splits words.
fn gap(between: &str) -> Option<Gap> {
    match between {
        " " => Some(Gap::Space),
        "-" => Some(Gap::Hyphen),
        "." => Some(Gap::Stop),
        "_" | "*" | "~" | "·" | "•" => Some(Gap::Sign),
        _ if between.len() >= 3 && between.chars().all(is_of_emoji) => {
            (between.chars().count() <= LONGEST_EMOJI).then_some(Gap::Sign)
        }
        _ => None,
    }
}

fn is_of_emoji(c: char) -> bool {
    matches!(c, '\u{203C}' | '\u{2049}' | '\u{200D}' | '\u{20E3}' | '\u{2190}'..='\u{2BFF}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}')
}
