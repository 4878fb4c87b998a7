//! From scores to a ranking.

use std::cmp::Ordering;

use super::{Order, Ties};
use crate::data::{DataError, Rankings, Retrieved};

/// The documents of one query, best first.
///
/// `twice` is whether ranx would sort a second time.
pub(super) fn ranked<'r>(
    rankings: &Rankings,
    retrieved: &'r [Retrieved],
    order: Order,
    twice: bool,
) -> Result<Vec<&'r Retrieved>, DataError> {
    let mut ranked: Vec<&Retrieved> = retrieved.iter().collect();
    let better = |a: &Retrieved, b: &Retrieved| better_score(a, b, order.single_precision);
    match order.ties {
        Ties::IdDescending => ranked.sort_unstable_by(|a, b| {
            better(a, b).then_with(|| rankings.document(b).cmp(rankings.document(a)))
        }),
        Ties::IdAscending => ranked.sort_unstable_by(|a, b| {
            better(a, b).then_with(|| rankings.document(a).cmp(rankings.document(b)))
        }),
        Ties::FileOrder => ranked.sort_by(|a, b| better(a, b)),
        Ties::Numba => {
            for _ in 0..=usize::from(twice) {
                let keys: Vec<f64> = ranked.iter().map(|retrieved| -retrieved.score).collect();
                ranked = numba_argsort(&keys)
                    .into_iter()
                    .map(|place| ranked[place])
                    .collect();
            }
        }
        Ties::RankColumn => {
            for retrieved in &ranked {
                if retrieved.rank.is_none() {
                    let message =
                        "the rank column holds no whole number from 1, by which `msmarco` ranks";
                    return Err(rankings.fault(retrieved, message));
                }
            }
            ranked.sort_by_key(|retrieved| retrieved.rank);
            if let Some(pair) = ranked.windows(2).find(|pair| pair[0].rank == pair[1].rank) {
                let message = "two documents of the query have the same rank";
                return Err(rankings.fault(pair[1], message));
            }
        }
    }
    Ok(ranked)
}

/// The documents of one query in groups of equal score, best first.
pub(super) fn groups<'r>(
    rankings: &Rankings,
    retrieved: &'r [Retrieved],
    order: Order,
) -> Result<Vec<Vec<&'r Retrieved>>, DataError> {
    let by_score = Order {
        ties: Ties::FileOrder,
        ..order
    };
    let ranked = ranked(rankings, retrieved, by_score, false)?;
    let tied = |a: &&Retrieved, b: &&Retrieved| better_score(a, b, order.single_precision).is_eq();
    Ok(ranked.chunk_by(tied).map(<[&Retrieved]>::to_vec).collect())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to f32 is what is asked for"
)]
fn better_score(a: &Retrieved, b: &Retrieved, single_precision: bool) -> Ordering {
    // Never NaN, and -0 equals 0: not `total_cmp`.
    let order = if single_precision {
        (b.score as f32).partial_cmp(&(a.score as f32))
    } else {
        b.score.partial_cmp(&a.score)
    };
    order.unwrap_or(Ordering::Equal)
}

/// The places of `keys` in the order in which NumPy's `argsort` leaves them under Numba: a quicksort around the median
/// of three with an insertion sort for 15 keys and fewer, which does not keep the order of equal keys.
///
/// Source: Numba 0.68, `numba/misc/quicksort.py`; checked against it on 2,000 arrays.
fn numba_argsort(keys: &[f64]) -> Vec<usize> {
    const SMALL: usize = 15;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    // Ends are exclusive.
    let mut pending = vec![(0, keys.len())];
    while let Some((mut start, mut end)) = pending.pop() {
        while end - start > SMALL {
            let pivot = partition(keys, &mut order, start, end);
            if end - 1 - pivot > pivot - start {
                pending.push((pivot + 1, end));
                end = pivot;
            } else {
                pending.push((start, pivot));
                start = pivot + 1;
            }
        }
        // A stable insertion sort; a stable sort gives the same.
        order[start..end]
            .sort_by(|a, b| keys[*a].partial_cmp(&keys[*b]).unwrap_or(Ordering::Equal));
    }
    order
}

/// Puts the median of the first, middle and last key where it belongs, smaller ones before and larger ones after, and
/// says where that is.
fn partition(keys: &[f64], order: &mut [usize], start: usize, end: usize) -> usize {
    let last = end - 1;
    let middle = usize::midpoint(start, last);
    let sort_pair = |order: &mut [usize], low: usize, high: usize| {
        if keys[order[high]] < keys[order[low]] {
            order.swap(low, high);
        }
    };
    sort_pair(order, start, middle);
    sort_pair(order, middle, last);
    sort_pair(order, start, middle);
    let pivot = keys[order[middle]];
    order.swap(last, middle);
    // `right` is one beyond the key it looks at, so that it can pass the first.
    let (mut left, mut right) = (start, last);
    loop {
        while left < last && keys[order[left]] < pivot {
            left += 1;
        }
        while right > start && pivot < keys[order[right - 1]] {
            right -= 1;
        }
        if left + 1 >= right {
            break;
        }
        order.swap(left, right - 1);
        left += 1;
        right -= 1;
    }
    order.swap(left, last);
    left
}
