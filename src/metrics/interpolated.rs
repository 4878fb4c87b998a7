//! Precision at points of recall, interpolated.

use super::judgements::{Judgements, hits, is_relevant};

/// How a point of recall becomes a number of relevant documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecallPoint {
    /// The nearest whole number, halves away from 0: trec_eval 10.
    #[default]
    Nearest,
    /// The whole part of `recall · R + 0.9`: trec_eval 9 and before, and all that build on it.
    PlusNineTenths,
}

impl RecallPoint {
    /// The number of relevant documents at which `recall` of `relevant` is reached.
    fn documents(self, recall: f64, relevant: usize) -> usize {
        let exact = recall * relevant as f64;
        let whole = match self {
            Self::Nearest => exact.round(),
            Self::PlusNineTenths => (exact + 0.9).floor(),
        };
        whole_number(whole)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest usize there is"
)]
fn whole_number(value: f64) -> usize {
    value as usize
}

/// Interpolated precision at a point of recall: the highest precision at this or any higher recall. Range 0..=1; 0
/// where that recall is not reached.
///
/// Source: trec_eval `m_iprec_at_recall.c`.
pub fn interpolated_precision(
    judgements: &Judgements,
    level: i32,
    recall: f64,
    point: RecallPoint,
) -> f64 {
    let needed = point.documents(recall, judgements.relevant(level));
    let (mut found, mut best) = (0, 0.0_f64);
    for (place, grade) in judgements.ranked().iter().enumerate() {
        found += usize::from(is_relevant(*grade, level));
        if found > 0 && found >= needed {
            best = best.max(found as f64 / (place + 1) as f64);
        }
    }
    best
}

/// The mean of the interpolated precision at these points of recall.
///
/// Source: trec_eval `m_11pt_avg.c`.
pub fn mean_interpolated_precision(
    judgements: &Judgements,
    level: i32,
    recalls: &[f64],
    point: RecallPoint,
) -> f64 {
    let at = |recall: &f64| interpolated_precision(judgements, level, *recall, point);
    // From the highest recall down, as trec_eval adds.
    let sum = recalls
        .iter()
        .rev()
        .map(at)
        .fold(0.0, |sum, value| sum + value);
    sum / recalls.len() as f64
}

/// Precision at a multiple of R, the number of relevant documents: at the whole part of `multiple · R + 0.9`. Range
/// 0..=1; 0 at rank 0.
///
/// Source: trec_eval `m_Rprec_mult.c`.
pub fn precision_at_multiple(judgements: &Judgements, level: i32, multiple: f64) -> f64 {
    let relevant = judgements.relevant(level) as f64;
    let cutoff = whole_number((multiple * relevant + 0.9).floor());
    if cutoff == 0 {
        return 0.0;
    }
    hits(judgements.top(cutoff), level) as f64 / cutoff as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        // Relevant at ranks 2 and 4 of 5, three relevant documents in all.
        let ranked = [Some(0), Some(1), None, Some(1), None];
        let j = Judgements::from_grades(ranked.to_vec(), vec![1, 1, 1, 0]);
        let at = |recall| interpolated_precision(&j, 1, recall, RecallPoint::Nearest);
        for (recall, expected) in [(0.0, 0.5), (0.5, 0.5), (0.7, 0.5), (1.0, 0.0)] {
            assert!((at(recall) - expected).abs() < 1e-12);
        }
        // .1 · 3 is a third of a document: none for the one rule, the first for the other.
        assert_eq!(RecallPoint::Nearest.documents(0.1, 3), 0);
        assert_eq!(RecallPoint::PlusNineTenths.documents(0.1, 3), 1);
        assert!((precision_at_multiple(&j, 1, 2.0) - 2.0 / 6.0).abs() < 1e-12);
        assert!((precision_at_multiple(&j, 1, 0.2) - 0.0).abs() < 1e-12);
    }
}
