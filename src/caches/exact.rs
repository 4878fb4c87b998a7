//! Answers by their question, word for word.

use std::collections::HashMap;

/// A cache that knows a question again only where its [`normalised`] form is equal.
#[derive(Debug, Clone, Default)]
pub struct ExactCache(HashMap<String, usize>);

impl ExactCache {
    /// Keeps the place of an answer under its question. Of two questions with one key the first keeps its answer.
    pub fn insert(&mut self, question: &str, place: usize) {
        self.0.entry(normalised(question)).or_insert(place);
    }

    /// The place of the answer to this question.
    pub fn get(&self, question: &str) -> Option<usize> {
        self.0.get(&normalised(question)).copied()
    }
}

/// The key of a question: Unicode lower case, every run of white space one blank, none at the ends, and without the punctuation that
/// ends it (`?`, `!`, `.`, `…` and what [`ENDS`] lists besides).
///
/// Two spellings of one character, such as `é` as one code point or as two, stay apart: a miss costs an answer, a false hit a wrong one.
/// Punctuation inside a question and at its beginning may carry meaning (`.gitignore`, `C++`) and stays.
pub fn normalised(question: &str) -> String {
    let words: Vec<&str> = question.split_whitespace().collect();
    let key = words.join(" ").to_lowercase();
    let ends = |character: char| ENDS.contains(&character) || character.is_whitespace();
    let kept = key.trim_end_matches(ends);
    // A question of nothing but punctuation is still a question.
    if kept.is_empty() {
        key
    } else {
        kept.to_owned()
    }
}

/// The punctuation that is dropped at the end: of Latin script, its Spanish, Greek, Arabic and full-width kin.
const ENDS: [char; 13] = [
    '?', '!', '.', '…', ',', ';', ':', '？', '！', '。', '؟', ';', '‽',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_white_space_and_the_end_are_no_difference() {
        for same in [
            "What is the VPN's address?",
            "  what is\tthe vpn's\n address ",
            "WHAT IS THE VPN'S ADDRESS ?!…",
            "What is the VPN\u{2019}s address?"
                .replace('\u{2019}', "'")
                .as_str(),
        ] {
            assert_eq!(normalised(same), "what is the vpn's address", "{same}");
        }
        assert_eq!(normalised("ΤΙ ΕΊΝΑΙ ΑΥΤΌ;"), "τι είναι αυτό");
        assert_eq!(normalised("東京はどこですか？"), "東京はどこですか");
    }

    #[test]
    fn what_may_carry_meaning_stays() {
        for (question, key) in [
            ("What does .gitignore do?", "what does .gitignore do"),
            ("Is C++ faster than C#?", "is c++ faster than c#"),
            ("May I? Or not?", "may i? or not"),
            ("???", "???"),
            ("  ", ""),
            ("e\u{301}tude", "e\u{301}tude"),
        ] {
            assert_eq!(normalised(question), key);
        }
        assert_ne!(normalised("étude"), normalised("e\u{301}tude"));
    }

    #[test]
    fn a_hit_needs_the_same_key_and_the_first_answer_stays() {
        let mut cache = ExactCache::default();
        assert_eq!(cache.get(""), None);
        cache.insert("How long is the leave?", 3);
        cache.insert("how long is the leave", 4);
        cache.insert("How long is the leave for 2 children?", 5);
        assert_eq!(cache.get("HOW LONG  is the leave"), Some(3));
        assert_eq!(cache.get("How long is the leave for 2 children"), Some(5));
        assert_eq!(cache.get("How long is the leave for 3 children"), None);
        assert_eq!(cache.get("How long is leave"), None);
    }
}
