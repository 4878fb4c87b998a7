//! How far probabilities are from the shares that they promise.
//!
//! Probabilities are 0..=1, of the label being positive. They are compared with labels in bins of equal mass. Of n examples and B bins in the order of their
//! probabilities, those at the places a..b with one probability go together into the bin of their middle, ⌊B (a + b) / (2 n)⌋: ties are never split, and the
//! order of the examples does not matter. A bin into which none falls is left out, so there are fewer of heavily tied probabilities.

use std::f64::consts::{FRAC_2_PI, SQRT_2};

use statrs::function::erf::erf;

use super::pooled::levels;
use super::statistics::mean;

/// The usual number of bins.
pub const BINS: usize = 15;

/// A bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The lowest probability.
    pub lower: f64,
    /// The highest probability.
    pub upper: f64,
    /// How many examples it holds, at least 1.
    pub count: usize,
    /// The mean probability.
    pub mean_probability: f64,
    /// The share of the labels that is positive.
    pub share_positive: f64,
}

impl Bin {
    fn gap(&self) -> f64 {
        self.mean_probability - self.share_positive
    }
}

/// The terms of the Brier score, all of them 0 or more but `within_covariance`: score = reliability − resolution + uncertainty + `within_variance` −
/// `within_covariance`, but for rounding.
///
/// Source: Murphy 1973, "A new vector partition of the probability score"; the terms within bins, Stephenson, Coelho and Jolliffe 2008, "Two extra components
/// in the Brier score decomposition".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierTerms {
    /// The mean over examples of (mean probability − share positive)² of its bin. Lower is better.
    pub reliability: f64,
    /// The mean over examples of (share positive of its bin − share positive of all)². Higher is better.
    pub resolution: f64,
    /// s (1 − s) of the share s that is positive.
    pub uncertainty: f64,
    /// The mean of (probability − mean probability of its bin)².
    pub within_variance: f64,
    /// Twice the mean of (probability − mean probability of its bin) (label − share positive of its bin). Higher is better: it is what bins hide.
    pub within_covariance: f64,
}

/// The bins, lowest first. O(n log n).
///
/// # Panics
/// Where the columns differ in length, or without a bin.
pub fn bins(labels: &[bool], probabilities: &[f64], wanted: usize) -> Vec<Bin> {
    let binned = Binned::of(labels, probabilities, wanted);
    binned.bins
}

/// The Brier score as one value an example, (probability − label)². Lower is better. `None` where there is no example.
///
/// # Panics
/// Where the columns differ in length.
pub fn brier(labels: &[bool], probabilities: &[f64]) -> Option<Vec<f64>> {
    assert_eq!(labels.len(), probabilities.len(), "one probability a label");
    let both = labels.iter().zip(probabilities);
    let squares = both.map(|(label, probability)| (probability - number(*label)).powi(2));
    (!labels.is_empty()).then(|| squares.collect())
}

/// The terms of the Brier score over so many bins. `None` where there is no example. O(n log n).
///
/// # Panics
/// Where the columns differ in length, or without a bin.
pub fn brier_terms(labels: &[bool], probabilities: &[f64], wanted: usize) -> Option<BrierTerms> {
    let binned = Binned::of(labels, probabilities, wanted);
    let share = mean(&labels.iter().copied().map(number).collect::<Vec<_>>())?;
    let (mut variance, mut covariance) = (0.0, 0.0);
    for ((label, probability), bin) in labels.iter().zip(probabilities).zip(&binned.of_example) {
        let bin = &binned.bins[*bin];
        let off = probability - bin.mean_probability;
        variance += off * off;
        covariance += 2.0 * off * (number(*label) - bin.share_positive);
    }
    let examples = labels.len() as f64;
    Some(BrierTerms {
        reliability: binned.mean(|bin| bin.gap().powi(2)),
        resolution: binned.mean(|bin| (bin.share_positive - share).powi(2)),
        uncertainty: share * (1.0 - share),
        within_variance: variance / examples,
        within_covariance: covariance / examples,
    })
}

/// The expected calibration error (ECE), the mean over examples of |mean probability − share positive| of its bin, as one value an example: (probability −
/// label) with the sign that it has in the mean over its bin. 0..=1, lower is better. `None` where there is no example. O(n log n).
///
/// It is too high by what labels scatter: also perfect probabilities have one above 0. Bins are taken as given, and a gap that is within its own noise has a
/// sign by chance; so pseudo-values tell too little of how far the error scatters where there is almost none.
///
/// Source: Naeini, Cooper and Hauskrecht 2015; bins of equal mass, Nguyen and O'Connor 2015.
///
/// # Panics
/// Where the columns differ in length, or without a bin.
pub fn expected_calibration_error(
    labels: &[bool],
    probabilities: &[f64],
    wanted: usize,
) -> Option<Vec<f64>> {
    let binned = Binned::of(labels, probabilities, wanted);
    let both = labels.iter().zip(probabilities).zip(&binned.of_example);
    let signed = both.map(|((label, probability), bin)| {
        let gap = binned.bins[*bin].gap();
        // A bin without a gap adds nothing, on either side.
        let sign = if gap < 0.0 { -1.0 } else { 1.0 };
        sign * (probability - number(*label))
    });
    (!labels.is_empty()).then(|| signed.collect())
}

