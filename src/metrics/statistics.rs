//! Intervals for means, by a seeded bootstrap over examples that gives the same numbers on any number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use super::Clusters;

/// The 97.5th percentile of the standard normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// Resamples behind an interval.
pub const RESAMPLES: usize = 10_000;

/// From so many examples on the interval is the analytic one: resampling would add noise and no accuracy.
///
/// On skewed and binary samples of this size its ends lie within 1 % of the width from those of 200,000
/// resamples (`tests/golden.rs`); 10,000 resamples scatter by 2 %.
pub const ANALYTIC_FROM: usize = 1_000;

/// The convention of [`intervals`] over so many examples, or clusters of them, with this seed, for reports.
pub fn convention(examples: usize, clusters: Option<&Clusters>, seed: u64) -> String {
    let (units, drawn) = match clusters {
        Some(clusters) => (clusters.count(), "clusters"),
        None => (examples, "examples"),
    };
    if units < ANALYTIC_FROM {
        format!("95 % BCa bootstrap over {drawn}, {RESAMPLES} resamples, seed {seed}")
    } else {
        format!("95 % ABC interval over {drawn} (analytic BCa)")
    }
}

/// The 95 % interval of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The arithmetic mean; `None` of no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        None
    } else {
        Some(values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// The 95 % bias-corrected and accelerated (BCa) bootstrap interval of the mean of each column.
///
/// All columns have one value an example, in the same order, and see the same resamples, so that differences
/// between columns are paired. Resample `i` draws from stream `i` of ChaCha8 under `seed`: the result depends
/// on neither the number of threads nor the other columns. Where there are clusters, they are drawn whole, and the
/// interval is that of Σ values / Σ examples over clusters. `None` where the data cannot tell: fewer than two
/// examples, or all equal (the bootstrap would answer with an interval of width 0). From [`ANALYTIC_FROM`] examples or clusters
/// on it is the ABC interval, to which the other converges.
///
/// Source: Efron 1987, "Better bootstrap confidence intervals"; the acceleration by the jackknife. DiCiccio
/// and Efron 1992, "More accurate confidence intervals in exponential families", for ABC.
///
/// # Panics
/// Where the columns differ in length.
pub fn intervals(
    columns: &[&[f64]],
    clusters: Option<&Clusters>,
    seed: u64,
) -> Vec<Option<Interval>> {
    let count = columns.first().map_or(0, |column| column.len());
    assert!(
        columns.iter().all(|column| column.len() == count),
        "columns of one length"
    );
    match clusters {
        Some(clusters) => {
            let sums: Vec<Vec<f64>> = columns.iter().map(|column| clusters.sums(column)).collect();
            let sums: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
            ratio_intervals(&sums, clusters.sizes(), seed)
        }
        None => ratio_intervals(columns, &vec![1.0; count], seed),
    }
}

fn ratio_intervals(columns: &[&[f64]], counts: &[f64], seed: u64) -> Vec<Option<Interval>> {
    if counts.len() < 2 {
        return vec![None; columns.len()];
    }
    let ratios: Vec<Ratio<'_>> = columns.iter().map(|sums| Ratio { sums, counts }).collect();
    if counts.len() >= ANALYTIC_FROM {
        return ratios.par_iter().map(Ratio::abc).collect();
    }
    let resampled: Vec<Vec<f64>> = (0..RESAMPLES)
        .into_par_iter()
        .map(|stream| resample(columns, counts, seed, stream))
        .collect();
    let of_column = |(column, ratio): (usize, &Ratio<'_>)| {
        ratio.bca(resampled.iter().map(|means| means[column]).collect())
    };
    ratios.par_iter().enumerate().map(of_column).collect()
}

/// The standard error of a mean: sd / √n, with n − 1 in the sd; over clusters by the influence of each. `None` of fewer than
/// two examples or clusters.
pub fn standard_error(column: &[f64], clusters: Option<&Clusters>) -> Option<f64> {
    let of = |ratio: Ratio<'_>| {
        let units = ratio.counts.len() as f64;
        let squares: f64 = if ratio.all_equal() {
            0.0
        } else {
            ratio.influences().map(|t| t * t).sum()
        };
        (units > 1.0).then(|| (squares / (units * (units - 1.0))).sqrt())
    };
    match clusters {
        Some(clusters) => of(Ratio {
            sums: &clusters.sums(column),
            counts: clusters.sizes(),
        }),
        None => of(Ratio {
            sums: column,
            counts: &vec![1.0; column.len()],
        }),
    }
}

/// The mean ± 1.96 standard errors: its 95 % interval where it is normal. `None` of fewer than two examples or clusters, and of values without spread.
pub fn normal_interval(column: &[f64], clusters: Option<&Clusters>) -> Option<Interval> {
    let (mean, error) = (mean(column)?, standard_error(column, clusters)?);
    (error > 0.0).then_some(Interval {
        low: mean - NORMAL_975 * error,
        high: mean + NORMAL_975 * error,
    })
}

/// Resamples of a figure that is computed anew from each.
const FIGURE_RESAMPLES: usize = 1_000;
/// So many at least, of more examples than these.
const FEWEST_RESAMPLES: usize = 200;
const MANY_EXAMPLES: usize = 2_000;

/// The 2.5th to the 97.5th percentile of a figure over resamples of examples or whole clusters, of the places drawn; resamples in which it is not defined are left
/// out. `None` of fewer than two units.
pub fn percentile_interval(
    examples: usize,
    clusters: Option<&Clusters>,
    seed: u64,
    figure: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Option<Interval> {
    let alone = || (0..examples).map(|place| vec![place]).collect();
    let members: Vec<Vec<usize>> = clusters.map_or_else(alone, Clusters::members);
    if members.len() < 2 {
        return None;
    }
    let resampled = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream as u64);
        let drawn = (0..members.len()).flat_map(|_| &members[below(&mut rng, members.len())]);
        figure(&drawn.copied().collect::<Vec<usize>>())
    };
    let wanted = (FIGURE_RESAMPLES * MANY_EXAMPLES / examples.max(1))
        .clamp(FEWEST_RESAMPLES, FIGURE_RESAMPLES);
    let found = (0..wanted).into_par_iter().filter_map(resampled);
    let mut found: Vec<f64> = found.collect();
    found.sort_by(f64::total_cmp);
    (!found.is_empty()).then(|| Interval {
        low: quantile(&found, 0.025),
        high: quantile(&found, 0.975),
    })
}

