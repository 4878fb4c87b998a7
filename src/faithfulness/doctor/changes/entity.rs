//! Another name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Draw, is_german};
use crate::claims::{names, words};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// What sort of name it is: only those of one sort are put in each other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Month,
    Weekday,
    /// `VPN`
    Acronym,
    /// `K8s`
    Code,
    /// So many words, of which three stands for more.
    Words(usize),
}

impl Sort {
    fn of(name: &str) -> Self {
        let is_acronym = name
            .chars()
            .filter(|c| c.is_alphabetic())
            .all(char::is_uppercase);
        if MONTHS.contains(&name) {
            Self::Month
        } else if WEEKDAYS.contains(&name) {
            Self::Weekday
        } else if name.contains(|c: char| c.is_numeric()) {
            Self::Code
        } else if is_acronym {
            Self::Acronym
        } else {
            Self::Words(name.split(' ').count().min(3))
        }
    }
}

/// Names to put in the place of others.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<Sort, BTreeSet<String>>);

impl Names {
    /// Adds the names of a text.
    pub fn add(&mut self, text: &str) {
        for range in found(text, &[]) {
            let name = text[range].to_owned();
            self.0.entry(Sort::of(&name)).or_default().insert(name);
        }
    }

    /// Those that could stand for a name, in order.
    fn like(&self, name: &str) -> Vec<&str> {
        match Sort::of(name) {
            Sort::Month => MONTHS.to_vec(),
            Sort::Weekday => WEEKDAYS.to_vec(),
            sort => {
                let names = self.0.get(&sort).into_iter().flatten();
                names.map(String::as_str).collect()
            }
        }
    }
}

/// The answer with another name in place of one that the contexts have, wherever it stands in the answer. A name is a row of words with a capital
/// letter that do not begin a sentence, or do so in the contexts; in German, where every noun has one, a row of at least two such words, or a word with
/// two capitals or with letters and digits. No word of the other name stands in the contexts, the question or the answer. `None` where there is no
/// name to swap, or none to put in its place.
pub fn swap_name(
    answer: &str,
    contexts: &[&str],
    question: &str,
    others: &Names,
    draw: &mut Draw,
) -> Option<String> {
    let texts = contexts.iter().copied().chain([question, answer]);
    let known: BTreeSet<String> = texts
        .flat_map(|text| {
            words(text)
                .into_iter()
                .map(|(word, _)| bare(&word).to_owned())
        })
        .collect();
    let ranges = found(answer, contexts);
    let given = |name: &str| contexts.iter().any(|text| text.contains(name));
    let names: BTreeSet<&str> = ranges.iter().map(|range| &answer[range.clone()]).collect();
    let names = names.into_iter().filter(|name| given(name));
    for name in draw.order(names) {
        let is_new = |other: &&str| {
            let mut words = words(other).into_iter();
            *other != name && words.all(|(word, _)| !known.contains(bare(&word)))
        };
        let others: Vec<&str> = others.like(name).into_iter().filter(is_new).collect();
        if !others.is_empty() {
            let other = others[draw.below(others.len())];
            return Some(answer.replace(name, other));
        }
    }
    None
}

/// A word without `'s`.
fn bare(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

/// Where the names of a text stand; words that are names in `others` too are so at the beginning of its sentences.
fn found(text: &str, others: &[&str]) -> Vec<Range<usize>> {
    let mut known: BTreeSet<String> = names(text).into_iter().collect();
    known.extend(others.iter().flat_map(|other| names(other)));
    let german = is_german(text);
    let mut rows: Vec<(Range<usize>, usize)> = Vec::new();
    for (word, range) in words(text) {
        let written = &text[range.clone()];
        let kept = written.trim_end_matches("'s").trim_end_matches("’s");
        let is_name = known.contains(bare(&word)) && kept.contains(char::is_uppercase);
        if !is_name {
            continue;
        }
        let end = range.start + kept.len();
        match rows.last_mut() {
            Some((row, count)) if text[row.end..range.start] == *" " => {
                row.end = end;
                *count += 1;
            }
            _ => rows.push((range.start..end, 1)),
        }
    }
    let is_plain = |name: &str| {
        let capitals = name.chars().filter(|c| c.is_uppercase()).count();
        capitals < 2 && !name.contains(|c: char| c.is_numeric())
    };
    let rows = rows.into_iter();
    let rows =
        rows.filter(|(range, count)| !german || *count > 1 || !is_plain(&text[range.clone()]));
    rows.map(|(range, _)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swapped(answer: &str, context: &str, donors: &str) -> Vec<String> {
        let mut names = Names::default();
        names.add(donors);
        let of = |seed| {
            let mut draw = Draw::of(seed, "x", "entity");
            swap_name(answer, &[context], "Where is Pisa?", &names, &mut draw)
        };
        let found: BTreeSet<String> = (0..100).filter_map(of).collect();
        found.into_iter().collect()
    }

    #[test]
    fn names_are_swapped_for_others_of_their_sort() {
        let donors = "He met Rosa Prinz in Oslo and Pisa, by VPN and K8s.";
        assert_eq!(
            swapped(
                "Acme's office is in Bonn; Bonn is small.",
                "By Acme in Bonn.",
                donors
            ),
            [
                "Acme's office is in Oslo; Oslo is small.",
                "Oslo's office is in Bonn; Bonn is small."
            ]
        );
        assert_eq!(
            swapped("She asked Anna Kern.", "He saw Anna Kern.", donors),
            ["She asked Rosa Prinz."]
        );
        assert_eq!(
            swapped("The LAN is down.", "A LAN", donors),
            ["The VPN is down."]
        );
        assert_eq!(
            swapped("It is due in May.", "In May or June", donors).len(),
            10
        );
    }

    #[test]
    fn what_the_contexts_do_not_name_stays() {
        let donors = "He met Rosa Prinz in Oslo.";
        for (answer, context) in [
            ("It is in Bonn.", "It is there."),
            ("Bonn is small.", "Small."),
            ("It is in Bonn.", "It is in Bonn, not in Oslo."),
            ("The office is small.", "The office."),
            ("Das Büro ist in der Stadt.", "Das Büro ist in der Stadt."),
        ] {
            assert_eq!(swapped(answer, context, donors), [""; 0], "{answer}");
        }
        assert_eq!(
            swapped(
                "Das Büro wird von Anna Kern geleitet.",
                "Die Leiterin ist Anna Kern.",
                donors
            ),
            ["Das Büro wird von Rosa Prinz geleitet."]
        );
    }
}
