//! A mean of what people would say of every example, from the labels of a few and a cheap scorer's values of all: unbiased whatever
//! the scorer is worth, and the surer the more it is.
//!
//! The estimate is that of the labels plus λ times how much the scorer says that the examples which happened to be labelled differ
//! from all: θ = ȳ + λ (f̄ − f̄ of the labelled). λ is the slope of labels on scores, which makes the variance least: near 0 for
//! a scorer that knows nothing. It is the difference estimator of surveys in two phases (examples are drawn from a population, some
//! of them for labels), and PPI++ where what has no label is the second sample: its λ is this one times the share without a label.
//!
//! Source: Angelopoulos, Duchi and Zrnic 2023, "PPI++: Efficient Prediction-Powered Inference"; Särndal, Swensson and Wretman 1992,
//! "Model Assisted Survey Sampling", chapters 6 and 9.

mod labelling;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Clusters;
use super::statistics::{Interval, exact_share, mean, score_interval};

pub use labelling::{Labelling, LabellingOrder};

/// Fewer labelled examples, or clusters of them, give no interval: mean and slope have used up what they say.
pub const FEWEST: usize = 3;

/// What a person says of one example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// The place of the example among all.
    pub place: usize,
    /// Its value.
    pub value: f64,
    /// The chance with which the example came to be labelled, above 0, 1 at most. What counts is how they compare: where all are the same,
    /// any number will do.
    pub inclusion: f64,
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean over the population that the examples are a sample of.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its 95 % interval; `None` where the labels cannot tell.
    pub interval: Option<Interval>,
}

/// What labels and scores say together, and what the labels say alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictionPowered {
    /// From labels and scores.
    pub powered: Estimate,
    /// λ: how much of a difference in scores counts.
    pub tuning: f64,
    /// From the labels alone.
    pub labels_only: Estimate,
    /// Labelled examples, or clusters with a labelled example where there are clusters.
    pub units: usize,
}

/// Estimates the mean label from `predictions`, a finite number for every example, and some labels. `None` without a label.
///
/// The variance is the jackknife's over examples or whole clusters: each is left out of labels and scores at once, and λ is fitted
/// anew, so that what it costs to fit λ to few labels is in the interval. Where all labels lie within 0..=1, the interval is Wilson's
/// for the effective number of labels, ȳ (1 − ȳ) / variance, with Student's t of labelled units − 2 (− 1 for the labels alone); it
/// holds up where nearly all labels are alike, as the plain one does not. Where all are alike it is the exact one of a share.
/// For other labels it is mean ± t · standard error.
///
/// Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts estimated from
/// survey data", for effective numbers; Wilson 1927.
///
/// # Panics
/// Where a label's place is not among the predictions, comes twice or its inclusion is not above 0, or where clusters are of other examples.
pub fn estimate(
    predictions: &[f64],
    labels: &[Label],
    clusters: Option<&Clusters>,
) -> Option<PredictionPowered> {
    let centre = mean(predictions)?;
    let centre_of_labels = mean(&labels.iter().map(|label| label.value).collect::<Vec<_>>())?;
    let alone = Clusters::by_name(std::iter::repeat_n(None, predictions.len()));
    let clusters = clusters.unwrap_or(&alone);
    let mut columns: [Vec<f64>; SUMS] = std::array::from_fn(|_| vec![0.0; predictions.len()]);
    columns[EXAMPLES].fill(1.0);
    for (sum, prediction) in columns[PREDICTIONS].iter_mut().zip(predictions) {
        *sum = prediction - centre;
    }
    for label in labels {
        assert!(label.inclusion > 0.0, "a chance above 0");
        let weight = &mut columns[WEIGHTS][label.place];
        assert!(*weight <= 0.0, "one label an example");
        *weight = 1.0 / label.inclusion;
        let (w, x, y) = (
            *weight,
            predictions[label.place] - centre,
            label.value - centre_of_labels,
        );
        columns[X][label.place] = w * x;
        columns[Y][label.place] = w * y;
        columns[XX][label.place] = w * x * x;
        columns[XY][label.place] = w * x * y;
    }
    let columns = columns.map(|column| clusters.sums(&column));
    let of_cluster: Vec<Sums> = (0..clusters.count())
        .map(|cluster| Sums(std::array::from_fn(|sum| columns[sum][cluster])))
        .collect();
    let units = of_cluster
        .iter()
        .filter(|sums| sums.0[WEIGHTS] > 0.0)
        .count();
    let all = of_cluster
        .iter()
        .fold(Sums([0.0; SUMS]), |all, sums| all.plus(sums, 1.0));
    // What varies less than rounding explains nothing.
    let least = 1e-12
        * predictions
            .iter()
            .map(|f| (f - centre).powi(2))
            .sum::<f64>()
        / predictions.len() as f64;
    let shares = labels
        .iter()
        .all(|label| (0.0..=1.0).contains(&label.value));
    let share = shares.then(|| all.label() + centre_of_labels);
    let of = |tuning: &dyn Fn(&Sums) -> f64, parameters: usize| {
        let value = all.value(tuning(&all));
        let left_out = |sums: &Sums| {
            let rest = all.plus(sums, -1.0);
            if sums.0[WEIGHTS] <= 0.0 {
                return (rest.value(tuning(&all)) - value).powi(2);
            }
            // The last label cannot be left out.
            if units < 2 {
                return 0.0;
            }
            let ratio = (units as f64 - 1.0) / units as f64;
            ratio * (rest.value(tuning(&rest)) - value).powi(2)
        };
        let variance: f64 = of_cluster.iter().map(left_out).sum();
        let value = value + centre_of_labels;
        Estimate {
            mean: if shares { value.clamp(0.0, 1.0) } else { value },
            standard_error: variance.sqrt(),
            interval: interval(value, variance, share, units, parameters),
        }
    };
    let tuning = |sums: &Sums| sums.slope(least);
    Some(PredictionPowered {
        powered: of(&tuning, 2),
        tuning: tuning(&all),
        labels_only: of(&|_| 0.0, 1),
        units,
    })
}

