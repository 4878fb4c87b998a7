//! One fast look at a text that tells which steps have something to do.

use super::characters::{
    CASED, COMPATIBLE, CONFUSABLE, Characters, EMOJI, INVISIBLE, MARK, UPPER, WORD,
};

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen(u16);

impl Seen {
    pub(super) const COMPATIBLE: u16 = COMPATIBLE as u16;
    pub(super) const INVISIBLE: u16 = INVISIBLE as u16;
    pub(super) const MARKS: u16 = MARK as u16;
    pub(super) const CONFUSABLE: u16 = CONFUSABLE as u16;
    pub(super) const EMOJI: u16 = EMOJI as u16;
    pub(super) const UPPER: u16 = UPPER as u16;
    /// A digit or symbol that stands for a letter beside a letter.
    pub(super) const LEET: u16 = 256;
    /// Three words of one character in a row.
    pub(super) const SPACED: u16 = 512;
    /// A letter three times.
    pub(super) const REPEATED: u16 = 1024;
    /// A sign or space between letters; taken for granted, since most texts have one.
    pub(super) const PARTED: u16 = 4096;
    /// Something outside of ASCII.
    pub(super) const WIDE: u16 = 2048;

    pub(super) fn has(self, any_of: u16) -> bool {
        self.0 & any_of != 0
    }
}

/// What may begin a stretch of leet before a letter.
const LEAD: u8 = 1;
/// What may be leet behind a letter.
const TRAIL: u8 = 2;
/// Part of a word of one character.
const SINGLE: u8 = 4;

