//! Metrics of a decision between two classes, and of scores where the share of positives in deployment is not that of the sample.
//!
//! Each function gives one value an example, whose mean is the metric, and which is the metric plus the example's influence on it ([`super::pooled`]): the
//! derivative with respect to the weight of the example, times the number of examples. All rates are 0..=1. A prevalence is the share of positives, above 0
//! and below 1. Figures that jump from one score to the next are single numbers; a bootstrap tells how far they scatter.
//!
//! All columns must have one length, and scores must be finite.

use super::Pooled;
use super::pooled::levels;
use super::statistics::mean;

/// TP / (TP + FP), the share of what is decided positive that is so. `None` where nothing is.
///
/// # Panics
/// Where the columns differ in length.
pub fn precision(labels: &[bool], decisions: &[bool]) -> Option<Vec<f64>> {
    of_parts(labels, decisions, |label, decision| {
        (number(label && decision), number(decision))
    })
}

/// TP / (TP + FN), the share of the positives that are decided so. `None` where there are none.
///
/// # Panics
/// Where the columns differ in length.
pub fn recall(labels: &[bool], decisions: &[bool]) -> Option<Vec<f64>> {
    of_parts(labels, decisions, |label, decision| {
        (number(label && decision), number(label))
    })
}

/// FP / (FP + TN), the share of the negatives that are decided positive. `None` where there are none.
///
/// # Panics
/// Where the columns differ in length.
pub fn false_positive_rate(labels: &[bool], decisions: &[bool]) -> Option<Vec<f64>> {
    of_parts(labels, decisions, |label, decision| {
        (number(!label && decision), number(!label))
    })
}

/// 2 TP / (2 TP + FP + FN). `None` where nothing is positive and nothing is decided so.
///
/// # Panics
/// Where the columns differ in length.
pub fn f1(labels: &[bool], decisions: &[bool]) -> Option<Vec<f64>> {
    of_parts(labels, decisions, |label, decision| {
        let both = 2.0 * number(label && decision);
        (both, number(label) + number(decision))
    })
}

/// The share that is decided rightly. `None` where there is no example.
///
/// # Panics
/// Where the columns differ in length.
pub fn accuracy(labels: &[bool], decisions: &[bool]) -> Option<Vec<f64>> {
    of_parts(labels, decisions, |label, decision| {
        (number(label == decision), 1.0)
    })
}

/// The precision that the decisions would have where the share of positives is `prevalence` π, with the rates that they have here: π TPR / (π TPR + (1 − π)
/// FPR). `None` where all labels are the same or nothing is decided positive.
///
/// # Panics
/// Where the columns differ in length.
pub fn precision_at_prevalence(
    labels: &[bool],
    decisions: &[bool],
    prevalence: f64,
) -> Option<Vec<f64>> {
    let counts = Counts::of(labels, decisions.len())?;
    let decided = |class: bool| {
        let both = labels.iter().zip(decisions);
        both.filter(|(label, decision)| **label == class && **decision)
            .count() as f64
    };
    let point = Point {
        found: decided(true) / counts.positives,
        alarms: decided(false) / counts.negatives,
    };
    let value = point.precision(prevalence)?;
    let (slope_of_found, slope_of_alarms) = point.slopes(prevalence)?;
    let of_example = |(label, decision): (&bool, &bool)| {
        let decision = number(*decision);
        if *label {
            value + slope_of_found * (decision - point.found) * counts.all() / counts.positives
        } else {
            value + slope_of_alarms * (decision - point.alarms) * counts.all() / counts.negatives
        }
    };
    Some(labels.iter().zip(decisions).map(of_example).collect())
}

