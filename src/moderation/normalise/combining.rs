//! Combining marks by the heap: kept where a language writes them, taken away where they hide letters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;
use unicode_script::{Script, UnicodeScript};

use super::characters::{Characters, MARK, WORD, script};
use super::draft::Edits;

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
            settle_word(text, &word, edits);
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
    settle_word(text, &word, edits);
}

fn settle_word(text: &str, word: &[Cluster], edits: &mut Edits) {
    // Vietnamese has two accents on one letter of a syllable, not on several
    let laden = word
        .iter()
        .filter(|cluster| {
            let base = cluster.base.filter(|base| is_latin(*base));
            cluster.count > 0 && base.is_some_and(|base| own_marks(base) + cluster.count >= 2)
        })
        .count();
    for cluster in word.iter().filter(|cluster| cluster.count > 0) {
        let Some(base) = cluster.base else { continue };
        if is_latin(base) {
            let all = laden >= 2 || own_marks(base) + cluster.count > MOST_ON_LATIN;
            for (place, mark) in marks(text, cluster) {
                if all || (word.len() > 1 && !is_written(base, mark)) {
                    edits.remove(place..place + mark.len_utf8());
                }
            }
        } else {
            settle_other(text, cluster, edits);
        }
    }
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

/// Whether a language (or phonetics) puts this mark on this Latin letter: the pair has a letter of its own in Unicode, or the mark is one of the accents
/// that languages put on vowels and on a few consonants without one (`g̃` in Guaraní, `m̧` in Marshallese). Lines through letters, frames and small letters above are not writing.
fn is_written(base: char, mark: char) -> bool {
    if compose(base, mark).is_some() {
        return true;
    }
    let plain = std::iter::once(base).nfd().next().unwrap_or(base);
    let is_accent = matches!(mark, '\u{300}'..='\u{304}' | '\u{306}'..='\u{30C}' | '\u{30F}' | '\u{311}' | '\u{31B}' | '\u{323}'..='\u{328}' | '\u{32D}' | '\u{32E}' | '\u{330}' | '\u{331}');
    is_accent
        && !matches!(
            plain,
            'b' | 'd'
                | 'f'
                | 'h'
                | 'q'
                | 't'
                | 'v'
                | 'w'
                | 'x'
                | 'B'
                | 'D'
                | 'F'
                | 'H'
                | 'Q'
                | 'T'
                | 'V'
                | 'W'
                | 'X'
                | '0'..='9'
        )
}

/// Lines through a letter and frames around it.
fn is_overlay(mark: char) -> bool {
    matches!(mark, '\u{305}' | '\u{332}'..='\u{338}' | '\u{33F}' | '\u{20D0}'..='\u{20F0}')
}
