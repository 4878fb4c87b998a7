//! What an answer has in common with a gold answer: words, n-grams, subsequences, nuggets.

use std::collections::HashMap;
use std::hash::Hash;

use super::Normalisation;

/// The share of a nugget's words that must stand together in an answer for it to be found.
pub const NUGGET_THRESHOLD: f64 = 0.75;

/// Whether the answer and the gold answer are the same but for case, punctuation, articles and white space.
///
/// Source: evaluate-v1.1.py of SQuAD.
pub fn exact_match(answer: &str, gold: &str, normalisation: Normalisation) -> bool {
    normalisation.words(answer) == normalisation.words(gold)
}

/// The harmonic mean of precision and recall of the answer's words, each counted as often as it stands in both; 0..=1. Where one
/// of the two has no words it is 1 if neither has.
///
/// Source: evaluate-v2.0.py of SQuAD. Version 1.1 differs in one case: where neither has words it says 0 (and exact match 1).
pub fn token_f1(answer: &str, gold: &str, normalisation: Normalisation) -> f64 {
    let (answer, gold) = (normalisation.words(answer), normalisation.words(gold));
    if answer.is_empty() && gold.is_empty() {
        return 1.0;
    }
    f1(in_common(&answer, &gold), answer.len(), gold.len())
}

/// ROUGE-N: F1 of the n-grams of the answer against those of the gold answer, 0..=1; 0 where one has none.
///
/// Source: Lin 2004, "ROUGE: a package for automatic evaluation of summaries"; as Google's `rouge_score` 0.1.2 computes it
/// without a stemmer.
///
/// # Panics
/// Where `n` is 0.
pub fn rouge_n(answer: &str, gold: &str, n: usize, normalisation: Normalisation) -> f64 {
    let (answer, gold) = (
        normalisation.rouge_tokens(answer),
        normalisation.rouge_tokens(gold),
    );
    let (answer, gold) = (answer.windows(n), gold.windows(n));
    let (of_answer, of_gold) = (answer.len(), gold.len());
    f1(in_common(answer, gold), of_answer, of_gold)
}

/// ROUGE-L: F1 of the longest common subsequence of tokens, 0..=1; 0 where one has no tokens.
///
/// Source: as [`rouge_n`]; not ROUGE-Lsum, which joins the subsequences of sentences.
pub fn rouge_l(answer: &str, gold: &str, normalisation: Normalisation) -> f64 {
    let (answer, gold) = (
        normalisation.rouge_tokens(answer),
        normalisation.rouge_tokens(gold),
    );
    f1(
        longest_common_subsequence(&answer, &gold),
        answer.len(),
        gold.len(),
    )
}

/// The share of the nuggets that are found in the answer, 0..=1. A nugget is found where at least [`NUGGET_THRESHOLD`] of its
/// words, and all of them that have a digit, stand within one window of the answer twice as long as the nugget. Nuggets
/// without words are left out; `None` of none.
///
/// People and language models judge whether an answer says what a nugget says; the oldest stand-in for them, which ranks systems as
/// they do, is the share of the nugget's terms that one string of the answer holds (POURPRE). Like Nuggeteer this makes a
/// judgement of that share. A window stands for POURPRE's string, so that words scattered over a long answer find nothing;
/// a figure must be there because one wrong word is the whole nugget wrong where it is a number. All words but articles count
/// alike, also those that say little. It does not see negation, nor the same thing in other words.
///
/// Source: Lin and Demner-Fushman 2005, "Automatically evaluating answers to definition questions"; Marton and Radul 2006,
/// "Nuggeteer: automatic nugget-based evaluation using descriptions and judgements".
pub fn nugget_recall<'a>(
    answer: &str,
    nuggets: impl IntoIterator<Item = &'a str>,
    normalisation: Normalisation,
) -> Option<f64> {
    let answer = normalisation.words(answer);
    let (mut found, mut all) = (0_usize, 0_usize);
    for nugget in nuggets {
        let nugget = normalisation.words(nugget);
        if !nugget.is_empty() {
            all += 1;
            found += usize::from(is_found(&nugget, &answer));
        }
    }
    (all > 0).then(|| found as f64 / all as f64)
}

