//! Digits and signs that stand for letters (`h4te`, `$hit`), read where a word comes out that English could have.

use std::ops::Range;

use super::addresses::Addresses;
use super::draft::Edits;
use super::emoji::WHOLE_WORD;
use super::english::{self, EDGE, Reading, UNUSUAL, USUAL};
use super::numbers::{COUNTED, MEANT, NUMBERED};

/// What a sign may stand for, the likelier first; none where it is only itself.
fn readings(c: char) -> Option<Reading> {
    let (first, second) = match c {
        '0' => ('o', None),
        '1' | '!' => ('i', Some('l')),
        '|' => ('l', Some('i')),
        '3' | '€' => ('e', None),
        '4' | '@' => ('a', None),
        '5' | '$' => ('s', None),
        '2' => ('z', None),
        '6' => ('g', Some('b')),
        '9' => ('g', None),
        '7' | '+' => ('t', None),
        '8' => ('b', None),
        '£' => ('l', None),
        '¢' => ('c', None),
        '¥' => ('y', None),
        _ => return None,
    };
    Some([english::symbol(first), second.map_or(EDGE, english::symbol)])
}

/// A character of a word.
#[derive(Debug, Clone, Copy)]
struct Sign {
    place: usize,
    c: char,
}

impl Sign {
    fn is_letter(&self) -> bool {
        self.c.is_alphabetic()
    }

    fn at(&self) -> Range<usize> {
        self.place..self.place + self.c.len_utf8()
    }
}

pub(super) fn find(text: &str, edits: &mut Edits) {
    let mut word: Vec<Sign> = Vec::new();
    let (mut start, mut before, mut is_candidate) = (0, 0, false);
    for (place, byte) in text.bytes().chain(*b" ").enumerate() {
        let kind = KINDS[usize::from(byte)];
        if kind == BLANK {
            if is_candidate {
                settle_chunk(&text[start..place], start, &mut word, edits);
            }
            (start, before, is_candidate) = (place + 1, 0, false);
            continue;
        }
        // a letter beside a sign; an `@` at the front makes a mention, unless an `s` is behind it
        let is_mention = byte == b'@' && place == start;
        let may_be_leet = matches!(
            text.as_bytes().get(place + 1),
            Some(b's' | b'S' | b'5' | b'$')
        );
        let kind = if is_mention && !may_be_leet { 0 } else { kind };
        is_candidate |= (kind & LETTER & (before >> 1)) | ((kind >> 1) & before & LETTER) != 0;
        before = kind;
    }
}

