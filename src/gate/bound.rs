//! `floor` and `ceiling`: the interval must clear a value.

use anyhow::Context;
use statrs::distribution::{Binomial, DiscreteCDF};

use super::Answer;
use super::config::{Bound, quantile};
use crate::comparison::{Side, Sliced};
use crate::metrics::Clusters;
use crate::metrics::statistics::{self, Interval, exact_share, intervals, mean};
use crate::report::ALL;

/// From so many equal values on they stand for themselves: there is no interval, and no doubt worth the name.
const EQUAL_VALUES: usize = 20;

/// Which side of the value is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Floor,
    Ceiling,
}

/// A value with its 95 % interval, and over which examples.
pub(super) struct Estimate {
    pub(super) slice: String,
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
    pub(super) n: usize,
    /// Examples that have no such value.
    pub(super) without: usize,
}

/// The estimates that a rule is about: over all examples and over the slices that it names.
pub(super) fn estimates(side: &Side, rule: &Bound, seed: u64) -> anyhow::Result<Vec<Estimate>> {
    if let Some(probability) = quantile(&rule.metric) {
        return Ok(vec![latency(side, rule.stage.as_deref(), probability)?]);
    }
    let values = side.scores.values(&rule.metric).with_context(|| {
        format!(
            "`{}` has no metric `{}`",
            side.run.path.0.display(),
            rule.metric
        )
    })?;
    let clustered = side.scores.clusters.iter().any(Option::is_some);
    let asked = Sliced::By(rule.slices.clone());
    asked.check(&side.scores)?;
    let mut found = Vec::new();
    for (slice, places) in side
        .scores
        .slices
        .iter()
        .filter(|(slice, _)| asked.has(slice))
    {
        let of_slice = places.len();
        let places: Vec<usize> = places
            .iter()
            .copied()
            .filter(|&place| values[place].is_some())
            .collect();
        let column: Vec<f64> = places.iter().filter_map(|&place| values[place]).collect();
        let Some(value) = mean(&column) else {
            continue;
        };
        let clusters = clustered.then(|| {
            Clusters::by_name(
                places
                    .iter()
                    .map(|&place| side.scores.clusters[place].as_deref()),
            )
        });
        let interval = intervals(&[&column], clusters.as_ref(), seed)[0];
        found.push(Estimate {
            slice: slice.clone(),
            value,
            interval: interval.or_else(|| of_equal(&column)),
            n: column.len(),
            without: of_slice - column.len(),
        });
    }
    Ok(found)
}

/// The interval of values that are all equal: exact where they are outcomes, the value itself where they are many.
fn of_equal(values: &[f64]) -> Option<Interval> {
    let (n, first) = (values.len() as u64, *values.first()?);
    let outcome = [0, n]
        .into_iter()
        .find(|wins| first.total_cmp(&(*wins as f64 / n as f64)).is_eq());
    if let Some(wins) = outcome {
        return Some(exact_share(wins, n));
    }
    (values.len() >= EQUAL_VALUES).then_some(Interval {
        low: first,
        high: first,
    })
}

/// A quantile of latency with the interval of its order statistics, which holds for any distribution.
fn latency(side: &Side, stage: Option<&str>, probability: f64) -> anyhow::Result<Estimate> {
    let calls = side.run.calls(&side.variant, stage)?;
    let mut sorted: Vec<f64> = calls.iter().map(|call| call.latency_ms).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    anyhow::ensure!(n > 0, "nothing was timed");
    let below = Binomial::new(probability, n as u64).context("a probability")?;
    // The smallest and the largest rank between which the quantile lies with 95 %.
    let rank = |share: f64| usize::try_from(below.inverse_cdf(share)).unwrap_or(n);
    let (low, high) = (rank(0.025), rank(0.975) + 1);
    let interval = (low >= 1 && high <= n).then(|| Interval {
        low: sorted[low - 1],
        high: sorted[high - 1],
    });
    Ok(Estimate {
        slice: ALL.to_owned(),
        value: statistics::quantile(&sorted, probability),
        interval,
        n,
        without: 0,
    })
}

/// Whether the interval clears the value.
pub(super) fn bound(estimate: &Estimate, limit: Limit, value: f64) -> (Answer, String) {
    let Some(interval) = estimate.interval else {
        return (
            Answer::Inconclusive,
            format!("{} examples give no interval", estimate.n),
        );
    };
    let (good, bad, wanted) = match limit {
        Limit::Floor => (interval.low >= value, interval.high < value, "at least"),
        Limit::Ceiling => (interval.high <= value, interval.low > value, "at most"),
    };
    let mut found = format!(
        "{:.4} [{:.4}, {:.4}]",
        estimate.value, interval.low, interval.high
    );
    if estimate.without > 0 {
        found = format!(
            "{found} over {} examples ({} have no value)",
            estimate.n, estimate.without
        );
    }
    match (good, bad) {
        (true, _) => (Answer::Ok, format!("{found}, wanted {wanted} {value}")),
        (_, true) => (
            Answer::Regression,
            format!("{found}, wanted {wanted} {value}"),
        ),
        _ => (
            Answer::Inconclusive,
            format!("{found} lies on both sides of {value}"),
        ),
    }
}
