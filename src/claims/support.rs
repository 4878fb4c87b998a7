//! How well a source supports a sentence, by the words of both.

use std::collections::HashMap;
use std::ops::Range;

use super::negation::denied;
use super::number::{Number, Numbers, numbers};
use super::text::sentences_of;
use crate::analysis::Analyser;

/// Sentences in a row that may support one together.
const WINDOW: usize = 3;

/// What is left of a support where one side denies what the other says.
const DENIED: f64 = 0.5;

/// What a sentence says.
#[derive(Debug, Default)]
pub struct ClaimWords {
    /// Its distinct terms with what each counts, numbers aside.
    terms: HashMap<String, usize>,
    weights: Vec<f64>,
    /// Whether it denies each of them.
    denied: Vec<bool>,
    numbers: Vec<Number>,
}

/// What a source says.
#[derive(Debug, Default)]
pub struct EvidenceWords {
    /// Where each sentence stands.
    places: Vec<Range<usize>>,
    /// The terms of each sentence, and whether it denies them.
    sentences: Vec<Vec<(String, bool)>>,
    /// Terms of what stands with the text: title, date.
    about: Vec<(String, bool)>,
    numbers: Numbers,
}

impl ClaimWords {
    /// Reads a sentence, whose citation marks are out of the way. `weight` is how much a term tells, its idf say, 0 or more.
    pub fn new(sentence: &str, analyser: &mut Analyser, weight: &dyn Fn(&str) -> f64) -> Self {
        let mut claim = Self {
            numbers: numbers(sentence),
            ..Self::default()
        };
        for (term, is_denied) in terms(sentence, analyser) {
            if let Some(place) = claim.terms.get(&term) {
                claim.denied[*place] |= is_denied;
                continue;
            }
            let known = weight(&term);
            claim.weights.push(if known.is_finite() {
                known.max(0.0)
            } else {
                0.0
            });
            claim.denied.push(is_denied);
            claim.terms.insert(term, claim.denied.len() - 1);
        }
        // Where nothing is known of any, all count alike.
        if claim.weights.iter().sum::<f64>() <= 0.0 {
            claim.weights.fill(1.0);
        }
        claim
    }

    /// Whether it has terms beside its numbers.
    pub fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Whether it has numbers.
    pub fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Whether it has neither terms nor numbers.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.numbers.is_empty()
    }
}

impl EvidenceWords {
    /// Reads a source: its text, and what stands with it in the prompt.
    pub fn new(text: &str, about: &str, analyser: &mut Analyser) -> Self {
        let mut known = Numbers::default();
        known.add(text);
        known.add(about);
        let places = sentences_of(text);
        let sentences = places.iter().cloned();
        Self {
            sentences: sentences
                .map(|range| terms(&text[range], analyser))
                .collect(),
            places,
            about: terms(about, analyser),
            numbers: known,
        }
    }

    /// Whether the source has a term anywhere.
    pub(super) fn has(&self, term: &str) -> bool {
        let mut terms = self.sentences.iter().flatten().chain(&self.about);
        terms.any(|(known, _)| known == term)
    }
}

/// How well a source supports a sentence, 0..=1: coverage × numbers.
///
/// * Coverage is the share of the sentence's distinct terms, each counting its weight, that stand in one window of up to three
///   consecutive sentences of the source or in what stands with it (title, date); the best window counts. A window counts half where that
///   sentence in it which shares most with the claim denies a term that the claim does not, or the other way round: where the term stands in a clause
///   with a word such as `not`. A sentence of numbers alone has coverage 1.
/// * Numbers is the share of the sentence's distinct numbers that stand anywhere in the source, in any way of writing; 1 where it has none.
///
/// A sentence without terms and numbers has 0. It takes time in proportion to both texts. It sees words, not meaning: who did what to whom, a
/// number of something else and a paraphrase in other words escape it.
pub fn support(claim: &ClaimWords, evidence: &EvidenceWords) -> f64 {
    best_support(claim, evidence).0
}

/// As [`support`], with the stretch of the source that the window is; `None` where no window has any of it.
pub fn best_support(claim: &ClaimWords, evidence: &EvidenceWords) -> (f64, Option<Range<usize>>) {
    if claim.is_empty() {
        return (0.0, None);
    }
    let left = |window: &Window| {
        let left = if window.is_denied { DENIED } else { 1.0 };
        left * window.coverage
    };
    let numbers = evidence.known_numbers(claim).unwrap_or(1.0);
    if claim.terms.is_empty() {
        return (numbers, None);
    }
    let best = claim.best_window(evidence, left);
    let stretch = best.as_ref().and_then(|best| evidence.stretch(best));
    (numbers * best.as_ref().map_or(0.0, left), stretch)
}