/// The average precision that the scores would have where the share of positives is `prevalence`: Σ over the scores of (the share of the positives that have
/// it) · (the precision of deciding from it on, [`precision_at_prevalence`]). At the sample's own prevalence it is [`Pooled::AveragePrecision`]. `None` where
/// all labels are the same. O(n log n).
///
/// The prevalence is taken as known: even at that of the sample an example has another influence here than there.
///
/// # Panics
/// Where the columns differ in length.
pub fn average_precision_at_prevalence(
    labels: &[bool],
    scores: &[f64],
    prevalence: f64,
) -> Option<Vec<f64>> {
    let counts = Counts::of(labels, scores.len())?;
    let levels = levels(scores);
    let points = points(&levels, labels, &counts);
    let share = |level: &Vec<usize>| {
        level.iter().filter(|place| labels[**place]).count() as f64 / counts.positives
    };
    let shares: Vec<f64> = levels.iter().map(share).collect();
    let precisions: Option<Vec<f64>> = points.iter().map(|p| p.precision(prevalence)).collect();
    let precisions = precisions?;
    let slopes: Option<Vec<(f64, f64)>> = points.iter().map(|p| p.slopes(prevalence)).collect();
    let slopes = slopes?;
    let value: f64 = shares.iter().zip(&precisions).map(|(s, p)| s * p).sum();
    // What moves the precision at a score: both rates are means over a class, of whether an example scores at least that.
    let (mut mean_found, mut mean_alarms) = (0.0, 0.0);
    for ((share, point), slopes) in shares.iter().zip(&points).zip(&slopes) {
        mean_found += share * slopes.0 * point.found;
        mean_alarms += share * slopes.1 * point.alarms;
    }
    let mut values = vec![value; scores.len()];
    let (mut found, mut alarms) = (0.0, 0.0);
    for (level, places) in levels.iter().enumerate() {
        found += shares[level] * slopes[level].0;
        alarms += shares[level] * slopes[level].1;
        for place in places {
            values[*place] += if labels[*place] {
                let own = precisions[level] - value;
                (own + found - mean_found) * counts.all() / counts.positives
            } else {
                (alarms - mean_alarms) * counts.all() / counts.negatives
            };
        }
    }
    Some(values)
}

/// Average precision as a multiple of the share of positives, which is what scores that know nothing reach. `None` where all labels are the same.
///
/// # Panics
/// Where the columns differ in length.
pub fn average_precision_lift(labels: &[bool], scores: &[f64]) -> Option<Vec<f64>> {
    let precision = Pooled::AveragePrecision.pseudo_values(labels, scores, &[])?;
    // Both are means over the examples, one of pseudo-values.
    let parts = precision
        .into_iter()
        .zip(labels.iter().copied().map(number));
    ratio(&parts.collect::<Vec<_>>())
}

/// The mean of a value at a prevalence π that is not that of the examples, π m₁ + (1 − π) m₀ of the means m₁ over positives and m₀ over negatives, as one value an
/// example. `None` where all labels are the same.
///
/// # Panics
/// Where the columns differ in length.
pub fn mean_at_prevalence(labels: &[bool], values: &[f64], prevalence: f64) -> Option<Vec<f64>> {
    assert_eq!(labels.len(), values.len(), "one value a label");
    let of_class = |wanted: bool| {
        let own = labels
            .iter()
            .zip(values)
            .filter(|(label, _)| **label == wanted);
        let own: Vec<f64> = own.map(|(_, value)| *value).collect();
        let weight = if wanted { prevalence } else { 1.0 - prevalence };
        Some((mean(&own)?, weight * labels.len() as f64 / own.len() as f64))
    };
    let (positive, negative) = (of_class(true)?, of_class(false)?);
    let value = prevalence * positive.0 + (1.0 - prevalence) * negative.0;
    let of_example = |(label, own): (&bool, &f64)| {
        let (mean, weight) = if *label { positive } else { negative };
        value + weight * (own - mean)
    };
    Some(labels.iter().zip(values).map(of_example).collect())
}

/// The lowest share of the negatives that is decided positive where at least `recall` of the positives are, by a threshold among the scores: that of the
/// highest such threshold. What is tied is decided together, and nothing is interpolated. `None` where all labels are the same, and where `recall` is above
/// 1. O(n log n).
///
/// # Panics
/// Where the columns differ in length.
pub fn false_positive_rate_at_recall(labels: &[bool], scores: &[f64], recall: f64) -> Option<f64> {
    let counts = Counts::of(labels, scores.len())?;
    let points = points(&levels(scores), labels, &counts);
    let enough = points.iter().rev().find(|point| point.found >= recall)?;
    Some(enough.alarms)
}

