//! Letters written as emoji: regional indicators, keycaps, squared and circled letters, and pictures between letters.

use super::draft::Edits;
use super::english::{self, LONGEST};

/// The codes of ISO 3166-1 and the four others that have a flag: pairs of regional indicators that are shown as one.
const FLAGS: &str = "ACADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCPCQCRCUCVCWCXCYCZDEDGDJDKDMDODZEAECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUICIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTATCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUNUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

/// Pictures that are read as a letter between letters.
const PICTURES: [(char, &str); 38] = [
    (CROSS, "x"),
    ('ℹ', "i"),
    ('⭕', "o"),
    ('🔴', "o"),
    ('🔵', "o"),
    ('🟠', "o"),
    ('🟡', "o"),
    ('🟢', "o"),
    ('🟣', "o"),
    ('🟤', "o"),
    ('⚪', "o"),
    ('⚫', "o"),
    ('🌕', "o"),
    ('🌚', "o"),
    ('🌝', "o"),
    ('🌞', "o"),
    ('🌍', "o"),
    ('🌎', "o"),
    ('🌏', "o"),
    ('🍩', "o"),
    ('🍪', "o"),
    ('🍊', "o"),
    ('⚽', "o"),
    ('🏀', "o"),
    ('🎾', "o"),
    ('🏐', "o"),
    ('🎱', "o"),
    ('💿', "o"),
    ('⊙', "o"),
    ('💲', "s"),
    ('✝', "t"),
    ('☦', "t"),
    ('➕', "t"),
    ('❗', "i"),
    ('❕', "i"),
    ('☪', "c"),
    ('🌙', "c"),
    ('▲', "a"),
];

/// Emoji that are words, and one that is a letter.
const WORDS: [(char, &str); 12] = [
    ('Ⓜ', "m"),
    ('🆎', "ab"),
    ('🆑', "cl"),
    ('🆒', "cool"),
    ('🆓', "free"),
    ('🆔', "id"),
    ('🆕', "new"),
    ('🆖', "ng"),
    ('🆗', "ok"),
    ('🆘', "sos"),
    ('🆙', "up"),
    ('🆚', "vs"),
];

/// Is a letter only in words that have it there: it crosses out as well.
const CROSS: char = '❌';
const KEYCAP: char = '\u{20E3}';
const AS_EMOJI: char = '\u{FE0F}';
/// From this many letters on both sides what stands between is punctuation, not a letter.
pub(super) const WHOLE_WORD: usize = 3;

/// Whether the step looks at a character.
pub(super) fn is_substitute(c: char) -> bool {
    c == KEYCAP || indicated(c).is_some() || framed(c).is_some() || pictured(c).is_some()
}

fn indicated(c: char) -> Option<char> {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}').then(|| letter_from(c as u32 - 0x1_F1E6))
}

fn letter_from(place: u32) -> char {
    char::from_u32(u32::from(b'a') + place % 26).unwrap_or('a')
}

/// Letters in filled squares and circles, which NFKC leaves, and squared words.
fn framed(c: char) -> Option<&'static str> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    let place = match c as u32 {
        code @ 0x1_F150..=0x1_F169 => code - 0x1_F150,
        code @ 0x1_F170..=0x1_F189 => code - 0x1_F170,
        _ => {
            return WORDS
                .iter()
                .find_map(|(other, word)| (*other == c).then_some(*word));
        }
    } as usize;
    Some(&LETTERS[place..=place])
}

fn pictured(c: char) -> Option<&'static str> {
    PICTURES
        .iter()
        .find_map(|(other, letter)| (*other == c).then_some(*letter))
}

/// A character with the selector of its style and its keycap.
struct Sign {
    from: usize,
    to: usize,
    c: char,
    is_keycap: bool,
}

impl Sign {
    /// Whether it is or may stand for a letter, so that what is beside it may as well.
    fn is_like_a_letter(&self) -> bool {
        self.is_keycap
            || self.c.is_alphabetic()
            || indicated(self.c).is_some()
            || framed(self.c).is_some()
    }
}

