//! Changes by rule whose effect on support is known. Each gives `None` where it does not apply: rather no case than a wrong one.
//!
//! They look at words, as tier 0 does: what they call evidence is what shares words with the claim, so a scorer by words has it easier here than one
//! that reads; the authored cases ([`super::suite`]) have no such leaning.

mod delete;
mod draw;
mod entity;
mod negation;
mod number;

pub use self::delete::without_evidence;
pub use self::draw::Draw;
pub use self::entity::{Names, swap_name};
pub use self::negation::deny;
pub use self::number::swap_number;
use crate::data::Passage;

/// The contexts with one more among them, anywhere.
pub fn with_unrelated(contexts: &[Passage], unrelated: &Passage, draw: &mut Draw) -> Vec<Passage> {
    let mut contexts = contexts.to_vec();
    let place = draw.below(contexts.len() + 1);
    contexts.insert(place, unrelated.clone());
    contexts
}

/// The contexts in another order. `None` where there is no other.
pub fn shuffled(contexts: &[Passage], draw: &mut Draw) -> Option<Vec<Passage>> {
    let is_same = |other: &[Passage]| {
        let pairs = other.iter().zip(contexts);
        pairs.into_iter().all(|(one, other)| one.text == other.text)
    };
    let mut places: Vec<usize> = (0..contexts.len()).collect();
    for place in (1..places.len()).rev() {
        places.swap(place, draw.below(place + 1));
    }
    let in_order = |places: &[usize]| -> Vec<Passage> {
        places
            .iter()
            .map(|place| contexts[*place].clone())
            .collect()
    };
    let mut found = in_order(&places);
    if is_same(&found) && !places.is_empty() {
        places.rotate_left(1);
        found = in_order(&places);
    }
    (!is_same(&found)).then_some(found)
}

/// Whether a text is German rather than English, by its commonest words. What is neither is taken for English.
pub fn is_german(text: &str) -> bool {
    const GERMAN: [&str; 12] = [
        "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "mit", "von", "den", "wird",
    ];
    const ENGLISH: [&str; 12] = [
        "the", "a", "an", "and", "of", "to", "is", "for", "that", "with", "by", "was",
    ];
    let words = crate::claims::words(text);
    let count = |list: &[&str]| {
        let known = words
            .iter()
            .filter(|(word, _)| list.contains(&word.as_str()));
        known.count()
    };
    count(&GERMAN) > count(&ENGLISH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages(texts: &str) -> Vec<Passage> {
        let texts = texts.chars().map(|text| Passage {
            text: text.to_string(),
            ..Passage::default()
        });
        texts.collect()
    }

    fn shown(passages: &[Passage]) -> String {
        passages.iter().map(|one| one.text.as_str()).collect()
    }

    #[test]
    fn contexts_change_places_and_none_is_lost() {
        for seed in 0..50 {
            let mut draw = Draw::of(seed, "x", "shuffle");
            let found = shown(&shuffled(&passages("abcd"), &mut draw).unwrap());
            let mut letters: Vec<char> = found.chars().collect();
            letters.sort_unstable();
            assert!(
                letters == ['a', 'b', 'c', 'd'] && found != "abcd",
                "{found}"
            );
            assert_eq!(shown(&shuffled(&passages("ab"), &mut draw).unwrap()), "ba");
            assert_eq!(shuffled(&passages("aa"), &mut draw), None);
            assert_eq!(shuffled(&passages("a"), &mut draw), None);
            assert_eq!(shuffled(&[], &mut draw), None);
        }
    }

    #[test]
    fn an_unrelated_context_may_stand_anywhere() {
        let of = |seed| {
            let mut draw = Draw::of(seed, "x", "unrelated");
            shown(&with_unrelated(
                &passages("ab"),
                &passages("u")[0],
                &mut draw,
            ))
        };
        let found: std::collections::BTreeSet<String> = (0..50).map(of).collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["abu", "aub", "uab"]);
    }

    #[test]
    fn german_is_told_from_english() {
        assert!(is_german("Der Antrag ist bis Freitag zu stellen."));
        assert!(!is_german("The form is due by Friday."));
        assert!(!is_german("OK"));
    }
}