const LETTER: u8 = 1;
const SIGN: u8 = 2;
const BLANK: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let c = byte as u8;
        kinds[byte] = match c {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' | b'@' | b'$' | b'!' | b'+' | b'|' => SIGN,
            b' ' | b'\t' | b'\n' | b'\r' => BLANK,
            // letters and currencies
            0x80.. => LETTER | SIGN,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// What stands between two blanks, from byte `start` of the text on.
fn settle_chunk(chunk: &str, start: usize, word: &mut Vec<Sign>, edits: &mut Edits) {
    let addresses = Addresses::of(chunk);
    for (place, c) in chunk.char_indices() {
        let is_part = c.is_ascii_alphanumeric() || readings(c).is_some() || c.is_alphabetic();
        if is_part && !addresses.hold(place) {
            let place = start + place;
            word.push(Sign { place, c });
        } else {
            settle_all(word, edits);
            word.clear();
        }
    }
    settle_all(word, edits);
    word.clear();
}

/// Words with what stands around and between them: `yes!no` and `this|that` are two each, `stra!ght` and `workou+` are one.
fn settle_all(word: &[Sign], edits: &mut Edits) {
    if let Some((read, source)) = whole(word) {
        write(word, &read, &source, edits);
        return;
    }
    let mut start = 0;
    for place in 0..word.len() {
        if matches!(word[place].c, '|' | '!' | '+') && !is_inside(word, start, place) {
            settle(&word[start..place], edits);
            start = place + 1;
        }
    }
    settle(&word[start..], edits);
}

/// Whether a sign of punctuation stands inside a word: between letters, not with whole words on both sides; `!` needs consonants around, so that it is
/// the vowel.
fn is_inside(word: &[Sign], start: usize, place: usize) -> bool {
    let is_part = |sign: &&Sign| sign.is_letter() || sign.c == word[place].c;
    let before = word[start..place].iter().rev().take(WHOLE_WORD);
    let before = before.take_while(is_part).count();
    let after = word[place + 1..].iter().take(WHOLE_WORD);
    let after = after.take_while(is_part).count();
    let is_vowel = |sign: &Sign| matches!(sign.c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u');
    let is_letter = |sign: Option<&Sign>| sign.is_some_and(Sign::is_letter);
    let is_other = |sign: &&Sign| sign.c != word[place].c;
    let mut behind = word[place..].iter().take(WHOLE_WORD + 1);
    let mut ahead = word[start..place].iter().rev().take(WHOLE_WORD + 1);
    if !is_letter(behind.find(is_other)) || !is_letter(ahead.find(is_other)) {
        return false;
    }
    match word[place].c {
        '!' => !is_vowel(&word[place - 1]) && !is_vowel(&word[place + 1]),
        // `P(A|B)`
        _ => word.len() > WHOLE_WORD && (before < WHOLE_WORD || after < WHOLE_WORD),
    }
}

fn settle(word: &[Sign], edits: &mut Edits) {
    let Some(word) = trim(word) else { return };
    let letters = word.iter().filter(|sign| sign.is_letter()).count();
    if letters < 2 || letters == word.len() {
        return;
    }
    let first = word.iter().position(Sign::is_letter).unwrap_or(0);
    let last = word.iter().rposition(Sign::is_letter).unwrap_or(0);
    let Some(demand) = demanded(word, first, last, letters) else {
        return;
    };
    let possible = |(read, _): &(Vec<u8>, Vec<usize>)| match demand {
        Demand::Word => false,
        Demand::Level(level) => english::least_level(read) >= level,
    };
    let all = [2, 1].map(|most| spelt(word, most));
    let found = all.iter().find(|(read, _)| english::is_word(read));
    if let Some((read, source)) = found.or_else(|| Some(&all[0]).filter(|one| possible(one))) {
        write(word, read, source, edits);
    }
}

/// How a word with signs is read, and which letter of that each character became. A sign again and again (`l000ser`) is read as two letters, a
/// letter as at most `most`.
fn spelt(word: &[Sign], most: usize) -> (Vec<u8>, Vec<usize>) {
    let mut places: Vec<Reading> = Vec::with_capacity(word.len());
    let mut source = Vec::with_capacity(word.len());
    let (mut last, mut count) = (' ', 0);
    let drawn_out = |place: usize| {
        word[place..]
            .iter()
            .take(3)
            .all(|sign| sign.c.eq_ignore_ascii_case(&word[place].c))
            && word.len() >= place + 3
    };
    let mut is_drawn_out = false;
    for (place, sign) in word.iter().enumerate() {
        if sign.c.eq_ignore_ascii_case(&last) {
            count += 1;
        } else {
            (last, count) = (sign.c, 1);
            is_drawn_out = drawn_out(place);
        }
        let most = if sign.is_letter() { most } else { 2 };
        if !is_drawn_out || count <= most {
            places.push(readings(sign.c).unwrap_or([english::symbol(sign.c), EDGE]));
        }
        source.push(places.len() - 1);
    }
    (english::read(&places), source)
}

fn write(word: &[Sign], read: &[u8], source: &[usize], edits: &mut Edits) {
    for (sign, place) in word.iter().zip(source) {
        if !sign.is_letter() {
            edits.put(sign.at(), english::letter(read[*place]));
        }
    }
}

/// A word of English with signs for some of its letters, of which what is left is none, wherever they stand; but no `!` at its end, and digits at the ends as
/// [`demanded`] has it.
fn whole(word: &[Sign]) -> Option<(Vec<u8>, Vec<usize>)> {
    let (first, last) = (word.first()?, word.last()?);
    let letters = word.iter().filter(|sign| sign.is_letter()).count();
    let is_mark = |sign: &Sign| matches!(sign.c, '!' | '|' | '+' | '@');
    let is_late = |sign: &Sign| matches!(sign.c, '2' | '6' | '8' | '9');
    let is_wanted = is_late(last) || word.iter().any(is_mark);
    let is_other = |sign: &Sign| !sign.is_letter() && readings(sign.c).is_none();
    if letters < WHOLE_WORD
        || !is_wanted
        || 2 * letters < word.len()
        || last.c == '!'
        || (first.c == '@' && !matches!(word[1].c, 's' | 'S'))
        || (!is_mark(first) && !first.is_letter())
        || word.iter().any(is_other)
    {
        return None;
    }
    let runs = word.split(|sign| !sign.is_letter());
    let mut runs = runs.filter(|run| !run.is_empty());
    let is_word = |run: &[Sign]| {
        let symbols: Vec<u8> = run.iter().map(|sign| english::symbol(sign.c)).collect();
        english::is_word(&symbols)
            || NUMBERED.iter().any(|name| {
                name.chars()
                    .eq(run.iter().map(|sign| sign.c.to_ascii_lowercase()))
            })
    };
    // `wen+` may be a word and more, `was+ing` and `goin9` are not
    let is_inner = |sign: &Sign| !sign.is_letter();
    let is_ending = letters > WHOLE_WORD
        && word
            .iter()
            .rev()
            .map(|sign| sign.c.to_ascii_lowercase())
            .take(3)
            .eq("9ni".chars());
    if first.c != '+'
        && !is_ending
        && !word[1..word.len() - 1].iter().any(is_inner)
        && runs.all(is_word)
    {
        return None;
    }
    [2, 1]
        .map(|most| spelt(word, most))
        .into_iter()
        .find(|(read, _)| read.len() > WHOLE_WORD && english::is_word(read))
}

/// A word without signs at its ends that are punctuation there.
fn trim(word: &[Sign]) -> Option<&[Sign]> {
    let is_mark = |sign: &Sign| matches!(sign.c, '+' | '|' | '!' | '€' | '£' | '¢' | '¥');
    let start = word.iter().position(|sign| !is_mark(sign))?;
    let end = word
        .iter()
        .rposition(|sign| !is_mark(sign) && sign.c != '@')?;
    word.get(start..=end)
}

/// What a reading must be to be taken.
#[derive(Debug, Clone, Copy)]
enum Demand {
    /// A frequent word.
    Word,
    /// A frequent word, or a string of which every trigram is at least so usual.
    Level(u8),
}

/// What the reading of a word must be, or none if what has this shape is a number, a name or a code. `first` and `last` are the places of its outer letters.
fn demanded(word: &[Sign], first: usize, last: usize, letters: usize) -> Option<Demand> {
    let is_digit = |sign: &Sign| sign.c.is_ascii_digit();
    let is_sign = |sign: &Sign| !sign.is_letter();
    let text = |range: &[Sign]| -> String {
        let small = range.iter().map(|sign| sign.c.to_ascii_lowercase());
        small.collect()
    };
    let inner = &word[first..=last];
    let has_inner = inner.iter().any(is_sign);
    let (lead, trail) = (&word[..first], &word[last + 1..]);
    let is_unread = |sign: &Sign| is_sign(sign) && readings(sign.c).is_none();
    let is_inner_only = |sign: &Sign| matches!(sign.c, '2' | '6' | '8' | '9');
    // `8itch` and `9irls`, not `2day`
    let is_read_first =
        matches!(lead, [sign] if matches!(sign.c, '8' | '9')) && letters >= WHOLE_WORD;
    if word.iter().any(is_unread)
        || (lead.iter().any(is_inner_only) && !is_read_first)
        || trail.iter().any(is_inner_only)
        || lead.len() > 1
        || trail.len() > 2
        || MEANT.contains(&text(word).as_str())
    {
        return None;
    }
    if lead.iter().any(is_digit) && !has_inner {
        let rest = text(inner);
        if rest != "ss" && letters < WHOLE_WORD || COUNTED.contains(&rest.as_str()) {
            return None;
        }
    }
    if trail.iter().any(is_digit) && !has_inner {
        let is_same = trail.windows(2).all(|pair| pair[0].c == pair[1].c);
        let is_short = letters < WHOLE_WORD && trail.len() < 2 && lead.is_empty();
        if !is_same || is_short || NUMBERED.contains(&text(inner).as_str()) {
            return None;
        }
    }
    let has_number = |length: usize| {
        inner.windows(length).any(|digits| {
            digits.iter().all(is_digit) && !digits.windows(2).all(|pair| pair[0].c == pair[1].c)
        })
    };
    if has_number(4) {
        return None;
    }
    let signs = word.len() - letters;
    // `M1A1`, `4e0f`
    let is_code = letters <= 2 || word.iter().all(|sign| sign.c.is_ascii_hexdigit());
    Some(
        if !has_inner
            || is_code
            || has_number(2)
            || letters + signs <= WHOLE_WORD
            || parts_words(word)
        {
            Demand::Word
        } else if letters <= WHOLE_WORD || signs >= letters {
            Demand::Level(USUAL - 1)
        } else {
            Demand::Level(UNUSUAL)
        },
    )
}

/// Whether one sign stands between whole words (`justice4all`, `her@home`), or an `@` before what may be a name.
fn parts_words(word: &[Sign]) -> bool {
    let mut signs = word
        .iter()
        .enumerate()
        .filter(|(_, sign)| !sign.is_letter());
    let (Some((place, sign)), None) = (signs.next(), signs.next()) else {
        return false;
    };
    let after = word.len() - place - 1;
    (place >= WHOLE_WORD && after >= WHOLE_WORD)
        || (sign.c == '@' && after > WHOLE_WORD)
        || (sign.c == '!' && place >= WHOLE_WORD)
}
