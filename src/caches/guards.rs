//! What tells two questions apart that lie close to each other as vectors: their numbers, negations, names and the order of their words.
//!
//! Rules of thumb for English. They look at the words only, so each can refuse a good answer (`two` weeks for `14` days) and each lets
//! differences through that it does not look for; how often is measured by `system.cache`.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// A condition that a new question and a cached one must fulfil together before the answer is taken from the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Both hold the same numbers, each as often: digits with their decimals (`1,000` is 1000, `2.50` is 2.5, `3rd` is 3) and the words `two` to
    /// `twelve` and the tens to `ninety`. `one` is no number: it is mostly a pronoun.
    Numbers,
    /// Both hold an even number of words of negation, or both an odd one.
    Negation,
    /// Both hold the same names, each as often: words with a capital letter that do not begin a sentence, and anywhere words with two
    /// capitals or with letters and digits (`VPN`, `iOS`, `K8s`). What one holds as a name may be in small letters in the other.
    Entities,
    /// Where at least four fifths of the words of the longer one are in both, these stand in one order. So who does what to whom is not turned around
    /// (`May Ann fire Bob?`); where fewer words are in both, a different order is mostly only another way to say it.
    Order,
}

impl Guard {
    /// Its name, as a config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Negation => "negation",
            Self::Entities => "entities",
            Self::Order => "order",
        }
    }

    /// Whether the answer to one question may be that to the other.
    pub fn admits(self, one: &Traits, other: &Traits) -> bool {
        match self {
            Self::Numbers => one.numbers == other.numbers,
            Self::Negation => one.is_negated == other.is_negated,
            Self::Entities => one.names_stand_in(other) && other.names_stand_in(one),
            Self::Order => !one.is_turned_around(other),
        }
    }
}

/// What the guards look at in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    /// Sorted.
    numbers: Vec<String>,
    is_negated: bool,
    /// In lower case, sorted.
    names: Vec<String>,
    /// All words in lower case, in their order.
    words: Vec<String>,
    /// The same, sorted.
    sorted: Vec<String>,
}

/// The words that negate, beside those that end in `n't`: those of VADER's list (Hutto and Gilbert 2014) that are not contractions, with
/// `nobody` and `unless`, without `despite`, `rarely`, `seldom` and `uhuh`, which do not turn what is asked around.
const NEGATIONS: [&str; 12] = [
    "cannot", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing", "nowhere",
    "unless", "without",
];

/// The contractions of VADER's list as they are written without an apostrophe, those apart that are words of their own (`wont`, `cant` are
/// in: they are hardly ever meant).
const BARE_CONTRACTIONS: [&str; 18] = [
    "aint", "arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent",
    "isnt", "mightnt", "mustnt", "shouldnt", "wasnt", "werent", "wont", "wouldnt",
];

/// Number words with what they count.
const NUMBER_WORDS: [(&str, &str); 19] = [
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
];

impl Traits {
    /// Of a question.
    pub fn of(question: &str) -> Self {
        let mut found = Self {
            numbers: numbers(question),
            is_negated: false,
            names: Vec::new(),
            words: Vec::new(),
            sorted: Vec::new(),
        };
        let mut end_of_last = 0;
        for (place, word) in question.unicode_word_indices() {
            let between = &question[end_of_last..place];
            let begins = end_of_last == 0 || between.contains(['.', '?', '!', ':', '\n']);
            end_of_last = place + word.len();
            found.take(word, begins);
        }
        found.sorted.clone_from(&found.words);
        for list in [&mut found.numbers, &mut found.names, &mut found.sorted] {
            list.sort_unstable();
        }
        found
    }

    fn take(&mut self, word: &str, begins: bool) {
        let plain = word.replace('\u{2019}', "'");
        let lower = plain.to_lowercase();
        if lower.ends_with("n't")
            || NEGATIONS.contains(&lower.as_str())
            || BARE_CONTRACTIONS.contains(&lower.as_str())
        {
            self.is_negated = !self.is_negated;
        }
        if let Some((_, number)) = NUMBER_WORDS.iter().find(|(word, _)| *word == lower) {
            self.numbers.push((*number).to_owned());
        }
        let bare = |text: &str| text.strip_suffix("'s").unwrap_or(text).to_owned();
        if is_name(bare(&plain).as_str(), begins) {
            self.names.push(bare(&lower));
        }
        self.words.push(bare(&lower));
    }

