//! The contexts without what supports an answer.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::analysis::Analyser;
use crate::claims::sentences_of;
use crate::data::Passage;

/// As long as sentences in a row have this share of a claim's terms, they may support it yet.
const LEFT: f64 = 0.4;

/// Sentences in a row that may support a claim together.
const WINDOW: usize = 3;

/// Claims of fewer terms are said by too little to tell what supports them.
const LEAST_TERMS: usize = 3;

/// The contexts without the sentences that support some claims: those with most of a claim's terms, one by one, until no three sentences in a
/// row have two fifths of them. Contexts of which nothing is left are gone; titles stay with what is left.
///
/// `None` where a claim has fewer than three terms, or no sentence has half of them: then it is not known what the answer rests on.
pub fn without_evidence(
    claims: &[&str],
    contexts: &[Passage],
    analyser: &mut Analyser,
) -> Option<Vec<Passage>> {
    let mut left: Vec<Text<'_>> = contexts
        .iter()
        .map(|passage| Text::of(passage, analyser))
        .collect();
    let whole: Vec<BTreeSet<String>> = claims
        .iter()
        .map(|claim| analyser.terms(claim).into_iter().collect())
        .collect();
    let best = |claim: &BTreeSet<String>, left: &[Text<'_>]| {
        left.iter()
            .map(|text| text.share(claim))
            .fold(0.0, f64::max)
    };
    let is_known =
        |claim: &BTreeSet<String>| claim.len() >= LEAST_TERMS && best(claim, &left) >= 0.5;
    if whole.is_empty() || !whole.iter().all(is_known) {
        return None;
    }
    for claim in &whole {
        while best(claim, &left) >= LEFT {
            let sentences = left.iter().enumerate().flat_map(|(place, text)| {
                let shared = text.sentences.iter().enumerate();
                shared.map(move |(sentence, (_, terms))| {
                    (terms.intersection(claim).count(), place, sentence)
                })
            });
            // Of sentences that share as much the first.
            let most = sentences.reduce(|most, other| if other.0 > most.0 { other } else { most });
            let (_, place, sentence) = most?;
            left[place].sentences.remove(sentence);
        }
    }
    let kept = left.into_iter().filter(|text| !text.sentences.is_empty());
    Some(kept.map(|text| text.passage()).collect())
}

/// A context with the sentences that are left of it, and the terms of each.
struct Text<'a> {
    passage: &'a Passage,
    sentences: Vec<(Range<usize>, BTreeSet<String>)>,
}

impl<'a> Text<'a> {
    fn of(passage: &'a Passage, analyser: &mut Analyser) -> Self {
        let mut terms = |range: Range<usize>| {
            let terms = analyser.terms(&passage.text[range.clone()]);
            (range, terms.into_iter().collect())
        };
        let sentences = sentences_of(&passage.text).into_iter();
        Self {
            passage,
            sentences: sentences.map(&mut terms).collect(),
        }
    }

    /// The largest share of a claim's terms that sentences in a row have.
    fn share(&self, claim: &BTreeSet<String>) -> f64 {
        let shares = (1..=self.sentences.len()).map(|end| {
            let window = &self.sentences[end.saturating_sub(WINDOW)..end];
            let is_in = |term: &&String| window.iter().any(|(_, terms)| terms.contains(*term));
            claim.iter().filter(is_in).count() as f64 / claim.len() as f64
        });
        shares.fold(0.0, f64::max)
    }

    /// What is left, a space between sentences.
    fn passage(&self) -> Passage {
        let sentences = self.sentences.iter();
        let sentences = sentences.map(|(range, _)| &self.passage.text[range.clone()]);
        Passage {
            text: sentences.collect::<Vec<_>>().join(" "),
            ..self.passage.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::AnalyserConfig;

    fn left(claims: &[&str], contexts: &[&str]) -> Option<Vec<String>> {
        let contexts = contexts.iter().map(|text| Passage {
            text: (*text).to_owned(),
            ..Passage::default()
        });
        let mut analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        let found = without_evidence(claims, &contexts.collect::<Vec<_>>(), &mut analyser)?;
        Some(found.into_iter().map(|passage| passage.text).collect())
    }

    #[test]
    fn what_supports_a_claim_goes_and_the_rest_stays() {
        let contexts = [
            "The office opens at eight. Badges are handed out at the front desk. Dogs stay outside.",
            "Lost badges are replaced at the desk. Parking is free.",
        ];
        assert_eq!(
            left(&["Badges are handed out at the desk."], &contexts).unwrap(),
            [
                "The office opens at eight. Dogs stay outside.",
                "Parking is free."
            ]
        );
        assert_eq!(
            left(
                &["Parking is free of charge.", "Dogs must stay outside."],
                &contexts
            )
            .unwrap(),
            [
                "The office opens at eight. Badges are handed out at the front desk.",
                "Lost badges are replaced at the desk."
            ]
        );
        assert_eq!(
            left(&["Free parking for dogs."], &["Free parking for dogs."]).unwrap(),
            [""; 0]
        );
    }

    #[test]
    fn an_answer_that_rests_on_what_is_not_seen_is_left() {
        assert_eq!(
            left(&["Animals wait before the door."], &["Dogs stay outside."]),
            None
        );
        assert_eq!(left(&["Eight."], &["The office opens at eight."]), None);
        assert_eq!(left(&[], &["The office opens at eight."]), None);
    }
}
