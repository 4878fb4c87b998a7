//! `floor` and `ceiling`: the interval must clear a value.

use anyhow::Context;

use super::config::{Bound, quantile};
use super::{Answer, latency};
use crate::comparison::{Side, Sliced};
use crate::metrics::statistics::{Interval, exact_share, mean};
use crate::metrics::{Clusters, intervals};
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
    /// What was drawn, such as `158 examples`.
    pub(super) of: String,
    /// Examples that have no such value.
    pub(super) without: usize,
}

/// The estimates that a rule is about: over all examples and over the slices that it names.
pub(super) fn estimates(side: &Side, rule: &Bound, seed: u64) -> anyhow::Result<Vec<Estimate>> {
    if let Some(probability) = quantile(&rule.metric) {
        return Ok(vec![latency(
            side,
            rule.stage.as_deref(),
            probability,
            seed,
        )?]);
    }
    let facts = side.scores.facts(&rule.metric).with_context(|| {
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
        let whole = side.scores.over(facts, places);
        let places = &whole.places;
        let [column] = &whole.values;
        let value = mean(column).unwrap_or(f64::NAN);
        let clusters = clustered.then(|| {
            Clusters::by_name(
                places
                    .iter()
                    .map(|&place| side.scores.clusters[place].as_deref()),
            )
        });
        let interval = intervals(&[(facts, &whole)], clusters.as_ref(), seed)[0];
        found.push(Estimate {
            slice: slice.clone(),
            value,
            // Clusters of equal values are no independent outcomes.
            interval: interval.or_else(|| of_equal(column).filter(|_| clusters.is_none())),
            of: match &clusters {
                Some(clusters) => format!("{} clusters", clusters.count()),
                None => format!("{} examples", column.len()),
            },
            without: of_slice - column.len(),
        });
    }
    Ok(found)
}

/// The interval of values that are all equal: exact where they are outcomes, the value itself where they are many.
fn of_equal(values: &[f64]) -> Option<Interval> {
    let (n, first) = (values.len() as u64, *values.first()?);
    if values.iter().any(|value| value.total_cmp(&first).is_ne()) {
        return None;
    }
    let is = |outcome: f64| first.total_cmp(&outcome).is_eq();
    if is(0.0) || is(1.0) {
        return Some(exact_share(if is(1.0) { n } else { 0 }, n));
    }
    (values.len() >= EQUAL_VALUES).then_some(Interval {
        low: first,
        high: first,
    })
}

/// A quantile of latency.
fn latency(
    side: &Side,
    stage: Option<&str>,
    probability: f64,
    seed: u64,
) -> anyhow::Result<Estimate> {
    let calls = side.run.calls(&side.variant, stage)?;
    let rounds = side.run.manifest.identity.interleaved_rounds;
    let (value, interval, of) = latency::estimate(&calls, rounds, probability, seed);
    Ok(Estimate {
        slice: ALL.to_owned(),
        value,
        interval,
        of,
        without: 0,
    })
}

/// Whether the interval clears the value.
pub(super) fn bound(estimate: &Estimate, limit: Limit, value: f64) -> (Answer, String) {
    let Some(interval) = estimate.interval else {
        return (
            Answer::Inconclusive,
            format!("{:.4}: {} give no interval", estimate.value, estimate.of),
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
            "{found} over {} ({} have no value)",
            estimate.of, estimate.without
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
