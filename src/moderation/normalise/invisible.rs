//! Characters that are not seen: zero-width ones, controls of writing direction, default-ignorables; kept where a script or an emoji needs them.

use unicode_script::Script;

use super::characters::{Characters, INVISIBLE, MARK, script};
use super::draft::Edits;
use super::english;

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// Sets everything behind it from right to left, up to [`POP`] or the end of the line.
const OVERRIDE: char = '\u{202E}';
const POP: char = '\u{202C}';
const FLAG: char = '\u{1F3F4}';
const KEYCAP: char = '\u{20E3}';

/// Seen before and after an invisible character.
#[derive(Clone, Copy)]
struct Place {
    /// The last character that stays.
    before: Option<char>,
    /// The last one that stays and is no mark.
    base: Option<char>,
    after: Option<char>,
    /// Whether something before runs from right to left.
    is_from_right: bool,
}

pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let mut seen = Place {
        before: None,
        base: None,
        after: None,
        is_from_right: false,
    };
    // Where the next visible character is known to stand: so that a run of invisible ones is looked through once.
    let mut visible: (usize, Option<char>) = (0, None);
    let mut skip_to = 0;
    for (place, c) in text.char_indices() {
        if place < skip_to {
            continue;
        }
        let end = place + c.len_utf8();
        if !characters.is(c, INVISIBLE) {
            seen.before = Some(c);
            seen.is_from_right |= runs_from_right(c);
            if !characters.is(c, MARK) {
                seen.base = Some(c);
            }
            continue;
        }
        if c == OVERRIDE
            && let Some((length, turned)) = turn_around(&text[end..], characters)
        {
            edits.replace(place..end + length, &turned);
            skip_to = end + length;
            continue;
        }
        if visible.0 <= place {
            visible = text[end..]
                .char_indices()
                .find(|(_, c)| !characters.is(*c, INVISIBLE))
                .map_or((text.len(), None), |(offset, c)| (end + offset, Some(c)));
        }
        seen.after = visible.1;
        if stays(c, seen) {
            seen.before = Some(c);
        } else {
            edits.remove(place..end);
        }
    }
}

/// What was written from right to left by an override, as it is read: the length in bytes up to the end of the override, and its characters
/// turned around: if it ends and all its letters are of scripts that run from left to right, or else if that is nearer to English than what stands there.
fn turn_around(rest: &str, characters: Characters) -> Option<(usize, String)> {
    let line = rest.find(['\n', '\r', OVERRIDE]).unwrap_or(rest.len());
    let end = rest[..line].find(POP).unwrap_or(line);
    let visible = || {
        rest[..end]
            .chars()
            .filter(|c| !characters.is(*c, INVISIBLE))
    };
    let worth = |text: &str| -> i64 {
        text.split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .map(|word| {
                let word: Vec<u8> = word.chars().map(english::symbol).collect();
                english::levels(&word).map(i64::from).sum::<i64>()
            })
            .sum()
    };
    let straight: String = visible().collect();
    let turned: String = straight.chars().rev().collect();
    let is_ended = end < line && straight.chars().any(char::is_alphabetic);
    let is_turned = is_ended && !straight.chars().any(runs_from_right);
    (is_turned || worth(&turned) > worth(&straight)).then_some((end, turned))
}

fn stays(c: char, seen: Place) -> bool {
    // the form of a letter that would be joined with one before it
    let is_before_joining = seen.after.is_some_and(joins);
    if c == JOINER && is_before_joining && seen.before.is_none_or(char::is_whitespace) {
        return true;
    }
    let Some(before) = seen.before else {
        return false;
    };
    match c {
        NON_JOINER | JOINER => {
            let is_joiner = before == NON_JOINER || before == JOINER;
            let in_script = seen.base.is_some_and(joins) && !is_joiner;
            let in_emoji =
                c == JOINER && is_pictorial(before) && seen.after.is_some_and(is_pictorial);
            in_script || in_emoji
        }
        // left-to-right and right-to-left marks belong to writing that runs from right to left
        // and have nothing to do inside a word that mixes it with Latin
        '\u{200E}' | '\u{200F}' | '\u{61C}' => {
            let beside = || [seen.base, seen.after].into_iter().flatten();
            before != c
                && (seen.is_from_right || seen.after.is_some_and(runs_from_right))
                && !beside().any(|c| c.is_ascii_alphabetic())
        }
        '\u{FE0E}' | '\u{FE0F}' => {
            before != c
                && (is_pictorial(before)
                    || (matches!(before, '0'..='9' | '#' | '*') && seen.after == Some(KEYCAP)))
        }
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' => {
            script(before) == Script::Han || (matches!(before, '\u{2200}'..='\u{2BFF}'))
        }
        '\u{180B}'..='\u{180F}' => script(before) == Script::Mongolian,
        // the flags of England, Scotland and Wales
        '\u{E0020}'..='\u{E007F}' => before == FLAG || matches!(before, '\u{E0020}'..='\u{E007E}'),
        // the inherent vowels of Khmer and the fillers of old Korean
        '\u{17B4}' | '\u{17B5}' => script(before) == Script::Khmer,
        '\u{115F}' | '\u{1160}' => script(before) == Script::Hangul,
        _ => false,
    }
}

/// Scripts whose letters take another form beside a joiner.
fn joins(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            script(c),
            Script::Arabic
                | Script::Syriac
                | Script::Nko
                | Script::Mandaic
                | Script::Mongolian
                | Script::Phags_Pa
                | Script::Adlam
                | Script::Hanifi_Rohingya
                | Script::Devanagari
                | Script::Bengali
                | Script::Gurmukhi
                | Script::Gujarati
                | Script::Oriya
                | Script::Tamil
                | Script::Telugu
                | Script::Kannada
                | Script::Malayalam
                | Script::Sinhala
                | Script::Khmer
                | Script::Myanmar
                | Script::Tibetan
                | Script::Balinese
                | Script::Javanese
                | Script::Newa
                | Script::Grantha
        )
}

fn runs_from_right(c: char) -> bool {
    matches!(c as u32, 0x590..0x900 | 0xFB1D..0xFE00 | 0xFE70..0xFEFF | 0x1_0800..0x1_1000 | 0x1_E800..0x1_F000)
}

/// Emoji, symbols and what follows them in a sequence: selectors, skin tones.
fn is_pictorial(c: char) -> bool {
    matches!(c, '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2100}'..='\u{214F}' | '\u{2190}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}' | '\u{E007F}')
}
