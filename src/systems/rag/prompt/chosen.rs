//! The sources of a prompt, as they are chosen.

use std::collections::HashSet;
use std::ops::Range;

use super::{Candidate, Order};

/// A source that stands in the prompt.
#[derive(Debug, Clone)]
pub(super) struct Chosen<'a> {
    pub(super) candidate: &'a Candidate<'a>,
    /// Its text as it stands there.
    pub(super) text: String,
    /// What is said of it, by the template's name for it.
    pub(super) about: Vec<(String, String)>,
    /// Whether something of it was cut.
    pub(super) truncated: bool,
}

/// Which candidates say nothing new.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    texts: HashSet<String>,
    stretches: Vec<(&'a str, &'a Range<usize>)>,
}

/// A stretch of which so much lies in another says nothing new.
const SAME: f64 = 0.8;

impl<'a> Seen<'a> {
    /// Whether a candidate has the text of one that was added, letters' case and white space aside, or is a stretch of a document of which 80 % or more
    /// lies in one that was added.
    pub(super) fn has(&self, candidate: &Candidate<'_>) -> bool {
        let overlaps = |stretch: &Range<usize>| {
            self.stretches.iter().any(|(document, other)| {
                let shared =
                    other.end.min(stretch.end) as f64 - other.start.max(stretch.start) as f64;
                *document == candidate.document
                    && !stretch.is_empty()
                    && shared >= SAME * stretch.len() as f64
            })
        };
        candidate.stretch.as_ref().is_some_and(overlaps)
            || self.texts.contains(&normalised(candidate))
    }

    /// Adds one.
    pub(super) fn add(&mut self, candidate: &'a Candidate<'a>) {
        self.texts.insert(normalised(candidate));
        let stretch = candidate.stretch.as_ref();
        self.stretches
            .extend(stretch.map(|stretch| (candidate.document, stretch)));
    }
}

/// What two candidates share that are the same. One without text is known by its title.
fn normalised(candidate: &Candidate<'_>) -> String {
    let words = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    };
    let text = words(candidate.text);
    if text.is_empty() {
        format!("\n{}", words(candidate.title))
    } else {
        text
    }
}

/// The places of the chosen, which come in the order of their ranks, in the order in which they are to stand.
pub(super) fn arranged(chosen: &[&Chosen<'_>], order: Order) -> Vec<usize> {
    let mut places: Vec<usize> = (0..chosen.len()).collect();
    match order {
        Order::Rank => {}
        Order::Reverse => places.reverse(),
        Order::Edges => {
            let (front, back): (Vec<usize>, Vec<usize>) =
                places.into_iter().partition(|place| place % 2 == 0);
            places = front.into_iter().chain(back.into_iter().rev()).collect();
        }
        Order::Document => {
            let first = |place: usize| {
                let document = chosen[place].candidate.document;
                let is_same = |other: &&Chosen<'_>| other.candidate.document == document;
                chosen.iter().position(is_same)
            };
            let start = |place: usize| {
                let stretch = chosen[place].candidate.stretch.as_ref();
                stretch.map_or(0, |stretch| stretch.start)
            };
            places.sort_by_key(|place| (first(*place), start(*place), *place));
        }
    }
    places
}
