//! The solution by trying everything.

use super::*;

/// Every pair of cuts, each counted from the posts anew.
pub(super) fn brute_force(objective: &Objective, posts: &Posts) -> Solved {
    let weight = |place: usize| posts.weights.as_ref().map_or(1.0, |weights| weights[place]);
    let rows: Vec<(f64, bool, f64)> = (0..posts.labels.len())
        .map(|place| {
            let label = posts.labels[place];
            (posts.probabilities[place], label, weight(place))
        })
        .filter(|row| row.2 > 0.0)
        .collect();
    let mut starts: Vec<f64> = rows.iter().map(|row| row.0).collect();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    starts.push(f64::INFINITY);
    let between = |place: usize| match place {
        0 => Some(0.0),
        place if starts[place].is_infinite() => None,
        place => Some(f64::midpoint(starts[place - 1], starts[place])),
    };
    let all: f64 = rows.iter().map(|row| row.2).sum();
    let negatives: f64 = rows.iter().filter(|row| !row.1).map(|row| row.2).sum();
    let error = objective.reviewer_error;
    let mut best: Option<Solved> = None;
    // From the highest thresholds down: what is equal does not replace them.
    for second in (0..starts.len()).rev() {
        for first in (0..=second).rev() {
            let (mut positive, mut negative, mut reviews) = (0.0, 0.0, 0.0);
            for (probability, label, weight) in &rows {
                let is_reviewed = *probability >= starts[first] && *probability < starts[second];
                let is_rejected = *probability >= starts[second];
                reviews += if is_reviewed { *weight } else { 0.0 };
                match (is_reviewed, is_rejected, *label) {
                    (true, _, true) => negative += error * weight,
                    (true, _, false) => positive += error * weight,
                    (_, true, false) => positive += weight,
                    (false, false, true) => negative += weight,
                    _ => {}
                }
            }
            let fits = match objective.review_capacity {
                Some(Capacity::Share(share)) => reviews <= share * all,
                Some(Capacity::Count(count)) => reviews <= count,
                None => true,
            };
            let rate = objective.max_false_positive_rate;
            if !fits || rate.is_some_and(|rate| positive > rate * negatives) {
                continue;
            }
            let cost = objective.cost_false_positive * positive
                + objective.cost_false_negative * negative
                + objective.cost_review * reviews;
            if best.is_none_or(|best| (cost, reviews) < (best.cost, best.reviews)) {
                best = Some(Solved {
                    review_from: between(first),
                    reject_from: between(second),
                    cost,
                    false_positives: positive,
                    false_negatives: negative,
                    reviews,
                });
            }
        }
    }
    best.unwrap()
}
