//! Where to cut scores into decisions.

use super::influence::Classes;
use super::levels;

/// The threshold (a score from it on says positive) of the highest balanced accuracy. `None` where all labels are the same.
///
/// It lies midway between two neighbouring scores, or is the lowest score where no cut is better than to say positive of all. Of cuts
/// that are equally good it is the one nearest the middle between the lowest and the highest of them, of two as near the lower one. O(n log n).
///
/// # Panics
/// Where the columns differ in length.
pub fn best_threshold(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Classes::of(labels, scores)?;
    let positives = labels.iter().filter(|label| **label).count() as u128;
    let negatives = labels.len() as u128 - positives;
    // Twice the balanced accuracy, times both counts: whole numbers, so that equal means equal.
    let (mut found, mut rejected, mut best) = (positives, 0, 0);
    let mut cuts = Vec::new();
    let mut below = None;
    for level in levels(scores) {
        let score = scores[level[0]];
        let accuracy = found * negatives + rejected * positives;
        if accuracy > best {
            cuts.clear();
            best = accuracy;
        }
        if accuracy == best {
            cuts.push(below.map_or(score, |below| cut_between(below, score)));
        }
        let positive = level.iter().filter(|place| labels[**place]).count() as u128;
        found -= positive;
        rejected += level.len() as u128 - positive;
        below = Some(score);
    }
    let middle = f64::midpoint(*cuts.first()?, *cuts.last()?);
    let distance = |cut: &f64| (cut - middle).abs();
    cuts.into_iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// A number above `low` and not above `high`, midway between them where floating point has one.
fn cut_between(low: f64, high: f64) -> f64 {
    let cut = f64::midpoint(low, high);
    if cut > low { cut } else { high }
}