/// The expected calibration error less its bias: twice the error less what it is in the mean where the labels of each bin scatter once more, as a normal
/// variable with the variance s (1 − s) / n of the share s of its n labels. May be below 0, where there is less of a gap than labels scatter. `None` where
/// there is no example. O(n log n).
///
/// The mean is that of the normal distribution folded at 0, exactly, not of resamples. Not all of the bias goes: of perfect probabilities 2 − √2 = 59 % of
/// the plain error is left. A bin whose labels are all alike says nothing of how they scatter, and is not corrected: of rare positives too much is left. Nor
/// does a bootstrap give it an interval: it scatters the labels a second time, and of perfect probabilities its percentiles never held the truth.
/// [`debiased_square_error`] has neither fault.
///
/// Source: Kumar, Liang and Ma 2019, "Verified uncertainty calibration", appendix; `get_ece_em(debias=True)` of their package `uncertainty-calibration`,
/// which draws 1,000 resamples.
///
/// # Panics
/// Where the columns differ in length, or without a bin.
pub fn debiased_calibration_error(
    labels: &[bool],
    probabilities: &[f64],
    wanted: usize,
) -> Option<f64> {
    let binned = Binned::of(labels, probabilities, wanted);
    let debiased = |bin: &Bin| {
        let spread = bin.share_positive * (1.0 - bin.share_positive) / bin.count as f64;
        2.0 * bin.gap().abs() - folded_mean(bin.gap(), spread.sqrt())
    };
    (!labels.is_empty()).then(|| binned.mean(debiased))
}

/// The squared calibration error without its bias: the mean over examples of the square of the true gap of its bin, as one value an example. With the gaps r
/// = probability − label, a bin's square is the mean of r · r' over all pairs of its examples, which labels that scatter leave where it is; so it may be
/// below 0. Lower is better; its root, where there is one, is on the scale of the probabilities. A bin of one example counts as 0. `None` where there is no
/// example. O(n log n).
///
/// Of an example with the mean gap m of the others in its bin and the bin's square u, the value is 2 r m − u. In simulations normal intervals of 200 to
/// 2,000 examples held the truth in 95 to 99 % of samples, also of perfect probabilities.
///
/// Source: Kumar, Liang and Ma 2019, section 4, who take it of recalibrated probabilities, which are all alike within a bin: then it is `unbiased_square_ce`
/// of their package. Pairs are what leaves no bias where they are not.
///
/// # Panics
/// Where the columns differ in length, or without a bin.
pub fn debiased_square_error(
    labels: &[bool],
    probabilities: &[f64],
    wanted: usize,
) -> Option<Vec<f64>> {
    let binned = Binned::of(labels, probabilities, wanted);
    let gap = |place: usize| probabilities[place] - number(labels[place]);
    // For each bin Σ r and Σ r².
    let mut sums = vec![(0.0, 0.0); binned.bins.len()];
    for (place, bin) in binned.of_example.iter().enumerate() {
        sums[*bin].0 += gap(place);
        sums[*bin].1 += gap(place).powi(2);
    }
    let of_example = |(place, bin): (usize, &usize)| {
        let ((sum, squares), count) = (sums[*bin], binned.bins[*bin].count as f64);
        if count < 2.0 {
            return 0.0;
        }
        let of_pairs = (sum * sum - squares) / (count * (count - 1.0));
        let of_others = (sum - gap(place)) / (count - 1.0);
        2.0 * gap(place) * of_others - of_pairs
    };
    let values = binned.of_example.iter().enumerate().map(of_example);
    (!labels.is_empty()).then(|| values.collect())
}

/// The places of values in at most so many bins of equal mass, lowest first; ties are never split.
///
/// # Panics
/// Without a bin.
pub(super) fn equal_mass(values: &[f64], wanted: usize) -> Vec<Vec<usize>> {
    assert!(wanted > 0, "at least one bin");
    let mut bins: Vec<Vec<usize>> = vec![Vec::new(); wanted];
    let mut before = 0;
    for level in levels(values) {
        let twice_the_middle = 2 * before + level.len();
        before += level.len();
        bins[wanted * twice_the_middle / (2 * values.len())].extend(level);
    }
    bins.retain(|bin| !bin.is_empty());
    bins
}

/// Bins, and which of them holds each example.
struct Binned {
    bins: Vec<Bin>,
    of_example: Vec<usize>,
}

impl Binned {
    fn of(labels: &[bool], probabilities: &[f64], wanted: usize) -> Self {
        assert_eq!(labels.len(), probabilities.len(), "one probability a label");
        let mut of_example = vec![0; labels.len()];
        let mut bins = Vec::new();
        for mut places in equal_mass(probabilities, wanted) {
            let edges = [places[0], places[places.len() - 1]].map(|place| probabilities[place]);
            // Ties are in the order of the examples; sums have one order, whatever the ties.
            places.sort_unstable();
            let count = places.len() as f64;
            let sum =
                |of: &dyn Fn(usize) -> f64| places.iter().map(|place| of(*place)).sum::<f64>();
            let of_bin = Bin {
                lower: edges[0],
                upper: edges[1],
                count: places.len(),
                mean_probability: sum(&|place| probabilities[place]) / count,
                share_positive: sum(&|place| number(labels[place])) / count,
            };
            places
                .iter()
                .for_each(|place| of_example[*place] = bins.len());
            bins.push(of_bin);
        }
        Self { bins, of_example }
    }

    /// The mean over examples of a figure of their bins.
    fn mean(&self, figure: impl Fn(&Bin) -> f64) -> f64 {
        let weighted = self.bins.iter().map(|bin| bin.count as f64 * figure(bin));
        weighted.sum::<f64>() / self.of_example.len() as f64
    }
}

/// The mean of |x| of a normal variable x.
fn folded_mean(mean: f64, deviation: f64) -> f64 {
    if deviation <= 0.0 {
        return mean.abs();
    }
    let ratio = mean / deviation;
    let density = FRAC_2_PI.sqrt() * (-ratio * ratio / 2.0).exp();
    deviation * density + mean * erf(ratio / SQRT_2)
}

fn number(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

#[cfg(test)]
mod tests;
