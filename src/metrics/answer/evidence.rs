//! What an answer rests on: the sources offered to it, its citations, and its question.

use std::collections::BTreeMap;

/// What is known of one sentence of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SentenceFacts {
    /// Whether it claims anything: a greeting, a question or a refusal does not.
    pub claims: bool,
    /// Whether at least one of its citations is verified.
    pub cited: bool,
    /// Whether a source that is not relevant supports it and the gold does not; `None` where it is not known which sources are
    /// relevant.
    pub noise: Option<bool>,
}

/// The cosine of the angle between question and answer as vectors of weighted terms, 0..=1 for weights that are not negative.
/// `None` where no term of the question has a weight; 0 where none of the answer has.
pub fn relevance<K: Ord>(question: &BTreeMap<K, f64>, answer: &BTreeMap<K, f64>) -> Option<f64> {
    let length = |terms: &BTreeMap<K, f64>| terms.values().map(|w| w * w).sum::<f64>().sqrt();
    let (of_question, of_answer) = (length(question), length(answer));
    if of_question <= 0.0 {
        return None;
    }
    if of_answer <= 0.0 {
        return Some(0.0);
    }
    let product = |(term, weight): (&K, &f64)| answer.get(term).map(|other| weight * other);
    // From 0, as the sum of nothing is −0.
    let product: f64 = question
        .iter()
        .filter_map(product)
        .fold(0.0, |sum, part| sum + part);
    Some((product / of_question / of_answer).clamp(-1.0, 1.0))
}

/// The share of the items that are true; `None` of none.
pub fn share(items: impl IntoIterator<Item = bool>) -> Option<f64> {
    let (mut holds, mut all) = (0_usize, 0_usize);
    for item in items {
        all += 1;
        holds += usize::from(item);
    }
    (all > 0).then(|| holds as f64 / all as f64)
}

/// The mean, over the relevant sources, of precision at their rank; 0 where none is relevant. `relevant` says it of each
/// source, in the order in which they were offered.
///
/// Source: the context precision of ragas (`ContextPrecision`, whose 1e-10 in the denominator is left out). A relevant source
/// that was not offered costs nothing: it is average precision over what was found.
pub fn average_precision(relevant: &[bool]) -> f64 {
    let (mut found, mut sum) = (0_usize, 0.0);
    for (rank, _) in relevant.iter().enumerate().filter(|(_, is)| **is) {
        found += 1;
        sum += found as f64 / (rank as f64 + 1.0);
    }
    if found == 0 { 0.0 } else { sum / found as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relevance_is_the_cosine() {
        let terms = |list: &[(&'static str, f64)]| list.iter().copied().collect::<BTreeMap<_, _>>();
        let question = terms(&[("otter", 3.0), ("food", 4.0)]);
        let answer = terms(&[("otter", 1.0), ("fish", 2.0), ("eat", 2.0)]);
        assert!((relevance(&question, &answer).unwrap() - 3.0 / (5.0 * 3.0)).abs() < 1e-15);
        assert!((relevance(&question, &question).unwrap() - 1.0).abs() < 1e-15);
        assert_eq!(relevance(&question, &terms(&[])), Some(0.0));
        assert_eq!(relevance(&terms(&[("otter", 0.0)]), &answer), None);
    }

    #[test]
    fn average_precision_is_by_rank() {
        let value = average_precision(&[true, false, true, false, false, true]);
        assert!((value - (1.0 + 2.0 / 3.0 + 3.0 / 6.0) / 3.0).abs() < 1e-15);
        assert!(average_precision(&[]).abs() < 1e-15 && average_precision(&[false]).abs() < 1e-15);
    }
}
