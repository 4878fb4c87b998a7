//! Metrics of a whole set of examples that are no mean over them, such as AUROC, made into means: an example's pseudo-value is the
//! metric plus the influence of the example on it.
//!
//! The mean of the pseudo-values is the metric itself, but for rounding. Their variance, over examples or clusters, is that of
//! the metric to first order; so intervals, paired differences and rules that know only means serve these metrics too.
//! Pseudo-values belong to the examples that they were computed from: those of a slice are computed from the slice alone.
//!
//! Source: Jaeckel 1972, "The infinitesimal jackknife"; Efron 1982, chapter 6. For AUROC they are the structural components of DeLong,
//! DeLong and Clarke-Pearson 1988, who divide by n − 1 where a mean over examples divides by n.

mod influence;
mod length;
mod threshold;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::statistics::{Interval, mean, normal_interval};
use super::{Better, Clusters, MetricFacts};
use influence::Classes;

pub use length::without_length;
pub use threshold::best_threshold;

/// A score from here on is the decision that the label is positive.
pub const DECIDED: f64 = 0.5;

/// A metric of binary labels and what a scorer says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooled {
    /// `AUROC`: the chance that a random positive scores above a random negative; ties count one half
    Auroc,
    /// `AUROCWithoutLength`: [`Pooled::Auroc`] of the scores [`without_length`]
    AurocWithoutLength,
    /// `BalancedAccuracy`: the mean of the shares of the positives and of the negatives that are told rightly by a decision ([`DECIDED`])
    BalancedAccuracy,
    /// `AveragePrecision`: precision at each positive's score, averaged over the positives; what is tied is found together
    AveragePrecision,
    /// `Kappa`: Cohen's κ of labels and decisions ([`DECIDED`])
    Kappa,
}

impl Pooled {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Auroc,
        Self::AurocWithoutLength,
        Self::BalancedAccuracy,
        Self::AveragePrecision,
        Self::Kappa,
    ];

    /// One value an example, in their order, whose mean is the metric. `lengths` (in words, from 0) matter to
    /// [`Pooled::AurocWithoutLength`] only, and may be empty for the others. `None` where all labels are the same. O(n log n).
    ///
    /// All numbers must be finite.
    ///
    /// # Panics
    /// Where the columns differ in length.
    pub fn pseudo_values(
        self,
        labels: &[bool],
        scores: &[f64],
        lengths: &[f64],
    ) -> Option<Vec<f64>> {
        let classes = Classes::of(labels, scores)?;
        Some(match self {
            Self::Auroc => classes.of_ranks(scores),
            Self::AurocWithoutLength => classes.of_ranks(&without_length(scores, lengths)),
            Self::BalancedAccuracy => classes.of_decisions(scores),
            Self::AveragePrecision => classes.of_precision(scores),
            Self::Kappa => classes.of_chance_corrected_agreement(scores),
        })
    }

    /// The metric. `None` where all labels are the same.
    ///
    /// # Panics
    /// Where the columns differ in length.
    pub fn value(self, labels: &[bool], scores: &[f64], lengths: &[f64]) -> Option<f64> {
        mean(&self.pseudo_values(labels, scores, lengths)?)
    }

    /// The 95 % interval of the metric from its pseudo-values over examples or whole clusters; `None` where they cannot tell: of a single unit, or
    /// where none has any influence, as at an AUROC of 1.
    ///
    /// The standard error of the mean of the pseudo-values goes both ways from the metric, and the ends are brought inside by [`Self::interval`]. That
    /// lies nearer to a bootstrap in which the metric is computed anew than a bootstrap of the pseudo-values does (`tests/pooled.rs`): they are
    /// skewed as the metric is not.
    pub fn interval_of(self, values: &[f64], clusters: Option<&Clusters>) -> Option<Interval> {
        let plain = normal_interval(values, clusters)?;
        Some(self.interval(mean(values)?, plain))
    }

    /// An interval of the metric that may reach beyond its bounds, brought inside as Wilson's is for a share.
    ///
    /// An end stands for how far the metric may lie from the truth, as a multiple of the spread √(v (1 − v)) at its value v (of κ: (1 + κ) / 2).
    /// The truth has the spread √(e (1 − e)) of its own, so the end e solves (e − v)² = c² e (1 − e), where c is that multiple. To first order
    /// nothing changes.
    pub fn interval(self, value: f64, interval: Interval) -> Interval {
        let least = match self {
            Self::Kappa => -1.0,
            _ => 0.0,
        };
        let range = 1.0 - least;
        let share = (value - least) / range;
        let moved = |end: f64| {
            // A metric at its bound has no spread. Nothing lies beyond it.
            if share <= 0.0 || share >= 1.0 {
                return end.clamp(least, 1.0);
            }
            let step = (end - value) / range;
            let multiple = step * step / (share * (1.0 - share));
            let root = (multiple * (share * (1.0 - share) + multiple / 4.0)).sqrt();
            let middle = share + multiple / 2.0;
            least + range * (middle + root.copysign(step)) / (1.0 + multiple)
        };
        Interval {
            low: moved(interval.low),
            high: moved(interval.high),
        }
    }

    /// What a report says about it.
    pub fn facts(self) -> MetricFacts {
        MetricFacts {
            name: self.to_string(),
            unit: "1".to_owned(),
            better: Better::Higher,
            convention: format!(
                "{}; one figure of all examples, an example's value is the figure plus the example's influence on it",
                self.convention()
            ),
            judge: None,
            pooled: None,
            aside: false,
            exact: false,
        }
    }

    fn convention(self) -> &'static str {
        match self {
            Self::Auroc => {
                "the chance that a positive scores above a negative, ties one half; Mann-Whitney"
            }
            Self::AurocWithoutLength => {
                "the chance that a positive scores above a negative, ties one half, after a line in ln(1 + words) was taken out of the scores by least squares, which is taken as given"
            }
            Self::BalancedAccuracy => {
                "the mean of the shares of positives and of negatives decided rightly"
            }
            Self::AveragePrecision => {
                "precision at the score of each positive, averaged, what is tied found together; as scikit-learn"
            }
            Self::Kappa => "agreement of decisions and labels beyond chance; Cohen 1960",
        }
    }
}

impl fmt::Display for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auroc => "AUROC",
            Self::AurocWithoutLength => "AUROCWithoutLength",
            Self::BalancedAccuracy => "BalancedAccuracy",
            Self::AveragePrecision => "AveragePrecision",
            Self::Kappa => "Kappa",
        })
    }
}

impl FromStr for Pooled {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let same = |metric: &Self| metric.to_string().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(same).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!(
                "`{name}` is not a metric of labelled examples: expected one of {}",
                names.join(", ")
            )
        })
    }
}

/// The area under the receiver operating characteristic. `None` where all labels are the same.
///
/// # Panics
/// Where the columns differ in length.
pub fn auroc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Pooled::Auroc.value(labels, scores, &[])
}

/// The places of scores, lowest first, those of equal scores together.
pub(super) fn levels(scores: &[f64]) -> Vec<Vec<usize>> {
    // −0 is 0 to whoever compares, but not to `total_cmp`.
    let score = |place: &usize| scores[*place] + 0.0;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| score(a).total_cmp(&score(b)).then(a.cmp(b)));
    let levels = order.chunk_by(|a, b| score(a).total_cmp(&score(b)).is_eq());
    levels.map(<[usize]>::to_vec).collect()
}