/// Sentences of a source in a row, held against a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Which sentences.
    sentences: Range<usize>,
    /// The share of the claim's terms, each counting its weight, that stand in them or in what stands with the source.
    pub coverage: f64,
    /// Whether the sentence among them that shares most with the claim denies a term that the claim does not, or the other way round.
    pub is_denied: bool,
}

impl EvidenceWords {
    /// The share of a claim's numbers that stand anywhere in the source, in any way of writing. `None` where it has none.
    pub fn known_numbers(&self, claim: &ClaimWords) -> Option<f64> {
        let known = claim
            .numbers
            .iter()
            .filter(|number| self.numbers.has(number));
        let all = claim.numbers.len();
        (all > 0).then(|| known.count() as f64 / all as f64)
    }

    /// Where a window stands in the text; `None` of one without a sentence.
    pub fn stretch(&self, window: &Window) -> Option<Range<usize>> {
        let places = &self.places[window.sentences.clone()];
        Some(places.first()?.start..places.last()?.end)
    }
}

/// What a sentence of a source shares with a claim.
struct Shared {
    /// The claim's terms, by their places, in order.
    terms: Vec<usize>,
    weight: f64,
    /// Whether one denies a term that the other does not.
    is_denied: bool,
}

impl ClaimWords {
    /// Of all windows of up to three sentences the one of which most is `left`; the first of those as good. `None` for a claim without terms, or where
    /// nothing is left of any.
    pub fn best_window(
        &self,
        evidence: &EvidenceWords,
        left: impl Fn(&Window) -> f64,
    ) -> Option<Window> {
        let shared: Vec<Shared> = evidence
            .sentences
            .iter()
            .map(|said| self.shared(said))
            .collect();
        let about = self.shared(&evidence.about).terms;
        let all = self.weight((0..self.weights.len()).collect::<Vec<_>>().as_slice());
        let mut best: Option<(f64, Window)> = None;
        for end in 0..=shared.len() {
            let start = end.saturating_sub(WINDOW);
            let sentences = &shared[start..end];
            let terms = sentences.iter().flat_map(|shared| &shared.terms);
            let mut terms: Vec<usize> = terms.chain(&about).copied().collect();
            terms.sort_unstable();
            terms.dedup();
            // Of sentences that share as much the first.
            let most = sentences.iter().reduce(|most, other| {
                if other.weight > most.weight {
                    other
                } else {
                    most
                }
            });
            let window = Window {
                sentences: start..end,
                coverage: self.weight(&terms) / all,
                is_denied: most.is_some_and(|most| most.is_denied),
            };
            let value = left(&window);
            if value > best.as_ref().map_or(0.0, |(value, _)| *value) {
                best = Some((value, window));
            }
        }
        best.map(|(_, window)| window)
    }

    fn shared(&self, said: &[(String, bool)]) -> Shared {
        let known = said
            .iter()
            .filter_map(|(term, is_denied)| Some((*self.terms.get(term)?, *is_denied)));
        let mut known: Vec<(usize, bool)> = known.collect();
        known.sort_unstable();
        // Of a term that is denied in one place and not in another the denial counts, which comes last.
        known.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            kept.1 |= is_same && later.1;
            is_same
        });
        let terms: Vec<usize> = known.iter().map(|(place, _)| *place).collect();
        Shared {
            weight: self.weight(&terms),
            is_denied: known
                .iter()
                .any(|(place, is_denied)| self.denied[*place] != *is_denied),
            terms,
        }
    }

    /// The weight of some terms, given in the order of their places, so that it is the same whatever it is asked for.
    fn weight(&self, places: &[usize]) -> f64 {
        places.iter().map(|place| self.weights[*place]).sum()
    }
}

/// Terms that are no numbers, for these are compared by what they mean; and whether the text denies each. Of `company's` and `it'll` the first part
/// counts, of `isn't` nothing.
pub(super) fn terms(text: &str, analyser: &mut Analyser) -> Vec<(String, bool)> {
    let words = denied(text);
    let mut found = Vec::new();
    for is_denied in [false, true] {
        let words = words
            .iter()
            .filter(|(word, denied)| *denied == is_denied && !word.ends_with("n't"));
        let stems = words.map(|(word, _)| match word.rsplit_once('\'') {
            Some((stem, "s" | "d" | "m" | "ll" | "re" | "ve")) => stem,
            _ => word,
        });
        let terms = analyser
            .terms(&stems.collect::<Vec<_>>().join(" "))
            .into_iter();
        let terms = terms.filter(|term| !term.bytes().all(|byte| byte.is_ascii_digit()));
        found.extend(terms.map(|term| (term, is_denied)));
    }
    found
}