    /// Whether the other holds each name at least as often, as a name or not.
    fn names_stand_in(&self, other: &Self) -> bool {
        let count = |list: &[String], word: &String| {
            let first = list.partition_point(|known| known < word);
            list[first..]
                .iter()
                .take_while(|known| *known == word)
                .count()
        };
        self.names
            .iter()
            .all(|name| count(&other.sorted, name) >= count(&self.names, name))
    }

    /// Whether nearly the same words stand in another order.
    fn is_turned_around(&self, other: &Self) -> bool {
        let common = in_common(&self.sorted, &other.sorted);
        let longer = self.words.len().max(other.words.len());
        5 * common >= 4 * longer && in_one_order(&self.words, &other.words) < common
    }
}

/// The words in common of two sorted lists, each as often as in both.
fn in_common(one: &[String], other: &[String]) -> usize {
    let (mut count, mut rest) = (0, other.iter().peekable());
    for word in one {
        while rest.next_if(|other| *other < word).is_some() {}
        count += usize::from(rest.next_if(|other| *other == word).is_some());
    }
    count
}

/// The most words in common that stand in one order: the longest common subsequence.
fn in_one_order(one: &[String], other: &[String]) -> usize {
    let mut lengths = vec![0; other.len() + 1];
    for word in one {
        let mut before = 0;
        for (place, against) in (1..).zip(other) {
            let above = lengths[place];
            lengths[place] = if word == against {
                before + 1
            } else {
                above.max(lengths[place - 1])
            };
            before = above;
        }
    }
    lengths[other.len()]
}

/// Whether a word, without `'s`, is a name or an acronym.
fn is_name(word: &str, begins: bool) -> bool {
    // I, I'm, I'd
    let is_i = word == "I" || word.starts_with("I'");
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let is_mixed = word.chars().any(char::is_alphabetic)
        && word.chars().any(char::is_numeric)
        && !is_ordinal(word);
    let is_capital = word.starts_with(char::is_uppercase) && !begins;
    !is_i && (capitals >= 2 || is_mixed || is_capital)
}

/// Whether this is a number with the ending of an ordinal or of a plural: `3rd`, `90s`.
fn is_ordinal(word: &str) -> bool {
    let ending = word.trim_start_matches(|c: char| c.is_ascii_digit());
    ending.len() < word.len()
        && ["st", "nd", "rd", "th", "s"].contains(&ending.to_lowercase().as_str())
}

/// The numbers that are written in digits, each in one way: without separators of thousands, zeros before it and zeros after its decimals.
fn numbers(question: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = question;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let from_start = &rest[start..];
        // A separator belongs to the number where a digit follows.
        let mut end = 0;
        let bytes = from_start.as_bytes();
        while let Some(byte) = bytes.get(end) {
            let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_digit() || (matches!(byte, b'.' | b',') && next_is_digit) {
                end += 1;
            } else {
                break;
            }
        }
        found.push(canonical(&from_start[..end]));
        rest = &from_start[end..];
    }
    found
}

