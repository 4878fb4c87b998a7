//! Combining marks by the heap: kept where a language writes them, taken away where they hide letters.

use std::cell::LazyCell;
use std::ops::Deref;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;
use unicode_script::{Script, UnicodeScript};

use super::characters::{Characters, MARK, WORD, script};
use super::context::Context;
use super::draft::Edits;
use super::english;

/// The most accents that a language puts on one Latin letter: two in Vietnamese.
const MOST_ON_LATIN: usize = 2;
/// The most marks of all scripts (accents) on a letter that is not Latin: polytonic Greek has three.
const MOST_ACCENTS: usize = 3;
/// The most marks of its own script on a letter: Hebrew with points and cantillation, and Tibetan stacks, stay below.
const MOST_MARKS: usize = 8;
/// The same mark so many times in a row is a flood in any script.
const MOST_SAME: usize = 2;

/// A character with the marks behind it.
struct Cluster {
    base: Option<char>,
    /// Where its marks begin.
    marks: usize,
    end: usize,
    count: usize,
}

pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let context = LazyCell::new(|| Context::of(text));
    let mut word: Vec<Cluster> = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((place, c)) = rest.next() {
        let (base, marks) = if characters.is(c, MARK) {
            (None, place)
        } else {
            (Some(c), place + c.len_utf8())
        };
        let (mut end, mut count) = (marks, 0);
        if base.is_none() {
            (end, count) = (place + c.len_utf8(), 1);
        }
        while let Some((place, c)) = rest.next_if(|(_, c)| characters.is(*c, MARK)) {
            (end, count) = (place + c.len_utf8(), count + 1);
        }
        if base.is_none_or(|c| !characters.is(c, WORD)) {
            settle_word(text, &word, &context, edits);
            word.clear();
        }
        let is_word = base.is_some_and(|c| characters.is(c, WORD));
        let cluster = Cluster {
            base,
            marks,
            end,
            count,
        };
        if is_word {
            word.push(cluster);
        } else if cluster.count > 0 {
            settle_elsewhere(text, &cluster, edits);
        }
    }
    settle_word(text, &word, &context, edits);
}

fn settle_word(
    text: &str,
    word: &[Cluster],
    context: &impl Deref<Target = Context>,
    edits: &mut Edits,
) {
    if word.iter().all(|cluster| cluster.count == 0) {
        return;
    }
    let accents = |cluster: &Cluster| {
        let base = cluster.base.filter(|base| is_latin(*base));
        base.map_or(0, |base| own_marks(base) + cluster.count)
    };
    // Vietnamese has two accents on one letter of a syllable, not on several
    let laden = word
        .iter()
        .filter(|cluster| cluster.count > 0 && accents(cluster) >= MOST_ON_LATIN)
        .count();
    let is_hidden = || is_english_word(text, word, context);
    let is_hidden = LazyCell::new(is_hidden);
    for cluster in word.iter().filter(|cluster| cluster.count > 0) {
        let Some(base) = cluster.base else { continue };
        if is_latin(base) {
            let many = accents(cluster) >= MOST_ON_LATIN;
            let all = laden >= 2 || (many && !is_laden_vowel(text, base, cluster)) || *is_hidden;
            for (place, mark) in marks(text, cluster) {
                if all || (word.len() > 1 && !many && !is_written(base, mark)) {
                    edits.remove(place..place + mark.len_utf8());
                }
            }
        } else {
            settle_other(text, cluster, edits);
        }
    }
}

/// Whether a word is English but for its accents, in an English text, and is not one that English writes with accents.
fn is_english_word(text: &str, word: &[Cluster], context: &impl Deref<Target = Context>) -> bool {
    let letters = word
        .iter()
        .map(|cluster| cluster.base.filter(char::is_ascii_alphabetic));
    let Some(letters) = letters.collect::<Option<Vec<char>>>() else {
        return false;
    };
    let symbols: Vec<u8> = letters.iter().copied().map(english::symbol).collect();
    if !english::is_word(&symbols) || !context.is_english() {
        return false;
    }
    let start = word[0].marks - 1;
    let end = word.last().map_or(start, |cluster| cluster.end);
    let written: String = text[start..end].nfc().collect();
    !english::is_loan(&written.to_lowercase())
}

