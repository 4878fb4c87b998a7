//! Words whose letters are kept apart by separators (`h a t e`, `h.a.t.e`, `h👏a👏t👏e`), put together again.

use std::cell::LazyCell;
use std::ops::Range;

use super::addresses::Addresses;
use super::characters::{CASED, Characters, MARK, WORD};
use super::draft::Edits;
use super::english::{self, UNUSUAL, USUAL};

/// A word of the text, or a letter that stands alone.
#[derive(Debug)]
struct Atom {
    at: Range<usize>,
    /// What a word of one letter, or of one sign that leet has for a letter, stands for.
    single: Option<char>,
    is_letter: bool,
}

/// The fewest letters that are a word kept apart.
const FEWEST: usize = 3;
/// Longer separators part words.
const LONGEST_SEPARATOR: usize = 4;
/// From so many letters on it may be several words, which need not look like one.
const MANY: usize = 6;
/// Letters that are typed for words.
const TYPED: &str = "abcdiknoruwy";
/// Abbreviations that are written with dots or spaces.
const INITIALISMS: [&str; 20] = [
    "usa", "uae", "ussr", "aka", "fbi", "cia", "nyc", "ufo", "asap", "nato", "rsvp", "dna", "rip",
    "phd", "nba", "diy", "eta", "led", "bce", "iam",
];

pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let atoms = atoms(text, characters);
    let gap = |place: usize| &text[atoms[place].at.end..atoms[place + 1].at.start];
    let mut place = 0;
    // the separator of the word put together last, and the first atom behind it
    let mut last: Option<(usize, &str)> = None;
    while place < atoms.len() {
        if atoms[place].single.is_none() {
            place += 1;
            continue;
        }
        let mut end = place + 1;
        let separator = if end < atoms.len() { gap(place) } else { "" };
        while end < atoms.len() && atoms[end].single.is_some() && gap(end - 1) == separator {
            end += 1;
        }
        let run = &atoms[place..end];
        let follows = last.is_some_and(|(behind, before)| {
            behind == place && before == separator && is_wide(gap(place - 1), separator)
        });
        if run.len() >= 2
            && is_separator(separator, characters)
            && (is_pronoun_first(run, separator) || is_kept_apart(text, run, separator) || follows)
        {
            let from = usize::from(is_pronoun_first(run, separator));
            for pair in run[from..].windows(2) {
                edits.remove(pair[0].at.end..pair[1].at.start);
            }
            if from == 0 {
                last = Some((end, separator));
            }
            place = end;
        } else {
            // the last letter may begin the next group: `I  h a t e`
            place = (end - 1).max(place + 1);
        }
    }
}

fn atoms(text: &str, characters: Characters) -> Vec<Atom> {
    let addresses = LazyCell::new(|| Addresses::of(text));
    let mut atoms: Vec<Atom> = Vec::new();
    let mut before = ' ';
    for (place, c) in text.char_indices() {
        let flags = if c.is_ascii() {
            let is_word = c.is_ascii_alphanumeric() || c == '@' || c == '$';
            if is_word { WORD | CASED } else { 0 }
        } else {
            characters.of(c)
        };
        let last = std::mem::replace(&mut before, c);
        let end = place + c.len_utf8();
        if flags & WORD == 0 {
            // `'s` and `a's` are no letters alone
            if is_apostrophe(c)
                && let Some(atom) = atoms.last_mut()
                && atom.at.end == place
            {
                atom.single = None;
            }
            continue;
        }
        if let Some(atom) = atoms.last_mut()
            && atom.at.end == place
        {
            atom.at.end = end;
            if flags & MARK == 0 {
                atom.single = None;
            }
        } else {
            let may_be_alone = flags & CASED != 0 && !is_apostrophe(last) && !addresses.hold(place);
            atoms.push(Atom {
                at: place..end,
                single: stands_for(c).filter(|_| may_be_alone),
                is_letter: c.is_alphabetic(),
            });
        }
    }
    atoms
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

fn stands_for(c: char) -> Option<char> {
    match c {
        '@' | '4' => Some('a'),
        '$' | '5' => Some('s'),
        '0' => Some('o'),
        '1' => Some('i'),
        '3' => Some('e'),
        '7' => Some('t'),
        _ if c.is_alphabetic() => Some(c),
        _ => None,
    }
}

fn is_separator(separator: &str, characters: Characters) -> bool {
    let mut signs = separator.chars();
    !separator.is_empty()
        && separator.chars().count() <= LONGEST_SEPARATOR
        && signs.all(|c| {
            matches!(
                c,
                ' ' | '.' | '-' | '_' | '*' | '|' | '~' | ',' | '·' | '•' | '–' | '—' | '\u{A0}'
            ) || matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{1F300}'..='\u{1FAFF}')
                || (!c.is_ascii() && c.is_whitespace())
                || characters.is(c, super::characters::EMOJI)
        })
}

/// Whether a gap parts words of which the letters are parted by the separator: more of the same, or spaces.
fn is_wide(gap: &str, separator: &str) -> bool {
    gap.len() > separator.len() && gap.trim().is_empty()
        || (!separator.contains(' ') && !gap.is_empty() && gap.trim().is_empty())
}

fn is_kept_apart(text: &str, run: &[Atom], separator: &str) -> bool {
    let letters = run.iter().filter(|atom| atom.is_letter).count();
    if run.len() < FEWEST || 5 * letters < 3 * run.len() {
        return false;
    }
    let word: String = run.iter().filter_map(|atom| atom.single).collect();
    let word = word.to_lowercase();
    let symbols: Vec<u8> = word.chars().map(english::symbol).collect();
    // a, b, c; x y z; and one letter again and again
    let steps = |by: i32| {
        let letters: Vec<i32> = word.chars().map(|c| c as i32).collect();
        letters.windows(2).all(|pair| pair[1] - pair[0] == by)
    };
    if steps(1) || steps(-1) || (steps(0) && symbols.first() != Some(&english::symbol('k'))) {
        return false;
    }
    if INITIALISMS.contains(&word.as_str()) {
        return false;
    }
    if separator.trim().is_empty() {
        // `r u a`, `don't b a`: single letters are words of their own where people type little
        let is_known = english::is_word(&symbols);
        let is_typed = word.chars().all(|c| TYPED.contains(c));
        if is_typed
            || (run.len() == 3 && !is_known)
            || (run.len() == 4 && !is_known && english::least_level(&symbols) < USUAL)
        {
            return false;
        }
    }
    let is_dotted = separator.contains('.');
    let ends_with_dot = run
        .last()
        .is_some_and(|atom| text[atom.at.end..].starts_with('.'));
    if is_dotted && ends_with_dot && run.len() <= 4 {
        return false;
    }
    let unusual = english::levels(&symbols)
        .filter(|level| *level < UNUSUAL)
        .count();
    // `J. R. R.`, `a, c, d` and `p * q * r` have more than one sign between letters
    let is_loose = separator.trim().chars().count() != separator.chars().count()
        && !separator.trim().is_empty();
    if run.len() < MANY {
        unusual == 0 && (!is_loose || run.len() > FEWEST)
    } else {
        4 * unusual <= run.len()
    }
}

/// `I h a t e`: the first letter is a word of its own if the rest is one and all is none.
fn is_pronoun_first(run: &[Atom], separator: &str) -> bool {
    let symbols: Vec<u8> = run
        .iter()
        .filter_map(|atom| atom.single.map(english::symbol))
        .collect();
    separator.contains(' ')
        && run.len() > FEWEST
        && symbols.first() == Some(&english::symbol('i'))
        && english::is_word(&symbols[1..])
        && !english::is_word(&symbols)
}
