//! What the steps have to know of a character, in one look-up.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::{IsNormalized, is_nfkc_quick};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::emoji;

/// Changed by NFKC, or joined by it with what stands before.
pub(super) const COMPATIBLE: u8 = 1;
/// Default-ignorable, a control or a format character.
pub(super) const INVISIBLE: u8 = 2;
/// A combining mark that takes no room.
pub(super) const MARK: u8 = 4;
/// Looks like an ASCII letter or digit ([`look`]).
pub(super) const CONFUSABLE: u8 = 8;
/// Stands for a letter, as an emoji.
pub(super) const EMOJI: u8 = 16;
/// Has a small letter.
pub(super) const UPPER: u8 = 32;
/// A letter of a script with capitals.
pub(super) const CASED: u8 = 64;
/// Part of words: a letter, a mark or a digit.
pub(super) const WORD: u8 = 128;

/// What a character looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// This ASCII letter or digit.
    Exact(char),
    /// This letter with marks: the character's own base looks like it.
    Based(char),
    /// A vertical bar: `I`, `l` or `1`, as the word wants.
    Bar,
}

/// Where the table ends: behind the two planes that scripts are in.
const END: u32 = 0x2_0000;
/// Ideographs, Hangul syllables, cuneiform and hieroglyphs are only parts of words.
const PLAIN: [std::ops::Range<u32>; 6] = [
    0x3400..0xA000,
    0xAC00..0xD7A4,
    0xD800..0xF900,
    0x1_2000..0x1_2550,
    0x1_3000..0x1_4680,
    0x1_7000..0x1_8D00,
];

struct Table {
    flags: Box<[u8]>,
    /// Ascending.
    looks: Vec<(char, Look)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut flags = vec![0; END as usize].into_boxed_slice();
    let mut looks = Vec::with_capacity(4096);
    let mut buffer = String::with_capacity(32);
    for code in 0..END {
        let Some(c) = char::from_u32(code) else {
            continue;
        };
        if PLAIN.iter().any(|range| range.contains(&code)) {
            flags[code as usize] = if c.is_alphanumeric() { WORD } else { 0 };
            continue;
        }
        if c.general_category() == GeneralCategory::Unassigned {
            flags[code as usize] = if is_invisible(c) { INVISIBLE } else { 0 };
            continue;
        }
        let mut found = traits(c);
        if !c.is_ascii()
            && let Some(look) = derive_look(c, &mut buffer)
        {
            found |= CONFUSABLE;
            looks.push((c, look));
        }
        flags[code as usize] = found;
    }
    Table { flags, looks }
});

/// The table, to be taken once per text.
#[derive(Clone, Copy)]
pub(super) struct Characters(&'static Table);

impl Characters {
    pub(super) fn get() -> Self {
        Self(&TABLE)
    }

    /// The flags of a character.
    pub(super) fn of(self, c: char) -> u8 {
        match self.0.flags.get(c as usize) {
            Some(flags) => *flags,
            None => traits(c),
        }
    }

    pub(super) fn is(self, c: char, flags: u8) -> bool {
        self.of(c) & flags != 0
    }

    /// What a character that is not ASCII looks like, if like an ASCII letter or digit.
    pub(super) fn look(self, c: char) -> Option<Look> {
        let looks = &self.0.looks;
        let place = looks.binary_search_by_key(&c, |(c, _)| *c).ok()?;
        Some(looks[place].1)
    }
}

/// All flags but [`CONFUSABLE`].
fn traits(c: char) -> u8 {
    if c.is_ascii() {
        return match c {
            'A'..='Z' => UPPER | CASED | WORD,
            'a'..='z' => CASED | WORD,
            '0'..='9' => WORD,
            '\t' | '\n' | '\r' => 0,
            _ if c.is_ascii_control() => INVISIBLE,
            _ => 0,
        };
    }
    let mut found = 0;
    if is_invisible(c) {
        return INVISIBLE;
    }
    if is_nfkc_quick(std::iter::once(c)) != IsNormalized::Yes {
        found |= COMPATIBLE;
    }
    match c.general_category_group() {
        GeneralCategoryGroup::Mark => {
            found |= WORD;
            if c.general_category() != GeneralCategory::SpacingMark {
                found |= MARK;
            }
        }
        GeneralCategoryGroup::Letter => found |= WORD,
        GeneralCategoryGroup::Number if c.is_alphanumeric() => found |= WORD,
        _ => {}
    }
    if emoji::is_substitute(c) {
        found |= EMOJI;
    }
    if c.is_lowercase() || c.is_uppercase() {
        found |= CASED;
    }
    if !c.to_lowercase().eq(std::iter::once(c)) {
        found |= UPPER;
    }
    found
}

/// Default-ignorable characters as UTS #39 has them (its skeleton has nothing of them), controls and the characters of interlinear annotation.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{FFF9}'..='\u{FFFB}')
        || (matches!(
            c,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{3164}'
                | '\u{FFA0}'
        ) || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
            || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}')
            || matches!(c, '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'))
}