/// Whether two accents are those that languages put on one letter: together they have a letter of Unicode, or one is below (a dot, a hook, a line) and the other a tone.
fn is_laden_vowel(text: &str, base: char, cluster: &Cluster) -> bool {
    let own = std::iter::once(base).nfd().skip(1);
    let all: Vec<char> = own
        .chain(marks(text, cluster).map(|(_, mark)| mark))
        .collect();
    let [first, second] = all[..] else {
        return false;
    };
    let plain = std::iter::once(base).nfd().next().unwrap_or(base);
    let is_one = [plain, first, second].into_iter().nfc().count() == 1;
    let is_below = |mark: char| matches!(mark, '\u{323}' | '\u{328}' | '\u{331}');
    let is_above = |mark: char| matches!(mark, '\u{300}'..='\u{304}' | '\u{30C}');
    let is_vowel = matches!(plain.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u');
    is_one
        || (is_vowel
            && ((is_below(first) && is_above(second)) || (is_below(second) && is_above(first))))
}

/// On a letter of another script: accents by the heap all go, marks of the script itself are held to what it can need.
fn settle_other(text: &str, cluster: &Cluster, edits: &mut Edits) {
    let is_accent = |mark: char| mark.script() == Script::Inherited;
    let accents = marks(text, cluster)
        .filter(|(_, mark)| is_accent(*mark))
        .count();
    let (mut last, mut same, mut kept) = (None, 0, 0);
    for (place, mark) in marks(text, cluster) {
        same = if last == Some(mark) { same + 1 } else { 1 };
        last = Some(mark);
        let is_flood = if is_accent(mark) && !is_arabic(mark) {
            accents > MOST_ACCENTS
                || (is_overlay(mark) && cluster.base.is_some_and(char::is_alphabetic))
        } else {
            false
        };
        if is_flood || same > MOST_SAME || kept == MOST_MARKS {
            edits.remove(place..place + mark.len_utf8());
        } else {
            kept += 1;
        }
    }
}

/// On a space, a sign or an emoji, or on nothing.
fn settle_elsewhere(text: &str, cluster: &Cluster, edits: &mut Edits) {
    if cluster.count <= MOST_ON_LATIN && cluster.base.is_some_and(|base| !base.is_whitespace()) {
        return;
    }
    for (place, mark) in marks(text, cluster) {
        edits.remove(place..place + mark.len_utf8());
    }
}

fn marks<'a>(text: &'a str, cluster: &Cluster) -> impl Iterator<Item = (usize, char)> + use<'a> {
    let start = cluster.marks;
    text[start..cluster.end]
        .char_indices()
        .map(move |(place, mark)| (start + place, mark))
}

fn is_latin(base: char) -> bool {
    base.is_ascii_alphanumeric() || script(base) == Script::Latin
}

/// How many accents a letter has in it.
fn own_marks(base: char) -> usize {
    if base.is_ascii() {
        return 0;
    }
    std::iter::once(base).nfd().count() - 1
}

/// Fathatan to superscript alef are of all scripts for Unicode, but are Arabic's own vowels.
fn is_arabic(mark: char) -> bool {
    matches!(mark, '\u{64B}'..='\u{655}' | '\u{670}')
}

/// Whether a language (or phonetics) puts this mark on this Latin letter: the pair has a letter of its own in Unicode, or languages write it without one
/// (`g̃` in Guaraní, `m̧` in Marshallese, tones and nasals on vowels). Lines through letters, frames and small letters above are not writing.
fn is_written(base: char, mark: char) -> bool {
    if compose(base, mark).is_some() {
        return true;
    }
    let plain = std::iter::once(base).nfd().next().unwrap_or(base);
    match plain.to_ascii_lowercase() {
        'a' | 'e' | 'i' | 'o' | 'u' => {
            matches!(mark, '\u{300}'..='\u{304}' | '\u{306}' | '\u{308}' | '\u{30A}'..='\u{30C}' | '\u{323}' | '\u{327}' | '\u{328}' | '\u{330}' | '\u{331}')
        }
        'g' | 'j' => mark == '\u{303}',
        'm' | 'n' => matches!(
            mark,
            '\u{300}'..='\u{304}' | '\u{308}' | '\u{30C}' | '\u{325}' | '\u{327}'
        ),
        'l' | 'r' => matches!(mark, '\u{303}' | '\u{325}'),
        'c' | 'x' | 's' | 'z' => matches!(mark, '\u{304}' | '\u{323}' | '\u{331}'),
        c => {
            !c.is_ascii()
                && matches!(
                    mark,
                    '\u{300}'
                        ..='\u{304}' | '\u{308}' | '\u{30C}' | '\u{323}' | '\u{330}' | '\u{331}'
                )
        }
    }
}

/// Lines through a letter and frames around it.
fn is_overlay(mark: char) -> bool {
    matches!(mark, '\u{305}' | '\u{332}'..='\u{338}' | '\u{33F}' | '\u{20D0}'..='\u{20F0}')
}