/// Whether a window of the answer holds enough of the nugget.
fn is_found(nugget: &[String], answer: &[String]) -> bool {
    let is_figure = |word: &str| word.chars().any(char::is_numeric);
    // How many more of each word the window may use; below 0 it holds more than the nugget.
    let mut left: HashMap<&str, isize> = HashMap::new();
    for word in nugget {
        *left.entry(word).or_default() += 1;
    }
    let figures = nugget.iter().filter(|word| is_figure(word)).count();
    let (mut held, mut held_figures) = (0_usize, 0_usize);
    for (place, word) in answer.iter().enumerate() {
        if let Some(left) = left.get_mut(word.as_str()) {
            *left -= 1;
            if *left >= 0 {
                held += 1;
                held_figures += usize::from(is_figure(word));
            }
        }
        let gone = place.checked_sub(2 * nugget.len());
        if let Some(gone) = gone.map(|place| answer[place].as_str())
            && let Some(left) = left.get_mut(gone)
        {
            *left += 1;
            if *left > 0 {
                held -= 1;
                held_figures -= usize::from(is_figure(gone));
            }
        }
        if held_figures == figures && held as f64 >= NUGGET_THRESHOLD * nugget.len() as f64 {
            return true;
        }
    }
    false
}

/// How many things stand in both lists, each as often as in the one that has fewer of it.
pub(crate) fn in_common<T: Hash + Eq>(
    answer: impl IntoIterator<Item = T>,
    gold: impl IntoIterator<Item = T>,
) -> usize {
    let mut left: HashMap<T, usize> = HashMap::new();
    for thing in answer {
        *left.entry(thing).or_default() += 1;
    }
    let mut common = 0;
    for thing in gold {
        if let Some(left) = left.get_mut(&thing).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    common
}

/// The harmonic mean of `common / answer` and `common / gold`.
fn f1(common: usize, answer: usize, gold: usize) -> f64 {
    if common == 0 {
        return 0.0;
    }
    let (precision, recall) = (common as f64 / answer as f64, common as f64 / gold as f64);
    2.0 * precision * recall / (precision + recall)
}

/// The length of the longest common subsequence, in O(n · m / 64) time and O(n + m) memory.
///
/// Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited".
fn longest_common_subsequence(answer: &[String], gold: &[String]) -> usize {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, token) in answer.iter().enumerate() {
        places.entry(token).or_default().push(place);
    }
    // A 0 for every place of `answer` at which the subsequence found so far grows by one.
    let mut row = vec![u64::MAX; answer.len().div_ceil(64)];
    let mut at = vec![0_u64; row.len()];
    for token in gold {
        let Some(places) = places.get(token.as_str()) else {
            continue;
        };
        places
            .iter()
            .for_each(|place| at[place / 64] |= 1 << (place % 64));
        let mut carry = false;
        for (row, at) in row.iter_mut().zip(&at) {
            let (sum, over) = row.overflowing_add(*row & at);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            carry = over || again;
            *row = sum | (*row & !at);
        }
        places.iter().for_each(|place| at[place / 64] = 0);
    }
    // The bits behind the last place never match: they stay 1.
    row.iter().map(|word| word.count_zeros() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the table of the textbook.
    fn by_table(answer: &[String], gold: &[String]) -> usize {
        let mut table = vec![vec![0; gold.len() + 1]; answer.len() + 1];
        for (i, left) in answer.iter().enumerate() {
            for (j, right) in gold.iter().enumerate() {
                table[i + 1][j + 1] = if left == right {
                    table[i][j] + 1
                } else {
                    table[i][j + 1].max(table[i + 1][j])
                };
            }
        }
        table[answer.len()][gold.len()]
    }

    fn found(nugget: &str, answer: &str) -> bool {
        nugget_recall(answer, [nugget], Normalisation::En) == Some(1.0)
    }

    #[test]
    fn a_nugget_is_found_where_its_words_stand_together() {
        let nugget = "the reactor was shut down in 1986";
        // Six words without the article: five of them, with the figure, are enough.
        assert!(found(nugget, "In 1986 they shut it down: the reactor."));
        assert!(!found(nugget, "In 1987 the reactor was shut down."));
        assert!(!found(nugget, "The reactor was built in 1986."));
        // All its words are there, but no twelve words in a row hold five of them.
        let scattered = "The reactor was new, and people came from far away to see it at work every day. It shut its doors at night. Much later the lights went down, and nobody knew why. That was 1986.";
        assert!(!found(nugget, scattered));
        let together = format!("{scattered} The reactor was shut down in 1986.");
        assert!(found(nugget, &together));
    }

    #[test]
    fn a_repeated_word_counts_as_often_as_the_nugget_has_it() {
        assert!(!found("dog dog dog cat", "dog cat"));
        assert!(found("dog dog dog cat", "dog dog cat"));
        assert!(!found("dog cat bird fish", "dog dog dog dog dog cat"));
    }

    #[test]
    fn nuggets_without_words_are_left_out() {
        assert_eq!(nugget_recall("x", ["...", "the"], Normalisation::En), None);
        assert_eq!(
            nugget_recall("x", ["...", "y", "x"], Normalisation::En),
            Some(0.5)
        );
        assert_eq!(nugget_recall("", ["x"], Normalisation::En), Some(0.0));
    }

    proptest! {
        #[test]
        fn the_subsequence_is_that_of_the_table(
            answer in prop::collection::vec("[a-c]", 0..200),
            gold in prop::collection::vec("[a-d]", 0..200),
        ) {
            let length = longest_common_subsequence(&answer, &gold);
            prop_assert_eq!(length, by_table(&answer, &gold));
            prop_assert_eq!(length, longest_common_subsequence(&gold, &answer));
        }

        /// A window found by sliding is one that a look at every window finds.
        #[test]
        fn windows_are_those_of_brute_force(
            nugget in prop::collection::vec("[a-d1]", 1..8),
            answer in prop::collection::vec("[a-f1]", 0..30),
        ) {
            let all_windows = (0..answer.len()).any(|start| {
                let window = &answer[start..answer.len().min(start + 2 * nugget.len())];
                let figures = |words: &[String]| words.iter().filter(|word| *word == "1").count();
                in_common(&nugget, window) as f64 >= 0.75 * nugget.len() as f64 && figures(window) >= figures(&nugget)
            });
            prop_assert_eq!(is_found(&nugget, &answer), all_windows);
        }

        #[test]
        fn scores_are_shares_and_one_of_itself(answer in ".{0,60}", gold in ".{0,60}") {
            for normalisation in [Normalisation::En, Normalisation::De, Normalisation::Zh, Normalisation::Ar] {
                let scores = |a: &str, b: &str| [
                    token_f1(a, b, normalisation),
                    rouge_n(a, b, 1, normalisation),
                    rouge_n(a, b, 2, normalisation),
                    rouge_l(a, b, normalisation),
                ];
                let there = scores(&answer, &gold);
                prop_assert!(there.iter().all(|score| (0.0..=1.0).contains(score)));
                for (here, there) in scores(&gold, &answer).iter().zip(there) {
                    prop_assert!((here - there).abs() < 1e-12, "F1 is the same both ways");
                }
                prop_assert!(exact_match(&answer, &answer, normalisation));
                prop_assert!((token_f1(&answer, &answer, normalisation) - 1.0).abs() < 1e-12);
            }
        }
    }
}
