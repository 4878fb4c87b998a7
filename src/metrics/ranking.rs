//! Ranking metrics with trec_eval's definitions (`usnistgov/trec_eval` on GitHub, the `m_*.c` file named at each).
//!
//! A document is relevant when its grade is 1 or more; an unjudged document counts as not relevant. Where a
//! ranking is shorter than the cutoff, the missing places count as not relevant. Every function returns a value
//! in 0..=1, and 0 for a query without a relevant document or a ranking without documents.

use std::collections::HashMap;
use std::num::NonZeroUsize;

/// One query's ranking seen through its judgements: all that a ranking metric needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgements {
    /// The grade of the document at each rank, best rank first; 0 where it is unjudged.
    ranked: Vec<i32>,
    /// The positive grades of all judged documents, retrieved or not, highest first.
    relevant: Vec<i32>,
}

impl Judgements {
    /// Looks up every ranked document. A document that is ranked twice counts at its first rank only.
    pub fn new<'a>(
        ranked: impl IntoIterator<Item = &'a str>,
        judged: impl IntoIterator<Item = (&'a str, i32)>,
    ) -> Self {
        let mut grades: HashMap<&str, i32> = judged.into_iter().collect();
        let mut relevant: Vec<i32> = grades
            .values()
            .copied()
            .filter(|&grade| grade > 0)
            .collect();
        relevant.sort_unstable_by(|a, b| b.cmp(a));
        let ranked = ranked
            .into_iter()
            .map(|document| grades.remove(document).unwrap_or(0))
            .collect();
        Self { ranked, relevant }
    }

    fn top(&self, k: usize) -> &[i32] {
        &self.ranked[..k.min(self.ranked.len())]
    }

    /// The share `part / whole` of the relevant documents, 0 where there are none.
    fn share_of_relevant(&self, part: f64) -> f64 {
        if self.relevant.is_empty() {
            0.0
        } else {
            part / self.relevant.len() as f64
        }
    }
}

fn hits(grades: &[i32]) -> f64 {
    grades.iter().filter(|&&grade| grade > 0).count() as f64
}

/// Normalised discounted cumulative gain at `k`: Σ grade / log2(rank + 1) over the first `k`, divided by the same sum
/// over the best possible ranking of all judged documents. The gain is the grade itself (linear).
///
/// Source: Järvelin and Kekäläinen 2002; trec_eval `m_ndcg.c`, `m_ndcg_cut.c`.
pub fn ndcg(judgements: &Judgements, k: usize) -> f64 {
    let ideal = discounted_gain(&judgements.relevant, k);
    if ideal == 0.0 {
        0.0
    } else {
        discounted_gain(&judgements.ranked, k) / ideal
    }
}

fn discounted_gain(grades: &[i32], k: usize) -> f64 {
    let relevant = grades
        .iter()
        .take(k)
        .enumerate()
        .filter(|(_, grade)| **grade > 0);
    // Not `sum`: of nothing that is -0, and would be printed so.
    relevant.fold(0.0, |sum, (place, grade)| {
        sum + f64::from(*grade) / ((place + 2) as f64).log2()
    })
}

/// Average precision at `k`: the precision at the rank of each relevant document among the first `k`, summed and
/// divided by the number of all relevant documents.
///
/// Source: Buckley and Voorhees 2000; trec_eval `m_map.c`, `m_map_cut.c`.
pub fn average_precision(judgements: &Judgements, k: usize) -> f64 {
    let mut found = 0.0;
    let mut sum = 0.0;
    for (place, &grade) in judgements.top(k).iter().enumerate() {
        if grade > 0 {
            found += 1.0;
            sum += found / (place + 1) as f64;
        }
    }
    judgements.share_of_relevant(sum)
}

/// Reciprocal rank at `k`: 1 / rank of the first relevant document among the first `k`.
///
/// Source: Voorhees 1999; trec_eval `m_recip_rank.c` (with `-M k` for a cutoff).
pub fn reciprocal_rank(judgements: &Judgements, k: usize) -> f64 {
    judgements
        .top(k)
        .iter()
        .position(|&grade| grade > 0)
        .map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// Precision at `k`: relevant documents among the first `k`, divided by `k`.
///
/// Source: trec_eval `m_P.c`.
pub fn precision(judgements: &Judgements, k: NonZeroUsize) -> f64 {
    hits(judgements.top(k.get())) / k.get() as f64
}

/// Recall at `k`: the share of all relevant documents that stand among the first `k`.
///
/// Source: trec_eval `m_recall.c`.
pub fn recall(judgements: &Judgements, k: usize) -> f64 {
    judgements.share_of_relevant(hits(judgements.top(k)))
}

/// Success at `k`: 1 where at least one relevant document stands among the first `k`.
///
/// Source: trec_eval `m_success.c`.
pub fn success(judgements: &Judgements, k: usize) -> f64 {
    if hits(judgements.top(k)) > 0.0 {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgements(ranked: &[&'static str], judged: &[(&'static str, i32)]) -> Judgements {
        Judgements::new(ranked.iter().copied(), judged.iter().copied())
    }

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-12,
            "{value} is not {expected}"
        );
    }

    #[test]
    fn worked_by_hand() {
        // Ranks 1..4 hold grades 0, 2, unjudged, 1; one more relevant document (grade 3) was not found.
        let j = judgements(
            &["a", "b", "c", "d"],
            &[("a", 0), ("b", 2), ("d", 1), ("e", 3)],
        );
        let k = |n| NonZeroUsize::new(n).unwrap();
        close(precision(&j, k(2)), 0.5);
        close(precision(&j, k(10)), 0.2);
        close(recall(&j, 2), 1.0 / 3.0);
        close(reciprocal_rank(&j, 10), 0.5);
        close(reciprocal_rank(&j, 1), 0.0);
        close(average_precision(&j, usize::MAX), (0.5 + 0.5) / 3.0);
        close(success(&j, 1), 0.0);
        close(success(&j, 2), 1.0);
        let dcg = 2.0 / 3_f64.log2() + 1.0 / 5_f64.log2();
        let ideal = 3.0 + 2.0 / 3_f64.log2() + 1.0 / 4_f64.log2();
        close(ndcg(&j, 10), dcg / ideal);
    }

    #[test]
    fn nothing_retrieved_or_nothing_relevant_is_zero() {
        let k = NonZeroUsize::MIN;
        for j in [
            judgements(&[], &[("a", 1)]),
            judgements(&["a"], &[("a", 0), ("b", -1)]),
            judgements(&["a"], &[]),
        ] {
            let all = [
                ndcg(&j, 10),
                average_precision(&j, 10),
                reciprocal_rank(&j, 10),
                recall(&j, 10),
                success(&j, 10),
                precision(&j, k),
            ];
            assert!(all.iter().all(|&value| value == 0.0), "{all:?}");
        }
    }

    #[test]
    fn a_document_ranked_twice_counts_once() {
        let j = judgements(&["a", "a", "a"], &[("a", 1), ("b", 1)]);
        close(recall(&j, 10), 0.5);
        assert!(ndcg(&j, 10) < 1.0);
    }
}
