//! What a sentence denies.

use std::ops::Range;

/// Words that deny, in English and German.
const WORDS: [&str; 24] = [
    "not", "no", "never", "without", "cannot", "nor", "neither", "none", "nobody", "nothing",
    "nicht", "kein", "keine", "keinen", "keinem", "keiner", "keines", "nie", "niemals", "niemand",
    "nichts", "ohne", "weder", "nirgends",
];

/// What follows `no` where it compares and does not deny: `no later than`.
const COMPARED: [&str; 8] = [
    "later", "more", "less", "fewer", "earlier", "sooner", "longer", "greater",
];

/// What begins another clause, beside `,`, `;`, `:`, a full stop and parentheses.
const CLAUSES: [&str; 8] = [
    "but", "because", "although", "and", "aber", "sondern", "weil", "und",
];

/// The words of a sentence, and whether each stands in a clause that denies: with a word that does, or one that ends in `n't`. `not only`,
/// `nicht nur`, `no later than` and `No. 5` deny nothing.
pub fn denied(sentence: &str) -> Vec<(String, bool)> {
    let words = words(sentence);
    let (mut found, mut clause): (Vec<(String, bool)>, _) = (Vec::new(), 0);
    let mut before = 0;
    for (place, (word, range)) in words.iter().enumerate() {
        let gap = &sentence[before..range.start];
        if gap.contains([',', ';', ':', '.', '(', ')']) || CLAUSES.contains(&word.as_str()) {
            clause = place;
        }
        before = range.end;
        let next = |ahead: usize| {
            words
                .get(place + ahead)
                .map_or("", |(word, _)| word.as_str())
        };
        let denies = match word.as_str() {
            "not" => next(1) != "only",
            "nicht" => next(1) != "nur",
            "no" => {
                let is_number = sentence[range.end..].starts_with('.')
                    && next(1).starts_with(|c: char| c.is_ascii_digit());
                let compares = next(2) == "than" && COMPARED.contains(&next(1));
                !is_number && !compares
            }
            word => WORDS.contains(&word) || word.ends_with("n't"),
        };
        let is_denied = denies || (place > clause && found[place - 1].1);
        if denies {
            found[clause..]
                .iter_mut()
                .for_each(|(_, denied)| *denied = true);
        }
        found.push((word.clone(), is_denied));
    }
    found
}

/// Words in lower case, with `'` for every apostrophe, and where they stand.
pub fn words(sentence: &str) -> Vec<(String, Range<usize>)> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    let mut in_word = false;
    for (place, character) in sentence.char_indices() {
        let is_inside = belongs(character);
        if is_inside && !in_word {
            found.push((String::new(), place..place));
        }
        in_word = is_inside;
        if let Some((word, range)) = found.last_mut().filter(|_| is_inside) {
            match character {
                '’' => word.push('\''),
                other => word.extend(other.to_lowercase()),
            }
            range.end = place + character.len_utf8();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sentence: &str) -> String {
        let words = denied(sentence).into_iter().filter(|(_, denied)| *denied);
        words.map(|(word, _)| word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn denials_are_told_from_their_look_alikes() {
        for sentence in [
            "It is not allowed.",
            "You can’t.",
            "It isn't.",
            "No dogs.",
            "Without a receipt none.",
            "They cannot",
            "Das ist nicht erlaubt.",
            "Keine Hunde.",
            "Ohne Beleg.",
            "no longer valid",
            "Er kommt nie.",
            "no",
        ] {
            assert_eq!(
                shown(sentence).split(' ').count(),
                words(sentence).len(),
                "{sentence}"
            );
            assert!(!shown(sentence).is_empty(), "{sentence}");
        }
        for sentence in [
            "It is allowed.",
            "Not only dogs.",
            "No later than Monday.",
            "See No. 5.",
            "Nicht nur Hunde.",
            "A knot, a note.",
            "",
            "Kneipe",
        ] {
            assert_eq!(shown(sentence), "", "{sentence}");
        }
    }

    #[test]
    fn a_denial_reaches_as_far_as_its_clause() {
        assert_eq!(
            shown("Dogs are allowed, cats are not, but birds are (never at night) and so on."),
            "cats are not never at night"
        );
        assert_eq!(
            shown("Hunde sind erlaubt, Katzen aber nicht; Vögel auch"),
            "aber nicht"
        );
    }
}