/// A number of digits, commas and points as English writes it: commas separate thousands, and the point decimals. Several points are
/// those of a version or a date and stay.
fn canonical(number: &str) -> String {
    let plain = number.replace(',', "");
    let trimmed = plain.trim_start_matches('0');
    match plain.matches('.').count() {
        0 if trimmed.is_empty() => "0".to_owned(),
        0 => trimmed.to_owned(),
        1 => {
            let (whole, decimals) = trimmed.split_once('.').unwrap_or((trimmed, ""));
            let whole = if whole.is_empty() { "0" } else { whole };
            match decimals.trim_end_matches('0') {
                "" => whole.to_owned(),
                decimals => format!("{whole}.{decimals}"),
            }
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(guard: Guard, one: &str, other: &str) -> bool {
        let (one, other) = (Traits::of(one), Traits::of(other));
        let admits = guard.admits(&one, &other);
        assert_eq!(admits, guard.admits(&other, &one), "either way");
        admits
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert_eq!(
            numbers("In 2024, 1,000 of 007 paid $2.50 (0.0 %), v1.2.3, 5-7 or 3rd."),
            ["2024", "1000", "7", "2.5", "0", "1.2.3", "5", "7", "3"]
        );
        for (one, other) in [
            ("After 2 days or 14?", "After fourteen... 14, or two days?"),
            ("What does 1,500.00 buy?", "What buys 1500?"),
            ("The 2nd one?", "Which one of 2?"),
            ("Which ones?", "Which one?"),
        ] {
            assert!(admits(Guard::Numbers, one, other), "{one} {other}");
        }
        for (one, other) in [
            ("After 30 days?", "After 60 days?"),
            ("2 and 2?", "2?"),
            ("Version 1.2?", "Version 1.20.1?"),
            ("Ten people?", "People?"),
            ("What costs 1.5?", "What costs 15?"),
        ] {
            assert!(!admits(Guard::Numbers, one, other), "{one} {other}");
        }
    }

    #[test]
    fn negation_is_a_matter_of_parity() {
        for (one, other) in [
            ("Can I carry leave over?", "May leave be carried over?"),
            ("Why can't I log in?", "Why can\u{2019}t I sign in?"),
            ("Why cant I log in?", "Why am I not able to log in?"),
            ("Is it not without risk?", "Is it risky?"),
            ("Is a notary known?", "Is a notary there?"),
        ] {
            assert!(admits(Guard::Negation, one, other), "{one} {other}");
        }
        for (one, other) in [
            ("Which drugs are covered?", "Which drugs are not covered?"),
            ("Doesn't it apply?", "Does it apply?"),
            ("With a badge?", "Without a badge?"),
            ("No visitors?", "Visitors?"),
        ] {
            assert!(!admits(Guard::Negation, one, other), "{one} {other}");
        }
    }

    #[test]
    fn nearly_the_same_words_stand_in_one_order() {
        for (one, other) in [
            ("May Ann fire Bob?", "may Ann fire Bob"),
            ("May Ann fire Bob?", "Has Bob been fired by Ann?"),
            ("May Ann fire Bob today?", "May Ann fire old Bob?"),
            ("Is a b or a b?", "Is a b or a b?"),
            ("", ""),
        ] {
            assert!(admits(Guard::Order, one, other), "{one} {other}");
        }
        for (one, other) in [
            ("May Ann fire Bob?", "May Bob fire Ann?"),
            ("May Ann's dog bite Bob?", "May Bob's dog bite Ann?"),
            // Four of five words.
            ("From A to B now?", "From B to A?"),
        ] {
            assert!(!admits(Guard::Order, one, other), "{one} {other}");
        }
        let words = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        assert_eq!(in_one_order(&words("abcbdab"), &words("bdcaba")), 4);
        assert_eq!(in_common(&words("aabbc"), &words("abbbd")), 3);
    }

    #[test]
    fn names_are_the_same_wherever_they_stand() {
        for (one, other) in [
            ("What does Germany tax?", "Germany's taxes?"),
            ("Is the VPN down?", "is the vpn down?"),
            ("How do I install K8s?", "How is K8s installed?"),
            ("Can Ann ask Bob?", "Can Bob ask Ann?"),
            ("Where do I go? Home?", "Where should one go?"),
            ("I'm late, and I'd like to know why.", "Why late?"),
            ("On the 3rd?", "On the third?"),
        ] {
            assert!(admits(Guard::Entities, one, other), "{one} {other}");
        }
        for (one, other) in [
            ("What does Germany tax?", "What does France tax?"),
            ("Is the VPN down?", "Is the network down?"),
            ("From Paris to Paris?", "From Paris?"),
            ("What is in iOS?", "What is in Android?"),
            ("Does GPT4 see?", "Does GPT5 see?"),
        ] {
            assert!(!admits(Guard::Entities, one, other), "{one} {other}");
        }
    }
}
