//! The best hits of a search, in one total order.

use std::cmp::Ordering;

/// A document found, by its row in the index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row, 0-based, in the order of the corpus.
    pub row: u32,
    /// The document's place when all ids are sorted descending: what decides between equal scores.
    pub tie: u32,
    /// More is better; comparable within one search only.
    pub score: f64,
}

impl Hit {
    /// Best first; equal scores by descending document id, as trec_eval ranks them. A total order, so that a top-k is
    /// one list whichever way it was collected, and the first part of every longer one.
    pub fn order(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.tie.cmp(&other.tie))
    }
}

/// Collects the best `k` of any number of hits.
#[derive(Debug)]
pub(super) struct Top {
    k: usize,
    hits: Vec<Hit>,
    /// The worst of `k` hits already seen: what is worse cannot be among the best.
    floor: Option<Hit>,
}

impl Top {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            hits: Vec::new(),
            floor: None,
        }
    }

    pub(super) fn push(&mut self, hit: Hit) {
        if self
            .floor
            .is_some_and(|floor| hit.order(&floor) == Ordering::Greater)
        {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= 2 * self.k.max(16) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.k == 0 {
            self.hits.clear();
        } else if self.hits.len() > self.k {
            self.hits.select_nth_unstable_by(self.k - 1, Hit::order);
            self.hits.truncate(self.k);
            self.floor = self.hits.last().copied();
        }
    }

    pub(super) fn merged(mut self, other: Self) -> Self {
        other.hits.into_iter().for_each(|hit| self.push(hit));
        self
    }

    /// The best hits, best first.
    pub(super) fn into_hits(mut self) -> Vec<Hit> {
        self.shrink();
        self.hits.sort_unstable_by(Hit::order);
        self.hits
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_those_of_a_full_sort(scores in prop::collection::vec(0_u8..20, 0..200), k in 0_usize..40, cut in 0_usize..200) {
            let hits: Vec<Hit> = scores.iter().enumerate().map(|(row, &score)| Hit { row: row as u32, tie: row as u32, score: score.into() }).collect();
            let mut sorted = hits.clone();
            sorted.sort_by(Hit::order);
            sorted.truncate(k);
            let collect = |part: &[Hit]| { let mut top = Top::new(k); part.iter().for_each(|&hit| top.push(hit)); top };
            let cut = cut.min(hits.len());
            prop_assert_eq!(&collect(&hits).into_hits(), &sorted);
            prop_assert_eq!(&collect(&hits[cut..]).merged(collect(&hits[..cut])).into_hits(), &sorted);
        }
    }
}
