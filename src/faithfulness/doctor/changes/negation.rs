//! The opposite.

use std::ops::Range;

use super::is_german;
use crate::claims::{denied, sentences_of, words};

/// Verbs behind which `not` denies the sentence. `may`, `might` and `could` are none: what may be so also may not.
const ENGLISH: [&str; 12] = [
    "is", "are", "was", "were", "can", "must", "will", "should", "has", "have", "had", "shall",
];

const GERMAN: [&str; 16] = [
    "ist", "sind", "war", "waren", "wird", "werden", "wurde", "wurden", "kann", "können", "darf",
    "dürfen", "muss", "müssen", "soll", "sollen",
];

/// Contractions with what is left of them.
const CONTRACTIONS: [(&str, &str); 14] = [
    ("isn't", "is"),
    ("aren't", "are"),
    ("wasn't", "was"),
    ("weren't", "were"),
    ("can't", "can"),
    ("cannot", "can"),
    ("won't", "will"),
    ("mustn't", "must"),
    ("shouldn't", "should"),
    ("hasn't", "has"),
    ("haven't", "have"),
    ("hadn't", "had"),
    ("couldn't", "could"),
    ("wouldn't", "would"),
];

/// Behind `not` and `nicht` these compare or add, and deny nothing.
const ADDING: [&str; 14] = [
    "only", "just", "merely", "also", "even", "nur", "auch", "bloß", "more", "less", "all",
    "always", "mehr", "immer",
];

/// What follows a German verb where the subject stands behind it: `nicht` would then stand wrong.
const SUBJECTS: [&str; 22] = [
    "der", "die", "das", "dem", "den", "ein", "eine", "einer", "einem", "einen", "er", "sie", "es",
    "man", "wir", "ich", "ihr", "diese", "dieser", "dieses", "alle", "jeder",
];

/// The answer with its first sentence denied that can be, `not` or `nicht` put behind its first verb of a list; or, where it has one, taken
/// away. `None` where no sentence has such a verb, or denies in other words.
pub fn deny(answer: &str) -> Option<String> {
    let german = is_german(answer);
    sentences_of(answer).into_iter().find_map(|range| {
        let sentence = &answer[range.clone()];
        if sentence.ends_with('?') {
            return None;
        }
        let changed = if denied(sentence).iter().any(|(_, denied)| *denied) {
            affirmed(sentence, german)
        } else {
            negated(sentence, german)
        };
        let changed = changed?;
        let (before, behind) = (&answer[..range.start], &answer[range.end..]);
        Some(format!("{before}{changed}{behind}"))
    })
}

/// Without the one word that denies.
fn affirmed(sentence: &str, german: bool) -> Option<String> {
    let words = words(sentence);
    let not = if german { "nicht" } else { "not" };
    // Where more than one word denies, what is left when one goes is not the opposite.
    let denies = |word: &str| denied(word).iter().any(|(_, denied)| *denied);
    let mut places = (0..words.len()).filter(|place| denies(&words[*place].0));
    let place = places.next().filter(|_| places.next().is_none())?;
    let (word, range) = &words[place];
    let next = words.get(place + 1).map_or("", |(word, _)| word.as_str());
    if word == not {
        if ADDING.contains(&next) || is_done(&words, place) {
            return None;
        }
        return Some(without(sentence, range));
    }
    let (_, left) = CONTRACTIONS.iter().find(|(name, _)| name == word)?;
    Some(replaced(sentence, range, left))
}

/// Whether `not` follows a form of `do`, which the sentence could not keep.
fn is_done(words: &[(String, Range<usize>)], place: usize) -> bool {
    let before = place
        .checked_sub(1)
        .map_or("", |before| words[before].0.as_str());
    matches!(before, "do" | "does" | "did")
}

fn negated(sentence: &str, german: bool) -> Option<String> {
    let words = words(sentence);
    let verbs: &[&str] = if german { &GERMAN } else { &ENGLISH };
    // `not only` denies nothing, and cannot be denied once more.
    if words
        .iter()
        .any(|(word, _)| word == "not" || word == "nicht")
    {
        return None;
    }
    let place = (1..words.len()).find(|place| verbs.contains(&words[*place].0.as_str()))?;
    let (verb, range) = &words[place];
    let (next, behind) = words.get(place + 1)?;
    // A clause that ends with the verb, or a comma behind it, is built in another way.
    let gap = &sentence[range.end..behind.start];
    let written = &sentence[range.clone()];
    if gap.trim() != ""
        || !written.starts_with(char::is_lowercase)
        || ADDING.contains(&next.as_str())
    {
        return None;
    }
    let is_have = matches!(verb.as_str(), "has" | "have" | "had");
    let is_participle = next == "been" || next.ends_with("ed") || next.ends_with("en");
    if (is_have && !is_participle) || (german && SUBJECTS.contains(&next.as_str())) {
        return None;
    }
    let denied = match (german, verb.as_str()) {
        (true, _) => format!("{written} nicht"),
        (false, "can") => "cannot".to_owned(),
        (false, _) => format!("{written} not"),
    };
    Some(replaced(sentence, range, &denied))
}

fn replaced(sentence: &str, range: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &sentence[..range.start], &sentence[range.end..])
}

/// Without a word and the space before it.
fn without(sentence: &str, range: &Range<usize>) -> String {
    let before = sentence[..range.start].trim_end_matches(' ');
    format!("{before}{}", &sentence[range.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_denied_or_affirmed() {
        for (text, expected) in [
            ("The form is due.", "The form is not due."),
            ("Visitors can enter.", "Visitors cannot enter."),
            ("Visitors cannot enter.", "Visitors can enter."),
            ("Visitors can't enter.", "Visitors can enter."),
            ("The form is not due.", "The form is due."),
            ("It has been sold.", "It has not been sold."),
            (
                "Sold. The form must be signed.",
                "Sold. The form must not be signed.",
            ),
            ("It wasn’t signed.", "It was signed."),
            (
                "The form is due, but may be late.",
                "The form is not due, but may be late.",
            ),
            (
                "Der Antrag ist bis Freitag zu stellen.",
                "Der Antrag ist nicht bis Freitag zu stellen.",
            ),
            (
                "Die Frist wird nicht verlängert.",
                "Die Frist wird verlängert.",
            ),
        ] {
            assert_eq!(deny(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_would_not_be_the_opposite_is_left() {
        for text in [
            "It may rain.",
            "Staff have a badge.",
            "Nobody is there.",
            "It is not only due.",
            "It does not apply.",
            "It is not due without a form.",
            "Is it due?",
            "That is, it works.",
            "Im Juni ist die Kantine der Firma offen.",
            "Die Regel gilt, weil es so ist.",
            "Works.",
            "",
        ] {
            assert_eq!(deny(text), None, "{text}");
        }
    }
}