/// Small capitals and letters that UTS #39 leaves apart though they are read as the ASCII letter, and pairs that older versions of its data had.
const ALSO: [(char, char); 20] = [
    ('˛', 'i'),
    ('ͺ', 'i'),
    ('𐔜', 'C'),
    ('ᴀ', 'a'),
    ('ʙ', 'b'),
    ('ᴅ', 'd'),
    ('ᴇ', 'e'),
    ('ꜰ', 'f'),
    ('ɢ', 'g'),
    ('ʜ', 'h'),
    ('ᴊ', 'j'),
    ('ᴋ', 'k'),
    ('ʟ', 'l'),
    ('ᴍ', 'm'),
    ('ɴ', 'n'),
    ('ᴘ', 'p'),
    ('ǫ', 'q'),
    ('ʀ', 'r'),
    ('ᴛ', 't'),
    ('ꞯ', 'q'),
];

fn derive_look(c: char, buffer: &mut String) -> Option<Look> {
    if let Some((_, letter)) = ALSO.iter().find(|(other, _)| *other == c) {
        return Some(Look::Exact(*letter));
    }
    if is_invisible(c) {
        return None;
    }
    buffer.clear();
    buffer.extend(super::skeleton::prototypes(c.encode_utf8(&mut [0; 4])));
    if let Some(look) = ascii_look(buffer) {
        return Some(look);
    }
    // precomposed letters of other scripts, such as ѐ
    let mut parts = c.nfd();
    let base = parts.next().filter(|base| !base.is_ascii())?;
    if parts.next().is_none()
        || parts.any(|c| c.general_category_group() != GeneralCategoryGroup::Mark)
    {
        return None;
    }
    buffer.clear();
    buffer.extend(super::skeleton::prototypes(base.encode_utf8(&mut [0; 4])));
    match ascii_look(buffer)? {
        Look::Exact(letter) if letter.is_ascii_alphabetic() => Some(Look::Based(letter)),
        _ => None,
    }
}

/// The inverse of the prototypes of ASCII: `m` is `rn` there, and `I`, `|` and `1` are `l`.
fn ascii_look(skeleton: &str) -> Option<Look> {
    let mut letters = skeleton.chars();
    match (letters.next()?, letters.next(), letters.next()) {
        ('r', Some('n'), None) => Some(Look::Exact('m')),
        ('l', None, _) => Some(Look::Bar),
        (c, None, _) if c.is_ascii_alphanumeric() => Some(Look::Exact(c)),
        _ => None,
    }
}

/// The script of a letter; the common ones by their blocks.
pub(super) fn script(c: char) -> Script {
    match c as u32 {
        0..0x80 => Script::Latin,
        0x400..0x530 => Script::Cyrillic,
        _ => c.script(),
    }
}