/// The mean of every column over one resample of the clusters.
fn resample(columns: &[&[f64]], counts: &[f64], seed: u64, stream: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    let (mut sums, mut drawn) = (vec![0.0; columns.len()], 0.0);
    for _ in counts {
        let cluster = below(&mut rng, counts.len());
        drawn += counts[cluster];
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum += column[cluster];
        }
    }
    sums.iter().map(|sum| sum / drawn).collect()
}

/// A random place below `count`.
pub fn below(rng: &mut ChaCha8Rng, count: usize) -> usize {
    // Multiply-shift: its bias is below count / 2^64.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "less than `count`, which is a usize"
    )]
    let place = ((u128::from(rng.next_u64()) * count as u128) >> 64) as usize;
    place
}

/// A mean over examples in clusters: Σ sums / Σ counts.
struct Ratio<'a> {
    sums: &'a [f64],
    counts: &'a [f64],
}

impl Ratio<'_> {
    fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    fn value(&self) -> f64 {
        self.sums.iter().sum::<f64>() / self.total()
    }

    /// How far each cluster pulls the value: (sum − value · count) / mean count.
    fn influences(&self) -> impl Iterator<Item = f64> {
        let (value, size) = (self.value(), self.total() / self.counts.len() as f64);
        let pull = move |(sum, count): (&f64, &f64)| (sum - value * count) / size;
        self.sums.iter().zip(self.counts).map(pull)
    }

    /// Whether all clusters have the same mean, but for rounding: resampling them would tell nothing.
    fn all_equal(&self) -> bool {
        let means = self.sums.iter().zip(self.counts).map(|(s, n)| s / n);
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        high - low <= 1e-12 * low.abs().max(high.abs())
    }

    /// The analytic BCa interval. For a mean the curvatures vanish; for a ratio those of its two parts cancel. So the bias
    /// correction is the acceleration in both.
    fn abc(&self) -> Option<Interval> {
        if self.all_equal() {
            return None;
        }
        let clusters = self.counts.len() as f64;
        let size = self.total() / clusters;
        let (centre, acceleration) = (self.value(), acceleration(self.influences()));
        let error = self.influences().map(|t| t * t).sum::<f64>().sqrt() / clusters;
        // The least favourable family changes the denominator too.
        let lean: f64 = self
            .influences()
            .zip(self.counts)
            .map(|(t, count)| t * (count - size))
            .sum();
        let lean = lean / (clusters * clusters * error * size);
        let at = |probability: f64| {
            let w = acceleration + Normal::standard().inverse_cdf(probability);
            let step = w / (1.0 - acceleration * w).powi(2);
            centre + error * step / (1.0 + step * lean)
        };
        Some(Interval {
            low: at(0.025),
            high: at(0.975),
        })
    }

    fn bca(&self, mut means: Vec<f64>) -> Option<Interval> {
        if self.all_equal() {
            return None;
        }
        means.sort_unstable_by(f64::total_cmp);
        Some(bca(self.value(), &means, &self.without_each()))
    }

    /// The values without each cluster.
    fn without_each(&self) -> Vec<f64> {
        let (sum, count) = (self.sums.iter().sum::<f64>(), self.total());
        let without = |(s, n): (&f64, &f64)| (sum - s) / (count - n);
        self.sums.iter().zip(self.counts).map(without).collect()
    }
}

