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
    /// Something outside of ASCII.
    pub(super) const WIDE: u16 = 2048;

    pub(super) fn has(self, any_of: u16) -> bool {
        self.0 & any_of != 0
    }
}

const LETTER: u8 = 1;
/// What may begin a stretch of leet before a letter.
const LEAD: u8 = 2;
/// What may be leet behind a letter.
const TRAIL: u8 = 4;
/// Part of a word of one character.
const SINGLE: u8 = 8;
const CAPITAL: u8 = 16;
const CONTROL: u8 = 32;
const SMALL: u8 = 64;
/// Leet before `s` and behind letters, else a mention.
const AT: u8 = 128;

const KINDS: [u8; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
        let c = byte as u8;
        kinds[byte] = match c {
            b'a'..=b'z' => LETTER | SINGLE | SMALL,
            b'A'..=b'Z' => LETTER | SINGLE | CAPITAL,
            b'0'..=b'9' | b'$' => LEAD | TRAIL | SINGLE,
            b'@' => SINGLE | AT,
            b'!' | b'+' | b'|' => LEAD,
            b'\t' | b'\n' | b'\r' => 0,
            0..=0x1F | 0x7F => CONTROL,
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
    let mut seen = 0;
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
    let trail = |byte: u8| digit(byte) | is(byte, b'$');
    let lead = |byte: u8| trail(byte) | is(byte, b'!') | is(byte, b'+') | is(byte, b'|');
    let word = |byte: u8| letter(byte) | trail(byte) | is(byte, b'@');
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
        if KINDS[usize::from(byte & 0x7F)] & SINGLE != 0 {
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

fn scan_wide(text: &str, characters: Characters) -> Seen {
    let mut seen = Seen::WIDE;
    let (mut before, mut letter, mut repeated) = (0_u8, '\0', 0_u8);
    let (mut word, mut singles) = (0_usize, 0_usize);
    for c in text.chars() {
        let (kind, flags) = if c.is_ascii() {
            let kind = KINDS[c as usize];
            let flags = match kind {
                _ if kind & CONTROL != 0 => INVISIBLE,
                _ if kind & CAPITAL != 0 => UPPER | CASED | WORD,
                _ if kind & LETTER != 0 => CASED | WORD,
                _ => 0,
            };
            (kind, flags)
        } else {
            let flags = characters.of(c);
            let kind = match flags {
                _ if flags & CASED != 0 => LETTER | SINGLE,
                _ if flags & WORD != 0 => SINGLE,
                _ if matches!(c, '€' | '£' | '¢' | '¥') => LEAD | TRAIL,
                _ => 0,
            };
            (kind, flags)
        };
        seen |= u16::from(flags & !(CASED | WORD));
        let leet = (kind & (before >> 1)) | ((kind >> 2) & before);
        seen |= u16::from(leet & LETTER) << 8;
        if (kind & AT != 0 && before & SINGLE != 0)
            || (before & AT != 0 && matches!(c, 's' | 'S' | '5' | '$'))
        {
            seen |= Seen::LEET;
        }
        let folded = if c.is_ascii() {
            c.to_ascii_lowercase()
        } else {
            c
        };
        repeated = if folded == letter {
            repeated.saturating_add(1)
        } else {
            0
        };
        if repeated >= 2 && kind & LETTER != 0 {
            seen |= Seen::REPEATED;
        }
        if c == 'I' && before & SMALL != 0 {
            seen |= Seen::CONFUSABLE;
        }
        if kind & SINGLE != 0 {
            word += usize::from(flags & MARK == 0);
        } else if word > 0 && flags & INVISIBLE == 0 {
            singles = if word == 1 { singles + 1 } else { 0 };
            if singles >= 3 {
                seen |= Seen::SPACED;
            }
            word = 0;
        }
        (before, letter) = (kind, folded);
    }
    if word == 1 && singles >= 2 {
        seen |= Seen::SPACED;
    }
    Seen(seen)
}
