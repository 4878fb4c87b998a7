//! All terms of all lists in two Aho-Corasick automata: those in ASCII, and those that no text in ASCII has.

use std::ops::Range;

use aho_corasick::automaton::Automaton as Walk;
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind, StartKind};
use anyhow::Context as _;

use super::boundary::is_of_word;

/// A term to be found.
#[derive(Clone)]
pub(super) struct Needle {
    /// The term, with single spaces between its words.
    pub(super) text: String,
    /// Whether it must stand between the bounds of words.
    pub(super) whole_words: bool,
}

/// Finds every occurrence of every term, overlapping ones too. In the text, any stretch of ASCII whitespace is one space.
///
/// Terms in ASCII are an automaton of their own: its rows are a quarter as long as rows for all bytes of UTF-8, and a text in ASCII needs no other.
pub(super) struct Automata {
    ascii: Option<Automaton>,
    other: Option<Automaton>,
}

struct Automaton {
    transitions: Transitions,
    terms: Vec<Term>,
}

struct Term {
    /// Its number among all.
    number: usize,
    text: String,
    /// Whether a word must begin with it.
    begins_word: bool,
    /// Whether a word must end with it.
    ends_word: bool,
}

enum Transitions {
    /// A table of all transitions: the faster, by some five times.
    Table(Box<DFA>),
    /// Transitions as lists: a thirtieth of the memory.
    Lists(Box<NFA>),
}

/// Terms of so many bytes in all are made a table, of up to 1 KB for each of them: 128 MB.
const TABLE_TERM_BYTES: usize = 1 << 17;

impl Automata {
    pub(super) fn new(needles: Vec<Needle>) -> anyhow::Result<Self> {
        let terms = needles
            .into_iter()
            .enumerate()
            .map(|(number, needle)| Term {
                number,
                // A term that begins or ends with a sign, or in a script without spaces, needs no bound there.
                begins_word: needle.whole_words && needle.text.starts_with(is_of_word),
                ends_word: needle.whole_words && needle.text.ends_with(is_of_word),
                text: needle.text,
            });
        let (ascii, other): (Vec<Term>, Vec<Term>) = terms.partition(|term| term.text.is_ascii());
        Ok(Self {
            ascii: Automaton::new(ascii)?,
            other: Automaton::new(other)?,
        })
    }

    /// Calls `found` with the number of a term and its place in the text, for every occurrence between the bounds that it asks for.
    pub(super) fn search(&self, text: &str, mut found: impl FnMut(usize, Range<usize>)) {
        if let Some(ascii) = &self.ascii {
            ascii.search(text, &mut found);
        }
        if let Some(other) = &self.other
            && !text.is_ascii()
        {
            other.search(text, &mut found);
        }
    }
}

impl Automaton {
    /// `None` where there are no terms.
    fn new(terms: Vec<Term>) -> anyhow::Result<Option<Self>> {
        if terms.is_empty() {
            return Ok(None);
        }
        let bytes: usize = terms.iter().map(|term| term.text.len()).sum();
        let transitions = if bytes <= TABLE_TERM_BYTES {
            Transitions::table(&terms)
        } else {
            Transitions::lists(&terms)
        };
        let transitions = transitions.context("the lists are too large for one automaton")?;
        Ok(Some(Self { transitions, terms }))
    }

    fn search(&self, text: &str, found: &mut impl FnMut(usize, Range<usize>)) {
        match &self.transitions {
            Transitions::Table(dfa) => self.walk(&**dfa, text, found),
            Transitions::Lists(nfa) => self.walk(&**nfa, text, found),
        }
    }

    fn walk(&self, automaton: &impl Walk, text: &str, found: &mut impl FnMut(usize, Range<usize>)) {
        let mut state = automaton
            .start_state(Anchored::No)
            .expect("it is built for unanchored searches");
        let mut last = 0;
        for (place, byte) in text.bytes().enumerate() {
            let byte = if is_whitespace(byte) { b' ' } else { byte };
            if byte == b' ' && last == b' ' {
                continue;
            }
            last = byte;
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                let end = place + 1;
                // Most occurrences lie inside words.
                let goes_on = text[end..].starts_with(is_of_word);
                for index in 0..automaton.match_len(state) {
                    let term = &self.terms[automaton.match_pattern(state, index).as_usize()];
                    if goes_on && term.ends_word {
                        continue;
                    }
                    let start = start_of(&term.text, text, end);
                    if !(term.begins_word && text[..start].ends_with(is_of_word)) {
                        found(term.number, start..end);
                    }
                }
            }
        }
    }
}

impl Transitions {
    fn table(terms: &[Term]) -> Result<Self, BuildError> {
        let mut builder = DFA::builder();
        builder
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .prefilter(false);
        builder
            .build(terms.iter().map(|term| &term.text))
            .map(|dfa| Self::Table(Box::new(dfa)))
    }

    fn lists(terms: &[Term]) -> Result<Self, BuildError> {
        let mut builder = NFA::builder();
        builder.match_kind(MatchKind::Standard).prefilter(false);
        builder
            .build(terms.iter().map(|term| &term.text))
            .map(|nfa| Self::Lists(Box::new(nfa)))
    }
}

/// Where an occurrence of `term` begins that ends at `end`.
fn start_of(term: &str, text: &str, end: usize) -> usize {
    let text = text.as_bytes();
    term.bytes().rev().fold(end, |mut place, byte| {
        place -= 1;
        if byte == b' ' {
            while place > 0 && is_whitespace(text[place - 1]) {
                place -= 1;
            }
        }
        place
    })
}

/// ASCII whitespace, with the vertical tab. What else is whitespace in Unicode is normalised.
fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(text: &str) -> Needle {
        Needle {
            text: text.to_owned(),
            whole_words: text != "she",
        }
    }

    #[test]
    fn table_and_lists_find_the_same() {
        let terms = ["he", "she", "hers", "he is", "é", "is"];
        let table = Automata::new(terms.map(needle).to_vec()).unwrap();
        let mut lists = Automata::new(terms.map(needle).to_vec()).unwrap();
        for automaton in [&mut lists.ascii, &mut lists.other] {
            let automaton = automaton.as_mut().unwrap();
            assert!(matches!(automaton.transitions, Transitions::Table(_)));
            automaton.transitions = Transitions::lists(&automaton.terms).unwrap();
        }
        let text = "ushers she \t\n is he  is hers, é xé";
        let found = |automata: &Automata| {
            let mut found = Vec::new();
            automata.search(text, |term, range| {
                found.push((range.start, range.end, terms[term]));
            });
            found.sort_unstable();
            found
        };
        assert_eq!(found(&table), found(&lists));
        assert_eq!(
            found(&table),
            [
                (1, 4, "she"),
                (7, 10, "she"),
                (14, 16, "is"),
                (17, 19, "he"),
                (17, 23, "he is"),
                (21, 23, "is"),
                (24, 28, "hers"),
                (30, 32, "é"),
            ]
        );
        // More than a table should hold.
        let long = "long ".repeat(TABLE_TERM_BYTES / 5 + 1);
        let automata = Automata::new(vec![needle(long.trim())]).unwrap();
        assert!(automata.other.is_none());
        assert!(matches!(
            automata.ascii.unwrap().transitions,
            Transitions::Lists(_)
        ));
    }
}
