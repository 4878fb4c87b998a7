//! Metrics of where the relevant documents stand, with trec_eval's definitions (`usnistgov/trec_eval` on GitHub, the
//! `m_*.c` file named at each).
//!
//! `level` is the lowest grade that counts as relevant. Where a ranking is shorter than the cutoff, the missing
//! places count as not relevant. Every function returns a value in 0..=1, and 0 for a query without a relevant document
//! or a ranking without documents.

use std::num::NonZeroUsize;

use super::judgements::{Judgements, hits, is_relevant, share};

/// Precision at `k`: relevant documents among the first `k`, divided by `k`.
///
/// Source: trec_eval `m_P.c`.
pub fn precision(judgements: &Judgements, level: i32, k: NonZeroUsize) -> f64 {
    hits(judgements.top(k.get()), level) as f64 / k.get() as f64
}

/// Precision at `k` divided by the best that `k` allows: by `min(k, relevant)` instead of `k`.
///
/// Source: trec_eval `m_rel_P.c`.
pub fn relative_precision(judgements: &Judgements, level: i32, k: NonZeroUsize) -> f64 {
    let found = hits(judgements.top(k.get()), level) as f64;
    share(found, judgements.relevant(level).min(k.get()))
}

/// Recall at `k`: the share of all relevant documents that stand among the first `k`.
///
/// Source: trec_eval `m_recall.c`.
pub fn recall(judgements: &Judgements, level: i32, k: usize) -> f64 {
    let found = hits(judgements.top(k), level) as f64;
    share(found, judgements.relevant(level))
}

/// Success at `k`: 1 where at least one relevant document stands among the first `k`.
///
/// Source: trec_eval `m_success.c`.
pub fn success(judgements: &Judgements, level: i32, k: usize) -> f64 {
    if hits(judgements.top(k), level) > 0 {
        1.0
    } else {
        0.0
    }
}