/// The highest share of the positives that is decided so where at most `rate` of the negatives are decided positive, by a threshold among the scores or above
/// them all. What is tied is decided together, and nothing is interpolated. `None` where all labels are the same, and where `rate` is below 0. O(n log n).
///
/// # Panics
/// Where the columns differ in length.
pub fn recall_at_false_positive_rate(labels: &[bool], scores: &[f64], rate: f64) -> Option<f64> {
    let counts = Counts::of(labels, scores.len())?;
    let points = points(&levels(scores), labels, &counts);
    let few = points.iter().find(|point| point.alarms <= rate);
    (rate >= 0.0).then(|| few.map_or(0.0, |point| point.found))
}

/// One value an example, whose mean is the ratio of two means of parts of the examples: r + (a − r b) / b̄. `None` where the second mean is not above 0.
pub(super) fn ratio(parts: &[(f64, f64)]) -> Option<Vec<f64>> {
    let count = parts.len() as f64;
    let above = parts.iter().map(|part| part.0).sum::<f64>() / count;
    let below = parts.iter().map(|part| part.1).sum::<f64>() / count;
    let value = above / below;
    let of_part = |(a, b): &(f64, f64)| value + (a - value * b) / below;
    (below > 0.0).then(|| parts.iter().map(of_part).collect())
}

fn of_parts(
    labels: &[bool],
    decisions: &[bool],
    part: impl Fn(bool, bool) -> (f64, f64),
) -> Option<Vec<f64>> {
    assert_eq!(labels.len(), decisions.len(), "one decision a label");
    let both = labels.iter().zip(decisions);
    let parts: Vec<(f64, f64)> = both
        .map(|(label, decision)| part(*label, *decision))
        .collect();
    ratio(&parts)
}

fn number(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

/// How many examples there are of each class, at least one.
struct Counts {
    positives: f64,
    negatives: f64,
}

impl Counts {
    fn of(labels: &[bool], others: usize) -> Option<Self> {
        assert_eq!(labels.len(), others, "one score or decision a label");
        let positives = labels.iter().filter(|label| **label).count();
        let negatives = labels.len() - positives;
        (positives > 0 && negatives > 0).then_some(Self {
            positives: positives as f64,
            negatives: negatives as f64,
        })
    }

    fn all(&self) -> f64 {
        self.positives + self.negatives
    }
}

/// A point of the receiver operating characteristic: the shares of the positives and of the negatives that are decided positive.
#[derive(Clone, Copy)]
struct Point {
    found: f64,
    alarms: f64,
}

impl Point {
    fn precision(self, prevalence: f64) -> Option<f64> {
        let decided = prevalence * self.found + (1.0 - prevalence) * self.alarms;
        (decided > 0.0).then(|| prevalence * self.found / decided)
    }

    /// The derivatives of the precision with respect to both shares.
    fn slopes(self, prevalence: f64) -> Option<(f64, f64)> {
        let decided = prevalence * self.found + (1.0 - prevalence) * self.alarms;
        let scale = prevalence * (1.0 - prevalence) / (decided * decided);
        (decided > 0.0).then_some((scale * self.alarms, -scale * self.found))
    }
}

/// The point of deciding positive from each score on, lowest first.
fn points(levels: &[Vec<usize>], labels: &[bool], counts: &Counts) -> Vec<Point> {
    let (mut found, mut alarms) = (0.0, 0.0);
    let of_level = |level: &Vec<usize>| {
        let positives = level.iter().filter(|place| labels[**place]).count() as f64;
        found += positives;
        alarms += level.len() as f64 - positives;
        Point {
            found: found / counts.positives,
            alarms: alarms / counts.negatives,
        }
    };
    let mut points: Vec<Point> = levels.iter().rev().map(of_level).collect();
    points.reverse();
    points
}

#[cfg(test)]
mod tests;