/// The BCa interval of a figure, from its sorted resamples and from what it is without each cluster.
pub(super) fn bca(centre: f64, resampled: &[f64], without: &[f64]) -> Interval {
    let normal = Normal::standard();
    let below = resampled.partition_point(|&value| value < centre);
    let up_to = resampled.partition_point(|&value| value <= centre);
    let share = (below + up_to) as f64 / (2 * resampled.len()) as f64;
    let least = 1.0 / resampled.len() as f64;
    let bias = normal.inverse_cdf(share.clamp(least, 1.0 - least));
    let middle = without.iter().sum::<f64>() / without.len() as f64;
    let acceleration = acceleration(without.iter().map(|value| middle - value));
    // A figure that no single cluster moves, as a median may be, has no skew to correct.
    let acceleration = if acceleration.is_finite() {
        acceleration
    } else {
        0.0
    };
    let at = |probability: f64| {
        let z = bias + normal.inverse_cdf(probability);
        quantile(resampled, normal.cdf(bias + z / (1.0 - acceleration * z)))
    };
    Interval {
        low: at(0.025),
        high: at(0.975),
    }
}

/// Σ d³ / (6 (Σ d²)^1.5).
fn acceleration(distances: impl Iterator<Item = f64>) -> f64 {
    let (squares, cubes) = distances.fold((0.0, 0.0), |(squares, cubes), d| {
        (squares + d * d, cubes + d * d * d)
    });
    cubes / (6.0 * f64::powf(squares, 1.5))
}

/// The quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan 1996, NumPy's default).
pub fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = probability.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place between 0 and the length"
    )]
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// The exact 95 % interval of a share, of `successes` among `n` ≥ 1. It has a width also where all are alike.
///
/// Source: Clopper and Pearson 1934.
pub fn exact_share(successes: u64, n: u64) -> Interval {
    exact(successes as f64, n as f64)
}

fn exact(successes: f64, n: f64) -> Interval {
    let quantile = |a: f64, b: f64, probability: f64| {
        let beta = Beta::new(a, b).expect("a and b are above 0");
        beta.inverse_cdf(probability)
    };
    Interval {
        low: if successes <= 0.0 {
            0.0
        } else {
            quantile(successes, n - successes + 1.0, 0.025)
        },
        high: if successes >= n {
            1.0
        } else {
            quantile(successes + 1.0, n - successes, 0.975)
        },
    }
}

/// The 95 % interval of a share of `n` ≥ 1 examples. It has a width also where all are alike.
///
/// Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
pub fn wilson_share(share: f64, n: usize) -> Interval {
    score_interval(share, NORMAL_975 * NORMAL_975 / n as f64)
}

/// Wilson's interval, whose ends e solve (e − share)² = `ratio` e (1 − e): the ratio is z² / n.
pub(super) fn score_interval(share: f64, ratio: f64) -> Interval {
    let middle = (share + ratio / 2.0) / (1.0 + ratio);
    let half = (ratio * share * (1.0 - share) + ratio * ratio / 4.0).sqrt() / (1.0 + ratio);
    Interval {
        low: (middle - half).max(0.0),
        high: (middle + half).min(1.0),
    }
}

/// The interval of Clopper and Pearson of the mean of values that are 0 or 1. Of clusters, with so many outcomes as would scatter as much if they were independent, and as many as
/// there are clusters where all values are equal. `None` where there is no value, or only one cluster.
///
/// Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts estimated from survey data", without their
/// factor for degrees of freedom.
pub fn exact_interval(column: &[f64], clusters: Option<&Clusters>) -> Option<Interval> {
    let share = mean(column)?;
    let all = column.len() as f64;
    let Some(clusters) = clusters else {
        return Some(exact(share * all, all));
    };
    let units = clusters.count() as f64;
    let spread = share * (1.0 - share);
    let independent = if spread <= 0.0 {
        units
    } else {
        let error = standard_error(column, Some(clusters))?;
        if error > 0.0 {
            (spread / (error * error)).min(all)
        } else {
            units
        }
    };
    (units > 1.0).then(|| exact(share * independent, independent))
}