/// Reciprocal rank at `k`: 1 / rank of the first relevant document among the first `k`.
///
/// Source: Voorhees 1999; trec_eval `m_recip_rank.c` (with `-M k` for a cutoff).
pub fn reciprocal_rank(judgements: &Judgements, level: i32, k: usize) -> f64 {
    judgements
        .top(k)
        .iter()
        .position(|grade| is_relevant(*grade, level))
        .map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// Average precision at `k`: the precision at the rank of each relevant document among the first `k`, summed and
/// divided by the number of all relevant documents.
///
/// Source: Buckley and Voorhees 2000; trec_eval `m_map.c`, `m_map_cut.c`.
pub fn average_precision(judgements: &Judgements, level: i32, k: usize) -> f64 {
    share(
        sum_of_precisions(judgements, level, k),
        judgements.relevant(level),
    )
}

/// The precision at the rank of each relevant document among the first `k`, summed.
fn sum_of_precisions(judgements: &Judgements, level: i32, k: usize) -> f64 {
    let mut found = 0.0;
    let mut sum = 0.0;
    for (place, grade) in judgements.top(k).iter().enumerate() {
        if is_relevant(*grade, level) {
            found += 1.0;
            sum += found / (place + 1) as f64;
        }
    }
    sum
}

/// Robertson's smoothed average precision: ln((1 + s) / (1 + R − s)) with s the sum of the precisions at the relevant
/// documents and R their number. Not bounded; 0 where half of the precision is reached, negative below.
///
/// Source: Robertson 2012, "On smoothing average precision"; trec_eval `m_yaap.c`.
pub fn yaap(judgements: &Judgements, level: i32) -> f64 {
    let sum = sum_of_precisions(judgements, level, usize::MAX);
    ((1.0 + sum) / (1.0 + judgements.relevant(level) as f64 - sum)).ln()
}

/// Precision at `R`, the number of relevant documents.
///
/// Source: trec_eval `m_Rprec.c`.
pub fn r_precision(judgements: &Judgements, level: i32) -> f64 {
    recall(judgements, level, judgements.relevant(level))
}

/// Set precision: the share of the retrieved documents that are relevant.
///
/// Source: trec_eval `m_set_P.c`.
pub fn set_precision(judgements: &Judgements, level: i32) -> f64 {
    let ranked = judgements.ranked();
    share(hits(ranked, level) as f64, ranked.len())
}

/// Set precision divided by the best that a set of this size allows.
///
/// Source: trec_eval `m_set_rel_P.c`.
pub fn relative_set_precision(judgements: &Judgements, level: i32) -> f64 {
    let ranked = judgements.ranked();
    let best = ranked.len().min(judgements.relevant(level));
    share(hits(ranked, level) as f64, best)
}

/// Set recall: the share of the relevant documents that were retrieved.
///
/// Source: trec_eval `m_set_recall.c`.
pub fn set_recall(judgements: &Judgements, level: i32) -> f64 {
    recall(judgements, level, usize::MAX)
}

/// Set F: (1 + β) P R / (β P + R) of set precision and set recall. `beta` is the importance of recall relative to
/// precision, not squared (trec_eval's reading; van Rijsbergen's β is its square root).
///
/// Source: trec_eval `m_set_F.c`.
pub fn set_f(judgements: &Judgements, level: i32, beta: f64) -> f64 {
    let (precision, recall) = (
        set_precision(judgements, level),
        set_recall(judgements, level),
    );
    if recall == 0.0 {
        0.0
    } else {
        (beta + 1.0) * precision * recall / (beta * precision + recall)
    }
}

/// Set average precision: set precision times set recall.
///
/// Source: trec_eval `m_set_map.c`.
pub fn set_average_precision(judgements: &Judgements, level: i32) -> f64 {
    let found = hits(judgements.ranked(), level) as f64;
    share(
        found * found,
        judgements.ranked().len() * judgements.relevant(level),
    )
}

/// Utility: `a` for each relevant document retrieved, `b` for each other one retrieved, `c` for each relevant one
/// missed, `d` for each other one of a collection of `collection` documents. Not bounded.
///
/// Source: trec_eval `m_utility.c`.
pub fn utility(
    judgements: &Judgements,
    level: i32,
    [a, b, c, d]: [f64; 4],
    collection: u64,
) -> f64 {
    let found = hits(judgements.ranked(), level) as f64;
    let (retrieved, relevant) = (
        judgements.ranked().len() as f64,
        judgements.relevant(level) as f64,
    );
    let others = collection as f64 + found - retrieved - relevant;
    a * found + b * (retrieved - found) + c * (relevant - found) + d * others
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

    fn k(k: usize) -> NonZeroUsize {
        NonZeroUsize::new(k).unwrap()
    }

    #[test]
    fn worked_by_hand() {
        // Ranks 1..4 hold grades 0, 2, unjudged, 1; one more relevant document (grade 3) was not found.
        let j = judgements(
            &["a", "b", "c", "d"],
            &[("a", 0), ("b", 2), ("d", 1), ("e", 3)],
        );
        close(precision(&j, 1, k(2)), 0.5);
        close(precision(&j, 1, k(10)), 0.2);
        close(precision(&j, 2, k(10)), 0.1);
        close(relative_precision(&j, 1, k(10)), 2.0 / 3.0);
        close(recall(&j, 1, 2), 1.0 / 3.0);
        close(reciprocal_rank(&j, 1, 10), 0.5);
        close(reciprocal_rank(&j, 1, 1), 0.0);
        close(
            average_precision(&j, 1, usize::MAX),
            f64::midpoint(0.5, 0.5) * 2.0 / 3.0,
        );
        close(average_precision(&j, 2, usize::MAX), 0.5 / 2.0);
        close(success(&j, 1, 1), 0.0);
        close(success(&j, 1, 2), 1.0);
        close(r_precision(&j, 1), 1.0 / 3.0);
        close(set_precision(&j, 1), 0.5);
        close(relative_set_precision(&j, 1), 2.0 / 3.0);
        close(
            set_f(&j, 1, 1.0),
            2.0 * 0.5 * (2.0 / 3.0) / (0.5 + 2.0 / 3.0),
        );
        close(set_average_precision(&j, 1), 0.5 * 2.0 / 3.0);
        close(
            utility(&j, 1, [1.0, -1.0, -2.0, 0.5], 10),
            2.0 - 2.0 - 2.0 + 0.5 * 5.0,
        );
        close(yaap(&j, 1), (2.0_f64 / 3.0).ln());
    }

    #[test]
    fn nothing_retrieved_or_nothing_relevant_is_zero() {
        for j in [
            judgements(&[], &[("a", 1)]),
            judgements(&["a"], &[("a", 0), ("b", -1)]),
            judgements(&["a"], &[]),
        ] {
            let all = [
                precision(&j, 1, k(1)),
                relative_precision(&j, 1, k(1)),
                recall(&j, 1, 10),
                success(&j, 1, 10),
                reciprocal_rank(&j, 1, 10),
                average_precision(&j, 1, 10),
                r_precision(&j, 1),
                set_precision(&j, 1),
                relative_set_precision(&j, 1),
                set_recall(&j, 1),
                set_f(&j, 1, 1.0),
                set_average_precision(&j, 1),
            ];
            assert!(all.iter().all(|&value| value == 0.0), "{all:?}");
        }
    }

    #[test]
    fn a_document_ranked_twice_counts_once() {
        let j = judgements(&["a", "a", "a"], &[("a", 1), ("b", 1)]);
        close(recall(&j, 1, 10), 0.5);
        close(set_precision(&j, 1), 1.0 / 3.0);
    }
}
