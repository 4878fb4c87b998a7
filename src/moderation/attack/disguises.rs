//! A letter becomes something that a reader takes for it: homoglyphs, leetspeak, emoji.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::{Edits, Family};

/// The letters that have disguises.
const LETTERS: [char; 52] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S',
    'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l',
    'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
];

/// Homoglyphs of each of [`LETTERS`], in the order of their code points.
static HOMOGLYPHS: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let skeletons = LETTERS.map(skeleton_of);
    let mut found = vec![Vec::new(); LETTERS.len()];
    // The characters that look like Latin letters, or are variants of them, all lie in the first two planes.
    for other in '\0'..='\u{1FFFF}' {
        // Those in frames are emoji to whoever sees them.
        if framed(other) {
            continue;
        }
        let (looks, folded) = (skeleton_of(other), folded(other));
        for (place, letter) in LETTERS.into_iter().enumerate() {
            if other != letter && (looks == skeletons[place] || folded == Some(letter)) {
                found[place].push(other);
            }
        }
    }
    found
});

/// What a character looks like, by UTS #39.
fn skeleton_of(character: char) -> String {
    skeleton(character.encode_utf8(&mut [0; 4])).collect()
}

/// The letter that a character is a variant of (fullwidth, mathematical, superscript …), by NFKC.
fn folded(character: char) -> Option<char> {
    let mut folded = std::iter::once(character).nfkc();
    let first = folded.next()?;
    folded.next().is_none().then_some(first)
}

/// The characters that look like an ASCII letter, in the order of their code points: all whose UTS #39 skeleton is the letter's (so `1`, `|`
/// and `I` for `l`), and all that NFKC makes into the letter. Empty for any other character.
pub fn homoglyphs(letter: char) -> &'static [char] {
    let place = LETTERS.binary_search(&letter);
    place.map_or(&[], |place| &HOMOGLYPHS[place])
}

/// The digits and signs that stand for a letter.
fn leet(letter: char) -> &'static [char] {
    match letter.to_ascii_lowercase() {
        'a' => &['4', '@'],
        'b' => &['8'],
        'e' => &['3'],
        'g' => &['9'],
        'i' => &['1', '!'],
        'l' => &['1', '|'],
        'o' => &['0'],
        's' => &['5', '$'],
        't' => &['7', '+'],
        'z' => &['2'],
        _ => &[],
    }
}

/// Emoji that show a letter and are not one of an alphabet.
fn pictures(letter: char) -> &'static [&'static str] {
    match letter.to_ascii_lowercase() {
        'a' => &["🅰️", "4️⃣"],
        'b' => &["🅱️", "8️⃣"],
        'e' => &["3️⃣"],
        'i' => &["ℹ️", "1️⃣"],
        'm' => &["Ⓜ️"],
        'o' => &["🅾️", "0️⃣", "⭕"],
        'p' => &["🅿️"],
        's' => &["5️⃣"],
        't' => &["7️⃣"],
        'x' => &["❌"],
        _ => &[],
    }
}

/// The code points at which alphabets of framed letters begin: circled, circled capitals, squared, white on black circles and squares, and regional
/// indicators.
const ALPHABETS: [u32; 6] = [0x24D0, 0x24B6, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6];

fn framed(character: char) -> bool {
    let code = u32::from(character);
    ALPHABETS
        .iter()
        .any(|first| (*first..first + 26).contains(&code))
}

/// Emoji put between letters.
const INSERTED: [&str; 8] = ["😂", "🔥", "💀", "👏", "🙂", "✨", "❤️", "👍🏽"];

/// The one ASCII letter that a grapheme cluster is.
fn ascii_letter(grapheme: &str) -> Option<char> {
    let &[byte] = grapheme.as_bytes() else {
        return None;
    };
    byte.is_ascii_alphabetic().then(|| char::from(byte))
}

pub(super) fn has_homoglyph(grapheme: &str) -> bool {
    ascii_letter(grapheme).is_some()
}

pub(super) fn has_leet(grapheme: &str) -> bool {
    ascii_letter(grapheme).is_some_and(|letter| !leet(letter).is_empty())
}

pub(super) fn has_emoji(grapheme: &str) -> bool {
    ascii_letter(grapheme).is_some()
}

impl Edits<'_> {
    /// The letter here becomes a homoglyph or a sign of leetspeak.
    pub(super) fn disguise(&mut self, family: Family, place: usize) {
        let letter = ascii_letter(self.text.graphemes[place]);
        let choices = match (family, letter) {
            (Family::Leet, Some(letter)) => leet(letter),
            (_, Some(letter)) => homoglyphs(letter),
            (_, None) => &[],
        };
        if !choices.is_empty() {
            let chosen = self.one_of(choices);
            self.changed.insert(place, chosen.to_string());
        }
    }

    /// The letter here becomes an emoji that shows it; one time in four, or where none does, an emoji follows it within the word.
    pub(super) fn emoji(&mut self, place: usize) {
        let inserts = self.text.gap_after(place) && self.one_of(&[true, false, false, false]);
        match ascii_letter(self.text.graphemes[place]) {
            Some(letter) if !inserts => {
                let shown = self.shown(letter, place);
                self.changed.insert(place, shown);
            }
            _ => {
                let emoji = self.one_of(&INSERTED);
                self.put_after(place, emoji);
            }
        }
    }

    /// An emoji that shows a letter.
    fn shown(&mut self, letter: char, place: usize) -> String {
        let pictures = pictures(letter);
        if !pictures.is_empty() && self.one_of(&[true, false]) {
            return self.one_of(pictures).to_owned();
        }
        // Two regional indicators in a row are a flag, which shows no letters.
        let beside = self.changed.contains_key(&(place + 1))
            || place
                .checked_sub(1)
                .is_some_and(|place| self.changed.contains_key(&place));
        let alphabets = if beside {
            &ALPHABETS[..5]
        } else {
            &ALPHABETS[..]
        };
        let first = self.one_of(alphabets);
        let number = u32::from(letter.to_ascii_uppercase()) - u32::from('A');
        char::from_u32(first + number).map_or_else(String::new, String::from)
    }
}