fn signs(text: &str) -> Vec<Sign> {
    let mut signs: Vec<Sign> = Vec::with_capacity(text.len());
    for (place, c) in text.char_indices() {
        let to = place + c.len_utf8();
        match signs.last_mut() {
            Some(last)
                if c == AS_EMOJI && (!last.c.is_alphabetic() || framed(last.c).is_some()) =>
            {
                last.to = to;
            }
            Some(last) if c == KEYCAP && matches!(last.c, '0'..='9' | '#' | '*') => {
                last.to = to;
                last.is_keycap = true;
            }
            _ => signs.push(Sign {
                from: place,
                to,
                c,
                is_keycap: false,
            }),
        }
    }
    signs
}

pub(super) fn find(text: &str, edits: &mut Edits) {
    let signs = signs(text);
    let mut place = 0;
    while place < signs.len() {
        let sign = &signs[place];
        if indicated(sign.c).is_some() {
            place = indicators(&signs, place, edits);
            continue;
        }
        let like_a_letter = |other: Option<usize>| {
            other
                .and_then(|other| signs.get(other))
                .is_some_and(Sign::is_like_a_letter)
        };
        let beside = || like_a_letter(place.checked_sub(1)) || like_a_letter(Some(place + 1));
        let with = if sign.is_keycap {
            beside().then(|| &text[sign.from..sign.from + sign.c.len_utf8()])
        } else if let Some(letters) = framed(sign.c) {
            beside().then_some(letters)
        } else {
            pictured(sign.c).filter(|letter| is_read(&signs, place, letter))
        };
        if let Some(with) = with {
            edits.replace(sign.from..sign.to, with);
        }
        place += 1;
    }
}

/// Whether a picture is read as its letter: it makes a word of English, or stands inside a word that is none without it.
fn is_read(signs: &[Sign], place: usize, letter: &str) -> bool {
    let beside = |sign: &&Sign| sign.c.is_ascii_alphabetic();
    let before = signs[..place]
        .iter()
        .rev()
        .take(LONGEST)
        .take_while(beside)
        .count();
    let after = signs[place + 1..]
        .iter()
        .take(LONGEST)
        .take_while(beside)
        .count();
    let letters =
        |range: &[Sign]| -> Vec<u8> { range.iter().map(|sign| english::symbol(sign.c)).collect() };
    let (before, after) = (
        letters(&signs[place - before..place]),
        letters(&signs[place + 1..=place + after]),
    );
    let symbols: Vec<u8> = letter.chars().map(english::symbol).collect();
    let whole = [&before[..], &symbols, &after].concat();
    let without = [&before[..], &after].concat();
    if english::is_word(&without) {
        return false;
    }
    (without.len() >= WHOLE_WORD && english::is_word(&whole))
        || (signs[place].c != CROSS && is_inside_word(signs, place))
}

/// Letters on both sides, and not so many on each that two words are parted.
fn is_inside_word(signs: &[Sign], place: usize) -> bool {
    let letters = |sign: &&Sign| sign.c.is_alphabetic();
    let before = signs[..place].iter().rev().take(WHOLE_WORD);
    let before = before.take_while(letters).count();
    let after = signs[place + 1..].iter().take(WHOLE_WORD);
    let after = after.take_while(letters).count();
    before > 0 && after > 0 && before.min(after) < WHOLE_WORD
}

/// A run of regional indicators: flags stay if all of it is flags, else all are letters.
fn indicators(signs: &[Sign], start: usize, edits: &mut Edits) -> usize {
    let run = &signs[start..];
    let length = run
        .iter()
        .take_while(|sign| indicated(sign.c).is_some())
        .count();
    let run = &run[..length];
    let are_flags = run.chunks(2).all(|pair| match pair {
        [one, other] => is_flag(one.c, other.c),
        _ => false,
    });
    if !are_flags {
        for sign in run {
            if let Some(letter) = indicated(sign.c) {
                edits.put(sign.from..sign.to, letter);
            }
        }
    }
    start + length
}

fn is_flag(one: char, other: char) -> bool {
    let (Some(one), Some(other)) = (indicated(one), indicated(other)) else {
        return false;
    };
    let code = [
        one.to_ascii_uppercase() as u8,
        other.to_ascii_uppercase() as u8,
    ];
    FLAGS.as_bytes().chunks(2).any(|flag| flag == code)
}
