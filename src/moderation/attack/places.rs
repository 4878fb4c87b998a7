//! Where an attacker changes a text: its words, those first that a filter likely looks at.

use std::cmp::Reverse;
use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

use crate::metrics::statistics::below;

/// A word has at least so many letters.
pub const LEAST_LETTERS: usize = 4;

/// A word of a script whose signs are syllables or words (Han, kana, Hangul) has at least so many.
pub const LEAST_SIGNS: usize = 2;

/// From so many letters on a longer word is no rarer.
const CAP: usize = 8;

/// Marks are not stacked on a grapheme cluster of more characters: it is illegible already.
pub(super) const MOST_CHARACTERS: usize = 8;

/// The commonest English words of at least [`LEAST_LETTERS`] letters: no filter looks at them.
const COMMON: [&str; 83] = [
    "about", "after", "again", "also", "always", "because", "been", "before", "being", "could",
    "does", "doing", "done", "down", "each", "even", "ever", "every", "from", "gets", "getting",
    "give", "goes", "going", "gonna", "good", "have", "having", "here", "into", "just", "know",
    "last", "like", "look", "make", "many", "more", "most", "much", "must", "need", "never",
    "only", "other", "over", "really", "said", "same", "says", "should", "some", "still", "such",
    "take", "than", "that", "their", "them", "then", "there", "these", "they", "think", "this",
    "those", "through", "time", "under", "very", "want", "well", "were", "what", "when", "where",
    "which", "while", "will", "with", "would", "your", "youre",
];

/// In what order places are taken.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// One of each word, at random within it, then a second of each.
    Round,
    /// All of a word, in a row from a random one on, then all of the next. A word that `budget` edits fill counts as if it were long.
    WordByWord { budget: usize },
}

/// A text as an attacker sees it.
pub(super) struct Text<'a> {
    /// Its grapheme clusters.
    pub(super) graphemes: Vec<&'a str>,
    /// Its words, as ranges of grapheme clusters, in their order.
    words: Vec<Range<usize>>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let graphemes: Vec<&str> = text.graphemes(true).collect();
        let mut words = Vec::new();
        let mut start = 0;
        for token in graphemes.chunk_by(|left, right| blank(left) == blank(right)) {
            if !refers(token) {
                words.extend(words_of(&graphemes, start..start + token.len()));
            }
            start += token.len();
        }
        Self { graphemes, words }
    }

    /// Whether this grapheme cluster and the next are letters of one word.
    pub(super) fn gap_after(&self, place: usize) -> bool {
        self.word_of(place).is_some_and(|word| place + 1 < word.end)
    }

    /// The word that this grapheme cluster is part of.
    pub(super) fn word_of(&self, place: usize) -> Option<Range<usize>> {
        let following = self.words.partition_point(|word| word.end <= place);
        let word = self.words.get(following)?;
        word.contains(&place).then(|| word.clone())
    }

    /// The grapheme clusters in words that an edit can be made at, in the order in which an attacker takes them.
    pub(super) fn places(
        &self,
        order: Order,
        can: impl Fn(usize) -> bool,
        rng: &mut ChaCha8Rng,
    ) -> Vec<usize> {
        let mut ranked: Vec<_> = self
            .words
            .iter()
            .map(|word| {
                let filled =
                    matches!(order, Order::WordByWord { budget } if word.len() <= budget + 1);
                let letters = if filled { CAP } else { word.len().min(CAP) };
                let salience = letters + below(rng, CAP);
                (self.common(word), Reverse(salience), word.clone())
            })
            .collect();
        ranked.sort_by_key(|(common, salience, word)| (*common, *salience, word.start));
        let by_word = ranked.into_iter().map(|(_, _, word)| {
            let mut places: Vec<usize> = word.filter(|place| can(*place)).collect();
            if !places.is_empty() {
                match order {
                    Order::Round => shuffle(&mut places, rng),
                    Order::WordByWord { .. } => {
                        let first = below(rng, places.len());
                        places.rotate_left(first);
                        // After the last gap the attacker goes back from the first one that was taken.
                        let behind = places.len() - first;
                        places[behind..].reverse();
                    }
                }
            }
            places
        });
        let by_word: Vec<Vec<usize>> = by_word.collect();
        match order {
            Order::WordByWord { .. } => by_word.concat(),
            Order::Round => {
                let rounds = by_word.iter().map(Vec::len).max().unwrap_or(0);
                let round = |number| by_word.iter().filter_map(move |word| word.get(number));
                (0..rounds).flat_map(round).copied().collect()
            }
        }
    }

    fn common(&self, word: &Range<usize>) -> bool {
        let word = self.graphemes[word.clone()].concat().to_lowercase();
        COMMON.contains(&word.as_str())
    }
}

/// A random order, by Fisher and Yates.
fn shuffle(places: &mut [usize], rng: &mut ChaCha8Rng) {
    for last in (1..places.len()).rev() {
        places.swap(last, below(rng, last + 1));
    }
}

fn blank(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

/// Whether what stands between two blanks is a link or an address.
fn refers(token: &[&str]) -> bool {
    let token = token.concat().to_lowercase();
    let token = token.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '@');
    let mailed = token.split_once('@').is_some_and(|(before, after)| {
        before.ends_with(char::is_alphanumeric) && after.contains('.')
    });
    mailed || token.starts_with("www.") || token.contains("://")
}

/// The words of a token, but for `@handles` and HTML entities.
fn words_of(graphemes: &[&str], token: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = token.start;
    let mut in_handle = false;
    for place in token.clone() {
        if letter(graphemes[place]) {
            continue;
        }
        if !in_handle {
            words.push(start..place);
        }
        start = place + 1;
        in_handle = match graphemes[place] {
            "@" => true,
            sign => in_handle && (sign == "_" || sign.starts_with(char::is_numeric)),
        };
    }
    if !in_handle {
        words.push(start..token.end);
    }
    words.retain(|word| {
        let least = match graphemes.get(word.start) {
            Some(first) if of_signs(first) => LEAST_SIGNS,
            _ => LEAST_LETTERS,
        };
        let entity = word.start > token.start
            && graphemes[word.start - 1] == "&"
            && word.end < token.end
            && graphemes[word.end] == ";";
        word.len() >= least && !entity
    });
    words
}

fn letter(grapheme: &str) -> bool {
    let first = grapheme.chars().next();
    first.is_some_and(|first| first.general_category_group() == GeneralCategoryGroup::Letter)
}

/// Whether it is of a script whose signs are syllables or words.
fn of_signs(grapheme: &str) -> bool {
    let first = grapheme.chars().next();
    first.is_some_and(|first| {
        matches!(first, '\u{1100}'..='\u{11FF}' | '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
    })
}
