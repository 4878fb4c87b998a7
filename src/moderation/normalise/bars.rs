//! Vertical bars: whether what looks like `I`, `l` and `1` at once is an `i` or an `l`.

use super::characters::Look;
use super::confusables::Letter;
use super::draft::Edits;
use super::english::{self, EDGE, Reading, STRANGE};

/// Whether there is an ASCII `I` behind a small letter.
pub(super) fn has_inner_bar(word: &[Letter]) -> bool {
    word.windows(2)
        .any(|pair| pair[1].c == 'I' && pair[0].c.is_ascii_lowercase())
}

/// By how much the levels of `l` must be better for an ASCII `I` to be one, where no word decides: identifiers (`userId`) stay.
const MARGIN: i64 = 3;

/// `has_inner` says that there is an ASCII `I` which may be meant as `l`.
pub(super) fn write(word: &[Letter], becomes: &[Option<Look>], has_inner: bool, edits: &mut Edits) {
    let (i, l) = (english::symbol('i'), english::symbol('l'));
    let is_shouted = is_shouted(word, becomes);
    let places = word.iter().zip(becomes).map(|(letter, look)| -> Reading {
        match look {
            Some(Look::Exact(c) | Look::Based(c)) => [english::symbol(*c), EDGE],
            Some(Look::Bar) if is_shouted || word.len() == 1 => [i, EDGE],
            Some(Look::Bar) => [l, i],
            None if letter.c.is_ascii_alphabetic() => [english::symbol(letter.c), EDGE],
            None => [STRANGE, EDGE],
        }
    });
    let read = if has_inner || becomes.contains(&Some(Look::Bar)) {
        english::read(&places.collect::<Vec<_>>())
    } else {
        Vec::new()
    };
    let inner = if has_inner {
        inner_bars(word, &read)
    } else {
        Vec::new()
    };
    for (place, (letter, look)) in word.iter().zip(becomes).enumerate() {
        let at = letter.place..letter.place + letter.c.len_utf8();
        match look {
            Some(Look::Exact(c) | Look::Based(c)) => edits.put(at, *c),
            Some(Look::Bar) if read[place] == l => edits.put(at, 'l'),
            Some(Look::Bar) => edits.put(at, 'I'),
            None if inner.binary_search(&place).is_ok() => edits.put(at, 'l'),
            None => {}
        }
    }
}

/// The places of ASCII `I` behind small letters, if the word is more usual with `l` in all of them.
fn inner_bars(word: &[Letter], read: &[u8]) -> Vec<usize> {
    let mut is_behind_small = false;
    let mut places = Vec::new();
    for (place, letter) in word.iter().enumerate() {
        let next = word.get(place + 1).map(|letter| letter.c);
        if letter.c != 'I' {
            is_behind_small = letter.c.is_ascii_lowercase();
        } else if is_behind_small {
            // `ReasonsIKnow` is three words
            if next.is_some_and(|c| c != 'I' && c.is_ascii_uppercase()) {
                return Vec::new();
            }
            places.push(place);
        }
    }
    let mut with_l = read.to_vec();
    for place in &places {
        with_l[*place] = english::symbol('l');
    }
    let is_meant = match (english::is_word(&with_l), english::is_word(read)) {
        (true, false) => true,
        (false, true) => false,
        _ => english::sum(&with_l) >= english::sum(read) + MARGIN,
    };
    if !is_meant {
        places.clear();
    }
    places
}

/// A word in capitals; its bars are `I`.
fn is_shouted(word: &[Letter], becomes: &[Option<Look>]) -> bool {
    let mut others = word
        .iter()
        .zip(becomes)
        .filter_map(|(letter, look)| match look {
            Some(Look::Exact(c) | Look::Based(c)) => Some(*c),
            Some(Look::Bar) => None,
            None => Some(letter.c),
        });
    let mut capitals = 0;
    others.all(|c| {
        capitals += usize::from(c.is_uppercase());
        !c.is_lowercase()
    }) && capitals > 0
}