/// The 95 % interval of a mean; `share` is the mean of the labels where these lie within 0..=1.
fn interval(
    value: f64,
    variance: f64,
    share: Option<f64>,
    units: usize,
    parameters: usize,
) -> Option<Interval> {
    if units < FEWEST {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, (units - parameters) as f64).ok()?;
    let t = t.inverse_cdf(0.975);
    let Some(share) = share else {
        let half = t * variance.sqrt();
        return (variance > 0.0).then_some(Interval {
            low: value - half,
            high: value + half,
        });
    };
    let spread = share * (1.0 - share);
    if spread <= 1e-12 {
        let positives = if share > 0.5 { units as u64 } else { 0 };
        return Some(exact_share(positives, units as u64));
    }
    if variance <= 1e-15 {
        return None;
    }
    let ratio = t * t * variance / spread;
    Some(score_interval(value.clamp(0.0, 1.0), ratio))
}

/// Places of [`Sums`]: examples, their predictions x, and over the labelled the weights w, wx, wy, wx² and wxy, y being the label. x and y
/// are taken from their means over all examples and all labels.
const SUMS: usize = 7;
const EXAMPLES: usize = 0;
const PREDICTIONS: usize = 1;
const WEIGHTS: usize = 2;
const X: usize = 3;
const Y: usize = 4;
const XX: usize = 5;
const XY: usize = 6;

/// All that the estimate is a function of: sums over examples.
struct Sums([f64; SUMS]);

impl Sums {
    fn plus(&self, other: &Self, times: f64) -> Self {
        Self(std::array::from_fn(|sum| {
            self.0[sum] + times * other.0[sum]
        }))
    }

    /// The weighted mean of the labels.
    fn label(&self) -> f64 {
        self.0[Y] / self.0[WEIGHTS]
    }

    /// The weighted least-squares slope of labels on predictions; 0 where these vary by no more than `least`.
    fn slope(&self, least: f64) -> f64 {
        let of = |sum: usize| self.0[sum] / self.0[WEIGHTS];
        let variance = of(XX) - of(X) * of(X);
        if variance <= least {
            return 0.0;
        }
        (of(XY) - of(X) * of(Y)) / variance
    }

    /// The mean at a λ.
    fn value(&self, tuning: f64) -> f64 {
        let of_all = self.0[PREDICTIONS] / self.0[EXAMPLES];
        self.label() + tuning * (of_all - self.0[X] / self.0[WEIGHTS])
    }
}