const KINDS: [u8; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
        let c = byte as u8;
        kinds[byte] = match c {
            b'a'..=b'z' | b'A'..=b'Z' | b'@' => SINGLE,
            b'0'..=b'9' | b'$' => LEAD | TRAIL | SINGLE,
            b'+' | b'|' => LEAD | TRAIL,
            b'!' => LEAD,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Looks at a text once.
pub(super) fn scan(text: &str) -> Seen {
    if text.is_ascii() {
        return scan_ascii(text.as_bytes());
    }
    scan_wide(text, Characters::get())
}

/// Without branches, so that it runs over many bytes at once; only what stands alone thrice is looked at again.
fn scan_ascii(text: &[u8]) -> Seen {
    const STRETCH: usize = 255;
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return Seen(0);
    };
    let second = text.get(1).unwrap_or(&b' ');
    let (mut found, alone) = look(b' ', *first, *second);
    let mut singles = usize::from(alone);
    if text.len() > 1 {
        let (more, alone) = look(text[text.len() - 2], *last, b' ');
        found |= more;
        singles += usize::from(alone);
    }
    let inner = text.len().saturating_sub(2);
    let mut start = 0;
    while start < inner {
        let end = (start + STRETCH).min(inner);
        let mut count = 0_u8;
        let beside = text[start..end].iter().zip(&text[start + 2..end + 2]);
        for ((before, after), byte) in beside.zip(&text[start + 1..=end]) {
            let (more, alone) = look(*before, *byte, *after);
            found |= more;
            count += alone;
        }
        singles += usize::from(count);
        start = end;
    }
    let mut seen = Seen::PARTED;
    for (bit, flag) in [
        Seen::LEET,
        Seen::REPEATED,
        Seen::CONFUSABLE,
        Seen::UPPER,
        Seen::INVISIBLE,
    ]
    .into_iter()
    .enumerate()
    {
        if found >> bit & 1 == 1 {
            seen |= flag;
        }
    }
    if singles >= 3 && has_three_alone(text) {
        seen |= Seen::SPACED;
    }
    Seen(seen)
}

/// What a byte shows between two others: bits for leet, repeats, an `I` behind a small letter, capitals and controls; and 1 if it is a word alone.
#[inline]
fn look(before: u8, byte: u8, after: u8) -> (u8, u8) {
    // whole bytes instead of truth values, so that they are computed together
    let is = |byte: u8, wanted: u8| u8::from(byte == wanted);
    let small = |byte: u8| u8::from(byte.wrapping_sub(b'a') < 26);
    let letter = |byte: u8| small(byte | 0x20);
    let digit = |byte: u8| u8::from(byte.wrapping_sub(b'0') < 10);
    let sign = |byte: u8| digit(byte) | is(byte, b'$');
    let trail = |byte: u8| sign(byte) | is(byte, b'+') | is(byte, b'|');
    let lead = |byte: u8| trail(byte) | is(byte, b'!');
    // what is not ASCII is mostly letters
    let word = |byte: u8| letter(byte) | sign(byte) | is(byte, b'@') | byte >> 7;
    let folded = byte | 0x20;
    let leet = (letter(byte) & lead(before))
        | (letter(before) & trail(byte))
        | (is(byte, b'@') & word(before))
        | (is(before, b'@') & (is(folded, b's') | is(byte, b'5') | is(byte, b'$')));
    let repeated = letter(byte) & is(before | 0x20, folded) & is(after | 0x20, folded);
    let bar = is(byte, b'I') & small(before);
    let capital = u8::from(byte.wrapping_sub(b'A') < 26);
    let blank = is(byte, b'\t') | is(byte, b'\n') | is(byte, b'\r');
    let control = (u8::from(byte < 0x20) & (blank ^ 1)) | is(byte, 0x7F);
    let found = leet | repeated << 1 | bar << 2 | capital << 3 | control << 4;
    (found, word(byte) & (word(before) ^ 1) & (word(after) ^ 1))
}

fn has_three_alone(text: &[u8]) -> bool {
    let (mut word, mut singles) = (0_usize, 0_usize);
    for &byte in text.iter().chain(b" ") {
        if byte >= 0x80 || KINDS[usize::from(byte)] & SINGLE != 0 {
            word += 1;
        } else if word > 0 {
            singles = if word == 1 { singles + 1 } else { 0 };
            if singles >= 3 {
                return true;
            }
            word = 0;
        }
    }
    false
}

/// Letters in a row that are not ASCII, and the marks on them.
#[derive(Default)]
struct Run {
    /// Whether a letter of another script looks like a Latin one.
    has_look: bool,
    /// Whether a letter looks like no Latin one.
    has_own: bool,
    /// Whether a letter or digit of ASCII stands beside.
    is_mixed: bool,
    /// How many marks are on the last letter.
    marks: usize,
}

/// As [`scan_ascii`], with what the characters outside of ASCII add.
fn scan_wide(text: &str, characters: Characters) -> Seen {
    let bytes = text.as_bytes();
    let mut seen = scan_ascii(bytes).0 | Seen::WIDE;
    let kind_at = |place: Option<usize>| {
        let byte = place.and_then(|place| bytes.get(place)).unwrap_or(&b' ');
        KINDS.get(usize::from(*byte)).copied().unwrap_or(0)
    };
    let has_latin = bytes.iter().fold(0, |count, byte| {
        count | u8::from((byte | 0x20).wrapping_sub(b'a') < 26)
    }) > 0;
    let (mut last, mut behind_last, mut in_a_row, mut alone) = (' ', 0, 1, 0);
    let mut run = Run::default();
    let mut start = 0;
    while let Some(offset) = bytes[start..].iter().position(|byte| *byte >= 0x80) {
        let place = start + offset;
        let Some(c) = text[place..].chars().next() else {
            break;
        };
        let end = place + c.len_utf8();
        let flags = characters.of(c);
        let (before, after) = (kind_at(place.checked_sub(1)), kind_at(Some(end)));
        if place != behind_last || flags & (WORD | CONFUSABLE) == 0 {
            seen |= run.seen(has_latin);
            run = Run::default();
        }
        run.is_mixed |= (before | after) & SINGLE != 0;
        seen |= u16::from(flags & !(CASED | WORD | CONFUSABLE | MARK));
        if flags & MARK != 0 {
            run.marks += 1;
            if run.marks > MOST_MARKS || is_accent(c) || !run.has_own {
                seen |= Seen::MARKS;
            }
        } else {
            run.marks = 0;
            if flags & CONFUSABLE == 0 {
                run.has_own |= flags & WORD != 0;
            } else if is_foreign(c) {
                run.has_look = true;
            } else {
                seen |= Seen::CONFUSABLE;
            }
        }
        if flags & CASED != 0 {
            in_a_row = if c == last && place == behind_last {
                in_a_row + 1
            } else {
                1
            };
            let is_leet = before & LEAD != 0 || after & TRAIL != 0;
            seen |= u16::from(is_leet) << 8;
            if in_a_row >= 3 {
                seen |= Seen::REPEATED;
            }
            let is_next_to_wide =
                place == behind_last || bytes.get(end).is_some_and(|byte| *byte >= 0x80);
            alone += u16::from((before | after) & SINGLE == 0 && !is_next_to_wide);
        } else if flags & WORD == 0 && before & after & SINGLE != 0 {
            alone += 1;
            if matches!(c, '€' | '£' | '¢' | '¥') {
                seen |= Seen::LEET;
            }
        }
        if alone >= 2 {
            seen |= Seen::SPACED;
            alone = 2;
        }
        (last, behind_last) = (c, end);
        start = end;
    }
    Seen(seen | run.seen(has_latin))
}

impl Run {
    /// A word is looked at if it may be Latin: all of it looks so, or it is part of one; in a text without any Latin letter none is.
    fn seen(&self, has_latin: bool) -> u16 {
        let may_be_latin = has_latin && self.has_look && (self.is_mixed || !self.has_own);
        if may_be_latin { Seen::CONFUSABLE } else { 0 }
    }
}

/// More marks of a script's own on a letter are looked at.
const MOST_MARKS: usize = 2;

/// Marks that are of no script of their own, which are put on any letter.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// Characters of the scripts from Greek to Khmer, between which there are no Latin letters.
fn is_foreign(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{1CFF}')
}
